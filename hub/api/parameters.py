"""What may be asked: the parameters of the views, checked and described."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub.booking.dates import FIRST_YEAR, LAST_YEAR
from hub.booking.progress import STATES
from hub.catalogue.search import Sort
from hub.network.matrix import FACETS
from hub.records import AccessMode, Kind, MediumType

LONGEST_QUERY = 300
LONGEST_VALUE = 100
MOST_VALUES = 50
"""Values of one filter in a search."""
MOST_PAGES = 10_000
LARGEST_ID = 2**31 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def said(description: str, *examples: Any) -> dict[str, Any]:
    """Metadata of a field for the document."""
    return {"description": description, **({"examples": list(examples)} if examples else {})}


class Parameters(ma.Schema):
    """No parameters; the base of those that have some."""

    error_messages = {"unknown": "There is no such parameter."}

    class Meta:
        unknown = ma.RAISE


class Number(fields.Integer):
    """A whole number in ASCII digits; Python would also read ` 5`, `+5` and `5_0`."""

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdigit()):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *args, **options)


class Moment(fields.AwareDateTime):
    """A moment with its time zone (ISO 8601), UTC where none is given, or a day from its start."""

    default_error_messages = {
        "far": "No moment that the hub could know.",
        "invalid": "Not a moment such as 2026-03-04T04:12:00Z (in an address a + is %2B).",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> datetime:
        text = str(value).upper()
        if len(text) == len("2026-03-04"):
            text += "T00:00:00Z"
        if text[16:19] == ":60":  # a leap second, which Python's clock does not have
            text = f"{text[:16]}:59{text[19:]}"
        moment = super()._deserialize(text, *args, **options)
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise self.make_error("far") from None


class Position(fields.String):
    """Where a list of changes goes on: (moment, id), written as microseconds and id."""

    default_error_messages = {"invalid_position": "Take it from `next` or `later` as it stands."}

    @staticmethod
    def written(position: tuple[datetime, int]) -> str:
        moment, number = position
        return f"{(moment - _EPOCH) // timedelta(microseconds=1)}-{number}"

    def _deserialize(self, value: Any, *args: Any, **options: Any) -> Any:
        moment, _, number = super()._deserialize(value, *args, **options).partition("-")
        if not (_digits(moment, 17) and _digits(number, 10)):
            raise self.make_error("invalid_position")
        return _EPOCH + timedelta(microseconds=int(moment)), int(number)


def _digits(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most


def _kind() -> fields.Field[Any]:
    return fields.Enum(
        Kind,
        by_value=fields.String,
        metadata=said("Only this of the eight kinds of offers.", Kind.MEDIUM.value),
    )


def _site() -> fields.Field[Any]:
    return fields.String(
        validate=validate.Length(min=1, max=LONGEST_VALUE),
        metadata=said("Only what the site with this key offers (404 if there is none).", "borken"),
    )


def _after() -> fields.Field[Any]:
    return Number(
        load_default=0,
        validate=validate.Range(0, LARGEST_ID),
        metadata=said("Where the page before ended; take it from `next`.", 1200),
    )


def _limit(default: int, most: int) -> fields.Field[Any]:
    return Number(
        load_default=default,
        validate=validate.Range(1, most),
        metadata=said(f"How many at most; {default} unless asked otherwise.", default),
    )


class SitesParameters(Parameters):
    kind = fields.String(
        validate=validate.OneOf(["centre", "state"]),
        metadata=said("Medienzentren or Landesmedienzentren only.", "centre"),
    )
    association = fields.String(
        validate=validate.OneOf(["LVR", "LWL"]),
        metadata=said("Only sites of this Landschaftsverband.", "LWL"),
    )
    region = fields.String(
        validate=validate.Length(min=1, max=LONGEST_VALUE),
        metadata=said("Only sites in this Regierungsbezirk.", "Münster"),
    )


class SchoolsParameters(Parameters):
    q = fields.String(
        required=True,
        validate=validate.Length(min=1, max=LONGEST_VALUE),
        metadata=said("Number, name, place or postcode.", "46325"),
    )
    limit = _limit(20, 100)


class OffersParameters(Parameters):
    kind = _kind()
    site = _site()
    after = _after()
    limit = _limit(50, 200)


class WorksParameters(OffersParameters):
    limit = _limit(25, 100)


class RecommendationsParameters(Parameters):
    site = fields.String(
        validate=validate.Length(min=1, max=LONGEST_VALUE),
        metadata=said(
            "What is shown on the pages of the site with this key: its own, and those of the "
            "Landesmedienzentren unless it declines (404 if there is none).",
            "borken",
        ),
    )
    subject = fields.String(
        load_default="",
        validate=validate.Length(max=LONGEST_VALUE),
        metadata=said("Only for this subject: EAF Sachgebiet.", "080"),
    )


class BookingsParameters(Parameters):
    state = fields.String(
        validate=validate.OneOf(STATES),
        metadata=said("Only bookings in this state.", "confirmed"),
    )
    key = fields.String(
        validate=validate.Length(1, 100),
        metadata=said(
            "Only the owner's own that was booked under this Idempotency-Key.",
            "4a3f2b1c-8a52-4f0e-9d0e-2f6f2f0c7a11",
        ),
    )
    after = _after()
    limit = _limit(50, 200)


class MatrixParameters(Parameters):
    facet = fields.String(
        load_default="kind",
        validate=validate.OneOf(FACETS),
        metadata=said("By what offers are laid out.", "level"),
    )
    kind = _kind()
    site = fields.List(
        fields.String(validate=validate.Length(min=1, max=LONGEST_VALUE)),
        validate=validate.Length(min=1, max=MOST_VALUES),
        metadata=said("Only these sites; may be repeated (404 if there is none).", ["borken"]),
    )


class TrendParameters(Parameters):
    kind = _kind()
    site = _site()
    first = fields.Date(metadata=said("First day (UTC).", "2026-01-01"))
    last = fields.Date(metadata=said("Last day (UTC); today unless asked.", "2026-03-04"))
    limit = _limit(100, 1_000)

    @ma.validates_schema
    def _in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        first, last = data.get("first"), data.get("last")
        if first and last and first > last:
            raise ma.ValidationError("The first day lies after the last.", "first")
        for name, day in (("first", first), ("last", last)):
            if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise ma.ValidationError("No day that the hub could know.", name)


class ReadingsParameters(Parameters):
    after = fields.String(
        validate=validate.Length(max=2 * LONGEST_VALUE),
        metadata=said("Where the page before ended; take it from `next`.", "borken/edmond"),
    )
    limit = _limit(100, 500)


class YearParameters(Parameters):
    year = Number(
        validate=validate.Range(FIRST_YEAR, LAST_YEAR),
        metadata=said("The year; the present one unless asked.", 2026),
    )


class ChangesParameters(Parameters):
    since = Moment(
        metadata=said(
            "Only what changed at this moment or later: ISO 8601 with time zone, UTC without; "
            "a day means its beginning in UTC.",
            "2026-03-04T04:12:00Z",
        ),
    )
    cursor = Position(
        metadata={
            **said("Where the page before ended; take it from `next` or `later`."),
            "pattern": "^[0-9]{1,17}-[0-9]{1,10}$",
            "examples": ["1772597520000000-17"],
        },
    )
    kind = _kind()
    site = _site()
    limit = _limit(50, 200)


def _filter(description: str, example: str, among: type[Any] | None = None) -> fields.Field[Any]:
    one: fields.Field[Any] = (
        fields.Enum(among, by_value=fields.String)
        if among
        else fields.String(validate=validate.Length(min=1, max=LONGEST_VALUE))
    )
    return fields.List(
        one,
        load_default=list,
        validate=validate.Length(max=MOST_VALUES),
        metadata=said(f"{description} May be repeated: any of the values.", [example]),
    )


class SearchParameters(Parameters):
    """The facets are those of `hub.catalogue.search.FACETS`, by the same names."""

    q = fields.String(
        load_default="",
        validate=validate.Length(max=LONGEST_QUERY),
        metadata=said(
            "What is looked for: words (German, any form), media numbers, ISBN; quotes make a "
            "phrase, a leading minus excludes. Empty: everything.",
            "wasserkreislauf",
        ),
    )
    kind = _filter("Kind of offer.", "medium", Kind)
    site = _filter("Key of a site that offers it (404 if there is none).", "borken")
    region = _filter("Regierungsbezirk.", "Münster")
    subject = _filter("Subject: EAF Sachgebiet.", "080")
    level = _filter("Educational level: id of OEH educationalContext.", "grundschule")
    medium_type = _filter("Medium type.", "video", MediumType)
    access = _filter("How one gets at it.", "open", AccessMode)
    competence = _filter("Medienkompetenzrahmen NRW: area or competence.", "3.4")
    sort = fields.Enum(
        Sort,
        by_value=fields.String,
        load_default=Sort.RELEVANCE,
        metadata=said("Order of the hits; without words `relevance` means newest first."),
    )
    page = Number(
        load_default=1,
        validate=validate.Range(1, MOST_PAGES),
        metadata=said("Number of the page; the first 10,000 hits can be paged through.", 1),
    )
    limit = _limit(20, 100)


class SuggestParameters(Parameters):
    q = fields.String(
        required=True,
        validate=validate.Length(max=LONGEST_QUERY),
        metadata=said("What has been typed so far.", "wass"),
    )
    limit = _limit(8, 20)
