"""Why a password was refused, in words."""

from __future__ import annotations

from flask_babel import gettext

from hub.identity import accounts
from hub.identity.accounts import PasswordRefused


def refusal(refused: PasswordRefused) -> str:
    """What to tell the person who typed it."""
    if refused.reason == "short":
        return gettext(
            "The password is too short. Use at least %(number)s characters; a few words are easy "
            "to remember.",
            number=accounts.SHORTEST,
        )
    if refused.reason == "long":
        return gettext(
            "The password is too long. Use at most %(number)s characters.", number=accounts.LONGEST
        )
    return gettext("The password must not contain the login name.")
