"""The fault that is a template for others: it breaks nothing, and the journal names it."""

from __future__ import annotations

import urllib.request

from feedserver import FeedServer, Response
from feedserver.faults import Nothing, parse


def test_the_template_breaks_nothing_and_the_journal_names_it() -> None:
    assert parse("nothing") == Nothing()
    with FeedServer() as server:
        server.add("/f", Response("<feed/>", faults=[Nothing()]))
        with urllib.request.urlopen(server.url("/f"), timeout=10) as answer:
            assert answer.read() == b"<feed/>"
        [exchange] = server.journal.exchanges
        assert [strike.fault for strike in exchange.faults] == ["nothing"]
        server.verify()
