from __future__ import annotations

import copy
import json
import os
import pickle
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import Config, Secret, SecretValue
from hub.secrets import (
    HIDDEN,
    MAX_BYTES,
    Keyring,
    Scrubber,
    SecretError,
    SecretReference,
    hide,
    resolve,
    seal,
    values,
)

KEYRING = Keyring("first key of the tests")
WORD = "Zugvögel & Wolken"


class Inner(Config):
    token = Secret()
    name = ma.fields.String()


class Everything(Config):
    password = Secret()
    inner = ma.fields.Nested(Inner)
    many = ma.fields.List(ma.fields.Nested(Inner))
    also_many = ma.fields.Nested(Inner, many=True)
    by_name = ma.fields.Dict(keys=ma.fields.String(), values=Secret())
    renamed = Secret(data_key="re-named")
    plain = ma.fields.Raw()


TYPED: dict[str, Any] = {
    "password": WORD,
    "inner": {"token": WORD, "name": "open"},
    "many": [{"token": WORD}, {"token": {"env": "TOKEN"}}],
    "also_many": [{"token": WORD}],
    "by_name": {"a": WORD},
    "re-named": WORD,
}


def test_typed_secrets_are_sealed_wherever_they_stand() -> None:
    sealed = seal(Everything(), TYPED, KEYRING, {})
    assert WORD not in json.dumps(sealed, ensure_ascii=False)
    assert sealed["inner"]["name"] == "open"
    assert sealed["many"][1] == {"token": {"env": "TOKEN"}}
    ready = resolve(Everything().load(sealed), KEYRING, Path(), {"TOKEN": "from outside"})
    assert list(values(ready)) == [WORD, WORD, WORD, "from outside", WORD, WORD, WORD]
    assert ready["renamed"].reveal() == WORD


def test_the_same_secret_keeps_its_token_and_stars_keep_what_is_stored() -> None:
    stored = seal(Everything(), TYPED, KEYRING, {})
    assert seal(Everything(), TYPED, KEYRING, stored) == stored
    assert seal(Everything(), hide(stored), KEYRING, stored) == stored
    changed = seal(Everything(), {"password": "another"}, KEYRING, stored)
    assert KEYRING.decrypt(changed["password"]["encrypted"]) == "another"
    with pytest.raises(SecretError, match="No secret is stored"):
        seal(Everything(), {"password": {"encrypted": HIDDEN}}, KEYRING, {})


@given(st.text(min_size=1, max_size=200))
def test_any_text_survives_being_sealed(text: str) -> None:
    sealed = seal(Everything(), {"password": text}, KEYRING, {})
    assert resolve(Everything().load(sealed), KEYRING, Path(), {})["password"].reveal() == text


@given(
    st.recursive(
        st.none() | st.integers() | st.text(min_size=1),
        lambda inner: st.lists(inner) | (st.dictionaries(st.text(), inner)),
        max_leaves=10,
    )
)
def test_values_of_the_wrong_shape_are_left_to_the_schema(value: Any) -> None:
    for key in ("inner", "many", "also_many", "by_name"):
        sealed = seal(Everything(), {key: value}, KEYRING, {})
        assert set(sealed) == {key}
        hide(sealed)
        Everything().validate(sealed)  # may find errors, must not fail itself


@pytest.mark.parametrize(
    "value", [WORD, 3, None, {}, {"env": ""}, {"env": "A", "file": "b"}, {"vault": "x"}, ["x"]]
)
def test_a_plain_or_shapeless_secret_is_refused_without_repeating_it(value: object) -> None:
    errors = Everything().validate({"password": value})
    assert "password" in errors
    assert WORD not in str(errors)


@pytest.mark.parametrize("name", ["HUB_SECRET_KEY", "HUB_DATABASE_URL", "A-B", "A B", "1A"])
def test_the_hubs_own_variables_are_out_of_reach(name: str) -> None:
    assert "password" in Everything().validate({"password": {"env": name}})


def test_a_secret_value_hides_everywhere_but_in_reveal() -> None:
    secret = SecretValue(WORD)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{[secret]}", "%s" % secret]  # noqa: UP031
    assert not any(WORD in text for text in shown)
    assert secret.reveal() == WORD
    for write in (json.dumps, pickle.dumps, vars):
        with pytest.raises(TypeError):
            write(secret)
    assert copy.deepcopy({"a": secret})["a"] is secret
    assert copy.copy(secret) is secret
    assert secret == SecretValue(WORD) != SecretValue("x")
    assert secret != WORD
    assert len({secret, SecretValue(WORD)}) == 1
    assert "gAAA" not in repr(SecretReference("encrypted", KEYRING.encrypt(WORD)))


