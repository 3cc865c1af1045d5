from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.testing import CatalogueContract
from plugins.tables import Tables

DEVICES = """\
Inv.-Nr.;Bezeichnung;Anzahl;Zubehör;Verleihbar
G-1;iPad-Koffer;16;Kabel, Stifte;ja
G-2;Mikrofonset;4;;ja
G-3;Beamer;2;;nein
"""


class TestContract(CatalogueContract):
    plugin = Tables
    config = {"tables": [{"name": "geraete", "file": "geraete.csv", "kind": "device"}]}

    @pytest.fixture
    def site_files(self, tmp_path: Path) -> Path:
        (tmp_path / "geraete.csv").write_text(DEVICES)
        return tmp_path
