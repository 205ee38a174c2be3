"""Large files that a fault cuts, and codings that break off."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from faulty_answers import BODY, raw_answer
from feedserver import FeedServer, Response, Strike
from feedserver.faults import FalseCoding, TruncatedGzip


def test_a_large_file_is_reset_at_the_declared_byte(server: FeedServer, root: Path) -> None:
    with (root / "big.xml").open("wb") as file:
        file.write(b"<!--\nFault: reset after 3000000\nOmit: Date\n-->")
        file.truncate(50_000_000)
    answer = raw_answer(server, "/big.xml")
    assert answer.endswith(b"<RST>")
    assert len(answer.partition(b"\r\n\r\n")[2].removesuffix(b"<RST>")) <= 3_000_000
    assert server.journal.exchanges[0].faults == (Strike("reset after 3000000", 3_000_000),)


def test_a_large_file_is_truncated_in_its_coding(server: FeedServer, root: Path) -> None:
    (root / "big.xml").write_bytes(b"<!--\nFault: truncated gzip after 1000\n-->".ljust(2_000_000))
    head, _, body = raw_answer(server, "/big.xml").partition(b"\r\n\r\n")
    assert b"Content-Length: 1000\r\n" in head
    assert len(body) == 1000
    with pytest.raises(EOFError):
        gzip.decompress(body)


def test_a_declared_coding_is_kept(server: FeedServer) -> None:
    server.add("/f", Response(BODY, coding="deflate", faults=TruncatedGzip(after=5)))
    server.add("/own", Response(BODY, headers={"Content-Encoding": "br"}, faults=TruncatedGzip(after=5)))
    assert b"Content-Encoding: deflate\r\nContent-Length: 5\r\n" in raw_answer(server)
    own = raw_answer(server, "/own")
    assert b"Content-Encoding: br\r\nContent-Length: 5\r\n" in own
    assert own.endswith(b"\r\n\r\n" + BODY[:5])


def test_a_body_that_is_declared_as_coded_is_not_coded_again_where_its_coding_is_hidden(server: FeedServer) -> None:
    coded = gzip.compress(BODY)
    server.add("/f", Response(coded, headers={"Content-Encoding": "gzip"}, faults=FalseCoding("identity")))
    head, _, body = raw_answer(server).removesuffix(b"<FIN>").partition(b"\r\n\r\n")
    assert b"Content-Encoding" not in head
    assert body == coded
