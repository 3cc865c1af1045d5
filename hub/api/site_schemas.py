"""What is answered about sites, and about the schools that they serve."""

from __future__ import annotations

from marshmallow import fields

from hub.api.answer_fields import (
    Answer,
    Term,
    day,
    listed,
    moment,
    number,
    one,
    terms,
    text,
    texts,
)
from hub.api.parameters import said


class SiteNameSchema(Answer):
    key = text("Key of the site.", "borken")
    name = text("Name.", "Medienzentrum Kreis Borken")


class ContactSchema(Answer):
    street = text("Street and number.")
    postcode = text("Postcode.", "46325")
    town = text("Town.", "Borken")
    phone = text("Telephone number.")
    email = text("Address for mail.")
    website = text("Address of the website.")
    opening_hours = text("When it is open, in words.")


class BranchSchema(ContactSchema):
    name = text("Name of the branch.")


class ProfileSchema(Answer):
    task = text("What it is there for.")
    offers = text("What is worth knowing about its offers.")
    equipment = text("Its equipment.")
    competence_team = text("Address of the Kompetenzteam of its area.")
    area = text("What its area is beyond its districts.")
    carrier = text("Who runs it.")
    financing = text("How it is financed.")
    imprint = text("Its own legal notice.")
    accessibility = text("What is not accessible there.")
    status = text("What is unusual about it, for example that it is being set up.")
    team = text("Who works there.")
    rooms = text("Its rooms.")
    target_groups = terms("audience", "Whom it serves.")
    services = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata=said(
            "What it says of each kind of offer, by its code: yes, planned, no or words."
        ),
    )
    cost = text("What it costs.")
    consulting = text("Its Medienberatung.")
    cooperation = text("With whom it works together.")


class MemberSchema(Answer):
    """Somebody or some office whom the profile of a site names."""

    name = text("Name, where the person consented.")
    task = text("What they do.", "Verleih")
    adviser = fields.Boolean(metadata=said("Medienberaterin or Medienberater NRW."))
    email = text("Address of the office for mail.")
    phone = text("Telephone number of the office.")


class CountSchema(Answer):
    kind = Term("kind", "One of the eight kinds of offers.")
    count = number("How many live offers.", 49)


class SourceSchema(Answer):
    plugin = text("Name of the plugin that reads it.", "edmond")
    state = Term("state", "Whether its data is current, stale or in error.")
    as_of = moment("When it was last read to its end.", unknown=True)


class SiteLinksSchema(Answer):
    self = text("This site in the API.")
    page = text("Its page for people.")
    offers = text("What it offers, in the API.")


class SiteSchema(Answer):
    """A Medienzentrum or Landesmedienzentrum."""

    key = text("Key of the site.", "borken")
    name = text("Name.", "Medienzentrum Kreis Borken")
    kind = Term("site_kind", "Medienzentrum or Landesmedienzentrum.")
    association = text("Landschaftsverband: LVR or LWL.", "LWL")
    region = text("Regierungsbezirk; empty for a Landesmedienzentrum.", "Münster")
    ags = texts("Official keys of the districts it serves.", "05554")
    standort = text("Its Standort in ARIX contexts.", "BOR")
    time_zone = text("Its time zone.", "Europe/Berlin")
    contact = one(ContactSchema, "How to reach it.")
    branches = listed(BranchSchema, "Its branches.")
    profile = one(ProfileSchema, "What it says of itself.")
    team = listed(MemberSchema, "Who works there.")
    offers = listed(CountSchema, "How many live offers of each kind it has.")
    sources = listed(SourceSchema, "The sources of its data that were read at least once.")
    links = one(SiteLinksSchema, "Addresses.")


class SitesSchema(Answer):
    items = listed(SiteSchema, "The sites by name.")


class ServingLinksSchema(Answer):
    self = text("The site in the API.")
    page = text("Its page for people.")


class ServingSchema(Answer):
    """A site that serves a school."""

    key = text("Key of the site.", "borken")
    name = text("Name.", "Medienzentrum Kreis Borken")
    links = one(ServingLinksSchema, "Addresses.")


class UtmSchema(Answer):
    """A place in EPSG:25832."""

    east = number("Easting in metres.", 361466)
    north = number("Northing in metres.", 5673192)


class SchoolSchema(Answer):
    """A school, or another institution that borrows and books."""

    school_id = text("Land and Schulnummer; empty for what has none.", "DE-NW-900125")
    kind = Term("institution_kind", "What it is.")
    form = Term("school_form", "Schulform, by the state's code.", allow_none=True)
    name = text("Name.", "Grundschule Am Wiesengrund")
    short_name = text("Short name in the state's list.")
    private = fields.Boolean(metadata=said("Whether a private body maintains it."))
    street = text("Street and number.")
    postcode = text("Postcode.", "46325")
    town = text("Town.", "Borken")
    municipality = text("Gemeindeschlüssel; its first five digits are the district.", "05554012")
    website = text("Address of the website.")
    utm = one(UtmSchema, "Where it is; null: not known.", allow_none=True)
    closed_on = day("Its last day, which may lie ahead; null: it stays open.")
    sites = listed(ServingSchema, "The sites that serve it.")


class SchoolsSchema(Answer):
    items = listed(SchoolSchema, "The institutions.")
    total = number("How many match.", 1)
    sites = listed(ServingSchema, "The sites that serve any that matches, the likeliest first.")
    near = text("The beginning of the postcode, where no institution has the whole one.", "4632")
