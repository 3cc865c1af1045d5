"""What the hub relies on in every plugin."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub import secrets
from hub.installed import check_plugin, hooks_of
from hub.judge import fields
from hub.plugin import PersonalData, Plugin
from hub.secrets import Scrubber
from hub.site import Site
from hub.testing.recorded import RecordedAnswers
from hub.testing.sites import KEYRING, resolved, site_info, site_with
from hub.testing.watching import Watching

LANGUAGES = ("de", "en")


class PluginContract:
    """What the hub relies on in every plugin."""

    plugin: ClassVar[type[Plugin]]
    config: ClassVar[Mapping[str, Any]] = {}
    answers: ClassVar[Path | None] = None
    """The folder of recorded HTTP answers; None: the plugin's requests go out."""

    @pytest.fixture
    def plugin_config(self) -> Mapping[str, Any]:
        """The configuration as a person types it."""
        return self.config

    @pytest.fixture
    def site_files(self, tmp_path: Path) -> Path:
        """The folder of the site's files."""
        return tmp_path

    @pytest.fixture(autouse=True)
    def recorded(
        self, plugin_config: Mapping[str, Any], site_files: Path
    ) -> Iterator[RecordedAnswers | None]:
        """Answers requests from the folder `answers`, and sees which hosts were asked."""
        if self.answers is None:
            yield None
            return
        hidden = secrets.values(resolved(self.plugin, plugin_config, site_files))
        with RecordedAnswers(self.answers, scrub=Scrubber(hidden)).installed() as answers:
            yield answers
            self.check_hosts(answers, plugin_config)

    @pytest.fixture
    def site(self, plugin_config: Mapping[str, Any], site_files: Path) -> Site:
        return site_with(self.plugin, plugin_config, site_files)

    def check_hosts(self, answers: RecordedAnswers, config: Mapping[str, Any]) -> None:
        """Every host that was asked is declared by the plugin, or named by its configuration."""
        declared = {host.lower() for host in self.plugin.hosts}
        unknown = {host for host in answers.hosts - declared if host not in _texts(config)}
        assert not unknown, (
            f"{', '.join(sorted(unknown))}: name in `hosts` where the plugin connects to, "
            "unless its configuration says it"
        )

    def test_class_declares_everything(self) -> None:
        plugin = self.plugin
        check_plugin(plugin, plugin.name)
        _assert_text(plugin.title, "title")
        _assert_text(plugin.description, "description")
        assert isinstance(plugin.category, str), "category is no text"
        assert plugin.category, "category is missing"
        assert isinstance(plugin.hosts, tuple), "hosts must be a tuple"
        assert all(isinstance(host, str) and host for host in plugin.hosts), "hosts are names"
        assert isinstance(plugin.personal_data, tuple), "personal_data must be a tuple"
        for entry in plugin.personal_data:
            assert isinstance(entry, PersonalData), "personal_data holds PersonalData"
            for name in ("what", "purpose", "retention"):
                _assert_text(getattr(entry, name), f"personal_data.{name}")
        if plugin.migrations is not None:
            assert plugin.migrations.is_dir(), f"{plugin.migrations} does not exist"

    def test_implements_a_hook(self) -> None:
        assert hooks_of(self.plugin), "a plugin without any hook does nothing"

    def test_config_is_accepted_and_can_be_stored(
        self, plugin_config: Mapping[str, Any], site_files: Path
    ) -> None:
        sealed = secrets.seal(self.plugin.Config(), plugin_config, KEYRING, {})
        assert json.loads(json.dumps(sealed)) == sealed, "the configuration must fit into JSON"
        resolved(self.plugin, plugin_config, site_files)

    def test_config_refuses_unknown_keys(self, plugin_config: Mapping[str, Any]) -> None:
        sealed = secrets.seal(self.plugin.Config(), plugin_config, KEYRING, {})
        errors = self.plugin.Config().validate({**sealed, "no_such_key": 1})
        assert "no_such_key" in errors, "a mistyped key must be refused"

    def test_config_has_labels_in_both_languages(self) -> None:
        for path, field in fields(self.plugin.Config()):
            _assert_text(field.metadata.get("label"), f"the label of {path}")
            if "help" in field.metadata:
                _assert_text(field.metadata["help"], f"the help of {path}")

    def test_constructor_does_no_io(
        self, plugin_config: Mapping[str, Any], site_files: Path
    ) -> None:
        info = site_info(site_files)
        ready = resolved(self.plugin, plugin_config, site_files)
        self.plugin(info, ready)  # imports that it puts off are no I/O of the plugin's
        with Watching() as seen:
            self.plugin(info, ready)
        assert not seen, f"the constructor does I/O: {', '.join(seen)}"

    def test_secrets_never_show(
        self, site: Site, plugin_config: Mapping[str, Any], site_files: Path
    ) -> None:
        instance = site.plugins[self.plugin.name]
        shown = [repr(instance), str(instance), repr(getattr(instance, "__dict__", ""))]
        try:
            shown.append(repr(pickle.dumps(instance)))
        except Exception:  # whatever cannot be pickled cannot leak that way
            shown.append("")
        for value in secrets.values(resolved(self.plugin, plugin_config, site_files)):
            assert not any(value in text for text in shown), "a secret shows in the instance"


def _assert_text(text: Any, what: str) -> None:
    assert isinstance(text, Mapping), f"{what} must map language to text"
    for language in LANGUAGES:
        value = text.get(language)
        assert isinstance(value, str), f"{what} lacks {language}"
        assert value.strip(), f"{what} is empty in {language}"


def _texts(config: Any) -> str:
    """Everything that a configuration says, in one lower-case text."""
    return json.dumps(config, default=str, ensure_ascii=False).lower()
