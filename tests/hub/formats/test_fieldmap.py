"""Mappings: what words mean by them, as data and back, and what a file says that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub import mapping
from hub.catalogue import mapped
from hub.catalogue.prepare import prepare
from hub.formats import fieldmap, words
from hub.formats.fieldmap import CODED, KEEP, OMIT, REJECT, FieldMap, Rule, Unmapped
from hub.mapping import MappingError
from hub.records import AccessMode, Document, Kind, MediumType, Record, Reject, Upsert

texts = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=20).filter(str.strip)
CODES = {
    "subjects": ["080", "120"],
    "levels": ["grundschule"],
    "audiences": ["kita"],
    "competences": ["3.4"],
    "kind": list(Kind),
    "medium_type": list(MediumType),
    "carrier": ["dvd"],
    "keywords": ["Wasser", "Luft"],
}


@st.composite
def rules(draw: st.DrawFn, field: str) -> Rule:
    codes = st.sampled_from(CODES[field])
    return Rule(
        field,
        tuple(draw(st.lists(texts, min_size=1, max_size=3, unique=True))),
        draw(st.just("") | codes),
        draw(st.sampled_from(["", ";", ","])),
        tuple(draw(st.dictionaries(texts, st.just("") | codes, max_size=5)).items()),
        draw(st.sampled_from([KEEP, OMIT, REJECT])),
    )


@st.composite
def maps(draw: st.DrawFn) -> FieldMap:
    fields = draw(st.lists(st.sampled_from(CODED), unique=True, max_size=4))
    return FieldMap(tuple(draw(rules(field)) for field in sorted(fields)))


@given(maps())
def test_a_mapping_is_the_same_after_it_was_stored_and_sent(one: FieldMap) -> None:
    assert mapping.load(json.loads(json.dumps(mapping.dump(one))), CODED) == one
    assert mapping.from_file(mapping.to_file("feed", one), "feed", CODED) == one


@given(maps(), st.dictionaries(texts, st.lists(texts, max_size=4).map(tuple), max_size=4))
def test_every_code_is_ours_and_what_nothing_is_said_of_stays(
    one: FieldMap, said: dict[str, tuple[str, ...]]
) -> None:
    record = Record("1", Kind.MEDIUM, "Titel", subjects=("700",), keywords=("Alt",))
    try:
        found = fieldmap.apply(one, record, said)
    except Unmapped:
        assert any(rule.unknown == REJECT for rule in one.rules)
        return
    assert fieldmap.apply(one, record, said) == found
    assert found.title == record.title
    assert found.kind in set(Kind)
    for rule in one.rules:
        if not rule.words(said) and not rule.fixed and rule.field != "keywords":
            assert getattr(found, rule.field) == getattr(record, rule.field)
        if rule.field == "subjects" and rule.words(said):
            assert all(mapping.known_code("subjects", code) for code in found.subjects)


def test_words_are_translated_kept_left_out_or_reject_their_record() -> None:
    record = Record("1", Kind.MEDIUM, "Titel", keywords=("Bio", "Alt", "Murks"))
    said = {"fach": ("BIO;  Erdkunde ;Murks; Neues",)}
    rule = Rule("subjects", ("fach",), "", ";", (("Bio", "080"), ("murks", "")))
    found = fieldmap.apply(FieldMap((rule,)), record, said)
    assert found.subjects == ("080", "220")
    assert found.keywords == ("Bio", "Alt", "Neues")
    omitted = fieldmap.apply(FieldMap((Rule(**{**vars_of(rule), "unknown": OMIT}),)), record, said)
    assert omitted.subjects == ("080",)
    assert omitted.keywords == ("Bio", "Alt")
    with pytest.raises(Unmapped, match="Erdkunde"):
        fieldmap.apply(FieldMap((Rule(**{**vars_of(rule), "unknown": REJECT}),)), record, said)
    room = Rule("kind", ("fach",), "room")
    moved = fieldmap.apply(FieldMap((room,)), record, {})
    assert (moved.kind, moved.access) == (Kind.ROOM, AccessMode.BOOKING)


def vars_of(rule: Rule) -> dict[str, Any]:
    names = ("field", "sources", "fixed", "separator", "values", "unknown")
    return {name: getattr(rule, name) for name in names}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "line 1, column 2"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "no mapping"),
        (b'{"format": "hub-mapping", "version": 1}', "plugin"),
        (b'{"format": "x", "version": 1, "plugin": "feed", "fields": {}}', "format"),
        (b"[" * 100_000, "no mapping|no JSON"),
        (b" " * 900_001, "larger than 900 kB"),
        (b'{"format": "hub-mapping", "version": 1, "plugin": "tables", "fields": {}}', "for the"),
    ],
)
def test_a_file_that_is_no_mapping_says_why(content: bytes, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        mapping.from_file(content, "feed", CODED)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"colour": {"from": ["a"]}}, "colour"),
        ({"subjects": {"from": ["a"], "values": {"Bio": "nein"}}}, "subjects.values.Bio"),
        ({"kind": {"fixed": "boat"}}, "kind.fixed"),
        ({"kind": {}}, "kind: from"),
        ({"kind": {"from": ["a"], "extra": 1}}, "extra"),
        ({"kind": {"from": ["a"], "unknown": "explode"}}, "unknown"),
        ({"kind": {"from": ["a\x00b"]}}, "control character"),
        ({"kind": []}, "kind"),
    ],
)
def test_a_mapping_that_cannot_be_used_names_the_field(fields: Any, said: str) -> None:
    with pytest.raises(MappingError, match=said):
        mapping.load(fields, CODED)


def test_words_of_xml_and_json_are_named_by_their_path() -> None:
    lom = etree.fromstring(
        "<lom xmlns='urn:x'><!-- c --><general><keyword><string>Bio</string></keyword>"
        "<keyword><string>Wasser</string></keyword></general><long>" + "x" * 500 + "</long></lom>"
    )
    assert words.of_element(lom) == {"general/keyword": ("Bio", "Wasser")}
    amb = {"about": [{"id": "x", "prefLabel": {"de": "Biologie"}}], "keywords": ["a"], "n": 3}
    assert words.of_object(amb) == {"about": ("Biologie",), "keywords": ("a",)}


def read(content: bytes) -> Record:
    return Record("1", Kind.MEDIUM, content.decode())


def said(content: bytes) -> dict[str, tuple[str, ...]]:
    return {"art": (content.decode(),)}


def test_documents_and_records_pass_the_mapping_in_one_place() -> None:
    rule = Rule("medium_type", ("art",), values=(("Film", "video"),), unknown=REJECT)

    class Site:
        plugins = {"x": type("P", (), {"mapping": FieldMap((rule,))})}

        def implements(self, plugin: str, hook: str) -> bool:
            return False

    fill = mapped.filler(Site(), "x")  # type: ignore[arg-type]
    plain = Document("1", b"Film", read)
    first, second = (fill(Document("1", b"Film", read, said)) for _ in range(2))
    assert first.read is second.read
    page = prepare([first], {})
    assert '"video"' in page.upserts["1"].text
    assert page.upserts["1"].source_hash != prepare([plain], {}).upserts["1"].source_hash
    rejected = prepare([fill(Document("1", b"Buch", read, said))], {})
    assert "Buch" in rejected.rejects[0].reason
    assert isinstance(fill(Upsert(read(b"x"), {"art": ("Buch",)})), Reject)
    assert fill(Upsert(read(b"x"), {"art": ("Film",)})).record.medium_type == "video"
    hostile = Upsert(Record("1", Kind.MEDIUM, "x", keywords=3), {"art": (7,)})  # type: ignore[arg-type, dict-item]
    assert isinstance(fill(hostile), Reject)
