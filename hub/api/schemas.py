"""What is answered: offers, works, searches, the way to all of it, and problems."""

from __future__ import annotations

from marshmallow import fields

from hub.api.answer_fields import (
    Answer,
    Term,
    TermSchema,
    day,
    listed,
    moment,
    next_page,
    number,
    one,
    terms,
    text,
    texts,
    unknown_number,
)
from hub.api.parameters import said
from hub.api.site_schemas import SiteNameSchema


class IdentifierSchema(Answer):
    scheme = text("medium, parallel, isbn, ean, doi or url.", "medium")
    value = text("The identifier.", "5511494")


class GradesSchema(Answer):
    first = number("First school year.", 3)
    last = number("Last school year, inclusive.", 6)


class GrantSchema(Answer):
    """A licence: whom it reaches, in the half-open term [valid_from, valid_until)."""

    scope = Term("scope", "Whom it reaches: the Land, a site, school, school type or role.")
    value = text("The Land, key of the site, Schulnummer, school type or role.", "NRW")
    valid_from = day("First day; null: from ever.")
    valid_until = day("First day on which it no longer holds; null: without end.")


class EventSchema(Answer):
    start = moment("Beginning.")
    end = moment("End.")
    place = text("Where.")
    seats = unknown_number("Number of seats; null: not limited or not known.", 12)


class DetailSchema(Answer):
    label = text("What it is, as the source names it.")
    text = text("What the source says.")


class BadgeSchema(Answer):
    """Who may use it, as far as that can be said to a person who is not logged in."""

    status = Term("status", "open, login, loan, booking, request, elsewhere, upcoming or expired.")
    sites = texts("Keys of the sites where that holds.", "borken")
    day = day("The day from which an upcoming licence holds, or on which an expired one ended.")


class OriginSchema(Answer):
    """Where an offer was first taken in: it stays the same through all hubs that pass it on."""

    hub = text("Address of the hub.", "https://hub.example")
    site = one(SiteNameSchema, "The site there that offers it.")
    offer_id = number("Id of the offer there.", 17)


class ProvenanceSchema(Answer):
    """Where the data comes from, and of when it is."""

    site = one(SiteNameSchema, "The site that offers it.")
    plugin = text("Name of the plugin that read it.", "edmond")
    as_of = moment("When its source was last read to its end.", unknown=True)
    created_at = moment("When the hub first saw it.")
    changed_at = moment("When it last changed in the hub.")
    modified = moment("When the source says it last changed.", unknown=True)
    origin = one(OriginSchema, "Where it was first taken in.")


class OfferLinksSchema(Answer):
    self = text("This offer in the API.")
    page = text("Its page for people.")
    work = text("The work, with everybody who offers it.")
    availability = fields.String(
        allow_none=True,
        metadata=said("Where it says what is free; null where it is not booked here."),
    )


class OfferSchema(Answer):
    """What one site offers, as its source describes it."""

    id = number("Id of the offer in this hub.", 17)
    work_id = number("Id of the work: the same thing as several sites offer it.", 12)
    kind = Term("kind", "Which of the eight kinds of offers it is.")
    title = text("Title.", "Wasserkreislauf")
    subtitle = text("Subtitle.")
    series = text("Series.")
    description = text("Description, plain text.")
    languages = texts("Languages (BCP 47).", "de")
    identifiers = listed(IdentifierSchema, "Names that others use for the same thing.")
    url = text("Where an open resource is found, or what is known about it.")
    image_url = text("Preview image.")
    medium_type = Term("medium_type", "What a medium is.", allow_none=True)
    carrier = Term("carrier", "What carries it.", allow_none=True)
    subjects = terms("subject", "Subjects: EAF Sachgebiete.")
    levels = terms("level", "Educational levels: ids of OEH educationalContext.")
    grades = one(GradesSchema, "School years.", allow_none=True)
    competences = terms("competence", "Medienkompetenzrahmen NRW.")
    audiences = terms("audience", "Target groups.")
    keywords = texts("Keywords.")
    creators = texts("Creators.")
    publishers = texts("Publishers.")
    year = unknown_number("Year of production.", 2019)
    duration = unknown_number("Length in seconds.", 1380)
    age_rating = text("FSK as printed.", "Lehr")
    licence = text(
        "Address or name of its licence.", "https://creativecommons.org/licenses/by/4.0/"
    )
    access = Term("access", "How one gets at it, before anybody's licence is looked at.")
    grants = listed(GrantSchema, "Its licences.")
    badge = one(BadgeSchema, "Who may use it today.")
    quantity = unknown_number("Devices: how many; rooms: how many persons.", 16)
    place = text("Place.")
    events = listed(EventSchema, "Dates.")
    cost = text("Cost in words; empty means free of charge.")
    contact = text("Contact.")
    details = listed(DetailSchema, "What only this kind of offer or this source knows.")
    provenance = one(ProvenanceSchema, "Where the data comes from.")
    links = one(OfferLinksSchema, "Addresses.")


class OffersSchema(Answer):
    items = listed(OfferSchema, "Live offers by id.")
    next = next_page()


class TombstoneLinksSchema(Answer):
    work = text("The work: others may still offer it.")


class TombstoneSchema(Answer):
    """What is still known of an offer that its site has withdrawn."""

    id = number("Id of the offer in this hub.", 17)
    work_id = number("Id of the work.", 12)
    kind = Term("kind", "Which of the eight kinds of offers it was.")
    title = text("Title.", "Wasserkreislauf")
    site = one(SiteNameSchema, "The site that offered it.")
    created_at = moment("When the hub first saw it.")
    withdrawn_at = moment("When it was withdrawn.")
    links = one(TombstoneLinksSchema, "Addresses.")


