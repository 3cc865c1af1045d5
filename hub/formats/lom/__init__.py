"""Learning Object Metadata (IEEE 1484.12.1) in the three dialects that are in use here.

*edu-sharing* and plain *IEEE LOM* share a namespace and the names `lifeCycle`, `taxonPath`,
`<string language="de">`; edu-sharing adds vCards, EAF taxa and previews as relations. *HS-OER-LOM*
has its own namespace, names in small letters and `<langstring xml:lang="de">`, like the older
IMS binding. Names are compared without namespace and case, so each is read by the same code.
"""

from hub.formats.lom.names import LOM
from hub.formats.lom.reader import person, read
from hub.formats.lom.writer import write

__all__ = ["LOM", "person", "read", "write"]
