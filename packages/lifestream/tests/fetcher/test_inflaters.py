"""The inflater of each coding gives its output in small pieces, and refuses broken data."""

from __future__ import annotations

import gzip
import sys
import zlib
from functools import partial

import brotli
import pytest

from lifestream.fetcher import inflaters
from lifestream.fetcher.inflaters import PIECE, Broken, Brotli, Inflater, TooManyMembers, Zlib, Zstd

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

gzipped = partial(gzip.compress, mtime=0)  # the time in the gzip header would differ between test processes
ZEROS = bytes(40 * PIECE)
CODED: list[tuple[type[Zlib | Brotli | Zstd], bytes]] = [
    (Zlib, gzipped(ZEROS)),
    (Zlib, zlib.compress(ZEROS)),
    (Brotli, brotli.compress(ZEROS)),
    (Zstd, zstd.compress(ZEROS)),
]


@pytest.mark.parametrize(("kind", "data"), CODED)
def test_each_piece_is_small_however_far_the_input_inflates(kind: type[Inflater], data: bytes) -> None:
    inflater = kind()
    pieces = list(inflater.pieces(data))
    assert b"".join(pieces) == ZEROS
    assert max(map(len, pieces)) <= 4 * PIECE  # PIECE is the limit; br may exceed it by a block
    assert inflater.is_complete


@pytest.mark.parametrize("data", [gzipped(b"news"), zlib.compress(b"news"), zstd.compress(b"news")])
def test_padding_after_the_end_is_ignored_wherever_the_data_is_cut(data: bytes) -> None:
    for padding in (b"\n", b"\0" * 20, data[:1] + b"x"):
        padded = data + padding
        for at in range(len(padded) + 1):
            inflater = Zstd() if data.startswith(inflaters.ZSTD_MAGIC) else Zlib()
            parts = (padded[:at], padded[at:])
            assert b"".join(piece for part in parts for piece in inflater.pieces(part)) == b"news"


def test_bytes_after_the_end_of_br_are_an_error_wherever_the_data_is_cut() -> None:
    padded = brotli.compress(b"news") + b"\n"
    for at in range(len(padded) + 1):
        inflater = Brotli()
        parts = (padded[:at], padded[at:])
        with pytest.raises(Broken):
            [list(inflater.pieces(part)) for part in parts]


@pytest.mark.parametrize(("kind", "data"), CODED)
def test_truncated_data_is_not_complete_and_other_data_is_broken(kind: type[Inflater], data: bytes) -> None:
    inflater = kind()
    list(inflater.pieces(data[:-1]))
    assert not inflater.is_complete
    with pytest.raises(Broken):
        list(kind().pieces(b"\xff" * 100))


def test_a_frame_of_zstd_with_a_window_that_no_browser_allows_is_broken() -> None:
    def frame(window: int) -> bytes:
        compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window})
        return compressor.compress(bytes(1000)) + compressor.flush()

    assert b"".join(Zstd().pieces(frame(23))) == bytes(1000)  # 8 MB (RFC 9659 §3)
    with pytest.raises(Broken, match=r"[Ww]indow|memory"):
        list(Zstd().pieces(frame(24)))


@pytest.mark.parametrize(("kind", "empty"), [(Zlib, gzipped(b"")), (Zstd, zstd.compress(b""))])
def test_more_than_a_thousand_members_that_inflate_to_nothing_are_refused(kind: type[Inflater], empty: bytes) -> None:
    inflater = kind()
    assert b"".join(inflater.pieces(empty * 1000)) == b""
    with pytest.raises(TooManyMembers):
        list(inflater.pieces(empty))


def test_only_codings_whose_library_is_installed_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inflaters.accepted() == "gzip, deflate, br, zstd"
    for missing in ("_brotli", "_zstd"):
        monkeypatch.setattr(inflaters, missing, lambda: None)
    inflaters.supported.cache_clear()
    try:
        assert inflaters.accepted() == "gzip, deflate"
    finally:
        inflaters.supported.cache_clear()


def test_a_brotli_library_whose_output_cannot_be_limited_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unbounded:
        class Decompressor:
            pass

    monkeypatch.setitem(sys.modules, "brotli", Unbounded)
    assert inflaters._brotli.__wrapped__() is None
