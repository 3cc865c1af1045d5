"""The one place where the records of a source meet the mapping of its site."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from hub import mapping as stored
from hub.formats import fieldmap
from hub.formats.fieldmap import FieldMap
from hub.records import Change, Document, Record, Reject, Upsert
from hub.site import Site


def digest(site: Site, plugin: str) -> str:
    """Changes with the mapping of a plugin at a site, and with what its configuration says of which
    records it gives (`Plugin.reads`); empty where there is neither."""
    mapping, running = of(site, plugin), site.plugins.get(plugin)
    reads = {name: running.config.get(name) for name in running.reads} if running else {}
    if not mapping and not reads:
        return ""
    said = [stored.dump(mapping), reads] if reads else stored.dump(mapping)
    text = json.dumps(said, sort_keys=True, default=str)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def of(site: Site, plugin: str) -> FieldMap:
    """The mapping of a plugin at a site."""
    running = site.plugins.get(plugin)
    return running.mapping if running else fieldmap.EMPTY


def by_hub(site: Site, plugin: str, mapping: FieldMap) -> FieldMap:
    """The part of a mapping that the hub fills; a plugin may read the rest by itself."""
    return fieldmap.coded(mapping) if site.implements(plugin, "mapping_record") else mapping


def filler(site: Site, plugin: str) -> Callable[[Any], Any]:
    """What gives each change of the source as the mapping has it, without the source's words.

    Documents are mapped where they are read, on the second core; what reads them is then another
    function, so that one read under an older mapping is read again.
    """
    mapping = by_hub(site, plugin, of(site, plugin))
    readers: dict[tuple[Any, Any], Callable[[bytes], Record]] = {}

    def fill(change: Any) -> Any:
        if type(change) is Upsert and change.words:
            return upsert(mapping, change)
        if type(change) is Document and change.words is not None:
            if not mapping:
                return replace(change, words=None)
            key = (change.read, change.words)
            if key not in readers:
                readers[key] = fieldmap.reader(change.read, change.words, mapping)
            return replace(change, read=readers[key], words=None)
        return change

    return fill


def upsert(mapping: FieldMap, change: Upsert) -> Change:
    """A record as the mapping has it, or why there is none."""
    if not mapping or type(change.record) is not Record:
        return Upsert(change.record, raw=change.raw)
    try:
        mapped = fieldmap.apply(mapping, change.record, change.words)
        return Upsert(mapped, raw=change.raw)
    except ValueError as reason:
        return Reject(change.record.source_id, str(reason), change.record.title[:200])
    except Exception as defect:  # values of other types than a record has
        what = f"the mapping cannot be applied ({type(defect).__name__})"
        return Reject(str(change.record.source_id), what)
