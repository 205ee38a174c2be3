"""The plugin of all feeds that no other is for: it changes nothing. It is also the template for the next one.

To write one: copy this file, name the class and its `name`, list the `domains` it is for (or override
`recognises`), override the hooks it needs, and put its dotted path into `LIFESTREAM_PLUGINS`, or declare it
as an entry point of the group `lifestream.plugins`.
"""

from __future__ import annotations

from lifestream.plugins.base import FeedPlugin


class GenericPlugin(FeedPlugin):
    """Entries as they are."""

    name = "generic"