class ChangeSchema(Answer):
    """One offer that changed: either `offer` or `tombstone` is there, the other is null."""

    id = number("Id of the offer.", 17)
    changed_at = moment("When it changed or was withdrawn: its datestamp.")
    withdrawn = fields.Boolean(metadata=said("Whether it is gone."))
    origin = one(OriginSchema, "Where it was first taken in, also of one that is gone.")
    offer = one(OfferSchema, "The offer as it is now.", allow_none=True)
    tombstone = one(TombstoneSchema, "What is known of one that is gone.", allow_none=True)


class ChangesSchema(Answer):
    items = listed(ChangeSchema, "Each changed offer once, by datestamp, oldest first.")
    next = next_page()
    later = text("Where to ask later for what changes after the last item.")


class HoldingLinksSchema(Answer):
    self = text("The offer in the API.")
    page = text("Its page for people.")


class HoldingSchema(Answer):
    """Who offers a work, and on which terms."""

    offer_id = number("Id of the offer.", 17)
    site = one(SiteNameSchema, "The site.")
    access = Term("access", "How one gets at it there.")
    grants = listed(GrantSchema, "The licences there.")
    badge = one(BadgeSchema, "Who may use it there today.")
    links = one(HoldingLinksSchema, "Addresses.")


class WorkLinksSchema(Answer):
    self = text("This work in the API.")


class WorkSchema(Answer):
    """The same thing as one or several sites offer it."""

    id = number("Id of the work in this hub.", 12)
    kind = Term("kind", "Which of the eight kinds of offers it is.")
    title = text("Title.", "Wasserkreislauf")
    badge = one(BadgeSchema, "The best that can be said today of who may use it.")
    offer = one(OfferSchema, "The offer that stands for it.")
    holdings = listed(HoldingSchema, "Everybody who offers it, the representative included.")
    links = one(WorkLinksSchema, "Addresses.")


class WorksSchema(Answer):
    items = listed(WorkSchema, "Works by id.")
    next = next_page()


class HitSchema(Answer):
    work_id = number("Id of the work.", 12)
    sites = texts("Keys of the sites that offer it.", "borken")
    badge = one(BadgeSchema, "The best that can be said today of who may use it.")
    offer = one(OfferSchema, "The offer that stands for the work.")
    links = one(WorkLinksSchema, "Address of the work.")


class FacetValueSchema(TermSchema):
    count = number("Hits with this value, the facet's own selection left aside.", 31)
    selected = fields.Boolean(metadata=said("Whether it was asked for."))


class FacetSchema(Answer):
    name = text("Name of the facet: the parameter to filter by.", "subject")
    label = text("Label for people.", "Fach")
    values = listed(FacetValueSchema, "Its values in the result, most frequent first.")


class SuggestionSchema(Answer):
    q = text("Another query that has hits.", "wasser")
    total = number("How many.", 4)
    keeps_filters = fields.Boolean(metadata=said("Whether these are the hits with the filters."))
    url = text("Address of that search.")


class SearchSchema(Answer):
    items = listed(HitSchema, "Works found, in the order asked for; none past the last page.")
    total = number("How many were found.", 4)
    page = number("Number of this page.", 1)
    pages = number("How many pages there are.", 1)
    next = next_page()
    facets = listed(FacetSchema, "What the result can be filtered by.")
    did_you_mean = one(SuggestionSchema, "A likelier spelling of the query.", allow_none=True)
    relaxed = listed(SuggestionSchema, "Where nothing is found: queries that ask for less.")


class CompletionsSchema(Answer):
    items = texts("Texts to search for that begin as typed.", "wasserkreislauf")


class IndexLinksSchema(Answer):
    document = text("This API in OpenAPI 3.1.")
    sites = text("The sites of the network.")
    schools = text("Schools and the sites that serve them; needs `?q=`.")
    offers = text("All live offers.")
    works = text("All works.")
    search = text("Search.")
    suggest = text("Completions of what is typed; needs `?q=`.")
    changes = text("Offers as they change, withdrawn ones included.")
    recommendations = text("What the Landesmedienzentren recommend now.")
    matrix = text("Who offers what.")
    trend = text("Offers day by day.")
    sources = text("Freshness and health of every source.")
    statistics = text("What was used in the network; needs a token.")
    demand = text("Media that people ask a licence for; needs a token.")
    me = text("What a token is for; needs one.")
    bookings = text("Bookings at the token's site; needs one.")
    desk = text("What is to be done at the desk today; needs a token of the staff.")


class IndexSchema(Answer):
    title = text("Name of the API.")
    hub = text("Address of this hub, by which others name it as an origin.")
    version = text("Version of the hub.", "0.1.0")
    links = one(IndexLinksSchema, "Where everything is.")


class ProblemSchema(Answer):
    """An error (RFC 9457)."""

    type = text("What kind of problem it is; about:blank: its status says it.", "about:blank")
    title = text("The status in words.", "Not Found")
    status = number("The HTTP status.", 404)
    detail = text("What is wrong with this request.")


class ParameterErrorSchema(Answer):
    parameter = text("The parameter.", "colour")
    detail = text("What is wrong with it.", "There is no such parameter.")


class ParametersProblemSchema(ProblemSchema):
    """Parameters that do not exist, are repeated or wrong."""

    errors = listed(ParameterErrorSchema, "Each of them, at most 20.")


class WithdrawnProblemSchema(ProblemSchema):
    """The offer was withdrawn."""

    offer = one(TombstoneSchema, "What is still known of it.")
