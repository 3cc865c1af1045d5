"""What is answered: the fields of each answer, described.

Every field is always there. A text that is not known is empty; anything else that is not known
is null. Clients should expect new fields.
"""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub.api.language import language
from hub.api.parameters import said
from hub.catalogue import vocabulary


class Answer(ma.Schema):
    """Base of all answers: nothing is left out."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = True


class TermSchema(Answer):
    """A code, stable for programs, with its label in the language asked for."""

    code = fields.String(metadata=said("Code.", "grundschule"))
    label = fields.String(metadata=said("Label for people.", "Primarstufe"))


class Term(fields.Nested):
    """A code of one vocabulary, answered with its label."""

    def __init__(self, facet: str, description: str, **options: Any) -> None:
        super().__init__(TermSchema, metadata=said(description), **options)
        self.facet = facet

    def _serialize(  # type: ignore[override]
        self, nested_obj: Any, attr: Any, obj: Any, **options: Any
    ) -> Any:
        if nested_obj is None:
            return None
        code = str(nested_obj)
        return {"code": code, "label": vocabulary.label(self.facet, code, language())}


def _text(description: str, *examples: str) -> fields.String:
    return fields.String(metadata=said(description, *examples))


def _texts(description: str, *examples: str) -> fields.List[str]:
    return fields.List(fields.String(), metadata=said(description, *([examples] * bool(examples))))


def _number(description: str, *examples: int) -> fields.Integer:
    return fields.Integer(metadata=said(description, *examples))


def _unknown_number(description: str, *examples: int) -> fields.Integer:
    return fields.Integer(allow_none=True, metadata=said(description, *examples))


def _moment(description: str, *, unknown: bool = False) -> fields.AwareDateTime:
    return fields.AwareDateTime(allow_none=unknown, metadata=said(description))


def _day(description: str) -> fields.Date:
    return fields.Date(allow_none=True, metadata=said(description))


def _terms(facet: str, description: str) -> fields.List[Any]:
    return fields.List(Term(facet, "Code and label."), metadata=said(description))


def _list(schema: type[Answer], description: str) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), metadata=said(description))


def _one(schema: type[Answer], description: str, **options: Any) -> fields.Nested:
    return fields.Nested(schema, metadata=said(description), **options)


def _next() -> fields.String:
    return fields.String(
        allow_none=True, metadata=said("Address of the next page; null on the last one.")
    )


class ContactSchema(Answer):
    street = _text("Street and number.")
    postcode = _text("Postcode.", "46325")
    town = _text("Town.", "Borken")
    phone = _text("Telephone number.")
    email = _text("Address for mail.")
    website = _text("Address of the website.")
    opening_hours = _text("When it is open, in words.")


class BranchSchema(ContactSchema):
    name = _text("Name of the branch.")


class ProfileSchema(Answer):
    task = _text("What it is there for.")
    offers = _text("What is worth knowing about its offers.")
    equipment = _text("Its equipment.")
    competence_team = _text("Address of the Kompetenzteam of its area.")
    area = _text("What its area is beyond its districts.")
    carrier = _text("Who runs it.")
    financing = _text("How it is financed.")
    imprint = _text("Its own legal notice.")
    accessibility = _text("What is not accessible there.")
    status = _text("What is unusual about it, for example that it is being set up.")
    team = _text("Who works there.")
    rooms = _text("Its rooms.")
    target_groups = _terms("audience", "Whom it serves.")
    services = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata=said(
            "What it says of each kind of offer, by its code: yes, planned, no or words."
        ),
    )
    cost = _text("What it costs.")
    consulting = _text("Its Medienberatung.")
    cooperation = _text("With whom it works together.")


class MemberSchema(Answer):
    """Somebody or some office whom the profile of a site names."""

    name = _text("Name, where the person consented.")
    task = _text("What they do.", "Verleih")
    adviser = fields.Boolean(metadata=said("Medienberaterin or Medienberater NRW."))
    email = _text("Address of the office for mail.")
    phone = _text("Telephone number of the office.")


class CountSchema(Answer):
    kind = Term("kind", "One of the eight kinds of offers.")
    count = _number("How many live offers.", 49)


class SourceSchema(Answer):
    plugin = _text("Name of the plugin that reads it.", "edmond")
    state = Term("state", "Whether its data is current, stale or in error.")
    as_of = _moment("When it was last read to its end.", unknown=True)


class SiteLinksSchema(Answer):
    self = _text("This site in the API.")
    page = _text("Its page for people.")
    offers = _text("What it offers, in the API.")


class SiteSchema(Answer):
    """A Medienzentrum or Landesmedienzentrum."""

    key = _text("Key of the site.", "borken")
    name = _text("Name.", "Medienzentrum Kreis Borken")
    kind = Term("site_kind", "Medienzentrum or Landesmedienzentrum.")
    association = _text("Landschaftsverband: LVR or LWL.", "LWL")
    region = _text("Regierungsbezirk; empty for a Landesmedienzentrum.", "Münster")
    ags = _texts("Official keys of the districts it serves.", "05554")
    standort = _text("Its Standort in ARIX contexts.", "BOR")
    time_zone = _text("Its time zone.", "Europe/Berlin")
    contact = _one(ContactSchema, "How to reach it.")
    branches = _list(BranchSchema, "Its branches.")
    profile = _one(ProfileSchema, "What it says of itself.")
    team = _list(MemberSchema, "Who works there.")
    offers = _list(CountSchema, "How many live offers of each kind it has.")
    sources = _list(SourceSchema, "The sources of its data that were read at least once.")
    links = _one(SiteLinksSchema, "Addresses.")


class SitesSchema(Answer):
    items = _list(SiteSchema, "The sites by name.")


class ServingLinksSchema(Answer):
    self = _text("The site in the API.")
    page = _text("Its page for people.")


class ServingSchema(Answer):
    """A site that serves a school."""

    key = _text("Key of the site.", "borken")
    name = _text("Name.", "Medienzentrum Kreis Borken")
    links = _one(ServingLinksSchema, "Addresses.")


class UtmSchema(Answer):
    """A place in EPSG:25832."""

    east = _number("Easting in metres.", 361466)
    north = _number("Northing in metres.", 5673192)


class SchoolSchema(Answer):
    """A school, or another institution that borrows and books."""

    school_id = _text("Land and Schulnummer; empty for what has none.", "DE-NW-900125")
    kind = Term("institution_kind", "What it is.")
    form = Term("school_form", "Schulform, by the state's code.", allow_none=True)
    name = _text("Name.", "Grundschule Am Wiesengrund")
    short_name = _text("Short name in the state's list.")
    private = fields.Boolean(metadata=said("Whether a private body maintains it."))
    street = _text("Street and number.")
    postcode = _text("Postcode.", "46325")
    town = _text("Town.", "Borken")
    municipality = _text("Gemeindeschlüssel; its first five digits are the district.", "05554012")
    website = _text("Address of the website.")
    utm = _one(UtmSchema, "Where it is; null: not known.", allow_none=True)
    closed_on = _day("Its last day, which may lie ahead; null: it stays open.")
    sites = _list(ServingSchema, "The sites that serve it.")


class SchoolsSchema(Answer):
    items = _list(SchoolSchema, "The institutions.")
    total = _number("How many match.", 1)
    sites = _list(ServingSchema, "The sites that serve any that matches, the likeliest first.")
    near = _text("The beginning of the postcode, where no institution has the whole one.", "4632")


class IdentifierSchema(Answer):
    scheme = _text("medium, parallel, isbn, ean, doi or url.", "medium")
    value = _text("The identifier.", "5511494")


class GradesSchema(Answer):
    first = _number("First school year.", 3)
    last = _number("Last school year, inclusive.", 6)


class GrantSchema(Answer):
    """A licence: whom it reaches, in the half-open term [valid_from, valid_until)."""

    scope = Term("scope", "Whom it reaches: the Land, a site, school, school type or role.")
    value = _text("The Land, key of the site, Schulnummer, school type or role.", "NRW")
    valid_from = _day("First day; null: from ever.")
    valid_until = _day("First day on which it no longer holds; null: without end.")


class EventSchema(Answer):
    start = _moment("Beginning.")
    end = _moment("End.")
    place = _text("Where.")
    seats = _unknown_number("Number of seats; null: not limited or not known.", 12)


class DetailSchema(Answer):
    label = _text("What it is, as the source names it.")
    text = _text("What the source says.")


class BadgeSchema(Answer):
    """Who may use it, as far as that can be said to a person who is not logged in."""

    status = Term("status", "open, login, loan, booking, request, elsewhere, upcoming or expired.")
    sites = _texts("Keys of the sites where that holds.", "borken")
    day = _day("The day from which an upcoming licence holds, or on which an expired one ended.")


class SiteNameSchema(Answer):
    key = _text("Key of the site.", "borken")
    name = _text("Name.", "Medienzentrum Kreis Borken")


class OriginSchema(Answer):
    """Where an offer was first taken in: it stays the same through all hubs that pass it on."""

    hub = _text("Address of the hub.", "https://hub.example")
    site = _one(SiteNameSchema, "The site there that offers it.")
    offer_id = _number("Id of the offer there.", 17)


class ProvenanceSchema(Answer):
    """Where the data comes from, and of when it is."""

    site = _one(SiteNameSchema, "The site that offers it.")
    plugin = _text("Name of the plugin that read it.", "edmond")
    as_of = _moment("When its source was last read to its end.", unknown=True)
    created_at = _moment("When the hub first saw it.")
    changed_at = _moment("When it last changed in the hub.")
    modified = _moment("When the source says it last changed.", unknown=True)
    origin = _one(OriginSchema, "Where it was first taken in.")


class OfferLinksSchema(Answer):
    self = _text("This offer in the API.")
    page = _text("Its page for people.")
    work = _text("The work, with everybody who offers it.")


class OfferSchema(Answer):
    """What one site offers, as its source describes it."""

    id = _number("Id of the offer in this hub.", 17)
    work_id = _number("Id of the work: the same thing as several sites offer it.", 12)
    kind = Term("kind", "Which of the eight kinds of offers it is.")
    title = _text("Title.", "Wasserkreislauf")
    subtitle = _text("Subtitle.")
    series = _text("Series.")
    description = _text("Description, plain text.")
    languages = _texts("Languages (BCP 47).", "de")
    identifiers = _list(IdentifierSchema, "Names that others use for the same thing.")
    url = _text("Where an open resource is found, or what is known about it.")
    image_url = _text("Preview image.")
    medium_type = Term("medium_type", "What a medium is.", allow_none=True)
    carrier = Term("carrier", "What carries it.", allow_none=True)
    subjects = _terms("subject", "Subjects: EAF Sachgebiete.")
    levels = _terms("level", "Educational levels: ids of OEH educationalContext.")
    grades = _one(GradesSchema, "School years.", allow_none=True)
    competences = _terms("competence", "Medienkompetenzrahmen NRW.")
    audiences = _terms("audience", "Target groups.")
    keywords = _texts("Keywords.")
    creators = _texts("Creators.")
    publishers = _texts("Publishers.")
    year = _unknown_number("Year of production.", 2019)
    duration = _unknown_number("Length in seconds.", 1380)
    age_rating = _text("FSK as printed.", "Lehr")
    licence = _text(
        "Address or name of its licence.", "https://creativecommons.org/licenses/by/4.0/"
    )
    access = Term("access", "How one gets at it, before anybody's licence is looked at.")
    grants = _list(GrantSchema, "Its licences.")
    badge = _one(BadgeSchema, "Who may use it today.")
    quantity = _unknown_number("Devices: how many; rooms: how many persons.", 16)
    place = _text("Place.")
    events = _list(EventSchema, "Dates.")
    cost = _text("Cost in words; empty means free of charge.")
    contact = _text("Contact.")
    details = _list(DetailSchema, "What only this kind of offer or this source knows.")
    provenance = _one(ProvenanceSchema, "Where the data comes from.")
    links = _one(OfferLinksSchema, "Addresses.")


class OffersSchema(Answer):
    items = _list(OfferSchema, "Live offers by id.")
    next = _next()


class TombstoneLinksSchema(Answer):
    work = _text("The work: others may still offer it.")


class TombstoneSchema(Answer):
    """What is still known of an offer that its site has withdrawn."""

    id = _number("Id of the offer in this hub.", 17)
    work_id = _number("Id of the work.", 12)
    kind = Term("kind", "Which of the eight kinds of offers it was.")
    title = _text("Title.", "Wasserkreislauf")
    site = _one(SiteNameSchema, "The site that offered it.")
    created_at = _moment("When the hub first saw it.")
    withdrawn_at = _moment("When it was withdrawn.")
    links = _one(TombstoneLinksSchema, "Addresses.")


class ChangeSchema(Answer):
    """One offer that changed: either `offer` or `tombstone` is there, the other is null."""

    id = _number("Id of the offer.", 17)
    changed_at = _moment("When it changed or was withdrawn: its datestamp.")
    withdrawn = fields.Boolean(metadata=said("Whether it is gone."))
    origin = _one(OriginSchema, "Where it was first taken in, also of one that is gone.")
    offer = _one(OfferSchema, "The offer as it is now.", allow_none=True)
    tombstone = _one(TombstoneSchema, "What is known of one that is gone.", allow_none=True)


class ChangesSchema(Answer):
    items = _list(ChangeSchema, "Each changed offer once, by datestamp, oldest first.")
    next = _next()
    later = _text("Where to ask later for what changes after the last item.")


class HoldingLinksSchema(Answer):
    self = _text("The offer in the API.")
    page = _text("Its page for people.")


class HoldingSchema(Answer):
    """Who offers a work, and on which terms."""

    offer_id = _number("Id of the offer.", 17)
    site = _one(SiteNameSchema, "The site.")
    access = Term("access", "How one gets at it there.")
    grants = _list(GrantSchema, "The licences there.")
    badge = _one(BadgeSchema, "Who may use it there today.")
    links = _one(HoldingLinksSchema, "Addresses.")


class WorkLinksSchema(Answer):
    self = _text("This work in the API.")


class WorkSchema(Answer):
    """The same thing as one or several sites offer it."""

    id = _number("Id of the work in this hub.", 12)
    kind = Term("kind", "Which of the eight kinds of offers it is.")
    title = _text("Title.", "Wasserkreislauf")
    badge = _one(BadgeSchema, "The best that can be said today of who may use it.")
    offer = _one(OfferSchema, "The offer that stands for it.")
    holdings = _list(HoldingSchema, "Everybody who offers it, the representative included.")
    links = _one(WorkLinksSchema, "Addresses.")


class WorksSchema(Answer):
    items = _list(WorkSchema, "Works by id.")
    next = _next()


class HitSchema(Answer):
    work_id = _number("Id of the work.", 12)
    sites = _texts("Keys of the sites that offer it.", "borken")
    badge = _one(BadgeSchema, "The best that can be said today of who may use it.")
    offer = _one(OfferSchema, "The offer that stands for the work.")
    links = _one(WorkLinksSchema, "Address of the work.")


class FacetValueSchema(TermSchema):
    count = _number("Hits with this value, the facet's own selection left aside.", 31)
    selected = fields.Boolean(metadata=said("Whether it was asked for."))


class FacetSchema(Answer):
    name = _text("Name of the facet: the parameter to filter by.", "subject")
    label = _text("Label for people.", "Fach")
    values = _list(FacetValueSchema, "Its values in the result, most frequent first.")


class SuggestionSchema(Answer):
    q = _text("Another query that has hits.", "wasser")
    total = _number("How many.", 4)
    keeps_filters = fields.Boolean(metadata=said("Whether these are the hits with the filters."))
    url = _text("Address of that search.")


class SearchSchema(Answer):
    items = _list(HitSchema, "Works found, in the order asked for; none past the last page.")
    total = _number("How many were found.", 4)
    page = _number("Number of this page.", 1)
    pages = _number("How many pages there are.", 1)
    next = _next()
    facets = _list(FacetSchema, "What the result can be filtered by.")
    did_you_mean = _one(SuggestionSchema, "A likelier spelling of the query.", allow_none=True)
    relaxed = _list(SuggestionSchema, "Where nothing is found: queries that ask for less.")


class CompletionsSchema(Answer):
    items = _texts("Texts to search for that begin as typed.", "wasserkreislauf")


class OwnSiteSchema(Answer):
    key = _text("Key of the site.", "borken")
    name = _text("Its name.", "Medienzentrum Kreis Borken")


class TokenSchema(Answer):
    name = _text("What its owner calls it.", "Ausleihstatistik")
    expires_at = _moment("When it ends.")
    scopes = _texts("What it may besides reading: `bookings`, `desk`.", "bookings")


class MeSchema(Answer):
    """Who asks, and where."""

    person = _text("Pseudonym of the owner in this hub.", "3f9a0c5d7e1b2a64")
    site = _one(OwnSiteSchema, "The site at which the token holds.")
    roles = _texts("Codes of the owner's roles at this site.", "staff")
    token = _one(TokenSchema, "The token itself.")


class BookingLinksSchema(Answer):
    offer = fields.String(
        allow_none=True, metadata=said("What was booked; null where it is no offer any more.")
    )


class BookingSchema(Answer):
    """A booking, without whoever made it."""

    reference = _text("What people call it.", "K7M2P9QX")
    kind = Term("kind", "Which of the eight kinds of offers was booked.")
    title = _text("What was booked, as it was called then.", "iPad-Koffer (16 Geräte)")
    state = _text(
        "requested, confirmed, handed_out, returned, refused, cancelled, expired or no_show.",
        "confirmed",
    )
    starts_at = _moment("From when on.")
    ends_at = _moment("Until when.")
    quantity = _number("How many.", 1)
    own = fields.Boolean(metadata=said("Whether the token's owner booked it."))
    created_at = _moment("When it was booked.")
    changed_at = _moment("When it last changed.")
    links = _one(BookingLinksSchema, "Where more is.")


class BookingsSchema(Answer):
    items = _list(BookingSchema, "The bookings, by age.")
    next = _next()


class IndexLinksSchema(Answer):
    document = _text("This API in OpenAPI 3.1.")
    sites = _text("The sites of the network.")
    schools = _text("Schools and the sites that serve them; needs `?q=`.")
    offers = _text("All live offers.")
    works = _text("All works.")
    search = _text("Search.")
    suggest = _text("Completions of what is typed; needs `?q=`.")
    changes = _text("Offers as they change, withdrawn ones included.")
    matrix = _text("Who offers what.")
    trend = _text("Offers day by day.")
    sources = _text("Freshness and health of every source.")
    statistics = _text("What was used in the network; needs a token.")
    me = _text("What a token is for; needs one.")
    bookings = _text("Bookings at the token's site; needs one.")
    desk = _text("What is to be done at the desk today; needs a token of the staff.")


class IndexSchema(Answer):
    title = _text("Name of the API.")
    hub = _text("Address of this hub, by which others name it as an origin.")
    version = _text("Version of the hub.", "0.1.0")
    links = _one(IndexLinksSchema, "Where everything is.")


class ProblemSchema(Answer):
    """An error (RFC 9457)."""

    type = _text("What kind of problem it is; about:blank: its status says it.", "about:blank")
    title = _text("The status in words.", "Not Found")
    status = _number("The HTTP status.", 404)
    detail = _text("What is wrong with this request.")


class ParameterErrorSchema(Answer):
    parameter = _text("The parameter.", "colour")
    detail = _text("What is wrong with it.", "There is no such parameter.")


class ParametersProblemSchema(ProblemSchema):
    """Parameters that do not exist, are repeated or wrong."""

    errors = _list(ParameterErrorSchema, "Each of them, at most 20.")


class WithdrawnProblemSchema(ProblemSchema):
    """The offer was withdrawn."""

    offer = _one(TombstoneSchema, "What is still known of it.")
