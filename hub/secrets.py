"""Secrets of plugins: how they are referred to, kept encrypted, resolved and hidden.

In a configuration a secret is a reference: `{"env": "NAME"}`, `{"file": "path"}` or
`{"encrypted": "token"}`. A value that somebody types becomes an encrypted token (`seal`) before
it is stored. Only the plugin's own instance gets the value, as a `SecretValue`.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex
from urllib.parse import quote, quote_plus

import marshmallow as ma

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

HIDDEN = "***"
MAX_BYTES = 16_384
"""More than any password, token or private key needs."""
MIN_KEY_LENGTH = 16
SYSTEM_SECRETS = Path("/run")
"""Where Docker, Kubernetes and systemd put the secrets of a service."""

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SecretError(Exception):
    """A secret cannot be read, stored or decrypted; the message says why and what to do."""


class SecretValue:
    """A secret in memory: shown as `***` everywhere, readable only by `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, to be handed to the other system and kept nowhere."""
        return self._value

    def __repr__(self) -> str:
        return f"SecretValue({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, specification: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretValue):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> SecretValue:
        return self

    def __deepcopy__(self, _memo: object) -> SecretValue:
        return self

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret lies: `source` is `env`, `file` or `encrypted`."""

    source: str
    text: str

    def __repr__(self) -> str:
        return (
            f"SecretReference({self.source}: {HIDDEN if self.source == 'encrypted' else self.text})"
        )


class Secret(ma.fields.Field[SecretReference]):
    """A configuration field for a password, token or key.

    Loading gives a `SecretReference`; the plugin's constructor finds a `SecretValue` in its
    place. Plain text is refused here, so that none is ever stored by mistake: what a person
    types goes through `seal` first.
    """

    default_error_messages = {
        "plain": "A secret is not written here in plain text: use {{env = …}} or {{file = …}}, "
        "or have it stored encrypted.",
        "shape": "A secret is {{env = …}}, {{file = …}} or {{encrypted = …}} with one text.",
        "env": "This is no name of an environment variable, or one of the hub's own (HUB_…).",
    }

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return HIDDEN

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> SecretReference:
        if isinstance(value, str):
            raise self.make_error("plain")
        if not is_reference(value):
            raise self.make_error("shape")
        ((source, text),) = value.items()
        if source == "env" and (not _ENV_NAME.fullmatch(text) or text.startswith("HUB_")):
            # HUB_SECRET_KEY and the database's password belong to the operator alone.
            raise self.make_error("env")
        return SecretReference(source, text)


def is_reference(value: object) -> bool:
    """Whether a value of a stored configuration has the shape of a secret."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    ((source, text),) = value.items()
    return source in ("env", "file", "encrypted") and isinstance(text, str) and text != ""


class Keyring:
    """Encrypts and decrypts with the keys of HUB_SECRET_KEY.

    `keys` is a comma-separated list: the first encrypts, all decrypt, so that a new key can be
    put in front while values of the old one are still stored.
    """

    def __init__(self, keys: str) -> None:
        self._keys = tuple(key.strip() for key in keys.split(",") if key.strip())

    def problem(self) -> str | None:
        """What is wrong with the keys, or None; a missing key hurts only when one is needed."""
        if not self._keys:
            return (
                "HUB_SECRET_KEY is not set; it is needed to store secrets. Make one with: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        if any(len(key) < MIN_KEY_LENGTH for key in self._keys):
            return f"HUB_SECRET_KEY: each key needs at least {MIN_KEY_LENGTH} characters."
        return None

    def encrypt(self, value: str) -> str:
        """Return the token that `decrypt` turns back; raises `SecretError`."""
        if not value:
            raise SecretError("An empty text is no secret.")
        try:
            data = value.encode()
        except UnicodeEncodeError:
            raise SecretError("A secret must be valid text.") from None
        if len(data) > MAX_BYTES:
            raise SecretError(f"A secret may have at most {MAX_BYTES} bytes.")
        return self._fernet().encrypt(data).decode("ascii")

    def decrypt(self, token: str) -> str:
        """Return what was encrypted; raises `SecretError`."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(token.encode()).decode()
        except InvalidToken:
            raise SecretError(
                "The stored secret does not fit HUB_SECRET_KEY: put the former key behind the "
                "present one (new,old), or enter the secret again."
            ) from None

    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        problem = self.problem()
        if problem:
            raise SecretError(problem)
        return MultiFernet(
            [
                Fernet(
                    base64.urlsafe_b64encode(
                        HKDF(SHA256(), 32, salt=None, info=b"hub plugin secrets").derive(
                            key.encode()
                        )
                    )
                )
                for key in self._keys
            ]
        )


def resolve(value: Any, keyring: Keyring, files: Path, environment: Mapping[str, str]) -> Any:
    """A loaded configuration with each reference replaced by its `SecretValue`.

    A relative file lies in `files`, the site's folder; an absolute one there or under /run.
    Raises `SecretError`.
    """
    if isinstance(value, SecretReference):
        return SecretValue(_read(value, keyring, files, environment))
    if isinstance(value, dict):
        return {key: resolve(item, keyring, files, environment) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(resolve(item, keyring, files, environment) for item in value)
    return value


def _read(
    reference: SecretReference, keyring: Keyring, files: Path, environment: Mapping[str, str]
) -> str:
    if reference.source == "encrypted":
        return keyring.decrypt(reference.text)
    if reference.source == "env":
        value = environment.get(reference.text, "")
        if not value:
            raise SecretError(f"The environment variable {reference.text} is not set.")
        return value
    return _read_file(reference.text, files)


def _read_file(name: str, files: Path) -> str:
    try:
        path = (files / name).resolve()
        if not any(path.is_relative_to(root.resolve()) for root in (files, SYSTEM_SECRETS)):
            raise SecretError(
                f"The secret file {name} is not in the site's folder or under {SYSTEM_SECRETS}."
            )
        if not path.is_file():
            raise SecretError(f"The secret file {name} does not exist or is no regular file.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable file name"
        raise SecretError(f"The secret file {name} cannot be read: {reason}.") from None
    if len(data) > MAX_BYTES:
        raise SecretError(f"The secret file {name} is larger than {MAX_BYTES} bytes.")
    try:
        value = data.decode().strip("\r\n")
    except UnicodeDecodeError:
        raise SecretError(f"The secret file {name} is no UTF-8 text.") from None
    if not value:
        raise SecretError(f"The secret file {name} is empty.")
    return value


def seal(
    schema: ma.Schema, config: Mapping[str, Any], keyring: Keyring, stored: Mapping[str, Any]
) -> dict[str, Any]:
    """A typed configuration as it may be stored: each plain secret encrypted.

    `stored` is the present configuration: where the same secret stands at the same place its
    token is kept, and so it is where `hide` put `***`. Raises `SecretError`.
    """

    def encrypt(value: Any, old: Any) -> Any:
        token = old["encrypted"] if is_reference(old) and "encrypted" in old else None
        if value == {"encrypted": HIDDEN}:
            if token is None:
                raise SecretError("No secret is stored here that could be kept; enter it.")
            return old
        if not isinstance(value, str):
            return value
        if token is not None and _fits(token, value, keyring):
            return old
        return {"encrypted": keyring.encrypt(value)}

    return _map_schema(schema, config, stored, encrypt)


def _fits(token: str, value: str, keyring: Keyring) -> bool:
    try:
        return keyring.decrypt(token) == value
    except SecretError:
        return False


Sealing = Callable[[Any, Any], Any]


def _map_schema(
    schema: ma.Schema, config: Mapping[str, Any], stored: Any, function: Sealing
) -> dict[str, Any]:
    fields = {field.data_key or name: field for name, field in schema.load_fields.items()}
    return {
        key: _map_field(fields[key], value, _at(stored, key), function) if key in fields else value
        for key, value in config.items()
    }


def _map_field(field: ma.fields.Field[Any], value: Any, stored: Any, function: Sealing) -> Any:
    """Apply `function` to the secrets in a value; what has the wrong shape is the schema's."""
    if isinstance(field, Secret):
        return function(value, stored)
    if isinstance(field, ma.fields.Nested):
        schema = field.schema
        if field.many and isinstance(value, list):
            return [
                _map_nested(schema, item, counterpart(schema, item, stored, index), function)
                for index, item in enumerate(value)
            ]
        return _map_nested(schema, value, stored, function)
    if isinstance(field, ma.fields.List) and isinstance(value, list):
        if isinstance(field.inner, ma.fields.Nested):
            schema = field.inner.schema
            return [
                _map_nested(schema, item, counterpart(schema, item, stored, index), function)
                for index, item in enumerate(value)
            ]
        return [
            _map_field(field.inner, item, _at(stored, index), function)
            for index, item in enumerate(value)
        ]
    if isinstance(field, ma.fields.Mapping) and isinstance(value, dict) and field.value_field:
        inner = field.value_field
        return {
            key: _map_field(inner, item, _at(stored, key), function) for key, item in value.items()
        }
    return value


def counterpart(schema: ma.Schema, item: Any, stored: Any, index: int) -> Any:
    """The row of a stored list that this one was: it says the same in every required field.

    Not the one that merely stood at the same place, unless nothing tells them apart: rows come and
    go, and a secret must not be sent to whom it was not given for.
    """
    names = [
        one.data_key or name
        for name, one in schema.load_fields.items()
        if one.required and not isinstance(one, Secret)
    ]
    if not isinstance(item, Mapping) or not isinstance(stored, list):
        return None
    if not names:
        return _at(stored, index)
    said = [item.get(name) for name in names]
    rows = (row for row in stored if isinstance(row, Mapping))
    return next((row for row in rows if [row.get(name) for name in names] == said), None)


def _map_nested(schema: ma.Schema, value: Any, stored: Any, function: Sealing) -> Any:
    return _map_schema(schema, value, stored, function) if isinstance(value, Mapping) else value


def _at(stored: Any, key: Any) -> Any:
    """The part of a stored configuration at a key or index, if there is one."""
    if isinstance(stored, Mapping):
        return stored.get(key)
    if isinstance(stored, list) and isinstance(key, int) and key < len(stored):
        return stored[key]
    return None


def hide(config: Any) -> Any:
    """A stored configuration for people: references stay, encrypted tokens become `***`."""
    if is_reference(config) and "encrypted" in config:
        return {"encrypted": HIDDEN}
    if isinstance(config, Mapping):
        return {key: hide(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [hide(value) for value in config]
    return config


def values(config: Any) -> Iterable[str]:
    """Every secret in a resolved configuration, in plain text."""
    if isinstance(config, SecretValue):
        yield config.reveal()
    elif isinstance(config, Mapping):
        for value in config.values():
            yield from values(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from values(value)


def readable(config: Any, keyring: Keyring, files: Path) -> Iterable[str]:
    """Every secret that a stored configuration names and that can be read now, in plain text."""
    if is_reference(config):
        ((source, text),) = config.items()
        with suppress(SecretError):
            yield _read(SecretReference(source, text), keyring, files, environment())
    elif isinstance(config, Mapping):
        for value in config.values():
            yield from readable(value, keyring, files)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from readable(value, keyring, files)


class Scrubber:
    """Replaces known secrets in a text, also as they stand in URLs and quoted strings."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in secrets
            for form in (secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])
            if form
        }
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def environment() -> Mapping[str, str]:
    """Where `{"env": …}` is looked up."""
    return os.environ
