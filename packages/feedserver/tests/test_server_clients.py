"""Clients trust a server of HTTPS by the context or the bundle that it gives them."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests

from feedserver import FeedServer, Response


@pytest.fixture
def secure(root: Path) -> Iterator[FeedServer]:
    with FeedServer(root, tls=True) as server:
        server.add("/x", Response("hello " * 20_000))
        yield server


BODY = b"hello " * 20_000


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_urllib_trusts_the_context(secure: FeedServer, host: str) -> None:
    url = f"https://{host}:{secure.port}/x"
    with urllib.request.urlopen(url, context=secure.client_context(), timeout=10) as answer:
        assert answer.read() == BODY
    assert secure.requests[0].scheme == "https"


def test_requests_trusts_the_bundle(secure: FeedServer) -> None:
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(secure.url("x"), verify=secure.ca_bundle, timeout=10).content == BODY


def test_httpx_trusts_the_context(secure: FeedServer) -> None:
    with httpx.Client(verify=secure.client_context(), trust_env=False) as client:
        assert client.get(secure.url("x")).content == BODY


def test_aiohttp_trusts_the_context(secure: FeedServer) -> None:
    async def get() -> bytes:
        context = secure.client_context()
        async with aiohttp.ClientSession() as session, session.get(secure.url("x"), ssl=context) as answer:
            return await answer.read()

    assert asyncio.run(get()) == BODY


@pytest.mark.skipif(shutil.which("curl") is None, reason="this machine has no curl")
def test_curl_trusts_the_bundle(secure: FeedServer) -> None:
    command = ["curl", "-sS", "--max-time", "10", "--cacert", secure.ca_bundle, secure.url("x")]
    assert subprocess.run(command, capture_output=True, check=True).stdout == BODY


def test_a_server_without_tls_has_no_bundle(server: FeedServer) -> None:
    for ask in (lambda: server.ca_bundle, server.client_context):
        with pytest.raises(RuntimeError, match=r"the server speaks no TLS; start it with FeedServer\(…, tls=True\)"):
            ask()
