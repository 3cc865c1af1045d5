"""Files that people put down for the hub: plain files, of a size, inside one folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from connectors.errors import Blocked, Refused, TooLarge, Unreachable


def inside(folder: Path, name: str) -> Path:
    """The path of a file in the folder; raises `Blocked` when the name leads out of it."""
    root = folder.resolve()
    path = root if "\0" in name else (root / name).resolve()
    if path == root or not path.is_relative_to(root):
        raise Blocked(f"“{name}” does not lie in the folder of the site's files.")
    return path


def read(path: Path, max_bytes: int) -> bytes:
    """The content of a plain file.

    Raises `Unreachable` (not there, not readable now), `Refused` (no permission), `Blocked` (a
    folder, a pipe, a device), `TooLarge`; its size is looked at before anything is read.
    """
    try:
        # Opening a pipe would wait for a writer for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise Refused(f"The file {path.name} may not be read.") from error
    except (OSError, ValueError) as error:
        raise Unreachable(f"The file {path.name} is not there.") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Blocked(f"{path.name} is no plain file.")
        if status.st_size > max_bytes:
            raise TooLarge(f"The file {path.name} has {status.st_size} bytes, above {max_bytes}.")
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)
    finally:
        os.close(handle)
    if len(data) > max_bytes:
        raise TooLarge(f"The file {path.name} is larger than {max_bytes} bytes.")
    return data
