"""HTML of a mail as plain text: paragraphs, lists, quotations; nothing is fetched or run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BREAKS = frozenset(
    {"address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4",
     "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"}
)  # fmt: skip
_HIDDEN = frozenset({"head", "script", "style", "template", "title"})


def from_html(document: str) -> str:
    """The text of a document; each line of a quotation begins with `> `."""
    reader = _Reader()
    reader.feed(document)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(reader.lines())).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[tuple[bool, list[str]]] = [(False, [])]
        self._hidden = self._quoted = 0

    def lines(self) -> list[str]:
        told = ((quoted, " ".join("".join(words).split())) for quoted, words in self._lines)
        return [f"> {line}" if quoted and line else line for quoted, line in told]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        if tag == "blockquote":
            self._quoted += 1
        self._break(tag)
        if tag == "li":
            self._lines[-1][1].append("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        if tag == "blockquote":
            self._quoted = max(self._quoted - 1, 0)
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._lines[-1][1].append(data)

    def _break(self, tag: str) -> None:
        if tag in _BREAKS:
            self._lines.append((self._quoted > 0, []))
