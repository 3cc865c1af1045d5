"""Writing to people: a template in their language, greeting and signature around it.

A letter is a pair of templates, `<name>.de.txt` and `<name>.en.txt`, with the blocks `subject` and
`text`. Values are put in as they are: a letter is plain text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session

from hub.mail.outbox import Attachment, one_line, queue_mail
from hub.models import Person, Site

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("de", "en")
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says."""

    subject: str
    body: str


def write_to(
    session: Session,
    person: Person,
    name: str,
    *,
    key: str,
    site_key: str | None = None,
    values: Mapping[str, Any],
    attachments: Sequence[Attachment] = (),
    until: datetime | None = None,
    confidential: bool = False,
) -> bool:
    """Queue the letter of this name to a person, in their language; see `queue_mail`.

    False where they have no address, or had this mail before. `values` are what the template
    asks for; times among them are already written in the centre's own time.
    """
    if not person.email:
        return False
    site = session.get(Site, site_key) if site_key is not None else None
    letter = write(
        name,
        person.language,
        {**values, "name": person.name, "sender": site.name if site is not None else ""},
    )
    return queue_mail(
        session,
        key=key,
        recipient=person.email,
        subject=letter.subject,
        body=letter.body,
        site_key=site_key,
        person_id=person.id,
        attachments=attachments,
        until=until,
        confidential=confidential,
    )


def write(name: str, language: str, values: Mapping[str, Any]) -> Letter:
    """The letter with these values; `name` is whom it greets and `sender` who signs, both maybe
    empty. Raises `jinja2.UndefinedError` where a value is missing."""
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    template = _environment().get_template(f"{name}.{spoken}.txt")
    greeted = {
        **values,
        "name": one_line(str(values["name"]), LONGEST_NAME),
        "sender": values["sender"] or "Medienverbund NRW",
    }
    context = template.new_context(greeted)
    subject = "".join(template.blocks["subject"](context))
    return Letter(" ".join(subject.split()), template.render(greeted).strip() + "\n")


def part(name: str, language: str, values: Mapping[str, Any]) -> str:
    """A piece that several letters have in common, as `write` fills it."""
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    return _environment().get_template(f"{name}.{spoken}.txt").render(values).strip()


@cache
def _environment() -> Environment:
    return Environment(  # nosec B701 - plain text, in which HTML means nothing
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
