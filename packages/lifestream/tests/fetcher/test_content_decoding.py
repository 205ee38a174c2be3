"""Bodies in each coding: however they are cut, they are decoded up to the cap, and broken ones are refused."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import brotli
import pytest

from lifestream.fetcher.content_decoding import Body, BodyTooLarge, CodingFailed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Compress: TypeAlias = Callable[[bytes], bytes]
gzipped = partial(gzip.compress, mtime=0)  # the time in the gzip header would differ between test processes
quick_brotli = partial(brotli.compress, quality=2)
TEXT = b"<rss>" + bytes(range(256)) * 40 + b"</rss>"


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def decoded(coding: str, data: bytes, size: int, cap: int = 100_000) -> bytes:
    """Return the decoded body whose *data* arrives in chunks of *size* bytes."""
    body = Body(coding, cap)
    for start in range(0, len(data), size):
        body.feed(data[start : start + size])
    return body.finish()


CODED = [
    ("", TEXT),
    ("identity", TEXT),
    ("gzip", gzipped(TEXT)),
    ("x-gzip", gzipped(TEXT)),
    ("GZIP", gzipped(TEXT)),
    ("identity, gzip", gzipped(TEXT)),
    ("gzip", gzipped(TEXT[:100]) + gzipped(TEXT[100:])),
    ("gzip", gzipped(TEXT) + b"\0" * 50),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", raw_deflate(TEXT)),
    ("deflate", gzipped(TEXT)),
    ("br", brotli.compress(TEXT)),
    ("zstd", zstd.compress(TEXT)),
    ("zstd", zstd.compress(TEXT[:100]) + zstd.compress(TEXT[100:])),
    ("deflate, gzip", gzipped(raw_deflate(TEXT))),
    ("gzip, br", brotli.compress(gzipped(TEXT))),
]


@pytest.mark.parametrize("size", [1, 2, 3, 100, 1 << 20])
@pytest.mark.parametrize(("coding", "data"), CODED)
def test_a_body_is_the_same_however_it_is_coded_and_cut(coding: str, data: bytes, size: int) -> None:
    body = Body(coding, cap=len(TEXT))
    for start in range(0, len(data), size):
        body.feed(data[start : start + size])
    assert body.finish() == TEXT
    assert body.received == len(data)


@pytest.mark.parametrize("coding", ["", "gzip", "deflate", "br", "zstd", "compress"])
def test_an_empty_body_is_empty_in_every_coding(coding: str) -> None:
    body = Body(coding, cap=10)
    body.feed(b"")
    assert body.finish() == b""


@pytest.mark.parametrize("coding", ["compress", "exi", "gzip, dcb", "an unknown one"])
@pytest.mark.parametrize("data", [bytes(range(1, 100)), b"\x1f\x9d\x90" + bytes(range(256)) * 4])
def test_a_coding_that_was_not_requested_is_refused_by_name(coding: str, data: bytes) -> None:
    body = Body(coding, cap=10_000)
    with pytest.raises(CodingFailed, match=f"^the body is in the coding '{coding}', which was not asked for$"):
        body.feed(data)


PLAIN = b"<?xml version='1.0'?>\n<rss version='2.0'><channel><title>D\xc3\xa9j\xc3\xa0 vu</title></channel></rss>"


@pytest.mark.parametrize(
    "coding",
    [
        *("utf-8", "UTF8", "none", "binary", "iso-8859-1", "8bit", "windows-1252", "us-ascii", "", ", ,", "identity"),
        *("pretty", "gzip", "deflate", "br", "zstd", "gzip, br", "utf-8, gzip", "compress", "rss+xml", "dcz"),
    ],
)
def test_a_plain_body_is_read_whatever_coding_its_server_names(coding: str) -> None:
    for plain in (
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN,
        b"\n\n " + PLAIN,
        *(PLAIN.decode().encode(charset) for charset in ("utf-16", "utf-16-le", "utf-32", "cp500")),
        b'{"version": "https://jsonfeed.org/version/1.1", "items": []}',
        b"<rss/>",
        b"<",
    ):
        for size in (1, 7, 1000):
            assert decoded(coding, plain, size) == plain, (plain, size)


@pytest.mark.parametrize("coding", ["", "utf-8", "none", "gzip", "gzip, gzip", "br", "zstd", "deflate, gzip", "pretty"])
def test_a_coding_is_recognised_by_the_bytes_whatever_the_header_says(coding: str) -> None:
    text = PLAIN * 10
    for data in (
        gzipped(text),
        gzipped(gzipped(text)),
        gzipped(gzipped(gzipped(text))),
        gzipped(zlib.compress(text)),
        zstd.compress(gzipped(text)),
        zstd.compress(text[:100]) + zstd.compress(text[100:]),
    ):
        for size in (1, 7, 10_000):
            assert decoded(coding, data, size) == text, (data[:20], size)


def test_zlib_is_recognised_without_a_header_if_no_text_can_begin_so() -> None:
    for level in (1, 6, 9):
        body = Body("", cap=len(TEXT))
        body.feed(zlib.compress(TEXT, level))
        assert body.finish() == TEXT
    assert decoded("", b"x^2 is not zlib", 1) == b"x^2 is not zlib"


@pytest.mark.slow
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", ""])
def test_a_bomb_is_given_up_in_whichever_layer_it_exceeds_the_cap(coding: str) -> None:
    cap = 1 << 20
    outers: dict[str, Compress] = {"br": quick_brotli, "zstd": zstd.compress}
    outer = outers.get(coding, gzip.compress)
    swallowed = b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (4 << 20)  # the name in a gzip header: it inflates to nothing
    for bomb in (outer(bytes(4 << 20)), outer(gzipped(bytes(16 << 20))), outer(swallowed)):
        with pytest.raises(BodyTooLarge):
            decoded(coding, bomb, len(bomb), cap)


def test_at_most_four_codings_are_decoded() -> None:
    data = TEXT
    for _ in range(5):
        data = gzipped(data)
    body = Body("", cap=1 << 20)
    body.feed(data)
    assert body.finish() == gzipped(TEXT)


def test_a_body_over_the_cap_is_given_up() -> None:
    body = Body("", cap=100)
    body.feed(b"0123456789" * 10)
    with pytest.raises(BodyTooLarge, match=r"^the body is larger than 100 bytes$"):
        body.feed(b"0")


def test_a_body_too_short_to_recognise_its_coding_has_the_cap_too() -> None:
    body = Body("", cap=10)
    body.feed(b"0123456789+")
    with pytest.raises(BodyTooLarge, match=r"^the body is larger than 10 bytes$"):
        body.finish()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("coding", "compress"),
    [("gzip", partial(gzip.compress, compresslevel=1)), ("br", quick_brotli), ("zstd", zstd.compress)],
)
def test_a_bomb_is_given_up_at_the_cap_with_bounded_memory(coding: str, compress: Compress) -> None:
    bomb = compress(bytes(64 << 20))
    cap = 1 << 20
    body = Body(coding, cap)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            body.feed(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * cap


def test_bytes_after_the_end_count_towards_the_cap() -> None:
    body = Body("gzip", cap=1000)
    body.feed(gzipped(b"short"))
    body.feed(bytes(1000))
    with pytest.raises(BodyTooLarge):
        body.feed(bytes(2000))


def test_members_that_inflate_to_nothing_are_counted() -> None:
    body = Body("gzip", cap=1 << 20)
    with pytest.raises(CodingFailed, match=r"^the gzip body has more than 1000 members$"):
        body.feed(gzipped(b"") * 1001)


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzipped(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("br", brotli.compress(TEXT)),
        ("zstd", zstd.compress(TEXT)),
    ],
)
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


@pytest.mark.parametrize("data", [bytes(range(100)), gzipped(TEXT)[:-8] + bytes(8)])
def test_broken_data_is_refused(data: bytes) -> None:
    with pytest.raises(CodingFailed, match=r"^the gzip body is broken: "):
        Body("gzip", cap=len(TEXT)).feed(data)


_WITH_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from lifestream.fetcher import inflaters
from lifestream.fetcher.content_decoding import Body, CodingFailed
from lifestream.fetcher.shortage import ShortOf

coding, data = sys.argv[1], sys.stdin.buffer.read()
inflaters.supported()  # the libraries are loaded while there is memory
body = Body(coding, 20 << 20)
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + (3 << 20), resource.RLIM_INFINITY))
try:
    body.feed(data)
except (CodingFailed, ShortOf) as error:
    print(type(error).__name__, error.shortage.name if isinstance(error, ShortOf) else error)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, how much address space a process has is not in a file")
@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_too_little_memory_for_the_window_of_a_coding_is_a_shortage(coding: str) -> None:
    content = random.Random(1).randbytes(9 << 20)
    if coding == "br":
        data = brotli.compress(content, quality=2, lgwin=24)
    else:
        data = zstd.compress(content, options={zstd.CompressionParameter.window_log: 23})
    command = [sys.executable, "-c", _WITH_LITTLE_MEMORY, coding]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.stdout.decode() == "ShortOf MEMORY\n", done.stderr.decode()
