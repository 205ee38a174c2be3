"""The width and the height of a picture, from its first bytes: nothing is decoded, so no picture can be a bomb here.

A file of some kilobytes can be a picture of gigabytes once a browser has decoded it (a "decompression bomb"), and the
dimensions tell. Pure, and linear in the size of the data.
"""

from __future__ import annotations

from typing import Final, Literal

from lifestream.content.image_types import image_type

_SEARCHED: Final = 64 * 1024
"""How many bytes of an AVIF file are searched: its properties stand before the picture itself."""
_NO_FRAME: Final = frozenset({0xC4, 0xC8, 0xCC})
"""Markers of JPEG between those that begin a frame, which begin none (ITU-T T.81, table B.1)."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers of JPEG without a length behind them."""


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Return the width and the height of the picture *data* in pixels, or None if they are not to be found.

    Icons (`image/x-icon`) have several, of which none bounds the others, and no dimensions.
    """
    match image_type(data):
        case "image/png":
            # PNG (Third Edition), section 11.2.1: IHDR comes first.
            return _both(data[16:24], 4, "big") if data[12:16] == b"IHDR" else None
        case "image/gif":
            return _both(data[6:10], 2, "little")
        case "image/jpeg":
            return _of_jpeg(data)
        case "image/webp":
            return _of_webp(data)
        case "image/avif":
            return _of_avif(data[:_SEARCHED])
    return None


def _both(data: bytes, size: int, order: Literal["big", "little"]) -> tuple[int, int] | None:
    """Return the two numbers of *size* bytes each at the beginning of *data*, or None if it is shorter."""
    if len(data) < 2 * size:
        return None
    return int.from_bytes(data[:size], order), int.from_bytes(data[size : 2 * size], order)


def _of_jpeg(data: bytes) -> tuple[int, int] | None:
    """Return what the header of the first frame says (ITU-T T.81, section B.2.2)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _ALONE:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            found = _both(data[at + 5 : at + 9], 2, "big")
            return (found[1], found[0]) if found else None
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return None


def _of_webp(data: bytes) -> tuple[int, int] | None:
    """Return what the header of the first chunk says (RFC 9649, sections 2.5 to 2.7)."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L" and len(data) >= 25 and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        found = _both(data[26:30], 2, "little")
        return (found[0] & 0x3FFF, found[1] & 0x3FFF) if found else None
    return None


def _of_avif(data: bytes) -> tuple[int, int] | None:
    """Return the largest of the extents in *data* (ISO/IEC 23008-12, section 6.5.3)."""
    found: list[tuple[int, int]] = []
    at = data.find(b"ispe")
    while at >= 0:
        if size := _both(data[at + 8 : at + 16], 4, "big"):
            found.append(size)
        at = data.find(b"ispe", at + 4)
    return (max(width for width, _ in found), max(height for _, height in found)) if found else None
