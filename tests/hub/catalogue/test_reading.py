"""Documents: read once, read again when they or their reader changed, and never trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import models
from hub.catalogue import reading, runs
from hub.catalogue.preview import preview
from hub.catalogue.sync import sync
from hub.records import Change, Checkpoint, Delete, Document, Record, Upsert
from tests.sources import Network, medium, network

READ: list[str] = []
"""What was read, in this process."""


def read(content: bytes, prefix: str = "") -> Record:
    """`id|title` is a record."""
    source_id, title = content.decode().split("|")
    READ.append(source_id)
    if title == "broken":
        raise ValueError("this one is broken")
    if title == "defect":
        raise KeyError("secret")
    return medium(source_id, prefix + title)


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    READ.clear()
    with network(database_url, tmp_path, ["borken"]) as made:
        yield made


def document(text: str, reader: object = read) -> Document:
    return Document(text.partition("|")[0], text.encode(), reader)  # type: ignore[arg-type]


def run(net: Network, *changes: Change, complete: bool = True) -> object:
    READ.clear()
    net.play("borken", [*changes, Checkpoint(None, complete=complete)])
    return sync(net.hub.db, net.site("borken"), "scripted", full=True)


def titles(net: Network) -> dict[str, str]:
    with net.hub.db.read() as session:
        live = sa.select(models.Offer).where(models.Offer.withdrawn_at.is_(None))
        return {offer.source_id: offer.title for offer in session.scalars(live)}


def test_a_document_is_read_once(net: Network) -> None:
    first = run(net, document("a|Wasser"), document("b|Luft"))
    assert (first.added, READ) == (2, ["a", "b"])
    again = run(net, document("a|Wasser"), document("b|Feuer"))
    assert (again.unchanged, again.changed, READ) == (1, 1, ["b"])
    assert titles(net) == {"a": "Wasser", "b": "Feuer"}
    assert again.state == "succeeded"


def test_another_reader_reads_again(net: Network) -> None:
    run(net, document("a|Wasser"))
    report = run(net, document("a|Wasser", partial(read, prefix="Neu: ")))
    assert (report.changed, READ) == (1, ["a"])
    assert titles(net) == {"a": "Neu: Wasser"}
    same = run(net, document("a|Wasser", partial(read, prefix="Neu: ")))
    assert (same.unchanged, READ) == (1, [])


def around(content: bytes, inner: Callable[[bytes], Record]) -> Record:
    return inner(content)


def test_a_reader_within_a_reader_counts_too(net: Network) -> None:
    for prefix, reads in (("", ["a"]), ("", []), ("Neu: ", ["a"]), ("Neu: ", [])):
        reader = partial(around, inner=partial(read, prefix=prefix))
        run(net, document("a|Wasser", reader))
        assert reads == READ
        assert titles(net) == {"a": f"{prefix}Wasser"}


def test_new_code_reads_again_and_only_once(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    run(net, document("a|Wasser"))
    monkeypatch.setattr(reading, "_signature", lambda _: b"another version")
    report = run(net, document("a|Wasser"))
    assert (report.unchanged, report.changed, READ) == (1, 0, ["a"])
    assert run(net, document("a|Wasser")).unchanged == 1
    assert READ == [], "the new version is noted although nothing else changed"


def test_what_was_not_sent_is_withdrawn_and_comes_back(net: Network) -> None:
    texts = [f"{letter}|Wasser" for letter in "abcdefghij"]
    run(net, *map(document, texts))
    assert run(net, *map(document, texts[1:])).withdrawn == 1
    back = run(net, *map(document, texts))
    assert (back.changed, back.unchanged, READ) == (1, 9, ["a"])
    assert len(titles(net)) == 10


def test_a_page_that_speaks_twice_of_a_record_is_taken_in_its_order(net: Network) -> None:
    run(net, document("a|Wasser"), document("b|Luft"), document("c|Erde"))
    run(net, document("a|Wasser"), Delete("a"), document("b|Luft"), document("b|Feuer"),
        document("c|Erde"), complete=False)  # fmt: skip
    assert titles(net) == {"b": "Feuer", "c": "Erde"}


def test_a_source_may_change_from_records_to_documents_and_back(net: Network) -> None:
    assert run(net, Upsert(medium("a", "Wasser"))).added == 1
    assert run(net, document("a|Wasser")).unchanged == 1
    assert run(net, document("a|Wasser")).unchanged == 1
    assert READ == []
    assert run(net, Upsert(medium("a", "Wasser"))).unchanged == 1
    assert run(net, document("a|Wasser")).unchanged == 1
    assert READ == ["a"]


def foreign(content: bytes) -> Record:
    return medium("somebody else", "Wasser")


def nothing(content: bytes) -> Record:
    return None  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (document("a|broken"), "this one is broken"),
        (document("a|defect"), "the record cannot be read (KeyError)"),
        (document("a|x", foreign), "source_id: the document is that of another record"),
        (document("a|x", nothing), "a record was expected, not NoneType"),
        (document("a|x", None), "the record cannot be read (TypeError)"),
        (Document("a", "a|x", read), "content: a document of at most 5 MB was expected"),  # type: ignore[arg-type]
        (Document("a", b"a|" + b"x" * 5_000_000, read), "content: a document of at most 5 MB"),
    ],
)
def test_documents_that_lie_are_rejected_and_the_rest_arrives(
    net: Network, change: Change, reason: str
) -> None:
    report = run(net, change, document("b|Luft"))
    assert report.state == "succeeded"
    assert (report.added, report.rejected) == (1, 1)
    with net.hub.db.read() as session:
        detail = runs.detail(session, report.run_id)
    assert detail["rejects"][0]["reason"].startswith(reason)
    assert detail["rejects"][0]["source_id"] == "a"
    assert len(detail["rejects"][0]["excerpt"]) <= 500
    assert "secret" not in str(detail)


def test_a_document_that_cannot_be_read_now_is_not_withdrawn(net: Network) -> None:
    run(net, document("a|Wasser"), document("b|Luft"))
    run(net, document("a|broken"), document("b|Luft"))
    assert titles(net) == {"a": "Wasser", "b": "Luft"}
    assert run(net, document("a|Wasser"), document("b|Luft")).unchanged == 2


def test_whole_pages_are_read_on_another_core(net: Network) -> None:
    texts = [f"{number}|Wasser {number}" for number in range(1_200)]
    assert run(net, *map(document, texts)).added == 1_200
    assert len(READ) < 1_200, "some were read in another process"
    assert run(net, *map(document, texts)).unchanged == 1_200
    assert READ == []


def test_a_reader_that_cannot_travel_is_used_here(net: Network) -> None:
    texts = [f"{number}|Wasser {number}" for number in range(600)]
    report = run(net, *(document(text, lambda content: read(content, "")) for text in texts))
    assert report.added == 600


def test_a_preview_reads_documents(net: Network) -> None:
    net.play("borken", [document("a|Wasser"), document("b|broken"), Checkpoint(None)])
    report = preview(net.hub.db, net.site("borken"), "scripted")
    assert (report.added, report.rejected) == (1, 1)
