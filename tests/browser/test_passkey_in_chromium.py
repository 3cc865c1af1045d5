"""A security key as the second factor, with an authenticator that Chromium plays."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from hub.identity import accounts, second_factor
from hub.identity.actor import Role
from hub.models import Person
from tests.browser.conftest import Served
from tests.browser.test_pages_in_chromium import assert_sound
from tests.identities import person

AUTHENTICATOR = {
    "options": {"protocol": "ctap2", "transport": "usb", "automaticPresenceSimulation": True}
}


@pytest.fixture
def account(served: Served, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The hub under a name, as a key does not sign for an address in digits; a recovery code."""
    hub = served.net.hub
    found = f"http://localhost:{urlsplit(served.url).port}"
    monkeypatch.setattr(hub, "settings", replace(hub.settings, base_url=found))
    number = person(hub, Role.STAFF, "borken", "Klara Schlüter")
    with hub.db.write() as session:
        one = session.get_one(Person, number)
        accounts.put(session, "borken", one, "klara", "korrekt pferd batterie")
        code = pyotp.TOTP(second_factor.begin(session, hub.keyring, number)).now()
        codes = second_factor.confirm(session, hub.keyring, number, code)
        assert codes
    return found, codes[0]


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/anmelden/borken/accounts/password")
    page.get_by_label("Benutzername").fill("klara")
    page.get_by_label("Passwort").fill("korrekt pferd batterie")
    page.get_by_role("button", name="Anmelden").click()


def test_a_key_is_added_and_opens_the_account(
    served: Served, browser: Browser, account: tuple[str, str]
) -> None:
    address, code = account
    context = browser.new_context(locale="de-DE")
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = devtools.send("WebAuthn.addVirtualAuthenticator", AUTHENTICATOR)["authenticatorId"]
    log_in(page, address)
    expect(page.get_by_role("button", name="Schlüssel verwenden")).to_have_count(0)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url(f"{address}/konto")
    page.goto(f"{address}/konto/zweiter-faktor")
    page.get_by_label("Name des Schlüssels").fill("Am Schlüsselbund")
    page.get_by_role("button", name="Schlüssel hinzufügen").click()
    expect(page.get_by_role("listitem").filter(has_text="Am Schlüsselbund")).to_contain_text(
        "noch nicht verwendet"
    )
    page.get_by_role("button", name="Abmelden", exact=True).click()
    log_in(page, address)
    page.get_by_role("button", name="Schlüssel verwenden").click()
    page.wait_for_url(f"{address}/konto")
    page.goto(f"{address}/konto/zweiter-faktor")
    expect(page.get_by_role("listitem").filter(has_text="Am Schlüsselbund")).to_contain_text(
        "zuletzt verwendet"
    )
    other = context.new_page()
    other.goto(page.url)
    assert_sound(other)
    page.get_by_role("button", name="Abmelden", exact=True).click()
    # Without the key at hand the browser says so, and the code of the app still opens the account.
    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})
    devtools.send("WebAuthn.addVirtualAuthenticator", AUTHENTICATOR)
    log_in(page, address)
    page.get_by_role("button", name="Schlüssel verwenden").click()
    expect(page.get_by_role("alert").filter(has_text="nicht geantwortet")).to_be_visible()
    expect(page.get_by_label("Code")).to_be_visible()
    assert_sound(page)
    context.close()
