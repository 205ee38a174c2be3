"""A loop for one coroutine, which ends when its connections have.

The end of TLS takes a message each way. A loop that ends before would leave a connection open, for the garbage
collector to find in some other test.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

TURNS = 10
"""Turns of the loop from the moment when it ceases to watch a socket until the transports above it are told."""


def run_to_the_end(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Return what `asyncio.run` returns or raises, once every connection is closed, or a second later."""
    selector = selectors.DefaultSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.get_loop()
        own = len(selector.get_map())  # by what other threads wake the loop
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
