"""The process that reads documents: a new interpreter that calls `run`. `pool` starts it and sends it questions.

It answers frame by frame (see `ipc`) until its input ends, so it ends when its parent does. Where the kernel supports
it, the kernel bounds the memory and the processor time that a document may take. A document that needs more time ends
this process. One that needs more memory is given up, or ends this process. No other document is affected.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from types import TracebackType
from typing import Any, BinaryIO, Final, NoReturn

from lifestream.content.sanitizer import Sanitizer
from lifestream.entry import ParsedFeed
from lifestream.message import say, stored
from lifestream.parser import ipc, parse
from lifestream.parser.errors import NotAFeed
from lifestream.plugins.base import FeedPlugin
from lifestream.plugins.caps import CapTally, bounded_feed
from lifestream.plugins.entry_digests import Digests, cleaner_of
from lifestream.plugins.item_pipeline import Prepared, cleaned, prepare
from lifestream.plugins.reading_notes import Notes
from lifestream.plugins.registry import Registry

_BUFFER: Final = 128 * 1024
"""Bytes of an answer that are written together: each write may wake the parent to read them."""


def main() -> None:
    """Serve the parent, which is at the other end of standard input and output."""
    # Standard output carries the frames: whatever prints goes to standard error.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", _BUFFER)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.excepthook = _print_exception
    # Ctrl-C is sent to the whole process group; the parent decides what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Closing writes what is left of an answer, which fails as well if the parent is gone.
    with contextlib.suppress(EOFError, BrokenPipeError), answers:
        serve(sys.stdin.buffer, answers)


def _print_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the exception that ended this process, without control characters: it may quote the document, and standard
    error may be a terminal.
    """
    from lifestream.terminal import print_exception  # few processes end so, and all start sooner without this module

    print_exception(kind, error, trace)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Read the rules once, then answer document by document. Raises EOFError when *questions* end."""
    setup, _ = ipc.receive(questions)
    _limit_memory(setup["memory"])
    sanitizer = Sanitizer(ipc.RULES.unpack(setup["rules"]))
    registry = Registry(use_entry_points=False)
    # This imports the strict reader before the first document. Other readers are imported for documents that need them.
    with contextlib.suppress(NotAFeed):
        parse(b"", {}, "")
    # The objects that exist by now stay, so garbage collections need not look through them. Collecting them once would
    # take longer than reading half a document, and find next to nothing.
    gc.freeze()
    gc.enable()
    ipc.send(answers, {"ready": True})
    reader = Reader(registry, sanitizer, setup["release"])
    while True:
        job, body = ipc.receive(questions)
        _limit_time(job["deadline"])
        ipc.send(answers, reader.answer(job, body))
        _limit_time(0)


class Reader:
    """Answers the questions about one document after the other. If it is asked only to parse a feed, it keeps the feed
    for the next question. *release* names the versions of the code that cleans.
    """

    def __init__(self, registry: Registry, sanitizer: Sanitizer, release: str = "") -> None:
        self._registry = registry
        self._sanitizer = sanitizer
        self._cleaner = cleaner_of(sanitizer.rules, release)
        self._parsed: ParsedFeed | None = None
        self._notes: Notes | None = None

    def answer(self, job: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Return the result for *body*, or for the feed parsed last, or the reason why there is none."""
        collects = gc.isenabled()
        # A tree of elements has no cycles, and each garbage collection while it grows would examine all of it.
        gc.disable()
        try:
            return self._answer(job, body)
        except NotAFeed as error:
            return {"not a feed": stored(error.reason)}
        except (MemoryError, RecursionError) as error:
            return {"failed": stored(say("reading-too-large", error=type(error).__name__))}
        finally:
            if collects:
                gc.enable()

    def _answer(self, job: dict[str, Any], body: bytes) -> dict[str, Any]:
        if "page" in job or "article" in job:
            return self._answer_about_page(job, body)
        parsed, self._parsed = self._parsed, None
        notes, self._notes = self._notes, None
        if "clean" in job:
            # The results of hooks that ran in the parent.
            drafted = ipc.PREPARED.unpack(job["clean"])
            return self._prepared(cleaned(drafted, self._sanitizer, notes, self._digests(job)))
        if "prepare" in job:
            if parsed is None:
                return {"failed": "the document was not read before its items were to be prepared"}
            return self._prepare(parsed, self._registry.named(job["prepare"]), notes, job)
        notes = Notes() if job.get("noted") else None
        feed = parse(body, job["headers"], job["url"], notes)
        if job["plugin"] is None:
            # The plugin may be one that only the parent can import.
            # The feed is bounded here, since the parent has to unpack all of it.
            tally = CapTally()
            self._parsed, self._notes = bounded_feed(feed, tally), notes
            return {"feed": ipc.FEED.pack(self._parsed), "capped": ipc.MESSAGES.pack(tally.notes)}
        name = job["plugin"]
        plugin = self._registry.named(name) if name else self._registry.plugin_for(feed, job["url"])
        return self._prepare(feed, plugin, notes, job)

    def _prepare(
        self, feed: ParsedFeed, plugin: FeedPlugin, notes: Notes | None, job: dict[str, Any]
    ) -> dict[str, Any]:
        return self._prepared(prepare(feed, plugin, self._sanitizer, notes, self._digests(job)))

    def _digests(self, job: dict[str, Any]) -> Digests:
        return Digests(self._cleaner, job.get("known", ""))

    def _answer_about_page(self, job: dict[str, Any], body: bytes) -> dict[str, Any]:
        # Most processes read only feeds, and start without the modules for pages.
        from lifestream.parser import page_shapes
        from lifestream.parser.article import NoArticle, read_article
        from lifestream.parser.web_page import read_page

        if "page" in job:
            return {"page": page_shapes.PAGE.pack(read_page(body, job["headers"], job["url"], job["most"]))}
        try:
            article = read_article(body, job["headers"], job["url"], self._sanitizer)
        except NoArticle as error:
            return {"failed": stored(str(error))}
        return {"article": page_shapes.ARTICLE.pack(article)}

    @staticmethod
    def _prepared(prepared: Prepared) -> dict[str, Any]:
        return {"prepared": ipc.PREPARED.pack(prepared)}


def _limit_memory(most: int) -> None:
    if sys.platform == "win32":  # Windows has no such limits, only the deadline
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = most if soft == resource.RLIM_INFINITY else min(most, soft)  # no soft limit is above the hard one
    for kind, limits in ((resource.RLIMIT_AS, (limit, hard)), (resource.RLIMIT_CORE, (0, 0))):
        with contextlib.suppress(ValueError, OSError):  # macOS has the constant RLIMIT_AS, but refuses any value
            resource.setrlimit(kind, limits)


def _limit_time(seconds: float) -> None:
    """Have the kernel end this process after *seconds* of processor time; 0 means no limit.

    A signal without a handler ends the process even in the middle of a regular expression, where no Python code runs.
    Unlike wall time, processor time is fair to a document on a busy machine.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def run() -> NoReturn:
    """Serve the parent, and end this process. A new interpreter with `pool.ARGUMENTS` calls this."""
    main()
    # Everything is written. An orderly end of the interpreter would take longer than reading a document.
    sys.stderr.flush()
    os._exit(0)
