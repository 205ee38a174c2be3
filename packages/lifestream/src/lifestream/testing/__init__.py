"""What a site needs to test itself: feeds from code, a clock, rows to begin with. Nothing here opens a socket, and
nothing starts a process.

In: the document of a feed, as text or from the builders of `feedserver.feeds`. Out: rows, as an import writes them, and
the signals that it sends. The modules:

- `importing`: imports a document in one call.
- `parsers`: reads documents in this process, with the class that the child processes use.
- `clock`: a clock that stands still until it is moved.
- `factories`: makes rows from the values that matter in a test.

The fixtures of pytest are in the module `pytest_lifestream`, beside the package `lifestream`. Only tests import this
package: in the process of a test, nothing stops a document that takes too long or too much memory.
This package never imports `admin`, `owner` or `management`.
"""

from __future__ import annotations

from lifestream.testing.clock import Clock
from lifestream.testing.factories import make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.testing.importing import FeedImporter, Imported, import_feed, sent_signals
from lifestream.testing.parsers import InProcessParsers, parsed_in_process

__all__ = [
    "Clock",
    "FeedImporter",
    "Imported",
    "InProcessParsers",
    "import_feed",
    "make_feed",
    "make_item",
    "make_lifestream",
    "make_post",
    "make_subscription",
    "parsed_in_process",
    "sent_signals",
]
