"""The contract of plugins that vouch for who somebody is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from hub.errors import Denied
from hub.records import Claims, LoginMethod
from hub.site import Site
from hub.testing.contract import PluginContract

RETURN_URL = "https://hub.example/anmelden/antwort"
SELF_SERVICE = frozenset({"reset", "register"})
FIELDS = frozenset({"login", "password", "code"})


class IdentityContract(PluginContract):
    """What the hub relies on in a plugin that logs people in.

    Give the fixture `good_parameters`: the answer of the identity provider (or what a person
    types) for somebody who may log in, for `method`, which is the first login method unless the
    fixture is overridden.
    """

    @pytest.fixture
    def good_parameters(self) -> Mapping[str, str]:
        """An answer that logs somebody in."""
        raise NotImplementedError("give the fixture good_parameters")

    @pytest.fixture
    def method(self, site: Site) -> LoginMethod:
        """The login method to try."""
        return self.methods(site)[0]

    def methods(self, site: Site) -> list[LoginMethod]:
        """The login buttons, through the same guard as in the hub."""
        results, failures = site.each("identity_methods")
        assert not failures, failures
        return list(results[self.plugin.name])

    def complete(self, site: Site, method: LoginMethod, parameters: Mapping[str, str]) -> Claims:
        """Hand over an answer, through the same guard as in the hub."""
        claims: Claims = site.one(
            self.plugin.name, "identity_complete", method=method.id, parameters=parameters
        )
        return claims

    def test_methods_can_be_shown(self, site: Site) -> None:
        methods = self.methods(site)
        assert methods, "nobody can log in without a method"
        for one in methods:
            assert isinstance(one, LoginMethod), repr(one)
            assert re.fullmatch(r"[a-z0-9_-]{1,50}", one.id), f"{one.id!r} must fit into addresses"
            assert one.label.strip(), "a button needs a label"
            assert set(one.fields) <= FIELDS, f"the hub's page knows {', '.join(sorted(FIELDS))}"
            assert set(one.self_service) <= SELF_SERVICE, (
                f"the hub's pages offer {', '.join(sorted(SELF_SERVICE))}"
            )
        assert len({one.id for one in methods}) == len(methods), "two methods have one id"

    def test_the_browser_is_sent_to_a_safe_place(self, site: Site) -> None:
        for one in self.methods(site):
            if one.fields:
                continue
            urls = [
                site.one(self.plugin.name, "identity_begin", method=one.id, return_url=RETURN_URL)
                for _ in range(2)
            ]
            parts = urlsplit(urls[0])
            loopback = parts.hostname in ("127.0.0.1", "localhost")
            assert parts.scheme == "https" or loopback, f"{parts.scheme}: passwords need TLS"
            assert urls[0] != urls[1], "without a value of its own, an answer can be forged"

    def test_an_empty_answer_is_denied(self, site: Site, method: LoginMethod) -> None:
        with pytest.raises(Denied):
            self.complete(site, method, {})

    def test_an_unknown_method_is_denied(
        self, site: Site, good_parameters: Mapping[str, str]
    ) -> None:
        with pytest.raises(Denied):
            self.complete(site, LoginMethod("no-such-method", "?"), good_parameters)

    def test_each_part_of_the_answer_counts(
        self, site: Site, method: LoginMethod, good_parameters: Mapping[str, str]
    ) -> None:
        for name, value in good_parameters.items():
            forged = {**good_parameters, name: f"{value}x"}
            with pytest.raises(Denied):
                self.complete(site, method, forged)

    def test_a_good_answer_names_somebody_for_good(
        self, site: Site, method: LoginMethod, good_parameters: Mapping[str, str]
    ) -> None:
        claims = self.complete(site, method, good_parameters)
        assert isinstance(claims, Claims), repr(claims)
        for name in ("issuer", "subject"):
            value = getattr(claims, name)
            assert isinstance(value, str), f"{name} is a text"
            assert value.strip(), f"{name} is part of the key of an account"
        assert claims.subject != claims.email, "an e-mail address changes hands"
        assert all(isinstance(one, str) for one in (*claims.roles, *claims.schools))
