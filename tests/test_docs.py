"""docs/plugins.md: every hook with its true signature, an example that is one, true users."""

from __future__ import annotations

import ast
import inspect
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from hub import hookspecs, scaffold
from hub.installed import hooks_of, specified_hooks
from hub.tiers import RULES, Tier

TEXT = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE))


def test_every_hook_has_its_section_and_no_other_has_one() -> None:
    assert set(SECTIONS) == set(specified_hooks())


def test_every_rule_of_a_tier_is_listed_under_it() -> None:
    (section,) = re.findall(r"^## Quality tiers\n(.*?)(?=^## )", TEXT, re.DOTALL | re.MULTILINE)
    told = dict(re.findall(r"^\*\*(\w+)\*\*\n\n((?:- .*\n)+)", section, re.MULTILINE))
    assert list(told) == [tier.capitalize() for tier in Tier]
    for tier in Tier:
        rules = [f"- {rule.text['en']}" for rule in RULES if rule.tier is tier]
        assert told[tier.capitalize()].splitlines() == rules


@pytest.mark.parametrize("name", specified_hooks())
def test_the_signature_is_the_true_one(name: str) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", SECTIONS[name], re.DOTALL | re.MULTILINE)
    (function,) = ast.parse(code).body
    assert isinstance(function, ast.FunctionDef)
    assert ast.unparse(function.decorator_list[0]) == "hookimpl"
    signature = inspect.signature(getattr(hookspecs, name))
    told = [ast.unparse(one) for one in function.args.args[1:]]
    assert told == [f"{one.name}: {one.annotation}" for one in signature.parameters.values()]
    assert function.returns is not None
    assert ast.unparse(function.returns) == signature.return_annotation


@pytest.mark.parametrize("name", specified_hooks())
def test_it_is_asked_as_the_section_says(name: str) -> None:
    how = re.search(r"Asked (alone|together)", inspect.getdoc(getattr(hookspecs, name)) or "")
    assert how is not None
    assert how[0] in SECTIONS[name]


@pytest.mark.parametrize("name", specified_hooks())
def test_who_is_named_uses_the_hook(name: str) -> None:
    (told,) = re.findall(r"^Used by (.*?)\.$", SECTIONS[name], re.DOTALL | re.MULTILINE)
    users = re.findall(r"`(\w+)`", told)
    for user in users:
        (point,) = entry_points(group="hub.plugins", name=user)
        assert name in hooks_of(point.load()), f"{user} has no {name}"
    if "hub new-plugin" in told:
        example = Path(scaffold.__file__).parent / "templates" / "booking.py.jinja"
        assert f"def {name}(" in example.read_text(encoding="utf-8")
    elif not users:
        assert told == "no bundled plugin yet"
