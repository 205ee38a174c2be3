"""Bytes and headers to a `ParsedFeed`: RSS 0.9x to 2.0, RDF, Atom and JSON Feed, however ill-formed.

In: the body of an answer, its headers, its URL. Out: a `ParsedFeed`, whose text is not safe yet, or one of `errors`,
such as `NotAFeed`, with the reason. A document passes through these modules, in this order:

1. `pool`: child processes that can be killed. `job_queue`: the waiting documents, and how many processes it pays to
   start for them. `deadlines`: kills the processes whose time is up. `questions`: what a child is asked. `ipc`: how
   questions and answers are sent; `page_shapes` has the answers about web pages. `worker`: the child.
2. `document_reader`: whether a document is JSON or XML, the order of reading, and the documents that are no feeds.
3. `encoding`: bytes to text. It weighs a byte order mark, the charset of the header, that of the XML declaration, and
   what the bytes allow; `charsets` has the labels.
4. `tag_attributes`, `preprocessing`: remove what would make a parser of XML slow or fail.
5. `json_feed`, for the JSON that `json_text` finds and mends, or `strict`: well-formed RSS, RDF and Atom, and documents
   that can be mended (`wellformed`), straight to a `ParsedFeed`.
6. `liberal_reading`: all others. `salvage` splits an ill-formed document into its entries, `missing_ends` ends the
   fields that don't end, and `balanced_tags` makes the tags match, for `strict`. What `strict` still can't read is for
   `liberal`, feedparser with limits. `feedparser_result` makes a `ParsedFeed` of feedparser's result and of what
   feedparser loses, which `second_reading` and `damaged_episodes` recover.

Several of these modules share the following. `expat_reading`: runs expat so that it leaves nothing in memory. `dates`:
a date to a moment in UTC, or None (`storage.item_row` then chooses one), and whether day or month comes first;
`date_standards` has the forms of the standards, `date_forms` the others, `date_words` the names of months and zones,
`date_numbers` the dates in numbers, whose order the day of the week may decide, `date_times` the time of day. `people`:
names of authors. `relative_addresses`: the base of a text without an
`xml:base`; `strict.scope` has the others. `text_constructs`: plain text or HTML. `rhythm`: how often
the feed asks to be fetched.

Web pages have readers of their own: `web_page`, `discovery`: the feeds and pictures that a page names, and the usual
addresses of feeds. `article`: the article on the page of an entry.

`parse` reads a document in this process: in a child, a test or a benchmark. All other code uses `pool.ParserPool`. This
package never imports Django, so that a child starts fast, and never accesses the network.
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
