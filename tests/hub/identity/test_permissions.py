"""`can` and `visible` say the same, for every role, action and object."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from hub import models
from hub.identity import people
from hub.identity.actor import ANONYMOUS, FROM_LOGIN, NETWORK_ROLES, Actor, Held, Role
from hub.identity.permissions import ACTIONS, ANYBODY, RULES, can, reached, visible
from tests.sources import Network, network

SITES = ("borken", "coesfeld")
held = st.builds(
    lambda role, site: Held(role, None if role in NETWORK_ROLES else site),
    st.sampled_from(Role),
    st.sampled_from(SITES),
)
FOR_USERS = {"booking.create", "wish.create"}
"""What whoever uses a site may do there."""
actors = st.builds(
    lambda number, roles: Actor(number, str(number), "", tuple(roles)),
    st.integers(1, 3),
    st.lists(held, max_size=3),
)


@pytest.fixture
def net(database_url: str, tmp_path: Path) -> Iterator[Network]:
    with network(database_url, tmp_path, SITES) as made:
        yield made


def test_nobody_in_particular_may_do_nothing() -> None:
    assert not any(can(ANONYMOUS, action) for action in ACTIONS)
    assert not any(can(ANONYMOUS, action, "borken") for action in ACTIONS)


def test_an_action_that_does_not_exist_is_an_error() -> None:
    for actor in (ANONYMOUS, Actor(1, "x", "")):
        with pytest.raises(KeyError):
            can(actor, "plugin.raed")


def test_what_a_login_may_bring_gives_no_power_over_a_site() -> None:
    for role, action in product(FROM_LOGIN, set(RULES) - FOR_USERS):
        assert not can(Actor(1, "x", "", (Held(role, "borken"),)), action, "borken")


def test_a_role_at_one_site_is_none_at_another() -> None:
    for role in set(Role) - NETWORK_ROLES:
        actor = Actor(1, "x", "", (Held(role, "borken"),))
        for action in RULES:
            assert not can(actor, action, "coesfeld"), (role, action)


def test_an_admin_may_do_all_that_the_staff_may() -> None:
    staff, admin = (
        Actor(1, "x", "", (Held(role, "borken"),)) for role in (Role.STAFF, Role.SITE_ADMIN)
    )
    for action in RULES:
        assert can(admin, action, "borken") >= can(staff, action, "borken"), action


def test_everybody_may_see_to_their_own_account_and_nobody_elses() -> None:
    actor = Actor(1, "x", "")
    own, foreign = models.LoginSession(person_id=1), models.LoginSession(person_id=2)
    for action in ANYBODY:
        assert can(actor, action, own)
        assert not can(actor, action, foreign)
        admin = Actor(1, "x", "", (Held(Role.NETWORK_ADMIN, None),))
        assert can(admin, action, foreign) == (action in RULES), "not even an admin"


def test_a_pupil_owns_nothing() -> None:
    pupil = Actor(roles=(Held(Role.PUPIL, "borken"),), session_id=1)
    assert pupil.logged_in
    assert not any(can(pupil, action) for action in ACTIONS)
    for action in ANYBODY:
        assert not can(pupil, action, models.LoginSession(person_id=None))
        shown = visible(pupil, models.LoginSession, action)
        assert str(shown) == str(sa.false()), "never the rows that belong to nobody"


@given(actor=actors, action=st.sampled_from(sorted(ACTIONS)))
def test_to_be_able_to_do_something_means_to_something(actor: Actor, action: str) -> None:
    may = reached(actor, action)
    assert can(actor, action) == bool(may)
    for site in SITES:
        assert can(actor, action, site) == (may.everywhere or site in may.sites)


def test_the_filter_shows_exactly_what_may_be_touched(net: Network) -> None:
    with net.hub.db.write() as session:
        numbers = [people.add(session, name=str(n), email="").id for n in range(3)]
        for number, site in product(numbers, (*SITES, None)):
            role = Role.NETWORK_ADMIN if site is None else Role.STAFF
            people.grant(session, number, role, site, by="test")
    everybody = [
        Actor(numbers[0], "x", "", roles)
        for roles in (
            (),
            *((Held(role, None if role in NETWORK_ROLES else "borken"),) for role in Role),
            (Held(Role.STAFF, "borken"), Held(Role.SITE_ADMIN, "coesfeld")),
        )
    ] + [ANONYMOUS]
    with net.hub.db.read() as session:
        for model in (models.Membership, models.Site, models.AuditEntry, models.Activation):
            rows = session.scalars(sa.select(model)).all()
            assert rows
            for actor, action in product(everybody, ACTIONS):
                shown = session.scalars(sa.select(model).where(visible(actor, model, action)))
                assert set(shown) == {row for row in rows if can(actor, action, row)}, (
                    model, actor, action,
                )  # fmt: skip
