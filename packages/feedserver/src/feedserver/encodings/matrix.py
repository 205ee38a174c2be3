"""Every meeting of a charset in the header, a declaration in the document, a byte order mark and the true encoding.

Each is a `Case`: the response to serve, and what a reader that goes by the book makes of it. What that is, is worked
out from the rules: they choose an encoding, the bytes are decoded in it, and what comes out is parsed.
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
from feedserver.feeds.markup import serialize
from feedserver.messages.argument_types import check_bool, check_name
from feedserver.messages.response import Response

TEXT = "Привет"
"""The title that every feed of the matrix truly has.

In UTF-8 its bytes are legal windows-1251 too, but say something else; in windows-1251 they are no legal UTF-8.
"""

MEDIA_TYPES = ("text/xml", "application/xml", "application/rss+xml", "application/atom+xml", "text/html")
CHARSETS = (None, "utf-8", "windows-1251", "us-ascii", "utf-16", "x-unknown")
DECLARATIONS = (None, "utf-8", "windows-1251", "utf-16")
TRUTHS = ("utf-8", "windows-1251", "utf-16-le", "utf-16-be")

Verdict: TypeAlias = Literal["read", "garbled", "refused", "open"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the standards make of a document.

    *verdict* is "read" (the true title is found), "garbled" (another one is), "refused" (a fatal error), or "open": no
    result is prescribed. *encoding* is the one that the document is taken to be in, None where it is refused before
    that. *title* is what is found, None for nothing. *rules* say why, the deciding one first.
    """

    verdict: Verdict
    encoding: str | None
    title: str | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One meeting: the *charset* of a Content-Type of *media_type*, the encoding that the XML *declaration* names
    (None: there is no declaration), whether there is a byte order mark (*bom*), and the *true_encoding*.

    *response* serves it, *outcome* is what the standards make of it.
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
        """What it is called: the type, the charset, the declaration and the document, "-" for what is not there."""
        document = f"{'bom+' if self.bom else ''}{self.true_encoding}"
        return f"{self.media_type}/{self.charset or '-'}/{self.declaration or '-'}/{document}"

    @property
    def path(self) -> str:
        """A path to serve it at."""
        return f"/encodings/{self.name}"

    def accepts(self, title: str | None) -> bool:
        """Whether *title* is what a reader should have found; None where it refused the document, or found nothing.

        Where the result is open, any is accepted but, of XML, a garbled one.
        """
        if self.outcome.verdict != "open":
            return title == self.outcome.title
        return is_html(self.media_type) or title in (TEXT, None)

    def __str__(self) -> str:
        return self.name


def matrix(*media_types: str) -> tuple[Case, ...]:
    """Every case, of these *media_types* or of all in `MEDIA_TYPES`: 192 a type."""
    for media_type in media_types:
        check_name("a media type", media_type, "text/xml")
    meetings = product(media_types or MEDIA_TYPES, CHARSETS, DECLARATIONS, TRUTHS, (False, True))
    return tuple(
        case(media_type, charset, declaration, truth, bom=bom)
        for media_type, charset, declaration, truth, bom in meetings
    )


def case(media_type: str, charset: str | None, declaration: str | None, true_encoding: str, *, bom: bool) -> Case:
    """The case of this meeting. A mark before what is no Unicode is that of UTF-8, as careless editors leave it."""
    check_name("media_type", media_type, "text/xml")
    check_name("charset", charset, "utf-8", or_none=True)
    check_name("declaration", declaration, "utf-8", or_none=True)
    check_name("true_encoding", true_encoding, "utf-8")
    check_bool("bom", bom)
    feed = Feed(title=TEXT, id="urn:encodings", entries=[Entry(title=TEXT, id="urn:encodings:1")])
    root = atom.document(feed) if media_type == "application/atom+xml" else rss.document(feed)
    document = serialize(root, true_encoding, declaration=declaration or False)
    data = (_mark(true_encoding) if bom else b"") + document
    content_type = f"{media_type}; charset={charset}" if charset else media_type
    outcome = outcome_of(media_type, charset, data)
    made = Case(media_type, charset, declaration, bom, true_encoding, Response(), outcome)
    response = Response(data, headers={"Content-Type": content_type}, source=f"feedserver.encodings {made}")
    return Case(media_type, charset, declaration, bom, true_encoding, response, outcome)


def outcome_of(media_type: str, charset: str | None, data: bytes) -> Outcome:
    """What the standards make of a feed with the title `TEXT` that comes as *data*."""
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


def _mark(encoding: str) -> bytes:
    return {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, codecs.BOM_UTF8)


def _title_in_xml(text: str) -> str | None:
    """The first title in a document of characters; None where it is not well-formed."""
    if ILLEGAL_CHARACTER.search(text):  # zeros would have expat guess at UTF-16 after all
        return None
    parser = expat.ParserCreate("utf-8")  # told, so that the declaration has no say
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
    """The title that an HTML parser finds; None where the bytes, wrongly decoded, show no such tag."""
    _, begins, rest = text.partition("<title>")
    title, ends, _ = rest.partition("</title>")
    return title if begins and ends else None
