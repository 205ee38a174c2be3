"""Reading documents for a person who asks what lifestream makes of them: files, standard input and URLs; no database.

A document passes through the parsers, plugins and cleaning as in a refresh, in child processes that have a deadline.
URLs are fetched by the guarded fetcher, at most `_AT_ONCE` at a time and one per host, and are reported in the order in
which they were given. A document that can't be loaded or read has a result, too, which says why.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Final, Self

from lifestream.conf import settings
from lifestream.fetcher.feed_urls import UrlRefused, credentials_of, logins_hidden, request_url, shown_in_message
from lifestream.fetcher.outcomes import Failed, Fetched, FetchRequest, Outcome
from lifestream.fetcher.shortage import ShortOf, require_files
from lifestream.fetcher.url_hosts import host_of
from lifestream.parser.errors import NotAFeed, ParseError
from lifestream.parser.pool import ParserPool
from lifestream.plugins.item_pipeline import Prepared
from lifestream.refresh.factories import make_fetcher, make_guard, make_pool
from lifestream.refresh.given_files import read_file

STDIN: Final = "-"
_AHEAD: Final = 4
"""How many documents are in memory for each parser, besides those that were fetched ahead."""
_AT_ONCE: Final = 8
"""How many documents are fetched at once. The first of them is read before another one is fetched."""


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A document to read: its *name* as it was given, the *url* that it is taken to come from ("" if unknown), its
    *body* and the *headers* of its answer.
    """

    name: str
    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """What was made of the document called *name*, at *url*: what was *prepared* from it, or None and an *error*. If
    the name is an address, its login is left out, since the name is printed.
    """

    name: str
    url: str
    prepared: Prepared | None = None
    error: str = ""


class _Unavailable(Exception):
    """A document that can't be loaded; the message says why."""


def read_documents(
    names: Iterable[str],
    *,
    url: str = "",
    headers: Mapping[str, str] | None = None,
    noted: bool = False,
    stdin: BinaryIO | None = None,
) -> Generator[DocumentReading, None, None]:
    """Yield what is made of each document in *names*, in their order: URLs, files, and "-" for *stdin* (by default
    standard input).

    *url* is the address that all documents are taken to come from: by default none for files, and for a URL the one
    that answered. *headers* are those of the answer that a file came with; for a URL, they replace those of the same
    name in its answer. With *noted*, the results have notes on how the documents were read. Raises `PluginError` for a
    plugin of the settings that can't be loaded, and `ShortOf` if this process may not open the files that are needed to
    fetch URLs.
    """
    with ExitStack() as stack:
        pool = stack.enter_context(make_pool())
        sources = stack.enter_context(_Sources(url, dict(headers or {}), stdin))
        loading: deque[tuple[str, Future[NamedDocument]]] = deque()
        waiting: deque[tuple[NamedDocument, Future[Prepared] | str]] = deque()

        def begin_to_read() -> None:
            name, loaded = loading.popleft()
            try:
                document = loaded.result()
            except _Unavailable as error:
                waiting.append((NamedDocument(name, sources.address(name), b""), str(error)))
            else:
                waiting.append((document, pool.submit(document.body, document.headers, document.url, noted=noted)))

        for name in names:
            loading.append((name, sources.load(name)))
            while loading and (loading[0][1].done() or len(loading) == _AT_ONCE):
                begin_to_read()
            while len(waiting) > settings.parsers * _AHEAD:
                yield _result(*waiting.popleft(), pool)
        while loading or waiting:
            if loading:
                begin_to_read()
            if len(waiting) > settings.parsers * _AHEAD or not loading:
                yield _result(*waiting.popleft(), pool)


def is_address(name: str) -> bool:
    """Return whether *name* is a URL to fetch, and not the name of a file."""
    return name.lower().startswith(("http://", "https://"))


def _base(url: str) -> str:
    """Return *url* without its login, as the address that links in a document are relative to."""
    try:
        return request_url(url)
    except UrlRefused:
        return shown_in_message(url)


def _result(document: NamedDocument, answer: Future[Prepared] | str, pool: ParserPool) -> DocumentReading:
    name = shown_in_message(document.name) if is_address(document.name) else logins_hidden(document.name)
    if isinstance(answer, str):
        return DocumentReading(name, document.url, error=answer)
    try:
        return DocumentReading(name, document.url, answer.result())
    except NotAFeed as error:
        return DocumentReading(name, document.url, error=f"{error.reason}{_named_feeds(document, pool)}")
    except ParseError as error:
        return DocumentReading(name, document.url, error=error.reason)
    except ShortOf as error:
        return DocumentReading(name, document.url, error=str(error))


