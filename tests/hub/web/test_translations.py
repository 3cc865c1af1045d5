"""The German catalogue is complete, and holds nothing that no page says."""

from __future__ import annotations

import re
from collections.abc import Iterable

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hub.web.language import CATALOGUE

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
KEYWORDS = {"gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "_": None}


def forms(message: str | Iterable[str]) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)


def test_every_message_has_its_german_text() -> None:
    said = {
        forms(message)
        for _, _, message, _, _ in extract_from_dir(
            CATALOGUE.parent.parent,
            method_map=[("templates/**.html", "jinja2"), ("**.py", "python")],
            keywords=KEYWORDS,
            options_map={"templates/**.html": {"newstyle_gettext": "true"}},
        )
    }
    with CATALOGUE.open("rb") as file:
        known = {forms(m.id): m for m in read_po(file, locale="de") if m.id}
    assert not said - known.keys(), "missing in hub/web/translations/de.po"
    assert not known.keys() - said, "no page says this any more"
    for ids, message in known.items():
        texts = forms(message.string)
        assert all(texts), f"not translated: {ids}"
        assert not message.fuzzy, ids
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) <= set(PLACEHOLDER.findall(" ".join(ids))), ids
