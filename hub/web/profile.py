"""The pages on which a centre's staff say what its profile shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hub import directory, profile
from hub.catalogue import vocabulary
from hub.formats.text import plain
from hub.records import Kind
from hub.web import context, login, presenting, texts
from hub.web.language import language
from hub.web.page import Crumb

pages = Blueprint("profile", __name__, url_prefix="/<site>/verwaltung/steckbrief")

LONGEST_LINE, LONGEST_TEXT = 200, 2_000
"""Characters, as the file has it too (`hub.directory`)."""
LABELS: Mapping[str, Callable[[], str]] = {
    "task": lambda: gettext("Task of the centre"),
    "status": lambda: gettext("What is unusual at present"),
    "offers": lambda: gettext("About the offers"),
    "target_groups": lambda: gettext("For whom"),
    "services": lambda: gettext("The eight kinds of offers"),
    "rooms": lambda: gettext("Rooms"),
    "equipment": lambda: gettext("Equipment"),
    "consulting": lambda: gettext("Media consulting"),
    "competence_team": lambda: gettext("Address of the Kompetenzteam’s web site"),
    "team": lambda: gettext("About the team"),
    "area": lambda: gettext("About the area"),
    "carrier": lambda: gettext("Maintaining body"),
    "financing": lambda: gettext("Financing"),
    "cost": lambda: gettext("What is free of charge"),
    "cooperation": lambda: gettext("Works together with"),
    "street": lambda: gettext("Street and number"),
    "postcode": lambda: gettext("Postcode"),
    "town": lambda: gettext("Town"),
    "phone": lambda: gettext("Phone"),
    "email": lambda: gettext("E-mail"),
    "website": lambda: gettext("Website"),
    "opening_hours": lambda: gettext("Opening hours, in words"),
    "branches": lambda: gettext("Branches"),
    "imprint": lambda: gettext("Legal notice"),
    "accessibility": lambda: gettext("Accessibility"),
    "name": lambda: gettext("Name of the branch"),
}
HINTS: Mapping[str, Callable[[], str]] = {
    "team": lambda: gettext("Names belong into the list of the team, which asks for the consent."),
    "imprint": lambda: gettext("Without one, your contact stands there."),
    "accessibility": lambda: gettext(
        "What is not accessible in your house or in what you offer, and what helps."
    ),
    "area": lambda: gettext("The districts are those of the network; say here what goes beyond."),
}
WORDS = ("yes", "planned", "no")
"""What can be said of a kind of offer without words of one's own."""
BRANCH = ("name", *directory.CONTACT)


@pages.get("")
def show(site: str) -> ResponseReturnValue:
    login.demand("site.edit", site)
    with context.the_hub().db.read() as session:
        now = profile.state(session, site)
        values = profile.values(session, site, now.said)
    return _form(site, now.version, values, {})


@pages.post("")
def save(site: str) -> ResponseReturnValue:
    """Takes the form in; what somebody else changed meanwhile is shown before it is lost."""
    who = login.demand("site.edit", site)
    typed = _typed(request.form)
    version = _number(request.form.get("version", ""))
    problems = {name: _explained(name) for name in directory.check(typed)}
    if problems:
        return _form(site, version, typed, problems)
    try:
        profile.save(context.the_hub(), site, version, typed, who.key)
    except profile.Changed:
        return _meanwhile(site, version, typed)
    return redirect(url_for("profile.show", site=site, fertig=1), 303)


@pages.get("/verlauf")
def history(site: str) -> str:
    login.demand("site.edit", site)
    return _history(site)


@pages.post("/verlauf")
def restore(site: str) -> ResponseReturnValue:
    """Lets an earlier state hold again."""
    who = login.demand("site.edit", site)
    version, earlier = (_number(request.form.get(name, "")) for name in ("version", "earlier"))
    try:
        profile.restore(context.the_hub(), site, version, earlier, who.key)
    except profile.Changed:
        return _history(site, changed=True), 409
    return redirect(url_for("profile.history", site=site, fertig=1), 303)


def _form(
    site: str,
    version: int,
    values: Mapping[str, Any],
    problems: Mapping[str, str],
    meanwhile: Sequence[tuple[str, str, bool]] = (),
    who: str = "",
) -> ResponseReturnValue:
    row = context.sites()[site]
    with context.the_hub().db.read() as session:
        told = presenting.present(session, row)
        hours = presenting.opening(session, [site]).get(site, "")
    errors = [(name.replace(".", "-"), text) for name, text in problems.items()]
    page = render_template(
        "profile.html",
        centre=row,
        version=version,
        values=values,
        error=dict(errors),
        errors=errors,
        labels={name: label() for name, label in LABELS.items()},
        hints={name: hint() for name, hint in HINTS.items()},
        limits=(texts.number(LONGEST_LINE), texts.number(LONGEST_TEXT)),
        audiences=_audiences(),
        services=[(kind.value, texts.KINDS[kind]) for kind in Kind],
        choices=[
            ("", "–"),
            ("yes", gettext("offered")),
            ("planned", gettext("planned")),
            ("no", gettext("not offered")),
        ],
        known_words=WORDS,
        branch_fields=BRANCH,
        branches=_with_one_more(values["branches"]),
        told=told,
        hours=hours,
        meanwhile=meanwhile,
        who=who,
        done="fertig" in request.args and not errors and not meanwhile,
        crumbs=_crumbs(site, gettext("Edit the profile")),
    )
    return make_response(page, 409 if meanwhile else 422 if errors else 200)


