"""Of what answers are made: kinds of fields, each with its description.

Every field is always there. A text that is not known is empty; anything else that is not known
is null. Clients should expect new fields.
"""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub.api.language import language
from hub.api.parameters import said
from hub.catalogue import vocabulary


class Answer(ma.Schema):
    """Base of all answers: nothing is left out."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = True


class TermSchema(Answer):
    """A code, stable for programs, with its label in the language asked for."""

    code = fields.String(metadata=said("Code.", "grundschule"))
    label = fields.String(metadata=said("Label for people.", "Primarstufe"))


class Term(fields.Nested):
    """A code of one vocabulary, answered with its label."""

    def __init__(self, facet: str, description: str, **options: Any) -> None:
        super().__init__(TermSchema, metadata=said(description), **options)
        self.facet = facet

    def _serialize(  # type: ignore[override]
        self, nested_obj: Any, attr: Any, obj: Any, **options: Any
    ) -> Any:
        if nested_obj is None:
            return None
        code = str(nested_obj)
        return {"code": code, "label": vocabulary.label(self.facet, code, language())}


def text(description: str, *examples: str) -> fields.String:
    return fields.String(metadata=said(description, *examples))


def texts(description: str, *examples: str) -> fields.List[str]:
    return fields.List(fields.String(), metadata=said(description, *([examples] * bool(examples))))


def number(description: str, *examples: int) -> fields.Integer:
    return fields.Integer(metadata=said(description, *examples))


def unknown_number(description: str, *examples: int) -> fields.Integer:
    return fields.Integer(allow_none=True, metadata=said(description, *examples))


def moment(description: str, *, unknown: bool = False) -> fields.AwareDateTime:
    return fields.AwareDateTime(allow_none=unknown, metadata=said(description))


def day(description: str) -> fields.Date:
    return fields.Date(allow_none=True, metadata=said(description))


def terms(facet: str, description: str) -> fields.List[Any]:
    return fields.List(Term(facet, "Code and label."), metadata=said(description))


def listed(schema: type[Answer], description: str) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), metadata=said(description))


def one(schema: type[Answer], description: str, **options: Any) -> fields.Nested:
    return fields.Nested(schema, metadata=said(description), **options)


def next_page() -> fields.String:
    return fields.String(
        allow_none=True, metadata=said("Address of the next page; null on the last one.")
    )
