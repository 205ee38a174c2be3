"""Which pictures may be served from our own address: those in formats that cannot hold a script."""

from __future__ import annotations

from typing import Final

_SIGNATURES: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"\x00\x00\x01\x00": "image/x-icon",
}


def image_type(data: bytes) -> str:
    """Return the media type of an image by its first bytes, or "" for all other data, such as SVG, which can hold a
    script.
    """
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    if data[4:12] in (b"ftypavif", b"ftypavis"):  # AV1 Image File Format, section 6
        return "image/avif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""
