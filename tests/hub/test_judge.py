"""`hub check --plugin`: the bundled plugins are fine, and each fault is found."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.installed import Installed
from hub.judge import judge
from hub.testing import Entry
from hub.tiers import RULES, Tier, _examine, standing

CODE = """
import marshmallow as ma
import requests
from flask_babel import gettext
from pathlib import Path
from hub import Config, PersonalData, Plugin, hookimpl

API = "https://api.hidden.example/v1"

class Faulty(Plugin):
    name = "faulty"
    title = {"de": "Fehlerhaft", "en": "Faulty"}
    description = {"de": "Nur deutsch"}
    hosts = ("known.example",)
    personal_data = (PersonalData({"de": "Name"}, {"de": "x", "en": "x"}, {"de": "x", "en": "x"}),)
    migrations = Path("nowhere")

    class Config(Config):
        class Inner(Config):
            api_key = ma.fields.String(metadata={"label": {"de": "Schlüssel", "en": "Key"}})
        address = ma.fields.Url(load_default="https://default.example/", metadata={"label": {}})
        inner = ma.fields.Nested(Inner, metadata={"label": {"de": "x", "en": "x"}})

    @hookimpl
    def health(self):
        requests.get(API)
        requests.get("https://known.example/")
        gettext("Nobody translated this.")

    @hookimpl
    def identity_complete(self, method, parameters):
        return requests.post(f"https://other.example/{method}").json()
"""
PAGE = """<p style="color: red" onclick="x()">{{ _("Untold") }}</p>
<script>alert(1)</script><a href="javascript:x()">x</a><style>p {}</style>
<img src="//elsewhere.example/pixel.gif"><script src="/static/fine.js"></script>
"""


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[type[Any]]:
    package = tmp_path / "faulty_for_judge"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").write_text(CODE, encoding="utf-8")
    (package / "templates" / "page.html").write_text(PAGE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(package.name, package / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[package.name] = module
    spec.loader.exec_module(module)
    yield module.Faulty
    del sys.modules[package.name]


@pytest.mark.parametrize("name", Installed().names())
def test_the_bundled_plugins_stand_up_to_it(name: str) -> None:
    assert judge(Installed(), name) == []


@pytest.mark.parametrize(
    "part",
    [
        "Its description lacks en",
        "nowhere does not exist",
        "The label of address lacks de and en",
        "inner.api_key looks like a secret",
        "personal_data: what lacks en",
        "has no personal_data_export",
        "has no personal_data_erase",
        "connects to api.hidden.example",
        "connects to default.example",
        "connects to other.example",
        "the attribute style",
        "the attribute onclick",
        "<script> inside the page",
        "a script in href",
        "<style> inside the page",
        "something from elsewhere",
        "“Untold”",
        "“Nobody translated this.”",
    ],
)
def test_each_fault_is_found(part: str, faulty: type[Any]) -> None:
    problems = judge(Installed([Entry(faulty)]), "faulty")
    assert len([one for one in problems if part in one]) == 1, problems


def test_what_is_in_order_is_not_criticised(faulty: type[Any]) -> None:
    problems = " ".join(judge(Installed([Entry(faulty)]), "faulty"))
    assert "known.example" not in problems
    assert "fine.js" not in problems


def test_who_is_given_personal_data_must_say_so(faulty: type[Any]) -> None:
    faulty.personal_data = ()
    problems = judge(Installed([Entry(faulty)]), "faulty")
    assert any("identity_complete is given personal data" in one for one in problems)


def test_a_tier_needs_all_rules_of_it_and_of_those_below(faulty: type[Any]) -> None:
    found = standing(faulty)
    assert (found.tier, found.next) == (None, Tier.BRONZE)
    assert [rule.name for rule, _ in found.missing] == ["described"]
    for rule in RULES[1:]:
        assert list(rule.broken(_examine(faulty))) or rule.name in ("health", "help", "resumes")


@pytest.mark.parametrize("name", Installed().names())
def test_every_bundled_plugin_is_gold_at_least(name: str) -> None:
    assert standing(Installed().load(name)).tier in (Tier.GOLD, Tier.PLATINUM)


def test_what_cannot_be_looked_at_has_no_tier(faulty: type[Any]) -> None:
    class Bad(faulty):  # type: ignore[misc]
        @staticmethod
        def Config() -> None:
            raise RuntimeError

    assert standing(Bad).tier is None


def test_the_command_tells_it_and_exits_with_1() -> None:
    good = CliRunner().invoke(main, ["check", "--plugin", "feed"])
    assert good.exit_code == 0, good.output
    assert "Tier: platinum." in good.output
    less = CliRunner().invoke(main, ["check", "--plugin", "tables"])
    assert less.exit_code == 0, "a higher tier is no duty"
    assert "Missing for platinum: A run" in less.output
    bad = CliRunner().invoke(main, ["check", "--plugin", "no_such_plugin"])
    assert bad.exit_code == 1
    assert "install the package" in bad.output
