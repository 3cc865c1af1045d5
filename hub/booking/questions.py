"""What the form of each kind of offer asks besides time and number.

The answers are kept by the code of their question, so that they read in the language of whoever
looks at them. No question asks for a pupil's name: of pupils only numbers are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from hub.records import Kind

LONGEST = 1_000
"""Characters of an answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a form: `number` asks for a positive number up to `most`, `choice` for one of
    the `options` (code, text), `text` for a line."""

    code: str
    label: Any
    form: str = "text"
    required: bool = False
    options: tuple[tuple[str, Any], ...] = ()
    most: int = 2_000
    hint: Any = ""

    def shown(self, answer: str) -> str:
        """An answer for people."""
        return str(dict(self.options).get(answer, answer))


_yes_no = (("no", lazy_gettext("no")), ("yes", lazy_gettext("yes")))
_topic = Question("topic", lazy_gettext("Topic"), required=True)
_grade = Question("grade", lazy_gettext("Class or group"))
_pupils = Question(
    "pupils", lazy_gettext("Number of pupils"), "number", hint=lazy_gettext("A number, no names.")
)
_other_dates = Question(
    "other_dates",
    lazy_gettext("Other dates that would suit"),
    hint=lazy_gettext("For example: 12 May in the evening, or any Tuesday."),
)

GROUP = Question("group", lazy_gettext("Number of persons"), "number", required=True, most=500)
"""Who comes into a room; not more than it holds."""
QUESTIONS: Mapping[Kind, Sequence[Question]] = {
    Kind.ROOM: (
        Question("purpose", lazy_gettext("Purpose"), required=True),
        GROUP,
        Question(
            "support", lazy_gettext("Support by the staff is wanted"), "choice", options=_yes_no
        ),
    ),
    Kind.CONSULTING: (
        Question("occasion", lazy_gettext("Occasion"), required=True),
        Question(
            "stage",
            lazy_gettext("Where the media concept stands"),
            "choice",
            options=(
                ("", lazy_gettext("not known")),
                *(
                    (str(number), lazy_gettext("Step %(number)s of 7", number=number))
                    for number in range(1, 8)
                ),
            ),
        ),
        _other_dates,
    ),
    Kind.PROJECT: (_topic, _grade, _pupils, _other_dates),
    Kind.PARENTS_EVENING: (
        _topic,
        Question("audience", lazy_gettext("Number of parents expected"), "number", required=True),
        Question("language", lazy_gettext("Language"), hint=lazy_gettext("If not only German.")),
        Question("equipment", lazy_gettext("Room and equipment at hand")),
        _other_dates,
    ),
    Kind.SCOUTS: (
        Question(
            "pupils",
            lazy_gettext("Number of pupils"),
            "number",
            required=True,
            most=4,
            hint=lazy_gettext("Up to 4 of the years 7 to 9; a number, no names."),
        ),
        Question(
            "teachers",
            lazy_gettext("Number of advising teachers"),
            "number",
            required=True,
            most=2,
            hint=lazy_gettext("Two are needed."),
        ),
    ),
}


def of(kind: Kind) -> Sequence[Question]:
    """The questions for a kind of offer; none for what is simply lent."""
    return QUESTIONS.get(kind, ())


def read(
    kind: Kind, given: Mapping[str, str], persons: int | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """The answers as they are kept, and by code of the question what is wrong with them. `persons`
    is how many a room holds, where that is known."""
    answers: dict[str, str] = {}
    errors: dict[str, str] = {}
    for question in of(kind):
        text = "".join(c for c in given.get(question.code, "") if c.isprintable()).strip()
        text = text[:LONGEST]
        problem = _problem(question, text) or (
            _too_many(text, persons) if question is GROUP and persons else ""
        )
        if problem:
            errors[question.code] = problem
        if text:
            answers[question.code] = text
    return answers, errors


def shown(kind: Kind, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Label and answer of what was answered, in the order of the form."""
    return [
        (str(question.label), question.shown(answers[question.code]))
        for question in of(kind)
        if question.code in answers
    ]


def _too_many(text: str, persons: int) -> str:
    if not text or int(text) <= persons:
        return ""
    return ngettext(
        "The room holds %(num)d person at most.", "The room holds %(num)d persons at most.", persons
    )


def _problem(question: Question, text: str) -> str:
    if not text:
        return gettext("Please fill this in.") if question.required else ""
    if question.form == "number":
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
        if not 1 <= number <= question.most:
            return gettext("Please enter a number from 1 to %(most)s.", most=question.most)
    if question.form == "choice" and text not in dict(question.options):
        return gettext("Please choose one of the answers.")
    return ""
