"""Contract tests for plugins, and what tests need to run one without a hub.

    class TestExample(CatalogueContract):
        plugin = Example
        config = {"address": "https://example.org/"}
        answers = Path(__file__).parent / "answers"

and nothing more: pytest then checks everything that the hub relies on. `answers` is the folder of
recorded HTTP answers (see `hub.testing.recorded`). Where the configuration is known only when the
test runs (the port of a test server), override the fixture `plugin_config`; where the plugin reads
files of the site, `site_files`.
"""

from hub.site import Site
from hub.testing.booking import BookingContract
from hub.testing.catalogue import CatalogueContract, read
from hub.testing.contract import PluginContract
from hub.testing.identity import IdentityContract
from hub.testing.recorded import RecordedAnswers
from hub.testing.sites import Entry, hub_database, resolved, site_info, site_row, site_with

__all__ = [
    "BookingContract",
    "CatalogueContract",
    "Entry",
    "IdentityContract",
    "PluginContract",
    "RecordedAnswers",
    "Site",
    "hub_database",
    "read",
    "resolved",
    "site_info",
    "site_row",
    "site_with",
]
