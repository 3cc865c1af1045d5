"""What plugins do at a site stays there: calls, deadlines, failures."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub import hookspecs
from hub.containment import BULKHEAD, Failure, FailureKind
from hub.errors import Defect, Denied, NotEnabled, PluginError, Unavailable
from hub.plugin import Plugin
from hub.secrets import Scrubber, values
from hub.site import MAX_ITEMS, Running, Site
from hub.testing import resolved, site_info, site_row
from tests.hub import hostile
from tests.hub.hostile import (
    AlsoEqual,
    Endless,
    Equal,
    Exiting,
    Good,
    Hanging,
    Leaking,
    Peeking,
    Raising,
    Unspeakable,
    Wrong,
)

PASSWORD = "Fischers Fritz & Söhne"


@pytest.fixture
def make_site(tmp_path: Path) -> Any:
    def make(*plugins: type[Plugin], **configs: Mapping[str, Any]) -> Site:
        info = site_info(tmp_path)
        running = {}
        for plugin in plugins:
            config = resolved(plugin, configs.get(plugin.name, {}), tmp_path)
            running[plugin.name] = Running(plugin(info, config), Scrubber(values(config)))
        return Site(site_row(), info, running, {"broken": "It cannot be imported: no"})

    return make


def test_results_and_failures_by_name(make_site: Any) -> None:
    site = make_site(Good, Raising, Exiting, Unspeakable, Wrong, Endless)
    results, failures = site.each("menu_items", person=None)
    assert [item.label for item in results["good"]] == ["hello"]
    assert results["wrong"] == 42
    assert set(results) == {"good", "wrong"}
    assert failures == {
        "endless": Failure(FailureKind.DEFECT, f"It handed over more than {MAX_ITEMS} items."),
        "exiting": Failure(FailureKind.DEFECT, "KeyboardInterrupt"),
        "raising": Failure(FailureKind.DEFECT, "KeyError: 'second'"),
    }
    results, failures = site.each("health")
    assert results == {"good": None}
    assert failures == {
        "exiting": Failure(FailureKind.DEFECT, "SystemExit: 3"),
        "raising": Failure(FailureKind.DENIED, "The licence has ended."),
        "unspeakable": Failure(FailureKind.DEFECT, "Unprintable"),
    }


def test_an_iterator_arrives_complete_and_its_failure_counts(make_site: Any) -> None:
    class Lazy(Good):
        name = "lazy"

        @hookspecs.hookimpl
        def menu_items(self, person: Any) -> Any:
            yield from ("a", "b")

    results, failures = make_site(Lazy, Raising).each("menu_items", person=None)
    assert results == {"lazy": ("a", "b")}
    assert set(failures) == {"raising"}


def test_a_list_is_a_plain_list_of_limited_length(make_site: Any) -> None:
    class Trap(list[Any]):
        def __iter__(self) -> Any:
            raise RuntimeError("whoever looks at it")

    class Trapping(Good):
        name = "trapping"

        @hookspecs.hookimpl
        def menu_items(self, person: Any) -> Any:
            return Trap("a")

    class Flooding(Good):
        name = "flooding"

        @hookspecs.hookimpl
        def menu_items(self, person: Any) -> Any:
            return ["x"] * (MAX_ITEMS + 1)

    results, failures = make_site(Good, Trapping, Flooding).each("menu_items", person=None)
    assert type(results.pop("good")) is list
    assert not results
    assert failures["trapping"].message == "RuntimeError: whoever looks at it"
    assert failures["flooding"].message == f"It handed over more than {MAX_ITEMS} items."


def test_a_hanging_plugin_costs_its_deadline_and_no_more(make_site: Any) -> None:
    class AlsoHanging(Hanging):
        name = "also_hanging"

    site = make_site(Good, Hanging, AlsoHanging)
    start = monotonic()
    results, failures = site.each("health", deadline=0.3)
    assert 0.3 <= monotonic() - start < 20, "they hang for a minute"
    assert results == {"good": None}
    assert {failure.kind for failure in failures.values()} == {FailureKind.TIMEOUT}
    assert set(failures) == {"also_hanging", "hanging"}


def test_a_plugin_that_hangs_for_ever_does_not_eat_threads(make_site: Any) -> None:
    site = make_site(Good, Hanging)
    before = threading.active_count()
    for _ in range(BULKHEAD + 5):
        _, failures = site.each("health", deadline=0.02)
    assert failures["hanging"].kind is FailureKind.UNAVAILABLE
    assert "busy" in failures["hanging"].message
    assert threading.active_count() - before <= BULKHEAD + 1
    hostile.RELEASE.set()  # once the calls end, it is asked again
    deadline = monotonic() + 5
    while "hanging" not in site.each("health", deadline=1.0)[0]:
        assert monotonic() < deadline


def test_hanging_threads_do_not_keep_the_process(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from hub.testing import site_with\n"
        "from tests.hub.hostile import Hanging\n"
        "site = site_with(Hanging, {}, Path())\n"
        "print(site.each('health', deadline=0.05)[1]['hanging'].kind)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.splitlines()[-1] == "timeout"


def test_equal_and_unhashable_plugins_do_not_collide(make_site: Any) -> None:
    results, failures = make_site(Equal, AlsoEqual, Good).each("menu_items", person=None)
    assert {name: items[0].label for name, items in results.items()} == {
        "also_equal": "also_equal",
        "equal": "equal",
        "good": "hello",
    }
    assert not failures


def test_no_property_is_evaluated(make_site: Any) -> None:
    results, failures = make_site(Peeking, Good).each("menu_items", person=None)
    assert results["peeking"] == []
    assert not failures


def test_the_owner_alone_is_asked(make_site: Any) -> None:
    site = make_site(Good, Exiting)
    assert site.one("good", "menu_items", person=None)[0].label == "hello"
    assert site.implements("good", "menu_items")
    assert not site.implements("good", "booking_cancel")
    assert not site.implements("nobody", "menu_items")
    for plugin, hook, why in (
        ("nobody", "health", "not enabled"),
        ("broken", "health", "cannot be imported"),
        ("good", "identity_methods", "does not offer identity_methods"),
    ):
        with pytest.raises(NotEnabled, match=why):
            site.one(plugin, hook)


def test_the_owner_may_be_given_a_deadline(make_site: Any) -> None:
    site = make_site(Good, Hanging, Raising)
    assert site.one("good", "menu_items", deadline=2.0, person=None)[0].label == "hello"
    with pytest.raises(Unavailable, match="No answer within 0.1 seconds"):
        site.one("hanging", "health", deadline=0.1)
    with pytest.raises(Denied, match=r"The licence has ended\."):
        site.one("raising", "health", deadline=2.0)
    with pytest.raises(NotEnabled):
        site.one("nobody", "health", deadline=2.0)


def test_only_some_of_all_can_be_asked(make_site: Any) -> None:
    site = make_site(Good, Raising, Hanging)
    results, failures = site.each("health", deadline=2.0, only={"good", "raising", "nobody"})
    assert list(results) == ["good"]
    assert list(failures) == ["raising"]


def test_what_is_said_on_purpose_passes_and_all_else_is_a_defect(make_site: Any) -> None:
    site = make_site(Raising, Exiting, Unspeakable)
    with pytest.raises(Denied, match=r"The licence has ended\."):
        site.one("raising", "health")
    with pytest.raises(Defect, match="SystemExit: 3"):
        site.one("exiting", "health")
    with pytest.raises(Defect, match="Unprintable"):
        site.one("unspeakable", "health")
    with pytest.raises(KeyboardInterrupt):  # Ctrl-C still ends a command
        site.one("exiting", "menu_items", person=None)


def test_an_iterator_of_one_fails_in_the_same_words(make_site: Any) -> None:
    site = make_site(Raising, Exiting)
    changes = site.one("raising", "catalogue_changes", cursor=None)
    assert next(changes) == "a change"
    with pytest.raises(Defect, match="raising failed: ZeroDivisionError"):
        next(changes)
    with pytest.raises(Defect, match="GeneratorExit"):
        next(site.one("exiting", "catalogue_changes", cursor=None))


def test_ending_an_iterator_early_ends_the_plugins(make_site: Any) -> None:
    closed = []

    class Closing(Good):
        name = "closing"

        @hookspecs.hookimpl
        def catalogue_changes(self, cursor: str | None) -> Any:
            try:
                yield from range(10)
            finally:
                closed.append(cursor)

    changes = make_site(Closing).one("closing", "catalogue_changes", cursor="7")
    assert next(changes) == 0
    changes.close()
    assert closed == ["7"]


def test_calls_that_do_not_fit_the_hook_are_the_hubs_own_mistake(make_site: Any) -> None:
    site = make_site(Good)
    for call in (
        lambda: site.each("no_such_hook"),
        lambda: site.each("menu_items"),
        lambda: site.one("good", "health", person=None),
    ):
        with pytest.raises(TypeError, match=r"hook"):
            call()


def test_secrets_reach_neither_messages_nor_log_nor_causes(make_site: Any) -> None:
    site = make_site(Leaking, leaking={"password": PASSWORD})
    seen: list[str] = []
    with capture_logs() as logs:
        for hook, arguments in (("health", {}), ("menu_items", {"person": None})):
            _, failures = site.each(hook, **arguments)
            seen.append(failures["leaking"].message)
            with pytest.raises(PluginError) as caught:
                site.one("leaking", hook, **arguments)
            seen.append(str(caught.value))
            assert caught.value.__cause__ is None
            assert caught.value.__suppress_context__
    assert isinstance(caught.value, Defect)
    assert "https://x.example/?key=*** failed" in seen[0]
    assert logs, "a defect is logged"
    for text in (*seen, repr(logs), repr(site.plugins["leaking"].config)):
        assert "Fritz" not in text


def test_a_failure_is_text_that_every_database_and_page_can_hold(make_site: Any) -> None:
    class Binary(Good):
        name = "binary"

        @hookspecs.hookimpl
        def health(self) -> None:
            raise Unavailable("It said \x00\x1b[31m\ud800 and stopped.\nTry later.")

    site = make_site(Binary)
    message = site.each("health")[1]["binary"].message
    assert message == "It said \ufffd\ufffd[31m\ufffd and stopped.\nTry later."
    with pytest.raises(Unavailable) as caught:
        site.one("binary", "health")
    assert str(caught.value) == message


def test_a_failure_that_fails_when_it_is_looked_at_is_contained(make_site: Any) -> None:
    class Trap(Unavailable):
        @property
        def retry_after(self) -> float:  # type: ignore[override]
            raise RuntimeError("looked at")

        @retry_after.setter
        def retry_after(self, _: float | None) -> None:
            pass

    class Trapping(Good):
        name = "trapping"

        @hookspecs.hookimpl
        def health(self) -> None:
            raise Trap("Later.")

    site = make_site(Trapping)
    assert site.each("health")[1]["trapping"] == Failure(FailureKind.UNAVAILABLE, "Later.")
    with pytest.raises(Unavailable, match="Later"):
        site.one("trapping", "health")


def test_unavailable_keeps_what_the_other_system_asked_for(make_site: Any) -> None:
    class Later(Good):
        name = "later"

        @hookspecs.hookimpl
        def health(self) -> None:
            raise Unavailable("Maintenance.", retry_after=30)

    site = make_site(Later)
    assert site.each("health")[1]["later"].retry_after == 30
    with pytest.raises(Unavailable) as caught:
        site.one("later", "health")
    assert caught.value.retry_after == 30


def test_each_site_has_its_own_instances(tmp_path: Path, make_site: Any) -> None:
    one = make_site(Good, good={"word": "one"})
    two = make_site(Good, good={"word": "two"})
    assert one.each("menu_items", person=None)[0]["good"][0].label == "one"
    assert two.each("menu_items", person=None)[0]["good"][0].label == "two"
