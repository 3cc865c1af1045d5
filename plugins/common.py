"""What the bundled plugins share: errors in the hub's words, labels in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from connectors.errors import Blocked, ConnectorError, Refused, Unreachable
from hub.errors import Denied, Unavailable


@contextmanager
def translated(what: str = "") -> Iterator[None]:
    """Turn what a connector raises into what the hub understands, text and pause kept.

    `what` names the part of the source in which it happened.
    """
    begin = f"{what}: " if what else ""
    try:
        yield
    except Unreachable as error:
        raise Unavailable(f"{begin}{error}", retry_after=error.retry_after) from error
    except (Refused, Blocked) as error:
        raise Denied(f"{begin}{error}") from error
    except ConnectorError as error:
        raise Unavailable(f"{begin}{error}") from error


def about(
    de: str,
    en: str,
    help_de: str = "",
    help_en: str = "",
    *,
    options: Mapping[str, tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """The metadata of a configuration field: its label, its help where it needs one, and what its
    values are called in German and English, where it is chosen from some."""
    texts: dict[str, Any] = {"label": {"de": de, "en": en}}
    if help_de:
        texts["help"] = {"de": help_de, "en": help_en}
    if options:
        texts["options"] = {name: {"de": de, "en": en} for name, (de, en) in options.items()}
    return texts
