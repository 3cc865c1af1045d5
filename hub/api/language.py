"""The language of labels: German, or English where the client prefers it."""

from __future__ import annotations

from flask import request

from hub.web.language import LANGUAGES


def language() -> str:
    """`de` or `en`: the one that Accept-Language names first, whatever the country."""
    for wanted, quality in request.accept_languages:
        primary = wanted.split("-")[0].lower()
        if quality > 0 and primary in LANGUAGES:
            return primary
    return LANGUAGES[0]
