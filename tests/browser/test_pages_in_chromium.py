"""Every page in a real browser: what machines can say about accessibility, and what they cannot.

axe and the Nu checker find structure and contrast; our own checks find what neither sees: lost
focus, faint borders, pages that do not fit a narrow screen or need scripts.
"""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import PAGES, Served, Visitor
from tests.identities import COOKIE

every_page = pytest.mark.parametrize("name", PAGES)

AXE = Axe()

FOCUS_LOOK = """element => {
    const style = getComputedStyle(element);
    const inside = element.querySelector('polygon');
    return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.borderWidth,
            style.borderColor, style.boxShadow, style.backgroundColor,
            inside && getComputedStyle(inside).stroke,
            inside && getComputedStyle(inside).strokeWidth].join('|');
}"""
ACTIVE = f"""() => {{
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const box = element.getBoundingClientRect();
    const path = [];
    for (let e = element; e.parentElement; e = e.parentElement)
        path.unshift([...e.parentElement.children].indexOf(e));
    const look = {FOCUS_LOOK};
    const focused = look(element);
    element.blur();
    const plain = look(element);
    element.focus({{focusVisible: true, preventScroll: true}});
    return {{path: path.join('.'), tag: element.tagName, shows: focused !== plain,
            text: element.textContent.trim().slice(0, 40),
            width: box.width, height: box.height, top: box.top, bottom: box.bottom,
            left: box.left, right: box.right, window: [innerWidth, innerHeight]}};
}}"""
"""Where the keyboard is now, and whether that can be seen."""
CONTRAST = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgb = color => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map(v => (v /= 255) <= .04045 ? v / 12.92
            : Math.pow((v + .055) / 1.055, 2.4));
        return .2126 * x + .7152 * y + .0722 * z;
    };
    const ratio = (a, b) => {
        const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
        return (high + .05) / (low + .05);
    };
    const behind = element => {
        for (let e = element; e; e = e.parentElement) {
            const color = rgb(getComputedStyle(e).backgroundColor);
            if (color[3] > 250) return color;
        }
        return [255, 255, 255, 255];
    };
    return [...document.querySelectorAll('input:not([type=hidden]), select, textarea')].map(e => {
        const holder = e.matches('select') ? e.parentElement : e;
        const style = getComputedStyle(holder);
        const outside = behind(holder.parentElement);
        const borders = ['Top', 'Right', 'Bottom', 'Left']
            .filter(side => parseFloat(style['border' + side + 'Width']) >= 1)
            .map(side => rgb(style['border' + side + 'Color']))
            .filter(color => color[3] > 250)
            .map(color => ratio(color, outside));
        return [e.id, Math.max(0, ...borders)];
    });
}"""

PRETENDERS = """() => [...document.querySelectorAll('main *, header *, footer *')]
    .filter(e => e.hasAttribute('onclick') || (getComputedStyle(e).cursor === 'pointer'
        && !e.closest('a, button, summary, label, input, select')))
    .map(e => e.outerHTML.slice(0, 100))"""
BROKEN = """() => [...document.querySelectorAll('.hub-table :is(td, th)')].flatMap(cell => {
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT)
  const range = document.createRange(), broken = []
  while (texts.nextNode()) {
    if (texts.currentNode.parentElement.closest('.kern-sr-only')) continue
    for (const word of texts.currentNode.data.matchAll(/(?<!\\p{L})\\p{L}{3,14}(?!\\p{L})/gu)) {
      range.setStart(texts.currentNode, word.index)
      range.setEnd(texts.currentNode, word.index + word[0].length)
      if (range.getBoundingClientRect().height > 1.9 * parseFloat(getComputedStyle(cell).fontSize))
        broken.push(word[0])
    }
  }
  return broken
})"""
"""Words in cells of tables that run over two lines."""
SMALL = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), summary')]
    .filter(e => e.checkVisibility() && !e.matches('.hub-skip')
        && getComputedStyle(e).display !== 'inline' && !e.closest('svg'))
    .filter(e => {
        const box = e.getBoundingClientRect();
        return box.width < 24 || box.height < 24;
    })
    .map(e => e.outerHTML.slice(0, 100))"""
