"""Texts and numbers as people type them into forms."""

from __future__ import annotations


def text(given: str, longest: int) -> str:
    """Without control characters but line breaks, at most so long."""
    lines = given.replace("\r\n", "\n")[: 2 * longest]
    return "".join(c for c in lines if c.isprintable() or c == "\n").strip()[:longest]


def number(given: str) -> int:
    """Nothing is 0; -1 for what is no number."""
    digits = given.strip() or "0"
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else -1
