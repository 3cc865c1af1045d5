"""Letters exist in both languages, say the same, and greet nobody wrongly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from jinja2 import UndefinedError, meta

from hub import models
from hub.identity import people
from hub.mail import letters
from hub.runtime import Hub

FRAMES = {"letter", "booking_letter", "booking_thing"}
NAMES = sorted({path.name.split(".")[0] for path in letters.TEMPLATES.glob("*.txt")} - FRAMES)


def asked_for(name: str, language: str) -> set[str]:
    source = (letters.TEMPLATES / f"{name}.{language}.txt").read_text(encoding="utf-8")
    parsed = letters._environment().parse(source)
    found: set[str] = meta.find_undeclared_variables(parsed)
    for frame in meta.find_referenced_templates(parsed):
        assert frame is not None
        found |= asked_for(frame.split(".")[0], language)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_letter_says_the_same_in_both_languages(name: str) -> None:
    assert asked_for(name, "de") == asked_for(name, "en")
    for language, greeting in (("de", "Guten Tag Ada Muster,"), ("en", "Hello Ada Muster,")):
        values = dict.fromkeys(asked_for(name, language), "*wert*")
        letter = letters.write(name, language, {**values, "name": "Ada Muster", "sender": "MZ"})
        assert letter.body.startswith(f"{greeting}\n\n")
        assert "\nMZ\n\n-- \n" in letter.body
        assert letter.subject
        assert "\n" not in letter.subject
        for value in asked_for(name, language) - {"name", "sender"}:
            assert "*wert*" in letter.body, value
        assert "\n\n\n" not in letter.body
        nameless = letters.write(name, language, {**values, "name": "", "sender": ""})
        assert nameless.body.partition("\n")[0] in ("Guten Tag,", "Hello,")


def test_a_value_that_is_missing_is_noticed() -> None:
    with pytest.raises(UndefinedError):
        letters.write("invitation", "de", {"name": "", "sender": ""})


def test_a_name_stays_in_its_line() -> None:
    values = {"name": "Ada\n\nKlicken Sie:\thttp://x.example", "sender": "", "link": "L"}
    first = letters.write("invitation", "de", values).body.partition("\n")[0]
    assert first == "Guten Tag Ada Klicken Sie: http://x.example,"


def test_people_are_written_to_in_their_language(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    with hub.db.write() as session:
        for language in ("de", "en"):
            person = people.add(session, name="Ada", email=f"{language}@schule.example")
            person.language = language
            args = {"key": language, "site_key": "borken", "values": {"link": "https://x.example"}}
            assert letters.write_to(session, person, "invitation", **args)
            assert not letters.write_to(session, person, "invitation", **args), "once"
        nobody = people.add(session, name="Bea", email="")
        assert not letters.write_to(session, nobody, "invitation", key="x", values={"link": "x"})
    with hub.db.read() as session:
        mails = session.scalars(sa.select(models.Mail).order_by(models.Mail.id)).all()
    assert [mail.subject for mail in mails] == [
        "Ihr Zugang: Medienzentrum Kreis Borken",
        "Your access: Medienzentrum Kreis Borken",
    ]
    assert all(mail.person_id for mail in mails)
