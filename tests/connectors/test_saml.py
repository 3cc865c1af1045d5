"""SAML against a provider that signs for real: who gets in, and who does not."""

from __future__ import annotations

import base64
import copy
import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import xmlsec
from lxml import etree

from connectors import saml, saml_metadata
from connectors.errors import Blocked, ConnectorError, Malformed, Refused, TooLarge, Unreachable
from connectors.saml import Assertion, ServiceProvider, key_pair
from tests.servers import saml_idp
from tests.servers.saml_idp import NAMES, OUR_ID, PERSISTENT, SUBJECT, Idp, first, instant, sign

BACK = "https://hub.example/anmelden/borken/saml/saml/fertig"
SAML = f"{{{NAMES['saml']}}}"


@pytest.fixture
def idp() -> Iterator[Idp]:
    with saml_idp.running() as provider:
        yield provider


def provider(idp: Idp, **changed: Any) -> ServiceProvider:
    given = {"metadata": idp.metadata(), "internal_hosts": ["127.0.0.1"], **changed}
    return ServiceProvider(OUR_ID, idp.entity_id, **given)


def keys() -> Any:
    return key_pair(saml_idp.keys(9)[0].decode(), saml_idp.certificate(9))


def log_in(idp: Idp, at: ServiceProvider | None = None, **how: Any) -> Assertion:
    at = at or provider(idp)
    question = at.question(BACK)
    return at.answer(question, BACK, idp.respond(question, **how))


def test_whom_the_provider_vouches_for_is_let_in(idp: Idp) -> None:
    idp.attributes = {"mail": ["ada@schule.example"], "role": ["staff", "member"], "empty": [""]}
    said = log_in(idp)
    assert (said.name_id, said.name_id_format) == (SUBJECT, PERSISTENT)
    assert said.attributes == {
        "mail": ("ada@schule.example",),
        "role": ("staff", "member"),
        "empty": (),
    }
    question = provider(idp).question(BACK)
    request = idp.asked_for(question)
    assert request.get("Destination") == f"{idp.address}/login?a=1&b=2"
    assert first(request, "samlp:NameIDPolicy").get("Format") == PERSISTENT


def test_a_signed_response_around_the_signed_assertion_is_fine(idp: Idp) -> None:
    assert log_in(idp, after=sign).name_id == SUBJECT


def test_requests_are_signed_with_the_key_that_the_metadata_name(idp: Idp) -> None:
    at = provider(idp, keys=keys())
    given = parse_qs(urlsplit(at.question(BACK)).query)
    names = ("SAMLRequest", "RelayState", "SigAlg")
    signed = urlencode([(name, given[name][0]) for name in names])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(
        saml_idp.certificate(9), xmlsec.constants.KeyDataFormatCertPem
    )
    signature = base64.b64decode(given["Signature"][0])
    context.verify_binary(signed.encode(), xmlsec.constants.TransformRsaSha256, signature)
    description = etree.fromstring(at.description(BACK).encode())
    assert description.get("entityID") == OUR_ID
    assert description.get("validUntil") is None
    assert first(description, "md:AssertionConsumerService").get("Location") == BACK
    used = [one.get("use") for one in description.iterfind(".//md:KeyDescriptor", NAMES)]
    assert sorted(used) == ["encryption", "signing"]
    assert first(etree.fromstring(provider(idp).description(BACK)), "md:KeyDescriptor") is None


@pytest.mark.parametrize("cipher", ["Aes256Gcm", "Aes256Cbc"])
def test_encrypted_assertions_are_read_with_the_key(idp: Idp, cipher: str) -> None:
    way = getattr(xmlsec.constants, f"Transform{cipher}")
    said = log_in(
        idp, provider(idp, keys=keys()), after=lambda root: saml_idp.encrypt(root, cipher=way)
    )
    assert said.name_id == SUBJECT


def encrypted_with_3des(root: Any) -> None:
    saml_idp.encrypt(root)
    first(root, "xenc:EncryptionMethod").set("Algorithm", f"{NAMES['xenc']}tripledes-cbc")


