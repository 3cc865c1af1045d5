"""Metadata formats, a module each: `read` gives a `Record`, `write` gives the document back.

No format reaches out: whoever has a document hands it in. Public to plugins.
"""
