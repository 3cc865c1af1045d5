"""Plugins that do what plugins must not do, each in its own way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import marshmallow as ma

from hub import Config, Plugin, Secret, SiteInfo, errors, hookimpl
from hub.records import MenuItem, Person

RELEASE = threading.Event()
"""Lets every hanging call of a test go when the test is over."""


def text(word: str) -> dict[str, str]:
    return {"de": word, "en": word}


class Good(Plugin):
    """Behaves, and says what it was given."""

    name = "good"
    title = text("Good")
    description = text("Behaves")

    class Config(Config):
        word = ma.fields.String(load_default="hello", metadata={"label": text("Word")})
        password = Secret(metadata={"label": text("Password")})

    @hookimpl
    def menu_items(self, person: Person | None) -> list[MenuItem]:
        return [MenuItem(self.config["word"], "/")]

    @hookimpl
    def health(self) -> None:
        pass


class Leaking(Plugin):
    """Puts its password into every message."""

    name = "leaking"
    title = text("Leaking")

    class Config(Config):
        password = Secret(required=True)

    @hookimpl
    def health(self) -> None:
        password = self.config["password"].reveal()
        try:
            raise ValueError(password)
        except ValueError as cause:
            raise errors.Unavailable(f"GET https://x.example/?key={password} failed") from cause

    @hookimpl
    def menu_items(self, person: Person | None) -> list[MenuItem]:
        raise RuntimeError("wrong password " + self.config["password"].reveal())


class Raising(Plugin):
    name = "raising"
    title = text("Raising")

    @hookimpl
    def health(self) -> None:
        raise errors.Denied("The licence has ended.")

    @hookimpl
    def menu_items(self, person: Person | None) -> Iterator[MenuItem]:
        yield MenuItem("first", "/")
        raise KeyError("second")

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Any]:
        yield "a change"
        raise ZeroDivisionError


class Exiting(Plugin):
    """Tries to end the process."""

    name = "exiting"
    title = text("Exiting")

    @hookimpl
    def health(self) -> None:
        raise SystemExit(3)

    @hookimpl
    def menu_items(self, person: Person | None) -> list[MenuItem]:
        raise KeyboardInterrupt

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Any]:
        raise GeneratorExit
        yield


class Hanging(Plugin):
    name = "hanging"
    title = text("Hanging")

    @hookimpl
    def health(self) -> None:
        RELEASE.wait(60)


class Endless(Plugin):
    name = "endless"
    title = text("Endless")

    @hookimpl
    def menu_items(self, person: Person | None) -> Iterator[MenuItem]:
        while True:
            yield MenuItem("again", "/")


class Unspeakable(Plugin):
    """Raises what cannot even be printed."""

    name = "unspeakable"
    title = text("Unspeakable")

    class Unprintable(Exception):
        retry_after = float("nan")

        def __str__(self) -> str:
            raise RuntimeError("no")

    @hookimpl
    def health(self) -> None:
        raise self.Unprintable


class Equal(Plugin):
    """Equal to everything, and not hashable."""

    name = "equal"
    title = text("Equal")

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    @hookimpl
    def menu_items(self, person: Person | None) -> list[MenuItem]:
        return [MenuItem(self.name, "/")]


class AlsoEqual(Equal):
    name = "also_equal"


class Peeking(Plugin):
    """Its properties and attributes must not be looked at."""

    name = "peeking"
    title = text("Peeking")

    @property
    def secret_door(self) -> None:
        raise AssertionError("a property was evaluated")

    def __getattr__(self, name: str) -> None:
        raise AssertionError(f"{name} was looked up")

    @hookimpl
    def menu_items(self) -> list[MenuItem]:
        return []


class Refusing(Plugin):
    name = "refusing"
    title = text("Refusing")

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        raise ValueError("Either address or file, not both.")


class Stuck(Plugin):
    """Its constructor never returns."""

    name = "stuck"
    title = text("Stuck")

    def __init__(self, site: SiteInfo, config: dict[str, Any]) -> None:
        RELEASE.wait(60)


class Replaced(Plugin):
    """Its constructor gives something else."""

    name = "replaced"
    title = text("Replaced")

    def __new__(cls, *_: object) -> Any:
        return object()


class Wrong(Plugin):
    """Hands over values of the wrong kind."""

    name = "wrong"
    title = text("Wrong")

    @hookimpl
    def menu_items(self, person: Person | None) -> Any:
        return 42
