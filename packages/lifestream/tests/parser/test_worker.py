"""The child process of a parser: its answers, imports and output."""

from __future__ import annotations

import copy
import gc
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.message import say, stored
from lifestream.parser import article, ipc, page_shapes, parse, worker
from lifestream.parser.article import ExtractedArticle, NoArticle
from lifestream.parser.web_page import read_page
from lifestream.parser.worker import Reader
from lifestream.plugins import Registry, registry
from lifestream.plugins.entry_digests import joined
from lifestream.plugins.generic import GenericPlugin
from lifestream.plugins.item_pipeline import Prepared, hooked

URL = "https://feeds.example/feed.xml"
FEED = b'<rss version="2.0"><channel><title>T</title><item><title>One</title><guid>1</guid></item></channel></rss>'


def test_the_error_that_ends_a_child_is_printed_without_control_characters() -> None:
    """A traceback may quote the document, and standard error may be a terminal."""
    code = "import sys; from lifestream.parser import worker; worker.serve = lambda *_: fail()\n"
    code += "def fail(): raise LookupError('\\x1b]0;title\\x07\\u202e')\nworker.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert r"LookupError: \x1b]0;title\x07\u202e" in done.stderr
    assert not set(done.stderr) & {"\x1b", "\x07", "\u202e"}


def test_a_child_reads_most_documents_without_django_aiohttp_or_rarely_needed_modules() -> None:
    dated = FEED.replace(b"</guid>", b"</guid><pubDate>Tue, 06 Jan 2026 10:30:00 +0100</pubDate>")
    code = (
        "import sys; from lifestream.parser import ipc, worker\n"
        "child = worker.Reader(worker.Registry(use_entry_points=False), worker.Sanitizer())\n"
        f"answer = child.answer({{'headers': {{}}, 'url': '', 'plugin': ''}}, {dated!r})\n"
        "[item] = ipc.PREPARED.unpack(answer['prepared']).items; assert item.published\nprint(*sys.modules)"
    )
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not {"django", "aiohttp", "asyncio", "feedparser", "lifestream.parser.date_forms"} & set(modules)


def test_a_child_that_has_read_nothing_answers_with_an_error() -> None:
    child = Reader(Registry(use_entry_points=False), Sanitizer())

    assert child.answer({"prepare": "generic"}, b"") == {
        "failed": "the document was not read before its items were to be prepared"
    }


def test_a_feed_is_prepared_once() -> None:
    child = Reader(Registry(use_entry_points=False), Sanitizer())
    child.answer({"headers": {}, "url": URL, "plugin": None}, FEED)

    assert "prepared" in child.answer({"prepare": "generic"}, b"")
    assert "failed" in child.answer({"prepare": "generic"}, b"")


@pytest.fixture
def reader() -> Reader:
    return Reader(Registry(use_entry_points=False), Sanitizer())


@pytest.fixture
def _garbage_collector() -> Iterator[None]:
    """Leave the garbage collector as it was."""
    was_enabled = gc.isenabled()
    yield
    gc.unfreeze()
    if was_enabled:
        gc.enable()
    else:
        gc.disable()


def question(**more: object) -> dict[str, Any]:
    return {"headers": {}, "url": URL, "plugin": "", **more}


def prepared(answer: dict[str, Any]) -> Prepared:
    return ipc.PREPARED.unpack(copy.deepcopy(answer["prepared"]))


def of_hooks(body: bytes) -> list[Any]:
    """Return what the parent sends to be cleaned, after a plugin has seen the feed in *body*."""
    packed: list[Any] = ipc.PREPARED.pack(hooked(parse(body, {}, URL), GenericPlugin()))
    return packed


@pytest.mark.parametrize(
    ("plugin", "url", "name"),
    [
        ("", URL, "generic"),
        ("", "https://www.youtube.com/feeds/videos.xml", "youtube"),
        ("flickr", URL, "flickr"),
        ("generic", "https://www.youtube.com/feeds/videos.xml", "generic"),
    ],
)
def test_the_shipped_plugin_is_the_named_one_or_else_the_one_for_the_feed(
    reader: Reader, plugin: str, url: str, name: str
) -> None:
    read = prepared(reader.answer(question(plugin=plugin, url=url), FEED))
    assert (read.plugin, [item.title for item in read.items]) == (name, ["One"])


def test_a_feed_for_an_unknown_plugin_is_only_read_and_its_caps_are_told(reader: Reader) -> None:
    tags = "".join(f"<category>{number}</category>" for number in range(101)).encode()
    answer = reader.answer(question(plugin=None), FEED.replace(b"</item>", tags + b"</item>"))
    feed = ipc.FEED.unpack(answer["feed"])
    assert answer.keys() == {"feed", "capped"}
    assert len(feed.entries[0].tags) == 100
    assert [note.partition(" of ")[0] for note in ipc.MESSAGES.unpack(answer["capped"])] == ["capped once: tags"]
    assert prepared(reader.answer({"prepare": "youtube"}, b"")).plugin == "youtube"


