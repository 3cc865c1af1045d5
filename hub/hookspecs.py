"""Every hook of the hub, typed; a docstring here is the hook's documentation.

A plugin implements the hooks that it needs with `@hookimpl`, with exactly these argument names
(fewer are allowed, defaults are not). "Asked together" means that every plugin of a site is
asked within a deadline (`Site.each`); "asked alone" means that the plugin that owns the object
is asked (`Site.one`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pluggy

from hub.formats.fieldmap import FieldMap, Words
from hub.records import (
    Access,
    Availability,
    Booking,
    BookingRequest,
    Change,
    Claims,
    LoginMethod,
    MenuItem,
    Offer,
    Person,
    Record,
    Reject,
    Slot,
)

hookspec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")


@hookspec
def catalogue_changes(cursor: str | None) -> Iterator[Change]:  # type: ignore[empty-body]
    """Yield what changed in the source since `cursor` (None: everything).

    Asked alone, by the sync. Yields `Upsert` or `Document`, `Delete`, `Reject` and, after each
    page of work, a `Checkpoint` whose cursor is handed back after a crash or at the next run. Raise
    `Unavailable` or `Denied` when the source cannot be read to its end: never end quietly.
    """


@hookspec
def mapping_words() -> Iterator[tuple[str, Words]]:  # type: ignore[empty-body]
    """Yield the words of each record by column, with its place, whatever can be made of it.

    Asked alone, for the page on which an admin maps fields, by plugins whose `maps` names more
    than the hub can fill; only the first records are taken.
    """


@hookspec
def mapping_record(place: str, words: Words, mapping: FieldMap) -> Record | Reject:  # type: ignore[empty-body]
    """What the words of a place become under a mapping, for its preview. Asked alone; no I/O."""


@hookspec
def catalogue_search(query: str, limit: int) -> Sequence[Record]:  # type: ignore[empty-body]
    """Search a source live that may not be harvested; at most `limit` hits.

    Asked together, with a deadline, where the plugin's configuration says `live_search = true`;
    hits are shown beside the index and never stored.
    """


@hookspec
def catalogue_availability(source_ids: Sequence[str]) -> Mapping[str, Availability]:  # type: ignore[empty-body]
    """Say for at most 50 records what is free now; unknown ids are left out. Asked alone."""


@hookspec
def catalogue_access(offer: Offer, person: Person | None) -> Access:  # type: ignore[empty-body]
    """Resolve a link that opens the offer for this person (None: not logged in).

    Asked alone, at the moment of the click; the link is never stored. Raises `Denied` when
    there is no licence.
    """


@hookspec
def catalogue_links(addresses: Sequence[str]) -> Mapping[str, str]:  # type: ignore[empty-body]
    """Which of these web addresses (at most 5) lead nowhere, each with the reason. Asked alone."""


@hookspec
def booking_slots(  # type: ignore[empty-body]
    offer: Offer, start: datetime, end: datetime, person: Person | None
) -> Sequence[Slot]:
    """Say what is free of the offer in [start, end). Asked alone."""


@hookspec
def booking_create(request: BookingRequest, key: str) -> Booking:  # type: ignore[empty-body]
    """Book. The same `key` twice books once and returns the first booking. Asked alone.

    Raises `Rejected` with the reason, which is shown to the person.
    """


@hookspec
def booking_cancel(booking: Booking, key: str) -> Booking:  # type: ignore[empty-body]
    """Cancel and return the booking as the owning system now has it. Asked alone."""


@hookspec
def booking_dates(booking: Booking) -> Mapping[str, int]:  # type: ignore[empty-body]
    """Name the other dates of the same course to which a booking can be moved: the source ids of
    their offers, each with how many seats are free there. Asked alone.

    Only where what is offered takes place at a time of its own, each date being an offer.
    """


@hookspec
def booking_move(  # type: ignore[empty-body]
    booking: Booking, offer: Offer, start: datetime, end: datetime, quantity: int, key: str
) -> Booking:
    """Give a booking another time or number, and return it as the owning system then has it.

    `offer` is the booking's own, or that of another date which `booking_dates` has named. What it
    had is let go only when the new is had. The same `key` twice moves it once; each wish has its
    own. Asked alone; what a plugin without this hook keeps is cancelled and booked anew. Raises
    `Rejected` with the reason, which is shown to the person; then the booking is as it was.
    """


@hookspec
def booking_state(booking: Booking) -> Booking:  # type: ignore[empty-body]
    """Return the booking as the owning system has it. Asked alone."""


@hookspec
def booking_changed(booking: Booking, event: str, key: str) -> None:
    """A booking was made or changed (webhook, statistics). Asked together, after commit.

    `event` is the state that it came to, or `extended`, `moved`, `part_returned`, `reminded`,
    `upcoming` (it begins soon), `head_given` (the head of the institution confirmed), `lapsed` (an
    offered place was not taken in time), `undone`; the booking is told as it is when the hook is
    called. `key` names the change: the same may come twice, after a crash, or because the plugin
    raised `Unavailable` or took too long; then it is told again later, for three days at most.
    """


@hookspec
def identity_methods() -> Iterable[LoginMethod]:  # type: ignore[empty-body]
    """Name the login buttons of this plugin. Asked together.

    A method with `fields` is asked for on the hub's own page, and what is typed there comes as the
    parameters of `identity_complete`; one without sends the browser away by `identity_begin`.
    """


@hookspec
def identity_begin(method: str, return_url: str) -> str:  # type: ignore[empty-body]
    """Return the address to which the browser is sent to log in. Asked alone.

    `return_url` is where the provider sends the browser back to, by GET or POST, the same for
    every login by this method. What must not be forged (state, nonce, the id of a request) goes
    into the address returned: the hub keeps it for this browser, and hands it to
    `identity_complete`.
    """


@hookspec
def identity_complete(method: str, parameters: Mapping[str, str]) -> Claims:  # type: ignore[empty-body]
    """Turn the identity provider's answer into claims, or raise `Denied`. Asked alone.

    `parameters` are those of the answer (or the fields of the method), for a provider elsewhere
    together with `hub.begin_url`, the address that `identity_begin` gave in this browser, and
    `hub.return_url`. It fails closed: no second plugin is tried; why it was denied is told to the
    admins of the site only. Schools are Schulnummern; somebody who is only a `pupil` is not stored.
    """


@hookspec
def health() -> None:
    """Return quietly when everything works, else raise `Unavailable` or `Denied`.

    Asked together.
    """


@hookspec
def menu_items(person: Person | None) -> Iterable[MenuItem]:  # type: ignore[empty-body]
    """Links of this plugin for the menu of the site's staff, for this person. Asked together.

    They stand on the desk and on the page of connections; at most 20, each a path of the hub or a
    web address.
    """


@hookspec
def personal_data_export(person: Person) -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Everything this plugin holds about the person, JSON-able (DSGVO Art. 15). Asked together."""


@hookspec
def personal_data_erase(person: Person) -> None:
    """Erase what this plugin holds about the person (DSGVO Art. 17). Asked together."""
