"""Texts that a test compares as a whole: what differs from run to run is replaced by a word."""

from __future__ import annotations

import re
from pathlib import Path

JOURNAL_OF_A_MISS = """\
The server received 1 request:
  1. GET /atm.xml -> 404 Not Found, N bytes in N ms"""

MISS = """\
GET /atm.xml: nothing answers.
Near it: /atom.xml.
This would answer: a file FEEDS/atm.xml, or
  server.add('/atm.xml', Response(…))"""
"""The problem that is reported for a request for /atm.xml if the folder FEEDS has an atom.xml."""


def steady(text: str, feeds: Path) -> str:
    """Return *text* with FEEDS for the path *feeds*, HOST for an address and port, and N for sizes and durations."""
    text = text.replace(f"{feeds}\\", "FEEDS/").replace(str(feeds), "FEEDS")
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    return re.sub(r"[\d,]+ bytes in [\d.]+ ms", "N bytes in N ms", text)
