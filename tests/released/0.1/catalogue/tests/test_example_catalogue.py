"""The contract of example_catalogue, against recorded answers."""

from pathlib import Path

from hub_example_catalogue import ExampleCatalogue
from hub.records import Upsert
from hub.testing import CatalogueContract, Site


class TestExampleCatalogue(CatalogueContract):
    plugin = ExampleCatalogue
    config = {"address": "https://media.example/list.json", "token": "a secret that nobody sees"}
    answers = Path(__file__).parent / "answers"

    def test_it_reads_both_pages(self, site: Site) -> None:
        titles = [one.record.title for one in self.changes(site) if isinstance(one, Upsert)]
        assert titles == ["Der Wasserkreislauf", "Brüche verstehen", "Die Stadt im Mittelalter"]
