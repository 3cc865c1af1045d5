"""The stages of requests as a site has them: those of `hub.booking.workflow`, until it says more.

A site renames, adds, orders and takes out stages of each kind. The first and the last stay, where
requests come in and end; a stage keeps the state of the booking that it means, so that the order of
the states stays too; a stage at which a request stands cannot vanish. What was taken out can be put
back, and the last change be undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.booking import workflow
from hub.booking.errors import BookingError
from hub.booking.states import HOLDING
from hub.booking.workflow import Stage, Workflow
from hub.identity import audit
from hub.models import Booking, Case, Site, WorkflowStages
from hub.records import Kind

MOST = 30
LONGEST_LABEL = 80
ORDER = ("requested", "confirmed", "returned")
"""The states of the booking that stages mean, as they follow each other."""
OWN = "own"
"""How the codes of stages begin that a site added."""


class StageError(BookingError):
    """Nothing was changed; `reason` is `unknown`, `end`, `border`, `name`, `twice`, `many`, `used`,
    `changed` or `nothing` (there is nothing to undo)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Step:
    """One stage at a site; an empty label is the bundled one."""

    code: str
    state: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The stages of one kind at a site in order, and those that were taken out."""

    live: tuple[Step, ...]
    gone: tuple[Step, ...] = ()

    def place(self, code: str) -> int:
        """Where a stage stands; raises `StageError`."""
        for number, one in enumerate(self.live):
            if one.code == code:
                return number
        raise StageError("unknown")

    def movable(self, code: str) -> int:
        """The same for one that is neither the first nor the last."""
        place = self.place(code)
        if place in (0, len(self.live) - 1):
            raise StageError("end")
        return place


Change = Callable[[Plan], Plan]


def bundled(kind: str) -> Plan:
    """What holds where a site has said nothing."""
    return Plan(tuple(Step(one.code, one.state) for one in workflow.WORKFLOWS[Kind(kind)].stages))


def rename(plan: Plan, code: str, label: str) -> Plan:
    """Call a stage something else; nothing is its bundled name, where it has one."""
    place = plan.place(code)
    label = _checked(plan, label, code)
    if not label and code.startswith(OWN):
        raise StageError("name")
    live = (*plan.live[:place], replace(plan.live[place], label=label), *plan.live[place + 1 :])
    return replace(plan, live=live)


def add(plan: Plan, after: str, label: str) -> Plan:
    """A stage of the site's own after another one, of the same state of the booking."""
    place = plan.place(after)
    if place == len(plan.live) - 1:
        raise StageError("end")
    if not label.strip():
        raise StageError("name")
    if len(plan.live) >= MOST:
        raise StageError("many")
    known = {one.code for one in (*plan.live, *plan.gone)}
    code = next(f"{OWN}{n}" for n in range(1, len(known) + 2) if f"{OWN}{n}" not in known)
    made = Step(code, plan.live[place].state, _checked(plan, label, code))
    return replace(plan, live=(*plan.live[: place + 1], made, *plan.live[place + 1 :]))


def move(plan: Plan, code: str, by: int) -> Plan:
    """One place on or back; not past the first or last, nor among those of another state."""
    place = plan.movable(code)
    other = place + (1 if by > 0 else -1)
    if other in (0, len(plan.live) - 1):
        raise StageError("end")
    if plan.live[other].state != plan.live[place].state:
        raise StageError("border")
    live = list(plan.live)
    live[place], live[other] = live[other], live[place]
    return replace(plan, live=tuple(live))


def remove(plan: Plan, code: str) -> Plan:
    """Take a stage out; it is kept, to be put back and to name what was."""
    place = plan.movable(code)
    live = (*plan.live[:place], *plan.live[place + 1 :])
    return Plan(live, (*plan.gone, plan.live[place]))


def put_back(plan: Plan, code: str) -> Plan:
    """A stage that was taken out comes last of those of its state."""
    found = next((one for one in plan.gone if one.code == code), None)
    if found is None:
        raise StageError("unknown")
    if len(plan.live) >= MOST:
        raise StageError("many")
    _checked(plan, found.label, code)
    latest = ORDER.index(found.state)
    place = sum(ORDER.index(one.state) <= latest for one in plan.live[:-1])
    live = (*plan.live[:place], found, *plan.live[place:])
    return Plan(live, tuple(one for one in plan.gone if one.code != code))


