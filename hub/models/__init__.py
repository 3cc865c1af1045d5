"""All tables of the hub; importing this module fills `Base.metadata`."""

from hub.models.activation import Activation, AuditEntry, Counter
from hub.models.attention import Attention
from hub.models.barrier import BarrierReport
from hub.models.base import Base
from hub.models.booking import (
    Bookable,
    BookablePart,
    Booking,
    BookingContact,
    BookingEvent,
    BookingKey,
    BookingRules,
    BookingTemplate,
    CalendarFeed,
    Elsewhere,
    Handover,
    Hold,
    Item,
    OpeningHours,
)
from hub.models.case import Case, CaseNote, ReplyAddress, WorkflowStages
from hub.models.catalogue import Offer, OfferGrant, OfferRaw, Work, WorkKey
from hub.models.collection import MediaList, MediaListEntry, Recommendation
from hub.models.figures import OfferDay, OfferFigure
from hub.models.identity import (
    Account,
    ApiToken,
    DeskCode,
    Identity,
    LoginCode,
    LoginSession,
    LoginThrottle,
    MailedCode,
    Membership,
    Passkey,
    Person,
    SecondFactor,
    UsedAnswer,
)
from hub.models.institution import (
    Borrower,
    Institution,
    InstitutionChange,
    InstitutionSite,
    SchoolList,
)
from hub.models.jobs import Job, JobSlot, SyncSchedule
from hub.models.licence import EnteredGrant, RunningUse, Wish
from hub.models.mail import Mail, Mailbox
from hub.models.matching import WorkBlock, WorkLink, WorkMatching
from hub.models.network import Site
from hub.models.oai import OaiDocument
from hub.models.opening import Breaker, OfferUse
from hub.models.profile import SiteProfile, TeamMember
from hub.models.purchase import JointPurchase, PurchaseAnswer
from hub.models.report import SiteFlow, YearlyReport
from hub.models.search import SearchDoc, SearchEntry, SearchWord
from hub.models.searching import EmptySearch
from hub.models.sync import SourceReport, SyncChange, SyncPage, SyncReject, SyncRun, SyncSource

__all__ = [
    "Account",
    "Activation",
    "ApiToken",
    "Attention",
    "AuditEntry",
    "BarrierReport",
    "Base",
    "Bookable",
    "BookablePart",
    "Booking",
    "BookingContact",
    "BookingEvent",
    "BookingKey",
    "BookingRules",
    "BookingTemplate",
    "Borrower",
    "Breaker",
    "CalendarFeed",
    "Case",
    "CaseNote",
    "Counter",
    "DeskCode",
    "Elsewhere",
    "EmptySearch",
    "EnteredGrant",
    "Handover",
    "Hold",
    "Identity",
    "Institution",
    "InstitutionChange",
    "InstitutionSite",
    "Item",
    "Job",
    "JobSlot",
    "JointPurchase",
    "LoginCode",
    "LoginSession",
    "LoginThrottle",
    "Mail",
    "Mailbox",
    "MailedCode",
    "MediaList",
    "MediaListEntry",
    "Membership",
    "OaiDocument",
    "Offer",
    "OfferDay",
    "OfferFigure",
    "OfferGrant",
    "OfferRaw",
    "OfferUse",
    "OpeningHours",
    "Passkey",
    "Person",
    "PurchaseAnswer",
    "Recommendation",
    "ReplyAddress",
    "RunningUse",
    "SchoolList",
    "SearchDoc",
    "SearchEntry",
    "SearchWord",
    "SecondFactor",
    "Site",
    "SiteFlow",
    "SiteProfile",
    "SourceReport",
    "SyncChange",
    "SyncPage",
    "SyncReject",
    "SyncRun",
    "SyncSchedule",
    "SyncSource",
    "TeamMember",
    "UsedAnswer",
    "Wish",
    "Work",
    "WorkBlock",
    "WorkKey",
    "WorkLink",
    "WorkMatching",
    "WorkflowStages",
    "YearlyReport",
]
