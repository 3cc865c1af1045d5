"""A SAML identity provider that signs for real, and lies where a test wants it to."""

from __future__ import annotations

import base64
import secrets
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree

NAMES = {
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
}
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SUBJECT = "7f3c-pseudonym"
OUR_ID = "https://hub.example/borken/saml/metadata"
Edit = Callable[[Any], Any]


@cache
def keys(number: int = 1, bits: int = 2048) -> tuple[bytes, str]:
    """A private key (PEM) and the certificate that belongs to it (DER, base64)."""
    private = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"key {number}")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(number)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2021, 1, 1, tzinfo=UTC))  # a key is trusted, not its dates
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def certificate(number: int = 1) -> str:
    """A certificate as PEM."""
    return f"-----BEGIN CERTIFICATE-----\n{keys(number)[1]}\n-----END CERTIFICATE-----\n"


def first(element: Any, name: str) -> Any:
    """The first element of this name, such as `saml:NameID`."""
    return element.find(f".//{name}", NAMES)


def instant(seconds: float = 0) -> str:
    """A moment from now as SAML writes it."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def sign(
    element: Any,
    number: int = 1,
    method: Any = xmlsec.constants.TransformRsaSha256,
    digest: Any = xmlsec.constants.TransformSha256,
) -> None:
    """Put a signature of the element into it, behind its Issuer."""
    node = xmlsec.template.create(element, xmlsec.constants.TransformExclC14N, method, ns="ds")
    element.insert(1, node)
    reference = xmlsec.template.add_reference(node, digest, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    xmlsec.tree.add_ids(element, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(keys(number)[0], xmlsec.constants.KeyDataFormatPem)
    context.sign(node)


def encrypt(
    response: Any,
    number: int = 9,
    transport: Any = xmlsec.constants.TransformRsaOaep,
    cipher: Any = xmlsec.constants.TransformAes256Gcm,
) -> None:
    """Replace the assertion by itself encrypted for this key."""
    assertion = first(response, "saml:Assertion")
    data = xmlsec.template.encrypted_data_create(
        response, cipher, type=xmlsec.constants.TypeEncElement, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
    key = xmlsec.template.add_encrypted_key(info, transport)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    manager = xmlsec.KeysManager()
    manager.add_key(
        xmlsec.Key.from_memory(certificate(number), xmlsec.constants.KeyDataFormatCertPem)
    )
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(
        xmlsec.constants.KeyDataAes, 256, xmlsec.constants.KeyDataTypeSession
    )
    around = etree.SubElement(response, f"{{{NAMES['saml']}}}EncryptedAssertion")
    around.append(assertion)
    context.encrypt_xml(data, assertion)


@dataclass
class Idp:
    """What it says and does; tests change it."""

    entity_id: str = "https://idp.example/metadata?sp=hub"
    address: str = ""
    attributes: dict[str, list[str]] = field(default_factory=dict)
    name_id: str = SUBJECT
    name_id_format: str = PERSISTENT
    published: list[int] = field(default_factory=lambda: [1])
    """Numbers of the keys that stand in its metadata."""
    edit_metadata: Callable[[str], str] = str
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def metadata_url(self) -> str:
        return f"{self.address}/metadata"

    def metadata(self) -> str:
        listed = "".join(
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{NAMES["ds"]}"><ds:X509Data>'
            f"<ds:X509Certificate>{keys(one)[1]}</ds:X509Certificate>"
            "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for one in self.published
        )
        return self.edit_metadata(
            f'<md:EntityDescriptor xmlns:md="{NAMES["md"]}" entityID="{self.entity_id}">'
            f'<md:IDPSSODescriptor protocolSupportEnumeration="{NAMES["samlp"]}">{listed}'
            '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
            f' Location="{self.address}/login?a=1&amp;b=2"/>'
            "</md:IDPSSODescriptor></md:EntityDescriptor>"
        )

    def asked_for(self, question: str) -> Any:
        """The request in an address, as the provider reads it."""
        given = parse_qs(urlsplit(question).query)
        assert (given["a"], given["b"]) == (["1"], ["2"])
        packed = base64.b64decode(given["SAMLRequest"][0])
        return etree.fromstring(zlib.decompress(packed, -15))

    def respond(
        self,
        question: str,
        *,
        before: Edit | None = None,
        signing: Edit | None = sign,
        after: Edit | None = None,
    ) -> dict[str, str]:
        """As the browser would bring it: the question answered.

        `before` changes the response before the assertion is signed, `signing` signs it, `after`
        changes what was signed (and may give another root).
        """
        request = self.asked_for(question)
        response = etree.fromstring(self._response(request))
        if before is not None:
            before(response)
        if signing is not None:
            signing(first(response, "saml:Assertion"))
        if after is not None:
            changed = after(response)
            response = response if changed is None else changed
        relay = parse_qs(urlsplit(question).query)["RelayState"][0]
        data = response if isinstance(response, bytes) else etree.tostring(response)
        return {"SAMLResponse": base64.b64encode(data).decode(), "RelayState": relay}

    def _response(self, request: Any) -> str:
        back, number = request.get("AssertionConsumerServiceURL"), request.get("ID")
        audience = request.find("saml:Issuer", NAMES).text
        statements = "".join(
            f'<saml:Attribute Name="{name}">'
            + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
            + "</saml:Attribute>"
            for name, values in self.attributes.items()
        )
        issuer = f"<saml:Issuer>{self.entity_id}</saml:Issuer>"
        given = f"<saml:AttributeStatement>{statements}</saml:AttributeStatement>"
        return (
            f'<samlp:Response xmlns:samlp="{NAMES["samlp"]}" xmlns:saml="{NAMES["saml"]}"'
            f' ID="_r{secrets.token_hex(8)}" Version="2.0" IssueInstant="{instant()}"'
            f' Destination="{back}" InResponseTo="{number}">{issuer}'
            '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>'
            f'</samlp:Status><saml:Assertion ID="_a{secrets.token_hex(8)}" Version="2.0"'
            f' IssueInstant="{instant()}">{issuer}<saml:Subject>'
            f'<saml:NameID Format="{self.name_id_format}">{self.name_id}</saml:NameID>'
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData NotOnOrAfter="{instant(300)}" Recipient="{back}"'
            f' InResponseTo="{number}"/></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotBefore="{instant(-30)}" NotOnOrAfter="{instant(300)}">'
            f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>"
            "</saml:AudienceRestriction></saml:Conditions>"
            f'<saml:AuthnStatement AuthnInstant="{instant()}"><saml:AuthnContext>'
            "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            f"{given if self.attributes else ''}</saml:Assertion></samlp:Response>"
        )


class _Handler(BaseHTTPRequestHandler):
    idp: Idp

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.idp.asked.append(path)
        if path in self.idp.answers:
            return self.idp.answers[path](self)
        return self.say(self.idp.metadata())

    def say(self, text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is what some tests are about."""


@contextmanager
def running() -> Iterator[Idp]:
    """The provider on a free port; it ends with the block."""
    idp = Idp()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"idp": idp}))
    idp.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield idp
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
