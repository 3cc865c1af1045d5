"""Colours that people choose, made readable: contrast after WCAG 2.2, success criterion 1.4.3."""

from __future__ import annotations

ENOUGH = 4.5
"""The ratio that text needs against its background."""


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours (six hexadecimal digits each), from 1 to 21."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: str) -> str:
    """The colour, darkened as little as needed to be read on white, and white on it."""
    channels = _channels(colour)
    for share in range(100, -1, -1):
        darker = "".join(f"{channel * share // 100:02x}" for channel in channels)
        if contrast(darker, "ffffff") >= ENOUGH:
            return darker
    raise AssertionError("black is readable on white")


def _channels(colour: str) -> tuple[int, int, int]:
    number = int(colour, 16)
    return number >> 16, number >> 8 & 255, number & 255


def _luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it for sRGB."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