@pytest.mark.parametrize("is_own", [True, False])
def test_notes_are_taken_if_they_are_asked_for_and_belong_to_one_document(reader: Reader, is_own: bool) -> None:
    def second() -> dict[str, Any]:
        return {"clean": of_hooks(FEED)} if is_own else {"prepare": "generic"}

    reader.answer(question(plugin=None, noted=True), FEED)
    notes = prepared(reader.answer(second(), b"")).notes
    assert notes is not None and notes.reader == "strict"
    reader.answer(question(plugin=None), FEED)
    assert prepared(reader.answer(second(), b"")).notes is None
    assert prepared(reader.answer({"clean": of_hooks(FEED)}, b"")).notes is None
    at_once = prepared(reader.answer(question(noted=True), FEED)).notes
    assert at_once is not None and at_once.reader == "strict"
    assert prepared(reader.answer(question(noted=False), FEED)).notes is None


def test_results_of_hooks_are_cleaned(reader: Reader) -> None:
    content = b"<description>&lt;script>x&lt;/script>&lt;p>y&lt;/p></description></item>"
    drafted = of_hooks(FEED.replace(b"</item>", content))
    assert "<script>" in str(drafted)
    answer = reader.answer({"clean": drafted}, b"")
    assert [item.content for item in prepared(answer).items] == ["<p>y</p>"]


def test_known_entries_become_outlines_if_the_same_code_has_cleaned_them() -> None:
    registry, content = Registry(use_entry_points=False), b"<description>Text</description>"
    body = FEED.replace(b"</guid>", b"</guid><pubDate>Sun, 01 Mar 2026 08:30:00 GMT</pubDate>" + content)
    old, new = Reader(registry, Sanitizer(), "1"), Reader(registry, Sanitizer(), "2")
    first = prepared(old.answer(question(), body))
    known = joined([(first.digests[0], "key")])
    drafted = {"clean": of_hooks(body), "known": known}
    assert (first.known, first.items[0].content) == ((), "Text")
    assert [prepared(old.answer(asked, body)).known for asked in (question(known=known), drafted)] == [(0,), (0,)]
    assert prepared(new.answer(question(known=known), body)).known == ()


def test_a_page_is_read_as_in_this_process(reader: Reader) -> None:
    html, headers = b"<title>T</title><link rel=feed href=/f>", {"link": "</g>; rel=feed"}
    for most in (10, 1000):
        answer = reader.answer({"page": True, "headers": headers, "url": URL, "most": most}, html)
        assert page_shapes.PAGE.unpack(answer["page"]) == read_page(html, headers, URL, most)


def test_an_article_is_returned_or_the_reason_why_there_is_none(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"article": True, "headers": {"a": "b"}, "url": URL}
    found = ExtractedArticle("<p>x</p>", "x", "x")

    def read(html: bytes, headers: dict[str, str], url: str, sanitizer: Sanitizer) -> ExtractedArticle:
        assert (headers, url) == ({"a": "b"}, URL)
        if html == b"none":
            raise NoArticle(say("no-article", url=url))
        return found

    monkeypatch.setattr(article, "read_article", read)
    assert page_shapes.ARTICLE.unpack(reader.answer(asked, b"some")["article"]) == found
    assert reader.answer(asked, b"none") == {"failed": stored(say("no-article", url=URL))}


@pytest.mark.usefixtures("_garbage_collector")
@pytest.mark.parametrize("error", [None, MemoryError, RecursionError, LookupError])
@pytest.mark.parametrize("is_enabled", [True, False])
def test_no_garbage_is_collected_while_a_document_is_read(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, is_enabled: bool, error: type[Exception] | None
) -> None:
    seen: list[bool] = []

    def reading(*arguments: Any) -> Any:
        seen.append(gc.isenabled())
        if error is not None:
            raise error
        return parse(*arguments)

    monkeypatch.setattr(worker, "parse", reading)
    if is_enabled:
        gc.enable()
    else:
        gc.disable()
    if error is LookupError:
        with pytest.raises(LookupError):
            reader.answer(question(), FEED)
    elif error is None:
        assert reader.answer(question(), FEED).keys() == {"prepared"}
    else:
        failed = stored(say("reading-too-large", error=error.__name__))
        assert reader.answer(question(), FEED) == {"failed": failed}
    assert seen == [False]
    assert gc.isenabled() is is_enabled


def test_a_document_that_is_no_feed_is_answered_with_the_reason(reader: Reader) -> None:
    assert reader.answer(question(), b"") == {"not a feed": stored(say("empty"))}


