"""Why offers are one work, or might be: the reasons of `hub.catalogue.matching` in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

from hub.catalogue.linked import Why

NAMES = {
    "year": lazy_gettext("Year"),
    "duration": lazy_gettext("Length"),
    "names": lazy_gettext("Created by"),
    "publisher": lazy_gettext("Published by"),
    "description": lazy_gettext("Description"),
    "series": lazy_gettext("Series"),
    "part": lazy_gettext("Part"),
    "number": lazy_gettext("Number in the title"),
    "medium_type": lazy_gettext("Form"),
    "language": lazy_gettext("Languages"),
    "edition": lazy_gettext("Edition"),
    "identifier": lazy_gettext("Identifiers"),
    "age_rating": lazy_gettext("Age rating"),
    "licence": lazy_gettext("Licence"),
    "kind": lazy_gettext("Kind of offer"),
}
CAUTIONS = {
    "words": lazy_gettext("The titles have words that differ."),
    "added": lazy_gettext("One title says more: it may be a part of the other."),
    "evidence": lazy_gettext("Too little beside the title agrees."),
    "ambiguous": lazy_gettext("Another offer fits as well."),
    "members": lazy_gettext("Other offers of these works do not fit."),
}


def lines(found: Why | None) -> list[str]:
    """What joins the offers of a work, in words; without who decided it."""
    if found is None:
        return []
    said = []
    if found.keys:
        shown = ", ".join(_key(key) for key in list(found.keys)[:3])
        said.append(gettext("They share: %(what)s.", what=shown))
    among = [one for one in found.links if {one.left.id, one.right.id} <= set(found.offers)]
    agreeing = {name for one in among if one.state == "automatic" for name in one.reason["agree"]}
    if agreeing:
        what = ", ".join(str(NAMES[name]) for name in NAMES if name in agreeing)
        said.append(gettext("Their titles are alike, and the same is: %(what)s.", what=what))
    if any(one.state == "joined" for one in among):
        said.append(gettext("A media centre has joined them."))
    return said


def reasons(reason: Mapping[str, Any]) -> list[str]:
    """What the matcher thought of a pair, in words."""
    if not reason:
        return [gettext("A person has decided it; the hub had not proposed it.")]
    said = [
        gettext("The titles are %(percent)s percent alike.", percent=round(reason["text"] * 100))
    ]
    for text, key in (
        (gettext("The same: %(what)s", what="{}"), "agree"),
        (gettext("Different: %(what)s", what="{}"), "differ"),
    ):
        if reason[key]:
            said.append(text.format(", ".join(str(NAMES[name]) for name in reason[key])))
    if reason["slips"]:
        slips = ", ".join(f"„{one}“ – „{other}“" for one, other in reason["slips"])
        said.append(gettext("Perhaps slips of the pen: %(what)s", what=slips))
    for veto in reason["vetoes"]:
        sides = f"{veto['left'] or '–'} / {veto['right'] or '–'}"
        said.append(f"{NAMES[veto['name']]}: {sides}")
    return said + [str(CAUTIONS[name]) for name in reason["cautions"]]


def _key(key: str) -> str:
    scheme, colon, value = key.partition(":")
    if scheme == "url":
        return gettext("the address %(address)s", address=value)
    return gettext("the number %(number)s", number=value if colon else key.upper())
