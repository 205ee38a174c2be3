"""Real clients against a real server: how each of them reads the same few fixtures."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import feedparser
import httpx
import pytest
import requests

from feedserver import FeedServer, Response, moved

FEED = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<!--\nHeader: ETag: "v1"\nCoding: auto\n-->\n'
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>Größe</title></feed>\n'
)


@dataclass(frozen=True)
class Received:
    """What a client received."""

    status: int
    etag: str
    body: bytes


def by_urllib(url: str, headers: dict[str, str]) -> Received:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return Received(answer.status, answer.headers["ETag"] or "", answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Received(error.code, error.headers["ETag"] or "", error.read())


def by_requests(url: str, headers: dict[str, str]) -> Received:
    answer = requests.get(url, headers=headers, timeout=10)
    return Received(answer.status_code, answer.headers.get("ETag", ""), answer.content)


def by_httpx(url: str, headers: dict[str, str]) -> Received:
    answer = httpx.get(url, headers=headers, timeout=10, follow_redirects=True, trust_env=False)
    return Received(answer.status_code, answer.headers.get("ETag", ""), answer.content)


def by_aiohttp(url: str, headers: dict[str, str]) -> Received:
    async def get() -> Received:
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            return Received(answer.status, answer.headers.get("ETag", ""), await answer.read())

    return asyncio.run(get())


def by_curl(url: str, headers: dict[str, str]) -> Received:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("this machine has no curl")
    options = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        [curl, "-sSL", "--compressed", "--max-time", "10", "-w", "%{stderr}%{json}", *options, url],
        capture_output=True,
        check=True,
    )
    reported = json.loads(done.stderr)
    head = subprocess.run([curl, "-sSLI", "--max-time", "10", url], capture_output=True, check=True).stdout.decode()
    etags = [line.partition(":")[2].strip() for line in head.splitlines() if line.lower().startswith("etag:")]
    return Received(reported["response_code"], etags[-1] if etags else "", done.stdout)


Client = Callable[[str, dict[str, str]], Received]
CLIENTS = [by_urllib, by_requests, by_httpx, by_aiohttp, by_curl]
every_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__.removeprefix("by_"))


@pytest.fixture
def feeds(server: FeedServer, root: Path) -> FeedServer:
    (root / "atom.xml").write_text(FEED, encoding="utf-8")
    return server


@every_client
def test_a_client_gets_the_file_byte_for_byte(feeds: FeedServer, client: Client) -> None:
    got = client(feeds.url("atom.xml"), {})
    assert got == Received(200, '"v1"', FEED.encode())
    assert feeds.requests[0].headers["Host"] == f"127.0.0.1:{feeds.port}"


@every_client
def test_a_client_that_has_the_feed_gets_a_304(feeds: FeedServer, client: Client) -> None:
    assert client(feeds.url("atom.xml"), {"If-None-Match": '"v0", W/"v1"'}).status == 304


@every_client
def test_a_client_follows_redirects_to_a_path_and_to_a_whole_url(feeds: FeedServer, client: Client) -> None:
    feeds.add("/old", moved("/older", 302), moved("/atom.xml"))
    feeds.add("/older", moved("{base}/old", 307))
    assert client(feeds.url("old"), {}).body == FEED.encode()


@every_client
def test_a_client_reads_a_body_in_chunks_and_in_pieces(feeds: FeedServer, client: Client) -> None:
    feeds.add("/slow", Response("0123456789" * 100, pace="300 bytes every 1ms", omit=["Content-Length"]))
    assert client(feeds.url("slow"), {}).body == b"0123456789" * 100


@every_client
def test_a_client_sees_error_statuses(feeds: FeedServer, client: Client) -> None:
    feeds.add("/gone", Response("so long", 410))
    assert client(feeds.url("gone"), {}) == Received(410, "", b"so long")
    assert client(feeds.url("none"), {}).status == 404


def test_a_client_uses_the_server_as_its_proxy(feeds: FeedServer, root: Path) -> None:
    (root / "blog.example").mkdir()
    (root / "blog.example" / "atom.xml").write_text("proxied")
    proxies = {"http": feeds.base_url}
    got = requests.get("http://blog.example/atom.xml", proxies=proxies, timeout=10)
    assert got.content == b"proxied"
    assert feeds.requests[-1].host == "blog.example"
    with httpx.Client(proxy=feeds.base_url, trust_env=False) as client:
        assert client.get("http://blog.example/atom.xml").content == b"proxied"


def test_feedparser_reads_the_feed_with_its_own_client(feeds: FeedServer) -> None:
    parsed = feedparser.parse(feeds.url("atom.xml"))
    assert (parsed.status, parsed.feed.title, parsed.etag) == (200, "Größe", '"v1"')
    again = feedparser.parse(feeds.url("atom.xml"), etag=parsed.etag)
    assert again.status == 304


def test_a_header_charset_may_contradict_the_document(server: FeedServer, root: Path) -> None:
    (root / "liar.xml").write_bytes(
        "<?xml version='1.0' encoding='utf-8'?>\n"
        "<!--\nHeader: Content-Type: application/atom+xml; charset=windows-1251\n-->\n"
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>Привет</title></feed>".encode("windows-1251")
    )
    assert feedparser.parse(server.url("liar.xml")).feed.title == "Привет"
    assert server.requests[0].path == "/liar.xml"
    assert server.journal.exchanges[0].response.headers["Content-Type"].endswith("windows-1251")
