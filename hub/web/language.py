"""German by default, English by `?lang=en`: carried in every link, so that no cookie is needed."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale

LANGUAGES = ("de", "en")
CATALOGUES = Path(__file__).parent / "translations" / "de"
"""Folder of the hub's own German texts, one `.po` file for each subject."""


def language() -> str:
    """The language of this request: `de` or `en`."""
    asked = request.args.get("lang", "") if has_request_context() else ""
    return asked if asked in LANGUAGES else LANGUAGES[0]


class _PoDomain(Domain):
    """Reads the `.po` files themselves, so that nothing has to be compiled before the hub runs.

    Messages are written in English in the code, so English needs no catalogue.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._german = german([CATALOGUES])

    def add(self, folder: Path) -> None:
        """Take in the German texts of a plugin; where both know a message, the hub's text holds."""
        known = german([folder])
        known.merge(self._german)
        self._german = known

    def get_translations(self) -> NullTranslations:
        return self._german if str(get_locale()) == "de" else NullTranslations()


def german(folders: Iterable[Path]) -> Translations:
    """The German texts of all `.po` files in these folders."""
    found = Translations()
    for folder in folders:
        found.merge(Translations(io.BytesIO(_compiled(folder))))
    return found


@cache
def _compiled(folder: Path) -> bytes:
    """The messages of the `.po` files in a folder, as `.mo`."""
    catalogue = Catalog(locale="de")
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="de"):
                if message.id:
                    catalogue[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    return compiled.getvalue()


def add_translations(app: Flask, folder: Path) -> None:
    """Let the pages of `app` know the German texts of a plugin (`Plugin.translations`)."""
    app.extensions["hub.texts"].add(folder)


def init_app(app: Flask) -> None:
    Babel(app, default_locale="de", locale_selector=language)  # type: ignore[no-untyped-call]
    domain = app.extensions["hub.texts"] = _PoDomain()

    @app.before_request
    def use_domain() -> None:
        domain.as_default()  # type: ignore[no-untyped-call]

    @app.url_defaults
    def carry_language(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint != "static" and language() != LANGUAGES[0]:
            values.setdefault("lang", language())
