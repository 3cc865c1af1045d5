"""Why a record was not taken in, in the reader's language.

What reads and checks records tells its reasons in English, once, and they are stored like that:
the runs are read by people in one language, by programs and developers in the other. Each reason
that the hub and its own plugins can tell stands here as a message to be translated; one of a
foreign plugin stays as it is.
"""

from __future__ import annotations

import re

from flask_babel import gettext

from hub.web.mapping_form import word_for


def _(message: str) -> str:
    """Marks a message for the catalogues; it is translated when it is shown."""
    return message


_RECORDS = (
    # hub.catalogue
    _("%(field)s: missing"),
    _("%(field)s: longer than %(most)s characters"),
    _("%(field)s: text was expected, not %(type)s"),
    _("%(field)s: a list was expected, not %(type)s"),
    _("%(field)s: a mapping was expected, not %(type)s"),
    _("%(field)s: a whole number was expected, not %(type)s"),
    _("%(field)s: a date was expected, not %(type)s"),
    _("%(field)s: “%(value)s” is none of %(known)s"),
    _("%(field)s: a time with its time zone was expected"),
    _("%(field)s: two whole numbers were expected"),
    _("%(field)s: an Identifier was expected"),
    _("%(field)s: a Grant was expected"),
    _("%(field)s: an Event was expected"),
    _("%(field)s: an Origin was expected"),
    _("%(field)s: the licence ends (%(end)s) before it begins (%(start)s)"),
    _("%(field)s: it is not said whom the licence reaches"),
    _("%(field)s: a date ends before it begins"),
    _("%(field)s: the hub is no web address"),
    _("%(field)s: the site or the number of the offer there is missing"),
    _("%(field)s: the document is that of another record"),
    _("%(field)s: a document of at most 5 MB was expected"),
    _("%(field)s: the mapping does not say what “%(value)s” means"),
    _("a record was expected, not %(type)s"),
    _("an object was expected, not %(type)s"),
    _("an object was expected"),
    _("the plugin yielded %(type)s, which is no change"),
    _("the record cannot be read (%(type)s)"),
    _("the mapping cannot be applied (%(type)s)"),
    _("the source gave this id twice; the last record counts"),
    # hub.formats, and the connectors and plugins that read them
    _("the Dublin Core record has no title"),
    _("<%(name)s> holds no Dublin Core"),
    _("<%(name)s> holds no LOM"),
    _("the LOM record has no title"),
    _("the record has neither identifier nor nr"),
    _("the record %(record)s has no titel"),
    _("the record has no identifier"),
    _("the record has no metadata"),
    _("title: missing, and there is no description either"),
    _("the offer is not as the API describes it: %(error)s"),
    _("the change is not as the API describes it: %(error)s"),
    _("%(hub)s names a site “%(site)s” as the origin that it does not have"),
    _(
        "%(hub)s gives %(origin)s as the origin, which it may not pass on; if it should, name that "
        "hub under “passes_on”"
    ),
    _("The document is no JSON: %(error)s"),
    _("The JSON document is cut short."),
    _("Products with variations cannot be booked from here."),
    _("It has no end (date_to) after its beginning."),
    # plugins.tables
    _("%(field)s: a time is given, but no day"),
    _("%(field)s: it ends (%(end)s) before it begins"),
    _("%(field)s: no table has the column %(columns)s of the mapping any more"),
    _(
        "the same as row %(row)s: both have the title “%(title)s” and no other number, date or "
        "place. Give each row a number of its own in a column for source_id."
    ),
    _(
        "the same as row %(row)s: both have %(field)s “%(value)s”. Give each row a number of its "
        "own in a column for source_id."
    ),
    _("There is no table “%(table)s” any more."),
    _("The table says that it is not offered."),
)
_CELLS = (
    _("longer than %(most)s characters"),
    _("the quotation marks do not fit"),
    _("a quotation mark is opened here and never closed"),
    _("only one cell is filled: a heading or a note, not an offer"),
    _("cells stand to the right of the header"),
    _("an error of the spreadsheet"),
    _("no number"),
    _("no whole number"),
    _("not between 0 and 1,000,000"),
    _("neither yes nor no"),
    _("neither a date nor a time"),
    _("no such day: %(day)s"),
    _("no such time: %(time)s"),
)
"""Of a row there are several, each with its column before it and what stands there behind it."""
_PLACES = (
    _("%(table)s!row %(row)s"),
    _("mapping %(field)s"),
    _("entry %(number)s"),
    _("line %(number)s"),
)
"""Where a record without an id of its own stands."""

_GROUPS = {"field": r"[A-Za-z_]+", "row": r"\d+", "number": r"\d+", "most": r"[\d,]+"}


def _pattern(message: str) -> str:
    parts = re.split(r"%\((\w+)\)s", message)
    texts, names = parts[::2], [*parts[1::2], ""]
    return "".join(
        re.escape(text) + (f"(?P<{name}>{_GROUPS.get(name, '.*?')})" if name else "")
        for text, name in zip(texts, names, strict=True)
    )


def _compiled(messages: tuple[str, ...], frame: str = "{}") -> list[tuple[str, re.Pattern[str]]]:
    return [
        (message, re.compile(frame.format(_pattern(message)), re.DOTALL)) for message in messages
    ]


_KNOWN = _compiled(_RECORDS)
_KNOWN_CELLS = _compiled(_CELLS, r"(?:(?P<where_>[^;]*?): )?{}(?: \(“(?P<value_>.*?)”\))?(?:; |\Z)")
_KNOWN_PLACES = _compiled(_PLACES)


def reason_words(reason: str) -> str:
    """Why a record was rejected; a reason that is not the hub's own stays as it is."""
    return _said(_KNOWN, reason) or _cells(reason) or reason


def place_words(place: str) -> str:
    """The id of a rejected record, or where it stands in its file."""
    return _said(_KNOWN_PLACES, place) or place


def _said(known: list[tuple[str, re.Pattern[str]]], text: str) -> str:
    for message, pattern in known:
        if found := pattern.fullmatch(text):
            return gettext(message, **_words(found.groupdict()))
    return ""


def _cells(reason: str) -> str:
    """What is wrong with the cells of a row; empty where something else is told.

    A long list was cut when it was stored: its last part stays as it is.
    """
    said: list[str] = []
    at = 0
    while at < len(reason):
        matches = ((message, pattern.match(reason, at)) for message, pattern in _KNOWN_CELLS)
        message, found = next((pair for pair in matches if pair[1]), ("", None))
        if found is None:
            return "; ".join([*said, reason[at:]]) if said else ""
        values = found.groupdict()
        where, what = values.pop("where_"), values.pop("value_")
        text = gettext(message, **_words(values))
        if where:
            text = gettext("column “%(name)s”: %(what)s", name=where, what=text)
        said.append(gettext("%(what)s (“%(value)s”)", what=text, value=what) if what else text)
        at = found.end()
    return "; ".join(said)


def _words(values: dict[str, str]) -> dict[str, str]:
    return {name: word_for(value) if name == "field" else value for name, value in values.items()}
