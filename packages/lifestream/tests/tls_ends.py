"""Run a coroutine in an event loop of its own that ends only after the connections of the coroutine.

To close a TLS connection, each side sends a message. A loop that ends before would leave the connection open, and the
garbage collector would find it in some other test.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

TURNS = 10
"""Enough turns of the loop, after it ceases to watch a socket, for the transports above the socket to be closed."""


def run_to_the_end(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run *coroutine* as `asyncio.run` does, and wait until all connections are closed, but at most a second."""
    selector = selectors.DefaultSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.get_loop()
        own = len(selector.get_map())  # sockets by which other threads wake the loop
        try:
            return runner.run(coroutine)
        finally:
            runner.run(_closed(selector, own))


async def _closed(selector: selectors.BaseSelector, own: int) -> None:
    for _ in range(200):
        if len(selector.get_map()) <= own:
            break
        await asyncio.sleep(0.005)
    for _ in range(TURNS):
        await asyncio.sleep(0)
