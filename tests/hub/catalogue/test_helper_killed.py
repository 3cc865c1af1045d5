"""The second process of a sync does not outlive the first one, however that ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from hub.catalogue.helper import Helper
from hub.catalogue.producer import PAGE

PROGRAM = "from tests.hub.catalogue.test_helper_killed import main; main()"


def own_id(given: Sequence[int]) -> int:
    return os.getpid()


def main() -> None:
    with Helper() as helper:
        print(helper.submit(own_id, range(PAGE)).result(), flush=True)
        time.sleep(600)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Where nobody asks how an orphan ended, it stays as a name without a process.
    with open(f"/proc/{process}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def test_it_ends_when_the_first_is_killed() -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert first.stdout is not None
    second = int(first.stdout.readline())
    assert second != first.pid
    assert alive(second)
    first.kill()
    first.communicate()
    end = time.monotonic() + 30
    while alive(second):
        assert time.monotonic() < end
        time.sleep(0.05)
