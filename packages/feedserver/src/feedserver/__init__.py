"""A real HTTP server for testing whatever reads RSS and Atom feeds.

with FeedServer("tests/feeds") as server:
    feed = my_reader.fetch(server.url("atom.xml"))
    assert server.requests[-1].headers["User-Agent"].startswith("my-reader/")
"""

from typing import TYPE_CHECKING, Any

from feedserver.fixtures.errors import FixtureError, FixtureWarning
from feedserver.handler.conditions import ConditionsInput, Including
from feedserver.handler.exchange import Exchange, NotSeen, Strike
from feedserver.handler.expectations import Expectation
from feedserver.handler.journal import Journal
from feedserver.handler.path_pattern import Pattern
from feedserver.handler.request_filter import RequestFilter
from feedserver.messages.client_connection import ClientConnection
from feedserver.messages.clock import Clock
from feedserver.messages.gate import Gate
from feedserver.messages.headers import Headers
from feedserver.messages.lasting import lasting
from feedserver.messages.pacing import Pace
from feedserver.messages.request import Request
from feedserver.messages.response import Auth, Response
from feedserver.messages.send_plan import Ended
from feedserver.messages.shortcuts import broken, gone, moved, touched
from feedserver.net.binding import PortTaken
from feedserver.quit_client import stop_server
from feedserver.server import FeedServer, VerificationError

if TYPE_CHECKING:
    from feedserver.faults import Fault

__all__ = [
    "Auth",
    "ClientConnection",
    "Clock",
    "ConditionsInput",
    "Ended",
    "Exchange",
    "Expectation",
    "Fault",
    "FeedServer",
    "FixtureError",
    "FixtureWarning",
    "Gate",
    "Headers",
    "Including",
    "Journal",
    "NotSeen",
    "Pace",
    "Pattern",
    "PortTaken",
    "Request",
    "RequestFilter",
    "Response",
    "Strike",
    "VerificationError",
    "broken",
    "gone",
    "lasting",
    "moved",
    "stop_server",
    "touched",
]


def __getattr__(name: str) -> Any:
    """Load `Fault` at its first use: few tests use faults, and importing them doubles the time of this import."""
    if name == "Fault":
        from feedserver.faults import Fault

        return Fault
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
