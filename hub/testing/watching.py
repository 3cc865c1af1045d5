"""What a stretch of code opens, connects to and starts: for code that must do no I/O."""

from __future__ import annotations

import sys
import threading
from typing import Any

# An audit hook cannot be removed; this one sleeps unless a thread is being watched.

_IO = ("open", "socket.", "subprocess.", "os.listdir", "os.scandir", "urllib.", "sqlite3.connect")
_watched = threading.local()
_installed = threading.Lock()
_hooked = False


class Watching:
    """Context manager: collects the I/O that this thread does meanwhile."""

    def __enter__(self) -> list[str]:
        global _hooked  # noqa: PLW0603  (once per process)
        with _installed:
            if not _hooked:
                sys.addaudithook(_audit)
                _hooked = True
        _watched.seen = []
        return _watched.seen  # type: ignore[no-any-return]

    def __exit__(self, *_: object) -> None:
        del _watched.seen


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    seen = getattr(_watched, "seen", None)
    if seen is not None and event.startswith(_IO):
        seen.append(f"{event} {arguments[0] if arguments else ''}".strip())
