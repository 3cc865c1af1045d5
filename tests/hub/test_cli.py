"""The command `hub`, with plugins that are installed as a third party's would be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from hub.cli import COMMANDS, main
from hub.db import Database
from hub.settings import Settings
from tests.hub.test_provision import BORKEN, NETWORK

PLUGINS = """
import marshmallow as ma
from hub import Config, Plugin, Secret, errors, hookimpl
from hub.records import Checkpoint, Kind, Record, Upsert


class Good(Plugin):
    name = "good"
    title = {"de": "Gut", "en": "Good"}

    class Config(Config):
        word = ma.fields.String(load_default="hello")
        password = Secret()
        inner = ma.fields.Dict()

    @hookimpl
    def health(self):
        if self.config["word"] == "ill":
            raise errors.Unavailable("The source does not answer.")


class Leaking(Good):
    name = "leaking"


class Source(Good):
    name = "source"

    def __init__(self, site, config):
        if config["word"] == "refuse":
            raise ValueError("No, because.")

        super().__init__(site, config)

    @hookimpl
    def catalogue_changes(self, cursor):
        if self.config["word"] == "fail":
            raise errors.Unavailable("Out for lunch.")
        if self.config["word"] == "lie":
            yield Checkpoint(chr(0xD800), total=10**30)
        for number in range(30 if self.config["word"] == "many" else 1):
            yield Upsert(Record(str(number), Kind.MEDIUM, f"Band {number}"))
        yield Checkpoint(None, complete=True)


class Refusing(Good):
    name = "refusing"

    def __init__(self, site, config):
        raise ValueError("No, because.")
