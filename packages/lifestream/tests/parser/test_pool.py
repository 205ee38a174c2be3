"""Reading documents in child processes: real ones, that are killed, closed and replaced."""

from __future__ import annotations

import copy
import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pytest

from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.parser import NotAFeed, ParserDied, ParseTimeout, ipc, parse
from lifestream.parser.pool import ParserPool, _Child
from lifestream.parser.web_page import Candidate, read_page
from lifestream.parser.worker import Reader
from lifestream.plugins import Entry, FeedPlugin, ParsedFeed, Registry
from lifestream.plugins.flickr import FlickrPlugin
from lifestream.plugins.item_pipeline import prepare
from served import slow_page

FORMATS = Path(__file__).parents[1] / "feeds" / "formats"
URL = "https://feeds.example/feed.xml"
ipc_receive = ipc.receive
FEED = b'<rss version="2.0"><channel><title>T</title><item><title>One</title><guid>1</guid></item></channel></rss>'
# Reading this takes far longer than any test here does.
ENDLESS = b'<rss version="2.0"><channel>' + b"<item><title>x</title></item>" * 200_000


class Shouting(FeedPlugin):
    """A plugin of a site's own: it is not shipped, so it runs in the parent."""

    name = "shouting"
    domains: ClassVar[tuple[str, ...]] = ("loud.example",)
    threads: ClassVar[set[str]] = set()

    def process(self, entry: Entry) -> Entry:
        self.threads.add(threading.current_thread().name)
        return replace(entry, title=entry.title.upper(), content="<script>x</script><p>Loud</p>")


class Own(FeedPlugin):
    name = "own"

    def recognises(self, feed: ParsedFeed) -> bool:
        return feed.title == "T"


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(2) as pool:
        yield pool


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[_Child]:
    """The children that are handed `ENDLESS`, as they are."""
    children: queue.SimpleQueue[_Child] = queue.SimpleQueue()
    ask = _Child._ask

    def noting(child: _Child, question: dict[str, object], body: bytes) -> dict[str, object]:
        if body is ENDLESS:
            children.put(child)
        return ask(child, question, body)

    monkeypatch.setattr(_Child, "_ask", noting)
    return children


@pytest.mark.parametrize("path", sorted(FORMATS.iterdir()), ids=lambda path: path.name)
def test_a_child_says_the_same_as_reading_here(pool: ParserPool, path: Path) -> None:
    body, headers = path.read_bytes(), {"Content-Type": "application/xml", "Content-Language": "da"}
    registry = Registry()
    feed = parse(body, headers, URL)

    assert pool.submit(body, headers, URL).result(60) == prepare(feed, registry.plugin_for(feed, URL), Sanitizer())


def test_many_documents_come_back_each_to_its_own(pool: ParserPool) -> None:
    futures = [pool.submit(FEED.replace(b"One", b"%d" % number), {}, URL) for number in range(50)]

    assert [future.result(60).items[0].title for future in futures] == [str(number) for number in range(50)]


def test_what_is_no_feed_says_so_and_leaves_the_child_at_work() -> None:
    with ParserPool(1) as pool:
        with pytest.raises(NotAFeed, match=r"^it is a web page"):
            pool.submit(b"<html></html>", {}, URL).result(60)
        first = _pids(pool)
        assert pool.submit(FEED, {}, URL).result(60).items[0].guid == "1"
        assert _pids(pool) == first


def test_a_document_over_its_deadline_is_ended_and_the_next_one_is_read() -> None:
    with ParserPool(1, deadline=1) as pool:
        assert pool.submit(FEED, {}, URL).result(60).items
        slow, quick = pool.submit(ENDLESS, {}, URL), pool.submit(FEED, {}, URL)

        with pytest.raises(ParseTimeout, match=r"^reading it took longer than 1 seconds$"):
            slow.result(60)
        assert quick.result(60).items[0].guid == "1"


def test_a_child_says_the_same_of_a_page_as_reading_here(pool: ParserPool) -> None:
    html = b"<meta charset=latin-1><title>Caf\xe9</title><link rel=feed href=/f title=F><link rel=icon href=/i.png>"
    headers = {"Content-Type": "text/html"}

    page = pool.read_page(html, headers, URL).result(60)

    assert page == read_page(html, headers, URL)
    assert (page.title, page.feeds) == ("Café", (Candidate("https://feeds.example/f", "F"),))


