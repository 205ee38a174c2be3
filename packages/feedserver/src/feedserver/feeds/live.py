"""A feed that changes while it is served: entries are added, edited and removed, the feed moves or is gone.

Each change renders the document once and replaces the response in one step. So a request sees the feed before a change
or after it, and is answered from memory like any other route; a callable would need a thread for each request. The
validators change with the document. Any thread may call any method.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from feedserver.feeds.model import Entry, Feed
from feedserver.feeds.rendering import FormatName, RenderOptions, last_modified_value
from feedserver.messages.argument_types import check_is, check_name, check_status
from feedserver.messages.response import Response
from feedserver.messages.shortcuts import REDIRECTS, gone, moved, touched

if TYPE_CHECKING:
    from typing import Unpack


class Server(Protocol):
    """What a feed is mounted on: a `FeedServer`."""

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at the end."""

    def add(self, path: str, *answers: Response) -> None:
        """Answer requests for *path* with *answers*, in place of those that were added before."""


@dataclass(frozen=True, slots=True)
class _Mount:
    """Where a feed is served: a *path* of a *server*."""

    server: Server
    path: str


def _path_on(server: Server, to: str) -> str:
    """Return what a client that is redirected to *to*, a path or a URL, requests from *server*: the path, or the whole
    URL if it is that of another server.
    """
    if "://" not in to:
        return to
    rest = to.removeprefix(server.base_url)
    return (rest or "/") if rest[:1] in ("", "/", "?") else to  # a digit after the base URL makes it another port


def _now() -> datetime:
    return datetime.now(UTC)


