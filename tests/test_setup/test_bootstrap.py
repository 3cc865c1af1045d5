"""scripts/bootstrap.py: what it does on machines that lack something, and after interruptions."""

import ast
import functools
import hashlib
import http.server
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "bootstrap.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap = load()


@pytest.fixture(scope="session")
def pip_wheel() -> Path:
    """The wheel of pip that Python itself carries, so that no network is needed."""
    ensurepip = pytest.importorskip("ensurepip", reason="this Python has no ensurepip")
    return next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))


@pytest.fixture
def setup(tmp_path: Path, pip_wheel: Path) -> Any:
    """A project that locks nothing but that pip."""
    version = pip_wheel.name.split("-")[1]
    digest = hashlib.sha256(pip_wheel.read_bytes()).hexdigest()
    lock = f"pip=={version} \\\n    --hash=sha256:{digest}\n"
    (tmp_path / "requirements.lock").write_text(lock)
    return bootstrap.Setup(tmp_path)


def only(monkeypatch: pytest.MonkeyPatch, setup: Any, way: str | None) -> None:
    """Leave one way to get pip; all others fail as on a machine that lacks them."""

    def lacking() -> None:
        raise bootstrap.Failed("not on this machine")

    for name in dir(setup):
        if name.startswith("pip_from_") and name != way:
            lacking.__doc__ = getattr(setup, name).__doc__
            monkeypatch.setattr(setup, name, lacking)


# Stamps


def test_a_step_is_done_once_and_again_when_its_input_changes(setup: Any) -> None:
    done: list[int] = []
    setup.venv.mkdir()
    for text in ("before", "before", "after"):
        setup.step("packages", lambda: done.append(1), [text], bootstrap.always)
    assert len(done) == 2


def test_a_step_is_done_again_when_its_result_is_gone_or_it_failed(setup: Any) -> None:
    done: list[int] = []
    setup.venv.mkdir()
    setup.step("files", lambda: done.append(1), [], bootstrap.always)
    setup.step("files", lambda: done.append(1), [], lambda: False)
    assert len(done) == 2
    with pytest.raises(ZeroDivisionError):
        setup.step("files", lambda: 1 / 0, [], lambda: False)
    setup.step("files", lambda: done.append(1), [], bootstrap.always)
    assert len(done) == 3


def test_a_moved_checkout_is_set_up_anew(setup: Any, tmp_path: Path) -> None:
    assert setup.digest([]) != bootstrap.Setup(tmp_path / "elsewhere").digest([])


def test_a_second_run_needs_no_network_and_says_nothing() -> None:
    steps = bootstrap.Setup(ROOT).steps()
    if not all(bootstrap.Setup(ROOT).is_done(name, *rest) for name, _, *rest in steps):
        pytest.skip("the checkout is not set up: make setup")
    closed = "http://127.0.0.1:9/"
    done = subprocess.run(
        [sys.executable, SCRIPT],
        env={**os.environ, "PIP_INDEX_URL": closed, "npm_config_registry": closed},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# The environment


@pytest.mark.parametrize("state", ["empty", "without pip", "Python is gone", "pip was killed"])
def test_a_half_finished_environment_is_seen(setup: Any, state: str) -> None:
    (setup.venv / "bin").mkdir(parents=True)
    if state == "Python is gone":
        setup.python.symlink_to("/nowhere/python3")
    elif state == "without pip":
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", setup.venv], check=True)
    elif state == "pip was killed":
        setup.python.symlink_to(sys.executable)
        assert setup.venv_works()
        setup.interrupted.write_text("")
    assert not setup.venv_works()


def test_a_half_finished_environment_is_made_anew(setup: Any) -> None:
    (setup.venv / "bin").mkdir(parents=True)
    setup.python.symlink_to("/nowhere/python3")
    setup.interrupted.write_text("")
    setup.step("venv", setup.make_venv, [], setup.venv_works)
    assert setup.venv_works()


def test_a_pip_that_gives_up_says_why_and_costs_no_environment(
    setup: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise bootstrap.Failed("ERROR: no route to host")

    setup.venv.mkdir()
    monkeypatch.setattr(bootstrap, "run", refused)
    with pytest.raises(bootstrap.Problem, match=r"no route to host[\s\S]*check the network"):
        setup.install_packages()
    assert not setup.interrupted.exists()


# Where ensurepip is missing


def test_pip_comes_from_the_distribution(
    setup: Any, pip_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, setup, "pip_from_distribution")
    monkeypatch.setattr(bootstrap, "WHEEL_DIRECTORIES", (pip_wheel.parent,))
    setup.make_venv()
    assert setup.venv_works()


class Index(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index(tmp_path: Path, pip_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package index on this machine, named as a person would name it."""
    page = tmp_path / "index" / "simple" / "pip"
    page.mkdir(parents=True)
    (page / "index.html").write_text(
        f'<a href="../../{pip_wheel.name}#sha256=0">{pip_wheel.name}</a>'
    )
    wheel = tmp_path / "index" / pip_wheel.name
    wheel.write_bytes(pip_wheel.read_bytes())
    handler = functools.partial(Index, directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        yield wheel
        server.shutdown()


@pytest.mark.usefixtures("index")
def test_pip_comes_from_a_configured_index(setup: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, setup, "pip_from_index")
    setup.make_venv()
    assert setup.venv_works()


def test_a_pip_with_another_hash_is_refused(
    setup: Any, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, setup, "pip_from_index")
    index.write_bytes(index.read_bytes() + b"\0")
    with pytest.raises(bootstrap.Problem, match="a hash that requirements.lock does not name"):
        setup.make_venv()


def test_without_any_pip_it_says_what_to_install(
    setup: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, setup, None)
    with pytest.raises(bootstrap.Problem) as problem:
        setup.make_venv()
    assert "apt-get install python3-venv" in str(problem.value)
    assert str(problem.value).count("not on this machine") == 6


def test_index_from_pips_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://packages.example.org/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    assert bootstrap.configured_indexes()[0] == "https://packages.example.org/simple"


# An old Python


def test_an_old_python_can_read_the_script() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))


def test_an_old_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SimpleNamespace(version_info=(3, 8, 10), executable="/usr/bin/python3", argv=[])
    monkeypatch.setattr(bootstrap, "sys", old)
    message = bootstrap.main()
    assert "Python 3.8 is too old" in message
    assert "3.11 or newer" in message
    assert "make PYTHON=" in message


# Front-end files


def test_a_package_with_another_layout_is_a_clear_error(setup: Any) -> None:
    with pytest.raises(bootstrap.Problem, match=r"htmx\.org has no file dist/htmx\.min\.js"):
        setup.copy("htmx.org", "dist/htmx.min.js", setup.vendor / "htmx.min.js")


def test_the_style_sheets_find_their_fonts() -> None:
    fonts = ROOT / bootstrap.VENDOR / "fira-sans"
    for weight in bootstrap.FONT_WEIGHTS:
        sheet = (fonts / f"{weight}.css").read_text()
        named = [part.split(")")[0] for part in sheet.split("url(") if ".woff2)" in part]
        assert named
        for name in named:
            assert (fonts / name).is_file(), name