def test_a_page_over_its_deadline_is_ended_and_what_comes_next_is_read() -> None:
    with ParserPool(1, deadline=0.35) as pool:
        slow = pool.read_page(slow_page().encode(), {}, URL)
        quick = pool.read_page(b"<title>T</title>", {}, URL), pool.submit(FEED, {}, URL)

        with pytest.raises(ParseTimeout, match=r"^reading it took longer than 0\.35 seconds$"):
            slow.result(60)
        assert (quick[0].result(60).title, len(quick[1].result(60).items)) == ("T", 1)


def test_a_closed_pool_reads_no_page() -> None:
    with ParserPool(1) as pool:
        pass
    with pytest.raises(RuntimeError, match="this ParserPool is closed"):
        pool.read_page(b"", {}, URL)


def test_a_death_fails_its_own_document_only(asked: queue.SimpleQueue[_Child]) -> None:
    with ParserPool(2, deadline=30) as pool:
        _warm(pool)
        doomed = pool.submit(ENDLESS, {}, URL)
        child = asked.get(timeout=60)
        others = [pool.submit(FEED, {}, URL) for _ in range(10)]
        assert [len(other.result(60).items) for other in others] == [1] * 10
        assert not doomed.done()
        _kill(child)

        with pytest.raises(ParserDied, match=r"^the process that read it ended"):
            doomed.result(60)
        assert pool.submit(FEED, {}, URL).result(60).items


def test_a_child_that_dies_between_two_documents_fails_the_next_and_is_replaced() -> None:
    with ParserPool(1) as pool:
        _warm(pool)
        _kill(pool._children[0])

        with pytest.raises(ParserDied):
            pool.submit(FEED, {}, URL).result(60)
        assert pool.submit(FEED, {}, URL).result(60).items


def test_closing_cancels_what_waits_fails_what_is_read_and_leaves_nothing(asked: queue.SimpleQueue[_Child]) -> None:
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


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("other kernels don't keep this limit")
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    with ParserPool(1) as pool:
        _warm(pool)
        (child,) = pool._children
        assert child._running is not None
        soft, _ = resource.prlimit(child._running.process.pid, resource.RLIMIT_AS)

    assert 0 < soft <= 2 * 1024**3
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_secrets_of_the_environment_do_not_reach_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    from lifestream.parser.pool import _environment

    monkeypatch.setenv("DATABASE_URL", "postgres://user:hunter2@db/x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")

    assert "hunter2" not in "".join(_environment().values())
    assert "PYTHONPATH" in _environment()


def test_what_ends_a_child_is_printed_visibly() -> None:
    """A traceback may quote the document, and standard error may be a terminal."""
    code = "import sys; from lifestream.parser import worker; worker.serve = lambda *_: fail()\n"
    code += "def fail(): raise LookupError('\\x1b]0;title\\x07\\u202e')\nworker.fail = fail; worker.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert r"LookupError: \x1b]0;title\x07\u202e" in done.stderr
    assert not set(done.stderr) & {"\x1b", "\x07", "\u202e"}


def test_a_child_imports_neither_django_nor_a_web_client() -> None:
    code = "import sys, lifestream.parser.worker, lifestream.parser.document_reader; print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not {"django", "aiohttp", "asyncio"} & set(modules)


def test_rules_reach_the_children() -> None:
    body = FEED.replace(b"</item>", b"<description>&lt;b&gt;a&lt;/b&gt; &lt;i&gt;b&lt;/i&gt;</description></item>")
    with ParserPool(1, rules=SanitizerRules.of({"b": []})) as pool:
        assert pool.submit(body, {}, URL).result(60).items[0].content == "<b>a</b> b"


def test_a_plugin_of_ones_own_runs_here_and_before_sanitising() -> None:
    Shouting.threads.clear()
    registry = Registry([f"{__name__}.Shouting"], use_entry_points=False)
    with ParserPool(1, registry=registry) as pool:
        by_domain = pool.submit(FEED, {}, "https://www.loud.example/feed").result(60)
        by_name = pool.submit(FEED, {}, URL, plugin="shouting").result(60)
        neither = pool.submit(FEED, {}, URL).result(60)

    assert [prepared.plugin for prepared in (by_domain, by_name, neither)] == ["shouting", "shouting", "generic"]
    assert (by_name.items[0].title, by_name.items[0].content) == ("ONE", "<p>Loud</p>")
    assert Shouting.threads == {"parser-1"}


class Verbose(FeedPlugin):
    """A plugin of a site's own that writes markup which takes long to clean."""

    name = "verbose"

    def process(self, entry: Entry) -> Entry:
        return replace(entry, content="<p>a<b>b</b>" * 500_000)


