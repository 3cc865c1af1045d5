"""The plugin accounts: its contract, and what it does without a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import Denied
from hub.testing import PluginContract, site_with
from plugins.accounts import Accounts


class TestContract(PluginContract):
    plugin = Accounts


def test_without_a_database_nobody_gets_in(tmp_path: Path) -> None:
    site = site_with(Accounts, {}, tmp_path)
    with pytest.raises(Denied):
        site.one(
            "accounts",
            "identity_complete",
            method="password",
            parameters={"login": "ada", "password": "korrekt pferd batterie"},
        )
