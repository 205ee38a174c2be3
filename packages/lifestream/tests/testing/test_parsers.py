"""Documents read in the process of a test give the same results as in a child process."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer
from lifestream.conf import settings
from lifestream.models import Item
from lifestream.parser.errors import NotAFeed, ParseError
from lifestream.parser.pool import ParserPool
from lifestream.plugins.registry import Registry
from lifestream.refresh.subscribe import add_feed, find_feed
from lifestream.testing import InProcessParsers, make_lifestream
from served import feed, rss, watched_processes
from shared_parsers import LentParser

DOCUMENTS = sorted(
    path
    for path in (Path(__file__).parents[1] / "feeds").rglob("*")
    if path.suffix in (".xml", ".json", ".rss", ".atom")
)
ILL_FORMED = b"<rss version='2.0'><channel><title>x</title><item><title>A & B</title><guid>1</guid></item>"


@pytest.fixture(scope="module")
def child() -> Iterator[ParserPool]:
    with ParserPool(1, rules=settings.sanitizer_rules) as pool:
        yield pool


@pytest.fixture(scope="module")
def here() -> InProcessParsers:
    return InProcessParsers(rules=settings.sanitizer_rules)


@pytest.mark.slow
def test_every_document_is_read_as_a_child_reads_it(child: ParserPool, here: InProcessParsers) -> None:
    assert len(DOCUMENTS) > 10
    documents = [(path.name, path.read_bytes()) for path in DOCUMENTS]
    for name, body in [*documents, ("ill-formed", ILL_FORMED), ("empty", b""), ("page", b"<html></html>")]:
        asked = (body, {"Content-Type": "application/xml"}, f"https://a.example/{name}")
        theirs, ours = child.submit(*asked), here.submit(*asked)
        error = theirs.exception()
        if error is None:
            assert ours.result() == theirs.result(), name
        else:
            assert isinstance(error, ParseError)
            assert repr(ours.exception()) == repr(error)


def test_a_page_is_read_as_a_child_reads_it(child: ParserPool, here: InProcessParsers) -> None:
    page = b"<link rel=alternate type=application/rss+xml href=/feed>"
    ours, theirs = (parsers.read_page(page, {}, "https://a.example/").result() for parsers in (here, child))
    assert ours == theirs
    assert "https://a.example/feed" in repr(ours)


def test_a_plugin_of_a_site_runs_in_both_processes() -> None:
    registry = Registry(["othersite.loud.LoudPlugin"])
    body = rss("one", "two").replace("http://example.org/", "https://loud.example/").encode()
    headers: dict[str, str] = {}
    with ParserPool(1, registry=registry) as pool:
        ours = InProcessParsers(registry=registry).submit(body, headers, "https://loud.example/feed").result()
        assert ours == pool.submit(body, headers, "https://loud.example/feed").result()
    assert [item.title for item in ours.items] == ["ONE", "TWO"]


def test_a_document_that_is_no_feed_raises_not_a_feed(here: InProcessParsers) -> None:
    with here as parsers, pytest.raises(NotAFeed, match=r"^the answer is empty$"):
        parsers.submit(b"", {}, "https://a.example/").result()


@pytest.mark.django_db
@pytest.mark.usefixtures("parsed_in_process")
def test_a_whole_fetch_starts_no_process(feedserver: FeedServer) -> None:
    feedserver.add("/feed", feed())
    with watched_processes() as started:
        add_feed(find_feed(feedserver.url("/feed")), make_lifestream())
    assert (Item.objects.count(), started) == (2, [])


@pytest.mark.parametrize("substitute", [InProcessParsers, LentParser])
def test_a_substitute_of_a_pool_has_all_its_methods(substitute: type[object]) -> None:
    names = [name for name, value in vars(ParserPool).items() if callable(value) and not name.startswith("_")]
    assert "submit" in names
    for name in names:
        assert (
            str(inspect.signature(getattr(substitute, name))).partition(" ->")[0]
            == (str(inspect.signature(getattr(ParserPool, name))).partition(" ->")[0])
        ), name
