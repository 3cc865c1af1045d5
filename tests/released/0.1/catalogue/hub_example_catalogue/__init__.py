"""Example catalogue: a list of media in JSON, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import marshmallow as ma

from connectors import http
from connectors.errors import Blocked, ConnectorError, Refused, Unreachable
from hub import Config, PersonalData, Plugin, Secret, hookimpl
from hub.errors import Denied, Unavailable
from hub.records import Change, Checkpoint, Kind, Person, Record, Reject, Upsert


class ExampleCatalogueConfig(Config):
    """What a centre's admin sets."""

    address = ma.fields.Url(
        required=True,
        schemes={"http", "https"},
        require_tld=False,
        metadata={
            "label": {"de": "Adresse", "en": "Address"},
            "help": {"de": "Wo die Liste beginnt", "en": "Where the list begins"},
        },
    )
    token = Secret(
        metadata={
            "label": {"de": "Zugangsschlüssel", "en": "Access token"},
            "help": {"de": "Leer: ohne Anmeldung", "en": "Empty: without login"},
        }
    )


class ExampleCatalogue(Plugin):
    """Example catalogue."""

    name = "example_catalogue"
    title = {"de": "Example catalogue", "en": "Example catalogue"}
    description = {"de": "Medien aus einer Liste in JSON", "en": "Media from a list in JSON"}
    category = "catalogue"
    hosts = ()  # its configuration names the host
    personal_data = (
        PersonalData(
            what={"de": "Kennung und Name", "en": "identifier and name"},
            purpose={"de": "Anmeldung", "en": "login"},
            retention={"de": "bis zur Löschung der Person", "en": "until the person is erased"},
        ),
    )

    Config = ExampleCatalogueConfig

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        page: str | None = cursor or "1"
        while page is not None:
            answer = self._page(page)
            for item in answer["items"]:
                yield _change(item)
            page = str(answer["next"]) if answer.get("next") else None
            yield Checkpoint(page, complete=page is None, total=answer.get("total"))

    @hookimpl
    def health(self) -> None:
        self._page("1")

    @hookimpl
    def personal_data_export(self, person: Person) -> Mapping[str, Any]:
        return {}  # everything that this plugin keeps about the person (Art. 15 DSGVO)

    @hookimpl
    def personal_data_erase(self, person: Person) -> None:
        """Nothing is kept yet; whatever will be is erased here (Art. 17 DSGVO)."""

    def _page(self, number: str) -> dict[str, Any]:
        token = self.config.get("token")
        headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
        try:
            with http.Client(internal_hosts=self.site.internal_hosts) as client:
                answer = client.get(
                    self.config["address"], params={"page": number}, headers=headers
                )
            page: dict[str, Any] = json.loads(answer.content)
            if not isinstance(page["items"], list):
                raise TypeError("items")
        except Unreachable as error:
            raise Unavailable(str(error), retry_after=error.retry_after) from error
        except (Refused, Blocked) as error:
            raise Denied(str(error)) from error
        except ConnectorError as error:
            raise Unavailable(str(error)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"Page {number} is not what was agreed: no list of items.") from error
        return page


def _change(item: Any) -> Change:
    """A record; or a reject with its reason, so that nothing is dropped in silence."""
    try:
        return Upsert(
            Record(
                source_id=str(item["id"]),
                kind=Kind.MEDIUM,
                title=item["title"],
                description=item.get("description", ""),
                url=item.get("url", ""),
                keywords=tuple(item.get("keywords", ())),
            )
        )
    except (KeyError, TypeError, AttributeError) as error:
        return Reject(str(item)[:50], f"no medium: {error!r}", str(item)[:500])
