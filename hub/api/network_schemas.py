"""What is answered about the network: who offers what, how fresh it is, what was used."""

from __future__ import annotations

from marshmallow import fields

from hub.api.answer_fields import (
    Answer,
    Term,
    TermSchema,
    listed,
    moment,
    next_page,
    number,
    one,
    text,
    texts,
    unknown_number,
)
from hub.api.parameters import said
from hub.api.site_schemas import SiteNameSchema


class ColumnSchema(Answer):
    value = one(TermSchema, "Code of the value, and its label.")
    total = number("Offers of all these sites.", 49)
    sites = number("How many of these sites have at least one.", 31)


class CellSchema(Answer):
    code = text("Code of the value.", "grundschule")
    count = number("How many offers; values without any are left out.", 12)


class RowSchema(Answer):
    """What one site offers."""

    site = one(SiteNameSchema, "The site.")
    kind = Term("site_kind", "Medienzentrum or Landesmedienzentrum.")
    total = number("All its offers.", 49)
    counts = listed(CellSchema, "Its offers by value.")


class MatrixSchema(Answer):
    facet = one(TermSchema, "By what offers are laid out.")
    columns = listed(ColumnSchema, "Every value that somebody offers.")
    rows = listed(RowSchema, "The sites in their order, also those that offer nothing.")


class DaySchema(Answer):
    day = fields.Date(metadata=said("The day (UTC); the numbers are those at its end."))
    offers = number("Live offers.", 4180)
    sites = number("From how many sites.", 51)


class TrendSchema(Answer):
    items = listed(DaySchema, "Every day since something is known, the oldest first.")
    next = next_page()


class ReadingSchema(Answer):
    """A source of a site that was read at least once."""

    site = one(SiteNameSchema, "The site.")
    plugin = text("Name of the plugin that reads it.", "edmond")
    state = Term("state", "Whether its data is current, stale or in error.")
    as_of = moment("When it was last read to its end.", unknown=True)


class ReadingsSchema(Answer):
    items = listed(ReadingSchema, "The sources by site and plugin.")
    absent = texts("Keys of the sites of which no source was ever read.", "leer")
    next = next_page()


class FigureSchema(Answer):
    figure = one(TermSchema, "What is counted.")
    number = unknown_number("How many; null: withheld, because too few contributed.", 12)


class TotalSchema(FigureSchema):
    definition = text("How it is counted.")


class PartSchema(Answer):
    part = one(TermSchema, "Which part, as a month or a school form.")
    figures = listed(FigureSchema, "Its figures.")


class SplitSchema(Answer):
    split = one(TermSchema, "By what it is broken down.")
    parts = listed(PartSchema, "The parts.")


class StatisticsSchema(Answer):
    """What was used in a year. Figures of different kinds are never added up."""

    year = number("The year.", 2026)
    sites = texts("Keys of the sites whose figures these are.", "borken")
    totals = listed(TotalSchema, "Each figure of the year.")
    splits = listed(SplitSchema, "The same broken down.")


class WantedLinksSchema(Answer):
    offer = text("One of the offers of the work.")


class WantedSchema(Answer):
    """A work that at least five persons ask a licence for."""

    title = text("Title of the work.", "Der Wasserkreislauf")
    persons = number("How many persons ask for it.", 12)
    centres = number("At how many centres they do.", 7)
    latest = moment("When it was last asked for.")
    links = one(WantedLinksSchema, "Where more is.")


class DemandSchema(Answer):
    """The media that people ask a licence for, most wanted first; at most 500."""

    items = listed(WantedSchema, "The works.")
    withheld = number("Works that too few ask for to be named.", 31)
