"""The plugin ldap without a directory; `tests/peers/test_ldap.py` asks a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest

from hub.errors import Denied, Unavailable
from hub.testing import site_row, site_with
from plugins.ldap import Ldap

GOOD = {"host": "127.0.0.1", "port": 9, "base": "dc=kreis,dc=example"}


def log_in(tmp_path: Path, login: str, password: str, **row: Any) -> None:
    site = site_with(Ldap, GOOD, tmp_path, site_row(**row))
    typed = {"login": login, "password": password}
    site.one("ldap", "identity_complete", method="directory", parameters=typed)


@pytest.mark.parametrize(("login", "password"), [("ada", ""), ("", "x"), (" ", "x"), ("a\0", "x")])
def test_an_empty_password_is_never_sent(tmp_path: Path, login: str, password: str) -> None:
    with pytest.raises(Denied, match="do not belong together"):
        log_in(tmp_path, login, password)


def test_a_private_server_must_be_allowed(tmp_path: Path) -> None:
    with pytest.raises(Denied, match="private address"):
        log_in(tmp_path, "ada", "x", internal_hosts=())


def test_a_server_that_is_down_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="127.0.0.1"):
        log_in(tmp_path, "ada", "x")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("user_filter", "(uid=ada)"),
        ("user_filter", "uid={login}"),
        ("group_roles", {"cn=x": "site_admin"}),
        ("host", "ldap://x"),
        ("subject", "a b"),
        ("bind_dn", "cn=hub"),
        ("port", 70_000),
    ],
)
def test_wrong_settings_are_refused(setting: str, value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Ldap.Config().load({**GOOD, setting: value})
