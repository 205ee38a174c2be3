"""Answers for tests that fetch, and a clock that they move."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from feedserver import Response

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        """Move the clock on by seconds, minutes, hours or days."""
        self.now += timedelta(**by)
        return self.now


@contextmanager
def watched_processes() -> Iterator[list[subprocess.Popen[Any]]]:
    """Yield a list of the processes that are started in the block."""
    started: list[subprocess.Popen[Any]] = []
    popen = subprocess.Popen

    def noted(*args: Any, **options: Any) -> subprocess.Popen[Any]:
        started.append(popen(*args, **options))
        return started[-1]

    with mock.patch("subprocess.Popen", noted):
        yield started


def slow_page(size: int = 1_000_000) -> str:
    """Return a page of *size* characters, all of it tags to look at. A million take a fifth of a second or longer."""
    return "<meta a>" * (size // len("<meta a>"))


def rss(*titles: str, title: str = "A feed", head: str = "") -> str:
    """Return an RSS document with an item for each of *titles*, which is also its guid; *head* is in the channel."""
    items = "".join(
        f"<item><title>{name}</title><guid isPermaLink='false'>{name}</guid><link>http://example.org/{name}</link>"
        f"<description>About {name}.</description></item>"
        for name in titles
    )
    named = f"<title>{title}</title>" if title else ""
    return f"<rss version='2.0'><channel>{named}<link>http://example.org/</link>{head}{items}</channel></rss>"


def feed(titles: Sequence[str] = ("one", "two"), **headers: str) -> Response:
    """Return an answer that is a feed; an underscore in a header's name is a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(rss(*titles), headers={"Content-Type": "application/rss+xml", **named})


def page(html: str) -> Response:
    """Return an answer that is a web page."""
    return Response(f"<!doctype html><html>{html}</html>", headers={"Content-Type": "text/html; charset=utf-8"})
