"""The files of the demonstration: what the stand-ins serve and what lies in the sites' folders.

`config/demo/sites/*.toml` say which plugins run where, in the form of `config/sites`; addresses
of stand-ins stand there by their names, as `{web}` and `{westfalen}`. From these files follows what
has to be written: a table that a site reads is a table that the site gets.
"""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial
from pathlib import Path, PurePath
from typing import Any

import tomli_w

from hub.demo import dice, documents, elsewhere, inventories, open_media, schools, sheets, stock
from hub.demo.inventories import Holder
from hub.demo.stock import Medium, Stock
from hub.directory import read_network
from hub.records import Kind

LAND = "NRW"
ARIX = {"LVR": "rheinland", "LWL": "westfalen"}
"""The stand-in ARIX server by Landschaftsverband."""
LOCAL = "127.0.0.1"
HOLDS = 38
"""In how many of 100 cases a centre has licensed a medium that is licensed by district."""
FEED_FORMS = {".rss": "rss", ".json": "amb", ".xml": "elixier"}


def monday(today: date) -> date:
    """The day from which the dates of trainings and licences are counted."""
    return today - timedelta(days=today.weekday())


@dataclass(frozen=True)
class Sources:
    """All sources for one week: `base` is the configuration folder, `day` its Monday."""

    base: Path
    day: date

    @cached_property
    def stock(self) -> Stock:
        return stock.read(self.base / "demo" / "stock")

    @cached_property
    def network(self) -> list[dict[str, Any]]:
        return read_network(self.base / "network.toml")

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The site files as written, by site key."""
        return {
            path.stem: path.read_text(encoding="utf-8")
            for path in sorted((self.base / "demo" / "sites").glob("*.toml"))
        }

    @cached_property
    def plugins(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """The configuration of each plugin by site key and name."""
        return {key: tomllib.loads(text).get("plugins", {}) for key, text in self.texts.items()}

    def documents(self) -> dict[str, bytes]:
        """Every file by its path in the demonstration's folder."""
        return {
            **self._arix(),
            **self._web(),
            **self._folders(),
            **schools.documents(self.base),
            **elsewhere.calendar(self.day),
            "shop.json": elsewhere.shop(self.day),
        }

    def settings(self, addresses: Mapping[str, str]) -> dict[str, bytes]:
        """The configuration folder, with the addresses of the stand-ins filled in."""
        files = {}
        for key, text in self.texts.items():
            for name, address in addresses.items():
                text = text.replace(f"{{{name}}}", address)
            files[f"config/sites/{key}.toml"] = text.encode()
        sites = [
            {
                **{name: value for name, value in site.items() if name != "position"},
                # The stand-ins answer on this machine, which a site must allow by name.
                "internal_hosts": [LOCAL] if "{" in self.texts.get(site["key"], "") else [],
            }
            for site in self.network
        ]
        files["config/network.toml"] = tomli_w.dumps({"site": sites}).encode()
        return files

    def _site(self, key: str) -> dict[str, Any]:
        return next(site for site in self.network if site["key"] == key)

    def _arix(self) -> dict[str, bytes]:
        return {
            f"arix/{name}.xml": documents.arix(
                self.stock.media,
                partial(self._contexts, association),
                partial(self._licence_end, name),
            )
            for association, name in ARIX.items()
        }

    def _contexts(self, association: str, medium: Medium) -> Sequence[str]:
        if medium.source == "land":
            return [LAND]
        if medium.source != "district":
            return []
        return [
            f"{LAND}/{site['standort']}"
            for site in self.network
            if site["association"] == association
            and "edmond" in self.plugins.get(site["key"], {})
            and site["standort"]
            and dice.chance(HOLDS, site["key"], medium.number)
        ]

    def _licence_end(self, server: str, number: str) -> str:
        medium = self._media[number]
        if medium.source == "land":
            return documents.NO_END
        return documents.licence_end(self.day, server)(number)

    @cached_property
    def _media(self) -> Mapping[str, Medium]:
        return {medium.number: medium for medium in self.stock.media}

    def _web(self) -> dict[str, bytes]:
        files = {}
        for key, plugins in self.plugins.items():
            address = plugins.get("feed", {}).get("address", "")
            if address.startswith("{web}/feeds/"):
                name = address.removeprefix("{web}/feeds/")
                files[f"web/feeds/{name}"] = self._feed(key, name)
            config = plugins.get("oai_pmh", {})
            address = config.get("address", "")
            if address.startswith("{web}/oai/"):
                name = address.removeprefix("{web}/oai/")
                files[f"web/oai/{name}.json"] = self._repository(name, config)
        return files

    def _folders(self) -> dict[str, bytes]:
        files = {}
        for key, plugins in self.plugins.items():
            folder = f"config/sites/{key}"
            if name := plugins.get("feed", {}).get("file"):
                files[f"{folder}/{name}"] = self._feed(key, name)
            if "pretix" in plugins:
                files[f"{folder}/pretix-token"] = elsewhere.TOKEN.encode()
            for table in plugins.get("tables", {}).get("tables", ()):
                files[f"{folder}/{table['file']}"] = self._table(key, table)
        return files

    def _feed(self, key: str, name: str) -> bytes:
        media = [
            *open_media.free(self.stock),
            *dice.some(open_media.worksheets(self.stock), 24, key, "feed"),
        ]
        form = FEED_FORMS[PurePath(name).suffix]
        if form == "rss":
            return documents.rss(f"{self._site(key)['name']}: freies Material", media)
        return documents.amb(media) if form == "amb" else documents.elixier(media)

    def _repository(self, name: str, config: Mapping[str, Any]) -> bytes:
        media = [
            *open_media.free(self.stock),
            *dice.some(open_media.worksheets(self.stock), 70, name, "repository"),
        ]
        return documents.oai(name, config.get("prefix", "oai_dc"), media)

    def _table(self, key: str, table: Mapping[str, Any]) -> bytes:
        site = self._site(key)
        holder = Holder(key, site["name"], site["contact"].get("email", ""), self.day)
        name = str(table["file"])
        headers, rows = inventories.table(
            self.stock, Kind(table["kind"]), holder, PurePath(name).stem
        )
        old = dice.chance(60, key, "encoding")
        return sheets.write(name, headers, rows, encoding="cp1252" if old else "utf-8-sig")


def fingerprint(files: Mapping[str, bytes]) -> str:
    """What the files hold, in 32 characters."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.blake2b(files[name]).digest())
    return digest.hexdigest()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write what differs, so that an unchanged file keeps its time."""
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def tidy(folder: Path, files: Mapping[str, bytes]) -> None:
    """Remove what an earlier run wrote and this one did not."""
    for part in ("arix", "web", "config/sites"):
        for path in sorted((folder / part).rglob("*"), reverse=True):
            if path.is_file() and path.relative_to(folder).as_posix() not in files:
                path.unlink()


def link_rest(base: Path, folder: Path) -> None:
    """Make the rest of the configuration (vocabularies, the map) found beside the sites."""
    target = folder / "config"
    target.mkdir(parents=True, exist_ok=True)
    for path in base.iterdir():
        if path.name in ("network.toml", "sites", "demo"):
            continue
        link = target / path.name
        if link.is_symlink() or link.is_file():
            link.unlink()
        elif link.is_dir():
            shutil.rmtree(link)
        link.symlink_to(path.resolve())
