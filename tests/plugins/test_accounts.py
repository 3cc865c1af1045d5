"""The plugin accounts: its contract, and what it does without a hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hub.errors import Denied
from hub.identity import accounts, people
from hub.testing import IdentityContract, Site, hub_database, site_row, site_with
from plugins.accounts import Accounts


class TestContract(IdentityContract):
    plugin = Accounts

    @pytest.fixture
    def site(self, tmp_path: Path) -> Iterator[Site]:
        with hub_database(tmp_path) as database:
            with database.write() as session:
                ada = people.add(session, name="Ada Muster", email="ada@example.org")
                accounts.put(session, site_row().key, ada, "ada", "korrekt pferd batterie")
            yield site_with(Accounts, {}, tmp_path, database=database)

    @pytest.fixture
    def good_parameters(self) -> Mapping[str, str]:
        return {"login": "ada", "password": "korrekt pferd batterie"}


def test_without_a_database_nobody_gets_in(tmp_path: Path) -> None:
    site = site_with(Accounts, {}, tmp_path)
    with pytest.raises(Denied):
        site.one(
            "accounts",
            "identity_complete",
            method="password",
            parameters={"login": "ada", "password": "korrekt pferd batterie"},
        )
