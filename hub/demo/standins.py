"""Processes beside the hub that stand in for other systems, and end with it.

Each reads its standard input, a pipe whose other end only this process holds: when this process
ends, however it ends, the pipe closes and they end too.
"""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

PATIENCE = 30.0
"""Seconds that a stand-in may take to say its address."""


class StandinError(Exception):
    """A stand-in did not start; the message says which and what it said."""


class Standins:
    """Running stand-ins; `addresses` by name.

    `commands` are the module of each and its arguments; `folder` keeps what they say on standard
    error, and the ports, so that addresses stay the same from one start to the next as long as
    nobody else takes them.
    """

    def __init__(self, commands: Mapping[str, Sequence[str]], folder: Path) -> None:
        self.addresses: dict[str, str] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._folder = folder
        ports = self._ports()
        try:
            for name, command in commands.items():
                self.processes[name] = self._start(name, command, ports.get(name, 0))
            for name, command in commands.items():
                self.addresses[name] = self._address(name, command)
        except BaseException:
            self.close()
            raise
        ports = {name: urlsplit(address).port or 0 for name, address in self.addresses.items()}
        (folder / "ports.json").write_text(json.dumps(ports, indent=1))

    def close(self) -> None:
        """End them all; can be repeated."""
        for process in self.processes.values():
            if process.stdin:
                process.stdin.close()
            if process.stdout:
                process.stdout.close()
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ports(self) -> dict[str, int]:
        try:
            ports = json.loads((self._folder / "ports.json").read_text())
        except (OSError, ValueError):
            return {}
        return {name: port for name, port in ports.items() if isinstance(port, int)}

    def _start(self, name: str, command: Sequence[str], port: int) -> subprocess.Popen[bytes]:
        with self._log(name).open("wb") as log:
            # A session of its own: Ctrl-C reaches the hub alone, which then ends them in order.
            return subprocess.Popen(
                [sys.executable, "-m", *command, "--port", str(port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def _address(self, name: str, command: Sequence[str]) -> str:
        address = self._first_line(self.processes[name])
        if address is None:  # its port of the last time is taken: any other will do
            self._end(self.processes[name])
            self.processes[name] = self._start(name, command, 0)
            address = self._first_line(self.processes[name])
        if address is None:
            said = self._log(name).read_text(errors="replace").strip()
            raise StandinError(
                f"The stand-in {name} of the demonstration did not start"
                + (f":\n{said}" if said else f" within {PATIENCE:.0f} seconds.")
            )
        return address

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    @staticmethod
    def _first_line(process: subprocess.Popen[bytes]) -> str | None:
        assert process.stdout
        end = monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, end - monotonic())):
                return None
        line = process.stdout.readline().decode().strip()
        return line if line.startswith("http://") else None

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"
