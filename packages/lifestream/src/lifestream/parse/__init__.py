"""Bytes and headers → `ParsedFeed`: RSS 0.9x to 2.0, RDF, Atom and JSON Feed, as ill-formed as they come.

`parse` does it here and now. `ParserPool` does it in child processes that can be killed, and is what
everyone but a test wants. Nothing here imports Django, so that a child starts fast; and feedparser is
imported when first used.

A document goes through these rooms: `charset` (bytes to text), `document` (what no parser should see is
removed), then `jsonfeed`, or `liberal` (feedparser, with bounds) and beside it `scan`, whose results `translate` puts
together. A web page is read by `page`, for the feeds that it names.
"""

from __future__ import annotations

from collections.abc import Mapping

from lifestream.entry import ParsedFeed
from lifestream.parse.errors import NotAFeed, ParseError, ParserDied, ParseTimeout

__all__ = ["NotAFeed", "ParseError", "ParseTimeout", "ParserDied", "parse"]


def parse(body: bytes, headers: Mapping[str, str], url: str) -> ParsedFeed:
    """What the feed in *body* says.

    *headers* are those of the answer, in any case; only Content-Type and Content-Language are read. *url* is
    where it came from: what relative addresses are relative to. Raises `NotAFeed` with a reason.
    """
    from lifestream.parse.reading import read

    return read(body, {name.lower(): value for name, value in headers.items()}, url)
