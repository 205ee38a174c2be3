"""A test waits for requests to a server, and `verify` says what went wrong."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer, NotSeen, Response, VerificationError
from rawclient import RawClient


def test_asyncio_code_can_use_a_server_and_is_told_how_to_wait_for_requests(root: Path) -> None:
    async def main() -> None:
        with FeedServer(root) as server:
            server.add("/x", Response("x"))
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(b"GET /x HTTP/1.0\r\n\r\n")
            assert (await reader.read()).endswith(b"\r\n\r\nx")
            writer.close()
            await writer.wait_closed()
            with pytest.raises(RuntimeError, match=r"use 'await asyncio.to_thread\(server.wait_for, …\)'"):
                server.wait_for("/x")
            assert len(await asyncio.to_thread(server.wait_for, "/x")) == 1

    asyncio.run(main())


def test_verify_names_each_unanswered_request_once(root: Path) -> None:
    (root / "atom.xml").write_text("x")
    with FeedServer(root) as server:
        with RawClient(server) as client:
            assert client.get("/atm.xml").status == 404
            assert client.get("/atom.xml", method="DELETE").status == 405
        with pytest.raises(VerificationError) as caught:
            server.verify()
        server.verify()
    assert str(caught.value) == (
        "GET /atm.xml: nothing answers.\n"
        "Near it: /atom.xml.\n"
        f"This would answer: a file {root / 'atm.xml'}, or\n"
        "  server.add('/atm.xml', Response(…))\n\n"
        "DELETE /atom.xml: a file answers GET and HEAD only. This would answer:\n"
        "  server.add('/atom.xml', Response(…), method='DELETE')"
    )


def test_a_server_that_is_not_strict_does_not_report_missing_paths(server: FeedServer) -> None:
    with RawClient(server) as client:
        assert client.get("/none").status == 404
    server.verify()


def test_wait_for_returns_as_soon_as_the_requests_have_come(server: FeedServer) -> None:
    def ask_twice() -> None:
        with RawClient(server) as client:
            client.get("/x")
            client.get("/x")

    asking = threading.Thread(target=ask_twice)
    begun = time.monotonic()
    asking.start()
    assert [exchange.path for exchange in server.wait_for("/x", count=2, timeout=60)] == ["/x", "/x"]
    assert time.monotonic() - begun < 50
    asking.join()


def test_a_wait_in_vain_lists_the_requests_that_came_instead(server: FeedServer) -> None:
    server.add("/y", Response("y"))
    with RawClient(server) as client:
        client.get("/y")
    assert server.journal.exchanges[0].ended == "complete"
    with pytest.raises(NotSeen) as caught:
        server.wait_for("/x", count=2, timeout=0.01, method="GET")
    lines = str(caught.value).splitlines()
    assert lines[:2] == [
        "GET /x was requested 0 times within 0.01 s, not twice.",
        "The server received 1 request:",
    ]
    assert lines[2].startswith("  1. GET /y -> 200 OK, ")


def test_a_path_with_an_error_status_does_not_fail_verify(root: Path) -> None:
    with FeedServer(root) as server:
        server.add("/gone", Response(status=404))
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(server.url("gone"))
        caught.value.close()
        server.verify()


def test_a_verify_after_the_block_raises_what_the_end_of_the_server_has_caused() -> None:
    def parts() -> Iterator[str]:
        try:
            yield "x"
            server.gate().wait()
        finally:
            raise RuntimeError("raised when nobody wanted the body any more")

    with FeedServer() as server, RawClient(server) as cut, RawClient(server) as client:
        server.add("/made", Response(parts))
        client.ask("/made")
        client.read_head()
        cut.send(b"GET /cut HT")
        server.verify()
        server.stop()  # before the clients leave
    with pytest.raises(VerificationError) as caught:
        server.verify()
    assert "raised when nobody wanted the body any more" in str(caught.value)
    assert "the client stopped in the middle of the request's head; the server stopped" in str(caught.value)


def test_the_error_of_verify_has_the_name_that_tests_import() -> None:
    assert repr(VerificationError) == "<class 'feedserver.VerificationError'>"
    assert pickle.loads(pickle.dumps(VerificationError("a"))).args == ("a",)
