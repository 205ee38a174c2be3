"""One child of a pool, with a process that the test directs; and a pool, with children that the test directs."""

from __future__ import annotations

import errno
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.metadata import version
from io import BytesIO
from typing import Any, ClassVar

import pytest

from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.parser import NotAFeed, ParserDied, ParseTimeout, ipc, page_shapes
from lifestream.parser import pool as pool_module
from lifestream.parser.article import ExtractedArticle
from lifestream.parser.job_queue import JobQueue
from lifestream.parser.pool import ARGUMENTS, ParserPool, _Child, release
from lifestream.parser.questions import Nonsense
from lifestream.parser.web_page import Page
from lifestream.plugins import ParsedFeed, Registry
from lifestream.plugins.item_pipeline import Prepared

PATIENCE = 3 if hasattr(signal, "setitimer") else 1
KILLED = -9
PROCESSOR_TIME_IS_UP = -27
HANGS = 20.0  # seconds after which a thread that a test waits for is taken to hang
URL = "https://feeds.example/feed.xml"
QUESTION = {"question": 1}


class ScriptedProcess:
    """Stands for a child process. *ends_with* is its status if it ends by itself, and None as long as it doesn't."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.command, self.options = command, options
        self.stdin, self.stdout = BytesIO(), BytesIO()
        self.ends_with: int | None = None
        self.returncode: int | None = None
        self.kills = 0
        self.timeouts: list[float] = []

    def poll(self) -> int | None:
        self.returncode = self.ends_with if self.returncode is None else self.returncode
        return self.returncode

    def kill(self) -> None:
        self.kills += 1
        if self.poll() is None:
            self.returncode = KILLED

    def wait(self, timeout: float | None = None) -> int:
        if timeout is not None:
            self.timeouts.append(timeout)
        elif self.poll() is None:
            self.returncode = 0  # its input has ended
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self.command, timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        assert self.returncode is not None


class Directed:
    """A child whose processes are scripted, and what was done with it: its processes, exchanges and limits of time.

    *answer* answers what is asked.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.processes: list[ScriptedProcess] = []
        self.exchanges: list[tuple[dict[str, Any], bytes]] = []
        self.limits: list[float] = []
        self.answer: Callable[[], dict[str, Any]] = dict
        self.is_late = False
        monkeypatch.setattr(subprocess, "Popen", self._start)
        monkeypatch.setattr(pool_module, "_exchange", self._exchange)
        if sys.platform == "win32":  # where no status tells who has ended a process
            monkeypatch.setattr(pool_module, "_KILLED", KILLED)
            monkeypatch.setattr(pool_module, "_TIME_IS_UP", PROCESSOR_TIME_IS_UP)
        deadlines: Any = self
        self.child = _Child(SanitizerRules(), 1.5, 1000, deadlines)

    @property
    def process(self) -> ScriptedProcess:
        return self.processes[-1]

    def ask(self) -> dict[str, Any]:
        return self.child.ask(QUESTION, b"body")

    def raises(self, error: BaseException, ends_with: int | None = None) -> None:
        """Let the exchanges from now on fail with *error*, and the process end with the status *ends_with*."""

        def answer() -> dict[str, Any]:
            self.process.ends_with = ends_with
            raise error

        self.answer = answer

    def _start(self, command: list[str], **options: Any) -> ScriptedProcess:
        self.processes.append(ScriptedProcess(command, **options))
        return self.process

    def _exchange(self, running: Any, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        assert running.process is self.process
        self.exchanges.append((question, body))
        return self.answer()

    @contextmanager
    def killing(self, process: ScriptedProcess, seconds: float, late: threading.Event) -> Iterator[None]:
        assert process is self.process
        self.limits.append(seconds)
        if self.is_late:
            late.set()
        yield


@pytest.fixture
def directed(monkeypatch: pytest.MonkeyPatch) -> Directed:
    return Directed(monkeypatch)


def test_a_process_is_set_up_once_and_each_step_has_its_limit_of_time(directed: Directed) -> None:
    directed.answer = lambda: {"answer": len(directed.exchanges)}
    assert [directed.ask(), directed.ask()] == [{"answer": 2}, {"answer": 3}]
    setup = {"rules": ipc.RULES.pack(SanitizerRules()), "memory": 1000, "release": release()}
    assert directed.exchanges == [(setup, b""), (QUESTION, b"body"), (QUESTION, b"body")]
    assert directed.limits == [60.0, 1.5 * PATIENCE, 1.5 * PATIENCE]
    assert len(directed.processes) == 1

    assert directed.child.end() == 0
    assert directed.limits[3:] == [5.0]
    assert directed.process.kills == 0
    assert directed.process.stdin.closed
    assert directed.child.end() is None


def test_a_process_gets_pipes_and_an_environment_of_its_own(
    directed: Directed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("PYTHON_API_KEY", "secret")
    monkeypatch.setattr(sys, "path", ["", "/a", *filter(None, sys.path)])  # whole: metadata of packages are looked up
    widened: list[object] = []
    monkeypatch.setattr(pool_module, "_widen", widened.append)
    directed.ask()
    assert widened == [directed.process]
    assert directed.process.command == [sys.executable, *ARGUMENTS]
    environment = directed.process.options.pop("env")
    assert environment["LC_ALL"] == "C.UTF-8"
    assert environment["PYTHONPATH"] == os.pathsep.join(["/a", *sys.path[2:]])
    assert not {"TZ", "PYTHON_API_KEY"} & environment.keys()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 256 * 1024}
    assert directed.process.options == pipes


def test_both_pipes_are_widened_where_the_system_can(monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    if sys.platform != "linux":
        pytest.skip("only Linux has this call")
    calls: list[tuple[object, ...]] = []

    def refuse(*arguments: object) -> None:
        calls.append(arguments)
        raise PermissionError

    process: Any = ScriptedProcess([])
    monkeypatch.setattr(fcntl, "fcntl", refuse)
    pool_module._widen(process)
    assert calls == [(pipe, fcntl.F_SETPIPE_SZ, 256 * 1024) for pipe in (process.stdin, process.stdout)]
    monkeypatch.setattr(sys, "platform", "darwin")
    pool_module._widen(process)
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("error", "ends_with", "expected", "status"),
    [
        (EOFError(), None, ParserDied, KILLED),
        (EOFError(), 3, ParserDied, 3),
        (BrokenPipeError(32, "x"), 0, ParserDied, 0),
        (EOFError(), KILLED, pool_module._Killed, KILLED),
        (BrokenPipeError(), KILLED, pool_module._Killed, KILLED),
        # An answer that makes no sense is the fault of whoever gave it, even if it has been killed since.
        (ValueError("frame"), None, ParserDied, KILLED),
        (ValueError("frame"), KILLED, ParserDied, KILLED),
    ],
)
def test_the_end_of_a_process_that_reads_says_why_the_document_is_not_read(
    directed: Directed, error: Exception, ends_with: int | None, expected: type[Exception], status: int
) -> None:
    directed.ask()
    directed.raises(error, ends_with)
    with pytest.raises(ParserDied) as raised:
        directed.ask()
    assert type(raised.value) is expected
    assert str(raised.value) == f"the process that read it ended (status {status}, {error!r})"
    assert directed.process.returncode == status
    # Without a wrong answer, the process has closed its pipes, and is about to end.
    assert directed.process.timeouts == ([] if isinstance(error, ValueError) else [1.0])
    assert len(directed.processes) == 1

    directed.answer = dict
    directed.ask()
    assert len(directed.processes) == 2


@pytest.mark.parametrize(("is_late", "ends_with"), [(False, PROCESSOR_TIME_IS_UP), (True, KILLED), (True, None)])
def test_a_process_that_has_taken_too_much_time_is_a_timeout(
    directed: Directed, is_late: bool, ends_with: int | None
) -> None:
    directed.ask()
    directed.is_late = is_late
    directed.raises(EOFError(), ends_with)
    with pytest.raises(ParseTimeout, match=r"^reading it took longer than 1\.5 seconds$"):
        directed.ask()


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), KeyboardInterrupt(), LookupError()], ids=repr)
def test_a_process_whose_answer_was_not_read_to_its_end_is_killed(directed: Directed, error: BaseException) -> None:
    directed.ask()
    directed.raises(error)
    with pytest.raises(type(error)):
        directed.ask()
    assert (directed.process.kills, directed.process.returncode) == (1, KILLED)


