"""Classes of plugins that must be refused before pluggy sees them, each with its reason."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest

from hub import Config, Plugin, hookimpl
from hub.installed import Installed, Unusable, check_plugin, hooks_of, load_config, specified_hooks
from hub.testing import Entry
from tests.hub.hostile import Good, Peeking, text


def plugin_with(**attributes: Any) -> type[Plugin]:
    return type("Made", (Plugin,), {"name": "made", "title": text("Made"), **attributes})


def refused(plugin: Any, name: str = "made") -> str:
    with pytest.raises(Unusable) as caught:
        check_plugin(plugin, name)
    return str(caught.value)


def test_a_good_class_passes_and_gives_its_hooks() -> None:
    assert check_plugin(Good, "good") is Good
    assert set(hooks_of(Good)) == {"menu_items", "health"}


def test_no_plugin_class() -> None:
    for wrong in (object(), object, Good("site", {}), None):  # type: ignore[arg-type]
        assert "no subclass of hub.Plugin" in refused(wrong)


def test_names_and_declarations() -> None:
    assert "both must be the same" in refused(Good, "better")
    assert "both must be the same" in refused(type("Nameless", (Plugin,), {}))
    assert "lower-case letters" in refused(plugin_with(name="Made-up"), "Made-up")
    assert "lacks German or English" in refused(plugin_with(title={"de": "Nur deutsch"}))
    assert "lacks German or English" in refused(plugin_with(title="Text"))
    assert "no marshmallow schema" in refused(plugin_with(Config=dict))
    assert "no marshmallow schema" in refused(plugin_with(Config=ma.Schema()))


def test_a_config_that_takes_unknown_keys_is_refused() -> None:
    for unknown in (ma.INCLUDE, ma.EXCLUDE):
        meta = type("Meta", (), {"unknown": unknown})
        schema = type("Lax", (ma.Schema,), {"Meta": meta})
        assert "unknown keys" in refused(plugin_with(Config=schema))


def hook(function: Callable[..., object], name: str) -> Any:
    function.__name__ = name
    return hookimpl(function)


async def _async(self: Any) -> None: ...


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"healthy": hook(lambda self: None, "healthy")}, "There is no hook healthy"),
        ({"health": hook(lambda self, who: None, "health")}, "no argument who"),
        (
            {"catalogue_changes": hook(lambda self, cursor=None: None, "catalogue_changes")},
            "cursor has a default",
        ),
        ({"menu_items": hook(lambda self, *args: None, "menu_items")}, "only plain arguments"),
        ({"menu_items": hook(lambda self, **kw: None, "menu_items")}, "only plain arguments"),
        ({"menu_items": hook(lambda self, *, person: None, "menu_items")}, "only plain arguments"),
        ({"health": hook(_async, "health")}, "must not be async"),
        ({"health": lambda self: None}, "not marked @hookimpl"),
        ({"health": staticmethod(hook(lambda: None, "health"))}, "plain method"),
        ({"health": classmethod(hook(lambda cls: None, "health"))}, "plain method"),
        ({"health": property(hook(lambda self: None, "health"))}, "plain method"),
    ],
)
def test_hooks_that_pluggy_would_misread_are_refused(
    attributes: dict[str, Any], reason: str
) -> None:
    assert reason in refused(plugin_with(**attributes))


@pytest.mark.parametrize(
    "options",
    [
        {"tryfirst": True},
        {"trylast": True},
        {"wrapper": True},
        {"hookwrapper": True},
        {"optionalhook": True},
        {"specname": "health"},
    ],
)
def test_options_that_make_order_or_wrapping_matter_are_refused(options: dict[str, Any]) -> None:
    def health(self: Any) -> Any:
        yield

    assert "takes no options" in refused(plugin_with(health=hookimpl(**options)(health)))


def test_no_hook_of_the_hub_is_firstresult_or_historic() -> None:
    from hub import hookspecs

    for name in specified_hooks():
        options = getattr(hookspecs, name).hub_spec
        assert not options["firstresult"], name
        assert not options["historic"], name


def test_fewer_arguments_are_fine() -> None:
    check_plugin(plugin_with(menu_items=hook(lambda self: [], "menu_items")), "made")


def test_looking_at_a_class_runs_no_property() -> None:
    assert set(hooks_of(check_plugin(Peeking, "peeking"))) == {"menu_items"}


def test_config_errors_name_their_keys() -> None:
    with pytest.raises(Unusable, match=r"unused: Unknown field.*word: Not a valid string"):
        load_config(Good, {"word": 3, "unused": 1})
    odd = type("Odd", (ma.Schema,), {"make": ma.post_load(lambda self, data, **_: [data])})
    with pytest.raises(Unusable, match="does not load to a dictionary"):
        load_config(plugin_with(Config=odd), {})


def test_a_config_that_fails_by_itself_is_contained() -> None:
    def fail(self: ma.Schema, data: Any, **_: Any) -> None:
        raise KeyError("no such thing")

    failing = type("Failing", (ma.Schema,), {"check": ma.validates_schema(fail)})
    with pytest.raises(Unusable, match=r"Its Config fails: KeyError: 'no such thing'"):
        load_config(plugin_with(Config=failing), {})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("https://anna:geheim@example.org/feed", "name and password"),
        ("see http://:geheim@[::1]:8000/ please", "name and password"),
        ("a\0b", "control character"),
        ("a\x1bb", "control character"),
        ("a\ud800b", "control character"),
        ({"inner": ["a", {"deep": "x://anna:geheim@h"}]}, "word.inner.1.deep"),
    ],
)
def test_texts_that_must_not_be_stored_are_refused(value: Any, reason: str) -> None:
    anything = Config.from_dict({"word": ma.fields.Raw()})
    with pytest.raises(Unusable, match=reason) as refused:
        load_config(plugin_with(Config=anything), {"word": value})
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "value", ["https://example.org/a:b@c?x=a:b@c", "mailto:a@b.de", "zwei\nZeilen\tTab", 7, None]
)
def test_other_texts_are_fine(value: Any) -> None:
    anything = Config.from_dict({"word": ma.fields.Raw(allow_none=True)})
    assert load_config(plugin_with(Config=anything), {"word": value}) == {"word": value}


# Entry points


def test_two_packages_with_one_name_are_refused() -> None:
    class Other(Good):
        pass

    with pytest.raises(Unusable, match="Two packages bring a plugin of this name"):
        Installed([Entry(Good), Entry(Other)]).load("good")
    assert Installed([Entry(Good), Entry(Good)]).load("good") is Good  # found twice on the path


def test_a_missing_plugin_says_so() -> None:
    with pytest.raises(Unusable, match="installed"):
        Installed([]).load("good")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], EntryPoint]:
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, source: str) -> EntryPoint:
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
        return EntryPoint(name, f"{name}:Plugin", "hub.plugins")

    return write


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
        ("raise SystemExit(1)", "SystemExit"),
        ("def broken(:", "SyntaxError"),
        ("x = 1", "has no attribute 'Plugin'"),
    ],
)
def test_what_cannot_be_imported_gives_the_reason_each_time(
    module: Callable[[str, str], EntryPoint], source: str, reason: str
) -> None:
    installed = Installed([module("does_not_import", source)])
    for _ in range(2):
        with pytest.raises(Unusable, match="cannot be imported") as caught:
            installed.load("does_not_import")
        assert reason in str(caught.value)


def test_nothing_is_imported_before_it_is_asked_for(
    module: Callable[[str, str], EntryPoint],
) -> None:
    installed = Installed([module("never_imported", "raise RuntimeError"), Entry(Good)])
    assert installed.names() == ["good", "never_imported"]
    installed.load("good")
    assert "never_imported" not in sys.modules


def test_bundled_plugins_come_by_entry_points() -> None:
    bundled = {"edmond", "edu_sharing", "feed", "oai_pmh", "sodix", "tables"}
    assert bundled <= set(Installed().names())
