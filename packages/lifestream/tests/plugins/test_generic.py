"""The plugin for feeds that have no plugin of their own."""

from __future__ import annotations

from lifestream.entry import Entry, ParsedFeed
from lifestream.plugins import Registry
from lifestream.plugins.generic import GenericPlugin


def test_the_generic_plugin_changes_nothing_and_is_used_if_no_other_plugin_matches() -> None:
    entry = Entry(guid="1", title="A title", content="<p>x</p>")
    assert GenericPlugin().process(entry) == entry
    plugin = Registry(use_entry_points=False).plugin_for(ParsedFeed(entries=(entry,)), "https://a.example/feed")
    assert type(plugin) is GenericPlugin
