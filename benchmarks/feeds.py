"""Feeds to import, of about 50 KB and 19 entries, each served by feedserver on a loopback address of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedserver import Response

ENTRIES = 19


def document(number: int) -> bytes:
    """Return an RSS feed as blogs write it: 19 entries, about 50 KB."""
    paragraph = "<p>The <a href='/about'>river</a> was <em>high</em> in the night, and the <b>ferry</b> waited.</p>"
    items = "".join(
        f"<item><title>Day {day} of feed {number}</title><link>http://127.0.1.{number}/posts/{day}</link>"
        f"<guid isPermaLink='false'>tag:{number}:{day}</guid><category>Ferries</category><category>Day {day}</category>"
        f"<pubDate>{1 + day:02} Mar 2026 08:{number % 60:02}:00 +0100</pubDate><dc:creator>Ada {number}</dc:creator>"
        f"<description>What happened on day {day}.</description>"
        f"<content:encoded><![CDATA[<h2>Day {day}</h2>{paragraph * 24}<img src='/{day}.jpg' alt=''>]]>"
        "</content:encoded></item>"
        for day in range(ENTRIES)
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' "
        "xmlns:content='http://purl.org/rss/1.0/modules/content/'>"
        f"<channel><title>Feed {number}</title><link>http://127.0.1.{number}/</link>"
        f"<description>A feed</description>{items}</channel></rss>"
    ).encode()


def answer(number: int) -> Response:
    """Return the feed with this *number* as a response with a validator."""
    from feedserver import Response

    return Response(document(number), headers={"Content-Type": "application/rss+xml", "ETag": f'"{number}"'})


def address(number: int) -> str:
    """Return the loopback address of the feed that is served as *number*, counted from 1."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


def serve(answers: Iterable[Response | Sequence[Response]]) -> None:
    """Serve each of *answers*, a response or a sequence of them, at an address of its own until standard input ends;
    print the URLs first.
    """
    from feedserver import FeedServer

    servers = []
    for number, answer in enumerate(answers, 1):
        server = FeedServer(host=address(number), journal_limit=10).start()
        server.add("/feed.xml", *(answer if isinstance(answer, Sequence) else [answer]))
        servers.append(server)
        print(server.url("/feed.xml"))
    print(flush=True)
    sys.stdin.read()
    for server in servers:
        server.stop()


@contextmanager
def served(program: str, *counts: int) -> Iterator[list[str]]:
    """Run *program*, a file, in a process of its own with `--serve` and *counts*; yield the URLs that it serves."""
    command = [sys.executable, program, "--serve", *map(str, counts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        urls = [line.strip() for line in takewhile(str.strip, process.stdout)]  # a blank line ends the list
        if len(urls) < sum(counts):
            raise SystemExit("the feeds can't be served: not all of 127.0.0.0/8 is loopback on this system")
        try:
            yield urls
        finally:
            process.communicate()
