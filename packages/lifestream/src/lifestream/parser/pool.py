"""Child processes that read documents, on all cores. A document that hangs or crashes its process affects no other.

Each child has a thread here, which starts it once it is needed (see `job_queue`), sends it one document at a time, and
waits. If a document takes longer than its deadline, its child is killed: by the kernel after that much processor time,
and by `deadlines` after three times that much wall time. On Windows, which does not limit processor time, the deadline
itself counts as wall time. The next document gets a new child. The children are plain `subprocess` children, because
Celery's workers may not have `multiprocessing` ones.

A child may also be killed from outside, for instance by the kernel if the machine has no more memory. That says nothing
about its document, which is read once more, by a new child. If that one is killed as well, the document has failed, so
that its feed is not requested more often than other feeds that fail.

Shipped plugins run in the child. Your own plugin may need Django, so its hooks run in this process, in the child's
thread, between two questions to the child. The first question asks to read the document, the second to clean the
results of the hooks. So nothing from a feed is cleaned without a deadline.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from types import TracebackType
from typing import Any, BinaryIO, Final, NamedTuple, Self, cast

from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.fetcher.shortage import Shortage, ShortOf, shortage_of
from lifestream.message import say
from lifestream.parser import ipc
from lifestream.parser.article import ExtractedArticle
from lifestream.parser.deadlines import Deadlines
from lifestream.parser.errors import ParserDied, ParseTimeout
from lifestream.parser.job_queue import JobQueue
from lifestream.parser.questions import ArticlePage, DocumentQuestion, Nonsense, WebPage, document
from lifestream.parser.web_page import MAX_PAGE, Page
from lifestream.plugins.item_pipeline import Prepared
from lifestream.plugins.registry import Registry

_log = logging.getLogger(__name__)

DEADLINE: Final = 10.0
"""How long a document may take by default, in seconds."""

MEMORY: Final = 2 * 1024**3
"""The maximum address space of a child by default, in bytes: 20,000 entries need a tenth of it."""

ARGUMENTS: Final = (
    # No garbage is collected while the modules are imported: what is imported stays. With -m, Python would first import
    # the modules that find the one to run.
    *("-P", "-c"),
    "import gc; gc.disable(); from lifestream.parser import worker; worker.run()",
)
"""The arguments with which Python runs as a child."""

_PATIENCE: Final = 3 if hasattr(signal, "setitimer") else 1
"""How many times its deadline a document may take in wall time: several times, if the kernel limits its processor time;
once otherwise.
"""
_TIME_IS_UP: Final = -getattr(signal, "SIGPROF", 0) or None
"""The exit status of a child that the kernel has killed at the deadline."""
_KILLED: Final = -getattr(signal, "SIGKILL", 0) or None
"""The exit status of a child that was killed, for instance by the kernel for lack of memory."""
_PIPE: Final = 256 * 1024
"""Bytes that fit into a pipe to or from a child, and are read at once: as many as most documents and answers have. With
a pipe of the usual 64 KiB, the two processes would wait for each other several times for each document.
"""

_STARTING: Final = 60.0
"""How long a child may take to start, in seconds."""
_ENDING: Final = 5.0
"""How long a child may take to end, in seconds."""
_CLOSED: Final = 1.0
"""How long to wait for a child that has closed its pipes, in seconds. If it ends by itself, its status tells why."""
_PASSED_ON: Final = re.compile(
    r"(?!.*(?:KEY|PASS|SECRET|TOKEN|CREDENTIAL))(?:PYTHON|COV|LD_|DYLD_|LC_).*|"
    r"VIRTUAL_ENV|LANG|LANGUAGE|PATH|PATHEXT|SYSTEMROOT|TEMP|TMP|TMPDIR"
)
"""The names of the variables of our environment that a child keeps: no keys and passwords."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A document or a web page to read, and the future of its result."""

    future: Future[Any]
    to_read: DocumentQuestion | WebPage | ArticlePage


