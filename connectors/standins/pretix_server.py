"""A stand-in for pretix: its REST API as far as trainings are booked by it.

    python -m connectors.standins.pretix_server --data FILE [--port 0] [--token TOKEN] [--keep FILE]

The first line on standard output is the base address, `http://127.0.0.1:PORT/`; below it
`/api/v1/organizers/ORGANIZER/events/…` knows events, items, subevents, quotas (with
`with_availability=true`), orders (POST, `mark_canceled`, `change`, PATCH), orderpositions (PATCH),
waitinglistentries (POST, DELETE) and vouchers, to whoever sends `Authorization: Token TOKEN`. Any
organizer will do. Lists come in pages of two. An order takes seats of all quotas of its products,
or none: then 400 says so. `X-Idempotency-Key` gives the first answer again. `--data` is a JSON
file, `{"events": [{"event": {"slug": …}, "items": […], "subevents": […], "quotas": […]}]}` with
objects as pretix has them. Orders and waiting lists last as long as the server, or are kept in the
file that `--keep` names.

Traps in the address, beside those of `serving`: lost (what is asked for is done, but the connection
is closed without an answer) · inuse (409 to what has a key, as while an earlier request with it is
under way) · limit (429 with Retry-After 7) · abroad (`next` leads to another host) · circle (`next`
is the same page for ever) · greedy (it tells free seats that are not there).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.standins.serving import JsonHandler, arguments, load, serve

PAGE = 2
TAKES_SEATS = frozenset("np")
TOO_FEW = "Das Kontingent {} hat nicht genug freie Kapazität für diese Änderung."
EMPTY = (
    "Diese Änderung würde die Bestellung leer hinterlassen. Bitte stornieren Sie die Bestellung "
    "stattdessen."
)
NO_QUOTA = "Es ist kein Kontingent definiert, das diese Operation erlaubt."
SOLD_OUT = 'Es gibt nicht genug Kontingent in "{}", um diese Bestellung durchzuführen.'


class Books:
    """The events of an account and the orders that were placed."""

    def __init__(
        self, events: Iterable[Mapping[str, Any]], token: str, keep: Path | None = None
    ) -> None:
        self.token = token
        self.keep = keep
        self.lock = threading.RLock()
        self.events: dict[str, dict[str, Any]] = {
            one["event"]["slug"]: {"orders": [], "waitinglistentries": [], "vouchers": [], **one}
            for one in events
        }
        self.answered: dict[str, tuple[int, Any]] = {}
        if keep is not None and keep.is_file():
            kept = json.loads(keep.read_text())
            self.answered = {key: (status, told) for key, (status, told) in kept["answered"]}
            for slug, lists in kept["events"].items():
                self.events.get(slug, {}).update(lists)

    def save(self) -> None:
        """Keep what was ordered, where that is wanted."""
        if self.keep is None:
            return
        events = {
            slug: {name: event[name] for name in ("orders", "waitinglistentries", "vouchers")}
            for slug, event in self.events.items()
        }
        document = json.dumps({"events": events, "answered": [*self.answered.items()]})
        new = self.keep.with_suffix(".new")
        new.write_text(document)
        new.replace(self.keep)

    def free(self, event: Mapping[str, Any], quota: Mapping[str, Any]) -> int | None:
        """The seats that a quota still has; None where it has no size."""
        if quota["size"] is None:
            return None
        taken: int = sum(
            seat["item"] in quota["items"] and seat["subevent"] == quota["subevent"]
            for order in event["orders"]
            if order["status"] in TAKES_SEATS
            for seat in order["positions"]
            if not seat["canceled"]
        )
        held: int = sum(
            one["item"] in quota["items"] and one["subevent"] == quota["subevent"]
            for one in event["vouchers"]
            if not one["redeemed"]
        )
        return int(quota["size"]) - taken - held

    def wait(self, event: dict[str, Any], asked: Mapping[str, Any]) -> tuple[int, Any]:
        """Status and answer to a new entry on the waiting list."""
        same = ("item", "subevent", "email")
        if any(
            all(one[name] == asked[name] for name in same) for one in event["waitinglistentries"]
        ):
            return 400, {"non_field_errors": ["Sie stehen bereits auf dieser Warteliste!"]}
        entry = {"id": 501 + len(event["waitinglistentries"]), "voucher": None, **asked}
        event["waitinglistentries"].append(entry)
        return 201, entry

    def send_voucher(self, event: dict[str, Any]) -> None:
        """Give the first who waits a voucher, which holds a seat."""
        entry = next(one for one in event["waitinglistentries"] if one["voucher"] is None)
        number = 900 + len(event["vouchers"])
        seat = {"item": entry["item"], "subevent": entry["subevent"]}
        voucher = {"id": number, "code": f"GUTSCHEIN{number}", "redeemed": False, **seat}
        event["vouchers"].append(voucher)
        entry["voucher"] = number

    def place(self, event: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[int, Any]:
        """Status and answer to a new order."""
        taken = {order["code"] for one in self.events.values() for order in one["orders"]}
        if asked["code"] in taken:
            return 400, {"code": ["Dieser Bestellcode wird bereits verwendet."]}
        prices = {one["id"]: float(one["default_price"]) for one in event["items"]}
        seats = [
            {
                "id": len(taken) * 100 + number,
                "attendee_name": None,
                "attendee_email": None,
                "company": None,
                "canceled": False,
                **one,
            }
            for number, one in enumerate(asked["positions"], 1)
        ]
        total = sum(prices[one["item"]] for one in seats)
        order = {
            "code": asked["code"],
            "email": asked.get("email"),
            "status": "n" if total else "p",
            "total": f"{total:.2f}",
            "positions": seats,
        }
        event["orders"].append(order)
        for voucher in event["vouchers"]:
            voucher["redeemed"] |= voucher["code"] in [one.get("voucher") for one in seats]
        for quota in event["quotas"]:
            if (self.free(event, quota) or 0) < 0:
                event["orders"].remove(order)
                told = SOLD_OUT.format(quota["name"])
                return 400, {"positions": [{"item": [told]} for _ in seats]}
        return 201, order

    def change(
        self, event: Mapping[str, Any], order: dict[str, Any], asked: Mapping[str, Any]
    ) -> tuple[int, Any]:
        """Status and answer to a change of an order, which is done as a whole or not at all.

        As pretix, it asks only those quotas for seats that are to have more than before.
        """
        seats = {one["id"]: dict(one) for one in order["positions"]}
        for name in ("patch_positions", "cancel_positions"):
            wrong = [
                {"position": [f'Ungültiger pk "{one["position"]}" - Objekt existiert nicht.']}
                for one in asked.get(name, [])
                if one["position"] not in seats or seats[one["position"]]["canceled"]
            ]
            if wrong:
                return 400, {name: wrong}
        for one in asked.get("cancel_positions", []):
            seats[one["position"]]["canceled"] = True
        for one in asked.get("patch_positions", []):
            seats[one["position"]].update(one["body"])
        number = max(one["positionid"] for one in seats.values())
        for more, one in enumerate(asked.get("create_positions", []), 1):
            nobody = {"attendee_name": None, "attendee_email": None, "company": None}
            key = max(seats) + 1
            seats[key] = {
                "id": key, "positionid": number + more, "canceled": False, **nobody, **one
            }  # fmt: skip
        if all(one["canceled"] for one in seats.values()):
            return 400, [EMPTY]
        for one in seats.values():
            if not one["canceled"] and not any(
                one["item"] in quota["items"] and one["subevent"] == quota["subevent"]
                for quota in event["quotas"]
            ):
                return 400, [NO_QUOTA]
        before = [self.free(event, one) for one in event["quotas"]]
        old, order["positions"] = order["positions"], list(seats.values())
        for quota, had in zip(event["quotas"], before, strict=True):
            has = self.free(event, quota)
            if had is not None and has is not None and has < min(had, 0):
                order["positions"] = old
                return 400, [TOO_FEW.format(quota["name"])]
        return 200, shown(order)


def shown(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object as it is told: an order without its cancelled seats."""
    if "positions" not in one:
        return one
    return {**one, "positions": [seat for seat in one["positions"] if not seat["canceled"]]}


