"""Feeds that publish one entry after the other while a soak goes on, served by feedserver in a process of its own.

What a feed has said at a time follows from its number, the moment at which it began and its period: nothing is stored,
so what a reader has can be compared with all that the feeds have ever said.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedserver import Request, Response

A_HOST = 20
"""How many feeds one host has."""


@dataclass(frozen=True)
class Publication:
    """Feeds that began at *start* and publish until *end*, in seconds of the epoch.

    Their periods are *pace* times 40 to 240 s, and each shows its latest *window* entries.
    """

    start: float
    end: float
    pace: float = 1.0
    window: int = 20

    def entries(self, number: int, now: float) -> int:
        """Return how many entries feed *number* has published by *now*: one at once, then one a period."""
        period = (40 + number * 7919 % 200) * self.pace
        return 1 + int(max(0.0, min(now, self.end) - self.start) / period)

    def document(self, number: int, count: int) -> bytes:
        """Return feed *number* with the latest of *count* entries."""
        entries = "".join(
            f"<item><guid isPermaLink='false'>{number}-{entry}</guid><title>Entry {entry} of feed {number}</title>"
            f"<description>It says number{number}x{entry}.</description></item>"
            for entry in range(count, max(0, count - self.window), -1)
        )
        title = f"<title>Feed {number}</title><link>http://example.com/{number}</link><description>A feed</description>"
        return f"<?xml version='1.0'?><rss version='2.0'><channel>{title}{entries}</channel></rss>".encode()


@dataclass
class AnswerCounts:
    """How many requests the server has answered, and how."""

    requests: int = 0
    not_modified: int = 0


def serve(publication: Publication, feeds: int) -> None:
    """Serve *feeds* until standard input ends. Prints their URLs, and at the end `AnswerCounts` as JSON."""
    from feedserver import FeedServer, Pattern, Response

    answered, lock = AnswerCounts(), threading.Lock()

    def answer(request: Request) -> Response:
        number = int(request.path.rpartition("/")[2])
        count = publication.entries(number, time.time())
        etag = f'"{count}"'
        with lock:
            answered.requests += 1
            answered.not_modified += request.headers.get("If-None-Match") == etag
        headers = {"Content-Type": "application/rss+xml", "ETag": etag}
        return Response(publication.document(number, count), headers=headers)

    servers = []
    for host in range((feeds - 1) // A_HOST + 1):
        server = FeedServer(host=f"127.0.{1 + host // 250}.{1 + host % 250}", journal_limit=10).start()
        server.add(Pattern("/feed/<number>"), answer)
        servers.append(server)
        for number in range(host * A_HOST, min(feeds, (host + 1) * A_HOST)):
            print(server.url(f"/feed/{number}"))
    print(flush=True)
    sys.stdin.read()
    print(json.dumps(asdict(answered)), flush=True)
    for server in servers:
        server.stop()


@contextmanager
def published(publication: Publication, feeds: int) -> Iterator[tuple[list[str], Popen[str]]]:
    """Serve *feeds* in another process. Yields their URLs, and the process."""
    command = [sys.executable, __file__, *map(str, astuple(publication)), str(feeds)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin and process.stdout
        urls = []
        while url := process.stdout.readline().strip():
            urls.append(url)
        if len(urls) < feeds:
            raise SystemExit("The feeds could not be served: all of 127.0.0.0/8 has to be loopback, as on Linux.")
        try:
            yield urls, process
        finally:
            process.stdin.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("start", type=float)
    parser.add_argument("end", type=float)
    parser.add_argument("pace", type=float)
    parser.add_argument("window", type=int)
    parser.add_argument("feeds", type=int)
    options = parser.parse_args()
    serve(Publication(options.start, options.end, options.pace, options.window), options.feeds)
