"""The plugin of a feed, and the list of plugins."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from lifestream.entry import Entry, ParsedFeed
from lifestream.parser import parse
from lifestream.plugins import FeedPlugin, ItemDraft, PluginError, Registry, registry
from lifestream.plugins.item_pipeline import prepare
from site_documents import SANITIZER, SHIPPED, SITES, prepared_file


@pytest.mark.parametrize(
    ("name", "plugin"),
    [
        ("youtube.xml", "youtube"),
        ("github-releases.atom", "github"),
        ("mastodon.rss", "mastodon"),
        ("podcast.xml", "podcast"),
        ("flickr.xml", "flickr"),
        ("reddit.atom", "reddit"),
        ("bluesky.xml", "bluesky"),
    ],
)
def test_a_feed_gets_the_plugin_of_its_site(name: str, plugin: str) -> None:
    prepared = prepared_file(name)

    assert (prepared.plugin, prepared.problems, prepared.left_out) == (plugin, (), 0)


@pytest.mark.parametrize(
    ("name", "plugin"),
    [
        ("youtube.xml", "youtube"),
        ("github-releases.atom", "github"),
        ("mastodon.rss", "mastodon"),
        ("podcast.xml", "podcast"),
        ("flickr.xml", "generic"),
    ],
)
def test_some_feeds_are_recognised_at_another_domain(name: str, plugin: str) -> None:
    assert prepared_file(name, link="https://proxy.example/").plugin == plugin


@pytest.mark.parametrize("plugin", [SHIPPED.named(name) for name in SHIPPED.names], ids=lambda plugin: plugin.name)
def test_no_shipped_plugin_fails_on_an_empty_entry_or_recognises_an_empty_feed(plugin: FeedPlugin) -> None:
    prepared = prepare(ParsedFeed(entries=(Entry(),)), plugin, SANITIZER)

    assert prepared.items == (ItemDraft(),)
    assert plugin.recognises(ParsedFeed()) is False


class Mine(FeedPlugin):
    """A plugin of a site's own for a domain that a shipped plugin has, and for one more."""

    name = "mine"
    domains = ("github.com", "only.example")


class Renamed(FeedPlugin):
    """A plugin of a site's own with the name of a shipped plugin."""

    name = "youtube"


class Uncreated(FeedPlugin):
    """A plugin of which there can be no instance."""

    name = "uncreated"

    def __init__(self) -> None:
        raise LookupError("no key")


class Numbered(FeedPlugin):
    """A plugin whose name is no text."""

    name = 5  # type: ignore[assignment]


class OneDomain(FeedPlugin):
    """A plugin whose domains are a text, since a comma is missing."""

    name = "one"
    domains = "one.example"  # type: ignore[assignment]


class Unset(FeedPlugin):
    """A plugin whose domains can't be read."""

    name = "unset"

    @property
    def domains(self) -> tuple[str, ...]:  # type: ignore[override]
        raise LookupError("no domains")


class Unlisted(tuple[str, ...]):
    """Domains that can't be listed."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        raise LookupError("no list")


class OfUnlisted(FeedPlugin):
    """A plugin whose domains can't be listed."""

    name = "unlisted"
    domains = Unlisted(("one.example",))


class OfSet(FeedPlugin):
    """A plugin whose domains are a set."""

    name = "set"
    domains = frozenset({"one.example", "two.example"})  # type: ignore[assignment]


class Nameless(FeedPlugin):
    """A plugin without a name."""


PROXY = "https://feeds.example/f"
FILMS = ("https://www.youtube.com/watch?v=1", "https://youtu.be/2", "https://bench.example/3")


@pytest.mark.parametrize(
    ("claim", "url", "links", "plugin"),
    [
        # The feed's own URL chooses the plugin.
        ("https://youtube.com/@bench", "https://www.youtube.com/feeds", (), "youtube"),
        ("https://www.youtube.com", "https://m.YouTube.com:80/feeds", (), "youtube"),
        ("", "https://www.youtube.com/feeds", (), "youtube"),
        ("https://feeds.example/", "https://www.youtube.com/feeds", (), "youtube"),
        ("https://notyoutube.com/", "https://www.youtube.com/feeds", (), "youtube"),
        # Or most of its links do.
        ("https://youtube.com/@bench", PROXY, FILMS[:1], "youtube"),
        ("https://youtube.com/@bench", PROXY, ("", "https://www.youtube.com/watch?v=1"), "youtube"),
        ("https://youtube.com/@bench", PROXY, FILMS[1:], "generic"),
        ("https://youtube.com/@bench", PROXY, FILMS, "generic"),
        # The site that the feed names is not enough.
        ("https://youtube.com/@bench", PROXY, (), "generic"),
        ("https://www.youtube.com", PROXY, ("https://bench.example/3",), "generic"),
        ("https://youtube.com.evil.example/", PROXY, ("https://youtube.com.evil.example/1",), "generic"),
        (
            "https://youtube.com/",
            "https://youtube.com.evil.example/f",
            ("https://youtube.com@evil.example/",),
            "generic",
        ),
        ("https://youtube.com/", PROXY, ("https://evil.example\\@youtube.com/",), "generic"),
        # A blog that links to films is no feed of YouTube's.
        ("", PROXY, FILMS[:1], "generic"),
        ("https://feeds.example/", PROXY, FILMS[:1], "generic"),
        ("", "", (), "generic"),
        ("http://[", "http://[", ("http://[",), "generic"),
    ],
)
def test_the_domain_of_the_url_or_of_most_links_chooses_the_plugin(
    claim: str, url: str, links: tuple[str, ...], plugin: str
) -> None:
    feed = ParsedFeed(link=claim, entries=tuple(Entry(link=link) for link in links))
    assert SHIPPED.plugin_for(feed, url).name == plugin


