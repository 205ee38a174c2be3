"""The sample feeds of the demo: each has the expected format, and all its entries are read."""

from __future__ import annotations

import re
from collections import Counter

import httpx
import pytest

from feedserver import FeedServer
from hub import PLAIN
from lifestream import demo
from lifestream.parser import parse

FORMATS = {
    "allotments.xml": ("rss20", 4),
    "commonplace.json": ("json11", 6),
    "fieldnotes.xml": ("rss20", 5),
    "gull-point.xml": ("rss20", 5),
    "heron-releases.atom": ("atom10", 4),
    "ines.rss": ("rss20", 7),
    "lantern-status.atom": ("atom10", 3),
    "light-table.xml": ("rss20", 5),
    "long-wave.xml": ("rss20", 2),
    "maktab.xml": ("rss20", 2),
    "papershelf.rdf": ("rss10", 4),
    "second-spring.xml": ("rss20", 4),
    "seto.xml": ("rss20", 3),
    "shanfang.atom": ("atom10", 2),
    "slow-repair.xml": ("atom10", 3),
    "small-hours.atom": ("atom10", 4),
    "tidewater-register.xml": ("rss091u", 5),
}


def test_every_sample_is_in_the_table() -> None:
    assert demo.names() == sorted(FORMATS)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_sample_is_read_whole(name: str) -> None:
    with FeedServer(demo.FEEDS) as server:
        response = httpx.get(server.url(name), **PLAIN)
        server.verify()
        feed = parse(response.content, response.headers, server.url(name))
    assert (feed.format, len(feed.entries)) == FORMATS[name]
    assert feed.complaint == "" and feed.title and feed.link.startswith("https://")
    assert "\N{REPLACEMENT CHARACTER}" not in repr(feed)
    for entry in feed.entries:
        assert entry.link.startswith("https://")
        assert (entry.published or entry.updated) is not None
        assert entry.title or entry.content or entry.summary
    ids = Counter(entry.guid or entry.link for entry in feed.entries)
    assert max(ids.values()) == 1


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_each_sample_but_one_has_validators_and_answers_304(name: str) -> None:
    with FeedServer(demo.FEEDS) as server:
        first = httpx.get(server.url(name), **PLAIN)
        validators = {
            "if-none-match": first.headers.get("etag"),
            "if-modified-since": first.headers.get("last-modified"),
        }
        again = httpx.get(server.url(name), headers={key: value for key, value in validators.items() if value}, **PLAIN)
    assert any(validators.values()) is (name != "slow-repair.xml")
    assert again.status_code == (200 if name == "slow-repair.xml" else 304)


def test_every_file_that_a_sample_names_is_shipped_and_no_other() -> None:
    named = set()
    for name in demo.names():
        text = (demo.FEEDS / name).read_bytes().decode("latin-1")
        named |= set(re.findall(r"(?:pictures|sound)/[\w.-]+", text))
    there = {path.relative_to(demo.FEEDS).as_posix() for path in demo.FEEDS.glob("*/*")}
    assert named == there


def test_the_samples_are_small_enough_to_be_shipped() -> None:
    assert sum(path.stat().st_size for path in demo.FEEDS.rglob("*")) < 1_000_000
