"""A site's own plugins run in the process that imports; shipped plugins and the cleaning run in the child process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from lifestream.content.sanitizer import Sanitizer
from lifestream.parser import ParserDied, ParseTimeout, ipc
from lifestream.parser.pool import ParserPool
from lifestream.parser.worker import Reader
from lifestream.plugins import Entry, FeedPlugin, ParsedFeed, Registry
from lifestream.plugins.entry_digests import joined
from lifestream.plugins.flickr import FlickrPlugin

URL = "https://feeds.example/feed.xml"
FEED = b'<rss version="2.0"><channel><title>T</title><item><title>One</title><guid>1</guid></item></channel></rss>'


class Shouting(FeedPlugin):
    """A plugin of a site's own: it is not shipped, so it runs in the parent."""

    name = "shouting"
    domains: ClassVar[tuple[str, ...]] = ("loud.example",)
    threads: ClassVar[set[str]] = set()

    def process(self, entry: Entry) -> Entry:
        self.threads.add(threading.current_thread().name)
        return replace(entry, title=entry.title.upper(), content="<script>x</script><p>Loud</p>")


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool(2) as pool:
        yield pool


class Own(FeedPlugin):
    """A plugin of a site's own that recognises `FEED` by its title."""

    name = "own"

    def recognises(self, feed: ParsedFeed) -> bool:
        return feed.title == "T"


class Verbose(FeedPlugin):
    """A plugin of a site's own that returns markup which takes long to clean."""

    name = "verbose"

    def process(self, entry: Entry) -> Entry:
        return replace(entry, content="<p>a<b>b</b>" * 500_000)


class Exiting(FeedPlugin):
    """A plugin of a site's own that raises SystemExit."""

    name = "exiting"

    def process(self, entry: Entry) -> Entry:
        raise SystemExit(3)


def test_a_sites_own_plugin_runs_in_this_process_and_before_sanitising() -> None:
    Shouting.threads.clear()
    registry = Registry([f"{__name__}.Shouting"], use_entry_points=False)
    with ParserPool(1, registry=registry) as pool:
        by_domain = pool.submit(FEED, {}, "https://www.loud.example/feed").result(60)
        by_name = pool.submit(FEED, {}, URL, plugin="shouting").result(60)
        neither = pool.submit(FEED, {}, URL).result(60)

    assert [prepared.plugin for prepared in (by_domain, by_name, neither)] == ["shouting", "shouting", "generic"]
    assert (by_name.items[0].title, by_name.items[0].content) == ("ONE", "<p>Loud</p>")
    assert Shouting.threads == {"parser-1"}


@pytest.mark.slow
def test_known_entries_are_returned_as_outlines_whichever_process_runs_the_plugin() -> None:
    dated = FEED.replace(b"</guid>", b"</guid><pubDate>Sun, 01 Mar 2026 08:30:00 GMT</pubDate>")
    more = dated.replace(b"<item>", b"<item><title>Two</title></item><item>")
    with ParserPool(1, registry=Registry([f"{__name__}.Shouting"], use_entry_points=False)) as pool:
        for plugin in ("shouting", "generic", ""):
            [digest] = pool.submit(dated, {}, URL, plugin=plugin).result(60).digests
            known = joined([(digest, "key")])
            again = pool.submit(more, {}, URL, plugin=plugin, known=known).result(60)
            assert (again.known, again.digests) == ((1,), ("", digest))
            assert (again.items[1].title.lower(), again.items[1].content) == ("one", "")


@pytest.mark.slow
def test_the_result_of_a_sites_own_plugin_is_cleaned_in_the_child_within_the_deadline() -> None:
    registry = Registry([f"{__name__}.Verbose"], use_entry_points=False)
    with ParserPool(1, deadline=0.5, registry=registry) as pool:
        with pytest.raises(ParseTimeout, match=r"^reading it took longer than 0\.5 seconds$"):
            pool.submit(FEED, {}, URL, plugin="verbose").result(60)
        assert pool.submit(FEED, {}, URL).result(60).items[0].guid == "1"


def test_nothing_is_cleaned_in_this_process_whichever_plugin_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def clean(*_: object) -> str:
        raise AssertionError("cleaned in the process that imports")

    for name in ("html", "beginning", "plain", "text", "summary", "url"):
        monkeypatch.setattr(Sanitizer, name, clean)
    registry = Registry([f"{__name__}.Shouting"], use_entry_points=False)
    with ParserPool(1, registry=registry) as pool:
        own, shipped = pool.submit(FEED, {}, URL, plugin="shouting"), pool.submit(FEED, {}, URL)

        assert own.result(60).items[0].content == "<p>Loud</p>"
        assert shipped.result(60).items[0].title == "One"


