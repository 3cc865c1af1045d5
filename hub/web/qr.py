"""Addresses as pictures that a phone reads."""

from __future__ import annotations

import segno
from markupsafe import Markup


def picture(text: str) -> Markup:
    """The text as a QR code, as SVG within the page; its size is the style sheet's matter."""
    code = segno.make(text, error="m", micro=False)
    return Markup(  # nosec B704: segno draws it, the text is in the modules only
        code.svg_inline(scale=4, svgclass="hub-qr", lineclass=None, omitsize=True)
    )
