"""How fast `lifestream serve` answers a page while it reads hostile feeds and web pages.

    python benchmarks/hostile_pages.py [--sites 50] [--deadline 3] [--seconds 120] [--quick]

Each of the sites has a feed and a page at a loopback address of its own; feedserver serves them in another process.
Half of the feeds are hostile: each repeats one construct that is costly to read. The others are small, and their sites'
pages, in which an icon is looked for, are hostile. The real command runs on a home that has only these feeds. Three
settings are changed: the deadline of a document, how often feeds that are due are looked for, and that loopback
addresses are allowed.

The timeline is requested in a loop until all feeds and 20 of the pages (or all, if there are fewer) have been
requested, or --seconds are over. Then it is requested the same number of times, but at most 200 times, while nothing is
updated. A latency is that of a whole answer on a new connection.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from feeds import served
from hostile_mix import run, verdict
from tables import print_table

BOUND: Final = 0.5
"""The longest that any answer may take, in seconds."""
PAUSE: Final = 0.02
"""The seconds between two requests: an impatient reader, but not a load test."""
PAGE_LENGTH: Final = 250_000
"""The size of a page, in characters: no more is downloaded in the search for an icon."""
ICONS: Final = 20
"""The number of sites that are searched for an icon after a refresh, at most."""
FEED_LENGTH: Final = 2_000_000
SETTINGS: Final = "hostile_pages_settings"


# Servers


def filled(head: str, unit: str, tail: str = "") -> Callable[[int], str]:
    """Return a function that makes a text of about a given length: *head*, *unit* again and again, and *tail*."""
    return lambda length: head + unit * (length // len(unit)) + tail


PAGES: Final = (
    filled("<link", "/"),
    filled("<link", " ", "q"),
    filled("<link ", "a "),
    filled("", "<link href=/>"),
    filled("", "<link rel=icon href=//a/b>"),
    filled("<link rel=icon href='x", " ", "q'>"),
    filled("<link rel=icon href='x", "&amp;", "'>"),
    filled("", "<title>"),
    filled("<title>", "&#99999"),
    filled("", "<script><!--"),
    filled("", '<a b="'),
    filled("", "<!--"),
    filled("<meta", " charset", ">"),
)
_ITEM: Final = "<rss version='2.0'><channel><title>Hostile</title><item><guid>1</guid>{}</item></channel></rss>"


def _within(element: str, made: Callable[[int], str]) -> Callable[[int], str]:
    return lambda length: _ITEM.format(f"<{element}><![CDATA[{made(length)}]]></{element}>")


FEEDS: Final = (
    _within("description", filled("", "&amp;")),
    _within("description", filled("", "word &amp; ")),
    _within("description", filled("<p ", "a='b' ", ">")),
    _within("description", filled("", "<pre>\n")),
    _within("description", filled("", "<div>")),
    _within("description", filled("<link", "/")),
    _within("description", filled("<img src='x", " ", "q'>")),
    _within("title", filled("", "<br")),
    _within("title", filled("", "&")),
    _within("author", filled("", "a@")),
    lambda length: _ITEM.format("<enclosure url='http://a.example/b' type='audio/mpeg'/>" * (length // 60)),
    lambda length: _ITEM.format("<category>a</category>" * (length // 22)),
    lambda length: _ITEM.format("<a>" * (length // 3)),
    lambda length: "[" * length,
    lambda length: f"<!DOCTYPE rss [{'<?' * (length // 2)}",
)


def serve(sites: int) -> None:
    """Serve the sites until standard input ends; print the URLs of their feeds first."""
    from feedserver import FeedServer, Response

    servers = []
    for number in range(sites):
        server = FeedServer(host=f"127.0.1.{1 + number}", journal_limit=10).start()
        page = PAGES[number // 2 % len(PAGES)](PAGE_LENGTH)
        server.add("/", Response(page, headers={"Content-Type": "text/html"}))
        server.add("/favicon.ico", Response(status=404))
        hostile = FEEDS[number // 2 % len(FEEDS)](FEED_LENGTH)
        feed = hostile if number % 2 else small(number, server.url("/"))
        server.add("/feed.xml", Response(feed, headers={"Content-Type": "application/rss+xml"}))
        servers.append(server)
        print(server.url("/feed.xml"))
    print(flush=True)
    sys.stdin.read()
    for server in servers:
        server.stop()


def small(number: int, site: str) -> str:
    """Return an honest feed of ten entries, whose site is at *site*."""
    items = "".join(
        f"<item><title>Day {day} of {number}</title><guid isPermaLink='false'>{day}</guid><link>{site}{day}</link>"
        f"<description>&lt;p&gt;What happened on day {day}.&lt;/p&gt;</description></item>"
        for day in range(10)
    )
    return f"<rss version='2.0'><channel><title>Feed {number}</title><link>{site}</link>{items}</channel></rss>"


# Measurements


@dataclass(frozen=True)
class Latencies:
    """How long the answers took, in seconds, and how many feeds and pages had been requested by then."""

    seconds: list[float]
    feeds: int
    pages: int


def prepare(home: Path, deadline: float, urls: list[str]) -> None:
    """Make a home whose lifestream has *urls*, and its settings."""
    home.mkdir()
    Path(home, f"{SETTINGS}.py").write_text(
        f"from lifestream.site.settings import *\nLIFESTREAM_PARSE_TIMEOUT = {deadline}\n", encoding="utf-8"
    )
    Path(home, "home").mkdir()
    run(["--subscribe", str(home / "home"), "30", "0"], urls)


@contextmanager
def serving(home: Path, *options: str) -> Iterator[str]:
    """Run the real `lifestream serve` on *home*, and yield its address."""
    environ = os.environ | {
        "LIFESTREAM_HOME": str(home / "home"),
        "LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8",
        "LIFESTREAM_CHECK_EVERY": "0.5",
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "PYTHONPATH": str(home),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "lifestream", "serve", "127.0.0.1:0", *options]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "Lifestream is at " not in line:
            raise SystemExit(f"lifestream serve printed {line!r}")
        try:
            yield line.split()[3]
        finally:
            process.terminate()
            process.communicate()


def ask(address: str, enough: Callable[[int], bool], home: Path) -> Latencies:
    """Request the timeline until *enough* returns true for the number of answers."""
    taken: list[float] = []
    with urlopen(f"{address}main/") as answer:  # the first one loads templates, and is not counted
        answer.read()
    while not enough(len(taken)):
        began = time.perf_counter()
        with urlopen(f"{address}main/") as answer:
            answer.read()
        taken.append(time.perf_counter() - began)
        time.sleep(PAUSE)
    return Latencies(taken, *asked_for(home))


def asked_for(home: Path) -> tuple[int, int]:
    """Return how many feeds have been fetched, and how many sites have been searched for an icon."""
    with closing(sqlite3.connect(home / "home" / "lifestream.sqlite3")) as database:
        fetched, looked_at = database.execute(
            "SELECT count(last_fetch), count(icon_checked) FROM lifestream_feed"
        ).fetchone()
    return int(fetched), int(looked_at)


def measure(home: Path, sites: int, seconds: float) -> dict[str, Latencies]:
    """Measure while the hostile feeds and up to ICONS pages are read, until all of these have been requested or
    *seconds* are over. Then measure while nothing is updated.
    """
    until = time.monotonic() + seconds

    def all_asked(number: int) -> bool:
        if time.monotonic() > until:
            return True
        return (
            number % 10 == 0
            and (fetched := asked_for(home))[0] == sites
            and fetched[1] >= min(sites - sites // 2, ICONS)
        )

    with serving(home) as address:
        beside = ask(address, all_asked, home)
    with serving(home, "--no-update") as address:
        alone = ask(address, lambda number: number >= min(200, len(beside.seconds)), home)
    return {"hostile ones are read meanwhile": beside, "nothing is updated": alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sites", type=int, default=50)
    parser.add_argument("--deadline", type=float, default=3.0, help="LIFESTREAM_PARSE_TIMEOUT, in seconds")
    parser.add_argument("--seconds", type=float, default=120.0, help="for how long the page is requested, at most")
    parser.add_argument("--quick", action="store_true", help="few sites, to see that it runs")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve(options.serve)
        return
    sites, deadline = (8, 1.0) if options.quick else (options.sites, options.deadline)
    with tempfile.TemporaryDirectory(prefix="hostile-pages-") as folder, served(__file__, sites) as urls:
        home = Path(folder, "site")
        prepare(home, deadline, random.sample(urls, len(urls)))
        figures = measure(home, sites, options.seconds)
    print_table(
        f"lifestream serve: {sites} hostile feeds and pages, deadline {deadline:g} s; the timeline, in milliseconds",
        ["", "median", "worst", "answers", "feeds fetched", "sites looked at for an icon"],
        [
            [
                f"lifestream, {name}",
                f"{statistics.median(each.seconds) * 1000:.0f}",
                f"{max(each.seconds) * 1000:.0f}",
                str(len(each.seconds)),
                str(each.feeds),
                str(each.pages),
            ]
            for name, each in figures.items()
        ],
    )
    print()
    print(verdict("each answer", "s", max(max(each.seconds) for each in figures.values()), BOUND))


if __name__ == "__main__":
    main()
