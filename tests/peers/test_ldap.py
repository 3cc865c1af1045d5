"""The plugin ldap against OpenLDAP (Debian: slapd): who gets in, and who does not."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from hub.errors import Denied, PluginError, Unavailable
from hub.records import Claims
from hub.site import Site
from hub.testing import IdentityContract, site_with
from plugins.ldap import Ldap
from tests.conftest import unavailable
from tests.peers.conftest import Serve
from tests.servers import certificate

BASE = "dc=kreis,dc=example"
SERVICE, SERVICE_PASSWORD = f"cn=hub,{BASE}", "Dienst 'geheim'"
PASSWORD = "schlüssel & (schloss)*"
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
security tls=1
disallow bind_anon
database mdb
maxsize 10485760
suffix "{base}"
rootdn "{service}"
rootpw "{secret}"
directory {folder}/data
overlay memberof
"""
PEOPLE = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Kreis
dc: kreis

dn: uid=ada,{BASE}
objectClass: inetOrgPerson
uid: ada
cn: Ada Muster
sn: Muster
displayName: Ada Muster
mail: ada@kreis.example
userPassword: {PASSWORD}

dn: uid=a*a,{BASE}
objectClass: inetOrgPerson
uid: a*a
cn: Stern
sn: Stern
userPassword: {PASSWORD}

dn: uid=zwei1,{BASE}
objectClass: inetOrgPerson
uid: zwei1
uid: zwei
cn: Zwei
sn: Zwei
userPassword: {PASSWORD}

dn: uid=zwei2,{BASE}
objectClass: inetOrgPerson
uid: zwei2
uid: zwei
cn: Zwei
sn: Zwei
userPassword: {PASSWORD}
"""
# Added once the server runs: else the overlay fills no memberOf.
GROUP = f"""
dn: cn=Erzieher,{BASE}
changetype: add
objectClass: groupOfNames
cn: Erzieher
member: uid=ada,{BASE}
"""


@dataclass(frozen=True)
class Server:
    port: int
    files: Path

    def config(self, **changed: Any) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "ca_file": "localhost.pem",
            "bind_dn": SERVICE,
            "bind_password": SERVICE_PASSWORD,
            "base": BASE,
            "group_roles": {f"CN=erzieher, {BASE}": "educator"},
            **changed,
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    slapd = shutil.which("slapd") or shutil.which("slapd", path="/usr/sbin")
    if slapd is None or shutil.which("ldapmodify") is None:
        unavailable("slapd is missing: apt-get install slapd ldap-utils")
    folder = tmp_path_factory.mktemp("slapd")
    (folder / "data").mkdir()
    made, key = certificate.write(folder)
    config = folder / "slapd.conf"
    config.write_text(
        CONFIG.format(
            folder=folder, certificate=made, key=key, base=BASE, service=SERVICE,
            secret=SERVICE_PASSWORD,
        )
    )  # fmt: skip
    subprocess.run(
        ["/usr/sbin/slapadd", "-f", config], input=PEOPLE.encode(), check=True, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"ldap://127.0.0.1:{port}/"
    with subprocess.Popen([slapd, "-f", config, "-h", url, "-d", "0"]) as process:
        try:
            _wait_for(port)
            subprocess.run(
                ["ldapmodify", "-H", url, "-ZZ", "-x", "-D", SERVICE, "-w", SERVICE_PASSWORD],
                input=GROUP.encode(),
                env={"LDAPTLS_CACERT": str(made)},
                check=True,
                capture_output=True,
            )
            yield Server(port, folder)
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("slapd did not start")


class TestContract(IdentityContract):
    plugin = Ldap

    @pytest.fixture
    def plugin_config(self, server: Server) -> Mapping[str, Any]:
        return server.config()

    @pytest.fixture
    def site_files(self, server: Server) -> Path:
        return server.files

    @pytest.fixture
    def good_parameters(self) -> Mapping[str, str]:
        return {"login": "ada", "password": PASSWORD}


def log_in(server: Server, login: str, password: str, **config: Any) -> Claims:
    site: Site = site_with(Ldap, server.config(**config), server.files)
    typed = {"login": login, "password": password}
    claims: Claims = site.one("ldap", "identity_complete", method="directory", parameters=typed)
    return claims


def test_who_is_in_the_directory_gets_in_with_the_role_of_the_group(server: Server) -> None:
    claims = log_in(server, "ada", PASSWORD)
    assert claims.issuer == "ldap:teststadt:127.0.0.1"
    assert (claims.name, claims.email) == ("Ada Muster", "ada@kreis.example")
    assert claims.roles == ("educator",)
    assert log_in(server, "ADA", PASSWORD).subject == claims.subject
    assert log_in(server, "ada", PASSWORD, group_roles={}).roles == ()
    assert log_in(server, "ada", PASSWORD, group_base=BASE).roles == ("educator",)


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("ada", "falsch"),
        ("ada", ""),
        ("ada", "\0"),
        ("", PASSWORD),
        ("niemand", PASSWORD),
        ("*", PASSWORD),
        ("ad*", PASSWORD),
        ("ada)(uid=*", PASSWORD),
        ("ada)(|(uid=*", PASSWORD),
        ("zwei", PASSWORD),
        ("x" * 10_000, PASSWORD),
        ("ada", "x" * 10_000),
    ],
)
def test_everybody_else_stays_out(server: Server, login: str, password: str) -> None:
    with pytest.raises(Denied, match="do not belong together"):
        log_in(server, login, password)


def test_a_name_with_a_star_is_a_name(server: Server) -> None:
    assert log_in(server, "a*a", PASSWORD).name == "Stern"


@pytest.mark.parametrize(
    "config",
    [
        {"ca_file": ""},
        {"bind_dn": "", "bind_password": None},
        {"port": 9},
        {"ldaps": True},
    ],
)
def test_without_trust_or_connection_nobody_gets_in(server: Server, config: dict[str, Any]) -> None:
    changed = server.config(**config)
    changed = {name: value for name, value in changed.items() if value is not None}
    site = site_with(Ldap, changed, server.files)
    typed = {"login": "ada", "password": PASSWORD}
    with pytest.raises(Unavailable):
        site.one("ldap", "identity_complete", method="directory", parameters=typed)
    with pytest.raises(PluginError):
        site.one("ldap", "health")


def test_health_says_whether_the_service_may_ask(server: Server) -> None:
    site_with(Ldap, server.config(), server.files).one("ldap", "health")
    wrong = site_with(Ldap, server.config(bind_password="falsch"), server.files)
    with pytest.raises(Denied):
        wrong.one("ldap", "health")


def test_a_person_of_the_directory_logs_in_with_a_browser(server: Server, serve: Serve) -> None:
    hub = serve(Ldap, server.config(), [server.files / "localhost.pem"])
    page = hub.page
    page.goto(f"{hub.url}/konto")
    page.get_by_label("Benutzername").fill("ada")
    page.get_by_label("Passwort").fill("falsch")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert")).to_contain_text("passen nicht zusammen")
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url(f"{hub.url}/konto")
    expect(page.get_by_role("main")).to_contain_text("Ada Muster")
    expect(page.get_by_role("main")).to_contain_text("Medienzentrum Borken")