class _Killed(ParserDied):
    """The child was killed from outside while it read."""


class ParserPool:
    """A pool of up to *size* child processes that read documents (by default one for each processor).

    *deadline* is how long one document may take, in seconds, and *memory* the address space of a child, in bytes, where
    the system can bound it. *rules* say what markup may stay, *registry* which plugins there are (by default the
    shipped ones and those of entry points). `read_page` reads only the first *max_page* characters of a page. The pool
    is a context manager: leaving it ends the children, and the documents that they are reading fail.
    """

    def __init__(
        self,
        size: int | None = None,
        deadline: float = DEADLINE,
        *,
        memory: int = MEMORY,
        rules: SanitizerRules | None = None,
        registry: Registry | None = None,
        max_page: int = MAX_PAGE,
    ) -> None:
        self.deadline = deadline
        self.max_page = max_page
        self.rules = rules or SanitizerRules()
        self.registry = registry or Registry()
        self._jobs: JobQueue[_Job] = JobQueue()
        self._closed = False
        self._deadlines = Deadlines()
        self._children = [
            _Child(self.rules, deadline, memory, self._deadlines) for _ in range(size or os.cpu_count() or 1)
        ]
        release()  # cached now, while a lack of memory can still be reported to the caller
        self._threads = [
            threading.Thread(target=self._serve, args=(child,), name=f"parser-{number}", daemon=True)
            for number, child in enumerate(self._children, 1)
        ]
        self._start()

    def _start(self) -> None:
        """Start as many of the threads as the system allows. Raises the error of the first one if none can be
        started.
        """
        self._deadlines.start()
        for number, thread in enumerate(self._threads):
            try:
                thread.start()
            except RuntimeError:
                if not number:
                    self._deadlines.close()
                    raise
                del self._threads[number:], self._children[number:]
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def expect(self, documents: int) -> None:
        """Start as many processes as it pays to start for this number of *documents*. Without this call, one is started
        with the pool, and others if many documents wait, or if any wait and none has been taken for a while (see
        `job_queue`).
        """
        self._jobs.expect(documents)

    def submit(
        self,
        body: bytes,
        headers: Mapping[str, str],
        url: str,
        *,
        plugin: str = "",
        noted: bool = False,
        known: str = "",
    ) -> Future[Prepared]:
        """Have a child read *body*, which came with *headers* from *url*: see `parse`.

        The plugin is the one named *plugin*, else the one that the registry has for the feed. If *noted*, the result
        has notes. Of entries whose digests are *known* (see `entry_digests`) the result has only outlines.

        The future's result is safe to store. The future raises `NotAFeed`, `ParseTimeout` or `ParserDied`,
        or `ShortOf` if no process could be started to read the document, for which the document is not to blame. The
        future is cancelled if the pool is closed before its turn. Raises RuntimeError if the pool is closed.
        """
        self._check_open()
        job = _Job(Future(), document(body, headers, url, plugin, self.registry, noted=noted, known=known))
        self._jobs.put(job)
        return job.future

    def read_page(self, body: bytes, headers: Mapping[str, str], url: str) -> Future[Page]:
        """Have a child read the web page *body*, which came with *headers* from *url*: see `web_page.read_page`.

        The future is like that of `submit`, but never raises `NotAFeed`: anything can be read as a page.
        """
        self._check_open()
        job = _Job(Future(), WebPage(body, headers, url, self.max_page))
        self._jobs.put(job)
        return job.future

    def read_article(self, body: bytes, headers: Mapping[str, str], url: str) -> Future[ExtractedArticle]:
        """Have a child find the article of the web page *body*: see `article.read_article`.

        The future is like that of `submit`; without an article it raises `ParserDied`, which says why.
        """
        self._check_open()
        job = _Job(Future(), ArticlePage(body, headers, url))
        self._jobs.put(job)
        return job.future

    def check(self) -> None:
        """Raise `ShortOf` if a thread has ended for lack of memory: the future of its document will have no result."""
        if not (self._closed or all(thread.is_alive() for thread in self._threads)):
            raise ShortOf(Shortage.MEMORY)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this ParserPool is closed; submit before leaving its `with` block")

    def close(self) -> None:
        """End all children and threads, within seconds, unless a hook of your own plugin takes longer. Waiting
        documents are cancelled, and those being read fail.
        """
        self._closed = True
        for job in self._jobs.close():
            job.future.cancel()
        for child in self._children:
            child.abort()
        for thread in self._threads:
            thread.join()
        for child in self._children:
            child.end(kill=True)  # a process is left only if its thread has ended for lack of memory
        self._deadlines.close()

    def _serve(self, child: _Child) -> None:
        self._jobs.wait_until_needed()
        if not self._closed:
            with suppress(OSError, MemoryError):  # the first document will raise it again
                child.start()
        while (job := self._jobs.take()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                result = self._read(child, job)
            except Nonsense as error:
                child.end(kill=True)
                job.future.set_exception(error)
            except Exception as error:  # noqa: BLE001  the future raises it; else its caller waits for ever
                job.future.set_exception(error)
            except BaseException as error:  # noqa: BLE001  a plugin may raise it; it must not end the caller
                job.future.set_exception(ParserDied(f"{type(error).__name__} ended the reading of the document"))
            else:
                job.future.set_result(result)
            del job
        child.end()

    def _read(self, child: _Child, job: _Job) -> Any:
        """Have *child* read the document of *job*; once more if the child is killed from outside."""
        try:
            return job.to_read.read(child.ask, self.registry, self.deadline)
        except _Killed as error:
            # The kernel logs which processes it has killed, and why.
            _log.warning(
                "a process was killed from outside while it read %s, which is read again: %s", job.to_read.url, error
            )
        return job.to_read.read(child.ask, self.registry, self.deadline)


class _Process(NamedTuple):
    process: subprocess.Popen[bytes]
    questions: BinaryIO
    answers: BinaryIO


class _Child:
    """One child process, started when it is needed, and replaced when it has ended.

    Only one thread may use it, but any thread may abort it.
    """

    def __init__(self, rules: SanitizerRules, deadline: float, memory: int, deadlines: Deadlines) -> None:
        self._rules = rules
        self._deadline = deadline
        self._memory = memory
        self._deadlines = deadlines
        self._running: _Process | None = None
        self._ready: bool  # whether the running process has been set up
        self._busy = False
        self._aborted = False
        self._start_failure_logged = False  # since the last successful start
        self._lock = threading.Lock()

    def start(self) -> _Process:
        """Start the process unless it runs, without waiting until it is ready. Raises OSError if it can't be
        started.
        """
        if self._running is not None and self._ready and self._running.process.poll() is not None:
            # For instance, the kernel needed memory. The next document must not be blamed for that.
            status = self.end()
            if not self._aborted:
                _log.warning("a process that reads documents has ended between two of them, with the status %s", status)
        if self._running is None:
            process = subprocess.Popen(  # noqa: S603  the arguments are constants
                [sys.executable, *ARGUMENTS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=_PIPE,
                env=_environment(),
            )
            _widen(process)
            pipes = cast("tuple[BinaryIO, BinaryIO]", (process.stdin, process.stdout))
            self._running, self._ready = _Process(process, *pipes), False
        return self._running

    def ask(self, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Return the answer of the process to *question*.

        Raises `ParseTimeout`, `ParserDied` or `ShortOf`, after ending the process.
        """
        with self._lock:
            if self._aborted:
                raise ParserDied(say("pool-closed-before"))
            self._busy = True
        try:
            return self._ask(question, body)
        finally:
            with self._lock:
                self._busy = False

    def _ask(self, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        late = threading.Event()
        try:
            running = self.start()
        except OSError as error:
            raise self._not_started(error) from error
        with self._lock:
            if self._aborted:  # before there was this process, so `abort` could not kill it
                running.process.kill()
        try:
            if not self._ready:
                with self._deadlines.killing(running.process, _STARTING, late):
                    setup = {"rules": ipc.RULES.pack(self._rules), "memory": self._memory, "release": release()}
                    _exchange(running, setup, b"")
                    self._ready = True
                    self._start_failure_logged = False
            with self._deadlines.killing(running.process, self._deadline * _PATIENCE, late):
                return _exchange(running, question, body)
        except (OSError, EOFError, ValueError) as error:
            ready = self._ready
            # Get the status first: a process that is killed below must not look as if it had been killed from outside.
            ended = _status_of(running.process) if isinstance(error, OSError | EOFError) else None
            status = self.end(kill=True)
            if not ready and not self._aborted:
                raise self._not_started(error if ended is None else f"it ended with the status {ended}") from error
            if late.is_set() or status == _TIME_IS_UP:
                raise ParseTimeout(say("reading-too-long", seconds=f"{self._deadline:g}")) from error
            if self._aborted:
                raise ParserDied(say("pool-closed-while")) from error
            died = _Killed if ended is not None and ended == _KILLED else ParserDied
            raise died(say("reader-ended", status=str(status), error=repr(error))) from error
        except BaseException:
            # Part of a frame may still be in the pipes, for instance if memory ran out; it would be taken for the
            # beginning of the next document's answer.
            self.end(kill=True)
            raise

    def _not_started(self, reason: Exception | str) -> ShortOf:
        """Return the exception to raise if the process could not be made ready for documents because of *reason*."""
        if not self._start_failure_logged:  # Otherwise each document would have this line.
            _log.warning("no process to read documents could be started with %s: %s", sys.executable, reason)
            self._start_failure_logged = True
        shortage = shortage_of(reason) if isinstance(reason, Exception) else None
        return ShortOf(shortage or Shortage.PROCESSES)

    def abort(self) -> None:
        """Refuse all further questions, and kill the process if it is answering one."""
        with self._lock:
            self._aborted = True
            if self._busy and self._running is not None:
                self._running.process.kill()

    def end(self, *, kill: bool = False) -> int | None:
        """End the process, if there is one, and release its resources. Return its exit status, or None if there was
        none.
        """
        running, self._running = self._running, None
        if running is None:
            return None
        if kill:
            running.process.kill()
        # The process ends when its input ends; a broken pipe means that it has ended already.
        with running.process, self._deadlines.killing(running.process, _ENDING, threading.Event()):
            with suppress(OSError):
                running.questions.close()
            running.process.wait()
        return running.process.returncode


def _status_of(process: subprocess.Popen[bytes]) -> int | None:
    """Return the exit status of *process*, whose pipes are closed; None if it does not end by itself."""
    try:
        return process.wait(_CLOSED)
    except subprocess.TimeoutExpired:
        return None


def _widen(process: subprocess.Popen[bytes]) -> None:
    """Make the pipes of *process* as wide as _PIPE where the system can and permits it."""
    if sys.platform == "linux":
        import fcntl

        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # the sizes of a user's pipes have a limit in total
                fcntl.fcntl(cast("BinaryIO", pipe), fcntl.F_SETPIPE_SZ, _PIPE)


def _exchange(running: _Process, question: dict[str, Any], body: bytes) -> dict[str, Any]:
    ipc.send(running.questions, question, body)
    answer, _ = ipc.receive(running.answers)
    if not isinstance(answer, dict):
        raise ValueError(f"an answer that is {type(answer).__name__}")  # noqa: TRY004  the data is wrong, not the code
    return answer


@cache
def release() -> str:
    """Return the versions of what cleans HTML: this package and nh3."""
    return f"{version('django-lifestream')} {version('nh3')}"


def _environment() -> dict[str, str]:
    """Return the environment of a child: the variables of ours that it needs, and the path to our modules."""
    kept = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name.upper())}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
