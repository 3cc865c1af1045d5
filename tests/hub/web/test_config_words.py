"""What is chosen in the settings of a plugin is called by its name, not by its code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points

import pytest
from flask import Flask

from hub.web import config_form, language
from hub.web.config_form import Control


def selects(controls: Iterable[Control]) -> Iterator[Control]:
    for one in controls:
        if one.kind == "select":
            yield one
        for group in one.groups:
            yield from selects(group)


@pytest.mark.parametrize("asked", ["de", "en"])
@pytest.mark.parametrize(
    "name", sorted(plugin.name for plugin in entry_points(group="hub.plugins"))
)
def test_every_choice_of_a_bundled_plugin_has_a_name(name: str, asked: str) -> None:
    (entry_point,) = entry_points(group="hub.plugins", name=name)
    schema = entry_point.load().Config()
    # A list of groups is empty in the beginning; its groups have choices too.
    one_each = {key: [{}] for key in schema.fields}
    app = Flask(__name__)
    language.init_app(app)
    with app.test_request_context(f"/?lang={asked}"):
        for one in selects(config_form.controls(schema, one_each, {})):
            codes, names = zip(*one.options, strict=True)
            assert len(set(names)) == len(codes) == len(set(codes)), one.name
            assert all(code != shown for code, shown in one.options), (one.name, one.options)


def test_the_kind_of_a_table_is_chosen_in_german() -> None:
    (entry_point,) = entry_points(group="hub.plugins", name="tables")
    app = Flask(__name__)
    language.init_app(app)
    with app.test_request_context("/"):
        (kind,) = selects(config_form.controls(entry_point.load().Config(), {"tables": [{}]}, {}))
    assert ("parents_evening", "Elternabend") in kind.options


def test_only_what_is_accepted_can_be_chosen() -> None:
    (entry_point,) = entry_points(group="hub.plugins", name="sodix")
    app = Flask(__name__)
    language.init_app(app)
    with app.test_request_context("/"):
        found = {
            one.name: one
            for one in selects(config_form.controls(entry_point.load().Config(), {}, {}))
        }
    assert [code for code, _ in found["grant"].options] == ["land", "site"]
