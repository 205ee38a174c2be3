"""Reading documents in real child processes, which are killed, closed and replaced."""

from __future__ import annotations

import copy
import itertools
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.parser import NotAFeed, ParserDied, ParseTimeout, ipc, parse
from lifestream.parser import pool as pool_module
from lifestream.parser.pool import ParserPool, _Child
from lifestream.parser.web_page import Candidate, read_page
from lifestream.plugins import FeedPlugin, ParsedFeed, Registry
from lifestream.plugins.item_pipeline import prepare
from served import slow_page

FORMATS = Path(__file__).parents[1] / "feeds" / "formats"
URL = "https://feeds.example/feed.xml"
ipc_receive = ipc.receive
FEED = b'<rss version="2.0"><channel><title>T</title><item><title>One</title><guid>1</guid></item></channel></rss>'
# To read this takes far longer than any test here.
ENDLESS = b'<rss version="2.0"><channel>' + b"<item><title>x</title></item>" * 200_000


class Own(FeedPlugin):
    """A plugin of a site's own. If there is one, a child is asked twice about each document."""

    name = "own"


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(2) as pool:
        yield pool


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[_Child]:
    """Return a queue of the children that get `ENDLESS`, in the order in which they get it."""
    children: queue.SimpleQueue[_Child] = queue.SimpleQueue()
    ask = _Child._ask

    def noting(child: _Child, question: dict[str, object], body: bytes) -> dict[str, object]:
        if body is ENDLESS:
            children.put(child)
        return ask(child, question, body)

    monkeypatch.setattr(_Child, "_ask", noting)
    return children


@pytest.mark.parametrize("path", sorted(FORMATS.iterdir()), ids=lambda path: path.name)
def test_a_child_reads_a_document_as_this_process_does(pool: ParserPool, path: Path) -> None:
    body, headers = path.read_bytes(), {"Content-Type": "application/xml", "Content-Language": "da"}
    registry = Registry()
    feed = parse(body, headers, URL)

    read = replace(pool.submit(body, headers, URL).result(60), digests=())
    assert read == prepare(feed, registry.plugin_for(feed, URL), Sanitizer())


@pytest.mark.slow
def test_each_of_many_documents_gets_its_own_result(pool: ParserPool) -> None:
    futures = [pool.submit(FEED.replace(b"One", b"%d" % number), {}, URL) for number in range(50)]

    assert [future.result(60).items[0].title for future in futures] == [str(number) for number in range(50)]


@pytest.mark.slow
def test_a_document_that_is_no_feed_is_reported_and_the_child_keeps_running() -> None:
    with ParserPool(1) as pool:
        with pytest.raises(NotAFeed, match=r"^it is a web page"):
            pool.submit(b"<html></html>", {}, URL).result(60)
        first = _pids(pool)
        assert pool.submit(FEED, {}, URL).result(60).items[0].guid == "1"
        assert _pids(pool) == first


@pytest.mark.slow
def test_a_document_that_exceeds_its_deadline_is_given_up_and_the_next_one_is_read() -> None:
    with ParserPool(1, deadline=1) as pool:
        assert pool.submit(FEED, {}, URL).result(60).items
        slow, quick = pool.submit(ENDLESS, {}, URL), pool.submit(FEED, {}, URL)

        with pytest.raises(ParseTimeout, match=r"^reading it took longer than 1 seconds$"):
            slow.result(60)
        assert quick.result(60).items[0].guid == "1"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system does not limit processor time")
def test_a_document_that_takes_too_much_processor_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_PATIENCE", 6000)  # the limit of wall time must not come first
    with ParserPool(1, deadline=0.1) as pool, pytest.raises(ParseTimeout, match=r"longer than 0\.1 seconds$"):
        pool.submit(ENDLESS, {}, URL).result(60)