def test_keys_rotate() -> None:
    token = Keyring("the old key of the hub").encrypt(WORD)
    both = Keyring("the new key of the hub, the old key of the hub")
    assert both.decrypt(token) == WORD
    assert Keyring("the new key of the hub").decrypt(both.encrypt(WORD)) == WORD
    with pytest.raises(SecretError, match="former key behind the present one"):
        Keyring("the new key of the hub").decrypt(token)
    with pytest.raises(SecretError, match="does not fit"):
        both.decrypt("no token at all")
    with pytest.raises(SecretError, match="does not fit"):
        both.decrypt("kein gültiges Zeichen")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [("", "not set"), (" , ", "not set"), ("short", "at least"), ("a" * 20 + ",short", "at least")],
)
def test_missing_and_short_keys_say_what_to_do(keys: str, reason: str) -> None:
    with pytest.raises(SecretError, match=reason):
        Keyring(keys).encrypt(WORD)


@pytest.mark.parametrize(
    ("value", "reason"),
    [("", "empty"), ("x" * (MAX_BYTES + 1), "at most"), ("\udcff", "valid text")],
)
def test_what_is_no_secret_is_not_stored(value: str, reason: str) -> None:
    with pytest.raises(SecretError, match=reason):
        KEYRING.encrypt(value)


def read(reference: dict[str, str], files: Path, environment: dict[str, str] | None = None) -> str:
    loaded = Everything().load({"password": reference})
    value: str = resolve(loaded, KEYRING, files, environment or {})["password"].reveal()
    return value


def test_references_are_read(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(WORD + "\r\n", encoding="utf-8")
    assert read({"file": "password"}, tmp_path) == WORD
    assert read({"file": str(tmp_path / "password")}, tmp_path) == WORD
    assert read({"env": "A"}, tmp_path, {"A": WORD}) == WORD


def test_references_that_cannot_be_read_name_themselves(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "elsewhere").write_text("x", encoding="utf-8")
    (site / "link").symlink_to(tmp_path / "elsewhere")
    (site / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    (site / "empty").write_text("\n", encoding="utf-8")
    (site / "binary").write_bytes(b"\xff\xfe\x00")
    (site / "folder").mkdir()
    os.mkfifo(site / "pipe")
    expected = {
        "missing": "missing does not exist",
        "folder": "no regular file",
        "pipe": "no regular file",
        "large": "larger than",
        "empty": "is empty",
        "binary": "no UTF-8",
        "../elsewhere": "not in the site's folder",
        "link": "not in the site's folder",
        str(tmp_path / "elsewhere"): "not in the site's folder",
        "/proc/self/environ": "not in the site's folder",
        "nul\0byte": "not a usable file name",
        "x" * 5_000: "cannot be read",
    }
    for name, reason in expected.items():
        with pytest.raises(SecretError, match=reason):
            read({"file": name}, site)
    for environment in ({}, {"A": ""}):
        with pytest.raises(SecretError, match="variable A is not set"):
            read({"env": "A"}, site, environment)


def test_hiding_leaves_references_and_needs_no_schema() -> None:
    shown = hide({"a": {"encrypted": "token"}, "b": [{"c": {"encrypted": "t"}}], "d": {"env": "X"}})
    assert shown == {
        "a": {"encrypted": HIDDEN},
        "b": [{"c": {"encrypted": HIDDEN}}],
        "d": {"env": "X"},
    }


def test_the_scrubber_knows_secrets_in_urls_and_quotes() -> None:
    scrub = Scrubber(["a b&c", "it's\n", "a b&c and more"])
    for form in ("a b&c", "a%20b%26c", "a+b%26c", repr("it's\n"), "a b&c and more"):
        assert HIDDEN in scrub(f"<{form}>")
        assert "c" not in scrub(f"<{form}>")
    assert Scrubber([])("untouched") == "untouched"
    assert Scrubber([""])("untouched") == "untouched"


class Account(ma.Schema):
    host = ma.fields.String(required=True)
    token = Secret(required=True)


class Accounts(ma.Schema):
    rows = ma.fields.List(ma.fields.Nested(Account))


def test_a_kept_secret_stays_with_whom_it_was_given_for() -> None:
    """Rows are taken away, added and changed: what stood at the same place may be another's."""
    typed = {"rows": [{"host": "a", "token": "for a"}, {"host": "b", "token": "for b"}]}
    stored = seal(Accounts(), typed, KEYRING, {})
    shown = hide(stored)["rows"]
    kept = seal(Accounts(), {"rows": shown[::-1][:1]}, KEYRING, stored)
    assert kept["rows"] == stored["rows"][1:]
    with pytest.raises(SecretError, match="No secret is stored"):
        seal(Accounts(), {"rows": [{**shown[0], "host": "c"}]}, KEYRING, stored)
