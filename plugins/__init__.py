"""Bundled integrations, a module or package each; their names are the entry points."""
