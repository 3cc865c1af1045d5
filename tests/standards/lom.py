"""What IEEE 1484.12.1 and its XML binding (1484.12.3) say about a LOM document, as a checker.

Elements may come in any order; how often, with which content and, where the source of a term is
LOMv1.0, with which values, is checked as the strict reading of the standard has it. Written from
the standard's tables, because the tests reach no network.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

LOM = "http://ltsc.ieee.org/xsd/LOM"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

LANGUAGE = re.compile(r"(?:[A-Za-z]{2,3}|x|i)(?:-[A-Za-z0-9]{1,8})*")
DATE = re.compile(
    r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])"
    r"(?:T(?:[01]\d|2[0-3])(?::[0-5]\d(?::[0-5]\d(?:\.\d+)?)?)?(?:Z|[+-][0-2]\d:[0-5]\d)?)?)?)?"
)
DURATION = re.compile(r"P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?")
TEXT = re.compile(r"\S[\s\S]*")
NUMBER = re.compile(r"\d+")
VCARD = re.compile(r"BEGIN:VCARD\r?\n[\s\S]*\nEND:VCARD\s*", re.IGNORECASE)

# name: (at most, content). Content is a pattern for text, a dict of children, or one of these:
STRINGS, MANY = "strings", None
Content = object


def term(*values: str) -> frozenset[str]:
    """The values of a vocabulary's LOMv1.0."""
    return frozenset(values)


_IDENTIFIER = {"catalog": (1, TEXT), "entry": (1, TEXT)}
_DATE = {"dateTime": (1, DATE), "description": (1, STRINGS)}
_DURATION = {"duration": (1, DURATION), "description": (1, STRINGS)}
_YES_NO = term("yes", "no")
_FIVE = term("very low", "low", "medium", "high", "very high")


def _contribute(*roles: str) -> dict[str, object]:
    return {"role": (1, term(*roles)), "entity": (MANY, VCARD), "date": (1, _DATE)}


SCHEMA: dict[str, object] = {
    "general": (
        1,
        {
            "identifier": (MANY, _IDENTIFIER),
            "title": (1, STRINGS),
            "language": (MANY, LANGUAGE),
            "description": (MANY, STRINGS),
            "keyword": (MANY, STRINGS),
            "coverage": (MANY, STRINGS),
            "structure": (1, term("atomic", "collection", "networked", "hierarchical", "linear")),
            "aggregationLevel": (1, term("1", "2", "3", "4")),
        },
    ),
    "lifeCycle": (
        1,
        {
            "version": (1, STRINGS),
            "status": (1, term("draft", "final", "revised", "unavailable")),
            "contribute": (
                MANY,
                _contribute(
                    "author",
                    "publisher",
                    "unknown",
                    "initiator",
                    "terminator",
                    "validator",
                    "editor",
                    "graphical designer",
                    "technical implementer",
                    "content provider",
                    "technical validator",
                    "educational validator",
                    "script writer",
                    "instructional designer",
                    "subject matter expert",
                ),
            ),
        },
    ),
    "metaMetadata": (
        1,
        {
            "identifier": (MANY, _IDENTIFIER),
            "contribute": (MANY, _contribute("creator", "validator")),
            "metadataSchema": (MANY, TEXT),
            "language": (1, LANGUAGE),
        },
    ),
    "technical": (
        1,
        {
            "format": (MANY, TEXT),
            "size": (1, NUMBER),
            "location": (MANY, TEXT),
            "installationRemarks": (1, STRINGS),
            "otherPlatformRequirements": (1, STRINGS),
            "duration": (1, _DURATION),
        },
    ),
    "educational": (
        MANY,
        {
            "interactivityType": (1, term("active", "expositive", "mixed")),
            "learningResourceType": (
                MANY,
                term(
                    "exercise",
                    "simulation",
                    "questionnaire",
                    "diagram",
                    "figure",
                    "graph",
                    "index",
                    "slide",
                    "table",
                    "narrative text",
                    "exam",
                    "experiment",
                    "problem statement",
                    "self assessment",
                    "lecture",
                ),
            ),
            "interactivityLevel": (1, _FIVE),
            "semanticDensity": (1, _FIVE),
            "intendedEndUserRole": (MANY, term("teacher", "author", "learner", "manager")),
            "context": (MANY, term("school", "higher education", "training", "other")),
            "typicalAgeRange": (MANY, STRINGS),
            "difficulty": (1, term("very easy", "easy", "medium", "difficult", "very difficult")),
            "typicalLearningTime": (1, _DURATION),
            "description": (MANY, STRINGS),
            "language": (MANY, LANGUAGE),
        },
    ),
    "rights": (
        1,
        {
            "cost": (1, _YES_NO),
            "copyrightAndOtherRestrictions": (1, _YES_NO),
            "description": (1, STRINGS),
        },
    ),
    "relation": (
        MANY,
        {
            "kind": (
                1,
                term(
                    "ispartof",
                    "haspart",
                    "isversionof",
                    "hasversion",
                    "isformatof",
                    "hasformat",
                    "references",
                    "isreferencedby",
                    "isbasedon",
                    "isbasisfor",
                    "requires",
                    "isrequiredby",
                ),
            ),
            "resource": (
                1,
                {"identifier": (MANY, _IDENTIFIER), "description": (MANY, STRINGS)},
            ),
        },
    ),
    "annotation": (
        MANY,
        {"entity": (1, VCARD), "date": (1, _DATE), "description": (1, STRINGS)},
    ),
    "classification": (
        MANY,
        {
            "purpose": (
                1,
                term(
                    "discipline",
                    "idea",
                    "prerequisite",
                    "educational objective",
                    "accessibility restrictions",
                    "educational level",
                    "skill level",
                    "security level",
                    "competency",
                ),
            ),
            "taxonPath": (
                MANY,
                {
                    "source": (1, STRINGS),
                    "taxon": (MANY, {"id": (1, TEXT), "entry": (1, STRINGS)}),
                },
            ),
            "description": (1, STRINGS),
            "keyword": (MANY, STRINGS),
        },
    ),
}


