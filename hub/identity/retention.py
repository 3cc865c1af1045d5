"""What about persons is erased by its age alone; inactive accounts are `hub.identity.privacy`'s."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from hub.catalogue.lists import KEPT
from hub.identity.sessions import ABSOLUTE, IDLE
from hub.models import (
    ApiToken,
    AuditEntry,
    DeskCode,
    EmptySearch,
    LoginCode,
    LoginSession,
    Mail,
    MailedCode,
    MediaList,
    MediaListEntry,
    Membership,
    SiteProfile,
    TeamMember,
    UsedAnswer,
)
from hub.models.base import Base
from hub.network import missed

AUDIT = timedelta(days=365)
ENDED_ROLES = timedelta(days=90)
"""How long a role that ended is kept, so that a late login of a teacher changes nothing."""

MAIL_TEXTS = timedelta(days=7)
"""How long the text of a mail is kept after it was sent, to be looked at when it did not arrive;
and all of a mail to somebody of whom nothing else is held."""
MAILS = timedelta(days=90)
"""How long it is kept that a mail was queued; so long the same mail is not queued again."""


def old(moment: datetime) -> tuple[tuple[type[Base], sa.Select[*tuple[Any, ...]]], ...]:
    """The rows of each table whose time is over at this moment."""
    ended = sa.func.coalesce(Mail.sent_at, Mail.queued_at)
    nobody = Mail.person_id.is_(None)
    latest = sa.select(sa.func.max(SiteProfile.id)).group_by(SiteProfile.site_key)
    over = sa.or_(LoginSession.seen_at < moment - IDLE, LoginSession.created_at < moment - ABSOLUTE)
    return (
        (LoginSession, sa.select(LoginSession.id).where(over)),
        (LoginCode, sa.select(LoginCode.code_hash).where(LoginCode.expires_at < moment)),
        (UsedAnswer, sa.select(UsedAnswer.digest).where(UsedAnswer.expires_at < moment)),
        (DeskCode, sa.select(DeskCode.code_hash).where(DeskCode.expires_at < moment)),
        (ApiToken, sa.select(ApiToken.id).where(ApiToken.expires_at < moment)),
        (MailedCode, sa.select(MailedCode.code_hash).where(MailedCode.expires_at < moment)),
        (Membership, sa.select(Membership.id).where(Membership.valid_until < moment - ENDED_ROLES)),
        (
            Mail,
            sa.select(Mail.id).where(
                Mail.next_at.is_(None),
                sa.or_(ended < moment - MAILS, sa.and_(nobody, ended < moment - MAIL_TEXTS)),
            ),
        ),
        (AuditEntry, sa.select(AuditEntry.id).where(AuditEntry.at < moment - AUDIT)),
        (
            SiteProfile,
            sa.select(SiteProfile.id).where(
                SiteProfile.at < moment - AUDIT, SiteProfile.id.not_in(latest)
            ),
        ),
        (
            EmptySearch,
            sa.select(EmptySearch.id).where(EmptySearch.day < (moment - missed.KEPT).date()),
        ),
        (MediaList, sa.select(MediaList.id).where(MediaList.deleted_at < moment - KEPT)),
        (
            MediaListEntry,
            sa.select(MediaListEntry.id).where(MediaListEntry.removed_at < moment - KEPT),
        ),
        (TeamMember, sa.select(TeamMember.id).where(TeamMember.until < _yesterday(moment))),
    )


def _yesterday(moment: datetime) -> date:
    """Nowhere on earth is it still the day before."""
    return moment.date() - timedelta(days=1)


def blank(moment: datetime) -> tuple[sa.Update, ...]:
    """Statements that empty what is kept for a shorter time than the row that holds it."""
    ended = sa.func.coalesce(Mail.sent_at, Mail.until)
    return (
        sa.update(Mail)
        .where(Mail.next_at.is_(None), ended < moment - MAIL_TEXTS, Mail.body != "")
        .values(body="", attachments=[]),
    )
