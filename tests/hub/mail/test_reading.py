"""Messages that come in are read whatever they hold, and nothing of an answer is lost."""

from __future__ import annotations

from contextlib import suppress
from email.message import EmailMessage
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mail import plain, quoting, reading

HEAD = b"From: Ada <ada@schule.example>\r\nMessage-ID: <1@x>\r\n"
KINDS = (b"text/plain", b"text/html", b"multipart/mixed; boundary=b", b"application/pdf", b"x")
CHARSETS = (b"utf-8", b"latin-1", b"utf-16", b"base64", b"hex", b"nope", b"utf-7", b"\xff")
CODINGS = (b"base64", b"quoted-printable", b"8bit", b"x-uuencode", b"nope")
PARTS = st.tuples(
    st.sampled_from(KINDS), st.sampled_from(CHARSETS), st.sampled_from(CODINGS), st.binary()
)


def part(kind: bytes, charset: bytes, coding: bytes, body: bytes) -> bytes:
    return (
        b"Content-Type: " + kind + b"; charset=" + charset + b"\r\nContent-Transfer-Encoding: "
        + coding + b"\r\n\r\n" + body + b"\r\n"
    )  # fmt: skip


@given(st.lists(PARTS, max_size=4), st.binary(max_size=60))
def test_any_message_is_read_to_its_end(
    parts: list[tuple[bytes, bytes, bytes, bytes]], header: bytes
) -> None:
    head = HEAD + b"Subject: =?" + header.replace(b"\n", b"") + b"?=\r\nTo: " + header[:20]
    many = b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(
        b"--b\r\n" + part(*one) for one in parts
    )
    for raw in (head + many + b"--b--\r\n", *(HEAD + part(*one) for one in parts)):
        try:
            message = reading.read(raw)
        except reading.Unreadable:
            continue
        assert message.sender in ("ada@schule.example", "")
        whole = message.text + message.rest
        whole.encode()  # no half of a surrogate
        assert "\0" not in whole


@pytest.mark.parametrize(
    "raw", [b"", b"\0", b"Subject: x\r\n\r\nHi", b"x" * (reading.MOST_BYTES + 1)]
)
def test_what_is_no_message_is_said(raw: bytes) -> None:
    with pytest.raises(reading.Unreadable):
        reading.read(raw)


def test_a_message_in_a_message_without_end_is_refused() -> None:
    nested = HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(3_000)
    )
    with pytest.raises(reading.Unreadable, match="nested"):
        reading.read(nested)


@pytest.mark.parametrize(
    ("charset", "coding", "body"),
    [
        ("iso-8859-1", "8bit", "Größe: fünf".encode("latin-1")),
        ("utf-8", "8bit", "Größe: fünf".encode("latin-1")),  # says one thing, is another
        ("windows-1252", "quoted-printable", b"Gr=F6=DFe: f=FCnf"),
        ("utf-8", "base64", b"R3LDtsOfZTogZsO8bmY"),  # without its padding
        ("klingon", "8bit", "Größe: fünf".encode()),
        ("base64", "8bit", "Größe: fünf".encode()),  # no charset, but Python has a codec
    ],
)
def test_umlauts_survive_what_mail_programs_do(charset: str, coding: str, body: bytes) -> None:
    raw = HEAD + part(b"text/plain", charset.encode(), coding.encode(), body)
    assert reading.read(raw).text == "Größe: fünf"


def test_html_alone_becomes_text_and_its_quotation_is_cut_off() -> None:
    document = (
        "<html><head><style>p{}</style><title>x</title></head><body><p>Ja,<br>das&nbsp;passt.</p>"
        "<ul><li>Beamer</ul><script>alert(1)</script><p>Am 1.2.2027 um 9:00 schrieb MZ:</p>"
        "<blockquote><p>Passt das?</p></blockquote></body></html>"
    )
    raw = HEAD + part(b"text/html", b"utf-8", b"8bit", document.encode())
    message = reading.read(raw)
    assert message.text == "Ja,\ndas passt.\n\n- Beamer"
    assert message.rest.endswith("> Passt das?")
    assert "alert" not in plain.from_html(document)


def test_files_are_named_and_forms_of_one_text_are_read_once() -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "ada@schule.example", f"a+{'b' * 26}@x.example, c@x.example"
    mail.set_content("Anbei.")
    mail.add_alternative("<p>Anbei als HTML.</p>", subtype="html")
    mail.add_attachment(b"x", maintype="image", subtype="png", filename="Plan größer\n.png")
    mail.add_attachment("text", filename="notiz.txt")
    message = reading.read(mail.as_bytes())
    assert (message.text, message.files) == ("Anbei.", ("Plan größer .png", "notiz.txt"))
    assert message.tokens == ("b" * 26,)


@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b"(" * 15_000 + b"\r\n\r\nx",
        b"From: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n\r\nx",
        HEAD + b"Content-Type: text/plain; " + b'a="' * 1_000_000 + b"\r\n\r\nx",
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
        *(HEAD + part(b"text/html", b"utf-8", b"8bit", one * 60_000) for one in (b"<a ", b"<!--")),
        HEAD + b"\r\n" + b">\n" * 90_000 + b"x",
        HEAD + b"\r\n" + b" " * 190_000 + b"x",
    ],
)
def test_no_message_takes_long(raw: bytes) -> None:
    began = process_time()
    with suppress(reading.Unreadable):
        reading.read(raw)
    assert process_time() - began < 20, "that grows faster than the message"


CUT = {
    "Ja.\n\nAm 12.05.2027 um 10:04 schrieb MZ Borken <a@b.example>:\n\n> Passt das?\n": "Ja.",
    "Ja.\n\nAm Mi., 12. Mai 2027 um 10:04 Uhr schrieb MZ Borken <\na@b.example>:\n> X": "Ja.",
    "Ja.\n\nOn Wed, 12 May 2027, MZ wrote:\n> X\n> Y": "Ja.",
    "Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: MZ\nX": "Ja.",
    "Ja.\n________________________________\nVon: MZ\nGesendet: heute\nAn: Ada\n\nX": "Ja.",
    "Ja.\n\n**\n*Von:* MZ <a@b.example>\n*Gesendet:* heute\n*An:* Ada\nX": "Ja.\n\n**",
    "Ja.\n\n> Passt das?\n> Gruß": "Ja.",
    "Ja.\n-- \nAda Muster\nGrundschule": "Ja.",
}
KEPT = (
    "Am Montag schrieb die Schulleitung, sie habe Zeit: das passt.",
    "> Passt das?\nJa.\n> Und der Raum?\nAuch.",
    "Hallo,\n\nAm 12.05.2027 schrieb MZ:\n> Passt das?\nJa.\n> Und der Raum?\nAuch.",
    "Am 12.05.2027 schrieb MZ:\n> Passt das?",
    "Von: mir aus geht es auch später.",
)


def test_what_is_quoted_is_cut_off_and_kept() -> None:
    for text, new in CUT.items():
        found, rest = quoting.cut(text)
        assert found == new, text
        assert "".join(text.split()) == "".join((found + rest).split())
    for text in KEPT:
        assert quoting.cut(text) == (text, "")


@given(st.text("Ja >:-_\nAmschrieb.1", max_size=200))
def test_cutting_loses_nothing(text: str) -> None:
    new, rest = quoting.cut(text)
    assert "".join(text.split()) == "".join((new + rest).split())
    assert new or not text.strip()
