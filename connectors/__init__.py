"""Protocols: a module each. They hand over documents and know nothing of the hub."""
