"""Why a rule says no, in sentences that fit their number."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from hub.booking import wording
from hub.booking.errors import AgainstRules, Refusal

DAY = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "limit", "said"),
    [
        ("lead", 1, "Das Zentrum braucht 1 Öffnungstag Vorlauf. Möglich ab: "),
        ("lead", 2, "Das Zentrum braucht 2 Öffnungstage Vorlauf. Möglich ab: "),
        ("furthest", 1, "Buchen lässt sich 1 Tag im Voraus, bis: "),
        ("furthest", 90, "Buchen lässt sich 90 Tage im Voraus, bis: "),
        ("most", 1, "Auf einmal wird nur eins ausgeliehen."),
        ("most", 4, "Auf einmal werden höchstens 4 ausgeliehen."),
        ("most_open", 1, "Sie haben 1 offene Buchung; mehr sind nicht gleichzeitig möglich."),
        ("most_open", 5, "Sie haben 5 offene Buchungen; mehr sind nicht gleichzeitig möglich."),
    ],
)
def test_one_and_many(app: Flask, code: str, limit: int, said: str) -> None:
    with app.test_request_context():
        app.preprocess_request()  # which chooses the language
        refused = AgainstRules([Refusal(code, limit, DAY)])
        assert wording.explain(refused, ZoneInfo("Europe/Berlin")).startswith(said)
