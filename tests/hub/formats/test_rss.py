"""RSS 2.0: real items, and every field there and back."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.catalogue.normalise import normalise
from hub.formats import rss
from hub.records import Event, Identifier, Kind, MediumType, Record, Reject

WORDS = st.text("abcdefgABCDEFGäöüßÄÖÜéñ0123456789", min_size=1, max_size=12)
LINES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


def item(inside: str) -> etree._Element:
    prefixes = " ".join(f'xmlns:{name}="{address}"' for name, address in rss._PREFIXES.items())
    return etree.fromstring(f"<item {prefixes}>{inside}</item>")


def record(inside: str, **more: object) -> Record:
    found = rss.read(item(inside), **more)  # type: ignore[arg-type]
    assert isinstance(found, Record), found
    return found


def test_the_real_feed(shared_data: Path) -> None:
    root = etree.parse(shared_data / "records" / "siemens_stiftung_2018.rss.xml").getroot()
    found = [rss.read(entry) for entry in root.iter("item")]
    records = [one for one in found if isinstance(one, Record)]
    assert len(records) == 350
    assert len({one.source_id for one in records}) == 350
    assert len({one.title for one in records}) == 343
    languages = Counter(one.languages for one in records)
    assert languages[("de",)] > 270
    assert languages[("es",)] == 25
    assert languages[("en",)] == 24
    assert languages[()] < 30
    eye = records[0]
    assert eye.title == "La estructura del ojo"
    assert eye.languages == ("es",)  # the channel says DE
    assert eye.url == eye.source_id == "https://medienportal.siemens-stiftung.org/105916"
    assert eye.image_url.endswith("/data_portal/obj_previews/105916.png")
    assert eye.keywords == ("Ojo", "Sinnesorgan", "Visión")
    assert eye.modified == datetime(2017, 12, 19, 10, 41, 41, tzinfo=UTC)
    board = next(one for one in records if one.url.endswith("/106425"))
    assert board.languages == ("de",)
    assert board.medium_type is MediumType.INTERACTIVE
    for one in records:
        fit = normalise(one)
        back = rss.read(rss.write(fit))
        assert isinstance(back, Record)
        assert normalise(back) == fit


def test_html_and_dangerous_links_are_cleaned() -> None:
    found = record(
        "<title>Wald &amp;amp; Wiese</title><link>javascript:alert(1)</link><guid>w1</guid>"
        "<description>&lt;p&gt;Ein &lt;b&gt;Film&lt;/b&gt;&lt;/p&gt;"
        "&lt;script&gt;alert(1)&lt;/script&gt;</description>"
        '<enclosure url="data:image/png;base64,x" type="image/png"/>'
    )
    assert found.title == "Wald & Wiese"
    assert found.description == "Ein Film"
    assert (found.url, found.image_url, found.identifiers) == ("", "", ())


def test_links_are_resolved_against_the_channel() -> None:
    found = record("<title>T</title><link>/105</link>", base="https://medien.example/feed/")
    assert found.url == found.source_id == "https://medien.example/105"


def test_an_id_is_found_for_every_item() -> None:
    assert record("<title>T</title><guid>g</guid><link>https://x.example/1</link>").source_id == "g"
    assert record("<title>T</title><link>https://x.example/1</link>").source_id.endswith("/1")
    nameless = record("<title>T</title><description>Text</description>")
    assert nameless.source_id == record("<description>Text</description><title>T</title>").source_id
    assert (
        nameless.source_id != record("<title>T</title><description>anders</description>").source_id
    )


def test_a_guid_that_is_no_permalink_is_no_address() -> None:
    assert record('<title>T</title><guid isPermaLink="false">https://x.example/1</guid>').url == ""
    assert record("<title>T</title><guid>https://x.example/1</guid>").url == "https://x.example/1"


def test_a_description_stands_in_for_a_title() -> None:
    assert record("<description>Erste Zeile\nzweite</description>").title == "Erste Zeile"
    assert isinstance(rss.read(item("<guid>7</guid>")), Reject)


def test_modules() -> None:
    found = record(
        "<title>Podcast</title><guid>1</guid><author>a@b.example (Anna Alt)</author>"
        "<dc:creator>Bert Bunt</dc:creator><dc:publisher>Haus</dc:publisher>"
        "<dc:language>de-DE</dc:language><itunes:duration>31:33</itunes:duration>"
        '<enclosure url="https://x.example/1.mp3" type="audio/mpeg"/>'
        '<media:thumbnail url="https://x.example/1.png"/>'
        "<cc:license>http://creativecommons.org/licenses/by/4.0/deed.de</cc:license>"
        "<category>Physik</category><pubDate>Tue, 19 Dec 2017 11:41:41 +0100</pubDate>"
    )
    assert found.creators == ("Bert Bunt", "Anna Alt")
    assert found.publishers == ("Haus",)
    assert found.languages == ("de-DE",)
    assert (found.duration, found.medium_type) == (1893, MediumType.AUDIO)
    assert (found.url, found.image_url) == ("https://x.example/1.mp3", "https://x.example/1.png")
    assert found.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert (found.subjects, found.keywords) == (("460",), ("Physik",))


def test_events() -> None:
    found = record(
        "<title>Fortbildung</title><ev:startdate>2027-03-12T14:30:00+01:00</ev:startdate>"
        "<ev:enddate>2027-03-12T17:00:00+01:00</ev:enddate><ev:location>Raum 1</ev:location>",
        kind=Kind.TRAINING,
    )
    start = datetime(2027, 3, 12, 13, 30, tzinfo=UTC)
    assert found.events == (Event(start, start + timedelta(hours=2, minutes=30)),)
    assert (found.place, found.medium_type) == ("Raum 1", None)


@pytest.mark.parametrize("text", ["gestern", "", "Tue, 99 Dec 2017 11:41:41 +0100", "0000-00-00"])
def test_times_that_are_none(text: str) -> None:
    assert record(f"<title>T</title><pubDate>{text}</pubDate>").modified is None


@settings(deadline=None)
@given(
    st.builds(
        lambda number, **fields: Record(
            source_id=f"https://x.example/{number}",
            kind=Kind.MEDIUM,
            url=f"https://x.example/{number}",
            identifiers=(Identifier("url", f"https://x.example/{number}"),),
            **fields,
        ),
        st.integers(1, 999),
        title=LINES,
        description=LINES,
        languages=st.sampled_from([("de",), ("en",), ("fr", "de")]),
        image_url=st.sampled_from(["", "https://x.example/b.png"]),
        medium_type=st.sampled_from([MediumType.VIDEO, MediumType.IMAGE, MediumType.WEBSITE]),
        subjects=st.sampled_from([(), ("080",), ("380", "460")]),
        levels=st.sampled_from([(), ("grundschule",), ("sekundarstufe_1", "sekundarstufe_2")]),
        competences=st.sampled_from([(), ("3.4",)]),
        creators=st.lists(LINES, max_size=2, unique=True).map(tuple),
        publishers=st.lists(LINES, max_size=2, unique=True).map(tuple),
        duration=st.none() | st.integers(1, 9_999),
        licence=st.sampled_from(["", "https://creativecommons.org/licenses/by/4.0/"]),
        place=st.sampled_from(["", "Raum 1"]),
        modified=st.none()
        | st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)).map(
            lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
        ),
    )
)
def test_every_field_goes_there_and_back(one: Record) -> None:
    fit = normalise(one)
    again = etree.fromstring(etree.tostring(rss.write(fit)))
    back = rss.read(again)
    assert isinstance(back, Record)
    assert normalise(back) == fit


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["title", "link", "guid", "pubDate", "description", "category"]),
            st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20),
        ),
        max_size=6,
    )
)
def test_any_item_is_a_record_or_a_reject(parts: list[tuple[str, str]]) -> None:
    element = etree.Element("item")
    for name, text in parts:
        try:
            etree.SubElement(element, name).text = text
        except ValueError:
            continue
    found = rss.read(element)
    if isinstance(found, Record):
        assert normalise(found).source_id
