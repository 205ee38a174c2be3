"""The sources of documents to read, and the number of documents in memory at a time."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from feedserver import FeedServer, Request, Response
from lifestream.refresh.documents import DocumentReading, is_address, read_documents

RSS = b"<rss version='2.0'><channel><title>\xc3\xa9</title></channel></rss>"

pytestmark = pytest.mark.usefixtures("shared_parsers")


def test_an_address_to_fetch_is_recognised_by_its_scheme() -> None:
    assert [is_address(name) for name in ("https://a", "HTTP://a", "a.example/feed", "-", "ftp://a")] == [
        True, True, False, False, False,
    ]  # fmt: skip


@override_settings(LIFESTREAM_MAX_BODY=len(RSS))
def test_a_file_may_be_as_long_as_an_answer(tmp_path: Path) -> None:
    (tmp_path / "feed").write_bytes(RSS)
    (tmp_path / "longer").write_bytes(RSS + b" ")
    readings = [*read_documents([str(tmp_path / "feed"), str(tmp_path / "longer"), "-"], stdin=io.BytesIO(RSS + b" "))]
    error = f"it has more than {len(RSS)} bytes, which is the maximum (LIFESTREAM_MAX_BODY)"
    assert [reading.error for reading in readings] == ["", error, error]
    assert readings[0].prepared is not None


@override_settings(LIFESTREAM_PARSERS=1)
def test_only_four_documents_are_read_before_their_results_are_requested(tmp_path: Path) -> None:
    (tmp_path / "feed").write_bytes(RSS)
    loaded = 0

    def names() -> Iterator[str]:
        nonlocal loaded
        for _ in range(100):
            loaded += 1
            yield str(tmp_path / "feed")

    readings = read_documents(names())
    assert isinstance(next(readings), DocumentReading)
    assert loaded == 5
    assert len([*readings]) == 99


@override_settings(LIFESTREAM_ALLOWED_NETWORKS=["127.0.0.0/8"])
def test_a_given_header_and_address_replace_those_of_an_answer() -> None:
    with FeedServer() as server:
        server.add("/feed", Response(RSS, headers={"Content-Type": "text/xml; charset=utf-8"}))
        url = server.url("/feed")
        header = {"content-type": "text/xml; charset=cp866"}
        [replaced] = read_documents([url], url="https://blog.example/", headers=header)
        [plain] = read_documents([url])
    assert replaced.prepared is not None
    assert plain.prepared is not None
    assert (replaced.url, replaced.prepared.feed.encoding) == ("https://blog.example/", "ibm866")
    assert (plain.url, plain.prepared.feed.title) == (url, "é")


def test_an_invalid_url_is_an_error() -> None:
    [reading] = read_documents(["http://user:secret@[::1/feed"])
    assert reading.error == "http://…@[::1/feed is no URL: Invalid IPv6 URL"
    assert reading.url == ""
    assert reading.name == "http://…@[::1/feed"


@override_settings(LIFESTREAM_ALLOWED_NETWORKS=["127.0.0.0/8"])
def test_a_document_is_named_without_the_login_of_its_address() -> None:
    with FeedServer() as server:
        server.add("/feed", Response(RSS))
        url = server.url("/feed")
        [reading] = read_documents([url.replace("//", "//user:secret@")])
        assert server.requests[-1].headers["Authorization"]
    assert (reading.name, reading.url) == (url, url)
    within = "https://blog.example/proxy/https://ada:secret@b.example/"
    [through_a_proxy] = read_documents(["-"], url=within, stdin=io.BytesIO(RSS))
    assert through_a_proxy.url == within
    [of_file] = read_documents(["-"], url="https://user:secret@blog.example/feed", stdin=io.BytesIO(RSS))
    assert of_file.url == "https://blog.example/feed"


@override_settings(LIFESTREAM_ALLOWED_NETWORKS=["127.0.0.0/8"])
def test_urls_of_several_hosts_are_fetched_concurrently_and_reported_in_order() -> None:
    at_once: list[int] = []

    def held(_request: Request) -> Response:
        """Return the document, once the other server has been asked."""
        other.wait_for("/feed", timeout=20)
        at_once.append(len(first.requests))
        return Response(RSS)

    with FeedServer() as first, FeedServer() as other:
        first.add("/held", held)
        first.add("/feed", Response(RSS))
        other.add("/feed", Response(RSS))
        urls = [first.url("/held"), first.url("/feed"), other.url("/feed"), "no-such-file", "http://[::1"]
        readings = [*read_documents(urls)]

    assert [reading.name for reading in readings] == urls
    assert [reading.prepared is not None for reading in readings] == [True, True, True, False, False]
    assert at_once == [1]  # requests to one host are sent one after the other


@override_settings(LIFESTREAM_ALLOWED_NETWORKS=["127.0.0.0/8"], LIFESTREAM_PARSERS=1)
def test_a_limited_number_of_urls_is_fetched_ahead_and_none_after_a_close() -> None:
    asked = 0

    def names() -> Iterator[str]:
        nonlocal asked
        for _ in range(100):
            asked += 1
            yield server.url("/feed")

    with FeedServer() as server:
        server.add("/feed", Response(RSS))
        readings = read_documents(names())
        assert next(readings).prepared is not None
        readings.close()

        assert "lifestream-read" not in [thread.name for thread in threading.enumerate()], "nothing can fetch any more"
        assert asked <= 4 + 1 + 8
        assert len(server.requests) <= asked
