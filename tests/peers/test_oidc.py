"""The plugin oidc and a real browser against a certified provider (npm: oidc-provider)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Route, expect

from hub import models
from plugins.oidc import Oidc
from tests.conftest import unavailable
from tests.peers.conftest import Serve, Served

FILES = Path(__file__).parent / "oidc"
CLIENT, SECRET = "medienverbund", "geheim & laenger: %als nichts"
USER = {
    "sub": "7f3c-pseudonym",
    "login": "lehrkraft",
    "password": "schlüssel & (schloss)*",
    "claims": {"rolle": "LEHR", "schulkennung": ["DE-NW-900001"]},
}
BEGIN, DONE = "/anmelden/borken/oidc/oidc", "/anmelden/borken/oidc/oidc/fertig"
Start = Callable[..., str]


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js, with the provider's packages beside the script, as its lock file has them."""
    found = shutil.which("node")
    npm = shutil.which("npm")
    if found is None or npm is None:
        unavailable("Node.js with npm is missing: apt-get install npm")
    installed = FILES / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < _changed("package-lock.json"):
        made = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=FILES,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            unavailable(f"npm could not install oidc-provider: {made.stderr[-500:]}")
    return found


def _changed(name: str) -> float:
    return (FILES / name).stat().st_mtime


def config(issuer: str) -> dict[str, str]:
    return {"profile": "vidis", "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET}


@pytest.fixture
def hub(serve: Serve) -> Served:
    return serve(Oidc, config("http://localhost"))


@pytest.fixture
def start(hub: Served, node: str) -> Iterator[Start]:
    """Starts the provider, in place of the one that ran, at the same address; gives its issuer."""
    client = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [hub.url + DONE],
        "backchannel_logout_uri": f"{hub.url}/borken/oidc/abmelden",
    }
    running: list[tuple[ExitStack, int]] = []

    def begin(kid: str = "first") -> str:
        port = 0
        if running:
            stack, port = running.pop()
            stack.close()
        stack = ExitStack()
        process = stack.enter_context(
            subprocess.Popen(
                [node, FILES / "provider.mjs"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
        stack.callback(process.kill)
        asked = {"host": "localhost", "port": port, "client": client, "user": USER, "kid": kid}
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        issuer: str = json.loads(process.stdout.readline())["issuer"]
        running.append((stack, urlsplit(issuer).port or 0))
        return issuer

    yield begin
    for stack, _ in running:
        stack.close()


@pytest.fixture
def page(hub: Served, start: Start) -> Page:
    """A browser of somebody new; the hub's centre trusts the provider."""
    hub.enable("oidc", config(start()))
    return hub.page


def log_in(page: Page, password: str = str(USER["password"])) -> None:
    page.get_by_label("Kennung").fill(str(USER["login"]))
    page.get_by_label("Passwort").fill(password)
    page.get_by_role("button", name="Weiter").click()


def is_in(hub: Served) -> bool:
    """Asked without following anything: the provider would log the person in again unasked."""
    return hub.page.request.get(f"{hub.url}/konto", max_redirects=0).status == 200


def count(hub: Served, table: Any) -> int:
    with hub.net.hub.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_teacher_logs_in_and_the_provider_ends_it(hub: Served, page: Page) -> None:
    page.goto(f"{hub.url}{BEGIN}?weiter=/zentren")
    assert page.url.startswith("http://localhost:")
    log_in(page, "falsch")
    expect(page.get_by_role("heading", name="Schul-Login")).to_be_visible()
    log_in(page)
    page.wait_for_url(f"{hub.url}/zentren")
    page.goto(f"{hub.url}/konto")
    expect(page.get_by_text("Schule 900001")).to_be_visible()
    # Out at the hub, the provider still knows the person and asks for nothing.
    page.get_by_role("button", name="Abmelden").first.click()
    assert not is_in(hub)
    page.goto(f"{hub.url}{BEGIN}")
    page.wait_for_url(f"{hub.url}/konto")
    assert count(hub, models.Person) == 1
    # Out at the provider, the person is out at the hub as well.
    with hub.net.hub.db.read() as session:
        (issuer,) = session.scalars(sa.select(models.Identity.issuer))
    page.goto(f"{issuer}/session/end")
    page.get_by_role("button", name="Ja").click()
    expect(page.get_by_role("heading", name="Abgemeldet")).to_be_visible()
    assert count(hub, models.LoginSession) == 0
    assert not is_in(hub)


@pytest.mark.parametrize("changed", ["state", "nonce"])
def test_an_answer_to_another_question_lets_nobody_in(
    hub: Served, page: Page, changed: str
) -> None:
    """The browser changes the question on its way, so that the answer does not fit ours."""

    def tamper(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        question = re.sub(
            rf"\b{changed}=[^&]+", f"{changed}={'x' * 43}", answer.headers["location"]
        )
        route.fulfill(response=answer, headers={**answer.headers, "location": question})

    page.route(hub.url + BEGIN, tamper)
    page.goto(hub.url + BEGIN)
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Die Anmeldung hat nicht geklappt")
    with hub.net.hub.db.read() as session:
        (entry,) = session.scalars(
            sa.select(models.AuditEntry).where(models.AuditEntry.action == "login.refuse")
        )
    assert f"({changed})" in str(entry.after)
    assert not is_in(hub)
    assert count(hub, models.Person) == 0


def test_new_keys_of_the_provider_are_found(hub: Served, page: Page, start: Start) -> None:
    page.goto(hub.url + BEGIN)
    log_in(page)
    page.wait_for_url(f"{hub.url}/konto")
    page.get_by_role("button", name="Abmelden").first.click()
    start("second")
    page.goto(hub.url + BEGIN)
    log_in(page)
    page.wait_for_url(f"{hub.url}/konto")