"""Targets under 24 by 24 pixels; links within a sentence may be smaller."""
CUT = """() => [...document.querySelectorAll('main *')].filter(e => {
        const box = e.getBoundingClientRect();
        return box.width > 1 && box.right > innerWidth + 1
            && !e.closest('.hub-scroll') && !e.closest('.kern-sr-only');
    }).map(e => e.outerHTML.slice(0, 100))"""


@every_page
def test_a_page_is_sound(name: str, visit: Visitor) -> None:
    """One visit for all of it: loading is what costs time."""
    assert_sound(visit(name).page)


def assert_sound(page: Page) -> None:
    """axe, borders of inputs, nothing that only looks like a control; on paper, with larger
    text, and on a narrow screen."""
    violations = AXE.run(page, options={"preload": False}).response["violations"]
    assert not [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in violations]
    page.evaluate("document.activeElement.blur()")  # a field in focus has a ring instead
    assert not [(field, ratio) for field, ratio in page.evaluate(CONTRAST) if ratio < 3]
    assert not page.evaluate(PRETENDERS)
    page.emulate_media(media="print")
    assert page.get_by_role("heading", level=1).is_visible()
    assert not page.locator(".hub-nav").is_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, "too wide for 320 pixels"
    assert not page.evaluate(CUT), "cut off at 320 pixels"
    assert not page.evaluate(BROKEN), "words of a table broken at 320 pixels"
    assert not page.evaluate(SMALL), "too small to be hit"
    page.set_viewport_size({"width": 640, "height": 900})
    page.evaluate("document.documentElement.setAttribute('class', 'zoomed')")
    page.evaluate("[...document.styleSheets][0].insertRule('.zoomed { font-size: 200% }', 3)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640, "too wide at 200 %"


def test_the_html_checker_finds_nothing(served: Served, vnu: list[str], tmp_path: Path) -> None:
    names = {}
    for number, name in enumerate(PAGES):
        file = tmp_path / f"{number}.html"
        file.write_bytes(fetch(served, name))
        names[file.name] = name
    options = ["--format", "json", "--stdout", "--exit-zero-always"]
    files = [str(tmp_path / file) for file in names]
    result = subprocess.run([*vnu, *options, *files], capture_output=True, check=True, timeout=120)
    found: list[dict[str, Any]] = json.loads(result.stdout)["messages"]
    assert not [
        (names[Path(message["url"]).name], message["message"], message.get("extract"))
        for message in found
    ]


def fetch(served: Served, name: str) -> bytes:
    session = served.session(name)
    cookie = {"Cookie": f"{COOKIE}={session}"} if session else {}
    request = urllib.request.Request(served.page(name), headers=cookie)
    try:
        with urllib.request.urlopen(request) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:  # error pages are pages too
        return bytes(error.read())


@every_page
def test_the_keyboard_reaches_everything_and_shows_where_it_is(name: str, visit: Visitor) -> None:
    page = visit(name).page
    wanted = page.evaluate(
        """() => [...document.querySelectorAll(
            'a[href], button, input:not([type=hidden]), select, summary, [tabindex="0"]')]
            .filter(e => e.checkVisibility({contentVisibilityAuto: true})).length"""
    )
    page.evaluate("document.body.tabIndex = -1, document.body.focus()")  # not in a field at once
    seen: list[str] = []
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        active = page.evaluate(ACTIVE)
        if active is None or (seen and active["path"] == seen[0]):
            break
        assert active["path"] not in seen, f"the keyboard is caught at {active}"
        seen.append(active["path"])
        assert active["width"] > 0, active
        assert active["height"] > 0, active
        assert active["bottom"] > 0, f"out of sight: {active}"
        assert active["top"] < active["window"][1], f"out of sight: {active}"
        assert active["shows"], f"focus does not show on {active}"
    assert len(seen) >= wanted, f"{len(seen)} of {wanted} reached"


def test_the_first_stop_skips_to_the_content(visit: Visitor) -> None:
    page = visit("network").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Zum Inhalt springen"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "inhalt"


def test_searching_works_without_scripts(visit: Visitor) -> None:
    page = visit("start", script=False).page
    page.get_by_label("Suchbegriff").fill("wasser")
    page.get_by_role("button", name="Suchen").click()
    assert page.title().startswith("4 Treffer für „wasser“")
    page.get_by_label("Medium (4)").check()
    page.get_by_role("button", name="Filter anwenden").click()
    assert "art=medium" in page.url
    page.get_by_role("link", name="Wasser ist Leben", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Wasser ist Leben"


def test_filters_open_without_scripts_on_a_narrow_screen(visit: Visitor) -> None:
    page = visit("search", width=320, script=False).page
    assert not page.get_by_label("Medium (4)").is_visible()
    page.get_by_text("Filtern und sortieren").click()
    assert page.get_by_label("Medium (4)").is_visible()


def test_on_a_phone_the_days_of_a_month_stand_under_each_other(visit: Visitor) -> None:
    page = visit("booking", width=320).page
    region = page.locator(".hub-scroll:has(.hub-calendar)")
    assert region.evaluate("e => e.scrollWidth <= e.clientWidth"), "nothing is cut off"
    last = page.locator(".hub-calendar__day").last.inner_text()
    assert re.match(r"(Mo|Di|Mi|Do|Fr|Sa|So)\.\s+(28|29|30|31)\.", last), last


def test_scripts_bring_results_and_completions_in_place(visit: Visitor) -> None:
    page = visit("search").page
    page.get_by_label("Medium (4)").check()
    page.wait_for_url(re.compile("art=medium"))
    assert page.get_by_role("list", name="Gewählte Filter").is_visible()
    assert page.evaluate("document.activeElement.id") == "f-kind-1", "focus stays where it was"
    page.get_by_label("Suchbegriff").fill("")
    page.get_by_label("Suchbegriff").press_sequentially("podc", delay=30)
    page.wait_for_selector("#vorschlaege option", state="attached")
    assert "odcast" in page.inner_html("#vorschlaege")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=podc"))
    assert "podc" in page.title()


def test_live_hits_come_afterwards_and_are_announced(visit: Visitor) -> None:
    page = visit("search").page
    page.get_by_role("heading", name="Live zu wasser").wait_for()
    assert page.locator("#live-stand").inner_text() == "2 weitere Treffer, live gefunden."
    assert page.url.endswith("/suche?q=wasser"), "the address stays that of the search"
    assert page.title().startswith("4 Treffer")
    page.get_by_label("Medium (4)").check()
    page.wait_for_url(re.compile("art=medium"))
    assert not page.locator("#live-treffer").count(), "filters are for the index"


def test_live_hits_are_reached_without_scripts(visit: Visitor) -> None:
    page = visit("search", script=False).page
    page.get_by_role("link", name="Auch live suchen bei").click()
    assert page.get_by_role("heading", name="Live zu wasser").is_visible()
    page.get_by_role("link", name="Zurück zu allen Treffern").click()
    assert page.url.endswith("/suche?q=wasser")


def test_the_way_out_is_announced_without_scripts(visit: Visitor) -> None:
    page = visit("search", script=False).page
    page.get_by_role("link", name="Öffnen : Wasser ist Leben").click()
    heading = page.get_by_role("heading", level=1)
    assert heading.inner_text() == "Sie verlassen das Angebot des Medienverbunds"
    onward = page.get_by_role("link", name="Weiter zu medien.example")
    assert "noreferrer" in (onward.get_attribute("rel") or "")
    answer = page.request.get(onward.evaluate("link => link.href"), max_redirects=0)
    assert answer.status == 303
    assert answer.headers["location"] == "https://medien.example/wasser"


def test_a_report_of_a_barrier_is_corrected_and_sent_without_scripts(visit: Visitor) -> None:
    page = visit("barrier", script=False, quiet=False).page
    page.get_by_role("button", name="Meldung absenden").click()
    page.get_by_role("link", name="Bitte schreiben Sie, worin die Barriere besteht.").click()
    assert page.url.endswith("#text")
    page.get_by_label("Worin besteht die Barriere?").fill("Der Kontrast ist zu schwach.")
    page.get_by_role("button", name="Meldung absenden").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Vielen Dank"
