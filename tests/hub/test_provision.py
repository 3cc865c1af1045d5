"""Files in, files out."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
import sqlalchemy as sa

from hub import models, provision
from hub.activations import configure, configured, disable, enable, history
from hub.directory import MAX_BYTES, FileError, read_network
from hub.runtime import Hub
from tests.hub.conftest import MakeHub
from tests.hub.hostile import Good, Leaking, Refusing

NETWORK = """
[[site]]
key = "borken"
name = "Medienzentrum Kreis Borken"
kind = "centre"
ags = ["05554"]
association = "LWL"
region = "Münster"
standort = "BOR"
internal_hosts = ["127.0.0.1"]

[site.contact]
street = "Burloer Straße 93"
postcode = "46325"
town = "Borken"
phone = "02861 000000"
email = "medienzentrum@borken.example"
website = "https://borken.example/"
opening_hours = "Mo–Fr 8–16 Uhr"

[[site.branches]]
name = "Bocholt"
town = "Bocholt"

[site.profile]
task = "Medien für Schulen"
target_groups = ["school"]
services = { medium = "yes", scouts = "planned" }

[[site]]
key = "aachen"
name = "Ämterübergreifendes Medienzentrum"
kind = "centre"
ags = ["05334002", "05334"]
association = "LVR"

[[site]]
key = "lwl"
name = "LWL-Medienzentrum"
kind = "state"
association = "LWL"
"""
BORKEN = """
disabled = ["leaking"]

[plugins.good]
word = "Grüße"
password = "im Klartext getippt"

