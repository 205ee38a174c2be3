"""What sites do differently, a file a site. `base` says what a plugin is, `registry` which feed gets which.

The names here are what a plugin of your own needs: a subclass of `FeedPlugin`, and `Entry`, which its hooks
get.
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
