"""Activations as rows: alive in every process, with an audit log, without secrets in sight."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from hub import models, sites
from hub.activations import ActivationError, configure, configured, disable, enable, history
from hub.hookspecs import hookimpl
from hub.installed import Unusable
from hub.plugin import Plugin
from hub.runtime import Hub
from hub.sites import UnknownSite
from tests.hub.conftest import MakeHub
from tests.hub.hostile import Equal, Good, Hanging, Leaking, Refusing, Replaced, Stuck, text

WORD = "Fischers Fritz fischt frische Fische"


def label(hub: Hub, site: str = "borken") -> str:
    results, _ = hub.sites.site(site).each("menu_items", person=None)
    return str(results["good"][0].label)


def test_a_change_is_effective_in_another_process_without_a_restart(make_hub: MakeHub) -> None:
    one, other = make_hub(Good), make_hub(Good)
    assert not other.sites.site("borken").plugins
    enable(one, "borken", "good", {"word": "first"}, actor="test")
    assert label(one) == "first", "at once where it was changed"
    wait_for(lambda: "good" in other.sites.site("borken").plugins)
    assert label(other) == "first"
    configure(one, "borken", "good", {"word": "second"}, actor="test")
    wait_for(lambda: label(other) == "second")
    disable(one, "borken", "good", actor="test")
    wait_for(lambda: not other.sites.site("borken").plugins)
    enable(one, "borken", "good", actor="test")
    assert label(one) == "second", "a disabled plugin keeps its configuration"


def wait_for(condition: Callable[[], bool]) -> None:
    end = monotonic() + 30
    while not condition():
        assert monotonic() < end, "the other process did not notice"
        sleep(0.05)


def test_only_what_changed_is_built_anew(make_hub: MakeHub) -> None:
    hub = make_hub(Good, Equal)
    enable(hub, "borken", "good", actor="test")
    enable(hub, "borken", "equal", actor="test")
    enable(hub, "coesfeld", "good", actor="test")
    before = hub.sites.site("borken")
    elsewhere = hub.sites.site("coesfeld")
    configure(hub, "borken", "good", {"word": "new"}, actor="test")
    after = hub.sites.site("borken")
    assert after.plugins["equal"] is before.plugins["equal"]
    assert after.plugins["good"] is not before.plugins["good"]
    assert before.one("good", "menu_items", person=None)[0].label == "hello", "old calls go on"
    assert hub.sites.site("coesfeld") is elsewhere
    assert hub.sites.site("borken") is after


def test_the_database_is_asked_once_in_a_while_only(make_hub: MakeHub) -> None:
    hub = make_hub(Good)
    hub.sites.site("borken")
    statements: list[str] = []
    sa.event.listen(
        hub.db.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    for _ in range(200):
        hub.sites.site("borken")
        hub.sites.directory()
    assert len(statements) <= 2
    hub.sites.refresh()
    hub.sites.site("borken")
    assert statements[-1].count("counter") > 0
    assert "activation" not in statements[-1]


def test_broken_plugins_are_off_with_the_reason_and_the_rest_runs(
    make_hub: MakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sites, "START_DEADLINE", 0.3)
    hub = make_hub(Good, Refusing, Stuck, Replaced, Leaking, Hanging)
    for name in ("good", "refusing", "stuck", "replaced", "hanging"):
        enable(hub, "borken", name, actor="test")
    enable(hub, "borken", "leaking", {"password": {"env": "NOT_SET_ANYWHERE"}}, actor="test")
    with hub.db.write() as session:  # was installed and right once
        sites_of = {"site_key": "borken", "enabled": True}
        session.add(models.Activation(plugin="gone", config={}, **sites_of))
        session.get(models.Activation, ("borken", "hanging")).config = {"old": 1}  # type: ignore[union-attr]
    with capture_logs() as logs:
        site = make_hub(Good, Refusing, Stuck, Replaced, Leaking, Hanging).sites.site("borken")
    assert set(site.plugins) == {"good"}
    assert site.problems == {
        "gone": "No plugin of this name is installed; install the package that brings it.",
        "hanging": "Its configuration cannot be used: old: Unknown field.",
        "leaking": "The environment variable NOT_SET_ANYWHERE is not set.",
        "refusing": "It refuses to start: ValueError: Either address or file, not both.",
        "replaced": "Its constructor gives something else than an instance.",
        "stuck": "No answer within 0.3 seconds.",
    }
    off = {entry["plugin"]: entry["reason"] for entry in logs if entry["event"] == "plugin.off"}
    assert off == site.problems
    assert site.each("menu_items", person=None)[0].keys() == {"good"}


def test_enabling_again_tries_again(make_hub: MakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = make_hub(Leaking)
    enable(hub, "borken", "leaking", {"password": {"env": "A_PASSWORD"}}, actor="test")
    assert "leaking" in hub.sites.site("borken").problems
    monkeypatch.setenv("A_PASSWORD", WORD)
    enable(hub, "borken", "leaking", actor="test")
    assert not hub.sites.site("borken").problems


def test_bad_changes_change_nothing(make_hub: MakeHub) -> None:
    hub = make_hub(Good)
    enable(hub, "borken", "good", {"word": "kept"}, actor="test")
    for wrong in (
        lambda: configure(hub, "borken", "good", {"word": 5}, actor="test"),
        lambda: configure(hub, "borken", "good", {"wrod": "x"}, actor="test"),
        lambda: configure(hub, "borken", "good", {"password": ["x"]}, actor="test"),
        lambda: configure(hub, "coesfeld", "good", {}, actor="test"),
        lambda: disable(hub, "coesfeld", "good", actor="test"),
        lambda: enable(hub, "borken", "unknown", actor="test"),
        lambda: enable(hub, "borken", "good", {"password": ""}, actor="test"),
    ):
        with pytest.raises(ActivationError):
            wrong()
    with pytest.raises(UnknownSite, match="nowhere"):
        enable(hub, "nowhere", "good", actor="test")
    assert label(hub) == "kept"
    assert len(history(hub)) == 1


def test_a_change_made_from_an_outdated_state_is_refused(make_hub: MakeHub) -> None:
    hub = make_hub(Good)
    enable(hub, "borken", "good", {"word": "first"}, actor="anna", version=0)
    configure(hub, "borken", "good", {"word": "second"}, actor="bert", version=1)
    for outdated in (
        lambda: configure(hub, "borken", "good", {"word": "lost"}, actor="anna", version=1),
        lambda: enable(hub, "borken", "good", {"word": "lost"}, actor="anna", version=0),
    ):
        with pytest.raises(ActivationError, match="changed meanwhile"):
            outdated()
    assert label(hub) == "second"
    configure(hub, "borken", "good", {"word": "whatever there was"}, actor="anna")
    assert label(hub) == "whatever there was"


def test_every_change_is_in_the_audit_log_without_secrets(make_hub: MakeHub) -> None:
    hub = make_hub(Good)
    enable(hub, "borken", "good", {"password": WORD}, actor="anna")
    configure(hub, "borken", "good", {"password": {"encrypted": "***"}, "word": "x"}, actor="berta")
    disable(hub, "borken", "good", actor="clara")
    log = history(hub, "borken", "good")
    assert [(entry.actor, entry.action) for entry in log] == [
        ("clara", "plugin.disable"),
        ("berta", "plugin.configure"),
        ("anna", "plugin.enable"),
    ]
    hidden = {"password": {"encrypted": "***"}}
    assert log[2].before is None
    assert log[2].after == {"enabled": True, "config": hidden}
    assert log[1].before == log[2].after
    assert log[1].after == {"enabled": True, "config": {**hidden, "word": "x"}}
    assert log[0].after == {"enabled": False, "config": {**hidden, "word": "x"}}
    assert log[0].at.tzinfo is not None
    assert history(hub, "coesfeld") == []
    assert len(history(hub, limit=1)) == 1


def test_a_typed_secret_is_encrypted_in_the_database_and_plain_in_the_plugin(
    make_hub: MakeHub,
) -> None:
    hub = make_hub(Good)
    enable(hub, "borken", "good", {"password": WORD}, actor="test")
    plugin = hub.sites.site("borken").plugins["good"]
    assert plugin.config["password"].reveal() == WORD
    with hub.db.engine.connect() as connection:
        for table in ("activation", "audit"):
            assert WORD not in repr(connection.execute(sa.text(f"SELECT * FROM {table}")).all())
    row = configured(hub, "borken", "good")
    assert row is not None
    first = row.config
    configure(hub, "borken", "good", {"password": {"encrypted": "***"}}, actor="test")
    row = configured(hub, "borken", "good")
    assert row is not None
    assert row.config == first, "*** keeps what is stored"
    shown = (repr(hub.sites.enabled("borken")), repr(vars(plugin)), json.dumps(row.config))
    assert not any(WORD in text for text in shown)


def test_changes_at_the_same_time_are_all_kept(make_hub: MakeHub) -> None:
    hubs = [make_hub(Good) for _ in range(4)]
    errors: list[BaseException] = []

    def change(hub: Hub, number: int) -> None:
        try:
            enable(hub, "borken", "good", {"word": str(number)}, actor=f"user {number}")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=change, args=(hub, n)) for n, hub in enumerate(hubs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    row = configured(hubs[0], "borken", "good")
    assert row is not None
    assert row.version == 4
    log = history(hubs[0])
    assert len(log) == 4
    for newer, older in itertools.pairwise(log):
        assert newer.before == older.after, "each change saw the one before"
    with hubs[0].db.read() as session:
        assert session.get(models.Counter, "activations").value == 1 + 4  # type: ignore[union-attr]


# Tables of a plugin


MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "loans_1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "loans_thing",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("site_key", sa.String(), sa.ForeignKey("site.key"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("loans_thing")
"""
SECOND = (
    MIGRATION.split("def upgrade", maxsplit=1)[0]
    .replace('"loans_1"', '"loans_2"')
    .replace("down_revision = None", 'down_revision = "loans_1"')
    + """
def upgrade() -> None:
    op.add_column("loans_thing", sa.Column("note", sa.String()))


def downgrade() -> None:
    op.drop_column("loans_thing", "note")
"""
)


