"""Bytes and headers to a `ParsedFeed`: RSS 0.9x to 2.0, RDF, Atom and JSON Feed, however ill-formed.

In: the body of an answer, its headers, its URL. Out: a `ParsedFeed`, whose text is not safe yet, or `NotAFeed` with the
reason. A document passes through these modules, in this order:

1. `pool`: child processes that can be killed, as many as the documents in `job_queue` are worth, and by `deadlines`
where they are late; `questions` are what they are asked, `ipc` carries questions and answers (of web pages in
`page_shapes`), `worker` is the child.
2. `document_reader`: the order of reading, and the documents that are no feeds.
3. `encoding`: bytes to text, by the labels in `charsets`. `tag_attributes`, `preprocessing`: remove what no parser
should see.
4. `json_feed`, or `strict`: well-formed RSS, RDF and Atom, and documents that can be mended (`wellformed`), straight
to values.
5. `liberal_reading`: all others. `salvage` splits an ill-formed document into its entries, `missing_ends` ends the
fields that don't end, `liberal` is feedparser within bounds, and `feedparser_result` makes values of it and of what
`second_reading` and `damaged_episodes` recover, which feedparser loses.
6. Shared by all readers: `dates` (with `date_standards`, and for other dates `date_forms`, `date_numbers`, `date_times`
and `date_words`), `people`, `relative_addresses`, `text_constructs`, `rhythm`.
7. `web_page`, `discovery`: the feeds and pictures that a web page names, and the usual addresses of feeds.

`parse` reads a document in this process, for tests; all other code uses `pool.ParserPool`. This package never imports
Django, so that a child starts fast, nor the network.
"""

from __future__ import annotations

from collections.abc import Mapping

from lifestream.entry import ParsedFeed
from lifestream.parser.errors import NotAFeed, ParseError, ParserDied, ParseTimeout
from lifestream.plugins.reading_notes import Notes

__all__ = ["NotAFeed", "ParseError", "ParseTimeout", "ParserDied", "parse"]


def parse(body: bytes, headers: Mapping[str, str], url: str, notes: Notes | None = None) -> ParsedFeed:
    """Return the feed in the document *body*.

    *headers* are those of the answer, in any case; only Content-Type and Content-Language are read. *url* is the
    address of the document, which relative addresses in it are resolved against. *notes* are filled in if they are
    given. Raises `NotAFeed` with a reason.
    """
    from lifestream.parser.document_reader import read

    return read(body, {name.lower(): value for name, value in headers.items()}, url, notes)
