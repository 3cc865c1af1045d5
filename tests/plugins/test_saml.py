"""Logins by SAML as the hub sees them: a whole login, who is who, and what an intruder tries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from lxml import etree

from hub import activations, models
from hub.app import create_app
from hub.db import Database
from hub.errors import Denied
from hub.identity import retention
from hub.records import Claims
from hub.runtime import Hub
from hub.site import Site
from hub.testing import IdentityContract, hub_database, site_with
from plugins.saml import Saml
from tests.hub.web.test_pages import text_of
from tests.pages import SCHOOLS, take_in_schools
from tests.servers import saml_idp
from tests.servers.saml_idp import NAMES, OUR_ID, SUBJECT, Idp, first, instant
from tests.sources import Network, Point, network

BACK = "https://hub.example/anmelden/borken/saml/saml/fertig"
BEGIN = "/anmelden/borken/saml/saml"
MAPPED = {"role_map": {"faculty": "teacher", "student": "pupil"}, "school_claim": "school"}
TEACHER = {"eduPersonAffiliation": ["faculty"], "school": ["DE-NW-900001"]}


@pytest.fixture
def idp() -> Iterator[Idp]:
    with saml_idp.running() as provider:
        yield provider


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with hub_database(tmp_path_factory.mktemp("saml")) as made:
        yield made


def config(idp: Idp, **more: Any) -> dict[str, Any]:
    return {"idp": idp.entity_id, "metadata_url": idp.metadata_url, **more}


class TestContract(IdentityContract):
    plugin = Saml

    @pytest.fixture
    def plugin_config(self, idp: Idp) -> Mapping[str, Any]:
        return config(idp, entity_id=OUR_ID)

    @pytest.fixture
    def site(self, plugin_config: Mapping[str, Any], site_files: Path, database: Database) -> Site:
        return site_with(Saml, plugin_config, site_files, database=database)

    @pytest.fixture
    def good_parameters(self, site: Site, idp: Idp) -> Mapping[str, str]:
        asked: str = site.one("saml", "identity_begin", method="saml", return_url=BACK)
        answer = idp.respond(asked)["SAMLResponse"]
        return {"SAMLResponse": answer, "hub.begin_url": asked, "hub.return_url": BACK}


def log_in(idp: Idp, database: Database | None, **settings: Any) -> Claims:
    site = site_with(
        Saml, config(idp, entity_id=OUR_ID, **settings), Path("/nowhere"), database=database
    )
    asked: str = site.one("saml", "identity_begin", method="saml", return_url=BACK)
    answer = {**idp.respond(asked), "hub.begin_url": asked, "hub.return_url": BACK}
    claims: Claims = site.one("saml", "identity_complete", method="saml", parameters=answer)
    return claims


def test_attributes_say_who_it_is(idp: Idp, database: Database) -> None:
    idp.attributes = {
        **TEACHER,
        "displayName": ["Ada Muster"],
        "urn:oid:0.9.2342.19200300.100.1.3": ["ada@schule.example"],
    }
    issuer = f"saml:teststadt:{idp.entity_id}"
    name, mail = "Ada Muster", "ada@schule.example"
    assert log_in(idp, database, **MAPPED) == Claims(
        issuer, SUBJECT, name, mail, ("teacher",), ("900001",)
    )
    pseudonym = log_in(idp, database, name="", email="", role_claim="")
    assert pseudonym == Claims(issuer, SUBJECT)
    idp.attributes["eduPersonUniqueId"] = ["4711@schule.example"]
    unique = log_in(idp, database, subject="eduPersonUniqueId")
    assert unique.subject == "eduPersonUniqueId=4711@schule.example"
    idp.attributes |= {"displayName": ["Ada", "Eva"], "mail": ["kein Postfach"]}
    unclear = log_in(idp, database)
    assert (unclear.name, unclear.email) == ("", "")


def test_no_attribute_gives_rights_of_the_staff(idp: Idp, database: Database) -> None:
    idp.attributes = {"eduPersonAffiliation": ["site_admin", "staff", "network_admin"]}
    assert log_in(idp, database, role_map={"member": "citizen"}).roles == ()


@pytest.mark.parametrize(
    ("name_id", "attributes", "settings", "reason"),
    [
        ("x", {}, {"subject": "pairwise-id"}, "0 values of pairwise-id"),
        ("x", {"uid": ["a", "b"]}, {"subject": "uid"}, "2 values of uid"),
        ("x", {"uid": ["a" * 5_000]}, {"subject": "uid"}, "cannot be used"),
        ("x", {"uid": ["a\tb"]}, {"subject": "uid"}, "cannot be used"),
        ("", {}, {}, "0 values of NameID"),
        ("x" * 200, {}, {}, "cannot be used"),
        ("x", {**TEACHER, "school": ["DE-BY-1234"]}, MAPPED, "no school of the Land NW"),
    ],
)
def test_who_cannot_be_told_apart_is_not_let_in(
    idp: Idp,
    database: Database,
    name_id: str,
    attributes: dict[str, list[str]],
    settings: dict[str, Any],
    reason: str,
) -> None:
    idp.name_id, idp.attributes = name_id, attributes
    with pytest.raises(Denied, match=reason):
        log_in(idp, database, **settings)


def test_a_name_that_changes_hands_is_nobody(idp: Idp, database: Database) -> None:
    for kind in ("2.0:nameid-format:transient", "1.1:nameid-format:emailAddress"):
        idp.name_id_format = f"urn:oasis:names:tc:SAML:{kind}"
        with pytest.raises(Denied, match="may change"):
            log_in(idp, database)
    idp.name_id_format = saml_idp.PERSISTENT
    with pytest.raises(Denied, match="database"):
        log_in(idp, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"metadata": "<x/>"},
        {"metadata_url": ""},
        {"metadata_url": "file:///etc/passwd"},
        {"idp": "a b"},
        {"idp": 'a"]|x["'},
        {"certificate": "x"},
        {"key": "x"},
        {"subject": "zwei Wörter"},
        {"role_map": {"x": "site_admin"}},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    good = {"idp": "https://idp.example", "metadata_url": "https://idp.example/metadata"}
    Saml.Config().load(good)
    with pytest.raises(ma.ValidationError):
        Saml.Config().load({**good, **wrong})


@pytest.fixture
def hub(idp: Idp, database_url: str, tmp_path: Any) -> Iterator[Hub]:
    with network(database_url, tmp_path, ["borken", "coesfeld"]) as net:
        with net.hub.db.write() as session:
            for key, ags in (("borken", "05554"), ("coesfeld", "05558")):
                site = session.get_one(models.Site, key)
                site.ags, site.internal_hosts = [ags], ["127.0.0.1"]
        take_in_schools(Network(net.hub, net.plugin), SCHOOLS)
        points = [Point("scripted", net.plugin), Point("saml", Saml)]
        settings = replace(net.hub.settings, secret_key="a key for these tests alone")
        with Hub.open(settings, points) as opened:
            for site in ("borken", "coesfeld"):
                activations.enable(opened, site, "saml", config(idp, **MAPPED), actor="test")
            yield opened


@pytest.fixture
def client(hub: Hub) -> FlaskClient:
    return create_app(hub).test_client()


def count(hub: Hub, table: Any) -> int:
    with hub.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def reasons(hub: Hub) -> list[str]:
    entry = models.AuditEntry
    with hub.db.read() as session:
        rows = session.scalars(
            sa.select(entry.after).where(entry.action == "login.refuse").order_by(entry.id)
        )
        return [row["reason"] for row in rows if row]


def is_in(client: FlaskClient) -> bool:
    return client.get("/konto").status_code == 200


def test_a_teacher_logs_in_once_with_each_answer(client: FlaskClient, idp: Idp, hub: Hub) -> None:
    idp.attributes = {**TEACHER, "displayName": ["Ada Muster"]}
    began = client.get(f"{BEGIN}?weiter=/zentren").headers["Location"]
    answer = idp.respond(began)
    # The form of another web site arrives without our cookie; our own page sends it once more.
    stranger = client.application.test_client()
    between = stranger.post(f"{BEGIN}/fertig", data=answer)
    assert answer["SAMLResponse"] in between.text
    assert not is_in(stranger)
    (pending,) = [one for one in client._cookies.values() if one.key.endswith("-login")]
    done = client.post(f"{BEGIN}/fertig", data=answer | {"hub_again": "1"})
    assert (done.status_code, done.headers["Location"]) == (303, "/zentren")
    assert is_in(client)
    with hub.db.read() as session:
        (row,) = session.scalars(sa.select(models.Membership))
        assert (row.role, row.school) == ("teacher", "900001")
    # Even who has copied the browser's cookie brings the same answer in vain.
    stranger.set_cookie(pending.key, pending.value)
    again = stranger.post(f"{BEGIN}/fertig", data=answer)
    assert again.status_code == 403
    assert "Die Anmeldung wurde abgelehnt." in text_of(again.text)
    assert "brought here before" in reasons(hub)[0]
    assert not is_in(stranger)
    with hub.db.write() as session:
        session.execute(sa.update(models.UsedAnswer).values(expires_at=models.base.now()))
        (old,) = [
            rows for table, rows in retention.old(models.base.now()) if table is models.UsedAnswer
        ]
        assert len(session.scalars(old).all()) == 1


def test_who_should_not_be_in_is_out_and_the_admin_knows_why(
    client: FlaskClient, idp: Idp, hub: Hub
) -> None:
    def attempt(reason: str, to: str = "borken", **how: Any) -> None:
        began = client.get(BEGIN).headers["Location"]
        done = client.post(f"/anmelden/{to}/saml/saml/fertig", data=idp.respond(began, **how))
        assert done.status_code == 403
        assert "Die Anmeldung wurde abgelehnt." in text_of(done.text)
        assert reason not in done.text
        assert reason in reasons(hub)[-1]
        assert not is_in(client)

    def expired(root: Any) -> None:
        first(root, "saml:Conditions").set("NotOnOrAfter", instant(-100))

    idp.attributes = TEACHER
    attempt("has expired", before=expired)
    attempt("not signed", signing=None)
    idp.attributes = {**TEACHER, "school": ["DE-NW-900004"]}
    attempt("serves none of the schools")
    assert count(hub, models.Person) == 0
    # Unasked for, too large, or meant for another centre: it never reaches the plugin.
    began = client.get(BEGIN).headers["Location"]
    answer = idp.respond(began)
    assert (
        client.post(
            "/anmelden/coesfeld/saml/saml/fertig", data=answer | {"hub_again": "1"}
        ).status_code
        == 400
    )
    huge = {"SAMLResponse": "A" * 10_000_000}
    assert client.post(f"{BEGIN}/fertig", data=huge).status_code == 413
    assert client.post(f"{BEGIN}/fertig", data={"SAMLResponse": "A" * 300_000}).status_code == 400
    stranger = client.application.test_client()
    assert stranger.post(f"{BEGIN}/fertig", data=answer | {"hub_again": "1"}).status_code == 400
    assert not is_in(client)


def test_one_subject_of_two_centres_is_two_persons(client: FlaskClient, idp: Idp, hub: Hub) -> None:
    """A centre says whom it trusts under which id, so its word counts for its own people only."""
    for site in ("borken", "coesfeld"):
        idp.attributes = {}
        began = client.get(f"/anmelden/{site}/saml/saml").headers["Location"]
        done = client.post(f"/anmelden/{site}/saml/saml/fertig", data=idp.respond(began))
        assert done.status_code == 303
    assert count(hub, models.Person) == 2


def test_a_provider_that_is_down_stops_nobody_else(client: FlaskClient, idp: Idp, hub: Hub) -> None:
    idp.answers["/metadata"] = lambda handler: handler.say("", 500)  # type: ignore[attr-defined]
    done = client.get(BEGIN)
    assert done.status_code == 503
    assert "Login des Trägers" in done.text
    assert client.get("/zentren").status_code == 200


def test_the_metadata_of_a_centre_are_there_for_everybody(client: FlaskClient) -> None:
    answer = client.get("/borken/saml/metadata")
    assert answer.mimetype == "application/samlmetadata+xml"
    root = etree.fromstring(answer.data)
    address = "http://127.0.0.1:8000/borken/saml/metadata"
    assert root.get("entityID") == address
    place = root.find(".//md:AssertionConsumerService", NAMES)
    assert place is not None
    assert place.get("Location") == f"http://127.0.0.1:8000{BEGIN}/fertig"
    assert client.get("/nirgends/saml/metadata").status_code == 404
