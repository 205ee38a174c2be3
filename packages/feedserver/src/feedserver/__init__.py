"""A real HTTP server for testing whatever reads RSS and Atom feeds.

    with FeedServer("tests/feeds") as server:
        feed = my_reader.fetch(server.url("atom.xml"))
        assert server.requests[-1].headers["User-Agent"].startswith("my-reader/")
    server.verify()  # fails if anything went wrong at the server

The source, in the order in which a request passes it; the docstring of each package lists its modules:

- `net`: sockets, TLS and its faults, connections. `http`: HTTP/1.1 as values: parsing, and what is refused (malformed
  heads, CONNECT); 304, codings, ranges.
- `handler`: which answer a request gets, also as a proxy; which faults are injected, and which were never
  triggered; the journal.
- `fixtures`: feed files, and the directives in them. `faults`: the ways to break an answer, such as a
  reset after so many bytes.
- `messages`: requests, responses, clocks and the triggers of faults, as values.
- `feeds`, `encodings`: feeds and the charset matrix, made by code.
- `record`, `check`: the commands of these names. `cli` is the command line, `screen` what `serve` prints.

`server` is `FeedServer`: its lifecycle; the methods that tests call are in the `server_*` modules. `pytest`,
`testcases` and `django` are the integrations for tests; pytest's fixtures and hooks are in `pytest_feedserver`, beside
this package. `ready_clients` has HTTP clients for a server, `forwarding` answers from another server of this machine,
`quit_client` stops a server from outside, and `strategies` is for Hypothesis.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from feedserver.fixtures.errors import FixtureError, FixtureWarning
from feedserver.handler.conditions import ConditionsInput, Including
from feedserver.handler.exchange import Exchange, NotSeen, Strike
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
    from feedserver.forwarding import Forward
    from feedserver.handler.expectations import Expectation
    from feedserver.messages.delays import LognormalDelay, UniformDelay

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
    "Forward",
    "Gate",
    "Headers",
    "Including",
    "Journal",
    "LognormalDelay",
    "NotSeen",
    "Pace",
    "Pattern",
    "PortTaken",
    "Request",
    "RequestFilter",
    "Response",
    "Strike",
    "UniformDelay",
    "VerificationError",
    "broken",
    "gone",
    "lasting",
    "moved",
    "stop_server",
    "touched",
]


_LOADED_AT_FIRST_USE = {
    "Expectation": "feedserver.handler.expectations",
    "Fault": "feedserver.faults",
    "Forward": "feedserver.forwarding",
    "LognormalDelay": "feedserver.messages.delays",
    "UniformDelay": "feedserver.messages.delays",
}
"""The modules of names that few tests use: importing the faults, too, makes this import a quarter slower."""


def __getattr__(name: str) -> Any:
    """Load a name that few tests use."""
    if name in _LOADED_AT_FIRST_USE:
        return getattr(import_module(_LOADED_AT_FIRST_USE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
