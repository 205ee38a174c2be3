"""The width and the height of a picture, from its first bytes: nothing is decoded, so no picture can be a bomb here.

A file of some kilobytes can be a picture of gigabytes once a browser has decoded it (a "decompression bomb"). Its
dimensions show this. Pure, and linear in the size of the data.
"""

from __future__ import annotations

from typing import Final, Literal

from lifestream.content.image_types import image_type

MOST_PIXELS_OF_ICON: Final = 2048 * 2048
"""How many pixels the icon of a site may have: a page shows the icons of many sites."""
_SIZES_OF_AVIF: Final = (b"ispe", b"tkhd", b"av01")
"""The boxes of AVIF with a size: of an image, of a track (a moving picture), and of the samples in a track."""
_NO_FRAME: Final = frozenset({0xC4, 0xC8, 0xCC})
"""Markers of JPEG that begin no frame, though those around them do (ITU-T T.81, table B.1)."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers of JPEG without a length after them."""
_MOST_STEPS: Final = 20_000
"""How many parts of a file are passed over before its dimensions. Files of a few megabytes have some hundred."""


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Return the width and the height of the picture *data* in pixels, or None if they can't be found.

    For an icon (`image/x-icon`) and for AVIF, whose files may have several pictures, they are the largest width and the
    largest height. The height of a bitmap in an icon includes its mask.
    """
    match image_type(data):
        case "image/png":
            # PNG (Third Edition), section 11.2.1: IHDR comes first.
            return _both(data[16:24], 4, "big") if data[12:16] == b"IHDR" else None
        case "image/gif":
            return _of_gif(data)
        case "image/jpeg":
            return _of_jpeg(data)
        case "image/webp":
            return _of_webp(data)
        case "image/avif":
            return _of_avif(data)
        case "image/x-icon":
            return _of_icon(data)
    return None


def is_icon(data: bytes) -> bool:
    """Return whether *data* may be shown as the icon of a site: a picture without scripts that takes a browser no more
    memory than `MOST_PIXELS_OF_ICON` do.
    """
    found = dimensions(data)
    return found is not None and 0 < found[0] * found[1] <= MOST_PIXELS_OF_ICON


def _both(data: bytes, size: int, order: Literal["big", "little"]) -> tuple[int, int] | None:
    """Return the two numbers of *size* bytes each at the beginning of *data*, or None if it is shorter."""
    if len(data) < 2 * size:
        return None
    return int.from_bytes(data[:size], order), int.from_bytes(data[size : 2 * size], order)


def _of_gif(data: bytes) -> tuple[int, int] | None:
    """Return the larger of the logical screen and the first frame (GIF89a, sections 18 and 20).

    A browser enlarges the screen to the first frame, and draws nothing of later frames outside the screen.
    """
    screen = _both(data[6:10], 2, "little")
    if screen is None or len(data) < 13:
        return screen
    at = 13 + (3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    in_extension = False
    for _ in range(_MOST_STEPS):
        kind = data[at : at + 1]
        if in_extension and kind:  # a block, which begins with its length; length 0 ends the extension
            in_extension = kind != b"\0"
            at += 1 + kind[0]
        elif kind == b"!":
            in_extension = True
            at += 2
        else:
            place, size = _both(data[at + 1 : at + 5], 2, "little"), _both(data[at + 5 : at + 9], 2, "little")
            if kind != b"," or place is None or size is None:
                return screen
            return max(screen[0], place[0] + size[0]), max(screen[1], place[1] + size[1])
    return None


def _of_icon(data: bytes) -> tuple[int, int] | None:
    """Return the largest width and the largest height in the headers of an icon's pictures: each is a PNG, or a bitmap,
    whose height includes its mask.
    """
    found: list[tuple[int, int]] = []
    for at in range(6, 6 + 16 * min(int.from_bytes(data[4:6], "little"), _MOST_STEPS), 16):
        if len(data) < at + 16:
            return None
        inner = data[(start := int.from_bytes(data[at + 12 : at + 16], "little")) : start + 24]
        size = dimensions(inner) if image_type(inner) == "image/png" else _both(inner[4:12], 4, "little")
        if size is None:
            return None
        found.append(size)
    return (max(width for width, _ in found), max(height for _, height in found)) if found else None


def _of_jpeg(data: bytes) -> tuple[int, int] | None:
    """Return the size in the header of the first frame (ITU-T T.81, section B.2.2)."""
    at = 2
    for _ in range(_MOST_STEPS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return None
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
    """Return the size in the header of the first chunk (RFC 9649, sections 2.5 to 2.7)."""
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
    """Return the largest width and the largest height in any box, wherever it is: boxes may be in any order, and a
    browser decides which of the pictures in the file it shows.
    """
    found: list[tuple[int, int]] = []
    for name in _SIZES_OF_AVIF:
        at = data.find(name)
        while at >= 0:
            if len(found) == _MOST_STEPS:
                return None
            if size := _of_box(name, data[at + 4 : at + 108]):
                found.append(size)
            at = data.find(name, at + 4)
    return (max(width for width, _ in found), max(height for _, height in found)) if found else None


def _of_box(name: bytes, content: bytes) -> tuple[int, int] | None:
    """Return the size in the *content* of a box, or None if it has none."""
    if name == b"ispe":  # ISO/IEC 23008-12, section 6.5.3
        return _both(content[4:12], 4, "big")
    # ISO/IEC 14496-12, section 8.3.2: in version 1, three numbers before the size have eight bytes instead of four. The
    # lower 16 bits of width and height are fractions of a pixel.
    if name == b"tkhd":
        at = 88 if content[:1] == b"\1" else 76
        size = _both(content[at : at + 8], 4, "big")
        return (size[0] >> 16, size[1] >> 16) if size else None
    # The sample entry of a track, section 12.1.3. Brands and other boxes name the codec, too, but have no size.
    is_entry = content[:6] == bytes(6) and content[8:24] == bytes(16)
    return _both(content[24:28], 2, "big") if is_entry else None
