"""The fields of a record in words, for who looks at what a source gives."""

from __future__ import annotations

from flask_babel import lazy_gettext

FIELDS = {
    "kind": lazy_gettext("Kind of offer"),
    "title": lazy_gettext("Title"),
    "subtitle": lazy_gettext("Subtitle"),
    "series": lazy_gettext("Series"),
    "description": lazy_gettext("Description"),
    "languages": lazy_gettext("Languages"),
    "identifiers": lazy_gettext("Numbers (media number, ISBN, DOI …)"),
    "url": lazy_gettext("Web address"),
    "image_url": lazy_gettext("Picture"),
    "medium_type": lazy_gettext("Type of medium"),
    "carrier": lazy_gettext("Carrier"),
    "subjects": lazy_gettext("Subjects"),
    "levels": lazy_gettext("Levels of education"),
    "grades": lazy_gettext("School years"),
    "competences": lazy_gettext("Competences (Medienkompetenzrahmen)"),
    "audiences": lazy_gettext("Target groups"),
    "keywords": lazy_gettext("Keywords"),
    "creators": lazy_gettext("Authors"),
    "publishers": lazy_gettext("Publishers"),
    "year": lazy_gettext("Year"),
    "duration": lazy_gettext("Length"),
    "age_rating": lazy_gettext("Age rating"),
    "licence": lazy_gettext("Licence"),
    "access": lazy_gettext("Access"),
    "grants": lazy_gettext("Licensed for"),
    "quantity": lazy_gettext("Quantity"),
    "place": lazy_gettext("Place"),
    "events": lazy_gettext("Dates"),
    "cost": lazy_gettext("Cost"),
    "contact": lazy_gettext("Contact"),
    "details": lazy_gettext("Further details"),
    "modified": lazy_gettext("Last change at the source"),
    "origin": lazy_gettext("Origin"),
}
"""Every field of `hub.records.Record` that says something of the offer."""


def field_word(name: str) -> str:
    """The field in the reader's language; its name where it has no word."""
    return str(FIELDS.get(name, name))
