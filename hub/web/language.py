"""German by default, English by `?lang=en`: carried in every link, so that no cookie is needed."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale

LANGUAGES = ("de", "en")
CATALOGUE = Path(__file__).parent / "translations" / "de.po"


def language() -> str:
    """The language of this request: `de` or `en`."""
    asked = request.args.get("lang", "") if has_request_context() else ""
    return asked if asked in LANGUAGES else LANGUAGES[0]


class _PoDomain(Domain):
    """Reads the `.po` file itself, so that nothing has to be compiled before the hub runs.

    Messages are written in English in the code, so English needs no catalogue.
    """

    def get_translations(self) -> NullTranslations:
        return german() if str(get_locale()) == "de" else NullTranslations()


@cache
def german() -> Translations:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="de")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def init_app(app: Flask) -> None:
    Babel(app, default_locale="de", locale_selector=language)  # type: ignore[no-untyped-call]
    domain = _PoDomain()  # type: ignore[no-untyped-call]

    @app.before_request
    def use_domain() -> None:
        domain.as_default()  # type: ignore[no-untyped-call]

    @app.url_defaults
    def carry_language(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint != "static" and language() != LANGUAGES[0]:
            values.setdefault("lang", language())
