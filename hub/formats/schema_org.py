"""schema.org markup of an offer, as JSON-LD for search engines.

Source: schema.org 29 and Google's “Learning video”, “Course” and “Event” guides for what is read.
It only says what the page says as well, and never more about a licence than that one is needed.
"""

from __future__ import annotations

from typing import Any

from hub.formats import values as forms
from hub.records import AccessMode, Kind, MediumType, Record

_MEDIA = {
    MediumType.VIDEO: "VideoObject",
    MediumType.AUDIO: "AudioObject",
    MediumType.IMAGE: "ImageObject",
    MediumType.DOCUMENT: "TextDigitalDocument",
    MediumType.PACKAGE: "Collection",
    MediumType.INTERACTIVE: "WebApplication",
    MediumType.WEBSITE: "WebPage",
}
_TYPES = {
    Kind.DEVICE: "Product",
    Kind.ROOM: "Room",
    Kind.TRAINING: "Course",
}
"""All others are services."""


def write(record: Record, page: str, site: str, site_page: str) -> dict[str, Any]:
    """The markup of an offer shown at the address `page`, by the centre `site`."""
    centre = {"@type": "Organization", "name": site, "url": site_page}
    free = not record.cost
    document: dict[str, Any] = {
        "@context": "https://schema.org",
        "@id": page,
        "url": page,
        "name": record.title,
        "alternateName": record.subtitle,
        "description": record.description,
        "image": record.image_url,
        "keywords": ", ".join(record.keywords),
    }
    if record.kind is Kind.MEDIUM:
        document |= _medium(record) | {"provider": centre, "isAccessibleForFree": free}
    elif record.kind is Kind.TRAINING:
        document |= {
            "@type": _TYPES[record.kind],
            "provider": centre,
            "isAccessibleForFree": free,
            "hasCourseInstance": [
                {
                    "@type": "CourseInstance",
                    "startDate": event.start.isoformat(),
                    "endDate": event.end.isoformat(),
                    "location": event.place or record.place,
                    "maximumAttendeeCapacity": event.seats,
                }
                for event in record.events
            ],
        }
    elif record.kind is Kind.ROOM:
        document |= {
            "@type": _TYPES[record.kind],
            "containedInPlace": record.place and {"@type": "Place", "name": record.place},
            "occupancy": record.quantity
            and {"@type": "QuantitativeValue", "maxValue": record.quantity},
        }
    elif record.kind is Kind.DEVICE:
        document |= {"@type": _TYPES[record.kind], "offers": _loan(record, centre)}
    else:
        document |= {"@type": "Service", "provider": centre}
    known: dict[str, Any] = _known(document)
    return known


def _medium(record: Record) -> dict[str, Any]:
    kind = _MEDIA.get(record.medium_type) if record.medium_type else None
    return {
        "@type": ["LearningResource", kind] if kind else "LearningResource",
        "inLanguage": list(record.languages),
        "author": [{"@type": "Person", "name": name} for name in record.creators],
        "publisher": [{"@type": "Organization", "name": name} for name in record.publishers],
        "copyrightYear": record.year,
        "duration": forms.iso_duration(record.duration) if record.duration else "",
        "license": record.licence if "://" in record.licence else "",
        "conditionsOfAccess": "" if record.access is AccessMode.OPEN else record.access.value,
        "dateModified": record.modified.isoformat() if record.modified else "",
    }


def _loan(record: Record, centre: dict[str, str]) -> dict[str, Any]:
    """Lent out, not sold."""
    return {
        "@type": "Offer",
        "businessFunction": "http://purl.org/goodrelations/v1#LeaseOut",
        "offeredBy": centre,
        "inventoryLevel": record.quantity
        and {"@type": "QuantitativeValue", "value": record.quantity},
    }


def _known(value: Any) -> Any:
    """Without members that say nothing."""
    if isinstance(value, dict):
        pairs = ((name, _known(part)) for name, part in value.items())
        return {name: part for name, part in pairs if part or part is False}
    if isinstance(value, list):
        return [_known(part) for part in value]
    return value
