"""Group E: in which encoding a document is read."""

from __future__ import annotations

from dataclasses import replace

from feedserver.check.evidence import Evidence
from feedserver.check.scenario import Scenario, Step
from feedserver.check.stage import Stage
from feedserver.check.verdicts import Judgement, Level, Need, failed, passed
from feedserver.messages.response import Response

_WORD = "Привет"
_LIST = frozenset({Need.ITEMS, Need.LIST})
_WHY = "People see question marks and strange letters in place of their language."


def _document(at: Stage, encoding: str, content_type: str, *, bom: bool | None = None) -> Response:
    entry = at.entry(4, title=f"{_WORD} {at.entry(4).title}")
    response = at.feed_of(entry, 3, 2, 1).render("rss", encoding=encoding, bom=bom)
    return replace(response, headers=response.headers.replaced("Content-Type", content_type))


def _judge_title(seen: Evidence) -> Judgement:
    seen.expect_subscribed(1)
    seen.asked(1)
    rows = seen.rows_of(1, 4)
    if not rows:
        return failed(f"an item whose title begins with {_WORD}", "the document was refused")
    if any(_WORD in row.title for row in rows):
        return passed(rows[0].title)
    return failed(f"a title that begins with {_WORD}", rows[0].title)


def _scenario(number: str, title: str, rule: str, source: str, level: Level, step: Step, advice: str) -> Scenario:
    return Scenario(
        id=number,
        title=title,
        rule=rule,
        source=source,
        level=level,
        steps=(Step(lambda at: at.feed(3, 2, 1)), step),
        judge=_judge_title,
        why=_WHY,
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
        "A document declares windows-1251 and Content-Type names no charset, so it is read as that.",
        "XML 1.0 §4.3.3; RFC 7303 §3.2",
        Level.MUST,
        Step(lambda at: _document(at, "windows-1251", "application/rss+xml")),
        "Give the parser the bytes, and no text that was decoded before.",
    ),
    _scenario(
        "E3",
        "A document in UTF-16",
        "A document is in UTF-16 with its byte order mark, so it is read as that.",
        "XML 1.0 §4.3.3",
        Level.SHOULD,
        Step(lambda at: _document(at, "utf-16", "application/xml")),
        "Give the parser the bytes: every XML processor must read UTF-8 and UTF-16.",
    ),
    _scenario(
        "E4",
        "text/xml without charset",
        "A document declares windows-1251 and comes as text/xml without charset, so it is not read as US-ASCII.",
        "RFC 7303 §3, which ended the rule of RFC 3023",
        Level.MUST,
        Step(lambda at: _document(at, "windows-1251", "text/xml")),
        "Treat text/xml as application/xml.",
    ),
)
