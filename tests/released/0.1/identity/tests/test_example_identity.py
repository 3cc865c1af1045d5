"""The contract of example_identity: who may get in, and that nobody else does."""

from collections.abc import Mapping

import pytest

from hub_example_identity import ExampleIdentity, answer_of
from hub.errors import Denied
from hub.records import LoginMethod
from hub.testing import IdentityContract, Site

RETURN_URL = "https://hub.example/anmelden/antwort"


class TestExampleIdentity(IdentityContract):
    plugin = ExampleIdentity
    config = {"portal": "https://portal.example/login", "key": "a key that both sides know"}

    @pytest.fixture
    def good_parameters(self, site: Site) -> Mapping[str, str]:
        begin_url = site.one(
            "example_identity", "identity_begin", method="portal", return_url=RETURN_URL
        )
        return answer_of(self.config, begin_url, "u-17", "Erika Muster")

    def test_each_part_of_the_answer_counts(
        self, site: Site, method: LoginMethod, good_parameters: Mapping[str, str]
    ) -> None:
        answer = {name: text for name, text in good_parameters.items() if name != "hub.begin_url"}
        begun = {"hub.begin_url": good_parameters["hub.begin_url"]}
        for name in answer:
            with pytest.raises(Denied):
                self.complete(site, method, {**answer, **begun, name: "forged"})

    def test_an_answer_to_another_browser_is_denied(
        self, site: Site, method: LoginMethod, good_parameters: Mapping[str, str]
    ) -> None:
        other = "https://portal.example/login?nonce=another"
        with pytest.raises(Denied, match="another browser"):
            self.complete(site, method, {**good_parameters, "hub.begin_url": other})
