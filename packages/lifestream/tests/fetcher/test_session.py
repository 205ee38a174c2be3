"""The session that every request goes through: nothing in it happens by itself."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import aiohttp
import pytest

from feedserver import FeedServer, Response
from feedserver.faults import Close
from guards import allowing
from lifestream.fetcher.session import open_session, prepare_loop

READ = ("3.14",)
"""Versions of aiohttp whose `client.py` was read for the private attribute that `open_session` sets."""


def test_the_private_attribute_was_read_in_this_version_of_aiohttp() -> None:
    installed = ".".join(version("aiohttp").split(".")[:2])
    assert installed in READ, (
        f"aiohttp {installed}: see that ClientSession._request still asks again only where _retry_connection is true, "
        "and name the version here"
    )


def test_a_connection_that_closes_without_an_answer_is_not_asked_again() -> None:
    async def ask(url: str) -> None:
        prepare_loop()
        async with open_session(allowing("127.0.0.0/8")) as session:
            await session.get(url)

    with FeedServer() as server:
        server.add("/feed", Response("<rss/>", faults=[Close(before="answer")]))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            asyncio.run(ask(server.url("/feed")))
        assert len(server.requests) == 1
