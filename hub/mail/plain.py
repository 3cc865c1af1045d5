"""HTML of a mail as plain text: paragraphs, lists, quotations; nothing is fetched or run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from lxml import etree

_BREAKS = frozenset(
    {"address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4",
     "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"}
)  # fmt: skip
_HIDDEN = frozenset({"head", "script", "style", "template", "title"})


def from_html(document: str) -> str:
    """The text of a document, however broken; each line of a quotation begins with `> `."""
    reader = _Reader()
    # libxml2 takes linear time for what the standard library's parser takes hours for.
    # Its typing asks for bytes, which it never gives.
    target = cast("Any", reader)
    parser = etree.HTMLParser(target=target, no_network=True, huge_tree=False)
    try:
        parser.feed(document)
        parser.close()
    except etree.ParseError:
        pass  # an empty document, or one nested too deeply: what was read of it counts
    return re.sub(r"\n{3,}", "\n\n", "\n".join(reader.lines())).strip()


class _Reader:
    """What the parser tells the parts of a document to, in their order."""

    def __init__(self) -> None:
        self._lines: list[tuple[bool, list[str]]] = [(False, [])]
        self._hidden = self._quoted = 0

    def lines(self) -> list[str]:
        told = ((quoted, " ".join("".join(words).split())) for quoted, words in self._lines)
        return [f"> {line}" if quoted and line else line for quoted, line in told]

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._hidden += tag in _HIDDEN
        self._quoted += tag == "blockquote"
        self._break(tag)
        if tag == "li":
            self._lines[-1][1].append("- ")

    def end(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN
        self._quoted -= tag == "blockquote"
        if tag != "br":
            self._break(tag)

    def data(self, text: str) -> None:
        if not self._hidden:
            self._lines[-1][1].append(text)

    def close(self) -> None:
        pass

    def _break(self, tag: str) -> None:
        if tag in _BREAKS:
            self._lines.append((self._quoted > 0, []))
