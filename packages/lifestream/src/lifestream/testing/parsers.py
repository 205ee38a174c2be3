"""Documents read in the process of a test, with the class that the child processes use (`parser.worker.Reader`).

A refresh starts its parsers each time, which takes a second; most tests of a site are not about processes. Questions
and answers are packed as for a child, so the result is the same, which lifestream's own tests check. What is missing is
what needs a process of its own: the deadline, the bound of memory, and a parser that may crash.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from unittest import mock

from lifestream.content.sanitizer import Sanitizer
from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.parser import ipc
from lifestream.parser.article import ExtractedArticle
from lifestream.parser.pool import DEADLINE, MEMORY, release
from lifestream.parser.questions import ArticlePage, DocumentQuestion, WebPage, document
from lifestream.parser.web_page import MAX_PAGE, Page
from lifestream.parser.worker import Reader
from lifestream.plugins.item_pipeline import Prepared
from lifestream.plugins.registry import Registry


class InProcessParsers:
    """Takes the place of a `ParserPool` in a test. The arguments are the same, but *size*, *deadline* and *memory* have
    no effect.
    """

    def __init__(
        self,
        size: int | None = None,  # noqa: ARG002  there are no processes to count
        deadline: float = DEADLINE,
        *,
        memory: int = MEMORY,  # noqa: ARG002  there is no process to bound
        rules: SanitizerRules | None = None,
        registry: Registry | None = None,
        max_page: int = MAX_PAGE,
    ) -> None:
        self._max_page = max_page
        self.registry = registry or Registry()
        self._deadline = deadline
        rules = ipc.RULES.unpack(_passed(ipc.RULES.pack(rules or SanitizerRules()), b"")[0])
        self._reader = Reader(Registry(use_entry_points=False), Sanitizer(rules), release())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def expect(self, documents: int) -> None:
        """Do nothing: there is no process to start."""

    def check(self) -> None:
        """Do nothing: there is no process that could be missing."""

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
        """Read a document, see `ParserPool.submit`. The future is done when this returns."""
        return self._read(document(body, headers, url, plugin, self.registry, noted=noted, known=known))

    def read_page(self, body: bytes, headers: Mapping[str, str], url: str) -> Future[Page]:
        """Read a web page, see `ParserPool.read_page`. The future is done when this returns."""
        return self._read(WebPage(body, headers, url, self._max_page))

    def read_article(self, body: bytes, headers: Mapping[str, str], url: str) -> Future[ExtractedArticle]:
        """Find the article of a web page, see `ParserPool.read_article`. The future is done when this returns."""
        return self._read(ArticlePage(body, headers, url))

    def close(self) -> None:
        """Do nothing: there is no process to end."""

    def _read(self, to_read: DocumentQuestion | WebPage | ArticlePage) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(to_read.read(self._ask, self.registry, self._deadline))
        except Exception as error:  # noqa: BLE001  the future raises it
            future.set_exception(error)
        return future

    def _ask(self, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = _passed(self._reader.answer(*_passed(question, body)), b"")[0]
        return answer


def _passed(message: Any, data: bytes) -> tuple[Any, bytes]:
    """Return what arrives at the other end of a pipe."""
    pipe = io.BytesIO()
    ipc.send(pipe, message, data)
    pipe.seek(0)
    return ipc.receive(pipe)


@contextmanager
def parsed_in_process() -> Iterator[None]:
    """Let `refresh`, `find_feed` and the commands read all documents in this process while the block runs.

    It can also be used as a decorator of test methods.
    """
    with mock.patch("lifestream.refresh.factories.ParserPool", InProcessParsers):
        yield