@pytest.fixture
def owner_of_tables(tmp_path: Path) -> type[Plugin]:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "loans_1.py").write_text(MIGRATION, encoding="utf-8")
    return type("Loans", (Plugin,), {"name": "loans", "title": text("Loans"), "migrations": folder})


def test_a_plugin_brings_its_own_tables(
    make_hub: MakeHub, owner_of_tables: type[Plugin], tmp_path: Path
) -> None:
    hub = make_hub(owner_of_tables)
    assert not sa.inspect(hub.db.engine).has_table("loans_thing")
    enable(hub, "borken", "loans", actor="test")
    with hub.db.write() as session:
        session.execute(sa.text("INSERT INTO loans_thing (site_key) VALUES ('borken')"))
    (tmp_path / "migrations" / "loans_2.py").write_text(SECOND, encoding="utf-8")
    assert hub.migrate() == []
    with hub.db.read() as session:
        rows: Any = session.execute(sa.text("SELECT site_key, note FROM loans_thing")).all()
    assert [tuple(row) for row in rows] == [("borken", None)]


def test_a_plugin_that_is_no_longer_installed_does_not_block_upgrades(
    make_hub: MakeHub, owner_of_tables: type[Plugin]
) -> None:
    enable(make_hub(owner_of_tables), "borken", "loans", actor="test")
    without = make_hub()
    assert without.migrate() == [
        "Plugin loans: No plugin of this name is installed; install the package that brings it."
    ]
    without.check_initialised()
    assert sa.inspect(without.db.engine).has_table("loans_thing"), "its data stays"


def test_unusable_plugins_cannot_be_enabled(make_hub: MakeHub) -> None:
    class Misspelt(Good):
        name = "misspelt"

        @hookimpl
        def catalogue_change(self) -> None: ...

    hub = make_hub(Misspelt)
    with pytest.raises(ActivationError, match="There is no hook catalogue_change"):
        enable(hub, "borken", "misspelt", actor="test")
    with pytest.raises(Unusable):
        hub.sites.installed.load("misspelt")
