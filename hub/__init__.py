"""The public API of the hub for plugins: `Plugin`, `Secret`, `hookimpl`, `records`, `errors`."""

from hub import errors, records
from hub.hookspecs import hookimpl
from hub.plugin import Plugin, Secret, SiteInfo

__all__ = ["Plugin", "Secret", "SiteInfo", "errors", "hookimpl", "records"]
