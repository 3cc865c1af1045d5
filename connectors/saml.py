"""SAML 2.0: a service provider that sends people to log in, and reads what comes back.

Web Browser SSO (SAML 2.0 Profiles section 4.1): the question goes by redirect, the answer comes by
POST. python3-saml builds the question and judges the answer; it lets pass what lacks an audience, a
recipient, an end or the question, so all of that is demanded here, of an answer whose shape was
checked before (`connectors.saml_shape`).

Nothing is stored between leaving and coming back but the address to which the browser was sent:
the id of the question stands in it, as its `RelayState`. An answer serves once only if whoever
asks keeps the ids of the assertions until they end.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as Invalid
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

from connectors import http, saml_metadata, saml_shape
from connectors.errors import Blocked, Refused
from connectors.guard import host_key
from connectors.saml_metadata import Idp
from connectors.saml_shape import SAML, found, plain

TIMEOUT, DEADLINE = 5.0, 12.0
"""Seconds: a person waits for it."""
SKEW = 60
"""Seconds that two clocks may differ."""
LONGEST_ID = 200
"""Characters of an assertion's id."""
PERSISTENT = Constants.NAMEID_PERSISTENT
_CONDITIONS = frozenset(
    SAML + one for one in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
)
_PEM = re.compile(r"-----BEGIN ([A-Z ]{1,40})-----([A-Za-z0-9+/=\s]+)-----END \1-----")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The key of the service provider (PEM) and its certificate, for signing and decrypting."""

    key: str
    certificate: str


def key_pair(key: str, certificate: str) -> KeyPair:
    """Both as one line or many; raises `ValueError` where they do not belong together."""
    pair = KeyPair(_pem(key), _pem(certificate))
    private = load_pem_private_key(pair.key.encode(), None)
    public = x509.load_pem_x509_certificate(pair.certificate.encode()).public_key()
    if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < saml_metadata.SMALLEST_RSA:
        raise ValueError(f"The key must be RSA, of {saml_metadata.SMALLEST_RSA} bits or more.")
    if private.public_key() != public:
        raise ValueError("The certificate belongs to another key.")
    return pair


def _pem(text: str) -> str:
    """PEM with its lines, also where a form field has lost them."""
    one = _PEM.search(text)
    if one is None:
        raise ValueError("This is no PEM: it begins with -----BEGIN … and ends with -----END ….")
    return f"-----BEGIN {one[1]}-----\n{''.join(one[2].split())}\n-----END {one[1]}-----\n"


@dataclass(frozen=True, slots=True)
class Assertion:
    """What the provider says of a person."""

    id: str
    ends: float
    """Until when (Unix time) an answer with this id could be sent again."""
    name_id: str
    name_id_format: str
    attributes: Mapping[str, tuple[str, ...]]
    """By name; values that are no text are left out."""


class ServiceProvider:
    """This hub as one identity provider sees it; does no I/O until asked. Safe in threads.

    `metadata` is the provider's description, or the address where it stands.
    """

    def __init__(
        self,
        entity_id: str,
        idp: str,
        metadata: str,
        *,
        keys: KeyPair | None = None,
        wants_name_id: bool = True,
        internal_hosts: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._entity_id, self._idp, self._keys = entity_id, idp, keys
        self._wants_name_id, self._now = wants_name_id, now
        self._metadata = metadata
        self._internal = frozenset(host_key(one) for one in internal_hosts)
        self._http = http.Client(
            internal_hosts=internal_hosts,
            timeout=TIMEOUT,
            deadline=DEADLINE,
            max_bytes=saml_metadata.MAX_BYTES,
            max_redirects=0,
        )
        self._kept = saml_metadata.Kept(self._look, clock)

    def idp(self) -> Idp:
        """What the provider says of itself, kept for an hour where it stands at an address.

        Raises `Refused` where it wants what this side cannot do.
        """
        idp = self._kept.get()
        if idp.wants_signed and self._keys is None:
            raise Refused("the provider takes signed requests only: give a key and a certificate")
        return idp

    def question(self, return_url: str) -> str:
        """The address to which a browser is sent to log in."""
        idp = self.idp()
        settings = self._settings(idp, return_url)
        request = OneLogin_Saml2_Authn_Request(settings, set_nameid_policy=self._wants_name_id)
        parameters = {"SAMLRequest": request.get_request(), "RelayState": request.get_id()}
        if self._keys is not None:
            auth = OneLogin_Saml2_Auth(_request(return_url), settings)
            auth.add_request_signature(parameters)
        return str(Utils.redirect(idp.login, parameters, _request(return_url)))

    def answer(self, question: str, return_url: str, parameters: Mapping[str, str]) -> Assertion:
        """What the provider says of whom it logged in; raises `Refused` unless all is right.

        `question` is the address that this browser was sent to, `parameters` what came back.
        """
        asked = parse_qs(urlsplit(question).query).get("RelayState", [""])[0]
        if not asked:
            raise Refused("the answer belongs to no login that began here")
        if "SAMLResponse" not in parameters:
            raise Refused("the answer holds no SAML response")
        root = saml_shape.decoded(parameters["SAMLResponse"])
        idp = self._kept.get()
        try:
            response = self._verified(root, idp, return_url, asked)
        except _UnknownKey:
            newer = self._kept.newer(idp)
            if newer is None:
                raise Refused("the signature of the answer is wrong") from None
            try:
                response = self._verified(root, newer, return_url, asked)
            except _UnknownKey:
                raise Refused("the signature of the answer is wrong") from None
        return self._read(response, return_url, asked)

    def description(self, return_url: str) -> str:
        """The metadata of this service provider, for the provider."""
        given = self._given(return_url)
        # Names the key for encryption too, which the library does only where it is demanded.
        given["security"]["wantAssertionsEncrypted"] = self._keys is not None
        settings = OneLogin_Saml2_Settings(given, sp_validation_only=True)
        return _text(settings.get_sp_metadata())

    def _look(self) -> Idp:
        data = self._metadata.encode()
        if not self._metadata.lstrip().startswith("<"):
            parts = urlsplit(self._metadata)
            if parts.scheme != "https" and not self._may_lack_tls(parts.hostname or ""):
                raise Blocked("metadata say whom to trust: their address needs https")
            data = self._http.get(self._metadata).content
        return saml_metadata.read(data, self._idp, self._may_lack_tls)

    def _may_lack_tls(self, host: str) -> bool:
        return host_key(host) in self._internal

    def _verified(
        self, root: etree._Element, idp: Idp, return_url: str, asked: str
    ) -> OneLogin_Saml2_Response:
        """The answer, once the library has found nothing against it either."""
        settings = self._settings(idp, return_url)
        whole = base64.b64encode(etree.tostring(root)).decode()
        try:
            response = OneLogin_Saml2_Response(settings, whole)
            if response.encrypted:
                saml_shape.check(response.decrypted_document, opened=True)
            response.is_valid(_request(return_url), asked, raise_exceptions=True)
        except Refused:
            raise
        except Exception as error:  # whatever the library stumbles over lets nobody in
            if isinstance(error, Invalid) and error.code == Invalid.INVALID_SIGNATURE:
                raise _UnknownKey from None
            raise Refused(f"the answer is not accepted: {plain(error)}") from None
        return response

    def _read(self, response: OneLogin_Saml2_Response, return_url: str, asked: str) -> Assertion:
        """What the library leaves open is demanded: for whom, where, to what, and until when."""
        document: etree._Element = response.get_xml_document()
        (assertion,) = found(document, "/samlp:Response/saml:Assertion")
        if document.get("InResponseTo") != asked:
            raise Refused("the answer answers another question (InResponseTo)")
        if document.get("Destination", return_url) != return_url:
            raise Refused("the answer was meant for another place (Destination)")
        try:
            self._check_conditions(assertion)
            ends = self._confirmed(assertion, return_url, asked)
            name = response.get_nameid_data()
            attributes = response.get_attributes()
        except (Invalid, ValueError, TypeError, OverflowError) as error:
            raise Refused(f"the answer is not accepted: {plain(error)}") from None
        if name.get("NameQualifier", self._idp) != self._idp:
            raise Refused("the answer names a person of another provider (NameQualifier)")
        number = assertion.get("ID", "")
        if not 0 < len(number) <= LONGEST_ID:
            raise Refused("the answer has no usable id")
        return Assertion(
            number,
            ends + SKEW,
            str(name.get("Value") or ""),
            str(name.get("Format") or ""),
            {str(key): _texts(values) for key, values in attributes.items()},
        )

    def _check_conditions(self, assertion: etree._Element) -> None:
        (conditions,) = found(assertion, "saml:Conditions")
        if any(one.tag not in _CONDITIONS for one in conditions):
            raise Refused("the answer holds under a condition that is unknown here")
        start, end = conditions.get("NotBefore"), conditions.get("NotOnOrAfter")
        if start is not None and _moment(start) > self._now() + SKEW:
            raise Refused("the answer is not valid yet; compare the clocks")
        if end is not None and _moment(end) + SKEW <= self._now():
            raise Refused("the answer has expired")
        restrictions = found(conditions, "saml:AudienceRestriction")
        if not restrictions:
            raise Refused("the answer does not say for whom it is (Audience)")
        for one in restrictions:
            if self._entity_id not in [each.text for each in found(one, "saml:Audience")]:
                raise Refused("the answer is meant for somebody else (Audience)")

    def _confirmed(self, assertion: etree._Element, return_url: str, asked: str) -> float:
        """When the confirmation of the person ends that was made for this login."""
        reason = "nothing in the answer confirms the person"
        for one in found(assertion, "saml:Subject/saml:SubjectConfirmation"):
            data = found(one, "saml:SubjectConfirmationData")
            if one.get("Method") != Constants.CM_BEARER or len(data) != 1:
                continue
            end = data[0].get("NotOnOrAfter")
            if data[0].get("Recipient") != return_url:
                reason = "the answer was meant for another place (Recipient)"
            elif data[0].get("InResponseTo") != asked:
                reason = "the answer answers another question (InResponseTo)"
            elif data[0].get("NotBefore") is not None or end is None:
                reason = "the answer does not say until when it may be brought (NotOnOrAfter)"
            elif _moment(end) <= self._now():
                reason = "the answer has expired"
            else:
                return _moment(end)
        raise Refused(reason)

    def _settings(self, idp: Idp, return_url: str) -> OneLogin_Saml2_Settings:
        return OneLogin_Saml2_Settings(
            {
                **self._given(return_url),
                "idp": {
                    "entityId": idp.entity_id,
                    # The library puts it into XML as it stands.
                    "singleSignOnService": {"url": escape(idp.login)},
                    "x509certMulti": {"signing": list(idp.certificates)},
                },
            }
        )

    def _given(self, return_url: str) -> dict[str, Any]:
        keys = self._keys
        return {
            "strict": True,
            "sp": {
                "entityId": self._entity_id,
                "assertionConsumerService": {"url": return_url},
                "NameIDFormat": PERSISTENT if self._wants_name_id else Constants.NAMEID_UNSPECIFIED,
                "x509cert": keys.certificate if keys else "",
                "privateKey": keys.key if keys else "",
            },
            "security": {
                "allowSingleLabelDomains": True,
                "authnRequestsSigned": keys is not None,
                "metadataCacheDuration": "",
                "metadataValidUntil": "",
                "rejectDeprecatedAlgorithm": True,
                "requestedAuthnContext": False,
                "wantAssertionsSigned": True,
                "wantAttributeStatement": False,
                "wantNameId": False,
            },
        }


class _UnknownKey(Exception):
    """None of the keys that are known made the signature."""


def _request(return_url: str) -> dict[str, str]:
    """The address that the answer came to, as the library wants to have it."""
    parts = urlsplit(return_url)
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
    }


def _moment(text: str) -> float:
    return float(Utils.parse_SAML_to_time(text))


def _texts(values: Collection[Any]) -> tuple[str, ...]:
    return tuple(one for one in values if isinstance(one, str))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
