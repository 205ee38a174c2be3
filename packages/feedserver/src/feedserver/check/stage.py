"""A `Stage` has all from which a step of a scenario makes its answers: the time of the moved clock, URLs, good feeds.

Every feed that it makes is good except for what the step changes: each entry has a date, a link, an id and a
description, and entries come in the order in which they are given. Each title contains an ASCII token that occurs
nowhere else, by which an item is found in whatever the reader keeps. An entry keeps the date that it got when it was
first made. If a feed is given several new numbers, the highest is dated now, and the others a day apart before it, so
that readers that adapt to a feed's rhythm poll often. If a number is first used in a call of `Stage.entry`, its entry
is dated now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from feedserver.feeds import Enclosure, Entry, Feed, FormatName
from feedserver.messages.headers import Headers, imf_fixdate
from feedserver.messages.response import Response

FEED = "feed.xml"
"""The path of a scenario's feed, relative to the scenario."""

TOKEN = re.compile(rb"zq([a-z])([0-9]{1,3})i([0-9]{1,4})zq")
"""A token that names an item: the group, the scenario's number and the item's number."""


def token(scenario: str, number: int) -> str:
    """Return the token of item *number* of a scenario: ASCII letters and digits only."""
    return f"zq{scenario.lower()}i{number}zq"


class Stage:
    """What the answers of a scenario are made with, in every step of it.

    *scenario* is its id. *base* is the base URL of its server, without a slash at the end, and *other_base* that of its
    server at another address, if it has one; all paths are below *prefix*. *clock* returns the moved time, in seconds
    since the epoch. *dates* keeps the date of each item from one step to the next. *with_enclosures* gives each entry
    an enclosure. *make_file* takes a name and a content, writes a file outside the reader's HOME, and returns its path.
    """

    def __init__(
        self,
        scenario: str,
        base: str,
        clock: Callable[[], float],
        dates: dict[int, datetime],
        *,
        with_enclosures: bool = False,
        prefix: str = "",
        other_base: str = "",
        make_file: Callable[[str, bytes], Path] | None = None,
    ) -> None:
        self.scenario = scenario
        self._base = base
        self._clock = clock
        self._dates = dates
        self._with_enclosures = with_enclosures
        self._prefix = prefix
        self.other_base = other_base
        """The base URL of the scenario's server at another address (`Scenario.elsewhere`), "" if there is none."""
        self._make_file = make_file

    # Time

    @property
    def now(self) -> datetime:
        """The time of the moved clock."""
        return datetime.fromtimestamp(self._clock(), UTC)

    def http_date(self, offset: timedelta = timedelta()) -> str:
        """Return the time of the moved clock plus *offset*, as HTTP writes it (RFC 9110 §5.6.7)."""
        return imf_fixdate(self._clock() + offset.total_seconds())

    # Addresses

    def path(self, name: str = FEED) -> str:
        """Return the path of *name*, which is relative to the scenario."""
        return f"{self._prefix}/{self.scenario.lower()}/{name}"

    def url(self, name: str = FEED) -> str:
        """Return the URL of *name*, which is relative to the scenario."""
        return self._base + self.path(name)

    def local_file(self, name: str, content: bytes) -> str:
        """Write a file that the reader could read, outside the reader's HOME, and return the URL of the file."""
        if self._make_file is None:
            raise RuntimeError("this stage has no folder for local files")
        return self._make_file(name, content).as_uri()

    # Feeds

    def entry(self, number: int, **changes: Any) -> Entry:
        """Return item *number* of this scenario, with other fields where *changes* has them."""
        fields: dict[str, Any] = {
            "title": f"Item {number} of {self.scenario} {token(self.scenario, number)}",
            "link": self.url(f"items/{number}.html"),
            "id": f"urn:feedserver:{self.scenario.lower()}:{number}",
            "summary": f"<p>The text of item {number}.</p>",
            "published": self._date(number),
        }
        if self._with_enclosures:
            fields["enclosures"] = [Enclosure(self.url(f"items/{number}.mp3"), "audio/mpeg", 418)]
        return Entry(**(fields | changes))

    def _date(self, number: int) -> datetime:
        return self._dates.setdefault(number, self.now.replace(microsecond=0))

    def feed_of(self, *items: int | Entry, **fields: Any) -> Feed:
        """Return a feed with *items*: numbers, or entries; the order given is the order in the document."""
        numbers = [item for item in items if isinstance(item, int)]
        for age, number in enumerate(sorted((n for n in numbers if n not in self._dates), reverse=True)):
            self._dates[number] = self.now.replace(microsecond=0) - timedelta(days=age)
        entries = [self.entry(item) if isinstance(item, int) else item for item in items]
        given: dict[str, Any] = {
            "title": f"Scenario {self.scenario}",
            "link": self.url(""),
            "subtitle": "A feed of feedserver check.",
            "entries": entries,
        }
        return Feed(**(given | fields))

    def feed(
        self,
        *items: int | Entry,
        etag: str | None = None,
        modified: str | None = None,
        headers: Mapping[str, str] | None = None,
        format: FormatName = "rss",  # noqa: A002 - the same name as in `Feed.render`
        **fields: Any,
    ) -> Response:
        """Return a 200 with a good feed of *items*, in this order; `feed(3, 2, 1)` has the newest first.

        *etag* and *modified* are its validators, as they are sent. The *fields* are those of `feedserver.feeds.Feed`.
        """
        response = self.feed_of(*items, **fields).render(format)
        own_headers = response.headers
        if etag is not None:
            own_headers = own_headers.added("ETag", etag)
        if modified is not None:
            own_headers = own_headers.added("Last-Modified", modified)
        return replace(response, headers=Headers([*own_headers.raw, *Headers(headers or {}).raw]))

    def document(self, *items: int | Entry) -> bytes:
        """Return the document of a good feed of *items*, in RSS."""
        body = self.feed(*items).body
        if not isinstance(body, bytes):
            raise TypeError(f"a feed is rendered to bytes, not to {type(body).__name__}")
        return body

    def numbers(self) -> list[int]:
        """Return the numbers of all items that were made so far."""
        return sorted(self._dates)