def _meanwhile(site: str, version: int, typed: Mapping[str, Any]) -> ResponseReturnValue:
    """The form once more: with what the other one changed, and what one typed oneself."""
    with context.the_hub().db.read() as session:
        states = profile.history(session, site)
        now = profile.state(session, site)
        before = profile.values_at(session, site, version) or profile.values(session, site, {})
        theirs = profile.values(session, site, now.said)
    combined, both = profile.combine(before, typed, theirs)
    changed = [
        (LABELS[name](), _in_words(name, theirs[name]), name in both)
        for name in profile.differing(theirs, before)
    ]
    who = states[0][0].who if states else ""
    nothing = [(gettext("Nothing that still holds"), "", False)]
    return _form(site, now.version, combined, {}, changed or nothing, who)


def _history(site: str, *, changed: bool = False) -> str:
    with context.the_hub().db.read() as session:
        states = profile.history(session, site)
    row = context.sites()[site]
    return render_template(
        "profile_history.html",
        centre=row,
        states=[
            (one, [LABELS[name]() for name in names], _shown(one.said, names))
            for one, names in states
        ],
        version=states[0][0].version if states else 0,
        changed=changed,
        done="fertig" in request.args and not changed,
        crumbs=_crumbs(site, gettext("History"), deeper=True),
    )


def _shown(said: Mapping[str, Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """What these fields said from then on."""
    left = gettext("as the file of the network says")
    return [
        (LABELS[name](), _in_words(name, said[name]) if name in said else left) for name in names
    ]


def _in_words(name: str, value: Any) -> str:
    """The value of a field in one text."""
    if name == "services":
        parts = [f"{texts.KINDS[Kind(kind)]}: {word}" for kind, word in value.items()]
    elif name == "branches":
        parts = [", ".join(filter(None, (one.get(key, "") for key in BRANCH))) for one in value]
    elif name == "target_groups":
        parts = list(texts.labels("audience", tuple(value)))
    else:
        parts = [value]
    return "; ".join(parts) or gettext("(empty)")


def _typed(form: Mapping[str, str]) -> dict[str, Any]:
    """The form as values of the profile: plain text, whatever was pasted."""
    lines = (*directory.CONTACT, "competence_team")
    values: dict[str, Any] = {name: _line(form.get(name, "")) for name in lines}
    for name in directory.PROFILE:
        if name not in (*lines, "target_groups", "services"):
            values[name] = plain(form.get(name, "").replace("\r\n", "\n"))
    known = dict(_audiences())
    values["target_groups"] = sorted(
        one for one in request.form.getlist("target_groups") if one in known
    )
    values["services"] = {
        kind.value: word
        for kind in Kind
        if (word := plain(form.get(f"words-{kind}", "")) or form.get(f"service-{kind}", ""))
        and (word in WORDS or form.get(f"words-{kind}", ""))
    }
    values["branches"] = [
        branch
        for place in range(profile.MOST_BRANCHES)
        if (
            branch := {
                name: text
                for name in BRANCH
                if (text := _line(form.get(f"branches-{place}-{name}", "")))
            }
        )
    ]
    return values


def _line(text: str) -> str:
    return " ".join(plain(text).split())


def _audiences() -> list[tuple[str, str]]:
    codes = vocabulary.codes("audience")
    return [(code, vocabulary.label("audience", code, language())) for code in codes]


def _with_one_more(branches: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    more: list[Mapping[str, str]] = [{}] if len(branches) < profile.MOST_BRANCHES else []
    return [*branches, *more]


def _explained(path: str) -> str:
    """What is wrong with a field, and what would be right."""
    name = path.rpartition(".")[2]
    label = LABELS[name]()
    match name:
        case "postcode":
            return gettext("%(field)s: please write five digits.", field=label)
        case "email":
            return gettext("%(field)s: please write it like office@centre.example.", field=label)
        case "phone":
            return gettext("%(field)s: please write digits, for example 02861 1234.", field=label)
        case "website" | "competence_team":
            return gettext("%(field)s: please write it like https://centre.example/.", field=label)
        case "name":
            return gettext("Please give the branch a name.")
    longest = LONGEST_LINE if name in directory.CONTACT else LONGEST_TEXT
    return gettext(
        "%(field)s: please use at most %(number)s characters.",
        field=label,
        number=texts.number(longest),
    )


def _number(text: str) -> int:
    """A version from a form; whatever is none fits no state."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else abort(400)


def _crumbs(site: str, title: str, *, deeper: bool = False) -> list[Crumb]:
    up = [Crumb(gettext("Edit the profile"), url_for("profile.show", site=site))] if deeper else []
    name = context.sites()[site].name
    return [Crumb(name, url_for("centres.profile", site=site)), *up, Crumb(title)]