def test_what_a_plugin_of_ones_own_leaves_is_cleaned_in_the_child_within_the_deadline() -> None:
    registry = Registry([f"{__name__}.Verbose"], use_entry_points=False)
    with ParserPool(1, deadline=0.5, registry=registry) as pool:
        with pytest.raises(ParseTimeout, match=r"^reading it took longer than 0\.5 seconds$"):
            pool.submit(FEED, {}, URL, plugin="verbose").result(60)
        assert pool.submit(FEED, {}, URL).result(60).items[0].guid == "1"


def test_nothing_is_cleaned_here_whatever_plugins_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def clean(*_: object) -> str:
        raise AssertionError("cleaned in the process that imports")

    for name in ("html", "plain", "text", "url"):
        monkeypatch.setattr(Sanitizer, name, clean)
    registry = Registry([f"{__name__}.Shouting"], use_entry_points=False)
    with ParserPool(1, registry=registry) as pool:
        own, shipped = pool.submit(FEED, {}, URL, plugin="shouting"), pool.submit(FEED, {}, URL)

        assert own.result(60).items[0].content == "<p>Loud</p>"
        assert shipped.result(60).items[0].title == "One"


def test_shipped_plugins_run_in_the_child_though_there_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Entry:
        raise AssertionError("a shipped plugin ran in the process that imports")

    monkeypatch.setattr(FlickrPlugin, "process", refuse)
    body = (Path(__file__).parents[1] / "feeds" / "sites" / "flickr.xml").read_bytes()
    with ParserPool(1, registry=Registry([f"{__name__}.Shouting"], use_entry_points=False)) as pool:
        prepared = pool.submit(body, {}, "http://127.0.0.1/photos.xml").result(60)

    assert (prepared.plugin, prepared.problems) == ("flickr", ())
    assert prepared.items


def test_a_child_that_has_read_nothing_says_so() -> None:
    child = Reader(Registry(use_entry_points=False), Sanitizer())

    assert child.answer({"prepare": "generic"}, b"") == {"failed": "it was not read before it was to be prepared"}


def test_a_feed_is_prepared_once() -> None:
    child = Reader(Registry(use_entry_points=False), Sanitizer())
    child.answer({"headers": {}, "url": URL, "plugin": None}, FEED)

    assert "prepared" in child.answer({"prepare": "generic"}, b"")
    assert "failed" in child.answer({"prepare": "generic"}, b"")


def test_the_first_import_knows_the_site_by_the_document_itself(pool: ParserPool) -> None:
    body = (Path(__file__).parents[1] / "feeds" / "sites" / "flickr.xml").read_bytes()

    assert pool.submit(body, {}, "http://127.0.0.1/photos.xml").result(60).plugin == "flickr"


def test_what_is_handed_to_plugins_of_ones_own_is_bounded_before_it_gets_here() -> None:
    """What comes from a child is taken apart here, where no deadline ends it."""
    child = Reader(Registry(use_entry_points=False), Sanitizer())
    items: list[dict[str, object]] = [{"id": "1", "tags": [*map(str, range(200))]}, *({} for _ in range(10_000))]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
    answer = child.answer({"headers": {}, "url": URL, "plugin": None}, body)
    feed = ipc.FEED.unpack(answer["feed"])

    assert (len(feed.entries), len(feed.entries[0].tags)) == (10_000, 100)
    with ParserPool(1, registry=Registry([f"{__name__}.Shouting"], use_entry_points=False)) as pool:
        for name in ("shouting", "generic"):
            capped = pool.submit(body, {}, URL, plugin=name).result(60).capped
            assert [note.partition(":")[0] for note in capped] == ["capped once", "capped once"]
        capped = pool.submit(body, {}, URL).result(60).capped
        assert [note.partition(" of ")[0] for note in capped] == ["capped once: entries", "capped once: tags"]


def test_a_plugin_of_ones_own_may_recognise_a_feed() -> None:
    with ParserPool(1, registry=Registry([f"{__name__}.Own"], use_entry_points=False)) as pool:
        assert pool.submit(FEED, {}, URL).result(60).plugin == "own"


class Leaving(FeedPlugin):
    name = "leaving"

    def process(self, entry: Entry) -> Entry:
        raise SystemExit(3)


def test_a_plugin_that_exits_keeps_nobody_waiting() -> None:
    with ParserPool(1, registry=Registry([f"{__name__}.Leaving"], use_entry_points=False)) as pool:
        for _ in range(2):
            prepared = pool.submit(FEED, {}, URL, plugin="leaving").result(60)
            assert [problem.error for problem in prepared.problems] == ["SystemExit: 3"]


