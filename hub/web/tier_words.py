"""The quality tier of a plugin in words, for its card."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext

from hub.plugin import Plugin
from hub.tiers import Tier, standing
from hub.web.language import language

WORDS = {
    None: lazy_gettext("Not yet bronze"),
    Tier.BRONZE: lazy_gettext("Bronze"),
    Tier.SILVER: lazy_gettext("Silver"),
    Tier.GOLD: lazy_gettext("Gold"),
    Tier.PLATINUM: lazy_gettext("Platinum"),
}


@dataclass(frozen=True, slots=True)
class TierText:
    """What a card says of a plugin's quality."""

    name: str
    next: str
    """The next tier; empty at the highest."""
    missing: tuple[str, ...]
    """What the next tier would demand, each as a sentence."""


def tier_text(plugin: type[Plugin]) -> TierText:
    found = standing(plugin)
    return TierText(
        str(WORDS[found.tier]),
        str(WORDS[found.next]) if found.next else "",
        tuple(rule.text[language()] for rule, _ in found.missing),
    )
