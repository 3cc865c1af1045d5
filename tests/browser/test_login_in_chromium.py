"""Logging in with a password, as a person does it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser of somebody who was never here, without scripts."""
    context = browser.new_context(locale="de-DE", java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_a_person_logs_in_with_a_password_and_out_again(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/konto")
    assert "/anmelden" in page.url
    assert not page.context.cookies()
    page.get_by_label("Benutzername").fill("lena")
    page.get_by_label("Passwort").fill("falsch")
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("alert")).to_contain_text("passen nicht zusammen")
    expect(page.get_by_label("Benutzername")).to_have_value("lena")
    expect(page.get_by_label("Passwort")).to_have_value("")
    page.get_by_label("Passwort").fill("korrekt pferd batterie")
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url(f"{served.url}/konto")
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.get_by_role("button", name="Abmelden", exact=True).click()
    assert not page.context.cookies()
    page.goto(f"{served.url}/konto")
    assert "/anmelden" in page.url
