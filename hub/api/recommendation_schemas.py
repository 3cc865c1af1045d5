"""What is answered about recommendations, with an example of each answer."""

from __future__ import annotations

from marshmallow import fields

from hub.api.answer_fields import Answer, Term, day, listed, moment, number, one, terms, text
from hub.api.examples import _API, _BADGE, _HUB, _MOMENT, Example, _term
from hub.api.parameters import said
from hub.api.schemas import BadgeSchema
from hub.api.site_schemas import SiteNameSchema


class RecommendationLinksSchema(Answer):
    self = text("This recommendation with its entries.")
    page = text("Its page for people.")


class RecommendationSchema(Answer):
    """A list that is recommended, or an announcement, which has no entries."""

    id = number("Id of the recommendation.", 3)
    site = one(SiteNameSchema, "Who recommends it.")
    title = text("Title.", "Wasser entdecken")
    text = text("Plain text; line breaks begin paragraphs.")
    subjects = terms("subject", "Subjects: EAF Sachgebiete.")
    starts_on = day("The first day on which it holds; null: no day.")
    ends_on = day("The first day on which it holds no longer; null: it does not end.")
    size = number("How many entries it has.", 4)
    changed_at = moment("When it last changed.")
    links = one(RecommendationLinksSchema, "Addresses.")


class RecommendationsSchema(Answer):
    items = listed(RecommendationSchema, "What is recommended today, in the order of its pages.")


class EntryLinksSchema(Answer):
    offer = fields.String(
        allow_none=True, metadata=said("The offer; null where nobody offers it any more.")
    )
    page = text("Its page for people.")


class EntrySchema(Answer):
    """An offer that is recommended; another one of its work where it was withdrawn."""

    offer_id = number("Id of the offer.", 17)
    work_id = number("Id of its work.", 12)
    kind = Term("kind", "Which of the eight kinds of offers it is.")
    title = text("Title.", "Der Wasserkreislauf")
    note = text("What is said of it here; may be empty.")
    withdrawn = fields.Boolean(metadata=said("Whether nobody offers it any more."))
    badge = one(
        BadgeSchema, "Who may use it today; null where nobody offers it any more.", allow_none=True
    )
    links = one(EntryLinksSchema, "Addresses.")


class RecommendedSchema(RecommendationSchema):
    """A recommendation with its entries."""

    entries = listed(EntrySchema, "The offers in their order.")


_RECOMMENDATION: Example = {
    "id": 3,
    "site": {"key": "lvr", "name": "LVR-Zentrum für Medien und Bildung"},
    "title": "Wasser entdecken",
    "text": "Filme und Experimentierkoffer für den Sachunterricht.",
    "subjects": [_term("28010", "Sachkunde")],
    "starts_on": "2026-03-01",
    "ends_on": "2026-08-01",
    "size": 1,
    "changed_at": _MOMENT,
    "links": {"self": f"{_API}/recommendations/3", "page": f"{_HUB}/empfehlungen/3"},
}
RECOMMENDATIONS: Example = {"items": [_RECOMMENDATION]}
RECOMMENDED: Example = {
    **_RECOMMENDATION,
    "entries": [
        {
            "offer_id": 17,
            "work_id": 12,
            "kind": _term("medium", "Medium"),
            "title": "Der Wasserkreislauf",
            "note": "Zum Einstieg",
            "withdrawn": False,
            "badge": _BADGE,
            "links": {"offer": f"{_API}/offers/17", "page": f"{_HUB}/angebot/17"},
        }
    ],
}
