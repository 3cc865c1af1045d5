"""What the matcher takes for the same work, and what it must never merge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.benchmarks.works_records import build
from hub.catalogue.matching.blocks import FULLEST, Blocks, keys
from hub.catalogue.matching.pairing import match
from hub.catalogue.matching.scoring import Decision, judge
from hub.catalogue.matching.text import Features, features
from hub.catalogue.matching.vectors import Model, cosine
from hub.catalogue.matching.vetoes import vetoes
from hub.records import Carrier, Identifier, Kind, MediumType, Record

BACKGROUND = [features(record) for record in build(1_000, seed=9).left.values()]
MODEL = Model.fit(found.all for found in BACKGROUND)


def film(title: str, **more: object) -> Record:
    known = Record(
        source_id="1",
        kind=Kind.MEDIUM,
        title=title,
        languages=("de",),
        medium_type=MediumType.VIDEO,
        publishers=("Naturfilm Haarstrang",),
        creators=("Birgit Hülsewig",),
        year=2019,
        duration=1_200,
    )
    return replace(known, **more)  # type: ignore[arg-type]


def decide(one: Record, other: Record) -> Decision:
    return judge(features(one), features(other), MODEL).decision


SAME = [
    (film("Vulkane der Eifel"), film("VULKANE DER EIFEL")),
    (film("Vulkane der Eifel"), film("Vulkane der Eiffel")),
    (film("Frösche und Kröten"), film("Froesche und Kroeten")),
    (film("Frösche und Kröten"), film("Frosche und Kroten")),
    (film("Das Korallenriff", subtitle="Stadt unter Wasser"),
     film("Das Korallenriff: Stadt unter Wasser", duration=1_210)),
    (film("Das Korallenriff", subtitle="Stadt unter Wasser"), film("Das Korallenriff")),
    (film("Das Korallenriff", series="Lebensräume"), film("Lebensräume – Das Korallenriff")),
    (film("Der Wasserkreislauf"), film("Der Wasser-Kreislauf")),
    (film("Das Moor", creators=("Birgit Hülsewig",)), film("Das Moor", creators=("Hülsewig, B.",))),
    (film("Das Moor erleben"), film("Das Moor erleben", carrier=Carrier.DVD)),
    (film("Hecke Teil 2"), film("Hecke. 2. Teil")),
    (film("Hecke Teil II"), film("Hecke (2)")),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_work(one: Record, other: Record) -> None:
    assert decide(one, other) is Decision.AUTOMATIC


OTHERS = [
    (film("Meine Erde: Wasser"), film("Meine Erde: Feuer")),
    (film("Wasser", subtitle="Leben im Fluss"), film("Wasser", subtitle="Leben am Meer")),
    (film("Hecke Teil 1"), film("Hecke Teil 2")),
    (film("Hecke"), film("Hecke 2")),
    (film("Erster Weltkrieg"), film("Zweiter Weltkrieg")),
    (film("Deutschland 1848"), film("Deutschland 1918")),
    (film("Das Moor"), film("Das Moor", medium_type=MediumType.AUDIO)),
    (film("Das Moor"), film("Das Moor", languages=("en",))),
    (film("Das Moor"), film("Das Moor (englische Fassung)")),
    (film("Das Moor"), film("Das Moor auf Türkisch", languages=())),
    (film("Das Moor"), film("Das Moor (Hörfilmfassung)")),
    (film("Das Moor"), film("Das Moor – Kurzfassung")),
    (film("Das Moor"), film("Das Moor: Begleitheft")),
    (film("Das Moor"), film("Das Moor in Leichter Sprache")),
    (film("Die Römer"), film("Die Römer", year=2004, creators=("Ulf Sölling",), duration=2_700)),
    (film("Die Römer", creators=(), publishers=(), duration=None),
     film("Die Römer", creators=(), publishers=(), duration=None)),
    (film("Das Moor", identifiers=(Identifier("medium", "5511494"),)),
     film("Das Moor", identifiers=(Identifier("medium", "5511495"),))),
    (film("Das Moor", age_rating="6"), film("Das Moor", age_rating="12")),
    (film("Makerspace", kind=Kind.ROOM), film("Makerspace", kind=Kind.ROOM)),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_what_no_machine_may_merge(one: Record, other: Record) -> None:
    assert decide(one, other) is not Decision.AUTOMATIC


@pytest.mark.parametrize(("one", "other"), [OTHERS[2], OTHERS[6], OTHERS[7], OTHERS[10]])
def test_what_is_not_even_shown(one: Record, other: Record) -> None:
    assert decide(one, other) is Decision.NONE


def test_a_judgement_says_why() -> None:
    one = film("Vulkane der Eifel", subtitle="Feuer aus der Tiefe")
    found = judge(features(one), features(film("Vulkane der Eiffel", year=2020)), MODEL)
    assert found.slips == [("eifel", "eiffel")]
    assert found.left_only == ["feuer", "tiefe"]
    assert {"duration", "names", "publisher", "year"} == set(found.agree)
    assert found.as_data()["decision"] == "review"
    veto = vetoes(features(film("Moor Teil 1")), features(film("Moor Teil 2")))[0]
    assert (veto.name, veto.left, veto.right, veto.hard) == ("part", "1", "2", True)


titles = st.sampled_from(sorted({found.title for found in BACKGROUND}))
many = st.builds(
    film,
    titles,
    subtitle=st.sampled_from(["", "Leben am Fluss", "Grundlagen"]),
    year=st.sampled_from([None, 2019, 2020, 1999]),
    duration=st.sampled_from([None, 1_200, 1_230, 3_000]),
    languages=st.sampled_from([(), ("de",), ("en",)]),
    medium_type=st.sampled_from([None, *MediumType]),
    creators=st.sampled_from([(), ("Birgit Hülsewig",), ("Ulf Sölling",)]),
    kind=st.sampled_from([Kind.MEDIUM, Kind.MEDIUM, Kind.ROOM]),
)


@given(one=many, other=many)
def test_a_verdict_does_not_depend_on_the_side(one: Record, other: Record) -> None:
    first = judge(features(one), features(other), MODEL)
    second = judge(features(other), features(one), MODEL)
    assert first.decision is second.decision
    assert first.score == pytest.approx(second.score)
    assert sorted(first.agree) == sorted(second.agree)
    assert first.left_only == second.right_only


@given(one=many, other=many)
def test_no_veto_is_overruled(one: Record, other: Record) -> None:
    decision = decide(one, other)
    found = vetoes(features(one), features(other))
    if any(veto.hard for veto in found):
        assert decision is Decision.NONE
    elif found:
        assert decision is not Decision.AUTOMATIC
    if Kind.MEDIUM not in (one.kind, other.kind):
        assert decision is not Decision.AUTOMATIC


@given(one=many, first=st.integers(1, 30), second=st.integers(1, 30), word=st.sampled_from(
    ["{t} Teil {k}", "{t}, Folge {k}", "{t}: Band {k}", "{t} ({k}. Teil)", "{t} Vol. {k}"]
))  # fmt: skip
def test_parts_never_merge(one: Record, first: int, second: int, word: str) -> None:
    assume(first != second)
    parts = [replace(one, title=word.format(t=one.title, k=k)) for k in (first, second)]
    assert decide(*parts) is Decision.NONE
    assert decide(one, parts[0]) is not Decision.AUTOMATIC
    assert not [v for v in vetoes(features(parts[0]), features(parts[0])) if v.name == "part"]


@given(one=many, types=st.lists(st.sampled_from(
    [t for t in MediumType if t is not MediumType.OTHER]), min_size=2, max_size=2, unique=True
))  # fmt: skip
def test_medium_types_never_merge(one: Record, types: list[MediumType]) -> None:
    pair = [replace(one, medium_type=medium_type) for medium_type in types]
    assert decide(*pair) is Decision.NONE


@given(one=many, pattern=st.sampled_from(
    ["{t} (englische Fassung)", "{t} – English version", "{t} [engl.]", "{t} auf Englisch"]
))  # fmt: skip
def test_translations_never_merge(one: Record, pattern: str) -> None:
    german = replace(one, languages=("de",))
    assert decide(german, replace(one, title=pattern.format(t=one.title))) is Decision.NONE
    assert decide(german, replace(one, languages=("en",))) is Decision.NONE


@given(one=many, pattern=st.sampled_from(
    ["{t} (Kurzfassung)", "{t} – Hörfilmfassung", "{t} in Leichter Sprache", "{t}: Begleitheft",
     "{t} (mit Gebärdensprache)", "{t} – Lehrerfassung", "{t} (Neuauflage)", "{t} (OmU)"]
))  # fmt: skip
def test_editions_never_merge(one: Record, pattern: str) -> None:
    assert decide(one, replace(one, title=pattern.format(t=one.title))) is Decision.NONE


@given(text=st.text(max_size=80))
def test_any_title_can_be_read(text: str) -> None:
    found = features(film(text or "x", subtitle=text, series=text, creators=(text,)))
    assert len(keys(found, MODEL)) <= 35
    judge(found, found, MODEL)


def test_a_model_survives_being_stored() -> None:
    again = Model.load(MODEL.dump())
    assert again.vector("vulkane der eifel") == MODEL.vector("vulkane der eifel")
    assert again.rare("vulkane der eifel", 5) == MODEL.rare("vulkane der eifel", 5)
    assert cosine(MODEL.vector("moor"), MODEL.vector("moor")) == pytest.approx(1, abs=1e-5)
    assert MODEL.rare("", 5)


def test_a_full_block_costs_no_more() -> None:
    blocks: Blocks[int] = Blocks()
    sources = {number: "left" if number % 2 else "right" for number in range(500)}
    for number in sources:
        blocks.add(number, ["=moor"])
    found = blocks.candidates(["=moor"], sources, "left")
    assert found
    assert all(sources[one] == "right" and one < FULLEST for one in found)


def test_only_each_others_best_are_paired() -> None:
    records: dict[str, Features] = {
        "a": features(film("Vulkane der Eifel", source_id="a")),
        "b": features(film("Vulkane der Eifel", source_id="b")),
        "c": features(film("Vulkane der Eifel und Maare", source_id="c")),
    }
    pairs = match(records, {"a": "left", "b": "right", "c": "right"})
    assert [(pair.left, pair.right) for pair in pairs] == [("a", "b")]
    assert pairs[0].judgement.decision is Decision.AUTOMATIC


def test_two_that_are_as_good_are_left_to_a_person() -> None:
    records = {name: features(film("Vulkane der Eifel")) for name in "abc"}
    pairs = match(records, {"a": "left", "b": "right", "c": "right"})
    assert [pair.judgement.cautions for pair in pairs] == [["ambiguous"]]
    assert pairs[0].judgement.decision is Decision.REVIEW
