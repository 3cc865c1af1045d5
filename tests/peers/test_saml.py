"""The plugin saml and a real browser against SimpleSAMLphp, as Debian packages it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from hub import models
from plugins.saml import Saml
from tests.conftest import unavailable
from tests.peers.conftest import Serve, Served
from tests.servers import saml_idp

PAGES = Path("/usr/share/simplesamlphp/www")
BEGIN = "/anmelden/borken/saml/saml"
LOGIN, PASSWORD = "lehrkraft", "schlüssel & (schloss)*"
ATTRIBUTES = {
    "uid": [LOGIN],
    "displayName": ["Ada Muster"],
    "eduPersonAffiliation": ["staff", "faculty"],
    "schulnummer": ["900001"],
}
READ = {"role_map": {"faculty": "teacher"}, "school_claim": "schulnummer"}
Start = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def php() -> str:
    found = shutil.which("php")
    if found is None or not PAGES.is_dir():
        unavailable("SimpleSAMLphp is missing: apt-get install simplesamlphp php-cli php-xml")
    return found


def _written(folder: Path, hub_metadata: str, address: str, number: int) -> None:
    """The settings of SimpleSAMLphp: one user, the hub by its own metadata, our key."""

    def write(name: str, assigned: str, value: Any) -> None:
        # JSON in a nowdoc: nothing of it is PHP.
        text = f"<?php {assigned} = json_decode(<<<'END'\n{json.dumps(value)}\nEND, true);\n"
        (folder / name).write_text(text)

    for name in ("metadata", "var"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "idp.pem").write_bytes(saml_idp.keys(number)[0])
    (folder / "idp.crt").write_text(saml_idp.certificate(number))
    (folder / "hub.xml").write_text(hub_metadata)
    at = str(folder)
    write("config.php", "$config", {
        "baseurlpath": f"{address}/", "certdir": at, "metadatadir": f"{at}/metadata",
        "loggingdir": f"{at}/var", "datadir": f"{at}/var", "tempdir": f"{at}/var",
        "logging.handler": "file", "secretsalt": "nur für diesen Lauf", "timezone": "UTC",
        "auth.adminpassword": base64.b64encode(os.urandom(18)).decode(),
        "errorreporting": False, "enable.saml20-idp": True, "module.enable": {"exampleauth": True},
        "session.cookie.secure": False, "session.cookie.samesite": None,
        "session.phpsession.savepath": f"{at}/var", "store.type": "phpsession",
        "language.cookie.secure": False, "language.cookie.samesite": None,
        "language.available": ["en", "de"], "language.default": "de",
        "metadata.sources": [{"type": "flatfile"}, {"type": "xml", "file": f"{at}/hub.xml"}],
    })  # fmt: skip
    users = {"0": "exampleauth:UserPass", f"{LOGIN}:{PASSWORD}": ATTRIBUTES}
    write("authsources.php", "$config", {"users": users})
    write("metadata/saml20-idp-hosted.php", f"$metadata['{address}/idp']", {
        "host": "__DEFAULT__", "privatekey": "idp.pem", "certificate": "idp.crt", "auth": "users",
        "NameIDFormat": saml_idp.PERSISTENT, "validate.authnrequest": True,
        "assertion.encryption": True,
        "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "authproc": {"3": {"class": "saml:PersistentNameID", "attribute": "uid"}},
    })  # fmt: skip


@pytest.fixture
def hub(serve: Serve) -> Served:
    return serve(Saml, {"idp": "https://idp.example", "metadata_url": "https://idp.example/idp"})


@pytest.fixture
def start(hub: Served, php: str, tmp_path: Path) -> Iterator[Start]:
    """Starts the provider with a key, or goes on with another; gives the plugin's settings."""
    with ExitStack() as stack:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        address = f"http://localhost:{port}"
        settings = {
            "idp": f"{address}/idp",
            "metadata_url": f"{address}/saml2/idp/metadata.php",
            "key": saml_idp.keys(9)[0].decode(),
            "certificate": saml_idp.certificate(9),
            **READ,
        }
        folder = tmp_path / "simplesamlphp"
        folder.mkdir()

        def begin(number: int = 1) -> dict[str, Any]:
            hub.enable("saml", settings)
            described = hub.page.request.get(f"{hub.url}/borken/saml/metadata").text()
            _written(folder, described, address, number)
            return settings

        begin()
        process = stack.enter_context(
            subprocess.Popen(
                [php, "-d", "display_errors=0", "-S", f"localhost:{port}", "-t", PAGES],
                env={**os.environ, "SIMPLESAMLPHP_CONFIG_DIR": str(folder)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        stack.callback(process.kill)
        for _ in range(100):
            with socket.socket() as knock:
                if knock.connect_ex(("localhost", port)) == 0:
                    break
            time.sleep(0.05)
        yield begin


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.locator("[name=username]").fill(LOGIN)
    page.locator("[name=password]").fill(password)
    page.locator("[type=submit]").last.click()


def count(hub: Served, table: Any) -> int:
    with hub.net.hub.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_teacher_logs_in_with_signed_requests_and_encrypted_assertions(
    hub: Served, start: Start
) -> None:
    page = hub.page
    page.goto(f"{hub.url}{BEGIN}?weiter=/zentren")
    assert page.url.startswith("http://localhost:")
    log_in(page, "falsch")
    log_in(page)
    # The provider is another web site: its form arrives without our cookie, our page sends it on.
    page.wait_for_url(f"{hub.url}/zentren")
    page.goto(f"{hub.url}/konto")
    expect(page.get_by_text("Schule 900001")).to_be_visible()
    with hub.net.hub.db.read() as session:
        (person,) = session.scalars(sa.select(models.Person))
        assert person.name == "Ada Muster"
        (identity,) = session.scalars(sa.select(models.Identity))
        assert identity.issuer.startswith("saml:borken:http://localhost:")
        assert LOGIN not in identity.subject
    # Out at the hub, the provider still knows the person. With its new key they get in too.
    page.get_by_role("button", name="Abmelden").first.click()
    start(2)
    page.goto(hub.url + BEGIN)
    page.wait_for_url(f"{hub.url}/konto")
    assert (count(hub, models.Person), count(hub, models.UsedAnswer)) == (1, 2)


def test_an_answer_that_another_browser_began_lets_nobody_in(hub: Served, start: Start) -> None:
    """Who sends somebody an answer of their own does not log them in as themselves."""
    page, back = hub.page, f"{hub.url}{BEGIN}/fertig"
    page.route(back, lambda route: route.abort())
    page.goto(hub.url + BEGIN)
    with page.expect_event("requestfailed") as sent:
        log_in(page)
    fields = sent.value.post_data_json
    page.unroute(back)
    page.request.get(hub.url + BEGIN, max_redirects=0)
    done = page.request.post(back, form=fields)
    assert done.status == 403
    assert "Die Anmeldung wurde abgelehnt." in " ".join(done.text().split())
    with hub.net.hub.db.read() as session:
        (entry,) = session.scalars(
            sa.select(models.AuditEntry).where(models.AuditEntry.action == "login.refuse")
        )
    assert "InResponseTo" in str(entry.after)
    assert count(hub, models.Person) == 0
