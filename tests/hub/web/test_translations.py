"""The German catalogue is complete, and holds nothing that no page says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import hub
from hub.web.language import CATALOGUES

HUB = Path(hub.__file__).parent

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
KEYWORDS = {"gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "_": None}


def forms(message: str | Iterable[str]) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)


def said(code: Path) -> set[tuple[str, ...]]:
    return {
        forms(message)
        for _, _, message, _, _ in extract_from_dir(
            code,
            method_map=[
                ("**/templates/**.html", "jinja2"),
                ("**/templates/**.js", "jinja2"),
                ("**.txt", "jinja2"),
                ("**.py", "python"),
            ],
            keywords=KEYWORDS,
            options_map={"**/templates/**.html": {"newstyle_gettext": "true"}},
        )
    }


def known(folder: Path) -> dict[tuple[str, ...], Message]:
    messages: dict[tuple[str, ...], Message] = {}
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="de"):
                if message.id:
                    assert forms(message.id) not in messages, f"twice: {message.id}"
                    messages[forms(message.id)] = message
    return messages


def check(messages: dict[tuple[str, ...], Message]) -> None:
    for ids, message in messages.items():
        texts = forms(message.string)
        assert all(texts), f"not translated: {ids}"
        assert not message.fuzzy, ids
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) <= set(PLACEHOLDER.findall(" ".join(ids))), ids


def test_every_message_of_the_hub_has_its_german_text() -> None:
    messages = known(CATALOGUES)
    asked = said(HUB)
    assert not asked - messages.keys(), f"missing in {CATALOGUES}"
    assert not messages.keys() - asked, "no page says this any more"
    check(messages)


@pytest.mark.parametrize(
    "name", sorted(plugin.name for plugin in entry_points(group="hub.plugins"))
)
def test_every_message_of_a_plugin_has_its_german_text(name: str) -> None:
    (entry_point,) = entry_points(group="hub.plugins", name=name)
    plugin = entry_point.load()
    source = Path(inspect.getfile(plugin))
    messages = known(plugin.translations) if plugin.translations else {}
    asked = said(source.parent) if source.name == "__init__.py" else set()
    assert not asked - messages.keys() - known(CATALOGUES).keys(), (
        f"missing in {plugin.translations}"
    )
    assert not messages.keys() - asked, "no page says this any more"
    check(messages)
