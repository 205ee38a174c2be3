"""Bodies that are made while they are sent, by a generator function of the test.

The function runs on a thread of its own, and the event loop asks it for one part after the other: a part is made when
the one before it has been handed to the operating system. So an endless body takes no memory, and while a client does
not read, the function is paused. With a Content-Length, the part that completes it waits until the function has ended.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from feedserver.messages.argument_types import named
from feedserver.messages.gate import NoLongerWanted, Wanted, call_soon, run_async

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

MakeParts: TypeAlias = "Callable[[], Iterator[str | bytes] | AsyncIterator[str | bytes]]"
"""A generator function, plain or async, that yields the parts of a body."""


@dataclass(frozen=True, slots=True)
class MadeBody:
    """A body whose parts the generator function *make* yields, anew for each request; text is sent as UTF-8."""

    make: MakeParts

    def __str__(self) -> str:
        name = getattr(self.make, "__qualname__", None) or type(self.make).__qualname__
        code = getattr(self.make, "__code__", None)
        return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code is not None else str(name)


def makes_parts(make: object) -> bool:
    """Return whether *make* is a generator function, plain or async, or an object that is called like one."""
    return _is_async(make) or any(map(inspect.isgeneratorfunction, _candidates(make)))


def _is_async(make: object) -> bool:
    return any(map(inspect.isasyncgenfunction, _candidates(make)))


def _candidates(make: object) -> tuple[object, ...]:
    """Return the objects that may be the generator function: *make*, and the `__call__` of its class."""
    return (make, type(make).__call__) if callable(make) and not isinstance(make, type) else (make,)


class PartSource:
    """The parts of *body* for one answer: a thread makes them by `run`, the event loop asks for them.

    For each part, the event loop calls `ask`, waits until `is_ready`, and calls `take`. `take` returns None after the
    last part. `drop` stops the generator function; `on_lost_error` is called with an exception that the function raises
    after that, or that it raised before and that no `take` has raised yet.
    """

    def __init__(self, body: MadeBody) -> None:
        self._body = body
        self._changed = threading.Condition()
        self._wanted = Wanted()
        self._is_asked = False
        self._on_ask: Callable[[], object] | None = None
        self._on_ready: Callable[[], object] | None = None
        self._part: bytes | None = None
        self._error: BaseException | None = None
        self._is_over = False
        self.on_lost_error: Callable[[BaseException], object] | None = None

    @property
    def name(self) -> str:
        """What runs on the thread, for messages."""
        return str(self._body)

    # On the event loop

    def ask(self) -> None:
        """Have the next part made."""
        with self._changed:
            self._is_asked = True
            on_ask = self._on_ask
            self._changed.notify_all()
        if on_ask is not None:
            on_ask()

    @property
    def is_ready(self) -> bool:
        """Whether `take` has something to return."""
        return self._part is not None or self._is_over

    def call_when_ready(self, ready: Callable[[], object]) -> None:
        """Call *ready*, on any thread, when there is something to take, which may be now."""
        with self._changed:
            is_ready = self.is_ready
            self._on_ready = None if is_ready else ready
        if is_ready:
            ready()

    def take(self) -> bytes | None:
        """Return the part that was asked for, None after the last one. Raises what the function raised."""
        with self._changed:
            part, self._part = self._part, None
            if part is not None:
                return part
            error, self._error = self._error, None
        if error is not None:
            raise error
        return None

    def drop(self) -> None:
        """Stop the generator function: no further part is wanted."""
        self._wanted.drop()
        self._report_lost_error()

    def _report_lost_error(self) -> None:
        """Pass on an exception that `take` will not raise any more, once."""
        with self._changed:
            error, self._error = self._error, None
        if error is not None and self.on_lost_error is not None:
            self.on_lost_error(error)

    # On the thread

    def run(self) -> None:
        """Make the parts, each when it is asked for, until there are no more or none is wanted."""
        try:
            with self._wanted.working(), self._wanted.on_drop(self.ask):
                if _is_async(self._body.make):
                    run_async(self._run_async())
                else:
                    self._run_plain()
        except BaseException as error:  # noqa: BLE001 - `take` raises it where the answer is sent
            if not (isinstance(error, NoLongerWanted) and self._wanted.is_dropped):
                self._error = error
        self._put(None)
        if self._wanted.is_dropped:
            self._report_lost_error()

    def _run_plain(self) -> None:
        generator = cast("Generator[object, None, None]", self._body.make())
        with closing(generator):
            while self._wait_for_ask():
                try:
                    part = next(generator)
                except StopIteration:
                    return
                self._put(self._encoded(part))

    def _wait_for_ask(self) -> bool:
        """Wait until a part is asked for; return False where none is wanted any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_asked or self._wanted.is_dropped)
            self._is_asked = False
        return not self._wanted.is_dropped

    async def _run_async(self) -> None:
        import asyncio

        loop, asked = asyncio.get_running_loop(), asyncio.Event()
        with self._changed:
            self._on_ask = lambda: call_soon(loop, asked.set)
            if self._is_asked:
                asked.set()
        async with aclosing(cast("AsyncGenerator[Any, None]", self._body.make())) as generator:
            while True:
                await asked.wait()
                asked.clear()
                if self._wanted.is_dropped:
                    return
                try:
                    part = await anext(generator)
                except StopAsyncIteration:
                    return
                self._put(self._encoded(part))

    def _encoded(self, part: object) -> bytes:
        if isinstance(part, str):
            return part.encode("utf-8", "surrogateescape")
        if isinstance(part, bytes | bytearray | memoryview):
            return bytes(part)
        raise TypeError(f"{self.name} yielded {named(part)}; yield bytes or text")

    def _put(self, part: bytes | None) -> None:
        with self._changed:
            self._part = part
            self._is_over = self._is_over or part is None
            ready, self._on_ready = self._on_ready, None
        if ready is not None:
            ready()
