"""Bytes and headers to a `ParsedFeed`: RSS 0.9x to 2.0, RDF, Atom and JSON Feed, as ill-formed as they come.

In: the body of an answer, its headers, its URL. Out: a `ParsedFeed`, whose text is not safe yet, or `NotAFeed` with the
reason. In the order in which a document passes them:

1. `pool`: child processes that can be ended; `ipc` carries questions and answers, `worker` is the child.
2. `document_reader`: the order of reading, and what is no feed.
3. `encoding`: bytes to text, by the labels of `charsets`. `tag_attributes`, `preprocessing`: what no
   parser should see is removed.
4. `json_feed`, or `strict`: well-formed RSS, RDF and Atom, and what can be mended (`wellformed`), straight to values.
5. `liberal_reading`: the rest. `salvage` takes apart what is ill-formed, `liberal` is feedparser within bounds,
   `second_reading` is what it loses, and `feedparser_result` makes values of both.
6. What all readers share: `dates` (by `date_words`), `people`, `text_constructs`, `rhythm`.
7. `web_page`, `discovery`: the feeds and pictures that a page names, and where feeds usually are.

`parse` does it here and now, for tests; everyone else uses `pool.ParserPool`. Never imported here: Django, so that a
child starts fast, and the network.
"""

from __future__ import annotations

from collections.abc import Mapping

from lifestream.entry import ParsedFeed
from lifestream.parser.errors import NotAFeed, ParseError, ParserDied, ParseTimeout

__all__ = ["NotAFeed", "ParseError", "ParseTimeout", "ParserDied", "parse"]


def parse(body: bytes, headers: Mapping[str, str], url: str) -> ParsedFeed:
    """Return what the feed in *body* says.

    *headers* are those of the answer, in any case; only Content-Type and Content-Language are read. *url* is
    where it came from: what relative addresses are relative to. Raises `NotAFeed` with a reason.
    """
    from lifestream.parser.document_reader import read

    return read(body, {name.lower(): value for name, value in headers.items()}, url)
