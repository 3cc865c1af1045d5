"""The contract: three lines for a good plugin, a failure for each way of being a bad one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import marshmallow as ma
import pytest

from hub import Config, Plugin, Secret, SiteInfo, hookimpl
from hub.records import Change, Checkpoint, Delete, Kind, Record, Reject, Upsert
from hub.testing import CatalogueContract, PluginContract, Site, site_with
from tests.hub.hostile import text


def label(word: str) -> dict[str, Any]:
    return {"label": text(word)}


class Sample(Plugin):
    """Offers numbered records, two a page; the cursor is the next number."""

    name = "sample"
    title = text("Sample")
    description = text("Offers numbers")
    hosts = ("numbers.example",)
    count: ClassVar[int] = 5

    class Config(Config):
        class Inner(Config):
            depth = ma.fields.Integer(metadata=label("Depth"))

        token = Secret(required=True, metadata=label("Token"))
        inner = ma.fields.List(ma.fields.Nested(Inner), metadata=label("Inner"))

    def record(self, number: int) -> Record:
        return Record(f"n{number}", Kind.MEDIUM, f"Number {number}")

    @hookimpl
    def catalogue_changes(self, cursor: str | None) -> Iterator[Change]:
        start = int(cursor or 0)
        for number in range(start, self.count):
            yield Upsert(self.record(number))
            if number % 2:
                yield Checkpoint(str(number + 1))
        yield Reject("n99", "no title")
        yield Delete("n98")
        yield Checkpoint(str(self.count), complete=True)


class TestSample(CatalogueContract):
    plugin = Sample
    config: ClassVar[dict[str, Any]] = {"token": "very secret", "inner": [{"depth": 1}]}


class TestReferences(PluginContract):
    plugin = Sample
    config: ClassVar[dict[str, Any]] = {"token": {"env": "ANY_VARIABLE"}}


def verdict(
    plugin: type[Plugin], test: str, tmp_path: Path, config: dict[str, Any] | None = None
) -> None:
    """Run one test of the contract as pytest would."""
    config = {"token": "very secret"} if config is None else config
    contract = type("Contract", (CatalogueContract,), {"plugin": plugin, "config": config})()
    method: Callable[..., None] = getattr(contract, test)
    code = method.__func__.__code__  # type: ignore[attr-defined]
    wanted = code.co_varnames[1 : code.co_argcount]
    given: dict[str, Callable[[], Any]] = {
        "site": lambda: site_with(plugin, config, tmp_path),
        "plugin_config": lambda: config,
        "site_files": lambda: tmp_path,
    }
    method(**{name: given[name]() for name in wanted})


def variant(**attributes: Any) -> type[Plugin]:
    return type("Variant", (Sample,), attributes)


def changes(function: Callable[[Any, str | None], Any]) -> dict[str, Any]:
    def catalogue_changes(self: Any, cursor: str | None) -> Any:
        return function(self, cursor)

    return {"catalogue_changes": hookimpl(catalogue_changes)}


def upsert(source_id: Any, title: Any = "Title") -> Upsert:
    return Upsert(Record(source_id, Kind.MEDIUM, title))


class _Unlabelled(Config):
    token = Secret(metadata=label("Token"))
    other = ma.fields.String(metadata={"label": {"de": "Nur deutsch"}})


class _Lax(ma.Schema):
    class Meta:
        unknown = ma.INCLUDE

    token = Secret(metadata=label("Token"))


def _reading(self: Any, site: SiteInfo, config: dict[str, Any]) -> None:
    self.files = list(site.files.iterdir())


def _revealing(self: Any, site: SiteInfo, config: dict[str, Any]) -> None:
    self.token = config["token"].reveal()


_END = Checkpoint("1")
_calls = iter(range(1_000))


@pytest.mark.parametrize(
    ("plugin", "test", "complaint"),
    [
        (variant(description={}), "test_class_declares_everything", "description lacks de"),
        (variant(hosts=["a"]), "test_class_declares_everything", "hosts must be a tuple"),
        (variant(category=""), "test_class_declares_everything", "category"),
        (variant(personal_data=("x",)), "test_class_declares_everything", "PersonalData"),
        (variant(migrations=Path("nowhere")), "test_class_declares_everything", "not exist"),
        (variant(title={}), "test_class_declares_everything", "German or English"),
        (variant(Config=_Lax), "test_config_refuses_unknown_keys", "mistyped key"),
        (variant(Config=_Unlabelled), "test_config_has_labels_in_both_languages", "other lacks en"),
        (variant(__init__=_reading), "test_constructor_does_no_io", "does I/O"),
        (variant(__init__=_revealing), "test_secrets_never_show", "a secret shows"),
        (
            variant(**changes(lambda s, c: iter([1]))),
            "test_changes_are_of_the_right_types",
            "1",
        ),
        (
            variant(**changes(lambda s, c: iter([Checkpoint(5)]))),  # type: ignore[arg-type]
            "test_changes_are_of_the_right_types",
            "cursor=5",
        ),
        (
            variant(**changes(lambda s, c: iter([Checkpoint("x" * 70_000)]))),
            "test_changes_are_of_the_right_types",
            "short text",
        ),
        (
            variant(**changes(lambda s, c: iter([_END]))),
            "test_changes_are_of_the_right_types",
            "test data is empty",
        ),
        (
            variant(**changes(lambda s, c: iter([_END, upsert("a")]))),
            "test_ends_with_a_checkpoint",
            "is lost",
        ),
        (
            variant(**changes(lambda s, c: iter([Checkpoint("1", complete=True), _END]))),
            "test_ends_with_a_checkpoint",
            "very last",
        ),
        (
            variant(**changes(lambda s, c: iter([upsert("a"), upsert("a"), _END]))),
            "test_source_ids_are_unique_and_stable",
            "several records",
        ),
        (
            variant(**changes(lambda s, c: iter([upsert(f"a{next(_calls)}"), _END]))),
            "test_source_ids_are_unique_and_stable",
            "differ",
        ),
        (
            variant(**changes(lambda s, c: iter([upsert("a" if c else "b"), _END]))),
            "test_resumes_from_every_checkpoint",
            "another",
        ),
    ],
)
def test_each_breach_of_the_contract_is_found(
    plugin: type[Plugin], test: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match=complaint):
        verdict(plugin, test, tmp_path)


def test_unfit_records_are_found(tmp_path: Path) -> None:
    from hub.catalogue.normalise import Unfit

    plugin = variant(**changes(lambda s, c: iter([upsert("a", title=" "), _END])))
    with pytest.raises(Unfit, match="title"):
        verdict(plugin, "test_records_are_fit_for_the_catalogue", tmp_path)


def test_a_plugin_without_hooks_is_found(tmp_path: Path) -> None:
    idle = type("Idle", (Plugin,), {"name": "idle", "title": text("Idle")})
    with pytest.raises(AssertionError, match="does nothing"):
        verdict(idle, "test_implements_a_hook", tmp_path, {})


def test_a_site_for_tests_works_like_a_real_one(tmp_path: Path) -> None:
    site: Site = site_with(Sample, {"token": "very secret"}, tmp_path)
    assert "very secret" not in json.dumps(site.plugins["sample"].config, default=repr)
    assert site.info.internal_hosts == {"127.0.0.1"}
    assert site.implements("sample", "catalogue_changes")
