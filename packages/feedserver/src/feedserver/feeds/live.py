"""A feed that lives at a path: entries come, change and go, it moves, it dies, and the validators follow.

Every change writes the document once and puts the new response in the old one's place, in one step, so a request sees
the feed before a change or after it, and is answered from memory like any other route. (An answer that is a callable
would cost a thread a request.) Any thread may call any method.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from feedserver.feeds.model import Entry, Feed
from feedserver.feeds.rendering import FormatName, RenderOptions, http_date
from feedserver.messages.argument_types import check_is, check_name, check_status
from feedserver.messages.response import Response, gone, moved, touched

if TYPE_CHECKING:
    from typing import Unpack


class Server(Protocol):
    """What a feed is mounted on: a `FeedServer`."""

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at the end."""

    def add(self, path: str, *answers: Response) -> None:
        """Answers *path* with *answers*, in place of what was added for it before."""


def _path_on(server: Server, to: str) -> str:
    """What the server is asked for by a client that goes *to*: a path, or a whole URL where that is not its own."""
    return to.removeprefix(server.base_url) or "/" if "://" in to else to


def _now() -> datetime:
    return datetime.now(UTC)


class LiveFeed:
    """A *feed* that changes over time, written in *format*. `FeedServer.mount` makes one and mounts it.

    The options are those of `Feed.render`, but validators are on unless they are turned off: the ETag changes with the
    document; Last-Modified is the newest date in the feed, but none in the future (*clock* tells what that is). After
    each change it is at least a second later, so that no client that goes by dates misses one: changes that come faster
    than one a second run ahead of the clock.
    """

    def __init__(
        self,
        feed: Feed,
        format: FormatName = "rss",  # noqa: A002 - the word that `Feed.render` has, too
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
        self._places: list[tuple[Server, str]] = []
        self._is_gone = False
        # An hour ago where the feed has no date, so that its changes, a second apart, stay in the past.
        self._modified = self._newest(feed) or clock() - timedelta(hours=1)
        self._feed = feed
        self._response = self._rendered(feed, self._modified)

    @property
    def feed(self) -> Feed:
        """The feed as it is now."""
        return self._feed

    @property
    def response(self) -> Response:
        """What the feed's path answers now."""
        return gone() if self._is_gone else self._response

    def mount(self, server: Server, path: str) -> None:
        """Answers *path* of *server* from now on; a feed may be mounted at several."""
        check_name("path", path, "/feed")
        if not hasattr(server, "add"):
            raise TypeError(f"server is {server!r}; give a FeedServer")
        with self._lock:
            self._places.append((server, path))
            server.add(path, self.response)

    # What happens to entries.

    def publish(self, *entries: Entry) -> None:
        """Puts *entries* before those that are there."""
        with self._lock:
            self._change(replace(self._feed, entries=(*entries, *self._feed.entries)))

    def edit(self, id: str, **changes: object) -> None:  # noqa: A002 - the field's name
        """Changes fields of the entry with this `Entry.identity`, of the first if several have it.

        No date is changed unless it is given: most feeds edit in silence. Raises ValueError where no entry has the id.
        """
        check_is("id", id, str, "give the identity of an entry, such as entry.identity")
        with self._lock:
            position = self._position(id)
            entries = list(self._feed.entries)
            entries[position] = replace(entries[position], **changes)  # type: ignore[arg-type]
            self._change(replace(self._feed, entries=entries))

    def withdraw(self, id: str) -> None:  # noqa: A002 - the field's name
        """Takes the entry with this `Entry.identity` out of the feed, the first if several have it.

        Raises ValueError where no entry has the id.
        """
        check_is("id", id, str, "give the identity of an entry, such as entry.identity")
        with self._lock:
            entries = list(self._feed.entries)
            del entries[self._position(id)]
            self._change(replace(self._feed, entries=entries))

    # What happens to the feed.

    def change(self, **changes: object) -> None:
        """Changes fields of the feed itself, such as its title, or all its entries at once."""
        with self._lock:
            self._change(replace(self._feed, **changes))  # type: ignore[arg-type]

    def touch(self) -> None:
        """Saves the same document again: every validator changes, the document does not."""
        with self._lock:
            self._modified += timedelta(seconds=1)
            self._serve(self._dated(touched(self._response), self._modified))

    def move(self, to: str, status: int = 301) -> None:
        """Moves the feed to *to*: where it was is a redirect there, and the feed lives on at *to*.

        *to* is a path, or a whole URL: then the feed is at that URL for a client that uses the server as its proxy.
        Raises ValueError for anything else, and for a *status* that is no redirect.
        """
        check_is("to", to, str, "give a path such as '/new', or a whole URL")
        check_status(status)
        if not to.startswith("/") and "://" not in to:
            raise ValueError(f"{to!r} is no place to move to; give a path such as '/new', or a whole URL")
        if not 300 <= status < 400:
            raise ValueError(f"{status} is no redirect; give 301 or 308 for a move for good, 302 or 307 for a while")
        with self._lock:
            for server, path in self._places:
                server.add(path, moved(to, status))
            servers = dict.fromkeys(server for server, _ in self._places)
            self._places = [(server, _path_on(server, to)) for server in servers]
            self._serve(self._response)

    def die(self) -> None:
        """Answers 410 from now on, however the feed changes, until `revive`."""
        with self._lock:
            self._is_gone = True
            self._serve(self._response)

    def revive(self) -> None:
        """Serves a feed again that had died."""
        with self._lock:
            self._is_gone = False
            self._serve(self._response)

    # With the lock held.

    def _position(self, id: str) -> int:  # noqa: A002 - the field's name
        known = [entry.identity for entry in self._feed.entries]
        if id not in known:
            raise ValueError(f"no entry has the id {id!r}; there are {', '.join(map(repr, known)) or 'none at all'}")
        return known.index(id)

    def _change(self, feed: Feed) -> None:
        modified = max(self._newest(feed) or self._modified, self._modified + timedelta(seconds=1))
        response = self._rendered(feed, modified)  # what cannot be written changes nothing
        self._feed, self._modified = feed, modified
        self._serve(response)

    def _newest(self, feed: Feed) -> datetime | None:
        return min(feed.newest, self._clock()) if feed.newest is not None else None

    def _rendered(self, feed: Feed, modified: datetime) -> Response:
        return self._dated(feed.render(self._format, **self._options), modified)

    def _dated(self, response: Response, modified: datetime) -> Response:
        if not self._options.get("validators"):
            return response
        return replace(response, headers=response.headers.replaced("Last-Modified", http_date(modified)))

    def _serve(self, response: Response) -> None:
        self._response = response
        for server, path in self._places:
            server.add(path, self.response)
