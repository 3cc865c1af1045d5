"""Recorded HTTP answers: a plugin's tests need neither network nor the other system.

`HUB_TEST_RECORD=1 pytest` asks the real system and keeps every answer as a file in the folder;
without it the files answer, and a request that none of them answers fails the test. Both hold
for whatever sends by `requests`, the hub's own client included. Headers of requests, cookies
and the secrets of the configuration are never written.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from hub.secrets import Scrubber

RECORD = "HUB_TEST_RECORD"
LARGEST = 5_000_000
"""Bytes of one answer; what is larger makes a slow test and a heavy package."""
KEPT_HEADERS = ("Content-Type", "ETag", "Last-Modified", "Link", "Location", "Retry-After")


class RecordedAnswers(BaseAdapter):
    """An adapter of `requests` that answers from the files of a folder.

    `recording` says whether to ask the real system and keep its answers; `scrub` takes secrets
    out of addresses and bodies before anything is compared or written. `hosts` are those that
    were asked.
    """

    def __init__(
        self,
        folder: Path,
        *,
        recording: bool | None = None,
        scrub: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.recording = bool(os.environ.get(RECORD)) if recording is None else recording
        self.hosts: set[str] = set()
        self._scrub = scrub or Scrubber(())
        self._real: Callable[[requests.Session, str], Any] = requests.Session.get_adapter

    @contextmanager
    def installed(self) -> Iterator[RecordedAnswers]:
        """Every session of `requests` answers from here meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(requests.Session, "get_adapter", lambda session, url: self._for(session))
            yield self

    def _for(self, session: requests.Session) -> BaseAdapter:
        return _Recording(self, session) if self.recording else self

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer from the file, as the other system did."""
        path = self._path(request)
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise AssertionError(
                f"There is no recorded answer to {request.method} {self._scrub(str(request.url))} "
                f"in {self.folder}. Record it once: {RECORD}=1 pytest"
            ) from None
        content = base64.b64decode(told["base64"]) if "base64" in told else told["text"].encode()
        return _response(request, told["status"], told["headers"], content)

    def close(self) -> None:
        """Nothing is open."""

    def keep(self, request: requests.PreparedRequest, answer: requests.Response) -> None:
        """Write the answer of the real system into its file."""
        content = answer.raw.read(LARGEST + 1, decode_content=True)
        if len(content) > LARGEST:
            raise AssertionError(
                f"{self._scrub(str(request.url))} answered more than {LARGEST} bytes; "
                "ask for less, a few records make a better test."
            )
        self.write(request, answer.status_code, answer.headers, content)

    def write(
        self,
        request: requests.PreparedRequest,
        status: int,
        headers: Mapping[str, str],
        content: bytes,
    ) -> None:
        """Write an answer into its file, for the same request to come."""
        told: dict[str, Any] = {
            "method": request.method,
            "url": self._scrub(str(request.url)),
            "status": status,
            "headers": {
                name: self._scrub(headers[name]) for name in KEPT_HEADERS if name in headers
            },
        }
        try:
            told["text"] = self._scrub(content.decode())
        except UnicodeDecodeError:
            told["base64"] = base64.b64encode(content).decode()
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
        self._path(request).write_text(text, encoding="utf-8")

    def _path(self, request: requests.PreparedRequest) -> Path:
        url = self._scrub(str(request.url))
        self.hosts.add((urlsplit(url).hostname or "").lower())
        body = request.body or b""
        text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
        asked = "\n".join((request.method or "", url, self._scrub(text)))
        digest = hashlib.blake2b(asked.encode(), digest_size=6).hexdigest()
        words = re.sub(r"[^a-z0-9]+", "-", urlsplit(url).path.lower()).strip("-")[:40]
        return self.folder / f"{(request.method or '').lower()}-{words or 'root'}-{digest}.json"


class _Recording(BaseAdapter):
    """Asks the real system, keeps what it answers, and answers from what was kept."""

    def __init__(self, answers: RecordedAnswers, session: requests.Session) -> None:
        super().__init__()
        self._answers = answers
        self._session = session

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        real = self._answers._real(self._session, str(request.url))
        with real.send(request, **{**options, "stream": True}) as answer:
            self._answers.keep(request, answer)
        return self._answers.send(request)

    def close(self) -> None:
        """The session closes its own adapters."""


def _response(
    request: requests.PreparedRequest, status: int, headers: Mapping[str, str], content: bytes
) -> requests.Response:
    raw = urllib3.HTTPResponse(
        body=io.BytesIO(content), headers=headers, status=status, preload_content=False
    )
    return HTTPAdapter().build_response(request, raw)
