"""The XML parser: nothing comes in from outside, broken text is mended, the rest is refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.errors import Malformed, TooLarge
from connectors.xml import parse


def test_clean_document_is_not_touched() -> None:
    root, repairs = parse("<a>Grüße &amp; &#252;&#x1F600;<!-- x --><![CDATA[<b>]]></a>".encode())
    assert (root.xpath("string()"), repairs) == ("Grüße & ü😀<b>", 0)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<a>one\x01two\x06</a>", "onetwo"),
        (b"<a>&#1;one&#x0;&#xD800;&#xFFFF;&#x110000;</a>", "one"),
        (b"<a>&#000000000065;&#x0041;\x02</a>", "AA"),
        (b"<a>Gr\xfc\xdfe \x96 \x80</a>", "Grüße – €"),
        (b"<a>\xed\xa0\x80x\xef\xbf\xbf</a>", "x"),
        (b"<a>R&B & Co &nbsp;&uuml;&LT;b&GT; &unknown; &#;</a>", "R&B & Co \xa0ü<b> &unknown; &#;"),
        (b"<a>\x01<![CDATA[a & b &#1; &auml;]]><!-- & --></a>", "a & b &#1; &auml;"),
        (b"\xef\xbb\xbf<a>\x01x</a>", "x"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\x01\xfc</a>", "ü"),
        (b"<?xml version='1.0' encoding='UTF-8'?><a>\xfc</a>", "ü"),
        (b"<?xml version='1.0' encoding='windows-1252'?><a>\x01\x84x\x93</a>", "„x“"),
        (b"<?xml version='1.0' encoding='nonsense'?><a>\x01x</a>", "x"),
        (b"<?xml version='1.0' encoding='unicode_escape'?><a>\x01\\x41</a>", "\\x41"),
        ('<?xml version="1.0" encoding="utf-16"?><a>\x01ü</a>'.encode("utf-16"), "ü"),
    ],
)
def test_broken_characters_are_mended(data: bytes, text: str) -> None:
    root, repairs = parse(data)
    assert root.xpath("string()") == text
    assert repairs > 0


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>", "ü"),
        ('<?xml version="1.0" encoding="utf-16"?><a>ü</a>'.encode("utf-16"), "ü"),
        ("<a>ü</a>".encode("utf-16-le"), "ü"),
        ("<a>ü</a>".encode("utf-16-be"), "ü"),
        ("<a>ü</a>".encode("utf-32"), "ü"),
        ("\ufeff<a>ü</a>".encode(), "ü"),
    ],
)
def test_encodings_are_honoured(data: bytes, text: str) -> None:
    assert parse(data).root.text == text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"no xml",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a b=c/>",
        b"<a>" * 5_000 + b"</a>" * 5_000,
        b"<a>\x01</a",
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_no_xml_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


@pytest.mark.parametrize(
    "data", [b"<!DOCTYPE html><html><p>x<br></html>", b" <HTML><p>Wartung</HTML>"]
)
def test_html_page_is_named(data: bytes) -> None:
    with pytest.raises(Malformed, match="HTML page"):
        parse(data)


def test_size_is_limited() -> None:
    with pytest.raises(TooLarge):
        parse(b"<a>" + b"x" * 100 + b"</a>", max_bytes=50)


# A document that asks for more than itself

BOMB = b"<!DOCTYPE a [<!ENTITY x 'xxxxxxxx'>%s]><a>&x9;</a>" % b"".join(
    b"<!ENTITY x%d '%s'>" % (n, (b"&x%d;" % (n - 1) if n else b"&x;") * 10) for n in range(10)
)


@pytest.mark.parametrize(
    "data",
    [
        BOMB,
        BOMB.decode().encode("utf-16"),
        b"<?xml version='1.0'?><!-- c --><?pi?>\n<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        b"<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///etc/passwd'>%x;]><a/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>".encode("cp037"),
    ],
)
def test_doctype_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


def test_doctype_is_stripped_unread() -> None:
    for data in (
        b"<?xml version='1.0'?><!DOCTYPE a SYSTEM 'http://127.0.0.1:9/>.dtd'><a>x&amp;</a>",
        b'<!DOCTYPE a [<!ENTITY b "]>"> <!-- it\'s ] --> <!ELEMENT a ANY>]><a>x&amp;</a>',
        "<!DOCTYPE a><a>x&amp;</a>".encode("utf-16"),
    ):
        root, _ = parse(data, doctype="strip")
        assert root.text == "x&"
        assert root.getroottree().docinfo.doctype == ""
    root, _ = parse(BOMB, doctype="strip")
    assert root.text == "&x9;"
    with pytest.raises(Malformed, match="without an end"):
        parse(b"<!DOCTYPE a [<a/>", doctype="strip")


def test_inclusions_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text("<s>hush</s>")
    data = (
        f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{secret.as_uri()}"/></a>'
    )
    root, _ = parse(data.encode())
    assert len(root) == 1
    assert "hush" not in str(root.xpath("string()"))


@pytest.mark.parametrize(
    "piece",
    [
        b"<![CDATA[",
        b"<!--",
        b"<?",
        b"&",
        b"&#",
        b"&#x",
        b"&a",
        b"<!DOCTYPE",
        b"<!DOCTYPE [",
        b'<!DOCTYPE "',
        b"\xed\xa0",
        b"\xff",
        b" ",
    ],
)
@pytest.mark.parametrize("frame", [b"%s", b"\x01<a>%s", b"<!DOCTYPE [%s"])
def test_time_grows_with_size_only(piece: bytes, frame: bytes) -> None:
    data = frame % (piece * (300_000 // len(piece)))
    begin = time.process_time()
    with pytest.raises(Malformed):
        parse(data, doctype="strip")
    assert time.process_time() - begin < 20


FRAGMENTS = st.sampled_from(
    [b"<a>", b"</a>", b"<a/>", b"&", b"&#1;", b"\x01", b"<![CDATA[", b"]]>", b"<!DOCTYPE a>"]
    + [b"<?xml version='1.0' encoding='%s'?>" % e for e in (b"utf-16", b"utf-7", b"hex", b"idna")]
    + [b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<!--", b"-->", b"\xfc", b"x"]
)


@given(st.binary() | st.lists(FRAGMENTS | st.binary(max_size=4)).map(b"".join))
@example(b"<\x00\x00\x00")
def test_any_bytes_are_parsed_or_malformed(data: bytes) -> None:
    for doctype in ("refuse", "strip"):
        try:
            root, repairs = parse(data, doctype=doctype)
        except Malformed:
            continue
        assert repairs >= 0
        assert root.tag


@given(st.text(), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_any_text_comes_through_mended(text: str, encoding: str) -> None:
    written = text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "")
    data = f"<a>{written}</a>".encode(encoding, "surrogatepass")
    root, repairs = parse(data)
    kept = "".join(c for c in text.replace("]]>", "") if c in "\t\n\r" or c >= " ")
    kept = kept.replace("\r\n", "\n").replace("\r", "\n")
    if repairs == 0:
        assert (root.text or "") == kept
