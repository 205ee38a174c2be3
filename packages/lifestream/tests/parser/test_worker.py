"""The child process of a parser: its answers, imports and output."""

from __future__ import annotations

import subprocess
import sys

from lifestream.content.sanitizer import Sanitizer
from lifestream.parser.worker import Reader
from lifestream.plugins import Registry

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