@pytest.mark.slow
def test_a_child_reads_no_more_of_a_page_than_the_limit() -> None:
    html = b"<title>T</title>" + b" " * 2000 + b"<link rel=feed href=/f>"
    for most, feeds in ((1000, 0), (5000, 1)):
        with ParserPool(1, max_page=most) as pool:
            assert len(pool.read_page(html, {}, URL).result(60).feeds) == feeds


def test_a_child_reads_a_page_as_this_process_does(pool: ParserPool) -> None:
    html = b"<meta charset=latin-1><title>Caf\xe9</title><link rel=feed href=/f title=F><link rel=icon href=/i.png>"
    headers = {"Content-Type": "text/html", "Link": "</l>; rel=feed"}

    page = pool.read_page(html, headers, URL).result(60)

    assert page == read_page(html, headers, URL)
    assert page.title == "Café"
    assert page.feeds == (Candidate("https://feeds.example/l"), Candidate("https://feeds.example/f", "F"))


@pytest.mark.slow
def test_a_page_that_exceeds_its_deadline_is_given_up_and_the_next_ones_are_read() -> None:
    with ParserPool(1, deadline=0.35, max_page=10_000_000) as pool:
        slow = pool.read_page(slow_page(10_000_000).encode(), {}, URL)
        quick = pool.read_page(b"<title>T</title>", {}, URL), pool.submit(FEED, {}, URL)

        with pytest.raises(ParseTimeout, match=r"^reading it took longer than 0\.35 seconds$"):
            slow.result(60)
        assert (quick[0].result(60).title, len(quick[1].result(60).items)) == ("T", 1)


def test_a_closed_pool_reads_no_page() -> None:
    with ParserPool(1) as pool:
        pass
    with pytest.raises(RuntimeError, match="this ParserPool is closed"):
        pool.read_page(b"", {}, URL)


@pytest.mark.slow
def test_a_child_that_dies_fails_only_its_own_document(asked: queue.SimpleQueue[_Child]) -> None:
    with ParserPool(2, deadline=30) as pool:
        _warm(pool)
        doomed = pool.submit(ENDLESS, {}, URL)
        child = asked.get(timeout=60)
        others = [pool.submit(FEED, {}, URL) for _ in range(10)]
        assert [len(other.result(60).items) for other in others] == [1] * 10
        assert not doomed.done()
        _kill(child)
        _kill_reading(asked.get(timeout=60))

        with pytest.raises(ParserDied, match=r"^the process that read it ended"):
            doomed.result(60)
        assert pool.submit(FEED, {}, URL).result(60).items


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system does not tell who has ended a process")
def test_a_document_whose_child_is_killed_from_outside_is_read_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Linux kills processes if memory is short. The document that one is reading then is not to blame."""
    with ParserPool(1) as pool:
        _warm(pool)
        killed = _killing(monkeypatch, FEED, 1)
        assert all(pool.submit(FEED, {}, URL).result(60).items for _ in range(2))
        assert len(killed) == 1
    assert f"a process was killed from outside while it read {URL}, which is read again" in caplog.text


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system does not tell who has ended a process")
def test_a_document_whose_child_is_always_killed_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    with ParserPool(1) as pool:
        _warm(pool)
        killed = _killing(monkeypatch, b"bad", 9)
        with pytest.raises(ParserDied, match=r"^the process that read it ended \(status -9"):
            pool.submit(b"bad", {}, URL).result(60)
        assert len(killed) == 2
        assert pool.submit(FEED, {}, URL).result(60).items


@pytest.mark.slow
def test_a_child_that_this_process_ends_does_not_count_as_killed_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that a document has taken control of may close its pipe and keep running."""
    with ParserPool(1) as pool:
        _warm(pool)
        reads: list[bytes] = []

        def closed(running: Any, question: dict[str, Any], body: bytes) -> dict[str, Any]:
            reads.append(body)
            raise EOFError

        monkeypatch.setattr(pool_module, "_CLOSED", 0.1)
        monkeypatch.setattr(pool_module, "_exchange", closed)
        with pytest.raises(ParserDied):
            pool.submit(FEED, {}, URL).result(60)
        assert len(reads) == 1


