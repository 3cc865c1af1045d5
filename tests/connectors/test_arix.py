"""The ARIX client against the stand-in server, which is a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors import xml
from connectors.arix import Arix, Condition, Credentials, Notch, NotLicensed
from connectors.errors import Malformed, Refused, TooLarge, Unreachable
from connectors.http import Client
from tests.servers import arix as stand_in

PASSWORD = "dürer & co"
EINSTEIN = "records/arix_search_result_hh_einstein.xml"
POLITICS = "records/arix_record_xmedienlb-5552796.xml"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("arix") / "demo.xml"
    file.write_text(stand_in.RECORDS, "utf-8")
    return file


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[str]:
    arguments = ("--data", data, "--password", PASSWORD, "--user", f"1={PASSWORD}")
    with stand_in.running(*arguments) as address:
        yield address


@pytest.fixture(scope="module")
def newer_server(data: Path) -> Iterator[str]:
    with stand_in.running("--data", data, "--client", f"hub={PASSWORD}") as address:
        yield address


@pytest.fixture
def http() -> Iterator[Client]:
    with Client(internal_hosts=["127.0.0.1"], timeout=5, deadline=2, max_bytes=2_000_000) as http:
        yield http


Connect = Callable[..., Arix]


@pytest.fixture
def connect(server: str, http: Client) -> Connect:
    def connect(context: str = "NRW/TST", trap: str = "", password: str = PASSWORD) -> Arix:
        address = server.replace("/arix", f"/trap/{trap}/arix") if trap else server
        return Arix(address, context, http, credentials=Credentials(password))

    return connect


def identifiers(arix: Arix, *, harvest: bool = False, count: int = 2) -> list[str]:
    pages = arix.pages(harvest=harvest, count=count)
    return [r.get("identifier", "") for page in pages for r in page.records]


@pytest.mark.parametrize("harvest", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 6, 100])
def test_pages_give_every_record_once(connect: Connect, harvest: bool, count: int) -> None:
    found = identifiers(connect(), harvest=harvest, count=count)
    assert found == [
        "DEMO-4900001",
        "demo-5500002",
        "DEMO-5800004",
        "DEMO-4900005",
        "DEMO-4600006",
        "DEMO-4600007",
    ]


def test_pages_resume(connect: Connect) -> None:
    pages = connect().pages(harvest=False, start=4, count=1)
    assert [page.records[0].get("identifier") for page in pages] == ["DEMO-4600006", "DEMO-4600007"]


def test_context_is_the_licence_area(connect: Connect) -> None:
    assert identifiers(connect("NRW")) == ["DEMO-4900001", "DEMO-5800004", "DEMO-4900005"]
    assert "DEMO-4900003" in identifiers(connect("NRW/TST,NRW/VIE/160001"))
    assert connect("NRW").identifiers(count=2) == {"DEMO-4900001", "DEMO-5800004", "DEMO-4900005"}


def test_context_may_go_in_the_form(server: str, http: Client) -> None:
    assert len(identifiers(Arix(server, "NRW/TST", http, context_in_form=True))) == 6


def test_search_by_conditions(connect: Connect) -> None:
    def hits(*conditions: Condition, **more: str) -> list[str | None]:
        return [r.get("identifier") for r in connect().search(conditions, **more).records]  # type: ignore[arg-type]

    assert hits(Condition("text_fields", "WASSER")) == ["DEMO-4900001", "DEMO-5800004"]
    assert hits(Condition("titel_fields", "wasser", option="WORD")) == []
    assert hits(Condition("titel_fields", "wasser", option="BEGIN"), eaf="080") == []
    assert hits(Condition("text_fields", "burgen wüsten")) == []
    assert hits(Condition("text_fields", "burgen wüsten", operator="OR")) == [
        "demo-5500002",
        "DEMO-4600007",
    ]
    assert hits(Condition("titel", "<'&\">\x01")) == []


def test_search_gives_the_fields_asked_for(connect: Connect) -> None:
    page = connect().search(fields=("titel", "typ"), count=1)
    assert page.more
    assert [(f.get("n"), f.text) for f in page.records[0]] == [
        ("titel", "Wasserkreislauf"),
        ("typ", "49"),
    ]


def test_record_in_either_case(connect: Connect) -> None:
    record = connect().record("DEMO-5500002")
    assert record.findtext("f[@n='titel']") == "Burgen"
    with pytest.raises(Refused, match="No such record"):
        connect().record("DEMO-4900003")


def test_taxonomy_and_logo(connect: Connect) -> None:
    assert connect().taxonomy("typen")["55"] == "Medienpaket (online)"
    assert set(connect().taxonomy("schlag")) == {"Wasser", "Wetter"}
    assert "Medienzentrum" in connect().logo()


# Opening


def assert_opens(arix: Arix, http: Client) -> None:
    link = arix.link(arix.notch("DEMO-4900001"))
    assert set(link.addresses) == {"direct", "download"}
    assert link.size == "200 MByte"
    assert "Wasserkreislauf" in http.get(link.addresses["direct"]).content.decode()
    with pytest.raises(Refused, match="404"):
        http.get(link.addresses["direct"].replace("/media/", "/media/0"))


def test_link_by_passphrase(connect: Connect, http: Client) -> None:
    assert_opens(connect(), http)


def test_link_by_login(server: str, http: Client) -> None:
    assert_opens(Arix(server, "NRW", http, credentials=Credentials(PASSWORD, user_id="1")), http)
    wrong = Arix(server, "NRW", http, credentials=Credentials("guess", user_id="1"))
    with pytest.raises(Refused, match="login was refused"):
        wrong.link(wrong.notch("DEMO-4900001"))


def test_link_by_the_newer_way(newer_server: str, http: Client) -> None:
    credentials = Credentials(PASSWORD, client="hub")
    arix = Arix(newer_server, "NRW", http, credentials=credentials)
    assert_opens(arix, http)
    assert len(identifiers(arix)) == 3
    with pytest.raises(Refused, match="Not authorised"):
        Arix(newer_server, "NRW", http).search()
    for wrong in (Credentials("guess", client="hub"), Credentials(PASSWORD, client="who")):
        with pytest.raises(Refused, match="wrong passphrase"):
            Arix(newer_server, "NRW", http, credentials=wrong).search()


def test_uuid_that_ended_is_renewed(newer_server: str, http: Client) -> None:
    address = newer_server.replace("/arix", "/trap/expired/arix")
    arix = Arix(address, "NRW", http, credentials=Credentials(PASSWORD, client="hub"))
    for _ in range(10):
        assert len(arix.search().records) == 3


def test_no_licence(connect: Connect) -> None:
    for context, identifier in (("NRW", "demo-5500002"), ("NRW", "DEMO-4900005"), ("NRW", "NO-1")):
        with pytest.raises(NotLicensed, match="no valid licence"):
            connect(context).notch(identifier)


def test_wrong_passphrase_names_our_address_and_no_secret(connect: Connect) -> None:
    arix = connect(password="geheimnis")
    with pytest.raises(Refused, match=r"wrong passphrase from 127\.0\.0\.1") as caught:
        arix.link(arix.notch("DEMO-4900001"))
    assert "geheimnis" not in str(caught.value)
    assert not isinstance(caught.value, NotLicensed)
    with pytest.raises(Refused, match="Unknown notch"):
        arix.link(Notch("x", "y"))


def test_secrets_do_not_show() -> None:
    assert "geheimnis" not in repr(Credentials("geheimnis", client="hub"))
    assert "geheimnis" not in repr(Notch("1", "geheimnis"))


# Traps


def text_of(arix: Arix, identifier: str) -> str | None:
    return arix.record(identifier).findtext("f[@n='text']")


def test_control_characters_are_taken_out(connect: Connect) -> None:
    assert text_of(connect(trap="control"), "demo-5500002") == (
        "Leben im Mittelalter: Ritter, Bauern, Mägde."
    )


def test_bytes_that_are_no_utf8_are_read_as_windows_text(connect: Connect) -> None:
    assert text_of(connect(trap="latin1"), "demo-5500002") == (
        "Leben im Mittelalter: Ritter, Bauern, Mägde."
    )


def test_text_encoded_twice_passes_for_the_format_to_mend(connect: Connect) -> None:
    assert "MÃ¤gde" in str(text_of(connect(trap="mojibake"), "demo-5500002"))


@pytest.mark.parametrize(
    ("trap", "error", "message"),
    [
        ("html", Malformed, "HTML page"),
        ("cut", Malformed, "well-formed"),
        ("doctype", Malformed, "DOCTYPE"),
        ("error", Unreachable, "500"),
        ("busy", Unreachable, "503"),
        ("slow", Unreachable, "did not finish"),
        ("huge", TooLarge, "more than"),
        ("repeat", Malformed, "same page again"),
        ("empty", Malformed, "empty page"),
    ],
)
def test_bad_days_never_look_like_the_end(
    connect: Connect, trap: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        identifiers(connect(trap=trap))


@pytest.mark.parametrize("trap", ["repeat", "empty"])
def test_list_of_identifiers_ends_too(connect: Connect, trap: str) -> None:
    with pytest.raises(Malformed, match="nothing new"):
        connect(trap=trap).identifiers(count=2)


def test_wait_that_the_server_asks_for_is_passed_on(connect: Connect) -> None:
    with pytest.raises(Unreachable) as caught:
        connect(trap="busy").search()
    assert caught.value.retry_after == 1


# The server itself


def test_real_records_come_through(shared_data: Path, http: Client) -> None:
    files = [shared_data / EINSTEIN, shared_data / POLITICS]
    expected = [
        {f.get("n"): f.text for f in r.iterfind("f")}
        for r in [
            *xml.parse(files[0].read_bytes()).root.iterfind("r"),
            xml.parse(files[1].read_bytes()).root,
        ]
    ]
    with stand_in.running("--data", files[0], "--data", files[1]) as address:
        pages = list(Arix(address, "NRW", http).pages(harvest=False, count=4))
    found = [{f.get("n"): f.text for f in r} for page in pages for r in page.records]
    assert [len(page.records) for page in pages] == [4, 4, 3]
    assert found == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<result><r identifier='A-1'/><r identifier='a-1'/></result>", "twice"),
        ("<result><r/></result>", "missing"),
        ("<result>", "well-formed"),
    ],
)
def test_bad_data_is_told(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "bad.xml").write_text(content)
    command = [sys.executable, "-m", "connectors.standins.arix_server", "--data", str(tmp_path)]
    done = subprocess.run(
        command, cwd=stand_in.ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert reason in done.stderr
    assert "bad.xml" in done.stderr


def test_server_refuses_what_is_no_statement(server: str, http: Client) -> None:
    for body in ({"xmlstatement": "<search"}, {"xmlstatement": "<dance/>"}, {"other": "x"}):
        answer = http.post(f"{server}/NRW", data=body).content
        assert answer.startswith(b"<error>")
    assert http.post(server, data={"xmlstatement": "<search/>"}).content == (
        b"<error>No context</error>"
    )
    with pytest.raises(Refused, match="404"):
        http.post(server.replace("/arix", "/elsewhere"), data={"xmlstatement": "<search/>"})
    with pytest.raises(Refused, match="413"):
        http.post(server, data=b"")
