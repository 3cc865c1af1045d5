"""What a connector raises: nothing else leaves it on purpose.

None of these is an `OSError`: HTTP libraries retry those, and an address that was refused must
not be tried again. A message names the host and the path, never a query string or a password.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of every error of a connector."""


class Unreachable(ConnectorError):
    """No usable answer now: time ran out, the connection broke, the server is busy or broken.

    `retry_after` is the number of seconds the server asked us to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(ConnectorError):
    """The server understood and said no: wrong password, no licence, no such address."""


class Blocked(ConnectorError):
    """We do not go there: a private address, a foreign scheme, a password on its way elsewhere."""


class TooLarge(ConnectorError):
    """The answer is larger than we are willing to hold."""


class Malformed(ConnectorError):
    """The answer is not what the protocol says."""
