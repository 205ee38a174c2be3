"""The signals that lifestream sends: of new and changed items, and of feeds that fail, are gone or have moved.

A signal is sent at most once, after the commit of the transaction that wrote the change. If the process ends between
the commit and the signal, it is never sent; a receiver that must not miss any item has to keep the last primary key
that it has handled. An error that a receiver raises is logged, and stops neither the import nor the other receivers.
The items and the lifestreams are loaded only if a receiver is connected and reads them; `items.keys` has the primary
keys of the items, to be passed to a task. The sender is always the class `lifestream.models.Feed`.

A receiver runs in the process that imports, and the import waits for it. Work that takes longer than a moment, such as
a request to another server, belongs in a task.
"""

from __future__ import annotations

from typing import Final

from django.dispatch import Signal

items_added: Final = Signal()
"""New items were stored. Arguments: *feed*, *items* (a sequence of at most 500, the oldest first), and *lifestreams*,
those that show at least one of these items.
"""

items_changed: Final = Signal()
"""Items were rewritten, since their feed has edited them. The arguments are those of `items_added`."""

feed_failing: Final = Signal()
"""A feed could not be fetched, read or stored. Arguments: *feed*, *failures* (how many in a row) and *message* (the
reason).
"""

feed_gone: Final = Signal()
"""The server said that a feed is gone for good (410); it is no longer fetched. Argument: *feed*."""

feed_moved: Final = Signal()
"""A feed has moved permanently. Arguments: *feed*, *old_url*, *new_url*, and *into*: None if the feed has the new URL
now, or the other feed that has it; then the subscriptions of *feed* have moved there, and *feed* is no longer fetched.
"""
