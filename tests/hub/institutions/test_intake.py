"""The state's list of schools taken in: again and again, in any edition, whole or broken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import models
from hub.db import Database
from hub.institutions import find, history, intake, school_list, serving
from hub.institutions.intake import Held, Report
from hub.institutions.school_list import ListError
from tests.sources import Network, network, site_row

HEADER = (
    "Schulnummer;Schulform;Schulbezeichnung_1;Kurzbezeichnung;PLZ;Ort;E-Mail;"
    "Gemeindeschluessel;Schulbetriebsschluessel;Schulbetriebsdatum;EPSG;UTMRechtswert;UTMHochwert;"
)
DAY, LATER = date(2025, 9, 1), date(2026, 9, 1)


def line(number: int, name: str = "", **values: str) -> str:
    cells = {
        "form": "02",
        "plz": "46325",
        "ort": "Borken",
        "ags": "05554012",
        "key": "1",
        "day": "01.08.1998",
        **values,
    }
    row = (
        str(number), cells["form"], name or f"Schule {number}", f"Kurz {number}", cells["plz"],
        cells["ort"], f"{number}@schule.nrw.de", cells["ags"], cells["key"], cells["day"],
        "EPSG:25832", "352258", "5645500",
    )  # fmt: skip
    return ";".join(f'"{cell}"' for cell in row)


def listed(*lines: str, header: str = HEADER) -> str:
    return "\n".join(("sep=;", header, *lines)) + "\n"


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, ()) as made:
        with made.hub.db.write() as session:
            session.add(site_row("borken", 1, ags=["05554"]))
            session.add(site_row("bocholt", 2, ags=["05554008"]))
            session.add(site_row("zweites", 3, ags=["05554", "05558"]))
        yield made


@pytest.fixture
def db(net: Network) -> Database:
    return net.hub.db


def take(db: Database, folder: Path, text: str | bytes, day: date = DAY, **how: bool) -> Report:
    path = folder / "schulen.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return intake.take_in(db, school_list.read(path), day, actor="test", **how)


def school(db: Database, number: int) -> models.Institution | None:
    with db.read() as session:
        return find.by_school_id(session, str(number))


def events(db: Database, number: int) -> list[str]:
    with db.read() as session:
        found = find.by_school_id(session, str(number))
        assert found is not None
        return [change.event for change, _ in reversed(history.of(session, found.id))]


def test_a_list_is_taken_in_with_everything_it_says(db: Database, tmp_path: Path) -> None:
    found = take(db, tmp_path, listed(line(900001, "Schule Ä"), line(900002, form="0A")))
    assert found.counts == {"added": 2, "changed": 0, "closed": 0, "reopened": 0, "unchanged": 0}
    row = school(db, 900001)
    assert row is not None
    assert (row.name, row.kind, row.school_form) == ("Schule Ä", "school", "02")
    assert (row.utm_east, row.utm_north) == (352258, 5645500)
    assert (row.opened_on, row.closed_on) == (date(1998, 8, 1), None)
    assert row.email == "900001@schule.nrw.de"
    authority = school(db, 900002)
    assert authority is not None
    assert authority.kind == "authority"


def test_the_same_list_again_changes_nothing(db: Database, tmp_path: Path) -> None:
    text = listed(line(900001), line(900002, key="2", day="31.07.2030"))
    take(db, tmp_path, text)
    before = school(db, 900001)
    again = take(db, tmp_path, text)
    assert again.counts["unchanged"] == 2
    assert again.differences == ()
    with db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(models.SchoolList)) == 1
    after = school(db, 900001)
    assert before is not None
    assert after is not None
    assert before.changed_at == after.changed_at


def test_a_dry_run_says_the_same_and_stores_nothing(db: Database, tmp_path: Path) -> None:
    text = listed(line(900001))
    tried = take(db, tmp_path, text, dry_run=True)
    assert school(db, 900001) is None
    assert take(db, tmp_path, text).counts == tried.counts


def test_changes_closures_and_reopenings_are_kept_with_their_day(
    db: Database, tmp_path: Path
) -> None:
    others = [line(900100 + n) for n in range(3)]
    take(db, tmp_path, listed(line(900001), line(900002), *others))
    take(db, tmp_path, listed(line(900001, "Neuer Name"), *others), LATER)
    gone = school(db, 900002)
    assert gone is not None
    assert gone.closed_on == LATER
    assert events(db, 900001) == ["added", "changed"]
    back = take(db, tmp_path, listed(line(900001, "Neuer Name"), line(900002), *others), LATER)
    assert back.counts["reopened"] == 1
    assert events(db, 900002) == ["added", "closed", "reopened"]
    with db.read() as session:
        row = find.by_school_id(session, "900001")
        assert row is not None
        change, day = history.of(session, row.id)[0]
    assert day == LATER
    assert change.before == {"name": "Schule 900001"}
    assert change.after == {"name": "Neuer Name"}


def test_a_school_that_runs_out_keeps_its_opening_and_its_last_day(
    db: Database, tmp_path: Path
) -> None:
    take(db, tmp_path, listed(line(900001)))
    take(db, tmp_path, listed(line(900001, key="2", day="31.07.2027")), LATER)
    row = school(db, 900001)
    assert row is not None
    assert (row.opened_on, row.closed_on) == (date(1998, 8, 1), date(2027, 7, 31))


def test_a_list_that_was_cut_off_is_held_back_whole(db: Database, tmp_path: Path) -> None:
    whole = [line(900000 + n) for n in range(40)]
    take(db, tmp_path, listed(*whole))
    cut = listed(line(900000, "Anders"), *whole[1:20])
    with pytest.raises(Held, match="20 of 40 open schools are missing"):
        take(db, tmp_path, cut, LATER)
    row = school(db, 900000)
    assert row is not None
    assert row.name == "Schule 900000"
    assert take(db, tmp_path, cut, LATER, accept_closures=True).counts["closed"] == 20


def test_an_older_list_brings_nothing_back(db: Database, tmp_path: Path) -> None:
    take(db, tmp_path, listed(line(900001, "Heute")), LATER)
    with pytest.raises(ListError, match="2026-09-01 was taken in already"):
        take(db, tmp_path, listed(line(900001, "Gestern")), DAY)


def test_bad_rows_are_told_and_the_others_taken_in(db: Database, tmp_path: Path) -> None:
    bad = (
        line(900001),
        line(900001, "Doppelt"),
        line(12, "Zu kurz"),
        line(900003, ags="04011000"),
        '"900004";"02"',
        line(900005, plz="4632", day="31.02.2020"),
        line(900006, "x" * 600),
        line(900007, "Steuer\x07zeichen"),
    )
    found = take(db, tmp_path, listed(*bad))
    assert [reject.line for reject in found.rejects] == [4, 5, 6, 7, 9, 10]
    assert {note.number for note in found.notes} == {"900005"}
    assert found.counts["added"] == 2
    row = school(db, 900005)
    assert row is not None
    assert (row.postcode, row.opened_on) == ("", None)
    with db.read() as session:
        kept = session.scalars(sa.select(models.SchoolList)).one()
    assert kept.rejects[0]["reason"] == "Its Schulnummer stands further up already."


def test_a_row_that_became_bad_does_not_close_its_school(db: Database, tmp_path: Path) -> None:
    take(db, tmp_path, listed(line(900001), line(900002)))
    take(db, tmp_path, listed(line(900001, ags="kaputt"), line(900002)), LATER)
    row = school(db, 900001)
    assert row is not None
    assert row.closed_on is None


def test_an_edition_with_fewer_columns_leaves_the_rest_alone(db: Database, tmp_path: Path) -> None:
    take(db, tmp_path, listed(line(900001)))
    small = "Gemeindeschlüssel,Schulnummer,Schulbezeichnung 1\n05554012,900001,Kürzer\n"
    take(db, tmp_path, small.encode("cp1252"), LATER)
    row = school(db, 900001)
    assert row is not None
    assert (row.name, row.town, row.school_form) == ("Kürzer", "Borken", "02")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "column Schulnummer"),
        (b"sep=;\n", "column Schulnummer"),
        (b"<html><body>404</body></html>", "column Schulnummer"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"Schulnummer\0", "zero bytes"),
        (HEADER.encode(), "no school that can be used"),
        (listed('"900001;"02').encode(), "line"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(
    db: Database, tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(ListError, match=message):
        take(db, tmp_path, content)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("schuldaten_2021-09.csv", date(2021, 9, 1)),
        ("2024-10-15 schulen.csv", date(2024, 10, 15)),
        ("schulen20230201.csv", date(2023, 2, 1)),
        ("schulen_2023-02-31.csv", None),
        ("schulen.csv", None),
    ],
)
def test_the_day_stands_in_the_name(name: str, day: date | None) -> None:
    assert school_list.day_of(Path(name)) == day


def test_the_longest_key_decides_and_all_that_name_it_serve(db: Database, tmp_path: Path) -> None:
    rows = (line(900001), line(900002, ags="05554008"), line(900003, ags="05315000"))
    found = take(db, tmp_path, listed(*rows))
    assert found.unserved == {"05315": 1}
    assert served(db, 900001) == ("borken", "zweites")
    assert served(db, 900002) == ("bocholt",)
    assert served(db, 900003) == ()


def test_when_a_site_changes_its_districts_its_schools_follow(db: Database, tmp_path: Path) -> None:
    take(db, tmp_path, listed(line(900001), line(900002, ags="05315000")))
    with db.write() as session:
        site = session.get(models.Site, "zweites")
        assert site is not None
        site.ags = ["05315"]
        session.flush()
        assert serving.assign(session) == 2
        assert serving.assign(session) == 0
    assert served(db, 900001) == ("borken",)
    assert served(db, 900002) == ("zweites",)


def test_what_a_person_has_set_stays(db: Database, tmp_path: Path) -> None:
    take(db, tmp_path, listed(line(900001)))
    row = school(db, 900001)
    assert row is not None
    with db.write() as session:
        serving.set_by_hand(session, row.id, ["bocholt"])
    take(db, tmp_path, listed(line(900001, "Anders")), LATER)
    assert served(db, 900001) == ("bocholt",)


def served(db: Database, number: int) -> tuple[str, ...]:
    row = school(db, number)
    assert row is not None
    with db.read() as session:
        return serving.sites_of(session, [row.id]).get(row.id, ())


def test_the_real_list_leads_every_school_to_its_centre(
    database_url: str, tmp_path: Path, shared_data: Path
) -> None:
    path = shared_data / "schools" / "schuldaten_2021-09.csv"
    if not path.is_file():
        pytest.skip(f"the state's list is not here: {path.name}")
    from hub.directory import read_network, store

    config = Path(__file__).parents[3] / "config"
    with network(database_url, tmp_path, ()) as made:
        db = made.hub.db
        with db.write() as session:
            store(session, read_network(config / "network.toml"), "test")
        edition = school_list.read(path)
        found = intake.take_in(db, edition, date(2021, 9, 1), actor="test")
        assert (found.counts["added"], found.rejects, found.unserved) == (5507, (), {})
        with db.read() as session:
            link = models.InstitutionSite
            assert session.scalar(sa.select(sa.func.count()).select_from(link)) == 5507
            assert session.scalar(sa.select(sa.func.count(link.site_key.distinct()))) == 53
        again = intake.take_in(db, edition, date(2021, 9, 1), actor="test")
        assert again.counts["unchanged"] == 5507
