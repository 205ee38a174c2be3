"""Group E: in which encoding a document is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from unicodedata import normalize

from feedserver.check.evidence import Evidence
from feedserver.check.links import resolved
from feedserver.check.scenario import Scenario, Step
from feedserver.check.stage import Stage
from feedserver.check.verdicts import Judgement, LaneKind, Level, Need, failed, passed
from feedserver.messages.response import Response

_WORD = "Привет"
_QUOTED = "“Größe”"
_CHINESE = "你好"
_JAPANESE = "こんにちは"
_BAD = "a bad byte: ?"
_BEGINNING = 500
"""How many characters of a title are normalized to find other spellings of a word: the time that it takes to put
combining marks into their order is quadratic in their number.
"""

_LIST = frozenset({Need.ITEMS, Need.LIST})
_WHY = "People see question marks and strange letters in place of their language."


def _document(
    at: Stage,
    encoding: str,
    content_type: str,
    *,
    bom: bool | None = None,
    declaration: bool | str = True,
    word: str = _WORD,
) -> Response:
    entry = at.entry(4, title=f"{word} {at.entry(4).title}")
    response = at.feed_of(entry, 3, 2, 1).render("rss", encoding=encoding, bom=bom, declaration=declaration)
    return replace(response, headers=response.headers.replaced("Content-Type", content_type))


def _with_bad_byte(at: Stage) -> Response:
    """Return a document in UTF-8, except for one byte in the text of item 4."""
    entry = at.entry(4, title=f"{_WORD} {at.entry(4).title}", summary=_BAD)
    response = at.feed_of(entry, 3, 2, 1).render("rss")
    if not isinstance(response.body, bytes):
        raise TypeError(f"a feed is rendered to bytes, not to {type(response.body).__name__}")
    return replace(response, body=response.body.replace(_BAD.encode(), _BAD.encode()[:-1] + b"\xff"))


def _is_in(word: str, title: str) -> bool:
    """Return whether *word* is in *title*, or, in another form or as HTML, in its first `_BEGINNING` characters."""
    return word in title or word in normalize("NFC", resolved(title[:_BEGINNING]))


def _judge_title(word: str) -> Callable[[Evidence], Judgement]:
    """Return a judge that expects item 4 in the list, with *word* in its title."""

    def judge(seen: Evidence) -> Judgement:
        seen.expect_subscribed(1)
        seen.asked(1)
        rows = seen.rows_of(1, 4)
        if not rows:
            return failed(f"an item whose title begins with {word}", "the document was refused")
        if any(_is_in(word, row.title) for row in rows):
            return passed(rows[0].title)
        return failed(f"a title that begins with {word}", rows[0].title)

    return judge


def _scenario(
    scenario_id: str,
    title: str,
    rule: str,
    source: str,
    level: Level,
    step: Step,
    advice: str,
    word: str = _WORD,
    why: str = _WHY,
) -> Scenario:
    return Scenario(
        id=scenario_id,
        title=title,
        rule=rule,
        source=source,
        level=level,
        steps=(Step(lambda at: at.feed(3, 2, 1)), step),
        judge=_judge_title(word),
        why=why,
        advice=advice,
        needs=_LIST,
        depends_on=("I1",),
    )


SCENARIOS = (
    _scenario(
        "E1",
        "A byte order mark wins",
        "A document has the byte order mark of UTF-8, and Content-Type names windows-1251: it is read as UTF-8.",
        "RFC 7303 §3.3",
        Level.SHOULD,
        Step(lambda at: _document(at, "utf-8", "application/xml; charset=windows-1251", bom=True)),
        "Look for a byte order mark first, then at the charset of Content-Type, then at the declaration.",
    ),
    _scenario(
        "E2",
        "The declaration of the document",
        "A document declares windows-1251 and Content-Type names no charset: it is read as windows-1251.",
        "XML 1.0 §4.3.3; RFC 7303 §3.2",
        Level.MUST,
        Step(lambda at: _document(at, "windows-1251", "application/rss+xml")),
        "Give the parser the bytes, and no text that was decoded before.",
    ),
    _scenario(
        "E3",
        "A document in UTF-16",
        "A document is in UTF-16 with its byte order mark: it is read as UTF-16.",
        "XML 1.0 §4.3.3",
        Level.SHOULD,
        Step(lambda at: _document(at, "utf-16", "application/xml")),
        "Give the parser the bytes: every XML processor must read UTF-8 and UTF-16.",
    ),
    _scenario(
        "E4",
        "text/xml without charset",
        "A document declares windows-1251 and comes as text/xml without charset: it is read as windows-1251, not as "
        "US-ASCII.",
        "RFC 7303 §3, which ended the rule of RFC 3023",
        Level.MUST,
        Step(lambda at: _document(at, "windows-1251", "text/xml")),
        "Treat text/xml as application/xml.",
    ),
    _scenario(
        "E5",
        "The charset of Content-Type over the declaration",
        "A server sends a document in UTF-8 and says so in Content-Type, while the document still declares "
        "windows-1251: it is read as UTF-8.",
        "RFC 7303 §3.2, §8.8",
        Level.SHOULD,
        Step(lambda at: _document(at, "utf-8", "application/xml; charset=utf-8", declaration="windows-1251")),
        "If there is no byte order mark, use the charset of Content-Type. Use the declaration only if there is no "
        "such charset.",
    ),
    _scenario(
        "E6",
        "windows-1252 that is called iso-8859-1",
        "A document declares iso-8859-1 and has the quotation marks of windows-1252: people see quotation marks.",
        "WHATWG Encoding §4.2: the label iso-8859-1 means windows-1252",
        Level.NICE,
        Step(lambda at: _document(at, "windows-1252", "application/rss+xml", declaration="iso-8859-1", word=_QUOTED)),
        "If a document says iso-8859-1 or us-ascii, use windows-1252: it has all characters that authors meant.",
        _QUOTED,
        "People see strange signs, or nothing, in place of quotation marks and dashes.",
    ),
    _scenario(
        "E7",
        "Neither charset nor declaration",
        "A document declares no encoding and Content-Type names no charset: it is read as UTF-8.",
        "XML 1.0 §4.3.3; RFC 7303 §8.5",
        Level.MUST,
        Step(lambda at: _document(at, "utf-8", "application/rss+xml", declaration=False)),
        "Don't use the default of HTTP (once ISO-8859-1) or of the system; give the parser the bytes.",
    ),
    _scenario(
        "E8",
        "A document in GB2312",
        "A document declares gb2312 and is encoded in it: it is read as gb2312.",
        "XML 1.0 §4.3.3; WHATWG Encoding §4.2",
        Level.SHOULD,
        Step(lambda at: _document(at, "gb2312", "application/rss+xml", word=_CHINESE)),
        "If your XML parser does not know an encoding, decode the document with a library that does (gb2312 is read "
        "as GB18030), and give it to the parser as UTF-8 without its declaration.",
        _CHINESE,
    ),
    _scenario(
        "E9",
        "A document in Shift_JIS",
        "A document declares Shift_JIS and is encoded in it: it is read as Shift_JIS.",
        "XML 1.0 §4.3.3; WHATWG Encoding §4.2",
        Level.SHOULD,
        Step(lambda at: _document(at, "shift_jis", "application/rss+xml", word=_JAPANESE)),
        "If your XML parser does not know an encoding, decode the document with a library that does, and give it to "
        "the parser as UTF-8 without its declaration.",
        _JAPANESE,
    ),
    replace(
        _scenario(
            "E10",
            "One bad byte in UTF-8",
            "A document in UTF-8 has one byte that is not UTF-8, in the text of an item: the rest of it is read.",
            "WHATWG Encoding §4.1: U+FFFD in its place; by XML 1.0 §4.3.3 a parser refuses the document",
            Level.NICE,
            Step(_with_bad_byte),
            "If the parser refuses a document for its bytes, decode the document with U+FFFD in place of illegal "
            "bytes, and parse it again.",
        ),
        lane=LaneKind.HOSTILE,  # a reader that stores the byte as it came may be unable to list any item
    ),
)
