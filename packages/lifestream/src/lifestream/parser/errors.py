"""How reading a document can fail. Each message is a sentence for the user who added the feed."""

from __future__ import annotations


class ParseError(Exception):
    """A document could not be read as a feed; *reason* says why."""

    @property
    def reason(self) -> str:
        return str(self)


class NotAFeed(ParseError):
    """The document is something else, or empty, or nothing in it could be read."""


class ParseTimeout(ParseError):
    """The document took longer than the deadline; the process that read it was killed."""


class ParserDied(ParseError):
    """The process that read the document could not finish: out of memory, killed from outside or by the end of its
    pool, or a crash. For a web page it also means that the page has no article.
    """
