"""A loop for one coroutine, which ends when its connections have.

The end of TLS takes a message each way. A loop that ends before would leave a connection open, for the garbage
collector to find in some other test.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


def run_to_the_end(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """What `asyncio.run` returns, once every connection is closed, or a second later."""
    with asyncio.Runner() as runner:
        result = runner.run(coroutine)
        runner.run(_closed())
    return result


async def _closed() -> None:
    loop = asyncio.get_running_loop()
    # They are looked for once, since all objects are gone through: 0.1 s in a process that has run many tests.
    transports = [
        each
        for each in gc.get_objects()
        if isinstance(each, asyncio.Transport) and getattr(each, "_loop", None) is loop
    ]
    for _ in range(200):
        if not any(map(_is_open, transports)):
            return
        await asyncio.sleep(0.005)


def _is_open(transport: asyncio.Transport) -> bool:
    return getattr(transport, "_sock", None) is not None
