"""Random tokens that people carry, and the hashes of them that the hub keeps."""

from __future__ import annotations

import secrets
from hashlib import sha256

BYTES = 32


def new() -> str:
    """A token that nobody can guess; as random as it is long, so a plain hash of it is safe."""
    return secrets.token_urlsafe(BYTES)


def digest(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode()).hexdigest()


def readable() -> str:
    """`abcd-efgh-ijkl`, to be typed: 60 bits, of letters and digits that nobody confuses."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def plain(code: str) -> str:
    """A code as people type it, without blanks and hyphens."""
    return "".join(one for one in code[:50].casefold() if one.isalnum())
