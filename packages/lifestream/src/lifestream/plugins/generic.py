"""The plugin of all feeds that no other plugin is for: it changes nothing. Copy it to write a new plugin.

Copy this file, rename the class and its `name`, list the `domains` it is for (or override `recognises`), and override
the hooks that it needs. Then put its dotted path into `LIFESTREAM_PLUGINS`, or declare it as an entry point of the
group `lifestream.plugins`.
"""

from __future__ import annotations

from lifestream.plugins.base import FeedPlugin


class GenericPlugin(FeedPlugin):
    """Leaves entries unchanged."""

    name = "generic"