@pytest.mark.slow
def test_a_child_that_dies_between_two_documents_fails_none(caplog: pytest.LogCaptureFixture) -> None:
    """Linux kills processes if memory is short, which is never a failure of a feed."""
    with ParserPool(1) as pool:
        _warm(pool)
        child = pool._children[0]
        assert child._running is not None
        process = child._running.process
        _kill(child)
        process.wait(60)

        assert pool.submit(FEED, {}, URL).result(60).items
    assert "a process that reads documents has ended between two of them" in caplog.text


def test_closing_cancels_waiting_documents_and_fails_those_being_read_and_ends_all_threads(
    asked: queue.SimpleQueue[_Child],
) -> None:
    threads = set(threading.enumerate())
    with ParserPool(1, deadline=60) as pool:
        _warm(pool)
        running, waiting = pool.submit(ENDLESS, {}, URL), pool.submit(FEED, {}, URL)
        child = asked.get(timeout=60)
        process = child._running.process if child._running else None

    with pytest.raises(ParserDied, match=r"^the pool was closed"):
        running.result(0)
    with pytest.raises(CancelledError):
        waiting.result(0)
    assert process is not None
    assert process.returncode is not None
    assert set(threading.enumerate()) <= threads
    with pytest.raises(RuntimeError, match="is closed"):
        pool.submit(FEED, {}, URL)


