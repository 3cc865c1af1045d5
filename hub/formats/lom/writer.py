"""Writes LOM: in IEEE's namespace, with edu-sharing's conventions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from hub.formats import terms
from hub.formats import values as forms
from hub.formats.lom.names import EAF_LANGUAGE, LOM
from hub.records import MediumType, Record

_LRT = {
    MediumType.VIDEO: "video",
    MediumType.AUDIO: "audio",
    MediumType.IMAGE: "image",
    MediumType.DOCUMENT: "text",
    MediumType.PACKAGE: "course",
    MediumType.INTERACTIVE: "simulation",
    MediumType.WEBSITE: "web_page",
}
"""HCRT's names (w3id.org/kim/hcrt); it has none for what is something else."""
_OEH_LEVELS = "http://w3id.org/openeduhub/vocabs/educationalContext/"
_LRMI = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/"
_ROLES = {
    "school": ("learner", "LOMv1.0"),
    "parents": ("parent", _LRMI),
    "citizen": ("generalPublic", _LRMI),
}
"""Value and source; of these the standard itself knows only the learner."""


def write(record: Record) -> etree._Element:
    """The `lom` element of a record in IEEE's namespace, with edu-sharing's conventions."""
    return _Writer(record).root


class _Writer:
    def __init__(self, record: Record) -> None:
        self.root = etree.Element(f"{{{LOM}}}lom", nsmap={None: LOM})  # type: ignore[dict-item]
        self.language = next(iter(record.languages), "")
        self._general(record)
        self._lifecycle(record)
        self._technical(record)
        self._educational(record)
        self._rights(record)
        if record.image_url:
            self._relation("hasthumbnail", record.image_url)
        if record.series:
            self._relation("ispartof", record.series)
        if record.subjects:
            self._classification("discipline", record.subjects, "EAF Thesaurus", EAF_LANGUAGE)
        if record.competences:
            codes = [terms.COMPETENCES + code for code in record.competences]
            self._classification("competency", codes, terms.COMPETENCES)

    def _add(self, parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
        child = etree.SubElement(parent, f"{{{LOM}}}{name}")
        child.text = text
        return child

    def _string(self, parent: etree._Element, name: str, text: str) -> None:
        if text:
            string = self._add(self._add(parent, name), "string", text)
            if self.language:
                string.set("language", self.language)

    def _term(self, parent: etree._Element, name: str, value: str, source: str = "LOMv1.0") -> None:
        term = self._add(parent, name)
        self._add(term, "source", source)
        self._add(term, "value", value)

    def _general(self, record: Record) -> None:
        general = self._add(self.root, "general")
        for identifier in record.identifiers:
            child = self._add(general, "identifier")
            self._add(child, "catalog", identifier.scheme)
            self._add(child, "entry", identifier.value)
        self._string(general, "title", record.title)
        for language in record.languages:
            self._add(general, "language", language)
        self._string(general, "description", record.description)
        for keyword in record.keywords:
            self._string(general, "keyword", keyword)

    def _lifecycle(self, record: Record) -> None:
        section = self._add(self.root, "lifeCycle")
        parties = [("author", name) for name in record.creators]
        parties += [("publisher", name) for name in record.publishers]
        if record.year and not parties:
            parties.append(("publisher", ""))
        for index, (role, name) in enumerate(parties):
            contribute = self._add(section, "contribute")
            self._term(contribute, "role", role)
            if name:
                escaped = re.sub(r"([,;\\])", r"\\\1", name)
                card = f"BEGIN:VCARD\nVERSION:3.0\nFN:{escaped}\nEND:VCARD"
                self._add(contribute, "entity", card)
            if record.year and index == len(parties) - 1:
                self._add(self._add(contribute, "date"), "dateTime", str(record.year))

    def _technical(self, record: Record) -> None:
        section = self._add(self.root, "technical")
        if record.url:
            self._add(section, "location", record.url)
        if record.duration:
            duration = self._add(section, "duration")
            self._add(duration, "duration", forms.iso_duration(record.duration))

    def _educational(self, record: Record) -> None:
        section = self._add(self.root, "educational")
        if record.medium_type in _LRT:
            source = terms.HCRT + "scheme"
            self._term(section, "learningResourceType", _LRT[record.medium_type], source)
        for audience in record.audiences:
            role, source = _ROLES.get(audience, (audience, "audience"))
            self._term(section, "intendedEndUserRole", role, source)
        for level in record.levels:
            self._term(section, "context", _OEH_LEVELS + level, _OEH_LEVELS)
        if record.grades:
            ages = self._add(section, "typicalAgeRange")
            self._add(ages, "string", forms.ages(record.grades))

    def _rights(self, record: Record) -> None:
        section = self._add(self.root, "rights")
        self._term(section, "cost", "yes" if record.cost else "no")
        if record.licence:
            self._add(self._add(section, "description"), "string", record.licence)

    def _relation(self, kind: str, text: str) -> None:
        section = self._add(self.root, "relation")
        self._term(section, "kind", kind, "EDUSHARING" if kind == "hasthumbnail" else "LOMv1.0")
        description = self._add(self._add(section, "resource"), "description")
        self._add(description, "string", text)

    def _classification(
        self, purpose: str, codes: Iterable[str], source: str, language: str = "x-none"
    ) -> None:
        section = self._add(self.root, "classification")
        self._term(section, "purpose", purpose)
        for code in codes:
            path = self._add(section, "taxonPath")
            self._add(self._add(path, "source"), "string", source).set("language", language)
            self._add(self._add(path, "taxon"), "id", code)