def test_shipped_plugins_run_in_the_child_even_if_the_site_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Entry:
        raise AssertionError("a shipped plugin ran in the process that imports")

    monkeypatch.setattr(FlickrPlugin, "process", refuse)
    body = (Path(__file__).parents[1] / "feeds" / "sites" / "flickr.xml").read_bytes()
    with ParserPool(1, registry=Registry([f"{__name__}.Shouting"], use_entry_points=False)) as pool:
        prepared = pool.submit(body, {}, "http://127.0.0.1/photos.xml").result(60)

    assert (prepared.plugin, prepared.problems) == ("flickr", ())
    assert prepared.items


def test_the_first_import_recognises_the_site_by_its_document(pool: ParserPool) -> None:
    body = (Path(__file__).parents[1] / "feeds" / "sites" / "flickr.xml").read_bytes()

    assert pool.submit(body, {}, "http://127.0.0.1/photos.xml").result(60).plugin == "flickr"


@pytest.mark.slow
def test_a_feed_for_a_sites_own_plugin_is_bounded_in_the_child() -> None:
    """The answer of a child is unpacked in this process, where no deadline ends the work."""
    child = Reader(Registry(use_entry_points=False), Sanitizer())
    items: list[dict[str, object]] = [{"id": "1", "tags": [*map(str, range(200))]}, *({} for _ in range(10_000))]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
    answer = child.answer({"headers": {}, "url": URL, "plugin": None}, body)
    feed = ipc.FEED.unpack(answer["feed"])

    assert (len(feed.entries), len(feed.entries[0].tags)) == (10_000, 100)
    with ParserPool(1, registry=Registry([f"{__name__}.Shouting"], use_entry_points=False)) as pool:
        for name in ("shouting", "generic"):
            capped = pool.submit(body, {}, URL, plugin=name).result(60).capped
            assert [note.partition(":")[0] for note in capped] == ["capped once", "capped once"]
        capped = pool.submit(body, {}, URL).result(60).capped
        assert [note.partition(" of ")[0] for note in capped] == ["capped once: entries", "capped once: tags"]


@pytest.mark.slow
def test_a_sites_own_plugin_may_recognise_a_feed() -> None:
    with ParserPool(1, registry=Registry([f"{__name__}.Own"], use_entry_points=False)) as pool:
        assert pool.submit(FEED, {}, URL).result(60).plugin == "own"


def test_a_plugin_that_exits_is_reported_as_a_problem() -> None:
    with ParserPool(1, registry=Registry([f"{__name__}.Exiting"], use_entry_points=False)) as pool:
        for _ in range(2):
            prepared = pool.submit(FEED, {}, URL, plugin="exiting").result(60)
            assert [problem.error for problem in prepared.problems] == ["SystemExit: 3"]


class FailingToRecognise(FeedPlugin):
    """Raises *error* when it is asked whether it recognises a feed."""

    name = "failing to recognise"
    error: ClassVar[BaseException] = SystemExit(3)

    def recognises(self, feed: ParsedFeed) -> bool:
        raise self.error


@pytest.mark.slow
@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), LookupError()], ids=repr)
def test_a_plugin_that_exits_when_it_is_asked_about_a_feed_loses_no_feed(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FailingToRecognise, "error", error)
    with ParserPool(1, registry=Registry([f"{__name__}.FailingToRecognise"], use_entry_points=False)) as pool:
        assert pool.submit(FEED, {}, URL).result(60).plugin == "generic"


@pytest.mark.slow
def test_a_keyboard_interrupt_in_a_plugin_fails_only_its_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FailingToRecognise, "error", KeyboardInterrupt())
    with ParserPool(1, registry=Registry([f"{__name__}.FailingToRecognise"], use_entry_points=False)) as pool:
        with pytest.raises(ParserDied, match=r"^KeyboardInterrupt ended the reading of the document$"):
            pool.submit(FEED, {}, URL).result(60)
        monkeypatch.setattr(FailingToRecognise, "error", LookupError())
        assert pool.submit(FEED, {}, URL).result(60).plugin == "generic"


@pytest.mark.slow
def test_a_missing_plugin_is_reported_and_replaced_by_the_generic_one(pool: ParserPool) -> None:
    prepared = pool.submit(FEED, {}, URL, plugin="vanished").result(60)

    assert prepared.plugin == "generic"
    assert len(prepared.items) == 1
    assert [problem.error for problem in prepared.problems] == [
        f"there is no plugin 'vanished': choose one of {', '.join(pool.registry.names)}"
    ]
