from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from lifestream.fetcher.content_decoding import Body, BodyTooLarge, CodingFailed

TEXT = b"<rss>" + bytes(range(256)) * 40 + b"</rss>"


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


CODED = [
    ("", TEXT),
    ("identity", TEXT),
    ("gzip", gzip.compress(TEXT)),
    ("x-gzip", gzip.compress(TEXT)),
    ("GZIP", gzip.compress(TEXT)),
    ("identity, gzip", gzip.compress(TEXT)),
    ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
    ("gzip", gzip.compress(TEXT) + b"\0" * 50),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", raw_deflate(TEXT)),
    ("deflate", gzip.compress(TEXT)),
]


@pytest.mark.parametrize("size", [1, 2, 3, 100, 1 << 20])
@pytest.mark.parametrize(("coding", "data"), CODED)
def test_a_body_is_the_same_however_it_is_coded_and_cut(coding: str, data: bytes, size: int) -> None:
    body = Body(coding, cap=len(TEXT))
    for start in range(0, len(data), size):
        body.feed(data[start : start + size])
    assert body.finish() == TEXT
    assert body.received == len(data)


@pytest.mark.parametrize("coding", ["", "gzip", "deflate"])
def test_an_empty_body_is_empty_in_every_coding(coding: str) -> None:
    body = Body(coding, cap=10)
    body.feed(b"")
    assert body.finish() == b""


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "gzip, br"])
def test_a_coding_that_was_not_asked_for_is_refused_by_name(coding: str) -> None:
    with pytest.raises(CodingFailed, match=f"^the body is in the coding '{coding}', which was not asked for$"):
        Body(coding, cap=10)


def test_a_body_over_the_cap_is_given_up() -> None:
    body = Body("", cap=10)
    body.feed(b"0123456789")
    with pytest.raises(BodyTooLarge, match=r"^the body is larger than 10 bytes$"):
        body.feed(b"0")


def test_a_bomb_is_given_up_at_the_cap_with_no_more_memory_than_that() -> None:
    bomb = gzip.compress(bytes(200 << 20))
    cap = 1 << 20
    body = Body("gzip", cap)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            body.feed(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * cap


def test_what_follows_the_end_counts_too() -> None:
    body = Body("gzip", cap=1000)
    body.feed(gzip.compress(b"short"))
    body.feed(bytes(1000))
    with pytest.raises(BodyTooLarge):
        body.feed(bytes(2000))


def test_members_that_inflate_to_nothing_are_counted() -> None:
    body = Body("gzip", cap=1 << 20)
    with pytest.raises(CodingFailed, match=r"^the gzip body has more than 1000 members$"):
        body.feed(gzip.compress(b"") * 1001)


@pytest.mark.parametrize(("coding", "data"), [("gzip", gzip.compress(TEXT)), ("deflate", zlib.compress(TEXT))])
def test_a_coded_body_that_ends_early_is_refused(coding: str, data: bytes) -> None:
    body = Body(coding, cap=len(TEXT))
    body.feed(data[:-5])
    with pytest.raises(CodingFailed, match=f"^the {coding} body ends early, after {len(data) - 5} bytes$"):
        body.finish()


def test_a_single_byte_of_a_coded_body_ends_early() -> None:
    body = Body("gzip", cap=10)
    body.feed(b"\x1f")
    with pytest.raises(CodingFailed, match="ends early"):
        body.finish()


@pytest.mark.parametrize("data", [b"<rss></rss>", gzip.compress(TEXT)[:-8] + bytes(8)])
def test_broken_data_is_refused(data: bytes) -> None:
    with pytest.raises(CodingFailed, match=r"^the gzip body is broken: "):
        Body("gzip", cap=len(TEXT)).feed(data)
