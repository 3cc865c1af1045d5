"""Webhooks as Standard Webhooks 1.0.0 describes them (standardwebhooks.com): signed, with an id.

The signature covers id, time and body, so none of them can be changed or sent again later.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a key."""


def key_of(secret: str) -> bytes:
    """The key in a secret as both sides write it: `whsec_` and 24 to 64 bytes in Base64.

    Raises `ValueError`, without the secret.
    """
    if not secret.startswith(PREFIX):
        raise ValueError(f"The secret does not begin with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"What follows {PREFIX} in the secret is no Base64") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"The secret must hold {SHORTEST} to {LONGEST} bytes, not {len(key)}")
    return key


def headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """What goes with the body; `timestamp` is when it is sent, in seconds since 1970."""
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature(key, message_id, timestamp, body)}",
    }


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over id, time and body, in Base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
