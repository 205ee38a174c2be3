"""The base classes of the tests of the rules: feeds of a real server, a clock, and the whole pipeline.

A test gives the server its answers, moves the clock, calls `refresh`, and checks the requests that the server received
and the rows that are stored. Network and database are real, and tests share a parser process.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from django.test import override_settings

from factories import make_feed, make_subscription
from feedserver import FeedServer, Request
from feedserver.django import FeedServerTestCase, FeedServerTransactionTestCase
from feedserver.testcases import FeedServerMixin
from lifestream.models import Feed, Item
from lifestream.refresh import refresh
from lifestream.refresh.refresh_report import FeedReport, Report
from programs import PATIENCE
from served import START, Clock


class _Ruled(FeedServerMixin):
    """What both base classes have in common."""

    def make_feedserver(self) -> FeedServer:
        return FeedServer(self.feed_root, callable_timeout=PATIENCE)

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()

    def subscribe(self, path: str, *answers: Any, **fields: Any) -> Feed:
        """Return a feed that is due, with a subscriber, at a path that gives *answers* one after the other."""
        if answers:
            self.feedserver.add(path, *answers)
        made = make_feed(self.get_url(path), **{"next_fetch": START, "created": START, **fields})
        make_subscription(made)
        return made

    def refresh(self, feeds: Collection[int] | None = None, **options: Any) -> Report:
        """Fetch what is due by the test's clock."""
        return refresh(feeds, clock=self.clock, **options)

    def refresh_one(self, **options: Any) -> FeedReport:
        """Fetch the only feed that is due."""
        [row] = self.refresh(**options).rows
        return row

    def refresh_next(self, feed: Feed) -> FeedReport:
        """Move the clock to when *feed* is due next, and fetch it."""
        feed.refresh_from_db()
        self.clock.now = max(self.clock.now, feed.next_fetch)
        [row] = self.refresh([feed.pk]).rows
        return row

    def asked(self, path: str | None = None) -> list[Request]:
        """Return the requests that the server received, for *path* alone if it is given."""
        return [request for request in self.feedserver.requests if path in (None, request.path)]

    def last(self) -> Request:
        """Return the last request that the server received."""
        return self.feedserver.requests[-1]

    def titles(self) -> list[str]:
        """Return the titles of all items, sorted."""
        return sorted(Item.objects.values_list("title", flat=True))

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows of all items, with all their columns."""
        return list(Item.objects.order_by("pk").values_list())

    def assert_waits(self, seconds: float, *, early: bool = True) -> None:
        """Assert that the only feed is asked again after *seconds*, and not a second before: with *early*, not even by
        an early refresh.
        """
        asked = len(self.asked())
        self.clock.move(seconds=seconds - 1)
        self.refresh()
        if early:
            self.refresh(early=True)
        assert len(self.asked()) == asked, "it was asked too soon"
        self.clock.move(seconds=1)
        self.refresh()
        assert len(self.asked()) == asked + 1, "it was not asked when it was due"


@pytest.mark.usefixtures("shared_parsers")
@override_settings(LIFESTREAM_PARSERS=1)
class RuleTestCase(_Ruled, FeedServerTestCase):
    """A test of a rule; what it stores is rolled back."""


@pytest.mark.usefixtures("shared_parsers")
@override_settings(LIFESTREAM_PARSERS=1)
class RuleTransactionTestCase(_Ruled, FeedServerTransactionTestCase):
    """A test of a rule with several threads or processes, which see what is committed."""
