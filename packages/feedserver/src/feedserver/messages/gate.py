"""Gates, at which code that makes an answer waits for the test, and the cancellation of answers that nobody wants.

A thread that makes an answer works for a `Wanted`, a cancellation token. The server drops it when the client has left,
the server stops or the time limit of a callable is over. Code that waits at a gate, or in a coroutine that `run_async`
runs, is then ended at once, by an exception that no `except Exception` of a test's code catches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from feedserver.messages.argument_types import check_seconds, check_whole

if TYPE_CHECKING:
    import asyncio

GATE_TIMEOUT = 10.0
"""Seconds that `Gate.wait` waits by default."""

_T = TypeVar("_T")


class NoLongerWanted(BaseException):
    """The answer that this code makes is no longer wanted: the client has left, the server stops, or time is over.

    If the code of a test raises it itself while the answer is still wanted, it is reported like any other error.
    """


class Wanted:
    """A cancellation token: an answer is wanted until any thread calls `drop`."""

    __slots__ = ("_is_dropped", "_lock", "_to_call")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_dropped = False
        self._to_call: dict[object, Callable[[], object]] = {}

    @property
    def is_dropped(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._is_dropped

    def drop(self) -> None:
        """Note that nobody waits for the answer any more, and end the code that makes it."""
        with self._lock:
            self._is_dropped = True
            to_call, self._to_call = self._to_call, {}
        for function in to_call.values():
            function()

    @contextmanager
    def on_drop(self, function: Callable[[], object]) -> Iterator[None]:
        """Call *function* when the answer is dropped while the block runs, or at once where it is dropped already."""
        key = object()
        with self._lock:
            is_late = self._is_dropped
            if not is_late:
                self._to_call[key] = function
        if is_late:
            function()
        try:
            yield
        finally:
            with self._lock:
                self._to_call.pop(key, None)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Have the code of the block work for this answer: a drop ends its waits at gates and what `run_async` runs."""
        before = _current.set(self)
        try:
            yield
        finally:
            _current.reset(before)


_current: ContextVar[Wanted | None] = ContextVar("the answer that this code makes", default=None)


def is_dropped() -> bool:
    """Return whether the answer that this code makes has been dropped."""
    wanted = _current.get()
    return wanted is not None and wanted.is_dropped


def end_if_dropped() -> None:
    """Raise NoLongerWanted where the answer that this code makes has been dropped."""
    if is_dropped():
        raise NoLongerWanted


class _Turn:
    """One wait at a gate: whether it has used up a permit, and whether nobody waits for its end any more."""

    __slots__ = ("has_permit", "is_given_up")

    def __init__(self) -> None:
        self.has_permit = self.is_given_up = False


class Gate:
    """A gate at which the code of an answer waits until the test lets it pass. Any thread may use it.

    A generator function or a callable calls `wait`; an async one awaits the gate itself. The test calls `release` or
    `open`.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._permits = 0
        self._is_open = False

    def __repr__(self) -> str:
        return f"<Gate, {'open' if self._is_open else f'{self._permits} may pass'}>"

    def release(self, count: int = 1) -> None:
        """Let *count* calls of `wait` pass: those that wait already, or the next ones."""
        check_whole("count", count, 1, 2)
        with self._changed:
            self._permits += count
            self._changed.notify_all()

    def open(self) -> None:
        """Let everything pass, from now on."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def wait(self, timeout: float | None = GATE_TIMEOUT) -> None:
        """Wait until the test lets this call pass, at most *timeout* seconds (None: without end).

        Raises TimeoutError after that time. If the answer is no longer wanted, such as when the client has left, the
        code that waits is ended by `NoLongerWanted`, which is no `Exception`; its `finally` blocks run. In a thread
        that this code has started, unless by `asyncio.to_thread`, a wait is not ended in this way.
        """
        self._wait(timeout, _Turn())

    def __await__(self) -> Generator[object, None, None]:
        """Wait as `wait` does, without blocking the event loop that runs here. A wait that is cancelled uses up no
        `release`.
        """
        return self._wait_in_thread().__await__()

    async def _wait_in_thread(self) -> None:
        import asyncio  # most answers are made without it

        turn = _Turn()
        try:
            await asyncio.to_thread(self._wait, GATE_TIMEOUT, turn)
        except asyncio.CancelledError:
            with self._changed:
                turn.is_given_up = True
                self._permits += turn.has_permit  # the thread was faster than the cancellation
                self._changed.notify_all()
            raise

    def _wait(self, timeout: float | None, turn: _Turn) -> None:
        if timeout is not None:
            check_seconds("timeout", timeout)
        wanted = _current.get() or Wanted()
        with wanted.on_drop(self._wake), self._changed:
            passed = self._changed.wait_for(
                lambda: self._is_open or self._permits or wanted.is_dropped or turn.is_given_up, timeout
            )
            if wanted.is_dropped:
                raise NoLongerWanted
            if turn.is_given_up:
                return
            if not passed:
                raise TimeoutError(
                    f"the gate was not opened within {timeout:g} s; call its release() or open() in the test, or give "
                    "it more time, by wait(timeout=…)"
                )
            if not self._is_open:
                self._permits -= 1
                turn.has_permit = True

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


