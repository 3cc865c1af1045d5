"""`hub new-plugin`: a package that works, to be changed into what one needs."""

from __future__ import annotations

import importlib.util
import subprocess  # nosec B404
import sys
import time
from pathlib import Path

import click

KINDS = ("catalogue", "booking", "identity")
NEEDED = ("pip", "pytest", "setuptools")


@click.command()
@click.argument("name", required=False)
@click.option("--kind", type=click.Choice(KINDS), help="Which of the hub's questions it answers.")
@click.option(
    "--personal-data/--no-personal-data", default=None, help="Whether it keeps personal data."
)
@click.option("--example/--empty", default=None, help="With an example that works, or without.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    help="Where to write it; by default a folder here, named like the package.",
)
@click.option("--site", default="borken", show_default=True, help="Whose page to name at the end.")
@click.option("--install/--no-install", default=True, help="Install it and run its tests.")
def command(
    name: str | None,
    kind: str | None,
    personal_data: bool | None,
    example: bool | None,
    directory: Path | None,
    site: str,
    install: bool,
) -> None:
    """Write the package of a new plugin, install it and run its tests.

    Asks for what no option says. The package holds the plugin with its configuration in German
    and English, its contract tests with recorded answers, and a README.
    """
    from hub import scaffold

    begun = time.monotonic()
    if install:
        _check_tools()
    name = name or click.prompt("Name (lower-case letters, digits, underscores)")
    kind = kind or click.prompt("Kind", type=click.Choice(KINDS), default="catalogue")
    if personal_data is None:
        personal_data = click.confirm("Does it keep personal data?", default=kind != "catalogue")
    if example is None:
        example = click.confirm("With an example that works? (no: empty)", default=True)
    try:
        order = scaffold.Order(str(name), scaffold.Kind(kind), personal_data, example)
        folder = (directory or Path(order.distribution)).absolute()
        files = scaffold.write(order, folder)
    except scaffold.ScaffoldError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder}")
    for file in files:
        click.echo(f"  {file.relative_to(folder)}")
    if install:
        _run("Installing it", folder, "-m", "pip", *_install(folder))
        _run("Running its tests", folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    _tell(order.name, site, time.monotonic() - begun, install)


def _check_tools() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"{' and '.join(missing)} is missing in this environment, which installing and testing "
            "a plugin need. Install them (pip install 'medienzentren-hub[authors]') and repeat the "
            "command, or say --no-install."
        )


def _install(folder: Path) -> list[str]:
    # Without the network: what the plugin needs, the hub, is here.
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    return ["install", *options, "--no-build-isolation", "--editable", str(folder)]


def _run(what: str, folder: Path, *arguments: str) -> None:
    # pip and pytest of this very Python, with fixed arguments.
    click.echo(f"{what} …")
    done = subprocess.run(  # nosec B603
        [sys.executable, *arguments], check=False, capture_output=True, text=True, cwd=folder
    )
    if done.returncode:
        raise click.ClickException(
            f"{what} failed; the package stays in {folder} for you to look at.\n"
            f"{(done.stdout + done.stderr).strip()}"
        )
    last = done.stdout.strip().splitlines()
    if last:
        click.echo(f"  {last[-1]}")


def _tell(name: str, site: str, seconds: float, installed: bool) -> None:
    from hub import settings

    try:
        base = settings.load().base_url
    except settings.SettingsError:
        base = "http://127.0.0.1:8000"
    if installed:
        click.echo(f"Ready after {seconds:.0f} seconds.")
    click.echo(f"Its page: {base}/{site}/verwaltung/plugins/{name}")
    click.echo(f"Next: hub check --plugin {name} · hub dev (serves the hub, again at each change)")
