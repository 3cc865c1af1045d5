"""What a record of a source says in its own words, by the names that the source gives them.

For mappings: an element is named by its path without namespaces (`category`,
`educational/context/value`), a value is text on one line. Long texts are no words of a vocabulary
and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from hub.formats.text import line

LONGEST = 200
"""Characters."""
MOST = 500
"""Words of one record; a record with more is a flood."""
_DEEPEST = 12
_BARE = frozenset({"string", "langstring"})
"""Elements of LOM that only hold the text of the one around them."""
_NAMES = ("prefLabel", "name", "id")
_LANGUAGES = ("de", "en")


def of_element(root: etree._Element) -> dict[str, tuple[str, ...]]:
    """The words in an XML element."""
    return _gathered(_in_element(root, "", 0))


def of_object(root: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The words in a JSON object; of a concept its German label, else its name or address."""
    return _gathered((key, word) for key, value in root.items() for word in _in_value(value, 0))


def _gathered(pairs: Iterator[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for number, (name, text) in enumerate(pairs):
        if number >= MOST:
            break
        if len(text) > LONGEST * 2:
            continue
        word = line(text)
        if word and len(word) <= LONGEST:
            found.setdefault(name, {})[word] = None
    return {name: tuple(words) for name, words in found.items()}


def _in_element(element: etree._Element, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    for child in element.iterchildren("*"):  # without comments
        name = child.tag.rpartition("}")[2]
        here = path if name.lower() in _BARE and path else f"{path}/{name}" if path else name
        if len(child):
            yield from _in_element(child, here, depth + 1)
        elif child.text:
            yield here, child.text


def _in_value(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _in_value(one, depth + 1)
    elif isinstance(value, dict):
        names = [value[name] for name in _NAMES if value.get(name)]
        for one in names[:1]:
            if isinstance(one, dict):
                one = next((one[code] for code in _LANGUAGES if code in one), None)
            yield from _in_value(one, depth + 1)
