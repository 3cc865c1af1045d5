"""The public API of the hub for plugins: `Plugin`, `Config`, `Secret`, `hookimpl`, `records`, …"""

from hub import errors, records
from hub.hookspecs import hookimpl
from hub.plugin import (
    Config,
    PersonalData,
    Plugin,
    Secret,
    SecretValue,
    SiteInfo,
    machine,
    permission,
    public,
)

__all__ = [
    "Config",
    "PersonalData",
    "Plugin",
    "Secret",
    "SecretValue",
    "SiteInfo",
    "errors",
    "hookimpl",
    "machine",
    "permission",
    "public",
    "records",
]
