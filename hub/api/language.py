"""The language of labels: German, or English where the client prefers it."""

from __future__ import annotations

from flask import request

from hub.web.language import LANGUAGES


def language() -> str:
    """`de` or `en`, by Accept-Language."""
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
