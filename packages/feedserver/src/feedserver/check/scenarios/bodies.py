"""Group B: bodies that break off, and content codings."""

from __future__ import annotations

from dataclasses import replace

from feedserver.check.evidence import Evidence
from feedserver.check.scenario import Scenario, Step
from feedserver.check.stage import Stage
from feedserver.check.verdicts import Judgement, Level, Need, failed, non_strict, passed
from feedserver.faults import Close, FalseCoding, Fault, Reset, TruncatedGzip
from feedserver.messages.response import Response

_ITEMS = frozenset({Need.ITEMS})
_CUT_AT = 300
"""Bytes of the body that are sent: they end within the first item."""


def _judge_mended(seen: Evidence) -> Judgement:
    seen.expect_subscribed(1)
    seen.asked(1)
    last = seen.asked(2)[-1]
    if seen.has(2, 4):
        return passed("item 4 arrived when the whole body came")
    return failed(
        "item 4 arrives when the whole body comes",
        f"it did not; the request had If-None-Match: {last.headers.get('If-None-Match', 'none')}",
    )


def _judge_imported(seen: Evidence) -> Judgement:
    seen.expect_subscribed(1)
    seen.asked(1)
    if seen.has(1, 4):
        return passed("item 4 arrived")
    return failed("item 4 arrives: the reader had said that it takes this coding", "it did not")


def _coded(at: Stage) -> Response:
    return replace(at.feed(4, 3, 2, 1), coding="auto")


def _broken_off(
    scenario_id: str, title: str, rule: str, source: str, fault: Fault, coding: str | None = None
) -> Scenario:
    def cut(at: Stage) -> Response:
        return replace(at.feed(4, 3, 2, 1, etag=f'"whole-{scenario_id}"'), faults=(fault,), coding=coding)

    return Scenario(
        id=scenario_id,
        title=title,
        rule=rule,
        source=source,
        level=Level.MUST,
        steps=(
            Step(lambda at: at.feed(3, 2, 1)),
            Step(cut),
            Step(lambda at: at.feed(4, 3, 2, 1, etag=f'"whole-{scenario_id}"')),
        ),
        judge=_judge_mended,
        why="The item is lost for good: the server answers 304 to every reader that has the ETag.",
        advice="Store validators only if the whole body came and was parsed without an error.",
        needs=_ITEMS,
        depends_on=("I1",),
    )


def _judge_mislabelled(seen: Evidence) -> Judgement:
    seen.expect_subscribed(1)
    seen.asked(1)
    last = seen.asked(2)[-1]
    if 4 in seen.items(1):
        return passed("item 4 arrived all the same")
    if seen.has(2, 4):
        return non_strict(
            "item 4 arrives although the label is wrong",
            "item 4 arrived when the server had mended the label",
            "nothing is lost, but a feed whose label is never mended is not read",
        )
    return failed(
        "item 4 arrives at the latest when the server has mended the label",
        f"it did not; the request had If-None-Match: {last.headers.get('If-None-Match', 'none')}",
    )


def _mislabelled(scenario_id: str, title: str, rule: str, source: str, advice: str, label: str) -> Scenario:
    """Return a scenario whose plain body has the Content-Encoding *label*, which is wrong or (identity) needless.

    If *label* is "", the body is in gzip and has no Content-Encoding.
    """

    def lie(at: Stage) -> Response:
        whole = at.feed(4, 3, 2, 1, etag=f'"coded-{scenario_id}"')
        if label == "identity":  # the label is true, if needless, so this is no fault
            return replace(whole, headers=whole.headers.added("Content-Encoding", label))
        return replace(whole, faults=(FalseCoding(label or "identity"),))

    return Scenario(
        id=scenario_id,
        title=title,
        rule=rule,
        source=source,
        level=Level.MUST,
        steps=(
            Step(lambda at: at.feed(3, 2, 1)),
            Step(lie),
            Step(lambda at: at.feed(4, 3, 2, 1, etag=f'"coded-{scenario_id}"')),
        ),
        judge=_judge_mislabelled,
        why=(
            "Servers and caches mislabel bodies, and browsers hide it, so nobody mends it. A reader that keeps the "
            "ETag of a body that it could not read loses the item for good."
        ),
        advice=advice,
        needs=_ITEMS,
        depends_on=("I1",),
    )


SCENARIOS = (
    _broken_off(
        "B1",
        "A body that breaks off",
        "A connection ends before Content-Length is reached: the reader asks for the whole body the next time.",
        "RFC 9112 §8",
        Close(after=_CUT_AT),
    ),
    _broken_off(
        "B2",
        "A connection that is reset",
        "A connection is reset in the middle of a body: the reader asks for the whole body the next time.",
        "RFC 9112 §8",
        Reset(after=_CUT_AT),
    ),
    _broken_off(
        "B3",
        "gzip that breaks off",
        "A body in gzip ends in the middle: the reader asks for the whole body the next time.",
        "RFC 1952 §2.3",
        TruncatedGzip(),
        "gzip",
    ),
    Scenario(
        id="B4",
        title="A coding that was accepted is decoded",
        rule="A server picks one of the codings that the reader accepts: its items arrive.",
        source="RFC 9110 §12.5.3",
        level=Level.MUST,
        steps=(Step(lambda at: at.feed(3, 2, 1)), Step(_coded)),
        judge=_judge_imported,
        why="A reader that says br and cannot decode it reads nothing from many large hosts.",
        advice="Name in Accept-Encoding only codings that you can decode.",
        needs=_ITEMS,
        depends_on=("I1",),
    ),
    _mislabelled(
        "B5",
        "A plain body that is called gzip",
        "A server says Content-Encoding: gzip and sends the body plain: no item is lost.",
        "RFC 9110 §8.4",
        "Look at the first two bytes: gzip begins with 1F 8B (RFC 1952 §2.3.1), and no feed does. If you refuse the "
        "body, keep none of its validators.",
        "gzip",
    ),
    _mislabelled(
        "B6",
        "A charset in place of a coding",
        "A server says Content-Encoding: utf-8 and sends the body plain: no item is lost.",
        "RFC 9110 §8.4",
        "Ignore a coding that is the name of a charset or that nobody knows. If you refuse the body, keep none of its "
        "validators.",
        "utf-8",
    ),
    _mislabelled(
        "B7",
        "identity, which means no coding",
        "A server says Content-Encoding: identity and sends the body plain: no item is lost.",
        "RFC 9110 §8.4, §12.5.3: identity means no coding, and should not be sent",
        "Treat identity as no coding. If you refuse the body, keep none of its validators.",
        "identity",
    ),
    _mislabelled(
        "B8",
        "gzip without a Content-Encoding",
        "A server sends a body in gzip without Content-Encoding: no item is lost.",
        "RFC 9110 §8.4",
        "Look at the first two bytes: gzip begins with 1F 8B (RFC 1952 §2.3.1), and no feed does. If you refuse the "
        "body, keep none of its validators.",
        "",
    ),
)
