"""Logins by OpenID Connect as the hub sees them: who is what, at which school."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Denied, Unavailable
from hub.formats.school_ids import parse
from hub.records import Claims
from hub.secrets import SecretValue
from hub.site import Site
from hub.testing import IdentityContract, site_with
from plugins.oidc import Oidc
from plugins.oidc_profiles import PROFILES, Who
from tests.servers import oidc_op
from tests.servers.oidc_op import CLIENT, SECRET, SUBJECT, Provider

BACK = "https://hub.example/anmelden/borken/oidc/oidc/fertig"
FILES = Path("/nowhere")
"""This plugin reads no files."""
LEHR = {"rolle": "LEHR", "schulkennung": "DE-NW-900001", "bundesland": "DE-NW"}


@pytest.fixture
def op() -> Iterator[Provider]:
    with oidc_op.running() as provider:
        yield provider


class TestContract(IdentityContract):
    plugin = Oidc

    @pytest.fixture
    def plugin_config(self, op: Provider) -> Mapping[str, Any]:
        return {"issuer": op.issuer, "client_id": CLIENT, "client_secret": SECRET}

    @pytest.fixture
    def good_parameters(self, site: Site, op: Provider) -> Mapping[str, str]:
        asked: str = site.one("oidc", "identity_begin", method="oidc", return_url=BACK)
        return {**op.authorise(asked), "hub.begin_url": asked, "hub.return_url": BACK}


def log_in(op: Provider, **config: Any) -> Claims:
    settings = {"issuer": op.issuer, "client_id": CLIENT, "client_secret": SECRET, **config}
    site = site_with(Oidc, settings, FILES)
    asked: str = site.one("oidc", "identity_begin", method="oidc", return_url=BACK)
    answer = {**op.authorise(asked), "hub.begin_url": asked, "hub.return_url": BACK}
    claims: Claims = site.one("oidc", "identity_complete", method="oidc", parameters=answer)
    return claims


def test_a_teacher_comes_by_vidis_without_a_name(op: Provider) -> None:
    op.claims = {**LEHR, "name": "Ada Muster", "email": "ada@schule.example"}
    claims = log_in(op, profile="vidis")
    assert claims == Claims(op.issuer, SUBJECT, "", "", ("teacher",), ("900001",))


def test_a_pupil_is_a_pupil_and_nothing_else(op: Provider) -> None:
    op.claims = {**LEHR, "rolle": ["LERN"], "schulkennung": ["DE-NW-900001", "NW_900002"]}
    claims = log_in(op, profile="vidis")
    assert (claims.roles, claims.schools) == (("pupil",), ("900001", "900002"))


@pytest.mark.parametrize(
    "claims",
    [
        {**LEHR, "schulkennung": "DE-BY-1234"},
        {**LEHR, "schulkennung": "1234", "bundesland": "DE-BY"},
        {**LEHR, "schulkennung": None},
        {**LEHR, "schulkennung": "'; DROP TABLE person; --"},
        {**LEHR, "schulkennung": {"a": "DE-NW-900001"}},
        {**LEHR, "schulkennung": "9" * 400},
        {**LEHR, "schulkennung": 7},
    ],
)
def test_who_teaches_elsewhere_has_no_rights_here(op: Provider, claims: dict[str, Any]) -> None:
    op.claims = claims
    with pytest.raises(Denied, match="no school of the Land NW"):
        log_in(op, profile="vidis")


@pytest.mark.parametrize("role", ["ADMIN", "staff", "site_admin", "", None, {}, 7, ["x" * 999]])
def test_a_role_that_nobody_knows_gives_nothing(op: Provider, role: Any) -> None:
    op.claims = {**LEHR, "rolle": role}
    assert log_in(op, profile="vidis").roles == ()


def test_any_provider_is_read_as_the_settings_say(op: Provider) -> None:
    op.claims = {"groups": ["Lehrkraft", "Verwaltung"], "name": "Ada Muster",
                 "email": "ada@schule.example", "schule": ["900001"]}  # fmt: skip
    config = {"role_claim": "groups", "role_map": {"lehrkraft": "teacher"}}
    claims = log_in(op, **config, school_claim="schule")
    assert claims.roles == ("teacher",)
    assert claims.schools == ("900001",)
    assert (claims.name, claims.email) == ("Ada Muster", "ada@schule.example")
    op.claims["email_verified"] = False
    assert log_in(op, **config).email == ""


def test_edupool_tells_school_and_land_in_its_context(op: Provider) -> None:
    op.claims = {"antares.context": '{"schoolid": "900001", "state": "NRW"}', "roles": "lehrer"}
    claims = log_in(op, profile="edupool", role_map={"lehrer": "teacher"})
    assert (claims.roles, claims.schools) == (("teacher",), ("900001",))
    op.claims["antares.context"] = {"schoolid": "900001", "state": "hh"}
    with pytest.raises(Denied):
        log_in(op, profile="edupool", role_map={"lehrer": "teacher"})


def read(profile: str, claims: Mapping[str, Any]) -> Who:
    config = {"role_claim": "roles", "role_map": {"t": "teacher"}, "school_claim": "school"}
    return PROFILES[profile].read(claims, {**config, "school_land": "NW"})


def test_a_teacher_of_one_school_and_parent_at_another_teaches_at_one() -> None:
    contexts = [
        {"rolle": "SorgBer", "organisation": {"kennung": "NW_900002", "typ": "Schule"}},
        {"rolle": "lehr", "organisation": {"kennung": "NW_900001", "typ": "SCHULE"}},
        {"rolle": "Lehr", "organisation": {"kennung": "NW_900009", "typ": "Medienzentrum"}},
        {"rolle": "SysAdmin", "organisation": {"kennung": "NW_900003"}},
        "no context",
        {"rolle": "Lehr"},
    ]
    who = read("schulconnex", {"personenkontexte": contexts})
    assert who == Who(("teacher",), (parse("900001"),))


def test_schulconnex_in_single_claims() -> None:
    who = read(
        "schulconnex",
        {
            "urn:schulconnex:de:personenkontext:rolle": ["LEHR"],
            "urn:schulconnex:de:organisation:kennung": "NI_12345",
        },
    )
    assert who == Who(("teacher",), (parse("NI_12345"),))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = ("rolle", "schulkennung", "bundesland", "personenkontexte", "antares.context", "roles")


@given(st.sampled_from(sorted(PROFILES)), st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_claims_say_they_are_read_without_harm(
    profile: str, claims: dict[str, Any]
) -> None:
    who = read(profile, claims)
    assert set(who.roles) <= {"teacher", "pupil", "citizen"}


def test_a_provider_that_is_down_is_said_to_be(op: Provider) -> None:
    op.answers["/token"] = lambda handler: handler.say({}, 500)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="Schul-Login"):
        log_in(op)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("algorithms", ["none"]),
        ("algorithms", ["HS256"]),
        ("algorithms", []),
        ("issuer", "javascript:alert(1)"),
        ("profile", "unknown"),
        ("role_map", {"lehrer": "site_admin"}),
        ("scopes", ["two words"]),
        ("client_id", ""),
        ("unknown", 1),
    ],
)
def test_settings_that_would_let_the_wrong_in_are_refused(setting: str, value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Oidc.Config().load(
            {
                "issuer": "https://idp.example",
                "client_id": "x",
                "client_secret": {"env": "SECRET"},
                setting: value,
            }
        )


def test_the_secret_is_never_shown() -> None:
    settings = {"issuer": "https://idp.example", "client_id": "x", "client_secret": SECRET}
    site = site_with(Oidc, settings, FILES)
    plugin = site.plugins["oidc"]
    assert isinstance(plugin.config["client_secret"], SecretValue)
    assert SECRET not in repr(plugin.config)