def plan(session: Session, site: str, kind: str) -> tuple[Plan, int, bool]:
    """How a site has the stages of a kind, how often they were changed, and whether the last
    change can be undone."""
    row = session.get(WorkflowStages, (site, kind))
    if row is None:
        return bundled(kind), 0, False
    return _read(row.stages), row.version, row.before is not None


def flow(session: Session, site: str, kind: str) -> Workflow | None:
    """How a request of this kind goes at a site; None for what is lent or booked."""
    own = workflow.of(kind)
    row = session.get(WorkflowStages, (site, kind)) if own is not None else None
    if own is None or row is None:
        return own
    known = {one.code: one for one in own.stages}
    said = _read(row.stages)

    def stage(one: Step) -> Stage:
        usual = known.get(one.code)
        return Stage(
            one.code,
            one.label or (usual.label if usual else one.code),
            one.state,
            usual.needs if usual else (),
        )

    return replace(own, stages=tuple(map(stage, said.live)), former=tuple(map(stage, said.gone)))


def used(session: Session, site: str, kind: str) -> Counter[str]:
    """How many open requests stand at each stage."""
    told = flow(session, site, kind)
    if told is None:
        return Counter()
    rows = session.execute(
        sa.select(Booking.state, Case.stage)
        .outerjoin(Case, sa.and_(Case.booking_id == Booking.id, Case.site_key == site))
        .where(Booking.site_key == site, Booking.kind == kind, Booking.state.in_(HOLDING))
    )
    return Counter(told.standing(stage or "", state).code for state, stage in rows)


def change(session: Session, site: str, kind: str, seen: int, do: Change, by: str) -> None:
    """Let a change of the stages hold, which was made in sight of version `seen`. Raises
    `StageError` where somebody was faster, or a request stands at a stage that would vanish."""
    before = _locked(session, site, kind, seen)
    _keep(session, site, kind, before, do(before), by)


def undo(session: Session, site: str, kind: str, seen: int, by: str) -> None:
    """Take the last change back; a second time it holds again. Raises `StageError`."""
    now = _locked(session, site, kind, seen)
    row = session.get(WorkflowStages, (site, kind))
    if row is None or row.before is None:
        raise StageError("nothing")
    _keep(session, site, kind, now, _read(row.before), by)


def hold(session: Session, site: str) -> None:
    """Keep the stages of a site as they are until the end of this transaction."""
    session.execute(sa.select(Site.key).where(Site.key == site).with_for_update(read=True)).all()


def _locked(session: Session, site: str, kind: str, seen: int) -> Plan:
    session.execute(sa.select(Site.key).where(Site.key == site).with_for_update()).all()
    found, version, _ = plan(session, site, kind)
    if version != seen:
        raise StageError("changed")
    return found


def _keep(session: Session, site: str, kind: str, before: Plan, after: Plan, by: str) -> None:
    if before == after:
        return
    staying = {one.code for one in after.live}
    if any(code not in staying for code in used(session, site, kind)):
        raise StageError("used")
    row = session.get(WorkflowStages, (site, kind))
    if row is None:
        row = WorkflowStages(site_key=site, kind=kind, version=0)
        session.add(row)
    row.stages, row.before, row.version = _written(after), _written(before), row.version + 1
    told = [{"stages": [one.label or one.code for one in each.live]} for each in (after, before)]
    audit.note(session, by, site, "request.stages", f"stages:{kind}", *told)


def _checked(plan: Plan, label: str, code: str) -> str:
    label = " ".join(label.split())
    if len(label) > LONGEST_LABEL or not all(c.isprintable() for c in label):
        raise StageError("name")
    others = {one.label.casefold() for one in plan.live if one.code != code}
    if label and label.casefold() in others:
        raise StageError("twice")
    return label


def _read(stored: dict[str, Any]) -> Plan:
    return Plan(*(tuple(Step(**one) for one in stored[name]) for name in ("live", "gone")))


def _written(plan: Plan) -> dict[str, Any]:
    return asdict(plan)
