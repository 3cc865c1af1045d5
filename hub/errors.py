"""The three exceptions by which a plugin speaks to the hub.

A message is shown to people: it says what happened, why, and what can be done, and holds no
secret. Anything else that a plugin raises is treated as a defect of the plugin.
"""

from __future__ import annotations


class PluginError(Exception):
    """Base of what a plugin may raise on purpose."""


class Unavailable(PluginError):
    """The other system does not answer properly now; trying again later may help.

    `retry_after` is the number of seconds the other system asked for, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Denied(PluginError):
    """A person must act: credentials expired, no licence, access forbidden."""


class Rejected(PluginError):
    """The request cannot be fulfilled as asked; the message is shown to the user."""


class Defect(PluginError):
    """The plugin itself failed: it raised something else, or hands over what it must not.

    Raised by the hub in place of the original, whose text may hold anything; the log has it.
    """


class NotEnabled(PluginError):
    """The plugin is not enabled at this site, is off for a reason, or lacks the hook."""