@pytest.mark.slow
@pytest.mark.parametrize("is_warm", [True, False])
def test_a_document_is_not_read_if_the_pool_closes_before_a_process_is_there(
    is_warm: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start = _Child.start

    def closing(child: _Child) -> Any:
        child.abort()
        if child._running is not None:
            child._running.process.wait(60)
        return start(child)

    with ParserPool(1, deadline=600) as pool:
        if is_warm:
            _warm(pool)
        monkeypatch.setattr(_Child, "start", closing)
        with pytest.raises(ParserDied, match=r"^the pool was closed"):
            pool.submit(ENDLESS, {}, URL).result(60)
    assert "has ended between" not in caplog.text


def test_a_pool_that_was_never_used_closes() -> None:
    with ParserPool(2):
        pass


def test_a_parser_that_cannot_be_started_is_no_failure_of_the_document(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", str(FORMATS / "no-such-python"))
    with ParserPool(1) as pool, pytest.raises(ShortOf) as raised:
        pool.submit(FEED, {}, URL).result(60)
    assert raised.value.shortage is Shortage.PROCESSES
    assert "no-such-python" in caplog.text


def test_the_memory_of_a_child_is_bounded() -> None:
    if sys.platform != "linux":
        pytest.skip("other kernels don't keep this limit")
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with ParserPool(1, memory=1024**3) as pool:
        _warm(pool)
        (child,) = pool._children
        assert child._running is not None
        soft, _ = resource.prlimit(child._running.process.pid, resource.RLIMIT_AS)

    assert 0 < soft <= 1024**3
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system does not show a process's environment")
def test_secrets_of_the_environment_do_not_reach_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://user:hunter2@db/x")
    for name in ("AWS_SECRET_ACCESS_KEY", "LANGSMITH_API_KEY", "PYTHON_KEYRING_PASSWORD", "TMP_TOKEN"):
        monkeypatch.setenv(name, "hunter2")
    with ParserPool(1) as pool:
        _warm(pool)
        (pid,) = _pids(pool)
        environment = Path(f"/proc/{pid}/environ").read_bytes()

    assert b"hunter2" not in environment
    assert b"PYTHONPATH=" in environment


@pytest.mark.slow
def test_rules_reach_the_children() -> None:
    body = FEED.replace(b"</item>", b"<description>&lt;b&gt;a&lt;/b&gt; &lt;i&gt;b&lt;/i&gt;</description></item>")
    with ParserPool(1, rules=SanitizerRules.of({"b": []})) as pool:
        assert pool.submit(body, {}, URL).result(60).items[0].content == "<b>a</b> b"


def _once(monkeypatch: pytest.MonkeyPatch, what: Callable[[Any], Any], number: int) -> None:
    """Let *what* receive the answer with this *number*, from 1 on, of all children's answers."""
    receive, answers = ipc.receive, itertools.count(1)

    def received(pipe: BinaryIO) -> tuple[Any, bytes]:
        if next(answers) == number:
            return what(pipe), b""
        return receive(pipe)

    monkeypatch.setattr(ipc, "receive", received)


def _out_of_memory_after_three_bytes(pipe: BinaryIO) -> None:
    pipe.read(3)
    raise MemoryError


def _too_deep_after_three_bytes(pipe: BinaryIO) -> None:
    pipe.read(3)
    raise RecursionError


@pytest.mark.slow
@pytest.mark.parametrize("question", [1, 2])
@pytest.mark.parametrize("stop", [_out_of_memory_after_three_bytes, _too_deep_after_three_bytes])
def test_the_rest_of_a_partly_received_answer_is_no_part_of_the_next(
    stop: Callable[[BinaryIO], None], question: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry([f"{__name__}.Own"], use_entry_points=False)
    with ParserPool(1, registry=registry) as pool:
        _warm(pool)
        _once(monkeypatch, stop, question)
        with pytest.raises((MemoryError, RecursionError)):
            pool.submit(FEED, {}, URL).result(60)
        for number in range(3):
            read = pool.submit(FEED.replace(b"One", b"%d" % number), {}, URL).result(60)
            assert read.items[0].title == str(number)


MALFORMED_ANSWERS: dict[str, Any] = {
    "nothing": {},
    "no feed in it": {"feed": None, "capped": []},
    "a feed of another shape": {"feed": [1, 2], "capped": []},
    "nothing capped": {"feed": ipc.FEED.pack(ParsedFeed())},
    "capped by numbers": {"feed": ipc.FEED.pack(ParsedFeed()), "capped": [1]},
    "prepared as text": {"prepared": "x"},
    "prepared as nothing": {"prepared": None},
    "no answer": "x",
}


def _replaced(answer: object, pipe: BinaryIO) -> object:
    ipc_receive(pipe)
    return copy.deepcopy(answer)


@pytest.mark.slow
@pytest.mark.parametrize("question", [1, 2])
def test_a_malformed_answer_fails_only_its_document_and_the_child_is_replaced(
    question: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry([f"{__name__}.Own"], use_entry_points=False)
    with ParserPool(1, registry=registry) as pool:
        _warm(pool)
        for name, malformed in MALFORMED_ANSWERS.items():
            before = _pids(pool)
            with monkeypatch.context() as patched:
                _once(patched, partial(_replaced, malformed), question)
                with pytest.raises(ParserDied):
                    pool.submit(FEED, {}, URL).result(60)
            assert pool.submit(FEED, {}, URL).result(60).items[0].title == "One", name
            assert len(before) == 1 and _pids(pool) != before, name


def _warm(pool: ParserPool) -> None:
    for future in [pool.submit(FEED, {}, URL) for _ in range(4 * len(pool._children))]:
        future.result(60)


def _pids(pool: ParserPool) -> list[int]:
    return [child._running.process.pid for child in pool._children if child._running]


def _killing(monkeypatch: pytest.MonkeyPatch, document: bytes, most: int) -> list[bytes]:
    """Have the process that gets *document* killed from outside, *most* times. Return what the killed ones got."""
    exchange = pool_module._exchange
    killed: list[bytes] = []

    def exchanged(running: Any, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        if body == document and len(killed) < most:
            killed.append(body)
            running.process.kill()
        return exchange(running, question, body)

    monkeypatch.setattr(pool_module, "_exchange", exchanged)
    return killed


def _kill_reading(child: _Child) -> None:
    """Kill the process of *child* once it is ready to read."""
    while child._running is None or not child._ready:
        threading.Event().wait(0.01)
    _kill(child)


def _kill(child: _Child) -> None:
    assert child._running is not None
    os.kill(child._running.process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
