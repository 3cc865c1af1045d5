"""The page on which a site makes the stages of its requests its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import abort, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub import permission
from hub.booking import requests, stages, wording
from hub.booking.stages import Change, StageError
from plugins.requests.pages import HANDLE, crumbs, language, pages

EXPLAINED = {
    "unknown": lambda: gettext("This stage is not there any more. Load the page again."),
    "end": lambda: gettext("The first and the last stage stay where they are."),
    "border": lambda: gettext("A stage stays among those that mean the same state of the booking."),
    "name": lambda: gettext("Please enter a name of at most 80 characters."),
    "twice": lambda: gettext("Another stage has this name already."),
    "many": lambda: gettext("There can be no more than 30 stages."),
    "used": lambda: gettext("Requests stand at this stage. Bring them to another one first."),
    "changed": lambda: gettext(
        "Somebody else has changed this in the meantime. Look at it again, then decide."
    ),
    "nothing": lambda: gettext("There is nothing to take back."),
}


@pages.get("/ablauf")
@permission(HANDLE)
def show_stages() -> ResponseReturnValue:
    return _page(_kind(request.args.get("art") or requests.KINDS[0]))


@pages.post("/ablauf")
@permission(HANDLE)
def change_stages() -> ResponseReturnValue:
    """Does what the button says: rename, up, down, remove, back, add, reset or undo."""
    given = request.form
    kind = _kind(given.get("art", ""))
    what, _, code = given.get("tun", "").partition(":")
    seen = given.get("stand", type=int)
    ways: dict[str, Change] = {
        "rename": partial(stages.rename, code=code, label=given.get(f"name_{code}", "")),
        "up": partial(stages.move, code=code, by=-1),
        "down": partial(stages.move, code=code, by=1),
        "remove": partial(stages.remove, code=code),
        "back": partial(stages.put_back, code=code),
        "add": partial(stages.add, after=given.get("nach", ""), label=given.get("neu", "")),
        "reset": lambda _: stages.bundled(kind),
    }
    if seen is None or what not in {*ways, "undo"}:
        abort(400)
    try:
        with g.plugin.db.write(queued=True) as session:
            if what == "undo":
                stages.undo(session, g.site.key, kind, seen, g.person.id)
            else:
                stages.change(session, g.site.key, kind, seen, ways[what], g.person.id)
    except StageError as error:
        return _page(kind, EXPLAINED[error.reason](), 409)
    return redirect(url_for(".show_stages", art=kind, fertig=1), 303)


def _page(kind: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with g.plugin.db.read() as session:
        plan, version, undoable = stages.plan(session, g.site.key, kind)
        flow = stages.flow(session, g.site.key, kind)
        used = stages.used(session, g.site.key, kind)
    assert flow is not None
    own = {one.code: one.label for one in plan.live}
    page = render_template(
        "requests/stages.html",
        centre=g.site.row,
        kind=kind,
        kinds=requests.kinds(language()),
        rows=[
            {
                "code": one.code,
                "label": one.label,
                "own": own[one.code],
                "state": wording.state(one.state),
                "used": used[one.code],
                "fixed": number in (0, len(flow.stages) - 1),
                "up": _possible(partial(stages.move, plan, one.code, -1)),
                "down": _possible(partial(stages.move, plan, one.code, 1)),
            }
            for number, one in enumerate(flow.stages)
        ],
        gone=flow.former,
        changed=plan != stages.bundled(kind),
        version=version,
        undoable=undoable,
        typed=request.form.get("neu", "") if problem else "",
        after=request.form.get("nach", "") if problem else "",
        longest=stages.LONGEST_LABEL,
        problem=problem,
        done="fertig" in request.args,
        crumbs=crumbs({"label": gettext("Stages"), "url": ""}),
    )
    return make_response(page, status)


def _possible(change: Callable[[], Any]) -> bool:
    try:
        change()
    except StageError:
        return False
    return True


def _kind(code: Any) -> str:
    return code if code in {one.value for one in requests.KINDS} else abort(404)
