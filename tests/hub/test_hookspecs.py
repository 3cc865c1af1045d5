"""Every hook is documented: in its docstring, and with its exact arguments in the README."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from hub import hookspecs
from hub.installed import specified_hooks

README = Path(__file__).parents[2] / "README.md"


def test_there_are_hooks_for_catalogue_booking_and_identity() -> None:
    names = set(specified_hooks())
    assert {"catalogue_changes", "booking_create", "identity_complete", "health"} <= names


@pytest.mark.parametrize("name", specified_hooks())
def test_every_hook_says_what_it_is_for_and_how_it_is_asked(name: str) -> None:
    text = inspect.getdoc(getattr(hookspecs, name)) or ""
    assert re.search(r"Asked (alone|together)", text), f"{name}: alone or together?"


@pytest.mark.parametrize("name", specified_hooks())
def test_every_hook_is_typed(name: str) -> None:
    signature = inspect.signature(getattr(hookspecs, name))
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.default is inspect.Parameter.empty, "a default would never be passed"


@pytest.mark.parametrize("name", specified_hooks())
def test_the_readme_names_every_hook_with_its_arguments(name: str) -> None:
    call = f"`{name}({', '.join(specified_hooks()[name])})`"
    assert call in README.read_text(encoding="utf-8"), f"README.md lacks {call}"


def test_the_readme_names_no_hook_that_does_not_exist() -> None:
    families = "|".join(sorted({name.split("_")[0] for name in specified_hooks()}))
    found = re.findall(rf"`((?:{families})_?\w*)\(", README.read_text(encoding="utf-8"))
    assert set(found) <= set(specified_hooks())