@pytest.mark.parametrize(("name", "plugin"), [("github-releases.atom", "github"), ("youtube.xml", "youtube")])
def test_ids_alone_choose_no_plugin(name: str, plugin: str) -> None:
    feed = parse((SITES / name).read_bytes(), {}, "https://proxy.example/f")
    feed = replace(feed, link="https://proxy.example/")
    assert SHIPPED.plugin_for(feed, "https://proxy.example/f").name == plugin
    elsewhere = tuple(replace(entry, link="https://elsewhere.example/1") for entry in feed.entries)
    assert SHIPPED.plugin_for(replace(feed, entries=elsewhere), "https://proxy.example/f").name == "generic"


def test_plugins_of_settings_come_before_those_shipped() -> None:
    own = Registry([f"{__name__}.Mine", f"{__name__}.Renamed"], use_entry_points=False)

    assert isinstance(own.plugin_for(ParsedFeed(), "https://github.com/"), Mine)
    assert isinstance(own.named("youtube"), Renamed)
    assert own.plugin_for(ParsedFeed(), "https://youtube.com/").name == "generic"
    assert own.has_own
    assert not SHIPPED.has_own


@pytest.fixture
def no_cached_entry_points() -> Iterator[None]:
    """Make the process look for entry points again, as a new one would."""
    registry._points.cache_clear()
    yield
    registry._points.cache_clear()


@pytest.mark.usefixtures("no_cached_entry_points")
def test_plugins_of_entry_points_are_found_and_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        looked.append(group)
        return [EntryPoint("mine", f"{__name__}:Mine", "lifestream.plugins")] if group == "lifestream.plugins" else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)

    assert "mine" in Registry().names
    assert "mine" in Registry().names
    assert looked == ["lifestream.plugins"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no.such.Plugin", "the plugin 'no.such.Plugin' can't be imported: No module named 'no'"),
        ("Plugin", "the plugin 'Plugin' can't be imported: Empty module name"),
        ("datetime.datetime", "the plugin 'datetime.datetime' is no subclass of lifestream.plugins.FeedPlugin"),
        (
            f"{__name__}.Nameless",
            f"the plugin '{__name__}.Nameless' has no name: set the attribute `name` of its class",
        ),
        (
            f"{__name__}.Numbered",
            f"the plugin '{__name__}.Numbered' has no name: set the attribute `name` of its class",
        ),
        (
            f"{__name__}.OneDomain",
            f"the plugin '{__name__}.OneDomain' has no list of domains: set the attribute `domains` of its class, "
            "as in ('site.example',)",
        ),
        (f"{__name__}.Uncreated", f"the plugin '{__name__}.Uncreated' can't be created: LookupError: no key"),
        (f"{__name__}.Unset", f"the plugin '{__name__}.Unset' can't be created: LookupError: no domains"),
        (f"{__name__}.OfUnlisted", f"the plugin '{__name__}.OfUnlisted' can't be created: LookupError: no list"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named(path: str, message: str) -> None:
    with pytest.raises(PluginError) as raised:
        Registry([path], use_entry_points=False)

    assert str(raised.value) == message


def test_the_domains_of_a_plugin_may_be_a_set() -> None:
    registry = Registry([f"{__name__}.OfSet"], use_entry_points=False)
    assert registry.plugin_for(ParsedFeed(), "https://two.example/feed").name == "set"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"def x(:", "SyntaxError: invalid syntax"),
        (b"\xff\xfe", "SyntaxError: "),
        (b"nothing", "NameError: name 'nothing' is not defined"),
        (b"raise ValueError('no key')", "no key"),
        (b"import sys; sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_a_plugin_whose_module_cannot_be_imported_is_named(
    source: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_plugins.py").write_bytes(source)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(PluginError) as raised:
        Registry(["broken_plugins.Mine"], use_entry_points=False)

    assert str(raised.value).startswith(f"the plugin 'broken_plugins.Mine' can't be imported: {reason}")


def test_a_shortage_is_no_fault_of_the_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "short_plugins.py").write_text("raise MemoryError", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(MemoryError):
        Registry(["short_plugins.Mine"], use_entry_points=False)


@pytest.mark.usefixtures("no_cached_entry_points")
def test_an_entry_point_whose_module_ends_the_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ending_plugins.py").write_text("import sys; sys.exit(3)", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("ending", "ending_plugins:Plugin", "lifestream.plugins")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: points)

    with pytest.raises(PluginError, match=r"^the plugin of the entry point 'ending' can't be imported: SystemExit: 3"):
        Registry()


@pytest.mark.usefixtures("no_cached_entry_points")
def test_an_entry_point_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("broken", "no.such:Plugin", "lifestream.plugins")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: points)

    with pytest.raises(PluginError, match=r"^the plugin of the entry point 'broken' can't be imported"):
        Registry()


def test_the_error_for_an_unknown_name_lists_the_plugins() -> None:
    with pytest.raises(PluginError) as raised:
        SHIPPED.named("nosuch")

    assert str(raised.value) == (
        "there is no plugin 'nosuch': choose one of "
        "bluesky, flickr, generic, github, mastodon, podcast, reddit, youtube"
    )


def test_a_plugin_whose_recognises_raises_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    class Unsure(FeedPlugin):
        name = "unsure"

        def recognises(self, feed: ParsedFeed) -> bool:
            raise LookupError("who knows")

    registry = Registry()
    registry._plugins = {"unsure": Unsure(), **registry._plugins}
    assert registry.plugin_for(ParsedFeed(), "https://site.example/feed").name == "generic"
    assert "plugin unsure: recognises failed on https://site.example/feed" in caplog.text