@pytest.mark.usefixtures("_garbage_collector")
def test_a_child_answers_question_by_question_within_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[tuple[str, float]] = []
    monkeypatch.setattr(worker, "_limit_memory", lambda most: limits.append(("memory", most)))
    monkeypatch.setattr(worker, "_limit_time", lambda seconds: limits.append(("time", seconds)))
    monkeypatch.setattr(registry, "_points", lambda: pytest.fail("a child imports no plugins of others"))
    questions, answers = io.BytesIO(), io.BytesIO()
    rules = SanitizerRules.of({"b": []})
    ipc.send(questions, {"rules": ipc.RULES.pack(rules), "memory": 1000, "release": "1"})
    body = FEED.replace(b"</item>", b"<description>&lt;b>x&lt;/b>&lt;i>y&lt;/i></description></item>")
    ipc.send(questions, question(deadline=1.5), body)
    ipc.send(questions, question(deadline=2.5), b"")
    questions.seek(0)
    gc.unfreeze()
    gc.disable()

    with pytest.raises(EOFError):
        worker.serve(questions, answers)

    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    assert limits == [("memory", 1000), ("time", 1.5), ("time", 0), ("time", 2.5), ("time", 0)]
    answers.seek(0)
    assert ipc.receive(answers)[0] == {"ready": True}
    [item] = prepared(ipc.receive(answers)[0]).items
    assert item.content == "<b>x</b>y"
    assert ipc.receive(answers)[0].keys() == {"not a feed"}
    assert answers.read() == b""


@contextmanager
def streams(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Give this process the standard streams of a child. Yield the files of its standard output and error."""
    (folder / "input").write_bytes(b"question")
    output, errors = folder / "output", folder / "errors"
    handler = signal.getsignal(signal.SIGINT)
    with (
        (folder / "input").open() as stdin,
        output.open("w") as stdout,
        errors.open("w") as stderr,
        monkeypatch.context() as patched,
    ):
        patched.setattr(sys, "excepthook", sys.excepthook)
        for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            patched.setattr(sys, name, stream)
        try:
            yield output, errors
        finally:
            signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize("end", [EOFError, BrokenPipeError])
def test_the_answers_of_a_child_are_on_its_standard_output_and_all_else_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: type[Exception]
) -> None:
    def serve(questions: BinaryIO, answers: BinaryIO) -> None:
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert isinstance(answers, io.BufferedWriter)
        answers.write(questions.read())
        print("printed", flush=True)
        raise end

    monkeypatch.setattr(worker, "serve", serve)
    with streams(monkeypatch, tmp_path) as (output, errors):
        worker.main()

        sys.excepthook(LookupError, LookupError("\x1b[2J"), None)

    assert output.read_bytes() == b"question"
    assert errors.read_text() == "printed\nLookupError: \\x1b[2J\n"


def test_a_child_ends_without_an_orderly_end_of_the_interpreter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended: list[tuple[int, str]] = []
    monkeypatch.setattr(worker, "main", lambda: sys.stderr.write("last words"))
    with streams(monkeypatch, tmp_path) as (_, errors):
        monkeypatch.setattr(os, "_exit", lambda status: ended.append((status, errors.read_text())))
        worker.run()
    assert ended == [(0, "last words")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize(
    ("soft", "hard", "limit"), [(-1, -1, 1000), (2000, 2000, 1000), (500, 2000, 500), (500, 500, 500)]
)
def test_the_memory_of_a_child_is_limited_but_never_above_the_limit_of_the_system(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, limit: int
) -> None:
    import resource

    limits: list[tuple[int, tuple[int, int]]] = []
    soft, hard = (resource.RLIM_INFINITY if each == -1 else each for each in (soft, hard))
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda *arguments: limits.append(arguments))
    worker._limit_memory(1000)
    assert limits == [(resource.RLIMIT_AS, (limit, hard)), (resource.RLIMIT_CORE, (0, 0))]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize("error", [ValueError, OSError])
def test_a_system_that_refuses_limits_reads_nevertheless(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    import resource

    asked: list[int] = []

    def refuse(kind: int, _: object) -> None:
        asked.append(kind)
        raise error

    monkeypatch.setattr(resource, "setrlimit", refuse)
    worker._limit_memory(1000)
    assert asked == [resource.RLIMIT_AS, resource.RLIMIT_CORE]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such timers")
def test_the_processor_time_of_a_document_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    timers: list[tuple[int, float]] = []
    monkeypatch.setattr(signal, "setitimer", lambda *arguments: timers.append(arguments))
    worker._limit_time(1.5)
    assert timers == [(signal.ITIMER_PROF, 1.5)]