class Handler(JsonHandler):
    """One request to the API."""

    books: Books

    def do_GET(self) -> None:
        event = self._event()
        if event is None:
            return
        with self.books.lock:
            match self.steps[6:]:
                case ():
                    self._say(200, event["event"])
                case ("items" | "subevents" | "orders" | "waitinglistentries" as name,):
                    self._list([shown(one) for one in event[name]])
                case ("subevents" | "orders" | "vouchers" | "waitinglistentries" as name, key):
                    mark = "code" if name == "orders" else "id"
                    found = (one for one in event[name] if str(one[mark]) == key)
                    self._say_or_404(next(map(shown, found), None))
                case ("quotas",):
                    self._list([self._quota(event, one) for one in event["quotas"]])
                case _:
                    self._say_or_404(None)

    def do_POST(self) -> None:
        body, event = self.body(), self._event()
        if event is None:
            return
        key = self.headers.get("X-Idempotency-Key", "")
        if key and "inuse" in self.traps:
            told = {"detail": "Concurrent request with idempotency key."}
            return self._raw(409, told, "Retry-After: 5\r\n")
        with self.books.lock:
            status, answer = self.books.answered.get(key) or self._do(event, json.loads(body))
            if key:
                self.books.answered[key] = status, answer
            self.books.save()
        self._say(status, answer)

    def do_PATCH(self) -> None:
        body, event = self.body(), self._event()
        if event is None:
            return
        kind, key = self.steps[6], self.steps[7]
        with self.books.lock:
            found = [
                one
                for order in event["orders"]
                for one in ([order] if kind == "orders" else order["positions"])
                if str(one["code" if kind == "orders" else "id"]) == key
            ]
            told = json.loads(body)
            if told.pop("attendee_name_parts", None) == {}:  # the name itself may not be null
                told["attendee_name"] = None
            for one in found:
                one.update(told)
            self.books.save()
        self._say_or_404(found[0] if found else None)

    def do_DELETE(self) -> None:
        event = self._event()
        if event is None:
            return
        entries = event["waitinglistentries"]
        with self.books.lock:
            found = [one for one in entries if str(one["id"]) == self.steps[7]]
            if found:
                entries.remove(found[0])
            self.books.save()
        self._raw(204 if found else 404, {})

    def _do(self, event: dict[str, Any], body: Any) -> tuple[int, Any]:
        match self.steps[6:]:
            case ("orders",):
                return self.books.place(event, body)
            case ("waitinglistentries",):
                return self.books.wait(event, body)
            case ("orders", code, "mark_canceled" | "change" as action):
                order = next((one for one in event["orders"] if one["code"] == code), None)
                if order is None:
                    return 404, {"detail": "Not found."}
                if action == "change":
                    return self.books.change(event, order, body)
                if order["status"] not in TAKES_SEATS:
                    return 400, {"detail": "The order is not allowed to be canceled."}
                order["status"] = "c"
                return 200, order
        return 404, {"detail": "Not found."}

    def _event(self) -> dict[str, Any] | None:
        """The event in the address; None where that was answered already."""
        if not self.begin():
            return None
        if "limit" in self.traps:
            self._raw(429, {"detail": "Too many requests."}, "Retry-After: 7\r\n")
            return None
        if self.headers.get("Authorization") != f"Token {self.books.token}":
            self._raw(401, {"detail": "Invalid token."})
            return None
        found = None
        if self.steps[:3] == ("api", "v1", "organizers") and self.steps[4:5] == ("events",):
            found = self.books.events.get("".join(self.steps[5:6]))
        if found is None:
            self._say_or_404(None)
        return found

    def _quota(self, event: Mapping[str, Any], quota: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = parse_qs(urlsplit(self.path).query)
        if asked.get("with_availability") != ["true"]:
            return quota
        free = self.books.free(event, quota)
        if "greedy" in self.traps and free is not None:
            free += 100
        return {**quota, "available": free != 0, "available_number": free}

    def _list(self, entries: list[Any]) -> None:
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        if "subevent" in asked:
            entries = [one for one in entries if str(one["subevent"]) == asked["subevent"][0]]
        number = int(asked.get("page", ["1"])[0])
        more = len(entries) > number * PAGE
        following = None
        if more or "circle" in self.traps:
            asked["page"] = [str(number if "circle" in self.traps else number + 1)]
            query = "&".join(f"{name}={value[0]}" for name, value in asked.items())
            host = "evil.example" if "abroad" in self.traps else self.headers["Host"]
            following = f"http://{host}{parts.path}?{query}"
        page = entries[(number - 1) * PAGE : number * PAGE]
        count = {"count": len(entries), "next": following, "previous": None}
        self._say(200, {**count, "results": page})

    def _say_or_404(self, value: Any) -> None:
        if value is None:
            self._raw(404, {"detail": "Not found."})
        else:
            self._say(200, value)

    def _say(self, status: int, value: Any) -> None:
        if "lost" in self.traps and self.command != "GET":
            self.close_connection = True
            return
        self.json(value, status)

    def _raw(self, status: int, value: Any, more: str = "") -> None:
        self.raw(HTTPStatus(status), json.dumps(value).encode(), more=more)


def main() -> None:
    parser = arguments("A stand-in for pretix")
    parser.add_argument("--token", default="test")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep orders over a restart")
    options = parser.parse_args()
    books = Books(load(options.data, "events"), options.token, options.keep)
    serve(options, type("Account", (Handler,), {"books": books}), "/")


if __name__ == "__main__":
    main()
