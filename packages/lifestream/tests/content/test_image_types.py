"""Pictures are recognised by their first bytes; formats that can contain a script are not."""

from __future__ import annotations

import pytest

from lifestream.content.image_types import image_type


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF87arest", "image/gif"),
        (b"GIF89arest", "image/gif"),
        (b"\x00\x00\x01\x00rest", "image/x-icon"),
        (b"RIFF\x00\x00\x00\x00WEBPrest", "image/webp"),
        (b"\x00\x00\x00\x1cftypavifrest", "image/avif"),
        (b"\x00\x00\x00\x1cftypavisrest", "image/avif"),
        (b"\x00\x00\x00\x1cftypisomrest", ""),
        (b"RIFF\x00\x00\x00\x00WAVErest", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
        (b" \x89PNG\r\n\x1a\n", ""),
        (b"\x89PN", ""),
        (b"", ""),
    ],
)
def test_a_picture_is_recognised_by_its_first_bytes(data: bytes, kind: str) -> None:
    assert image_type(data) == kind
