"""Parser processes for many tests, lent to one refresh after the other in place of a pool of its own."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.parser.pool import DEADLINE, MEMORY, ParserPool
from lifestream.parser.web_page import MAX_PAGE
from lifestream.plugins.registry import Registry


class SharedParsers:
    """Shared pools with one process each, one pool for each deadline. Leaving this context manager closes them."""

    def __init__(self) -> None:
        self._pools: dict[float, ParserPool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            pool.close()

    def lend(
        self,
        size: int | None = None,
        deadline: float = DEADLINE,
        *,
        memory: int = MEMORY,
        rules: SanitizerRules | None = None,
        registry: Registry | None = None,
        max_page: int = MAX_PAGE,
    ) -> ParserPool | LentParser:
        """Return a pool. This method is called in place of `ParserPool`.

        The pool is shared, and has one process, whatever *size* is. But if *registry* has plugins besides the shipped
        ones or is None, or if *memory*, *rules* or *max_page* are not the default ones, it is a new pool of this size.
        """
        differs = rules not in (None, SanitizerRules()) or (memory, max_page) != (MEMORY, MAX_PAGE)
        if registry is None or registry.has_own or differs:
            return ParserPool(size, deadline, memory=memory, rules=rules, registry=registry, max_page=max_page)
        if deadline not in self._pools:
            self._pools[deadline] = ParserPool(1, deadline, registry=Registry(use_entry_points=False))
        return LentParser(self._pools[deadline])


class LentParser:
    """A pool that others use, too. Closing this object ends only the work that was submitted through it."""

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool
        self._submitted: list[Future[Any]] = []
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def expect(self, documents: int) -> None:
        """Start no further process; see `ParserPool.expect`."""

    def check(self) -> None:
        """See `ParserPool.check`."""
        self._pool.check()

    def submit(
        self,
        body: bytes,
        headers: Mapping[str, str],
        url: str,
        *,
        plugin: str = "",
        noted: bool = False,
        known: str = "",
    ) -> Future[Any]:
        """Have a document read; see `ParserPool.submit`."""
        return self._kept(self._pool.submit(body, headers, url, plugin=plugin, noted=noted, known=known))

    def read_page(self, body: bytes, headers: Mapping[str, str], url: str) -> Future[Any]:
        """Have a page read; see `ParserPool.read_page`."""
        return self._kept(self._pool.read_page(body, headers, url))

    def read_article(self, body: bytes, headers: Mapping[str, str], url: str) -> Future[Any]:
        """Have the article of a page found; see `ParserPool.read_article`."""
        return self._kept(self._pool.read_article(body, headers, url))

    def close(self) -> None:
        """Cancel the documents that wait, and wait for those that are being read."""
        self._closed = True
        for future in self._submitted:
            if not future.cancel():
                future.exception()

    def _kept(self, future: Future[Any]) -> Future[Any]:
        assert not self._closed, "this pool was given back"
        self._submitted.append(future)
        return future
