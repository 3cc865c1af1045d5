"""A mailbox on this machine that is read by IMAP, and cuts the line on demand."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PASSWORD = "p@ss/w?rt:#1 %"


@dataclass
class Message:
    content: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Box:
    """Messages by UID."""

    messages: dict[int, Message] = field(default_factory=dict)
    die_before: str = ""
    """At this command the connection ends, once."""
    silent: bool = False
    port: int = 0

    def put(self, content: bytes) -> None:
        self.messages[max(self.messages, default=0) + 1] = Message(content)

    def flags(self) -> list[list[str]]:
        return [sorted(one.flags) for one in self.messages.values()]


class _Session(socketserver.StreamRequestHandler):
    box: Box

    def handle(self) -> None:
        if self.box.silent:
            self.rfile.readline()
            return
        self._say("* OK [CAPABILITY IMAP4rev1] ready")
        while line := self.rfile.readline().decode().strip():
            tag, _, command = line.partition(" ")
            name = re.sub(r"^UID ", "", command).partition(" ")[0]
            if name == self.box.die_before:
                self.box.die_before = ""
                return
            self._say(f"{tag} {self._do(command, name)}")
            if name == "LOGOUT":
                return

    def _do(self, command: str, name: str) -> str:
        words, box = command.split(" "), self.box
        if name == "LOGIN":
            good = command.endswith('"' + PASSWORD + '"') and words[1] == "hub"
            return "OK in" if good else "NO [AUTHENTICATIONFAILED] wrong password"
        if name == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1")
        elif name == "SELECT":
            if words[1] != '"INBOX"':
                return "NO no such folder"
            self._say(f"* {len(box.messages)} EXISTS")
        elif name == "SEARCH":
            flagged = words[-1] == "FLAGGED"
            found = [
                str(uid)
                for uid, one in box.messages.items()
                if "\\Deleted" not in one.flags and ("\\Flagged" in one.flags) == flagged
            ]
            self._say(" ".join(["* SEARCH", *found]))
        elif name == "FETCH":
            uid, most = int(words[2]), int(re.findall(r"<0\.(\d+)>", command)[0])
            content = box.messages[uid].content[:most]
            self.wfile.write(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(content)}}}\r\n".encode())
            self.wfile.write(content + b")\r\n")
        elif name == "STORE":
            box.messages[int(words[2])].flags.update(re.findall(r"\\\w+", words[-1]))
        elif name == "EXPUNGE":
            for uid in [uid for uid, one in box.messages.items() if "\\Deleted" in one.flags]:
                del box.messages[uid]
        return "OK done"

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


@contextmanager
def served() -> Iterator[Box]:
    """An empty mailbox of `hub` with `PASSWORD`, without encryption."""
    box = Box()
    handler = type("Handler", (_Session,), {"box": box})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield box
        server.shutdown()
        thread.join()
