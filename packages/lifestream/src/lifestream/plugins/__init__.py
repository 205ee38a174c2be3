"""What sites do differently, and how an entry becomes the draft of an item.

In: a `ParsedFeed`. Out: `Prepared`, whose drafts are safe to store and show. In the order in which an entry passes:

1. `registry`: which plugin a feed gets.
2. `base`: what a plugin is; one module for each site (`bluesky`, `flickr`, `generic`, `github`, `mastodon`, `podcast`,
   `reddit`, `youtube`).
3. `item_pipeline`: the hooks of the plugin, then cleaning; `draft_checks`: what hooks may leave in a draft; `caps`: how
   much is kept of each field.
4. `entry_keys`: what an entry is known by.

The names here are what a plugin of your own needs: a subclass of `FeedPlugin`, and `Entry`, which its hooks get. Never
imported here: Django, a parser and the network.
"""

from __future__ import annotations

from lifestream.entry import Enclosure, Entry, Media, ParsedFeed
from lifestream.plugins.base import FeedPlugin, ItemDraft
from lifestream.plugins.registry import PluginError, Registry

__all__ = [
    "Enclosure",
    "Entry",
    "FeedPlugin",
    "ItemDraft",
    "Media",
    "ParsedFeed",
    "PluginError",
    "Registry",
]
