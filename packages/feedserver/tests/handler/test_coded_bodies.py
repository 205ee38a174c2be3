"""Bodies in their coding: each is coded once; large ones are kept in files, which are removed with the server."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import Response
from feedserver.handler import coded_bodies
from feedserver.handler.coded_bodies import CodedBodies
from feedserver.messages.gate import NoLongerWanted, Wanted
from feedserver.messages.made_body import MadeBody
from feedserver.messages.response import FileBody


def parts() -> Iterator[bytes]:
    yield b"x"


def bytes_of(response: Response) -> bytes:
    body = response.body
    assert isinstance(body, bytes | FileBody)
    return body if isinstance(body, bytes) else body.path.read_bytes()


@pytest.fixture
def large(tmp_path: Path) -> Response:
    (tmp_path / "large.xml").write_bytes(b"<rss/>" * 1000)
    return Response(coding="gzip").changed(body=FileBody(tmp_path / "large.xml", 6000))


def test_a_body_is_coded_once() -> None:
    coded = CodedBodies()
    response = Response("<rss/>", coding="gzip")
    assert not coded.has(response)
    first = coded.code(response)

    assert coded.has(response) and not coded.has(Response("<rss/>", coding="deflate"))
    assert coded.code(Response("<rss/>", coding="gzip")).body is first.body
    assert (gzip.decompress(bytes_of(first)), first.coding) == (b"<rss/>", None)


def test_a_large_file_is_coded_only_while_its_answer_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "hole.xml").touch()
    os.truncate(tmp_path / "hole.xml", 1 << 40)
    hole = Response(coding="gzip").changed(body=FileBody(tmp_path / "hole.xml", 1 << 40))
    coded, wanted = CodedBodies(), Wanted()
    wanted.drop()
    with wanted.working(), pytest.raises(NoLongerWanted):
        coded.code(hole)
    assert coded._scratch is not None and not list(coded._scratch.path.iterdir())
    coded.close()


def test_the_file_of_a_large_body_is_removed_on_close(large: Response) -> None:
    coded = CodedBodies()
    small = coded.code(Response("<rss/>", coding="gzip"))
    file = coded.code(large).body
    assert isinstance(file, FileBody)
    assert gzip.decompress(file.path.read_bytes()) == b"<rss/>" * 1000
    assert file.size == file.path.stat().st_size
    coded.close()
    coded.close()

    assert not file.path.exists() and not coded.has(large)
    assert coded.code(Response("<rss/>", coding="gzip")).body is small.body
    assert gzip.decompress(bytes_of(coded.code(large))) == b"<rss/>" * 1000
    coded.close()


def test_the_oldest_body_is_dropped_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coded_bodies, "KEPT", 2)
    coded = CodedBodies()
    responses = [Response(f"<rss>{n}</rss>", coding="gzip") for n in range(3)]
    for response in responses:
        coded.code(response)

    assert [coded.has(response) for response in responses] == [False, True, True]


def test_a_body_that_is_made_while_it_is_sent_cannot_be_coded() -> None:
    response = Response(parts)
    assert isinstance(response.body, MadeBody)
    with pytest.raises(ValueError, match="makes while it is sent cannot be coded; yield coded parts"):
        CodedBodies().code(response.changed(coding="gzip"))
