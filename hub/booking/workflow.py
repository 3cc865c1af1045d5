"""How a request of each kind goes, as data: its stages, and what the staff note on the way.

A site may have the stages otherwise (`hub.booking.stages`).

Each stage says which state of the booking it means, so that moving the stage drives the booking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext

from hub.records import Kind

LONGEST = 200
"""Characters of what is noted in a field."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step. `needs` are codes of fields that must be filled in before it."""

    code: str
    label: Any
    state: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """What the staff note besides: a line, or one of the `options` (code, text)."""

    code: str
    label: Any
    options: tuple[tuple[str, Any], ...] = ()
    hint: Any = ""

    def shown(self, text: str) -> str:
        """What was noted, for people."""
        return str(dict(self.options).get(text, text))


@dataclass(frozen=True, slots=True)
class Workflow:
    """The stages of one kind in order, the first for what has just come in."""

    stages: tuple[Stage, ...]
    fields: tuple[Field, ...] = ()
    former: tuple[Stage, ...] = ()
    """Stages that a site has taken out, which still name what was."""
    competences: bool = False
    """Whether the areas of the Medienkompetenzrahmen NRW are ticked that are covered."""

    def stage(self, code: str) -> Stage | None:
        """The stage with this code."""
        return next((one for one in self.stages if one.code == code), None)

    def name(self, code: str) -> str:
        """What a stage is called, also one that was taken out."""
        found = next((one for one in (*self.stages, *self.former) if one.code == code), None)
        return str(found.label) if found else code

    def standing(self, code: str, state: str) -> Stage:
        """Where a request stands: at its stage, or at the first one of the state that the booking
        was brought to elsewhere, as at the desk. One that was given up stays where it was."""
        kept = self.stage(code) or self.stages[0]
        of_state = [one for one in self.stages if one.state == state]
        return kept if kept in of_state or not of_state else of_state[0]


_asked = Stage("asked", lazy_gettext("Request received"), "requested")

WORKFLOWS: Mapping[Kind, Workflow] = {
    # The seven steps of “In sieben Schritten zum schulischen Medienkonzept” (Medienberatung NRW,
    # medienkompetenzrahmen.nrw), on the ground of BASS 16-13 Nr. 4.
    Kind.CONSULTING: Workflow(
        (
            _asked,
            Stage("step1", lazy_gettext("Step 1: preparation"), "confirmed"),
            Stage("step2", lazy_gettext("Step 2: assignment to the subjects"), "confirmed"),
            Stage("step3", lazy_gettext("Step 3: content of lessons"), "confirmed"),
            Stage("step4", lazy_gettext("Step 4: taking stock"), "confirmed"),
            Stage("step5", lazy_gettext("Step 5: possible links"), "confirmed"),
            Stage("step6", lazy_gettext("Step 6: writing and adopting it"), "confirmed"),
            Stage("step7", lazy_gettext("Step 7: evaluation and continuation"), "confirmed"),
            Stage("done", lazy_gettext("Completed"), "returned"),
        ),
        competences=True,
    ),
    Kind.PARENTS_EVENING: Workflow(
        (
            _asked,
            Stage("triage", lazy_gettext("Decided who does it"), "requested", ("triage",)),
            Stage("speaker", lazy_gettext("Speaker assigned"), "requested", ("triage", "speaker")),
            Stage("agreed", lazy_gettext("Date confirmed"), "confirmed", ("triage", "speaker")),
            Stage("held", lazy_gettext("Held"), "confirmed"),
            Stage("report", lazy_gettext("Report written"), "returned"),
        ),
        (
            Field(
                "triage",
                lazy_gettext("Who does it"),
                (
                    ("", lazy_gettext("not decided")),
                    ("own", lazy_gettext("own staff")),
                    ("lfm", lazy_gettext("Landesanstalt für Medien NRW (Eltern+Medien)")),
                ),
            ),
            Field("speaker", lazy_gettext("Speaker")),
        ),
    ),
    Kind.PROJECT: Workflow(
        (
            _asked,
            Stage("agreed", lazy_gettext("Agreed"), "confirmed"),
            Stage("planned", lazy_gettext("Planned"), "confirmed"),
            Stage("done", lazy_gettext("Completed"), "returned"),
        ),
    ),
    Kind.SCOUTS: Workflow(
        (
            Stage("registered", lazy_gettext("Registered"), "requested"),
            Stage("round", lazy_gettext("Round assigned"), "confirmed", ("round",)),
            *(
                Stage(
                    f"workshop{number}",
                    lazy_gettext("Workshop %(number)s of 5", number=number),
                    "confirmed",
                    ("round",),
                )
                for number in range(1, 6)
            ),
            Stage("finished", lazy_gettext("Qualified"), "returned"),
        ),
        (
            Field(
                "round",
                lazy_gettext("Round"),
                hint=lazy_gettext("For example 2027-1; 7 to 10 schools make a round."),
            ),
        ),
    ),
}
ROUND = "round"
ROUND_LEAST, ROUND_MOST = 7, 10
"""Schools of one round of Medienscouts NRW."""
COMPETENCES = tuple(f"{area}.{part}" for area in range(1, 7) for part in range(1, 5))
"""The 24 of the Medienkompetenzrahmen NRW, four in each of six areas."""


def of(kind: str) -> Workflow | None:
    """How a request of this kind goes; None for what is lent or booked."""
    return WORKFLOWS.get(Kind(kind))
