"""The settings of the hub: environment variables `HUB_…`, checked once at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import marshmallow as ma

from hub.mail import address

TABLE, PROCRASTINATE = "table", "procrastinate"


class SettingsError(Exception):
    """The environment holds a setting that cannot be used; the message names it and the fix."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decides; each field is documented in the README."""

    database_url: str
    secret_key: str
    base_url: str
    config: Path
    var: Path
    admin_email: str
    mail_url: str = field(default="", repr=False)
    """Where mails are handed over, as `hub.mail.address` reads it; empty is nowhere."""
    mail_from: str = "betrieb@example.org"
    reply_address: str = ""
    """Where answers to mails about requests go, a tag added to each; empty is nowhere."""
    inbox_url: str = field(default="", repr=False)
    """The mailbox in which they arrive, as `hub.mail.address` reads it; empty is none."""
    attention_hours: int = 24
    """How long something must have needed a person before the admins of its site get a mail."""
    jobs: str = TABLE
    """How workers come by their jobs: `TABLE` or `PROCRASTINATE`."""
    base_url_given: bool = True
    """Otherwise `base_url` is a guess, and follows the address where the hub is served."""

    def served_at(self, address: str) -> Settings:
        """The same settings for a hub that listens at this address."""
        return self if self.base_url_given else replace(self, base_url=address)


def config_file(config: Path, name: str) -> Path:
    """A file of the configuration: the operator's own, or else the one that the hub brings."""
    own = config / name
    return own if own.exists() else bundled_config() / name


def bundled_config() -> Path:
    """The copy that a wheel carries, or the checkout's `config/`."""
    package = Path(__file__).resolve().parent
    inside = package / "_config"
    return inside if inside.is_dir() else package.parent / "config"


def _mail_url(url: str) -> None:
    try:
        address.parse(url)
    except ValueError as error:
        raise ma.ValidationError(str(error)) from error


def _mail_from(typed: str) -> None:
    if address.recipient(typed) is None:
        raise ma.ValidationError("This is no address from which mails can come.")


def _reply_address(typed: str) -> None:
    problem = address.untaggable(typed)
    if problem:
        raise ma.ValidationError(problem)


def _inbox_url(url: str) -> None:
    try:
        address.parse_inbox(url)
    except ValueError as error:
        raise ma.ValidationError(str(error)) from error


class _Schema(ma.Schema):
    database_url = ma.fields.String(load_default="")
    secret_key = ma.fields.String(load_default="", validate=ma.validate.Length(max=500))
    base_url = ma.fields.Url(
        load_default="http://127.0.0.1:8000", require_tld=False, schemes={"http", "https"}
    )
    config = ma.fields.String(load_default="")
    var = ma.fields.String(load_default="var")
    admin_email = ma.fields.Email(load_default="betrieb@example.org")
    mail_url = ma.fields.String(load_default="", validate=_mail_url)
    mail_from = ma.fields.String(load_default="", validate=_mail_from)
    reply_address = ma.fields.String(load_default="", validate=_reply_address)
    inbox_url = ma.fields.String(load_default="", validate=_inbox_url)
    attention_hours = ma.fields.Integer(load_default=24, validate=ma.validate.Range(0, 24 * 90))
    jobs = ma.fields.String(load_default=TABLE, validate=ma.validate.OneOf([TABLE, PROCRASTINATE]))


def _sender(data: Mapping[str, Any]) -> str:
    """The address from which mails come, as mail servers take it."""
    found = address.recipient(data["mail_from"] or data["admin_email"])
    if found is None and data["mail_url"]:
        raise SettingsError(
            "HUB_MAIL_FROM is not set, and HUB_ADMIN_EMAIL is no address from which mails can come."
        )
    return found or ""


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raises `SettingsError` naming each variable that is wrong."""
    given = {
        name.removeprefix("HUB_").lower(): value
        for name, value in environment.items()
        if name.startswith("HUB_") and not name.startswith("HUB_TEST_") and value
    }
    try:
        data: dict[str, Any] = _Schema().load(given)
    except ma.ValidationError as error:
        lines = [
            f"HUB_{name.upper()}: {' '.join(map(str, why))}"
            for name, why in sorted(dict(error.messages_dict).items())
        ]
        raise SettingsError("These settings cannot be used:\n" + "\n".join(lines)) from error
    var = Path(data["var"]).absolute()
    return Settings(
        database_url=data["database_url"] or f"sqlite:///{var / 'hub.sqlite3'}",
        secret_key=data["secret_key"],
        base_url=data["base_url"].rstrip("/"),
        config=Path(data["config"]).absolute() if data["config"] else bundled_config(),
        var=var,
        admin_email=data["admin_email"],
        mail_url=data["mail_url"],
        mail_from=_sender(data),
        reply_address=data["reply_address"],
        inbox_url=data["inbox_url"],
        attention_hours=data["attention_hours"],
        jobs=data["jobs"],
        base_url_given="base_url" in given,
    )
