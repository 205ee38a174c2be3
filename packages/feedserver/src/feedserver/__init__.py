"""A real HTTP server for testing whatever reads RSS and Atom feeds.

with FeedServer("tests/feeds") as server:
    feed = my_reader.fetch(server.url("atom.xml"))
    assert server.requests[-1].headers["User-Agent"].startswith("my-reader/")
"""

from feedserver.fixtures.loader import FixtureError, FixtureWarning
from feedserver.handler.journal import Exchange, Journal, NotSeen, Strike
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Auth, Fault, Pace, Response, broken, gone, moved, touched
from feedserver.net.binding import PortTaken
from feedserver.quit_client import stop_server
from feedserver.server import FeedServer, VerificationError

__all__ = [
    "Auth",
    "Exchange",
    "Fault",
    "FeedServer",
    "FixtureError",
    "FixtureWarning",
    "Headers",
    "Journal",
    "NotSeen",
    "Pace",
    "PortTaken",
    "Request",
    "Response",
    "Strike",
    "VerificationError",
    "broken",
    "gone",
    "moved",
    "stop_server",
    "touched",
]