"""
ENTRY_POINTS = """
[hub.plugins]
good = third_party:Good
leaking = third_party:Leaking
refusing = third_party:Refusing
source = third_party:Source
broken = third_party_broken:Broken
"""
SECRET = "Wer reitet so spät"


@pytest.fixture
def environment(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The environment of an installation with third-party plugins and a configuration folder."""
    packages = tmp_path / "packages"
    metadata = packages / "third_party-1.0.dist-info"
    metadata.mkdir(parents=True)
    (packages / "third_party.py").write_text(PLUGINS, encoding="utf-8")
    (packages / "third_party_broken.py").write_text("import not_there_at_all", encoding="utf-8")
    (metadata / "METADATA").write_text("Name: third-party\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    (settings.config / "network.toml").write_text(NETWORK, encoding="utf-8")
    (settings.config / "sites" / "borken.toml").write_text(BORKEN, encoding="utf-8")
    variables = {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_SECRET_KEY": settings.secret_key,
        "HUB_VAR": str(settings.var),
        "HUB_CONFIG": str(settings.config),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(packages)
    yield {**os.environ, "PYTHONPATH": str(packages)}
    for name in ("third_party", "third_party_broken"):
        sys.modules.pop(name, None)


def hub(*arguments: str, code: int = 0, typed: str = "") -> Result:
    result = CliRunner().invoke(main, arguments, input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def answer(*arguments: str, code: int = 0) -> Any:
    return json.loads(hub(*arguments, "--json", code=code).stdout)


def test_from_nothing_to_a_running_site(environment: dict[str, str]) -> None:
    first = hub("init")
    assert "Sites: 3 new or changed." in first.stdout
    assert "Plugins: 2 loaded" in first.stdout
    assert "Plugins: 0 loaded, 2 as before" in hub("init").stdout
    sites = {site["key"]: site for site in answer("sites", "list")}
    assert sites["borken"]["plugins"] == ["good"]
    assert sites["borken"]["ags"] == ["05554"]
    shown = answer("sites", "show", "borken")
    assert shown["plugins"] == {"good": "running"}
    assert "Burloer Straße 93" in hub("sites", "show", "borken").stdout
    assert "borken" in hub("sites", "list").stdout
    assert hub("check").stdout == "Everything is in order.\n"
    assert answer("check", "--live") == {"problems": []}


def test_a_plugins_life(environment: dict[str, str]) -> None:
    hub("init")
    enabled = hub("plugins", "enable", "lwl", "good", "--secret", "password", typed=SECRET + "\n")
    assert "good is running at lwl." in enabled.stdout
    assert SECRET not in enabled.output
    hub("plugins", "configure", "lwl", "good", "--set", "word=zwei Wörter", "--set", "inner.a=1")
    shown = hub("plugins", "show", "lwl", "good")
    assert SECRET not in shown.output
    assert '"zwei Wörter"' in shown.stdout
    data = answer("plugins", "show", "lwl", "good")
    assert data["state"] == "running"
    assert data["config"] == {
        "password": {"encrypted": "***"},
        "word": "zwei Wörter",
        "inner": {"a": 1},
    }
    hub("plugins", "configure", "lwl", "good", "--unset", "inner.a", "--unset", "word")
    assert answer("plugins", "show", "lwl", "good")["config"] == {
        "password": {"encrypted": "***"},
        "inner": {},
    }
    diagnosis = hub("plugins", "diagnose", "lwl", "good")
    assert json.loads(diagnosis.stdout)["activation"]["config"]["password"] == {"encrypted": "***"}
    assert SECRET not in diagnosis.output
    assert "There is no plugin" in hub("plugins", "diagnose", "lwl", "nothing", code=1).output
    unchecked = hub("sync", "links", "lwl", "good", code=1)
    assert "No plugin that checks links" in unchecked.output
    copied = answer("plugins", "copy", "lwl", "aachen")
    assert copied == [{"plugin": "good", "copied": True, "missing": ["password"]}]
    assert answer("plugins", "show", "aachen", "good")["config"] == {"inner": {}}
    assert "was set up already" in hub("plugins", "copy", "lwl", "borken").stdout
    assert "disabled" in hub("plugins", "disable", "lwl", "good").stdout
    assert answer("plugins", "list", "--site", "lwl") == [
        {"plugin": "good", "state": "disabled", "reason": ""}
    ]
    history = answer("plugins", "history", "--site", "lwl", "--plugin", "good")
    assert [entry["action"] for entry in history] == [
        "plugin.disable",
        "plugin.configure",
        "plugin.configure",
        "plugin.enable",
    ]
    assert all(entry["actor"].startswith("cli") for entry in history)
    assert "config.word" in hub("plugins", "history", "--site", "lwl").stdout
    installed = {row["plugin"]: row for row in answer("plugins", "list")}
    assert installed["good"] == {"plugin": "good", "installed": True, "sites": ["borken"]}
    assert "not_there_at_all" not in sys.modules
    assert "broken" in hub("plugins", "list").stdout


def test_a_configuration_file_replaces_the_whole(
    environment: dict[str, str], tmp_path: Path
) -> None:
    hub("init")
    file = tmp_path / "good.toml"
    file.write_text('word = "from a file"\n', encoding="utf-8")
    hub("plugins", "configure", "borken", "good", "--config", str(file))
    assert answer("plugins", "show", "borken", "good")["config"] == {"word": "from a file"}
    file.write_text("word = \n", encoding="utf-8")
    failed = hub("plugins", "configure", "borken", "good", "--config", str(file), code=1)
    assert "no valid TOML" in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["plugins", "enable", "nowhere", "good"], 1, "There is no site 'nowhere'"),
        (["plugins", "enable", "lwl", "nothing"], 1, "No plugin of this name"),
        (["plugins", "enable", "lwl", "broken"], 1, "No module named 'not_there_at_all'"),
        (["plugins", "enable", "lwl", "refusing"], 1, "enabled at lwl, but off: It refuses"),
        (["plugins", "enable", "lwl", "good", "--set", "wrod=1"], 1, "wrod: Unknown field"),
        (["plugins", "enable", "lwl", "good", "--set", "word"], 2, "KEY=VALUE"),
        (["plugins", "configure", "lwl", "good", "--set", "word=x"], 1, "never enabled at lwl"),
        (["plugins", "configure", "borken", "good"], 2, "Say what to change"),
        (["plugins", "configure", "borken", "good", "--set", "word.a=1"], 2, "is no table"),
        (["plugins", "disable", "lwl", "good"], 1, "never enabled at lwl"),
        (["plugins", "show", "lwl", "good"], 1, "never enabled at lwl"),
        (["plugins", "list", "--site", "nowhere"], 1, "There is no site 'nowhere'"),
        (["sites", "show", "nowhere"], 1, "There is no site 'nowhere'"),
        (["sites", "export", "nowhere"], 1, "There is no site nowhere"),
        (["sites", "export"], 2, "Name one site"),
        (["nonsense"], 2, "No such command"),
        (["plugins", "enable", "bor\udcffken", "good"], 2, "no valid text: bor\\udcffken"),
        (["sync", "show", "99999999999999999999"], 2, "not in the range"),
        (["sync", "release", "99999999999999999999"], 2, "not in the range"),
        (["barriers", "settle", "99999999999999999999"], 2, "not in the range"),
        (["sync", "--plugin", "misspelt"], 1, "No plugin misspelt"),
        (["sync", "runs", "--site", "nowhere"], 1, "There is no site 'nowhere'"),
        (["plugins", "history", "--site", "nowhere"], 1, "There is no site 'nowhere'"),
    ],
)
def test_mistakes_are_answered_plainly(
    environment: dict[str, str], arguments: list[str], code: int, message: str
) -> None:
    hub("init")
    failed = hub(*arguments, code=code)
    assert message in failed.stderr
    assert "Traceback" not in failed.output


