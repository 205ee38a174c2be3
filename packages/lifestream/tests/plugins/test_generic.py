"""The plugin for feeds that have no plugin of their own."""

from __future__ import annotations

from lifestream.entry import Entry, ParsedFeed
from lifestream.plugins import Registry
from lifestream.plugins.generic import GenericPlugin
from lifestream.plugins.item_pipeline import draft_of, hooked


def test_the_generic_plugin_changes_nothing_and_is_used_if_no_other_plugin_matches() -> None:
    entry = Entry(guid="1", title="A title", content="<p>x</p>")
    feed = ParsedFeed(entries=(entry,))
    assert hooked(feed, GenericPlugin()).items == (draft_of(entry),)
    plugin = Registry(use_entry_points=False).plugin_for(feed, "https://a.example/feed")
    assert type(plugin) is GenericPlugin