[plugins.leaking]
password = { env = "BORKEN_PASSWORD" }
"""


@pytest.fixture
def hub(make_hub: MakeHub) -> Hub:
    hub = make_hub(Good, Leaking, Refusing)
    (hub.settings.config / "network.toml").write_text(NETWORK, encoding="utf-8")
    write(hub, BORKEN)
    return hub


def write(hub: Hub, text: str, site: str = "borken") -> Path:
    path = hub.settings.config / "sites" / f"{site}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def load(hub: Hub, **options: bool) -> provision.Outcome:
    return provision.load(hub, hub.settings.config, actor="test", **options)


def rows(hub: Hub) -> dict[str, tuple[bool, dict[str, Any]]]:
    with hub.db.read() as session:
        return {
            f"{row.site_key}/{row.plugin}": (row.enabled, row.config)
            for row in session.scalars(sa.select(models.Activation))
        }


def test_files_make_sites_and_activations(hub: Hub) -> None:
    outcome = load(hub)
    assert sorted(outcome.sites) == ["aachen", "borken", "lwl"]
    assert sorted(outcome.changed) == ["borken/good", "borken/leaking"]
    assert not outcome.problems
    directory = {row.key: row for row in hub.sites.directory()}
    assert directory["aachen"].position < directory["borken"].position, "Ä stands beside A"
    assert directory["borken"].internal_hosts == ("127.0.0.1",)
    assert directory["borken"].branches == ({"name": "Bocholt", "town": "Bocholt"},)
    assert directory["aachen"].time_zone == "Europe/Berlin"
    site = hub.sites.site("borken")
    assert set(site.plugins) == {"good"}
    assert site.plugins["good"].config["password"].reveal() == "im Klartext getippt"
    assert site.info.internal_hosts == {"127.0.0.1"}
    assert site.info.files == hub.settings.config / "sites" / "borken"
    assert rows(hub)["borken/leaking"] == (False, {"password": {"env": "BORKEN_PASSWORD"}})
    assert "Klartext" not in json.dumps([rows(hub), *(one.after for one in history(hub))])


def test_loading_again_changes_nothing(hub: Hub) -> None:
    load(hub)
    before, log = rows(hub), history(hub)
    with hub.db.read() as session:
        counter = session.get(models.Counter, "activations").value  # type: ignore[union-attr]
    outcome = load(hub)
    assert sorted(outcome.unchanged) == ["borken/good", "borken/leaking"]
    assert outcome.sites == outcome.changed == outcome.kept == outcome.problems == []
    assert rows(hub) == before
    assert history(hub) == log
    with hub.db.read() as session:
        assert session.get(models.Counter, "activations").value == counter  # type: ignore[union-attr]


def test_what_an_admin_changed_stays_unless_replaced(hub: Hub) -> None:
    load(hub)
    configure(hub, "borken", "good", {"word": "by an admin"}, actor="anna")
    outcome = load(hub)
    assert outcome.kept == ["borken/good"]
    assert rows(hub)["borken/good"] == (True, {"word": "by an admin"})
    outcome = load(hub, replace=True)
    assert outcome.changed == ["borken/good"]
    assert rows(hub)["borken/good"][1]["word"] == "Grüße"


def test_a_changed_file_decides_where_no_admin_did(hub: Hub) -> None:
    load(hub)
    write(hub, BORKEN.replace("Grüße", "Neues"))
    assert load(hub).changed == ["borken/good"]
    write(hub, '[plugins.good]\nword = "allein"\n\n[plugins.leaking]\npassword = {env = "A"}\n')
    assert sorted(load(hub).changed) == ["borken/good", "borken/leaking"]
    write(hub, '[plugins.good]\nword = "allein"\n')
    assert load(hub).changed == ["borken/leaking"], "what the file no longer names goes off"
    assert rows(hub)["borken/leaking"] == (False, {"password": {"env": "A"}})


def test_what_an_admin_enabled_survives_a_file_that_does_not_name_it(hub: Hub) -> None:
    load(hub)
    disable(hub, "borken", "leaking", actor="anna")
    enable(hub, "borken", "leaking", actor="anna")
    write(hub, BORKEN.replace('disabled = ["leaking"]', "").split("[plugins.leaking]")[0])
    assert load(hub).kept == ["borken/leaking"]
    assert rows(hub)["borken/leaking"][0]


def test_a_mapping_goes_out_and_in_with_its_site(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Good, "maps", ("subjects",))
    mapping = '[mappings.good.subjects]\nfrom = ["Fach"]\nvalues = { Bio = "080" }\n'
    write(hub, f"{BORKEN}\n{mapping}")
    outcome = load(hub)
    assert (sorted(outcome.changed), outcome.problems) == (["borken/good", "borken/leaking"], [])
    row = configured(hub, "borken", "good")
    assert row is not None
    assert row.mapping == {"subjects": {"from": ["Fach"], "values": {"Bio": "080"}}}
    assert not load(hub).changed
    exported = provision.export_site(hub, "borken")
    write(hub, exported)
    assert not load(hub).changed
    for wrong, said in (
        (mapping.replace("080", "Bio"), "no code “Bio”"),
        (mapping.replace("good", "none"), "no [plugins.…] of their own: none"),
    ):
        write(hub, f"{BORKEN}\n{wrong}")
        assert said in " ".join(provision.problems(hub, hub.settings.config))
        assert said in " ".join(load(hub).problems)
    # A file that says nothing of it leaves a mapping as it is.
    write(hub, BORKEN)
    assert not load(hub).changed
    assert provision.export_site(hub, "borken") == exported


def test_export_and_import_give_the_same(hub: Hub, make_hub: MakeHub) -> None:
    load(hub)
    enable(hub, "coesfeld", "good", {"word": 'Zeile\n"zwei"', "password": "geheim"}, actor="x")
    text = {key: provision.export_site(hub, key) for key in ("borken", "coesfeld")}
    assert "Klartext" not in text["borken"]
    assert "geheim" not in text["coesfeld"]
    assert 'env = "BORKEN_PASSWORD"' in text["borken"]
    before = rows(hub)
    with hub.db.write() as session:
        session.execute(sa.delete(models.Activation))
        session.execute(sa.delete(models.AuditEntry))
    for key, exported in text.items():
        write(hub, exported, key)
    assert not load(hub).problems
    assert rows(hub) == before
    assert {key: provision.export_site(hub, key) for key in text} == text
    fresh = make_hub(Good, Leaking, Refusing)
    plugin = fresh.sites.site("coesfeld").plugins["good"]
    assert plugin.config["password"].reveal() == "geheim"


def test_dates_in_a_file_are_stored_as_text(hub: Hub, make_hub: MakeHub) -> None:
    class Dated(Good):
        name = "dated"

        class Config(Good.Config):
            since = ma.fields.Date()

    hub = make_hub(Dated)
    write(hub, "[plugins.dated]\nsince = 2026-05-04\n")
    load(hub)
    assert rows(hub)["borken/dated"] == (True, {"since": "2026-05-04"})
    since = hub.sites.site("borken").plugins["dated"].config["since"]
    assert since == datetime.date(2026, 5, 4)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[plugins.good", "no valid TOML"),
        ("plugin = 1", "plugin: Unknown field"),
        ("plugins = 1", "plugins: Not a valid mapping"),
        ("[plugins]\ngood = 1", "plugins.good"),
        ('disabled = ["good"]', r"disabled: These have no \[plugins"),
        ("[plugins.good]\nwrod = 'x'", "good stays as it is.*wrod: Unknown field"),
        ("[plugins.good]\nword = 7", "word: Not a valid string"),
        ("[plugins.nonsense]", "nonsense stays as it is.*installed"),
        ("[plugins.good]\npassword = {env='HUB_SECRET_KEY'}", "password: This is no name"),
        ("[plugins.good]\nword = 'https://a:b@c.example'", "word: .*name and password"),
        ("[plugins.good]\nword = " + "[" * 3000 + "]" * 3000, "no valid TOML: nested too deeply"),
    ],
)
def test_a_bad_file_is_named_and_the_rest_is_loaded(hub: Hub, text: str, reason: str) -> None:
    load(hub)
    write(hub, text)
    write(hub, '[plugins.good]\nword = "geht"', "lwl")
    outcome = load(hub)
    assert outcome.changed[-1] == "lwl/good"
    found = " ".join(outcome.problems)
    assert "borken.toml" in found
    assert re.search(reason, found), found
    checked = " ".join(provision.problems(hub, hub.settings.config))
    assert re.search(reason, checked), checked


def test_a_file_for_no_site_is_a_problem(hub: Hub) -> None:
    write(hub, "[plugins.good]", "nirgends")
    for problems in (load(hub).problems, provision.problems(hub, hub.settings.config)):
        assert any("there is no site nirgends" in problem for problem in problems)


def test_a_refusing_plugin_is_loaded_and_off(hub: Hub) -> None:
    write(hub, "[plugins.refusing]\n[plugins.good]\n")
    load(hub)
    site = hub.sites.site("borken")
    assert set(site.problems) == {"refusing"}
    assert set(site.plugins) == {"good"}


# network.toml


def changed(old: str, new: str) -> str:
    assert old in NETWORK
    return NETWORK.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (changed('kind = "centre"', 'kind = "shop"'), r"site borken\.kind: Must be one of"),
        (changed('ags = ["05554"]', "ags = []"), r"site borken\.ags: A centre serves at least"),
        (changed('ags = ["05554"]', "ags = [5554]"), r"site borken\.ags\.0: Not a valid string"),
        (changed('"05554"', '"5554"'), r"site borken\.ags\.0: 5 or 8 digits"),
        (changed('standort = "BOR"', 'standrot = "BOR"'), r"borken\.standrot: Unknown field"),
        (changed('town = "Borken"', 'twon = "Borken"'), r"borken\.contact\.twon: Unknown"),
        (changed("https://borken", "javascript:borken"), r"contact\.website"),
        (changed('"46325"', '"4632"'), r"contact\.postcode: Five digits"),
        (changed('medium = "yes"', 'movies = "yes"'), r"services\.movies\.key: Must be one of"),
        (changed('key = "borken"', 'key = "Borken"'), r"site Borken\.key: A slug"),
        (changed('key = "borken"', 'key = "suche"'), r"site suche\.key: The hub uses this word"),
        (changed('key = "borken"', 'key = "lwl"'), "stand there twice: lwl"),
        (changed('key = "borken"\n', ""), r"site\.0\.key: Missing data"),
        (changed("[[site]]", 'time_zone = "x"\n[[site]]'), "time_zone: Unknown field"),
        (changed('region = "Münster"', 'time_zone = "Europe/Borken"'), r"time_zone: No known"),
        (changed('region = "Münster"', 'time_zone = "../etc"'), r"time_zone: No known"),
        ("", "site: Missing data"),
        ("site = []", "site: Length must be"),
        ("[[site]", "no valid TOML"),
        ("# " + "x" * MAX_BYTES, "larger than"),
    ],
)
def test_a_bad_network_names_site_and_key(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "network.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=f"network.toml: .*{reason}"):
        read_network(path)


def test_unreadable_networks(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_network(tmp_path / "network.toml")
    (tmp_path / "network.toml").write_bytes(b'name = "M\xfcnster"')
    with pytest.raises(FileError, match="no UTF-8"):
        read_network(tmp_path / "network.toml")


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    (tmp_path / "network.toml").write_text(NETWORK.replace("\n", "\r\n"), encoding="utf-8-sig")
    assert len(read_network(tmp_path / "network.toml")) == NETWORK.count("[[site]]")


def test_a_changed_site_is_updated_with_an_audit_entry(hub: Hub) -> None:
    load(hub)
    text = changed("Burloer Straße 93", "Burloer Straße 94")
    (hub.settings.config / "network.toml").write_text(text, encoding="utf-8")
    assert load(hub).sites == ["borken"]
    entry = history(hub)[0]
    assert (entry.action, entry.subject) == ("site.import", "borken")
    assert entry.before is not None
    assert entry.after is not None
    assert entry.before["contact"]["street"].endswith("93")
    assert entry.after["contact"]["street"].endswith("94")
    assert entry.after.keys() == {"contact"}
    row = next(row for row in hub.sites.directory() if row.key == "borken")
    assert row.contact["street"].endswith("94")


def test_the_projects_own_network_is_complete() -> None:
    sites = read_network(Path(__file__).parents[2] / "config" / "network.toml")
    kinds = [site["kind"] for site in sites]
    assert (kinds.count("centre"), kinds.count("state")) == (53, 2)
    assert {site["association"] for site in sites} == {"LVR", "LWL"}
    assert all(site["standort"] and site["region"] for site in sites if site["kind"] == "centre")