def _named_feeds(document: NamedDocument, pool: ParserPool) -> str:
    """Return which feeds the web page *document* names, to be appended to an error."""
    try:
        page = pool.read_page(document.body, document.headers, document.url).result()
    except (ParseError, ShortOf):
        return ""
    found = " ".join(candidate.url for candidate in page.feeds[:_MOST_NAMED])
    return f"; it leads to {found}" if found else ""


_MOST_NAMED: Final = 5


class _Sources:
    """Loads documents from files, standard input and URLs. A context manager."""

    def __init__(self, url: str, headers: Mapping[str, str], stdin: BinaryIO | None) -> None:
        self._url = _base(url) if url else ""
        self._headers, self._stdin = headers, stdin
        self._most = settings.max_body
        self._stack = ExitStack()
        self._web: _Web | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def address(self, name: str) -> str:
        """Return the URL of the document *name*, as far as it is known before it is fetched."""
        try:
            return request_url(name) if is_address(name) else self._url
        except UrlRefused:
            return ""

    def load(self, name: str) -> Future[NamedDocument]:
        """Return a future of the document *name*, which may raise `_Unavailable`. A file is loaded at once."""
        loaded: Future[NamedDocument] = Future()
        try:
            if is_address(name):
                self._fetch(name, loaded)
            else:
                loaded.set_result(self._file(name))
        except _Unavailable as error:
            loaded.set_exception(error)
        return loaded

    def _file(self, name: str) -> NamedDocument:
        try:
            body = self._read(name)
        except OSError as error:
            raise _Unavailable(_reason(name, error)) from error
        if len(body) > self._most:
            raise _Unavailable(f"it has more than {self._most:,} bytes, which is the maximum (LIFESTREAM_MAX_BODY)")
        return NamedDocument(name, self._url, body, self._headers)

    def _read(self, name: str) -> bytes:
        if name == STDIN:
            return (self._stdin or sys.stdin.buffer).read(self._most + 1)
        return read_file(name, self._most + 1, settings.timeout)

    def _fetch(self, name: str, loaded: Future[NamedDocument]) -> None:
        """Have the document at the address *name* fetched into *loaded*."""
        try:
            request = FetchRequest(request_url(name), credentials=credentials_of(name))
        except UrlRefused as error:
            raise _Unavailable(str(error)) from error
        if self._web is None:
            self._web = self._stack.enter_context(_Web())

        def tell(fetched: Future[Outcome]) -> None:
            try:
                loaded.set_result(self._document(name, fetched.result()))
            except BaseException as error:  # noqa: BLE001  whoever waits for the document raises it
                loaded.set_exception(error)

        self._web.fetch(request).add_done_callback(tell)

    def _document(self, name: str, outcome: Outcome) -> NamedDocument:
        if isinstance(outcome, Failed):
            raise _Unavailable(outcome.message)
        if not isinstance(outcome, Fetched):
            raise _Unavailable(f"the server answered {outcome.status}")
        return NamedDocument(name, self._url or outcome.url, outcome.body, {**outcome.headers, **self._headers})


class _Web:
    """Fetches URLs, one of a host at a time, in an event loop in a thread of its own. A context manager; leaving it
    cancels what is under way.
    """

    def __init__(self) -> None:
        require_files()
        self._fetcher = make_fetcher(make_guard())
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run, name="lifestream-read", daemon=True)
        self._fetching: set[Future[Outcome]] = set()
        self._hosts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop = self._started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fetching in [*self._fetching]:
            fetching.cancel()
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def fetch(self, request: FetchRequest) -> Future[Outcome]:
        """Return a future of the outcome of *request*."""
        fetching = asyncio.run_coroutine_threadsafe(self._fetched(request), self._loop)
        self._fetching.add(fetching)
        fetching.add_done_callback(self._fetching.discard)
        return fetching

    async def _fetched(self, request: FetchRequest) -> Outcome:
        async with self._hosts[host_of(request.url)]:
            return await self._fetcher.fetch(request)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001  whoever waits for the loop raises it
            if not self._started.done():
                self._started.set_exception(error)

    async def _main(self) -> None:
        self._ended = asyncio.Event()
        async with self._fetcher:
            self._started.set_result(asyncio.get_running_loop())
            await self._ended.wait()


def _reason(name: str, error: OSError) -> str:
    """Return in words why the file *name* could not be read."""
    words = error.strerror or str(error)
    if not isinstance(error, TimeoutError):  # the message of a TimeoutError is our own, and stays as it is
        words = words.lower()
    hint = "; an address begins with https://" if isinstance(error, FileNotFoundError) and "." in name else ""
    return f"{words}{hint}"
