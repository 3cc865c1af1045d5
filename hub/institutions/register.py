"""Institutions that are on no list: Kitas, ZfsL, Vereine, entered by hand or from a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from hub import models
from hub.institutions import history, serving
from hub.institutions.find import search_text
from hub.models.base import now
from hub.validation import explain

KINDS = ("kita", "zfsl", "education", "youth", "culture", "club", "authority", "school")
"""Kinds that may be entered by hand; a school only where no list names it."""
MAX_BYTES = 5_000_000


class RegisterError(Exception):
    """Nothing was stored; the message says why."""


def _line(longest: int = 200, **options: Any) -> fields.String:
    return fields.String(
        validate=[
            validate.Length(max=longest),
            validate.Predicate("isprintable", error="Characters that are no text.")
            if not options.get("required")
            else validate.And(
                validate.Length(min=1),
                validate.Predicate("isprintable", error="Characters that are no text."),
            ),
        ],
        **options,
    )


class _Fields(ma.Schema):
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    name = _line(required=True)
    street = _line(load_default="")
    postcode = fields.String(
        load_default="", validate=validate.Regexp(r"^(\d{5})?$", error="Five digits.")
    )
    town = _line(load_default="")
    municipality = fields.String(
        load_default="",
        validate=validate.Regexp(r"^(05\d{6})?$", error="Eight digits that begin with 05."),
    )
    phone = _line(60, load_default="")
    email = fields.Email(load_default="")
    website = fields.Url(load_default="", schemes={"http", "https"})


_FIELDS = _Fields()
_TABLE: Mapping[str, str] = {
    "art": "kind",
    "name": "name",
    "strasse": "street",
    "straße": "street",
    "plz": "postcode",
    "ort": "town",
    "gemeindeschluessel": "municipality",
    "telefon": "phone",
    "e-mail": "email",
    "website": "website",
    "zentrum": "sites",
}
"""Columns of a table → fields; `zentrum` holds keys of sites, separated by spaces."""
_same = sa.select(models.Institution).where(
    models.Institution.kind == sa.bindparam("kind"),
    models.Institution.name == sa.bindparam("name"),
    models.Institution.postcode == sa.bindparam("postcode"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What taking in a table did."""

    added: int
    changed: int
    unchanged: int


def put(
    session: Session, values: Mapping[str, Any], sites: Sequence[str], *, actor: str
) -> tuple[models.Institution, str]:
    """Enter an institution, or change the one of the same kind, name and postcode.

    Returns it with `added`, `changed` or `unchanged`. Without `sites` its municipality decides
    who serves it. Raises `RegisterError`.
    """
    try:
        checked: dict[str, Any] = _FIELDS.load({k: v for k, v in values.items() if v != ""})
    except ma.ValidationError as error:
        raise RegisterError(explain(error)) from error
    _check_sites(session, checked, sites)
    row = session.scalar(_same, {name: checked[name] for name in ("kind", "name", "postcode")})
    moment = now()
    before: dict[str, Any] = {}
    if row is None:
        row = models.Institution(
            listed=False,
            search_text=search_text(checked),
            created_at=moment,
            changed_at=moment,
            **checked,
        )
        session.add(row)
        session.flush()
        after = {"name": row.name}
    else:
        if row.listed:
            raise RegisterError("The state's list decides what is known of this institution.")
        before = {name: getattr(row, name) for name in checked}
        before = {name: old for name, old in before.items() if old != checked[name]}
        after = {name: checked[name] for name in before}
        for name, value in after.items():
            setattr(row, name, value)
        row.search_text = search_text(checked)
    served = _serve(session, row, sites)
    if before or "name" in after:
        row.changed_at = moment
        _note(session, row, before, after, actor)
        return row, "changed" if before else "added"
    return row, "changed" if served else "unchanged"


def close(session: Session, institution: int, day: date | None, *, actor: str) -> None:
    """Let an institution close on a day, or open again with None; raises `RegisterError`."""
    row = session.get(models.Institution, institution)
    if row is None:
        raise RegisterError(f"There is no institution {institution}.")
    if row.listed:
        raise RegisterError("The state's list says when a school closes.")
    if row.closed_on == day:
        return
    before, after = {"closed_on": row.closed_on}, {"closed_on": day}
    row.closed_on, row.changed_at = day, now()
    _note(session, row, before, after, actor)


def take_in(session: Session, path: Path, *, actor: str) -> Outcome:
    """Enter all institutions of a CSV table, or none: raises `RegisterError` with every fault.

    The first line names the columns: art, name, and any of strasse, plz, ort,
    gemeindeschluessel, telefon, e-mail, website, zentrum.
    """
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    faults = []
    for line, values in _rows(path):
        sites = (values.pop("sites", "") or "").split()
        try:
            _, outcome = put(session, values, sites, actor=actor)
        except RegisterError as error:
            faults.append(f"{path.name} line {line}: {error}")
        else:
            counts[outcome] += 1
    if faults:
        more = [f"… and {len(faults) - 20} more."] if len(faults) > 20 else []
        raise RegisterError("\n".join([*faults[:20], *more, "Nothing was stored."]))
    return Outcome(**counts)


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise RegisterError(f"{path}: larger than {MAX_BYTES:,} bytes.")
        text = content.decode("utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = ";" if first.count(";") >= first.count(",") else ","
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header = [name.strip().lower() for name in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except OSError as error:
        raise RegisterError(f"{path}: cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RegisterError(f"{path}: no CSV in UTF-8: {error}.") from error
    unknown = [name for name in header if name not in _TABLE]
    if unknown or not {"art", "name"} <= set(header):
        wrong = f"unknown columns {', '.join(unknown)}" if unknown else "art or name is missing"
        raise RegisterError(f"{path}: {wrong}; known are {', '.join(_TABLE)}.")
    return [
        (line, {_TABLE[name]: cell.strip() for name, cell in zip(header, row, strict=False)})
        for line, row in rows
    ]


def _check_sites(session: Session, checked: Mapping[str, Any], sites: Sequence[str]) -> None:
    known = set(session.scalars(sa.select(models.Site.key)))
    for site in sites:
        if site not in known:
            raise RegisterError(f"There is no site {site}; `hub sites list` shows them.")
    if not sites and not serving.responsible(checked["municipality"], serving.districts(session)):
        raise RegisterError("Name the site that serves it, or its Gemeindeschluessel.")


def _serve(session: Session, row: models.Institution, sites: Sequence[str]) -> bool:
    """Let the sites serve it; whether that changed anything."""
    before = serving.sites_of(session, [row.id]).get(row.id, ())
    wanted = tuple(sites) or serving.responsible(row.municipality, serving.districts(session))
    if set(before) == set(wanted):
        return False
    if sites:
        serving.set_by_hand(session, row.id, sites)
    else:
        session.execute(
            sa.delete(models.InstitutionSite).where(models.InstitutionSite.institution_id == row.id)
        )
        session.add_all(
            models.InstitutionSite(institution_id=row.id, site_key=site, by_hand=False)
            for site in wanted
        )
    session.flush()
    return True


def _note(
    session: Session,
    row: models.Institution,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    actor: str,
) -> None:
    session.add(
        models.InstitutionChange(
            **history.entry(row.id, before, after, at=row.changed_at, actor=actor)
        )
    )