@pytest.mark.parametrize(
    ("number", "shortage"),
    [(errno.ENOENT, Shortage.PROCESSES), (errno.EMFILE, Shortage.FILES), (errno.ENOMEM, Shortage.MEMORY)],
)
def test_a_process_that_cannot_be_started_is_a_shortage(
    directed: Directed, monkeypatch: pytest.MonkeyPatch, number: int, shortage: Shortage
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(ShortOf) as raised:
        directed.ask()
    assert raised.value.shortage is shortage


def test_processes_that_do_not_become_ready_are_logged_once_until_one_does(
    directed: Directed, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(error: Exception, ends_with: int | None) -> list[str]:
        caplog.clear()
        directed.raises(error, ends_with)
        with pytest.raises(ShortOf) as raised:
            directed.ask()
        assert raised.value.shortage is Shortage.PROCESSES
        return [record.getMessage() for record in caplog.records]

    said = f"no process to read documents could be started with {sys.executable}: "
    assert fail(EOFError(), 7) == [f"{said}it ended with the status 7"]
    assert fail(EOFError(), 8) == []
    directed.answer = dict
    directed.ask()
    directed.child.end()
    assert fail(ValueError("no frame"), None) == [f"{said}no frame"]
    assert fail(ValueError("no frame"), None) == []


def test_a_process_that_has_ended_between_two_documents_is_replaced_and_logged(
    directed: Directed, caplog: pytest.LogCaptureFixture
) -> None:
    directed.ask()
    directed.ask()
    assert len(directed.processes) == 1
    directed.process.ends_with = KILLED
    directed.ask()
    assert len(directed.processes) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "a process that reads documents has ended between two of them, with the status -9"
    ]


def test_a_started_process_is_not_started_again(directed: Directed) -> None:
    assert directed.child.start() is directed.child.start()
    assert (len(directed.processes), directed.exchanges) == (1, [])
    directed.ask()
    assert len(directed.exchanges) == 2


def test_aborting_kills_a_process_only_while_it_answers_and_refuses_further_questions(directed: Directed) -> None:
    def abort() -> dict[str, Any]:
        directed.child.abort()
        assert directed.process.kills == 1
        raise EOFError

    directed.ask()
    directed.answer = abort
    with pytest.raises(ParserDied, match=r"^the pool was closed while"):
        directed.ask()
    with pytest.raises(ParserDied, match=r"^the pool was closed before"):
        directed.ask()
    assert len(directed.processes) == 1


def test_aborting_a_child_that_was_never_asked_kills_nothing(directed: Directed) -> None:
    directed.child.start()
    directed.child.abort()
    assert directed.process.kills == 0


def test_aborting_a_child_that_has_answered_kills_nothing(directed: Directed) -> None:
    directed.ask()
    directed.child.abort()
    assert directed.process.kills == 0


def test_a_process_that_starts_while_the_pool_closes_is_killed_before_it_is_asked(
    directed: Directed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(command: list[str], **options: Any) -> ScriptedProcess:
        directed.child.abort()
        return directed._start(command, **options)

    def answer() -> dict[str, Any]:
        assert directed.process.returncode == KILLED
        raise EOFError

    monkeypatch.setattr(subprocess, "Popen", start)
    directed.answer = answer
    with pytest.raises(ParserDied, match=r"^the pool was closed while"):
        directed.ask()


def test_a_question_is_sent_with_its_document_and_its_answer_is_returned() -> None:
    questions, answers = BytesIO(), BytesIO()
    ipc.send(answers, {"answer": 1})
    answers.seek(0)
    running: Any = pool_module._Process(None, questions, answers)  # type: ignore[arg-type]
    assert pool_module._exchange(running, QUESTION, b"body") == {"answer": 1}
    questions.seek(0)
    assert ipc.receive(questions) == (QUESTION, b"body")


def test_an_answer_that_is_no_object_is_refused() -> None:
    for answer, name in (([1], "list"), ("x", "str"), (None, "NoneType")):
        pipe = BytesIO()
        ipc.send(pipe, answer)
        pipe.seek(0)
        running: Any = pool_module._Process(None, BytesIO(), pipe)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=rf"^an answer that is {name}$"):
            pool_module._exchange(running, QUESTION, b"")


class ScriptedChild:
    """Stands for a child of a pool: *result* is what it answers or raises. *done* has what was done with it."""

    result: ClassVar[list[Any]] = []

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments
        self.done: list[str] = []
        self.questions: list[dict[str, Any]] = []

    def start(self) -> None:
        self.done.append("start")

    def ask(self, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        self.done.append("ask")
        self.questions.append(question)
        answer = self.result.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = answer()
        return {"prepared": ipc.PREPARED.pack(answer)} if isinstance(answer, Prepared) else answer

    def abort(self) -> None:
        self.done.append("abort")

    def end(self, *, kill: bool = False) -> None:
        self.done.append("kill" if kill else "end")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedChild]:
    """Let pools have scripted children. A pool whose threads do not end fails its test instead of waiting for ever."""
    join = threading.Thread.join

    def joined(thread: threading.Thread) -> None:
        join(thread, HANGS)
        assert not thread.is_alive(), thread.name

    monkeypatch.setattr(pool_module, "_Child", ScriptedChild)
    monkeypatch.setattr(ScriptedChild, "result", [])
    monkeypatch.setattr(threading.Thread, "join", joined)
    return ScriptedChild


def children(pool: ParserPool) -> list[ScriptedChild]:
    found: list[Any] = pool._children
    return found


@pytest.mark.parametrize(("size", "processors", "count"), [(None, 3, 3), (None, None, 1), (2, 3, 2)])
def test_a_pool_has_a_child_for_each_processor_and_gives_it_the_limits(
    scripted: type[ScriptedChild], monkeypatch: pytest.MonkeyPatch, size: int | None, processors: int, count: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    before = set(threading.enumerate())
    with ParserPool(size) as pool:
        assert [child.arguments[:3] for child in children(pool)] == [(SanitizerRules(), 10.0, 2 * 2**30)] * count
        threads = {thread for thread in threading.enumerate() if thread not in before}
        assert {"parser-deadlines", *(f"parser-{number}" for number in range(1, count + 1))} == {
            thread.name for thread in threads
        }
        assert all(thread.daemon for thread in threads)
        pool.check()
    pool.check()
    assert not any(thread.is_alive() for thread in threads)
    assert [child.done[-3:] for child in children(pool)][1:] == [["abort", "end", "kill"]] * (count - 1)
    for call in (pool.submit, pool.read_page, pool.read_article):
        with pytest.raises(RuntimeError, match="this ParserPool is closed"):
            call(b"", {}, URL)


@pytest.mark.parametrize("allowed", [1, 2])
def test_a_pool_has_as_many_children_as_threads_can_be_started(
    scripted: type[ScriptedChild], monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    refuse_threads(monkeypatch, allowed)
    scripted.result = [Prepared(ParsedFeed())]
    with ParserPool(4) as pool:
        assert len(children(pool)) == allowed
        pool.check()
        assert pool.submit(b"", {}, URL).result(HANGS) == Prepared(ParsedFeed())


@pytest.mark.usefixtures("scripted")
def test_a_pool_without_any_thread_is_refused_and_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())
    refuse_threads(monkeypatch, 0)
    with pytest.raises(RuntimeError, match=r"^can't start new thread$"):
        ParserPool(2)
    assert set(threading.enumerate()) <= before


def refuse_threads(monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    """Let only the first threads of children be started, *allowed* of them."""
    start = threading.Thread.start
    refused = {f"parser-{number}" for number in range(allowed + 1, 10)}

    def starting(thread: threading.Thread) -> None:
        if thread.name in refused:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starting)


def test_expected_documents_have_more_children_started(
    scripted: type[ScriptedChild], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Semaphore(0)
    monkeypatch.setattr(scripted, "start", lambda _: started.release())
    with ParserPool(3) as pool:
        pool.expect(1000)
        assert all(started.acquire(timeout=HANGS) for _ in range(3))


def test_a_process_is_started_once_it_is_needed(scripted: type[ScriptedChild], monkeypatch: pytest.MonkeyPatch) -> None:
    steps: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(JobQueue, "wait_until_needed", lambda _: steps.put("needed"))
    monkeypatch.setattr(scripted, "start", lambda _: steps.put("started"))
    with ParserPool(1):
        assert steps.get(timeout=HANGS) == "needed"
        assert steps.get(timeout=HANGS) == "started"


@pytest.mark.usefixtures("scripted")
def test_the_release_is_looked_up_before_any_thread_needs_it() -> None:
    release.cache_clear()
    with ParserPool(1):
        assert release.cache_info().currsize == 1
    assert release() == f"{version('django-lifestream')} {version('nh3')}"


def test_what_a_child_answers_or_raises_becomes_the_result_of_the_document(scripted: type[ScriptedChild]) -> None:
    scripted.result = [Prepared(ParsedFeed(title="T")), LookupError("x"), SystemExit(3), {}, Prepared(ParsedFeed())]
    with ParserPool(1) as pool:
        [child] = children(pool)
        assert pool.submit(b"", {}, URL).result(HANGS).feed.title == "T"
        with pytest.raises(LookupError):
            pool.submit(b"", {}, URL).result(HANGS)
        with pytest.raises(ParserDied, match=r"^SystemExit ended the reading of the document$"):
            pool.submit(b"", {}, URL).result(HANGS)
        assert child.done == ["start", "ask", "ask", "ask"]
        with pytest.raises(Nonsense):
            pool.submit(b"", {}, URL).result(HANGS)
        assert pool.submit(b"", {}, URL).result(HANGS) == Prepared(ParsedFeed())
    assert child.done[4:6] == ["ask", "kill"]


def test_what_is_asked_for_with_a_document_reaches_the_child(scripted: type[ScriptedChild]) -> None:
    scripted.result = [Prepared(ParsedFeed()), Prepared(ParsedFeed())]
    registry = Registry(use_entry_points=False)
    with ParserPool(1, 1.5, registry=registry) as pool:
        pool.submit(b"", {"Content-Type": "text/xml"}, URL).result(HANGS)
        pool.submit(b"", {}, URL, plugin="github", noted=True, known="digests").result(HANGS)
    [child] = children(pool)
    usual = {"headers": {"content-type": "text/xml"}, "url": URL, "plugin": "", "deadline": 1.5}
    assert child.questions == [
        {**usual, "noted": False, "known": ""},
        {**usual, "headers": {}, "plugin": "github", "noted": True, "known": "digests"},
    ]


def test_pages_and_articles_are_read_as_documents_are(scripted: type[ScriptedChild]) -> None:
    page, article = Page(title="T"), ExtractedArticle("<p>x</p>", "x", "x")
    scripted.result = [{"page": page_shapes.PAGE.pack(page)}, {"article": page_shapes.ARTICLE.pack(article)}]
    with ParserPool(1, max_page=7) as pool:
        assert pool.read_page(b"", {}, URL).result(HANGS) == page
        assert pool.read_article(b"", {}, URL).result(HANGS) == article
    [child] = children(pool)
    assert [question.get("most") for question in child.questions] == [7, None]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.usefixtures("scripted")
def test_check_reports_a_thread_that_ended_for_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    ending: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()

    def fail(_: object) -> None:
        ending.put(threading.current_thread())
        raise MemoryError

    with ParserPool(2) as pool:
        pool.expect(100)
        pool.check()
        with monkeypatch.context() as patched:
            patched.setattr(Future, "set_running_or_notify_cancel", fail)
            pool.submit(b"", {}, URL)
            ending.get(timeout=HANGS).join()
        with pytest.raises(ShortOf) as raised:
            pool.check()
    assert raised.value.shortage is Shortage.MEMORY
    pool.check()


def test_a_document_that_was_cancelled_is_not_read(scripted: type[ScriptedChild]) -> None:
    is_asked, go_on = threading.Event(), threading.Event()

    def waiting() -> dict[str, Any]:
        is_asked.set()
        go_on.wait(HANGS)
        return {"not a feed": "waited"}

    scripted.result = [waiting, Prepared(ParsedFeed())]
    with ParserPool(1) as pool:
        first, cancelled, last = (pool.submit(b"", {}, URL) for _ in range(3))
        assert is_asked.wait(HANGS)
        assert cancelled.cancel()
        go_on.set()
        with pytest.raises(NotAFeed, match=r"^waited$"):
            first.result(HANGS)
        assert last.result(HANGS) == Prepared(ParsedFeed())


def test_closing_cancels_what_waits(scripted: type[ScriptedChild]) -> None:
    is_asked, aborted = threading.Event(), threading.Event()

    def waiting() -> dict[str, Any]:
        is_asked.set()
        aborted.wait(HANGS)
        raise ParserDied("aborted")

    scripted.result = [waiting]
    with ParserPool(1) as pool:
        children(pool)[0].abort = aborted.set  # type: ignore[method-assign]
        first, waits = pool.submit(b"", {}, URL), pool.submit(b"", {}, URL)
        assert is_asked.wait(HANGS)
    assert waits.cancelled()
    with pytest.raises(ParserDied, match=r"^aborted$"):
        first.result(0)


def test_a_document_whose_process_was_killed_is_read_once_more(
    scripted: type[ScriptedChild], caplog: pytest.LogCaptureFixture
) -> None:
    killed = pool_module._Killed("it was killed")
    scripted.result = [killed, Prepared(ParsedFeed(title="T")), killed, killed]
    with ParserPool(1) as pool:
        assert pool.submit(b"", {}, URL).result(HANGS).feed.title == "T"
        assert [record.getMessage() for record in caplog.records] == [
            f"a process was killed from outside while it read {URL}, which is read again: it was killed"
        ]
        with pytest.raises(ParserDied, match=r"^it was killed$"):
            pool.submit(b"", {}, URL).result(HANGS)


@pytest.mark.parametrize("error", [OSError(), MemoryError()])
def test_a_process_that_cannot_be_started_in_advance_ends_no_thread(
    scripted: type[ScriptedChild], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr(ScriptedChild, "start", refuse)
    scripted.result = [Prepared(ParsedFeed())]
    with ParserPool(1) as pool:
        assert pool.submit(b"", {}, URL).result(HANGS) == Prepared(ParsedFeed())