def run_async(coroutine: Coroutine[object, object, _T]) -> _T:
    """Run *coroutine* by `asyncio.run`, and cancel it when the answer that it works for is dropped.

    Raises NoLongerWanted if the cancellation ends it. If the coroutine itself raises nothing else, this raises what a
    task, a callback or a function in an executor has raised and nothing has awaited; asyncio would only log such an
    error. Two kinds of errors are still only logged: those of transports, caused by clients that disconnect, and those
    of futures that are freed after the run.
    """
    import asyncio

    wanted = _current.get() or Wanted()
    unawaited: list[BaseException] = []
    failed: list[asyncio.Future[Any]] = []
    is_over = False

    def make_task(
        loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **options: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **options)
        task.add_done_callback(keep_failed)
        return task

    def keep_failed(future: asyncio.Future[Any]) -> None:
        # What awaits it runs after this callback, so `_raise_first` asks again.
        if _is_unawaited(future):
            failed.append(future)

    def note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException) and "transport" not in context and not is_over:
            unawaited.append(error)
        else:
            loop.default_exception_handler(context)

    async def run() -> _T:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(note)
        loop.set_task_factory(make_task)
        run_in_executor = loop.run_in_executor

        def run_and_keep_failed(*given: Any, **named: Any) -> asyncio.Future[Any]:
            future = run_in_executor(*given, **named)
            future.add_done_callback(keep_failed)
            return future

        loop.run_in_executor = run_and_keep_failed  # type: ignore[assignment]
        task = asyncio.ensure_future(coroutine)
        with wanted.on_drop(lambda: call_soon(loop, task.cancel)):
            return await task

    try:
        result = asyncio.run(run())
    except asyncio.CancelledError:
        if not wanted.is_dropped:
            raise
        _raise_first(unawaited, failed)
        raise NoLongerWanted from None
    finally:
        is_over = True
    _raise_first(unawaited, failed)
    return result


def _raise_first(unawaited: list[BaseException], failed: list[asyncio.Future[Any]]) -> None:
    """Raise the first exception that nothing has handled, if there is one: of *unawaited*, else of a *failed* future.

    An exception that `asyncio.gather` or `asyncio.shield` has passed on to a future that nothing awaits is not handled
    either. NoLongerWanted is raised only if there is no other.
    """
    left = {id(each) for each in failed if _is_unawaited(each)}
    errors = [(error, id(each) in left) for each in failed if (error := each.exception()) is not None]
    kept = _kept_unawaited({id(error) for error, is_unawaited in errors if not is_unawaited})
    found = [*unawaited, *(error for error, is_unawaited in errors if is_unawaited or id(error) in kept)]
    found.sort(key=lambda error: isinstance(error, NoLongerWanted))  # it tells less than any other error
    if found:
        raise found[0] from None


def _kept_unawaited(errors: set[int]) -> set[int]:
    """Return those of *errors*, ids of exceptions, that belong to a future that nothing awaits.

    `asyncio.gather` and `asyncio.shield` pass exceptions on to a future of their own. As long as something refers to
    that future, asyncio does not log the exceptions.
    """
    if not errors:
        return set()
    import asyncio
    import gc

    kept: set[int] = set()
    for each in gc.get_objects():  # once, however many there are: the heap may be large
        if issubclass(type(each), asyncio.Future) and _is_unawaited(each) and each.done():
            error = getattr(each, "_exception", None)
            if id(error) in errors:
                each.exception()  # asked for, so that asyncio does not log it
                kept.add(id(error))
    return kept


def _is_unawaited(future: asyncio.Future[Any]) -> bool:
    """Return whether *future*, which may be a task, has raised, and nothing has asked for its exception.

    asyncio logs such an exception only when the future is freed: never while something refers to it, and too late if
    it is part of a cycle of references. What asyncio then looks at is this private attribute, in Python 3.11 to 3.13.
    The errors of futures that lack it are only logged by asyncio.
    """
    return bool(getattr(future, "_log_traceback", False))


class CalledFromThreads(Protocol):
    """What `call_soon` needs of an event loop."""

    def call_soon_threadsafe(self, callback: Callable[[], object], /) -> object:
        """Call *callback* on the loop's thread. Raises RuntimeError where the loop is closed."""

    def is_closed(self) -> bool:
        """Return whether the loop can't be used any more."""


def call_soon(loop: CalledFromThreads, function: Callable[[], object]) -> None:
    """Have *loop* call *function* on its thread; do nothing where the loop has ended."""
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        if not loop.is_closed():
            raise
