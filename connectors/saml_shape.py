"""What a SAML response may look like before any of it is believed.

Signature wrapping lives on documents in which one element is verified and another is read
(Somorovsky et al., "On Breaking SAML", 2012). So there is one assertion, at its place, every
signature covers the element in which it stands and nothing else, all ids are different, nothing
points outside of the document, and there is no comment that readers could disagree about. What is
signed or encrypted in a way that is not on the lists here is not looked at (SAML 2.0 Core sections
3.3 and 5, RFC 9231, XML Encryption 1.1).
"""

from __future__ import annotations

import base64
import binascii
from typing import cast

from lxml import etree

from connectors import xml
from connectors.errors import Malformed, Refused, TooLarge

LONGEST = 200_000
"""Characters of an encoded response: a large one has 20,000."""
MOST_ELEMENTS = 5_000
MOST_KEYS = 5
"""Readers for whom one assertion is encrypted."""

SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
_NAMES = {"ds": DS[1:-1], "saml": SAML[1:-1], "samlp": SAMLP[1:-1], "xenc": XENC[1:-1]}

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_RFC6931 = "http://www.w3.org/2007/05/xmldsig-more#"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
CANONICAL = frozenset({_EXCLUSIVE, f"{_EXCLUSIVE}WithComments"})
TRANSFORMS = CANONICAL | {"http://www.w3.org/2000/09/xmldsig#enveloped-signature"}
SIGNATURES = frozenset(
    [f"{_MORE}{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512)]
    + [f"{_RFC6931}sha{bits}-rsa-MGF1" for bits in (256, 384, 512)]
)
"""No SHA-1, no MD5, no DSA, and nothing with a shared secret (HMAC)."""
DIGESTS = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        f"{_MORE}sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)
CIPHERS = frozenset(
    [f"http://www.w3.org/2009/xmlenc11#aes{bits}-gcm" for bits in (128, 192, 256)]
    + [f"http://www.w3.org/2001/04/xmlenc#aes{bits}-cbc" for bits in (128, 192, 256)]
)
KEY_TRANSPORTS = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    }
)
"""OAEP only: with PKCS#1 v1.5 an answer that is refused tells about the key."""


def decoded(encoded: str) -> etree._Element:
    """The response in a form field, of an allowed shape; raises `Refused`."""
    if len(encoded) > LONGEST:
        raise Refused(f"the answer is longer than {LONGEST} characters")
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
        root, repairs = xml.parse(data, max_bytes=LONGEST)
    except (binascii.Error, ValueError, Malformed, TooLarge) as error:
        raise Refused(f"the answer cannot be read: {error}") from None
    if repairs:
        raise Refused("the answer is no well-formed XML")
    check(root)
    return root


def check(root: etree._Element, *, opened: bool = False) -> None:
    """Refuse a response of another shape; `opened` is one whose assertion was decrypted."""
    if root.tag != f"{SAMLP}Response":
        raise Refused("the answer is no SAML response")
    if found(root, "//comment() | //processing-instruction()"):
        raise Refused("the answer holds comments or instructions, which nobody signs")
    elements = found(root, "descendant-or-self::*")
    if len(elements) > MOST_ELEMENTS:
        raise Refused(f"the answer has more than {MOST_ELEMENTS} elements")
    _different_ids(elements)
    for one in elements:
        if not one.get("URI", "#").startswith("#"):
            raise Refused("the answer points outside of itself (URI)")
    assertions = found(root, "//saml:Assertion | //saml:EncryptedAssertion")
    if len(assertions) != 1 or assertions[0].getparent() is not root:
        raise Refused("the answer does not hold exactly one assertion, at its place")
    if len(found(root, "//samlp:Response")) != 1:
        raise Refused("the answer holds a second one")
    for signature in found(root, "//ds:Signature"):
        _check_signature(signature, (root, assertions[0]))
    if opened or assertions[0].tag == f"{SAML}Assertion":
        if found(root, "//xenc:*"):
            raise Refused("the answer encrypts something else than the assertion as a whole")
    else:
        _check_encryption(root, assertions[0])


def found(element: etree._Element, path: str) -> list[etree._Element]:
    """The elements of a path with the usual prefixes, those that lxml would hide included."""
    return cast(list[etree._Element], element.xpath(path, namespaces=_NAMES))


def _different_ids(elements: list[etree._Element]) -> None:
    ids = [value for one in elements for name, value in one.attrib.items() if _is_id(str(name))]
    if len(ids) != len(set(ids)):
        raise Refused("the answer gives one id twice")


def _is_id(name: str) -> bool:
    return name.rpartition("}")[2].lower() == "id"


def _check_signature(
    signature: etree._Element, places: tuple[etree._Element, etree._Element]
) -> None:
    parent = signature.getparent()
    if parent is None or not any(parent is place for place in places):
        raise Refused("the answer holds a signature where none belongs")
    if len(found(parent, "ds:Signature")) != 1:
        raise Refused("the answer holds two signatures of one element")
    if found(signature, ".//ds:Object | .//ds:Manifest | .//ds:RetrievalMethod"):
        raise Refused("a signature of the answer holds what signatures need not hold")
    info = found(signature, "ds:SignedInfo")
    references = found(signature, ".//ds:Reference")
    if len(info) != 1 or len(references) != 1 or references[0].getparent() is not info[0]:
        raise Refused("a signature of the answer does not cover exactly one element")
    if not parent.get("ID") or references[0].get("URI") != f"#{parent.get('ID')}":
        raise Refused("a signature of the answer covers another element than its own")
    for name, allowed in (
        ("CanonicalizationMethod", CANONICAL),
        ("SignatureMethod", SIGNATURES),
        ("DigestMethod", DIGESTS),
    ):
        _check_algorithms(signature, name, allowed, 1)
    _check_algorithms(signature, "Transform", TRANSFORMS, 2)


def _check_algorithms(
    element: etree._Element, name: str, allowed: frozenset[str], most: int
) -> None:
    named = [one.get("Algorithm", "") for one in found(element, f".//ds:{name}")]
    if not 1 <= len(named) <= most:
        raise Refused(f"a signature of the answer has no usable {name}")
    for one in named:
        if one not in allowed:
            raise Refused(f"the answer is signed in a way that is not accepted: {plain(one)}")


def _check_encryption(root: etree._Element, assertion: etree._Element) -> None:
    data = found(root, "//xenc:EncryptedData")
    keys = found(root, "//xenc:EncryptedKey")
    if len(data) != 1 or data[0].getparent() is not assertion or not 1 <= len(keys) <= MOST_KEYS:
        raise Refused("the encrypted assertion of the answer cannot be read")
    for elements, allowed in ((data, CIPHERS), (keys, KEY_TRANSPORTS)):
        for one in elements:
            named = [method.get("Algorithm", "") for method in found(one, "xenc:EncryptionMethod")]
            if len(named) != 1 or named[0] not in allowed:
                way = plain(", ".join(named)) or "no way named"
                raise Refused(f"the answer is encrypted in a way that is not accepted: {way}")
    if found(root, "//xenc:CipherReference"):
        raise Refused("the encrypted assertion of the answer lies elsewhere")


def plain(value: object) -> str:
    """Words of somebody else that may stand in a message."""
    return "".join(c for c in str(value) if c.isprintable())[:200]
