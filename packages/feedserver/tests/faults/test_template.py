"""The fault that is there to be copied: it breaks nothing, and that is noted."""

from __future__ import annotations

import urllib.request

from feedserver import FeedServer, Response
from feedserver.faults import Nothing, parse


def test_nothing_is_broken_and_that_is_noted() -> None:
    assert parse("nothing") == Nothing()
    with FeedServer() as server:
        server.add("/f", Response("<feed/>", faults=[Nothing()]))
        with urllib.request.urlopen(server.url("/f"), timeout=10) as answer:
            assert answer.read() == b"<feed/>"
        [exchange] = server.journal.exchanges
        assert [strike.fault for strike in exchange.faults] == ["nothing"]
        server.verify()
