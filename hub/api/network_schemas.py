"""What is answered about the network: who offers what, how fresh it is, what was used."""

from __future__ import annotations

from marshmallow import fields

from hub.api.parameters import said
from hub.api.schemas import (
    Answer,
    SiteNameSchema,
    Term,
    TermSchema,
    _list,
    _moment,
    _next,
    _number,
    _one,
    _text,
    _texts,
    _unknown_number,
)


class ColumnSchema(Answer):
    value = _one(TermSchema, "Code of the value, and its label.")
    total = _number("Offers of all these sites.", 49)
    sites = _number("How many of these sites have at least one.", 31)


class CellSchema(Answer):
    code = _text("Code of the value.", "grundschule")
    count = _number("How many offers; values without any are left out.", 12)


class RowSchema(Answer):
    """What one site offers."""

    site = _one(SiteNameSchema, "The site.")
    kind = Term("site_kind", "Medienzentrum or Landesmedienzentrum.")
    total = _number("All its offers.", 49)
    counts = _list(CellSchema, "Its offers by value.")


class MatrixSchema(Answer):
    facet = _one(TermSchema, "By what offers are laid out.")
    columns = _list(ColumnSchema, "Every value that somebody offers.")
    rows = _list(RowSchema, "The sites in their order, also those that offer nothing.")


class DaySchema(Answer):
    day = fields.Date(metadata=said("The day (UTC); the numbers are those at its end."))
    offers = _number("Live offers.", 4180)
    sites = _number("From how many sites.", 51)


class TrendSchema(Answer):
    items = _list(DaySchema, "Every day since something is known, the oldest first.")
    next = _next()


class ReadingSchema(Answer):
    """A source of a site that was read at least once."""

    site = _one(SiteNameSchema, "The site.")
    plugin = _text("Name of the plugin that reads it.", "edmond")
    state = Term("state", "Whether its data is current, stale or in error.")
    as_of = _moment("When it was last read to its end.", unknown=True)


class ReadingsSchema(Answer):
    items = _list(ReadingSchema, "The sources by site and plugin.")
    absent = _texts("Keys of the sites of which no source was ever read.", "leer")
    next = _next()


class FigureSchema(Answer):
    figure = _one(TermSchema, "What is counted.")
    number = _unknown_number("How many; null: withheld, because too few contributed.", 12)


class TotalSchema(FigureSchema):
    definition = _text("How it is counted.")


class PartSchema(Answer):
    part = _one(TermSchema, "Which part, as a month or a school form.")
    figures = _list(FigureSchema, "Its figures.")


class SplitSchema(Answer):
    split = _one(TermSchema, "By what it is broken down.")
    parts = _list(PartSchema, "The parts.")


class StatisticsSchema(Answer):
    """What was used in a year. Figures of different kinds are never added up."""

    year = _number("The year.", 2026)
    sites = _texts("Keys of the sites whose figures these are.", "borken")
    totals = _list(TotalSchema, "Each figure of the year.")
    splits = _list(SplitSchema, "The same broken down.")
