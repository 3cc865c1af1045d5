"""Answers are taken out of a mailbox of Dovecot (Debian: dovecot-imapd), over TLS, each once."""

from __future__ import annotations

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.mail import address, inbox, reading
from tests.conftest import unavailable
from tests.servers import certificate

PASSWORD = "streng-geheim-47"
CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
first_valid_uid = 1
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Killed(Exception):
    pass


ANSWER = b"From: Ada <ada@schule.example>\r\nMessage-ID: <%d@x>\r\nSubject: AW\r\n\r\nJa, %d.\r\n"


@dataclass(frozen=True)
class Server:
    port: int

    @property
    def inbox(self) -> address.Inbox:
        return address.parse_inbox(f"imaps://hub:{PASSWORD}@localhost:{self.port}/INBOX")

    @contextmanager
    def desk(self) -> Iterator[imaplib.IMAP4]:
        """The mailbox as a person with a mail program has it open."""
        with inbox.opened(self.inbox) as server:
            yield server

    def put(self, *contents: bytes) -> None:
        with self.desk() as server:
            for content in contents:
                server.append("INBOX", "", imaplib.Time2Internaldate(time.time()), content)

    def flags(self) -> list[str]:
        with self.desk() as server:
            _, found = server.fetch("1:*", "(FLAGS)")
        return [one.decode() for one in found if isinstance(one, bytes)]


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Server]:
    program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
    if program is None:
        unavailable("dovecot is missing: apt-get install dovecot-imapd")
    root = os.geteuid() == 0
    user = "dovecot" if root else getpass.getuser()
    entry = pwd.getpwnam(user)
    # Not below pytest's folder: what runs as another user could not get there.
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "mail").mkdir()
        os.chown(folder / "mail", entry.pw_uid, entry.pw_gid)
        made, key = certificate.write(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        config = folder / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                folder=folder, certificate=made, key=key, port=port, password=PASSWORD,
                user=user, group=grp.getgrgid(entry.pw_gid).gr_name,
            )
        )  # fmt: skip
        with (
            pytest.MonkeyPatch.context() as patch,
            subprocess.Popen([program, "-F", "-c", config]) as process,
        ):
            patch.setenv("SSL_CERT_FILE", str(made))
            try:
                _wait_for(port, folder)
                yield Server(port)
            finally:
                process.terminate()


def _wait_for(port: int, folder: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    log = folder / "log"
    raise AssertionError(f"dovecot did not start: {log.read_text() if log.exists() else ''}")


def test_a_real_mailbox_is_emptied_and_what_has_no_place_stays_flagged(dovecot: Server) -> None:
    large = ANSWER % (9, 9) + b"x" * reading.MOST_BYTES
    dovecot.put(*(ANSWER % (number, number) for number in range(3)), large)
    taken: list[str] = []

    def take(raw: bytes) -> bool:
        text = reading.read(raw).text
        if text == "Ja, 2.":
            return False
        taken.append(text)
        return True

    looks = iter(range(9))

    def check() -> None:
        if next(looks) == 1:
            raise Killed

    with pytest.raises(Killed):
        inbox.look(dovecot.inbox, take, check)
    assert taken == ["Ja, 0."]
    looked = inbox.look(dovecot.inbox, take)
    assert taken == ["Ja, 0.", "Ja, 1."]
    assert looked == inbox.Looked(taken=1, left=2)
    assert all("Flagged" in one and "Seen" not in one for one in dovecot.flags())
    with dovecot.desk() as server:  # a person takes the flag away
        server.store("1", "-FLAGS", r"(\Flagged)")
    looked = inbox.look(dovecot.inbox, lambda raw: True)
    assert looked == inbox.Looked(taken=1, left=1)


def test_a_certificate_or_password_that_does_not_hold_is_refused(
    dovecot: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = address.parse_inbox(f"imaps://hub:falsch@localhost:{dovecot.port}/INBOX")
    with pytest.raises(inbox.Trouble, match="AUTHENTICATIONFAILED"), inbox.opened(wrong):
        pass
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(inbox.Trouble, match="CERTIFICATE_VERIFY_FAILED"), dovecot.desk():
        pass
