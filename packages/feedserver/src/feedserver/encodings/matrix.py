"""Every combination of a charset in the header, a declaration in the document, a byte order mark and the true encoding.

Each combination is a `Case`: the response to serve, and what a reader that follows the standards makes of it. The
outcome is computed: the rules choose an encoding, the bytes are decoded with it, and the result is parsed.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeAlias
from xml.parsers import expat

from feedserver.encodings.rules import ILLEGAL, NO_XML, Rule, decide, is_html
from feedserver.feeds import Entry, Feed, atom, rss
from feedserver.feeds.markup import ILLEGAL as ILLEGAL_CHARACTER
from feedserver.feeds.markup import codec_name, serialize
from feedserver.messages.argument_types import check_bool, check_name
from feedserver.messages.response import Response

TEXT = "Привет"
"""The true title of every feed of the matrix.

Its bytes in UTF-8 are also valid windows-1251, but with another meaning; its bytes in windows-1251 are not valid UTF-8.
"""

MEDIA_TYPES = ("text/xml", "application/xml", "application/rss+xml", "application/atom+xml", "text/html")
"""The media types of `Content-Type` in the matrix."""
CHARSETS = (None, "utf-8", "windows-1251", "us-ascii", "utf-16", "x-unknown")
"""The charsets of `Content-Type` in the matrix; None leaves it out."""
DECLARATIONS = (None, "utf-8", "windows-1251", "utf-16")
"""The encodings that documents of the matrix declare; None declares none."""
TRUTHS = ("utf-8", "windows-1251", "utf-16-le", "utf-16-be")
"""The encodings that documents of the matrix truly are in."""

Verdict: TypeAlias = Literal["read", "garbled", "refused", "open"]
"""What becomes of a document; see `Outcome`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the standards make of a document.

    *verdict* is "read" (the true title is found), "garbled" (another title is found, or in HTML none), "refused" (a
    fatal error), or "open" (no result is prescribed). *encoding* is the one in which the document is decoded, or None
    if it is refused before that. *title* is the title that is found, or None. *rules* are the rules that apply; the
    first is the one that chooses the encoding, or refuses the document before that.
    """

    verdict: Verdict
    encoding: str | None
    title: str | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One combination: the *charset* of a Content-Type of *media_type*, the encoding that the XML *declaration* names
    (None: there is no declaration), whether there is a byte order mark (*bom*), and the *true_encoding*.

    *response* serves it, and *outcome* is what the standards make of it.
    """

    media_type: str
    charset: str | None
    declaration: str | None
    bom: bool
    true_encoding: str
    response: Response
    outcome: Outcome

    @property
    def name(self) -> str:
        """The name of the case: type, charset, declaration and document, with "-" for what is absent."""
        document = f"{'bom+' if self.bom else ''}{self.true_encoding}"
        return f"{self.media_type}/{self.charset or '-'}/{self.declaration or '-'}/{document}"

    @property
    def path(self) -> str:
        """The path at which to serve the case."""
        return f"/encodings/{self.name}"

    def accepts(self, title: str | None) -> bool:
        """Return whether *title* is what a reader should have found. None means that the reader refused the document or
        found no title.

        If the outcome is open, any title is accepted, except a garbled one in XML.
        """
        if self.outcome.verdict != "open":
            return title == self.outcome.title
        return is_html(self.media_type) or title in (TEXT, None)

    def __str__(self) -> str:
        return self.name


def matrix(*media_types: str) -> tuple[Case, ...]:
    """Return every case of these *media_types*, or of all in `MEDIA_TYPES`: 192 for each type."""
    for media_type in media_types:
        check_name("a media type", media_type, "text/xml")
    combinations = product(media_types or MEDIA_TYPES, CHARSETS, DECLARATIONS, TRUTHS, (False, True))
    return tuple(
        case(media_type, charset, declaration, truth, bom=bom)
        for media_type, charset, declaration, truth, bom in combinations
    )


def case(media_type: str, charset: str | None, declaration: str | None, true_encoding: str, *, bom: bool) -> Case:
    """Return the case of this combination. With *bom*, an encoding that is not Unicode gets the byte order mark of
    UTF-8, as careless editors write it.
    """
    check_name("media_type", media_type, "text/xml")
    check_name("charset", charset, "utf-8", or_none=True)
    check_name("declaration", declaration, "utf-8", or_none=True)
    check_name("true_encoding", true_encoding, "utf-8")
    check_bool("bom", bom)
    feed = Feed(title=TEXT, id="urn:encodings", entries=[Entry(title=TEXT, id="urn:encodings:1")])
    root = atom.document(feed) if media_type == "application/atom+xml" else rss.document(feed)
    is_unicode = codec_name(true_encoding).startswith("utf")
    document = serialize(root, true_encoding, bom=bom and is_unicode, declaration=declaration or False)
    data = codecs.BOM_UTF8 + document if bom and not is_unicode else document
    content_type = f"{media_type}; charset={charset}" if charset else media_type
    outcome = outcome_of(media_type, charset, data)
    unserved = Case(media_type, charset, declaration, bom, true_encoding, Response(), outcome)
    response = Response(data, headers={"Content-Type": content_type}, source=f"feedserver.encodings {unserved}")
    return Case(media_type, charset, declaration, bom, true_encoding, response, outcome)


def outcome_of(media_type: str, charset: str | None, data: bytes) -> Outcome:
    """Return what the standards make of a feed with the title `TEXT` whose bytes are *data*."""
    decision = decide(media_type, charset, data)
    encoding, rule = decision.encoding, decision.rule
    if encoding is None:
        return Outcome("refused", None, None, (rule,))
    if is_html(media_type):
        found = _title_in_html(data.decode(encoding, "replace"))
        return Outcome("open" if decision.is_open else _verdict(found), encoding, found, (rule,))
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return Outcome("refused", encoding, None, (rule, ILLEGAL))
    title = _title_in_xml(text)
    if title is None:
        return Outcome("refused", encoding, None, (rule, NO_XML))
    return Outcome("open" if decision.is_open else _verdict(title), encoding, title, (rule,))


def _verdict(title: str | None) -> Verdict:
    return "read" if title == TEXT else "garbled"


def _title_in_xml(text: str) -> str | None:
    """Return the first title in a decoded document; None if it has none, or is not well-formed."""
    if ILLEGAL_CHARACTER.search(text):  # With zeros in it, expat would guess UTF-16.
        return None
    parser = expat.ParserCreate("utf-8")  # The encoding is given, so that the declaration is ignored.
    names: list[str] = []
    titles: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        names.append(name)
        if name == "title":
            titles.append("")

    def characters(data: str) -> None:
        if names[-1:] == ["title"]:
            titles[-1] += data

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: names.pop()
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError:
        return None
    return titles[0] if titles else None


def _title_in_html(text: str) -> str | None:
    """Return the title that an HTML parser finds; None if the text, wrongly decoded, has no element `title`."""
    _, begins, rest = text.partition("<title>")
    title, ends, _ = rest.partition("</title>")
    return title if begins and ends else None
