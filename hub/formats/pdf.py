"""Sheets of paper as PDF: headings, facts and lists on A4, in the font of the pages.

fpdf2 comes with all its fonts' tools: it is loaded with the first sheet, since most processes never
write one and it takes 30 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import hub

TYPE = "application/pdf"
FONTS = Path(hub.__file__).parent / "web" / "static" / "vendor" / "fira-sans" / "files"
_FAMILY, _MORE = "fira", "fira more"
_WEIGHTS = {"": 400, "B": 700}
_LINE = 6.0
_COLUMNS = (50, 120)
"""Millimetres for a label and for its text."""


class Sheet:
    """A document that is written from top to bottom and breaks its pages itself."""

    def __init__(self, title: str, language: str, moment: datetime) -> None:
        """`title` and `language` stand in the file for screen readers; `moment` is its date."""
        from fpdf import FPDF

        self._pdf = FPDF(format="A4")
        for style, weight in _WEIGHTS.items():
            for family, part in ((_FAMILY, "latin"), (_MORE, "latin-ext")):
                font = FONTS / f"fira-sans-{part}-{weight}-normal.woff"
                self._pdf.add_font(family, style, font)
        self._pdf.set_fallback_fonts([_MORE], exact_match=True)
        self._pdf.set_margins(20, 20)
        self._pdf.set_title(title)
        self._pdf.set_lang(language)
        self._pdf.set_creation_date(moment)
        self._pdf.add_page()

    def heading(self, text: str, size: int = 18) -> None:
        self._pdf.ln(2)
        self._write(text, size, "B")
        self._pdf.ln(2)

    def text(self, text: str) -> None:
        self._write(text, 11)
        self._pdf.ln(1)

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """A label and its text in each row."""
        from fpdf.fonts import FontFace

        bold = FontFace(emphasis="BOLD")
        self._pdf.set_font(_FAMILY, "", 11)
        with self._pdf.table(
            borders_layout="NONE",
            col_widths=_COLUMNS,
            first_row_as_headings=False,
            line_height=_LINE,
            text_align="LEFT",
            v_align="TOP",
        ) as table:
            for label, text in rows:
                row = table.row()
                row.cell(label, style=bold)
                row.cell(text or "–")
        self._pdf.ln(2)

    def table(
        self, header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]
    ) -> None:
        """A table with a head that each page repeats; `widths` in millimetres, 170 together."""
        from fpdf.fonts import FontFace

        self._pdf.set_font(_FAMILY, "", 9)
        with self._pdf.table(
            borders_layout="HORIZONTAL_LINES",
            col_widths=tuple(widths),
            headings_style=FontFace(emphasis="BOLD"),
            line_height=4.6,
            text_align="LEFT",
            v_align="TOP",
        ) as table:
            for cells in (header, *rows):
                row = table.row()
                for cell in cells:
                    row.cell(cell)
        self._pdf.ln(3)

    def items(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._write(f"• {line}", 11)
        self._pdf.ln(2)

    def signature(self, label: str) -> None:
        """A line to sign on, and what stands below it."""
        self._pdf.ln(20)
        y = self._pdf.get_y()
        self._pdf.line(20, y, 110, y)
        self._write(label, 9)

    def content(self) -> bytes:
        return bytes(self._pdf.output())

    def _write(self, text: str, size: int, style: str = "") -> None:
        from fpdf.enums import XPos, YPos

        self._pdf.set_font(_FAMILY, style, size)
        self._pdf.multi_cell(
            0, size * _LINE / 11, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
