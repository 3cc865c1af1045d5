"""Is this answer of an OAI-PMH provider valid, down to the documents that it carries?"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from lxml import etree

from tests.standards import lom

FOLDER = Path(__file__).parent
OAI = "{http://www.openarchives.org/OAI/2.0/}"
OAI_DC = "{http://www.openarchives.org/OAI/2.0/oai_dc/}dc"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_PLACES = {
    OAI_DC: "http://www.openarchives.org/OAI/2.0/oai_dc/"
    " http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
    f"{{{lom.LOM}}}lom": "http://ltsc.ieee.org/xsd/LOM http://ltsc.ieee.org/xsd/lomv1.0/lom.xsd",
}


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(FOLDER / "oai_pmh.xsd"))


def faults(root: etree._Element) -> list[str]:
    """Everything that is wrong with an answer; empty where it is valid."""
    found = []
    if not schema().validate(root):
        found += [str(entry) for entry in schema().error_log]
    request = root.find(f"{OAI}request")
    codes = {error.get("code") for error in root.iter(f"{OAI}error")}
    if request is not None and codes & {"badVerb", "badArgument"} and request.attrib:
        found.append("after badVerb and badArgument `request` has no attributes")
    if request is not None and not codes & {"badVerb", "badArgument"}:
        verb = request.get("verb")
        if verb is None or (not codes and root.find(f"{OAI}{verb}") is None):
            found.append("`request` does not name the verb")
    for record in root.iter(f"{OAI}record"):
        found += _record(record)
    for token in root.iter(f"{OAI}resumptionToken"):
        if not re.fullmatch(r"[A-Za-z0-9_-]*", token.text or ""):
            found.append(f"the token {token.text!r} needs escaping")
    return found


def _record(record: etree._Element) -> list[str]:
    deleted = record.find(f"{OAI}header").get("status") == "deleted"
    metadata = record.find(f"{OAI}metadata")
    if deleted or metadata is None:
        return [] if deleted and metadata is None else ["metadata of a deleted record, or none"]
    document = metadata[0]
    found = [] if document.tag == OAI_DC else lom.faults(document)
    if document.get(f"{_XSI}schemaLocation") != _PLACES.get(document.tag):
        found.append(f"schemaLocation {document.get(f'{_XSI}schemaLocation')}")
    return found


def parse(body: bytes) -> etree._Element:
    """The answer, once it is known to be valid."""
    root = etree.fromstring(body)
    assert faults(root) == []
    return root
