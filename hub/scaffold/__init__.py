"""A plugin's package, written from four answers: name, kind, personal data, example or empty."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

import jinja2
import requests

from hub.installed import NAME

EXAMPLE_ADDRESS = "https://media.example/list.json"
_PAGES: tuple[Mapping[str, object], ...] = (
    {
        "total": 3,
        "next": 2,
        "items": [
            {
                "id": 1,
                "title": "Der Wasserkreislauf",
                "description": "Verdunstung, Wolken, Regen",
                "url": "https://media.example/1",
                "keywords": ["Wasser", "Wetter"],
            },
            {"id": 2, "title": "Brüche verstehen", "keywords": ["Mathematik"]},
        ],
    },
    {"total": 3, "next": None, "items": [{"id": 3, "title": "Die Stadt im Mittelalter"}]},
)


class Kind(StrEnum):
    """Which of the hub's questions a plugin answers."""

    CATALOGUE = "catalogue"
    BOOKING = "booking"
    IDENTITY = "identity"


class ScaffoldError(Exception):
    """The package cannot be written as asked; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to write; raises `ScaffoldError` where the answers do not fit together."""

    name: str
    kind: Kind
    personal_data: bool
    example: bool

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name) or not self.name[0].isalpha():
            raise ScaffoldError(
                f"{self.name!r} cannot be the name of a plugin: it begins with a lower-case letter "
                "and goes on with lower-case letters, digits and underscores, as in city_library."
            )
        if self.kind is Kind.BOOKING and self.example and not self.personal_data:
            raise ScaffoldError(
                "The example of a booking keeps who booked, which is personal data: "
                "say --personal-data, or --empty."
            )

    @property
    def module(self) -> str:
        """The name of the package to import."""
        return f"hub_{self.name}"

    @property
    def distribution(self) -> str:
        """The name of the package to install."""
        return f"hub-plugin-{self.name.replace('_', '-')}"


def write(order: Order, folder: Path) -> list[Path]:
    """Write the package into a folder that is empty or does not exist; returns its files."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ScaffoldError(
            f"{folder} exists and is not empty; nothing was written. Choose another --directory."
        )
    part = order.kind.value if order.example else "empty"
    files = {
        "setup.cfg": "setup.cfg",
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{order.module}/__init__.py": f"{part}.py",
        f"tests/test_{order.name}.py": f"{part}_test.py",
    }
    if part == Kind.BOOKING:
        files[f"{order.module}/migrations/{order.name}_1.py"] = "migration.py"
    words = _words(order)
    environment = _environment()
    written = []
    try:
        for path, template in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            text = environment.get_template(f"{template}.jinja").render(words)
            target.write_text(_tidy(text), encoding="utf-8")
            written.append(target)
    except OSError as error:
        raise ScaffoldError(f"{folder} cannot be written to: {error.strerror}.") from error
    if part == Kind.CATALOGUE:
        written += _record_answers(folder / "tests" / "answers")
    return written


def _environment() -> jinja2.Environment:
    # Python and Markdown, no page: nothing is escaped.
    return jinja2.Environment(
        loader=jinja2.PackageLoader("hub.scaffold"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # nosec B701
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _words(order: Order) -> dict[str, object]:
    booking = order.kind is Kind.BOOKING
    return {
        "name": order.name,
        "kind": order.kind.value,
        "personal_data": order.personal_data,
        "example": order.example,
        "module": order.module,
        "distribution": order.distribution,
        "class_name": "".join(word.capitalize() for word in order.name.split("_")),
        "title": order.name.replace("_", " ").capitalize(),
        "contract": f"{order.kind.value.capitalize()}Contract",
        "hub_version": version("medienzentren-hub"),
        "address": EXAMPLE_ADDRESS,
        "what_de": "Wer gebucht hat, als Pseudonym" if booking else "Kennung und Name",
        "what_en": "who booked, as a pseudonym" if booking else "identifier and name",
        "purpose_de": "Ausleihe" if booking else "Anmeldung",
        "purpose_en": "loans" if booking else "login",
        "retention_de": "bis zur Löschung der Person",
        "retention_en": "until the person is erased",
    }


def _tidy(text: str) -> str:
    """As a formatter would have it: no blanks at ends, no more than two empty lines."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n{4,}", "\n\n\n", text)
    return re.sub(r"\n{3}(?=    )", "\n\n", text).strip() + "\n"


def _record_answers(folder: Path) -> list[Path]:
    from hub.testing import RecordedAnswers

    answers = RecordedAnswers(folder)
    for number, page in enumerate(_PAGES, 1):
        asked = requests.Request("GET", EXAMPLE_ADDRESS, params={"page": str(number)}).prepare()
        content = json.dumps(page, ensure_ascii=False)
        answers.write(asked, 200, {"Content-Type": "application/json"}, content.encode())
    return sorted(folder.iterdir())
