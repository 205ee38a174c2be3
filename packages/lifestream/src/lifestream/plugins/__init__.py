"""Plugins, which treat the peculiarities of sites, and the steps by which an entry becomes the draft of an item.

In: a `ParsedFeed`. Out: `Prepared`, whose drafts are safe to store and to show. An entry passes through, in this order:

1. `registry`: which plugin a feed gets, by the domain of its site. A document may name a site that is not its own:
   `fetcher.url_hosts` decides whether to believe the document.
2. `base`: the base class of plugins; one module for each site (`bluesky`, `flickr`, `generic`, `github`, `mastodon`,
   `podcast`, `reddit`, `youtube`).
3. `item_pipeline`: the hooks of the plugin, then cleaning, and cutting the summary (`draft_cleaning`). `draft_checks`:
   what hooks may leave in a draft. `caps`: how much is kept of each field. `entry_digests`: which entries are stored
   already, and need not be cleaned.
4. `entry_keys`: the keys by which a stored item is found again. `entry_uris`: whether an entry's own id may be
   published in our feeds, or which id is made for it; `storage.published_ids` stores it.

`reading_notes`: how a document was understood, for a person who asks.

This package exports what your own plugin needs: `FeedPlugin`, its base class, and what its hooks get: `ParsedFeed`,
`Entry` and `ItemDraft`, with `Enclosure` and `Media` in them. It also exports `Registry`, which chooses the plugin of a
feed, and `PluginError`. It never imports Django, a parser or the network.
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
