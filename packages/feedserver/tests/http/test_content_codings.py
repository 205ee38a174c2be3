"""Which coding is chosen, and that other decoders can read what is encoded."""

from __future__ import annotations

import gzip
import io
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedserver.http import content_codings
from feedserver.messages.response import FileBody

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}
ALL = ("zstd", "br", "gzip", "deflate")

one_coding = st.sampled_from(ALL)


@pytest.fixture
def without_extras(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the modules for br and zstd, as in an installation of feedserver alone before Python 3.14."""
    for module in ("brotli", "backports.zstd", "compression.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    content_codings.available.cache_clear()
    yield
    content_codings.available.cache_clear()


class TestChoose:
    """RFC 9110 §12.5.3, and §12.4.2 for weights."""

    @pytest.mark.parametrize(
        ("accept_encoding", "chosen"),
        [
            pytest.param(None, None, id="no field: the client may know none"),
            pytest.param("", None, id="an empty field wants no coding"),
            pytest.param("gzip", "gzip", id="the one that is listed"),
            pytest.param("GZip", "gzip", id="names have no case (§8.4.1)"),
            pytest.param("x-gzip", "gzip", id="x-gzip is gzip (§8.4.1.3)"),
            pytest.param("gzip, deflate", "gzip", id="equal weights: gzip before deflate"),
            pytest.param("gzip, deflate, br", "br", id="equal weights: br before gzip"),
            pytest.param("gzip, deflate, br, zstd", "zstd", id="equal weights: zstd before br"),
            pytest.param("br;q=0.9, deflate;q=0.95", "deflate", id="the higher weight wins"),
            pytest.param("gzip;q=1.000, br;q=0.999", "gzip", id="three digits count"),
            pytest.param("br ; Q=0.3 ,\tgzip ;q=0.2", "br", id="white space and the case of q mean nothing"),
            pytest.param("gzip;q=0", None, id="weight 0 is a refusal"),
            pytest.param("br;q=0.000, gzip", "gzip", id="weight 0 with digits, too"),
            pytest.param("compress", None, id="a coding that is not offered"),
            pytest.param("*", "zstd", id="* is any coding"),
            pytest.param("*;q=0.5, zstd;q=0, br;q=0.1", "gzip", id="* is any coding that is not listed"),
            pytest.param("*;q=0", None, id="* refused"),
            pytest.param("gzip, *;q=0", "gzip", id="a listed one overrides *"),
            pytest.param("identity", None, id="identity alone"),
            pytest.param("gzip;q=0.5, identity", None, id="identity with a higher weight wins"),
            pytest.param("gzip;q=0.5, identity;q=0.5", "gzip", id="identity with the same weight loses"),
            pytest.param("gzip;q=0.1", "gzip", id="identity that is not listed loses"),
            pytest.param("gzip, identity;q=0", "gzip", id="identity refused, a coding at hand"),
            pytest.param("identity;q=0", None, id="all refused: the body as it is, no 406 (§12.4.1)"),
            pytest.param("compress, identity;q=0", None, id="no common coding, identity refused"),
            pytest.param(", gzip,, ", "gzip", id="empty list members are skipped (§5.6.1.2)"),
            pytest.param("gzip;q=2, deflate;q=0.1", "deflate", id="a weight above 1 is no weight"),
            pytest.param("gzip;q=, deflate;q=0.1", "deflate", id="an empty weight is no weight"),
            pytest.param("gzip;q=0.1234, deflate;q=0.1", "deflate", id="four digits are no weight"),
            pytest.param("gzip;level=9, deflate;q=0.1", "deflate", id="a coding has no other parameter"),
            pytest.param("gzip br", None, id="two words are no coding"),
            pytest.param("gzip;q=١", None, id="only ASCII digits are digits"),
        ],
    )
    def test_follows_the_client_then_the_server(self, accept_encoding: str | None, chosen: str | None) -> None:
        assert content_codings.choose(accept_encoding, ALL) == chosen

    @pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
    def test_accepts_a_coding_by_any_of_its_names_unless_its_weight_is_0(self, coding: str) -> None:
        for field in ("br, gzip;q=0.1", "X-Gzip", "*;q=0.001", "identity, gzip;q=0.5"):
            assert content_codings.accepts(field, coding), field
        for field in ("gzip;Q=0.0, *", "br", "*;q=0", "not-gzip", ""):
            assert not content_codings.accepts(field, coding), field

    @pytest.mark.parametrize(
        ("offered", "chosen"),
        [
            pytest.param(("gzip", "zstd"), "gzip", id="the first of equals"),
            pytest.param(("deflate",), "deflate", id="the only one"),
            pytest.param((), None, id="none"),
        ],
    )
    def test_chooses_among_the_codings_that_are_offered(self, offered: tuple[str, ...], chosen: str | None) -> None:
        assert content_codings.choose("gzip, deflate, zstd", offered) == chosen

    @given(accept_encoding=st.text(), offered=st.lists(one_coding, unique=True))
    def test_takes_any_text(self, accept_encoding: str, offered: list[str]) -> None:
        chosen = content_codings.choose(accept_encoding, offered)

        assert chosen is None or chosen in offered


class TestParse:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("gzip", ("gzip",)),
            (" Deflate ", ("deflate",)),
            ("x-gzip", ("gzip",)),
            ("gzip, br", ("gzip", "br")),
            ("gzip,gzip", ("gzip", "gzip")),
            ("identity", ()),
            ("identity, zstd", ("zstd",)),
        ],
    )
    def test_reads_codings_in_the_order_in_which_they_are_applied(self, text: str, names: tuple[str, ...]) -> None:
        assert content_codings.parse(text) == names

    @pytest.mark.parametrize(("text", "culprit"), [("foo", "foo"), ("gzip, auto", "auto"), ("", "")])
    def test_names_a_coding_that_it_does_not_know(self, text: str, culprit: str) -> None:
        with pytest.raises(ValueError, match="coding") as caught:
            content_codings.parse(text)

        assert str(caught.value) == (
            f"{culprit!r} is no content coding that feedserver knows; "
            "write gzip, deflate, br or zstd, or auto to let Accept-Encoding choose"
        )

    @pytest.mark.usefixtures("without_extras")
    @pytest.mark.parametrize(("coding", "extra"), [("br", "brotli"), ("zstd", "zstd")])
    def test_names_the_extra_that_is_missing(self, coding: str, extra: str) -> None:
        with pytest.raises(content_codings.CodingUnavailable) as caught:
            content_codings.parse(f"gzip, {coding}")

        assert str(caught.value) == (
            f"the coding {coding!r} needs an extra; install it with: pip install 'feedserver[{extra}]'"
        )


class TestAvailable:
    def test_is_every_coding_if_all_extras_are_installed(self) -> None:
        assert content_codings.available() == ALL

    @pytest.mark.usefixtures("without_extras")
    def test_is_gzip_and_deflate_without_the_modules_for_br_and_zstd(self) -> None:
        assert content_codings.available() == ("gzip", "deflate")


class TestEncode:
    @given(body=st.binary(max_size=5000), coding=one_coding)
    def test_gives_bytes_that_a_decoder_turns_back_into_the_body(self, body: bytes, coding: str) -> None:
        assert DECODERS[coding](content_codings.encode(body, coding)) == body

    @given(body=st.binary(max_size=2000), names=st.lists(one_coding, max_size=3))
    def test_applies_several_codings_in_order(self, body: bytes, names: list[str]) -> None:
        coded = content_codings.encode(body, ", ".join(names) or "identity")

        for name in reversed(names):
            coded = DECODERS[name](coded)
        assert coded == body

    @pytest.mark.parametrize("coding", ALL)
    def test_makes_a_feed_smaller(self, coding: str) -> None:
        body = b"<entry><title>Rain</title></entry>\n" * 500

        assert len(content_codings.encode(body, coding)) < len(body) / 10

    def test_writes_no_time_into_gzip_so_that_a_body_is_always_the_same(self) -> None:
        assert content_codings.encode(b"feed", "gzip")[4:8] == bytes(4)

    def test_gives_deflate_its_zlib_header(self) -> None:
        """RFC 9110 §8.4.1.2, RFC 1950 §2.2: method 8, and a check that makes a multiple of 31."""
        method, flags = content_codings.encode(b"feed", "deflate")[:2]

        assert (method & 0x0F, (method * 256 + flags) % 31) == (8, 0)

    def test_refuses_a_coding_that_it_does_not_know(self) -> None:
        with pytest.raises(ValueError, match="'foo' is no content coding"):
            content_codings.encode(b"feed", "foo")


class TestEncodeFile:
    @pytest.mark.parametrize("coding", [*ALL, "gzip, br"])
    def test_gives_the_bytes_that_encode_gives_for_a_file_of_one_chunk(self, tmp_path: Path, coding: str) -> None:
        path = tmp_path / "feed.xml"
        body = b"<entry><title>Rain</title></entry>\n" * 10
        path.write_bytes(body)
        target = io.BytesIO()

        target.writelines(content_codings.encoded_file(FileBody(path, len(body)), coding))

        assert target.getvalue() == content_codings.encode(body, coding)

    @pytest.mark.parametrize("coding", ALL)
    def test_streams_a_file_of_many_chunks(self, tmp_path: Path, coding: str) -> None:
        path = tmp_path / "large.xml"
        body = bytes(range(256)) * 4000
        path.write_bytes(body)
        target = io.BytesIO()

        target.writelines(content_codings.encoded_file(FileBody(path, len(body)), coding))

        assert DECODERS[coding](target.getvalue()) == body

    @pytest.mark.slow
    def test_keeps_a_few_chunks_of_the_file_in_memory_and_not_all_of_it(self, tmp_path: Path) -> None:
        path = tmp_path / "large.xml"
        size = 32 * 1024 * 1024
        with path.open("wb") as file:
            file.truncate(size)

        tracemalloc.start()
        try:
            io.BytesIO().writelines(content_codings.encoded_file(FileBody(path, size), "gzip"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert peak < size / 8

    def test_encodes_only_the_part_of_the_file_that_is_the_body(self, tmp_path: Path) -> None:
        path = tmp_path / "feed.xml"
        path.write_bytes(b"0123456789")
        target = io.BytesIO()

        target.writelines(content_codings.encoded_file(FileBody(path, size=4, offset=3), "gzip"))

        assert gzip.decompress(target.getvalue()) == b"3456"

    def test_reports_a_file_that_became_shorter(self, tmp_path: Path) -> None:
        path = tmp_path / "feed.xml"
        path.write_bytes(b"0123456789")

        with pytest.raises(OSError, match="ended") as caught:
            io.BytesIO().writelines(content_codings.encoded_file(FileBody(path, size=15), "gzip"))

        assert str(caught.value) == f"{path} ended 5 bytes early; it was changed while it was being served"