def encrypted_elsewhere(root: Any) -> None:
    """The hub would fetch what is to be decrypted from its own disk."""
    saml_idp.encrypt(root)
    value = first(root, "xenc:CipherValue")
    reference = etree.Element(f"{{{NAMES['xenc']}}}CipherReference", URI="file:///etc/passwd")
    value.getparent().replace(value, reference)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda root: saml_idp.encrypt(root, number=8), "not accepted"),
        (
            lambda root: saml_idp.encrypt(root, transport=xmlsec.constants.TransformRsaPkcs1),
            "encrypted in a way",
        ),
        (encrypted_with_3des, "encrypted in a way"),
        (encrypted_elsewhere, "outside of itself"),
    ],
)
def test_what_is_encrypted_otherwise_is_refused(
    idp: Idp, change: Callable[[Any], Any], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        log_in(idp, provider(idp, keys=keys()), after=change)


def test_encryption_hides_no_forgery(idp: Idp) -> None:
    def forged(root: Any) -> None:
        first(root, "saml:NameID").text = "admin"
        saml_idp.encrypt(root)

    def commented(root: Any) -> None:
        first(root, "saml:NameID").append(etree.Comment("x"))
        saml_idp.encrypt(root)

    at = provider(idp, keys=keys())
    with pytest.raises(Refused, match="signature"):
        log_in(idp, at, after=forged)
    with pytest.raises(Refused, match="comments"):
        log_in(idp, at, after=commented)
    with pytest.raises(Refused, match="signed"):
        log_in(idp, at, signing=None, after=saml_idp.encrypt)
    with pytest.raises(Refused, match="key"):
        log_in(idp, provider(idp), after=saml_idp.encrypt)


def put(path: str, attribute: str, value: str | int | None) -> Callable[[Any], None]:
    """Sets an attribute of an element, or takes it away; a number is an instant so many seconds
    from when the answer is made, which may be long after the tests were collected."""

    def change(root: Any) -> None:
        element = root if path == "." else first(root, path)
        if value is None:
            del element.attrib[attribute]
        else:
            element.set(attribute, instant(value) if isinstance(value, int) else value)

    return change


def write(path: str, text: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        first(root, path).text = text

    return change


def without(path: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        element = first(root, path)
        element.getparent().remove(element)

    return change


CONFIRMATION = "saml:SubjectConfirmationData"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:Responder"


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (write("saml:Audience", "https://other.example"), "audience"),
        (without("saml:AudienceRestriction"), "Audience"),
        (without("saml:Conditions"), "Conditions"),
        (write("saml:Assertion/saml:Issuer", "https://other.example"), "issuer"),
        (put("saml:Conditions", "NotOnOrAfter", -90), "expired"),
        (put("saml:Conditions", "NotBefore", 120), "not valid yet"),
        (put("saml:Conditions", "NotBefore", "gestern"), "not accepted"),
        (put(CONFIRMATION, "NotOnOrAfter", -5), "SubjectConfirmation"),
        (put(CONFIRMATION, "NotOnOrAfter", None), "until when"),
        (put(CONFIRMATION, "NotBefore", -5), "until when"),
        (put(CONFIRMATION, "Recipient", "https://other.example/fertig"), "SubjectConfirmation"),
        (put(CONFIRMATION, "Recipient", f"{BACK}/more"), "Recipient"),
        (put(CONFIRMATION, "Recipient", None), "Recipient"),
        (put(CONFIRMATION, "InResponseTo", "other"), "SubjectConfirmation"),
        (put(CONFIRMATION, "InResponseTo", None), "InResponseTo"),
        (put("saml:SubjectConfirmation", "Method", "urn:x:holder"), "SubjectConfirmation"),
        (put(".", "InResponseTo", "other"), "InResponseTo"),
        (put(".", "InResponseTo", None), "InResponseTo"),
        (put(".", "Destination", f"{BACK}/more"), "Destination"),
        (put("samlp:StatusCode", "Value", STATUS), "Responder"),
        (put("saml:NameID", "NameQualifier", "https://other.example"), "NameQualifier"),
        (put("saml:NameID", "SPNameQualifier", "https://other.example"), "SPNameQualifier"),
        (without("saml:AuthnStatement"), "AuthnStatement"),
        (put("saml:AuthnStatement", "SessionNotOnOrAfter", -5), "expired"),
    ],
)
def test_an_answer_that_is_not_for_this_login_lets_nobody_in(
    idp: Idp, before: Callable[[Any], None], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        log_in(idp, before=before)


def forged(root: Any) -> Any:
    """A copy of the signed assertion that names somebody else and is not signed."""
    copied = copy.deepcopy(first(root, "saml:Assertion"))
    copied.remove(first(copied, "ds:Signature"))
    first(copied, "saml:NameID").text = "admin"
    copied.set("ID", "_forged")
    return copied


def wrapped_before(root: Any) -> None:
    root.insert(2, forged(root))


def wrapped_after(root: Any) -> None:
    root.append(forged(root))


def wrapped_with_the_same_id(root: Any) -> None:
    one = forged(root)
    one.set("ID", first(root, "saml:Assertion").get("ID"))
    root.insert(2, one)


def wrapped_in_the_signature(root: Any) -> None:
    one, signed = forged(root), first(root, "saml:Assertion")
    signature = first(signed, "ds:Signature")
    root.replace(signed, one)
    one.insert(1, signature)
    etree.SubElement(signature, f"{{{NAMES['ds']}}}Object").append(signed)


def wrapped_in_advice(root: Any) -> None:
    one, signed = forged(root), first(root, "saml:Assertion")
    root.replace(signed, one)
    one.insert(1, copy.deepcopy(first(signed, "ds:Signature")))
    etree.SubElement(one, f"{SAML}Advice").append(signed)


def wrapped_in_extensions(root: Any) -> Any:
    other = copy.deepcopy(root)
    other.replace(first(other, "saml:Assertion"), forged(root))
    other.set("ID", "_other")
    extensions = etree.Element(f"{{{NAMES['samlp']}}}Extensions")
    extensions.append(root)
    other.insert(1, extensions)
    return other


def with_signature_moved_out(root: Any) -> None:
    signed = first(root, "saml:Assertion")
    one = forged(root)
    root.replace(signed, one)
    root.insert(1, first(signed, "ds:Signature"))


def with_a_reference_to_nothing(root: Any) -> None:
    first(root, "ds:Reference").set("URI", "")


def with_a_second_reference(root: Any) -> None:
    reference = first(root, "ds:Reference")
    reference.getparent().append(copy.deepcopy(reference))


def with_a_comment_in_the_name(root: Any) -> None:
    name = first(root, "saml:NameID")
    name.text = SUBJECT[:4]
    comment = etree.Comment("x")
    comment.tail = SUBJECT[4:]
    name.append(comment)


def with_a_shared_secret(root: Any) -> None:
    first(root, "ds:SignatureMethod").set(
        "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    )


def with_a_transform_that_reads_something_else(root: Any) -> None:
    first(root, "ds:Transform").set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")


def with_a_stray_ampersand(root: Any) -> bytes:
    return etree.tostring(root).replace(b"<saml:Subject>", b"<saml:Subject>&")


def with_a_doctype(root: Any) -> bytes:
    return b'<!DOCTYPE x [<!ENTITY e "admin">]>' + etree.tostring(root)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (wrapped_before, "one assertion"),
        (wrapped_after, "one assertion"),
        (wrapped_with_the_same_id, "one id twice"),
        (wrapped_in_the_signature, "one assertion"),
        (wrapped_in_advice, "one assertion"),
        (wrapped_in_extensions, "one assertion"),
        (with_signature_moved_out, "another element"),
        (with_a_reference_to_nothing, "outside|another element"),
        (with_a_second_reference, "exactly one element"),
        (with_a_comment_in_the_name, "comments"),
        (with_a_shared_secret, "way that is not accepted"),
        (with_a_transform_that_reads_something_else, "way that is not accepted"),
        (with_a_doctype, "DOCTYPE"),
        (write("saml:NameID", "admin"), "signature of the answer is wrong"),
        (write("saml:Audience", OUR_ID + "2"), "audience"),
        (without("ds:Signature"), "not signed"),
        (without("saml:Assertion"), "one assertion"),
        (lambda _: b"<html><body>Fehler</body></html>", "HTML|no SAML"),
        (lambda _: b"\xff\xfe\x00", "cannot be read"),
        (with_a_stray_ampersand, "well-formed"),
    ],
)  # fmt: skip
def test_what_was_changed_on_the_way_lets_nobody_in(
    idp: Idp, after: Callable[[Any], Any], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        log_in(idp, after=after)


def signs_with_another_key(assertion: Any) -> None:
    sign(assertion, number=2)


def signs_with_sha1(assertion: Any) -> None:
    sign(assertion, method=xmlsec.constants.TransformRsaSha1)


def digests_with_sha1(assertion: Any) -> None:
    sign(assertion, digest=xmlsec.constants.TransformSha1)


def signs_the_response_only(assertion: Any) -> None:
    sign(assertion.getparent())


@pytest.mark.parametrize(
    ("signing", "reason"),
    [
        (None, "not signed"),
        (signs_with_another_key, "signature of the answer is wrong"),
        (signs_with_sha1, "way that is not accepted"),
        (digests_with_sha1, "way that is not accepted"),
        (signs_the_response_only, "Assertion .* not signed"),
    ],
)
def test_what_is_signed_otherwise_lets_nobody_in(idp: Idp, signing: Any, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        log_in(idp, signing=signing)


def test_an_answer_belongs_to_the_browser_that_asked(idp: Idp) -> None:
    at = provider(idp)
    mine, theirs = at.question(BACK), at.question(BACK)
    answer = idp.respond(mine)
    with pytest.raises(Refused, match="InResponseTo"):
        at.answer(theirs, BACK, answer)
    with pytest.raises(Refused, match="no login that began"):
        at.answer("", BACK, answer)
    for broken in ({}, {"SAMLResponse": "x" * 300_000}, {"SAMLResponse": "§§"}):
        with pytest.raises(Refused):
            at.answer(mine, BACK, broken)
    assert at.answer(mine, BACK, answer).name_id == SUBJECT


def test_a_flipped_byte_makes_nobody_somebody_else(idp: Idp) -> None:
    dice, at = random.Random(7), provider(idp, keys=keys())
    question = at.question(BACK)
    for after in (None, saml_idp.encrypt):
        whole = base64.b64decode(idp.respond(question, after=after)["SAMLResponse"])
        for _ in range(40):
            broken = bytearray(whole)
            broken[dice.randrange(len(broken))] = dice.randrange(256)
            answer = {"SAMLResponse": base64.b64encode(broken).decode()}
            try:
                assert at.answer(question, BACK, answer).name_id == SUBJECT
            except Refused:
                continue


def test_an_attribute_that_stands_twice_is_none(idp: Idp) -> None:
    def twice(root: Any) -> None:
        one = first(root, "saml:Attribute")
        one.getparent().append(copy.deepcopy(one))

    idp.attributes = {"mail": ["ada@schule.example"]}
    with pytest.raises(Refused, match="duplicated"):
        log_in(idp, before=twice)


def test_new_keys_are_found_and_looked_for_once_a_minute(idp: Idp) -> None:
    moment = [0.0]
    at = provider(idp, metadata=idp.metadata_url, clock=lambda: moment[0])
    assert log_in(idp, at).name_id == SUBJECT
    for _ in range(3):
        with pytest.raises(Refused, match="signature"):
            log_in(idp, at, signing=signs_with_another_key)
    assert len(idp.asked) == 2
    moment[0] = 61
    idp.published = [1, 2]
    assert log_in(idp, at, signing=signs_with_another_key).name_id == SUBJECT
    assert log_in(idp, at).name_id == SUBJECT
    idp.published = [2]
    moment[0] = 3_700
    with pytest.raises(Refused, match="signature"):
        log_in(idp, at)


@pytest.mark.parametrize(
    ("edit", "error", "reason"),
    [
        (lambda text: text.replace("entityID=", 'entityID="x" other='), Refused, "describe"),
        (lambda text: text.replace("HTTP-Redirect", "HTTP-POST"), Refused, "redirect"),
        (lambda text: text.replace('"http://127.0.0.1', '"http://idp.example'), Refused, "TLS"),
        (lambda text: text.replace('"http://127', '"javascript://127'), Refused, "TLS"),
        (lambda text: text.replace('use="signing"', 'use="encryption"'), Malformed, "certificate"),
        (lambda text: text.replace("Certificate>M", "Certificate>?"), Malformed, "certificate"),
        (
            lambda text: text.replace(saml_idp.keys(1)[1], saml_idp.keys(3, 1024)[1]),
            Malformed,
            "certificate",
        ),
        (lambda text: text.replace(" entityID", ' validUntil="2020-01-01T00:00:00Z" entityID'),
         Refused, "valid until"),
        (lambda text: f"<!DOCTYPE x>{text}", Malformed, "DOCTYPE"),
        (lambda text: "<html></html>", ConnectorError, "describe"),
        (lambda text: text + " " * saml_metadata.MAX_BYTES, TooLarge, "bytes"),
    ],
)  # fmt: skip
def test_metadata_that_cannot_be_trusted_are_refused(
    idp: Idp, edit: Callable[[str], str], error: type[Exception], reason: str
) -> None:
    idp.edit_metadata = edit
    with pytest.raises(error, match=reason):
        provider(idp, metadata=idp.metadata_url).idp()


def test_a_provider_that_wants_signed_requests_gets_none_without_a_key(idp: Idp) -> None:
    idp.edit_metadata = lambda text: text.replace(
        "<md:IDPSSODescriptor", '<md:IDPSSODescriptor WantAuthnRequestsSigned="true"'
    )
    with pytest.raises(Refused, match="signed requests"):
        provider(idp).idp()
    assert provider(idp, keys=keys()).idp().wants_signed


def test_metadata_come_by_tls_from_an_address_that_is_allowed(
    idp: Idp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address, hosts in ((idp.metadata_url, []), ("http://idp.example/metadata", [])):
        with pytest.raises(Blocked, match="https"):
            provider(idp, metadata=address, internal_hosts=hosts).idp()
    with pytest.raises(Blocked):
        provider(idp, metadata="https://127.0.0.1:9/metadata", internal_hosts=[]).idp()
    idp.answers["/metadata"] = lambda handler: handler.say("", 503)  # type: ignore[attr-defined]
    with pytest.raises(Unreachable, match="503"):
        provider(idp, metadata=idp.metadata_url).idp()
    monkeypatch.setattr(saml, "TIMEOUT", 0.05)
    idp.answers["/metadata"] = lambda _: time.sleep(0.3)
    with pytest.raises(Unreachable, match="did not answer"):
        provider(idp, metadata=idp.metadata_url).idp()


@pytest.mark.parametrize(("key", "certificate"), [("x", "y"), (saml_idp.keys(9)[0].decode(), "y")])
def test_a_key_needs_its_certificate(key: str, certificate: str) -> None:
    with pytest.raises(ValueError, match="PEM"):
        key_pair(key, certificate)
    with pytest.raises(ValueError, match="another key"):
        key_pair(saml_idp.keys(9)[0].decode(), saml_idp.certificate(1))
    one_line = saml_idp.certificate(9).replace("\n", " ")
    assert key_pair(saml_idp.keys(9)[0].decode(), one_line).certificate == keys().certificate
