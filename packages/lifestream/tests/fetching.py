"""A fetch for tests, and a resolver and a server whose answers the test decides."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from guards import allowing
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import Fetcher, FetchLimits
from lifestream.fetcher.outcomes import FetchRequest, Outcome
from programs import PATIENCE

LOOPBACK = allowing("127.0.0.0/8, ::1")
AGENT = "lifestream/1.0 (+https://example.org/; {subscribers})"
RSS = b"<rss version='2.0'><channel><title>A feed</title></channel></rss>"


class FixedResolver(AbstractResolver):
    """A resolver with given answers: for each name a list of addresses, or several lists, used one after the other.

    The last list is used again and again. A name is written with `_` for `.`: `a_example` for "a.example".
    """

    def __init__(self, **answers: list[str] | list[list[str]]) -> None:
        self.answers = {
            name.replace("_", "."): list(lists) if isinstance(lists[0], list) else [lists]
            for name, lists in answers.items()
        }
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        lists = self.answers[host]
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Do nothing: nothing is open."""


def fetch(
    *requests: FetchRequest | str,
    guard: AddressGuard = LOOPBACK,
    resolver: AbstractResolver | None = None,
    **limits: Any,
) -> Any:
    """Fetch *requests* one after the other with one fetcher. Return the outcome, or a list if there are several."""

    async def run() -> list[Outcome]:
        async with Fetcher(guard, user_agent=AGENT, limits=FetchLimits(**limits), resolver=resolver) as fetcher:
            return [await fetcher.fetch(FetchRequest(each) if isinstance(each, str) else each) for each in requests]

    outcomes = asyncio.run(run())
    return outcomes if len(outcomes) > 1 else outcomes[0]


@contextmanager
def raw_server(answer: bytes, *, hold: bool = False) -> Iterator[str]:
    """Yield the URL of a server that reads one request, sends exactly *answer*, which need not be HTTP, and closes.

    With *hold*, it closes the connection only at the end of the block.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                if hold:
                    done.wait(PATIENCE)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        done.set()
        thread.join(10)
        assert not thread.is_alive()