def test_export_and_import(environment: dict[str, str], tmp_path: Path) -> None:
    hub("init")
    text = hub("sites", "export", "borken").stdout
    assert "encrypted" in text
    target = tmp_path / "copy" / "sites"
    assert "1 files written" in hub("sites", "export", "--to", str(target)).stdout
    assert (target / "borken.toml").read_text(encoding="utf-8") == text
    (target.parent / "network.toml").write_text(NETWORK, encoding="utf-8")
    loaded = hub("sites", "import", str(target.parent))
    assert "0 loaded, 2 as before" in loaded.stdout
    hub("plugins", "configure", "borken", "good", "--set", "word=changed")
    kept = hub("sites", "import", str(target.parent))
    assert "left as it is: borken/good" in kept.stdout
    assert "1 loaded" in hub("sites", "import", str(target.parent), "--replace").stdout
    assert hub("sites", "export", "borken").stdout == text


def test_check_lists_every_problem(
    environment: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub("init")
    hub("plugins", "enable", "lwl", "refusing", code=1)
    hub("plugins", "configure", "borken", "good", "--set", "word=ill")
    (settings.config / "sites" / "aachen.toml").write_text("[plugins.broken]", encoding="utf-8")
    left_out = hub("init", code=1)
    assert "aachen.toml" in left_out.stderr
    problems = {
        (entry["where"], entry["problem"])
        for entry in answer("check", "--live", code=1)["problems"]
    }
    text = "\n".join(f"{where}: {problem}" for where, problem in problems)
    assert "lwl/refusing: It refuses to start: ValueError: No, because." in text
    assert "borken/good: unavailable: The source does not answer." in text
    assert "not_there_at_all" in text
    assert len(problems) == 3
    assert "lwl/refusing" in hub("check", code=1).stdout
    monkeypatch.setenv("HUB_SECRET_KEY", "short")
    assert "at least 16 characters" in hub("check", code=1).stdout
    monkeypatch.setenv("HUB_BASE_URL", "no address")
    assert "HUB_BASE_URL" in hub("check", code=1).stdout


def test_without_a_database_every_command_says_what_to_do(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", f"sqlite:///{tmp_path / 'new' / 'hub.sqlite3'}")
    for command in (["sites", "list"], ["plugins", "list"]):
        assert "run `hub init`" in hub(*command, code=1).stderr
    assert "run `hub init`" in hub("check", code=1).stdout
    assert not (tmp_path / "new").exists()
    hub("init")
    hub("sites", "list")
    monkeypatch.setenv("HUB_NO_SUCH_SETTING", "1")
    assert "HUB_NO_SUCH_SETTING: Unknown field" in hub("sites", "list", code=1).stderr


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("oracle://x/y", "HUB_DATABASE_URL: oracle is not supported. Write sqlite:///"),
        ("no address at all", "HUB_DATABASE_URL: "),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("postgresql://127.0.0.1:port/hub", "HUB_DATABASE_URL: "),
        ("postgresql://nobody:geheim@127.0.0.1:1/hub", "cannot be used"),
        ("sqlite:////proc/no/such/place.sqlite3", "cannot be used"),
        ("sqlite:///{folder}/config/network.toml", "file is not a database"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    reason: str,
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", url.replace("{folder}", str(tmp_path)))
    failed = hub("init", code=1)
    assert reason in failed.stderr
    assert "geheim" not in failed.output


def test_a_source_that_is_off_is_no_success(environment: dict[str, str]) -> None:
    hub("init")
    hub("plugins", "enable", "lwl", "refusing", code=1)  # loads, and is no source
    hub("sync", "--site", "lwl")
    path = Path(environment["HUB_CONFIG"]) / "sites" / "borken.toml"
    path.write_text("[plugins.good]\n[plugins.source]\nword = 'refuse'", encoding="utf-8")
    hub("sites", "import", "--replace")
    (off,) = answer("sync", code=1)
    assert (off["site"], off["plugin"], off["state"]) == ("borken", "source", "off")
    assert "It refuses to start: ValueError: No, because." in off["error"]
    assert "No, because." in hub("sync", "--plugin", "source", code=1).stderr


def test_a_source_that_lies_costs_the_others_nothing(environment: dict[str, str]) -> None:
    hub("init")
    hub("plugins", "enable", "lwl", "source", "--set", "word=lie")
    hub("plugins", "enable", "borken", "source")
    fine, lying = answer("sync", code=1)
    assert (fine["site"], fine["state"], fine["added"]) == ("borken", "succeeded", 1)
    assert (lying["site"], lying["state"]) == ("lwl", "failed")
    assert lying["error"]


def test_check_lists_runs_that_need_a_person(environment: dict[str, str]) -> None:
    hub("init")
    hub("plugins", "enable", "lwl", "source", "--set", "word=many")
    hub("sync", "--site", "lwl")
    hub("check")
    hub("plugins", "configure", "lwl", "source", "--set", "word=fail")
    hub("sync", "--site", "lwl", code=1)
    (failed,) = answer("check", code=1)["problems"]
    assert failed["where"] == "lwl/source"
    assert "Out for lunch." in failed["problem"]
    hub("plugins", "configure", "lwl", "source", "--set", "word=few")
    hub("sync", "--site", "lwl", code=1)
    (held,) = answer("check", code=1)["problems"]
    assert "hub sync release" in held["problem"]
    hub("plugins", "disable", "lwl", "source")
    hub("check")


def test_a_database_that_fails_halfway_is_told_plainly(
    environment: dict[str, str], settings: Settings
) -> None:
    hub("init")
    if settings.database_url.startswith("sqlite"):  # stands in for a full disk
        reason = "no such table: main.disk_full"
        statement = (
            "CREATE TRIGGER lost BEFORE UPDATE ON counter"
            " BEGIN INSERT INTO disk_full VALUES (1); END"
        )
    else:
        reason = "could not extend file"
        statement = (
            "CREATE FUNCTION lost() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;"
            " CREATE TRIGGER lost BEFORE UPDATE ON counter EXECUTE FUNCTION lost()"
        )
    database = Database(settings.database_url)
    with database.write() as session:
        session.execute(sa.text(statement))
    database.close()
    failed = hub("plugins", "disable", "borken", "good", code=1)
    assert reason in failed.stderr
    assert "was not stored" in failed.stderr
    assert "counter SET" not in failed.output, "no statement, for its values may be private"


def test_a_real_process_and_its_streams(environment: dict[str, str]) -> None:
    program = [str(Path(sys.executable).parent / "hub")]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*program, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert run("init").returncode == 0
    assert run("plugins", "enable", "lwl", "refusing").returncode == 1
    checked = run("--verbose", "check", "--json")
    assert checked.returncode == 1
    assert [entry["where"] for entry in json.loads(checked.stdout)["problems"]] == ["lwl/refusing"]
    logged = [json.loads(line) for line in checked.stderr.splitlines()]
    assert logged[-1]["event"] == "plugin.off"
    assert logged[-1]["plugin"] == "refusing"


def test_help_is_quick_and_imports_no_database(environment: dict[str, str]) -> None:
    program = (
        "import sys\nfrom hub.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('sqlalchemy', 'alembic', 'flask') if name in sys.modules])\n"
    )
    start = monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert monotonic() - start < 20  # "well under a second" on a machine that does nothing else
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("group", ["init", "sites", "plugins", "check"])
def test_every_command_explains_itself(group: str) -> None:
    assert "Usage: " in hub(group, "--help").stdout
    assert "-h, --help" in hub(group, "-h").stdout