class LiveFeed:
    """A *feed* that changes over time, rendered in *format*. `FeedServer.mount` creates one and mounts it.

    The options are those of `Feed.render`, but validators are on by default. The `ETag` is computed from the document.
    `Last-Modified` is the newest date in the feed, or the current time if that date is in the future; *clock* returns
    the current time. A feed without dates was last modified an hour ago. After each change, `Last-Modified` is at least
    one second later, so that a client which compares dates notices every change. If changes come faster than one a
    second, `Last-Modified` may run ahead of the clock.
    """

    def __init__(
        self,
        feed: Feed,
        format: FormatName = "rss",  # noqa: A002 - the same name as in `Feed.render`
        *,
        clock: Callable[[], datetime] = _now,
        **options: Unpack[RenderOptions],
    ) -> None:
        check_is("feed", feed, Feed, "give a Feed")
        if not callable(clock):
            raise TypeError(f"clock is {clock!r}; give a function that returns a datetime")
        self._format = format
        self._options: RenderOptions = {"validators": True, **options}
        self._clock = clock
        self._lock = threading.Lock()
        self._mounts: list[_Mount] = []
        self._is_gone = False
        # A feed without dates begins an hour ago, so that its changes, one second apart, stay in the past.
        self._modified = self._newest(feed) or clock() - timedelta(hours=1)
        self._feed = feed
        self._response = self._rendered(feed, self._modified)

    @property
    def feed(self) -> Feed:
        """The feed as it is now."""
        return self._feed

    @property
    def response(self) -> Response:
        """The response that the feed's path gives now."""
        return gone() if self._is_gone else self._response

    def mount(self, server: Server, path: str) -> None:
        """Answer requests for *path* of *server* with this feed. A feed may be mounted at several paths."""
        check_name("path", path, "/feed")
        if not hasattr(server, "add"):
            raise TypeError(f"server is {server!r}; give a FeedServer")
        with self._lock:
            self._mounts.append(_Mount(server, path))
            server.add(path, self.response)

    # Entries

    def publish(self, *entries: Entry) -> None:
        """Add *entries* before the existing ones."""
        with self._lock:
            self._change(replace(self._feed, entries=(*entries, *self._feed.entries)))

    def edit(self, id: str, **changes: object) -> None:  # noqa: A002 - the field's name
        """Change fields of the entry with this `Entry.identity`; of the first one if several have it.

        No date changes unless it is given: most feeds do not announce an edit. Raises ValueError if no entry has the
        id.
        """
        check_is("id", id, str, "give the identity of an entry, such as entry.identity")
        with self._lock:
            index = self._index_of(id)
            entries = list(self._feed.entries)
            entries[index] = replace(entries[index], **changes)  # type: ignore[arg-type]
            self._change(replace(self._feed, entries=entries))

    def withdraw(self, id: str) -> None:  # noqa: A002 - the field's name
        """Remove the entry with this `Entry.identity` from the feed; the first one if several have it.

        Raises ValueError if no entry has the id.
        """
        check_is("id", id, str, "give the identity of an entry, such as entry.identity")
        with self._lock:
            entries = list(self._feed.entries)
            del entries[self._index_of(id)]
            self._change(replace(self._feed, entries=entries))

    # The feed itself

    def change(self, **changes: object) -> None:
        """Change fields of the feed, such as its title, or all its entries at once."""
        with self._lock:
            self._change(replace(self._feed, **changes))  # type: ignore[arg-type]

    def touch(self) -> None:
        """Change every validator, but not the document, as when a file is saved again without a change."""
        with self._lock:
            self._modified += timedelta(seconds=1)
            self._serve(self._dated(touched(self._response), self._modified))

    def move(self, to: str, status: int = 301) -> None:
        """Move the feed to *to*: its old paths answer with a redirect, and the feed is served at *to*.

        *to* is a path, or a whole URL. A whole URL of another server is for a client that uses this one as its proxy.
        Raises ValueError for any other text, for the only path that the feed has, and for a *status* that is no
        redirect; RuntimeError for a feed that is not mounted.
        """
        check_is("to", to, str, "give a path such as '/new', or a whole URL")
        check_status(status)
        if not to.startswith("/") and "://" not in to:
            raise ValueError(f"{to!r} is no place to move to; give a path such as '/new', or a whole URL")
        if status not in REDIRECTS:
            raise ValueError(f"{status} is no redirect; give 301 or 308 for a move for good, 302 or 307 for a while")
        with self._lock:
            if not self._mounts:
                raise RuntimeError("the feed is served nowhere; mount it before it moves, with server.mount(…)")
            if all(_path_on(each.server, to).lstrip("/") == each.path.lstrip("/") for each in self._mounts):
                raise ValueError(f"the feed is served at {to!r} already; give another place to move to")
            for mount in self._mounts:
                mount.server.add(mount.path, moved(to, status))
            servers = dict.fromkeys(mount.server for mount in self._mounts)
            self._mounts = [_Mount(server, _path_on(server, to)) for server in servers]
            self._serve(self._response)

    def die(self) -> None:
        """Answer 410 Gone, whatever changes, until `revive` is called."""
        with self._lock:
            self._is_gone = True
            self._serve(self._response)

    def revive(self) -> None:
        """Serve the feed again after `die`."""
        with self._lock:
            self._is_gone = False
            self._serve(self._response)

    # The following methods expect that the lock is held.

    def _index_of(self, id: str) -> int:  # noqa: A002 - the field's name
        known = [entry.identity for entry in self._feed.entries]
        if id not in known:
            raise ValueError(f"no entry has the id {id!r}; there are {', '.join(map(repr, known)) or 'none at all'}")
        return known.index(id)

    def _change(self, feed: Feed) -> None:
        modified = max(self._newest(feed) or self._modified, self._modified + timedelta(seconds=1))
        response = self._rendered(feed, modified)  # An error while rendering leaves everything as it was.
        self._feed, self._modified = feed, modified
        self._serve(response)

    def _newest(self, feed: Feed) -> datetime | None:
        return min(feed.newest, self._clock()) if feed.newest is not None else None

    def _rendered(self, feed: Feed, modified: datetime) -> Response:
        return self._dated(feed.render(self._format, **self._options), modified)

    def _dated(self, response: Response, modified: datetime) -> Response:
        if not self._options.get("validators"):
            return response
        return replace(response, headers=response.headers.replaced("Last-Modified", last_modified_value(modified)))

    def _serve(self, response: Response) -> None:
        self._response = response
        for mount in self._mounts:
            mount.server.add(mount.path, self.response)