class Ending(FeedPlugin):
    """Raises *error* when it is asked whether it recognises a feed."""

    name = "ending"
    error: ClassVar[BaseException] = SystemExit(3)

    def recognises(self, feed: ParsedFeed) -> bool:
        raise self.error


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), LookupError()], ids=repr)
def test_a_plugin_that_exits_where_it_is_only_asked_costs_no_feed(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ending, "error", error)
    with ParserPool(1, registry=Registry([f"{__name__}.Ending"], use_entry_points=False)) as pool:
        assert pool.submit(FEED, {}, URL).result(60).plugin == "generic"


def test_who_waits_for_a_document_is_not_interrupted_by_a_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ending, "error", KeyboardInterrupt())
    with ParserPool(1, registry=Registry([f"{__name__}.Ending"], use_entry_points=False)) as pool:
        with pytest.raises(ParserDied, match=r"^KeyboardInterrupt ended the reading of it$"):
            pool.submit(FEED, {}, URL).result(60)
        monkeypatch.setattr(Ending, "error", LookupError())
        assert pool.submit(FEED, {}, URL).result(60).plugin == "generic"


def _once(monkeypatch: pytest.MonkeyPatch, what: Callable[[Any], Any], number: int) -> None:
    """Lets *what* do with the answer of that *number*, from 1, that any child gives."""
    receive, answers = ipc.receive, itertools.count(1)

    def received(pipe: BinaryIO) -> tuple[Any, bytes]:
        if next(answers) == number:
            return what(pipe), b""
        return receive(pipe)

    monkeypatch.setattr(ipc, "receive", received)


def _begun(pipe: BinaryIO) -> None:
    pipe.read(3)
    raise MemoryError


def _nested(pipe: BinaryIO) -> None:
    pipe.read(3)
    raise RecursionError


@pytest.mark.parametrize("question", [1, 2])
@pytest.mark.parametrize("stop", [_begun, _nested])
def test_an_answer_that_was_read_in_part_is_no_part_of_the_next(
    stop: Callable[[BinaryIO], None], question: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry([f"{__name__}.Shouting"], use_entry_points=False)
    with ParserPool(1, registry=registry) as pool:
        _warm(pool)
        _once(monkeypatch, stop, question)
        with pytest.raises((MemoryError, RecursionError)):
            pool.submit(FEED, {}, URL).result(60)
        for number in range(3):
            read = pool.submit(FEED.replace(b"One", b"%d" % number), {}, URL).result(60)
            assert read.items[0].title == str(number)


LIES: dict[str, Any] = {
    "nothing": {},
    "no feed in it": {"feed": None, "capped": []},
    "a feed of another shape": {"feed": [1, 2], "capped": []},
    "nothing capped": {"feed": ipc.FEED.pack(ParsedFeed())},
    "capped by numbers": {"feed": ipc.FEED.pack(ParsedFeed()), "capped": [1]},
    "prepared as text": {"prepared": "x"},
    "prepared as nothing": {"prepared": None},
    "no answer": "x",
}


def _lying(lie: object, pipe: BinaryIO) -> object:
    ipc_receive(pipe)
    return copy.deepcopy(lie)


@pytest.mark.parametrize("question", [1, 2])
def test_a_child_that_lies_fails_its_own_document_and_is_replaced(
    question: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry([f"{__name__}.Shouting"], use_entry_points=False)
    with ParserPool(1, registry=registry) as pool:
        _warm(pool)
        for name, lie in LIES.items():
            with monkeypatch.context() as patched:
                _once(patched, partial(_lying, lie), question)
                with pytest.raises(ParserDied):
                    pool.submit(FEED, {}, URL).result(60)
            assert pool.submit(FEED, {}, URL).result(60).items[0].title == "One", name


def test_a_plugin_that_is_gone_is_reported_and_done_without(pool: ParserPool) -> None:
    prepared = pool.submit(FEED, {}, URL, plugin="vanished").result(60)

    assert prepared.plugin == "generic"
    assert len(prepared.items) == 1
    assert [problem.error for problem in prepared.problems] == [
        f"there is no plugin 'vanished': choose one of {', '.join(pool.registry.names)}"
    ]


def _warm(pool: ParserPool) -> None:
    for future in [pool.submit(FEED, {}, URL) for _ in range(4 * len(pool._children))]:
        future.result(60)


def _pids(pool: ParserPool) -> list[int]:
    return [child._running.process.pid for child in pool._children if child._running]


def _kill(child: _Child) -> None:
    assert child._running is not None
    os.kill(child._running.process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
