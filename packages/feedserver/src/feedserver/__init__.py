"""A real HTTP server for testing whatever reads RSS and Atom feeds.

with FeedServer("tests/feeds") as server:
    feed = my_reader.fetch(server.url("atom.xml"))
    assert server.requests[-1].headers["User-Agent"].startswith("my-reader/")
"""

from feedserver.fixture import FixtureError, FixtureWarning
from feedserver.headers import Headers
from feedserver.journal import Exchange, Journal, NotSeen, Strike
from feedserver.ports import PortTaken
from feedserver.request import Request
from feedserver.response import Auth, Fault, Pace, Response, broken, gone, moved, touched
from feedserver.server import FeedServer, VerificationError
from feedserver.stopping import stop_server

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
