"""The dimensions of pictures, from their first bytes."""

from __future__ import annotations

import struct

import pytest

from lifestream.content.image_dimensions import dimensions, is_icon
from lifestream.content.image_types import image_type


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\x00\x00\x00"


def jpeg(width: int, height: int) -> bytes:
    before = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xc4\x00\x04\x00\x00" + b"\xff\xff\xd0"
    return before + b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", height, width) + bytes(9)


PICTURES = {
    "png": png(640, 480),
    "gif": b"GIF89a" + struct.pack("<HH", 640, 480),
    "gif with a frame that is larger than its screen": b"GIF89a" + struct.pack("<HH", 640, 1) + b"\x80\0\0" + bytes(6)
    + b"!\xfe\2ab\1c\0!\xf9\4" + bytes(5) + b"," + struct.pack("<4H", 600, 80, 40, 400),
    "jpeg": jpeg(640, 480),
    "webp lossy": b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640 | 1 << 14, 480),
    "webp lossless": b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 639 | 479 << 14),
    "webp extended": b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + bytes((639 & 255, 639 >> 8, 0, 479 & 255, 479 >> 8, 0)),
    "avif": b"\0\0\0\x1cftypavif" + bytes(20) + b"ispe\0\0\0\0" + struct.pack(">II", 640, 80)
    + b"ispe\0\0\0\0" + struct.pack(">II", 64, 480),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_each_format_has_its_dimensions_and_a_cut_file_has_none_or_those_of_its_first_part(name: str) -> None:
    data = PICTURES[name]
    assert dimensions(data) == (640, 480) and image_type(data) == f"image/{name.split(maxsplit=1)[0]}"
    assert {dimensions(data[:length]) for length in range(len(data))} <= {None, (640, 480), (640, 80), (640, 1)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>",
        b"\x00\x00\x01\x00\x01\x00\x10\x10",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + b"\xff" * 100_000,
        b"\xff\xd8" + b"\xff\xfe\x00\x00" * 100_000,
        b"\xff\xd8" + b"\xff" * 30_000 + jpeg(640, 480)[2:],
        b"GIF89a\1\0\1\0\0\0\0!\xfe" + b"\1x" * 30_000 + b"\0," + bytes(9),
        b"\x89PNG\r\n\x1a\n" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8?" + bytes(20),
        b"\0\0\0\x1cftypavif" + bytes(20),
    ],
)
def test_other_data_has_no_dimensions(data: bytes) -> None:
    assert dimensions(data) is None


def icon(*pictures: bytes) -> bytes:
    starts = [6 + 16 * len(pictures) + sum(map(len, pictures[:number])) for number in range(len(pictures))]
    entries = (bytes((16, 16, *bytes(10))) + struct.pack("<I", start) for start in starts)
    return struct.pack("<HHH", 0, 1, len(pictures)) + b"".join(entries) + b"".join(pictures)


BITMAP = struct.pack("<III", 40, 32, 64) + bytes(28)


def test_dimensions_of_an_icon_are_those_of_its_pictures_not_of_its_directory() -> None:
    assert dimensions(icon(BITMAP, png(640, 480))) == (640, 480)
    assert dimensions(icon(png(640, 20), BITMAP)) == (640, 64), "the largest width and the largest height"
    assert dimensions(icon(BITMAP)) == (32, 64)
    assert dimensions(icon()) is None
    assert dimensions(icon(BITMAP)[:30]) is None


def test_an_icon_has_at_most_as_many_pixels_as_2048_by_2048() -> None:
    assert is_icon(png(2048, 2048)) and is_icon(icon(BITMAP, png(256, 256)))
    assert not is_icon(png(2048, 2049)) and not is_icon(png(0, 5)) and not is_icon(b"<svg/>")
    assert is_icon(png(4096, 1024)) and not is_icon(icon(BITMAP, png(2048, 2049)))


AVIF = b"\0\0\0\x1cftypavif" + bytes(20)


def extents(width: int, height: int) -> bytes:
    return b"\0\0\0\x14ispe\0\0\0\0" + struct.pack(">II", width, height)


def track(width: int, height: int, version: int) -> bytes:
    return b"tkhd" + bytes((version, *bytes(87 if version else 75))) + struct.pack(">II", width << 16, height << 16)


def sample_entry(width: int, height: int) -> bytes:
    return b"av01" + bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", width, height)


@pytest.mark.parametrize(
    ("hidden", "size"),
    [
        (bytes(100_000) + extents(60_000, 50_000), (60_000, 50_000)),
        (track(60_000, 50_000, version=0), (60_000, 50_000)),
        (track(60_000, 50_000, version=1), (60_000, 50_000)),
        (sample_entry(60_000, 50_000), (60_000, 50_000)),
        (b"av01" + bytes(3), (16, 16)),  # a brand
    ],
    ids=["far behind", "a track", "a track with long times", "a sample", "no size"],
)
def test_an_avif_file_hides_no_larger_picture_behind_a_small_one(hidden: bytes, size: tuple[int, int]) -> None:
    data = AVIF + extents(16, 16) + hidden
    assert dimensions(data) == size
    assert is_icon(data) == (size == (16, 16))


@pytest.mark.parametrize("name", [b"ispe", b"tkhd", b"av01"])
def test_an_avif_file_that_consists_only_of_sizes_has_no_dimensions(name: bytes) -> None:
    assert dimensions(AVIF + (name + bytes(24)) * 100_000) is None
