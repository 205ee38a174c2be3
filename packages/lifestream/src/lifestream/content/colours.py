"""Whether text in a colour that an owner chooses can be read on the background of a page (WCAG 2.2, success criterion
1.4.3).
"""

from __future__ import annotations

from typing import Final

BACKGROUND: Final = "#fbfaf8"
"""The background of the shipped theme in light mode, on which text is written in the accent colour."""
MINIMUM_CONTRAST: Final = 4.5
"""The least contrast between text and its background."""


def contrast(one: str, other: str) -> float:
    """Return the contrast, from 1 to 21, of two colours in the form `#rrggbb`. Raises ValueError if there
    are not six hexadecimal digits.
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(byte / 255) for byte in bytes.fromhex(colour.removeprefix("#")))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