def faults(document: etree._Element) -> list[str]:
    """Everything that is wrong with a `lom` element; empty where it is valid."""
    if document.tag != f"{{{LOM}}}lom":
        return [f"the root is {document.tag}"]
    return list(_element(document, SCHEMA, "lom"))


def _element(element: etree._Element, content: Content, place: str) -> Iterator[str]:
    names = set(map(str, element.attrib))
    allowed = {f"{_XSI}schemaLocation"} if place == "lom" else set()
    if place.endswith("/string"):
        allowed = {"language"}
        if not LANGUAGE.fullmatch(element.get("language", "de")):
            yield f"{place}: {element.get('language')!r} is no language"
    if names - allowed:
        yield f"{place}: attributes {names - allowed}"
    if isinstance(content, re.Pattern):
        if len(element) or not content.fullmatch(element.text or ""):
            yield f"{place}: {element.text!r}"
    elif isinstance(content, frozenset):
        yield from _children(element, {"source": (1, TEXT), "value": (1, TEXT)}, place)
        source, value = (element.findtext(f"{{{LOM}}}{name}") for name in ("source", "value"))
        if not source or not value:
            yield f"{place}: a term needs source and value"
        elif source == "LOMv1.0" and value not in content:
            yield f"{place}: {value!r} is no value of LOMv1.0"
    elif content == STRINGS:
        yield from _children(element, {"string": (MANY, TEXT)}, place)
    else:
        assert isinstance(content, dict)
        yield from _children(element, content, place)


def _children(element: etree._Element, allowed: dict[str, object], place: str) -> Iterator[str]:
    if element.text and not element.text.isspace():
        yield f"{place}: text {element.text!r}"
    seen: Counter[str] = Counter()
    for child in element:
        name = etree.QName(child)
        if name.namespace != LOM or name.localname not in allowed:
            yield f"{place}: {child.tag} does not belong here"
            continue
        most, content = allowed[name.localname]  # type: ignore[misc]
        seen[name.localname] += 1
        if most is not MANY and seen[name.localname] > most:
            yield f"{place}: more than {most} {name.localname}"
        yield from _element(child, content, f"{place}/{name.localname}")
