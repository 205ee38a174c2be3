"""Group H: servers that attack the reader, or the network and the files that it can reach.

A reader passes if something does not happen: a local file is not read, a private address is not requested, memory does
not run full. So each judge also checks that the reader met the situation, and that it goes on afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from feedserver.check.evidence import Evidence
from feedserver.check.scenario import Elsewhere, Scenario, Serve, Step
from feedserver.check.stage import FEED, Stage, token
from feedserver.check.verdicts import Judgement, LaneKind, Level, Need, failed, passed
from feedserver.faults import Bomb
from feedserver.messages.pacing import Pace
from feedserver.messages.response import Response
from feedserver.messages.send_plan import Ended

_MEBIBYTE = 1 << 20
BOMB = 400
"""MiB that a bomb inflates to."""

MOST_MEMORY = 256
"""MiB of memory that a poll may use beyond what the polls before it used."""

LONG_BODY = 96
"""MiB of the body that has no end in sight."""

MOST_BODY = 64
"""MiB of one answer that a reader may take before it gives up."""

DRIP = 60.0
"""Seconds that the slow answer takes."""

_RSS = {"Content-Type": "application/rss+xml; charset=utf-8"}

_LOCAL = 66
"""The number of the item in the local file."""


def _good(*items: int) -> Serve:
    return lambda at: at.feed(*items)


def _three_steps(broken: Serve) -> tuple[Step, ...]:
    return (Step(_good(3, 2, 1)), Step(broken), Step(_good(4, 3, 2, 1)))


# Redirects


def _local_feed(at: Stage) -> Response:
    document = at.document(at.entry(_LOCAL), 3, 2, 1)
    return Response(status=302, headers={"Location": at.local_file("local.xml", document)})


def _judge_local_file(seen: Evidence) -> Judgement:
    seen.expect_subscribed(1)
    seen.asked(1)
    if any(seen.has(step, _LOCAL) for step in (1, 2)):
        return failed("nothing of the local file is imported", f"item {_LOCAL}, which is in the file, was imported")
    seen.expect_asked_after(1)
    return passed("nothing of the local file was imported")


def _inward(at: Stage) -> Response:
    return Response(status=302, headers={"Location": at.other_base + at.path("inside.xml")})


def _judge_private_address(seen: Evidence) -> Judgement:
    seen.asked(1)
    if any(seen.requests(step, "inside.xml", by_any_method=True) for step in (1, 2)):
        return failed("no request to an address that the reader was not allowed", "the address was requested")
    seen.expect_asked_after(1)
    return passed("the address was not requested")


# Bombs


def _gzip_bomb(at: Stage) -> Response:
    return replace(at.feed(4, 3, 2, 1), faults=(Bomb(BOMB),))


def _entity_bomb(at: Stage) -> Response:
    """Return the billion laughs: ten entities, each ten times the one before."""
    entities = ['<!ENTITY a "ha ha ha ">']
    entities += [f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise("abcdefghij")]
    return _with_doctype(at, f"[{''.join(entities)}]", f"Laughs {token(at.scenario, 5)} &j;")


def _with_doctype(at: Stage, definition: str, title: str = "") -> Response:
    """Return a feed with a document type. *title*, if given, becomes the newest item's title, without any escaping."""
    placeholder = "THE TITLE OF THE NEWEST ITEM"
    items = (at.entry(5, title=placeholder), 4, 3, 2, 1) if title else (4, 3, 2, 1)
    text = at.document(*items).decode().replace(placeholder, title)
    declaration, end, rest = text.partition("?>")
    return Response(f"{declaration}{end}\n<!DOCTYPE rss {definition}>{rest}", headers=_RSS)


def _judge_memory(seen: Evidence) -> Judgement:
    seen.asked(1)
    if not seen.ended_well(0):
        seen.expect_polled(0)
    expected = f"the poll ends, with at most {MOST_MEMORY} MiB of memory more than before"
    if not seen.ended_well(1):
        return failed(expected, seen.poll_problems(1))
    seen.expect_asked_after(1)
    before, peak = seen.peak_memory(0), seen.peak_memory(1)
    more = (peak - before) // _MEBIBYTE
    if more > MOST_MEMORY:
        return failed(expected, f"it took {more} MiB more: {before // _MEBIBYTE} MiB before, {peak // _MEBIBYTE} then")
    return passed(f"it took {max(more, 0)} MiB more than before")


# Entities of other files


def _local_entity(at: Stage) -> Response:
    secret = str(at.entry(_LOCAL).title).encode()
    return _with_doctype(at, f'[<!ENTITY local SYSTEM "{at.local_file("local.txt", secret)}">]', "&local;")


def _remote_type(at: Stage) -> Response:
    return _with_doctype(at, f'SYSTEM "{at.url("rss.dtd")}"')


def _type_definition(_: Stage) -> Response:
    return Response("<!-- -->", headers={"Content-Type": "application/xml-dtd"})


def _judge_remote_type(seen: Evidence) -> Judgement:
    seen.asked(1)
    if any(seen.requests(step, "rss.dtd", by_any_method=True) for step in (1, 2)):
        return failed("no request for the document type definition", "it was requested")
    seen.expect_asked_after(1)
    return passed("the document type definition was not requested")


# Answers without end


def _long_body(at: Stage) -> Response:
    start = at.document(4, 3, 2, 1)

    def parts() -> Iterator[bytes]:
        yield start
        for _ in range(LONG_BODY):
            yield b" " * _MEBIBYTE

    return Response(parts, headers=_RSS)


def _judge_long_body(seen: Evidence) -> Judgement:
    taken = max(exchange.bytes_sent for exchange in seen.asked(1)) // _MEBIBYTE
    expected = f"the reader stops before it has taken {MOST_BODY} MiB, and its poll ends"
    if not seen.ended_well(1):
        return failed(expected, f"it took {taken} MiB; {seen.poll_problems(1)}")
    if taken > MOST_BODY:
        return failed(expected, f"it took {taken} MiB")
    seen.expect_asked_after(1)
    return passed(f"it took {taken} MiB")


def _dripping(lasts: float) -> Serve:
    def drip(at: Stage) -> Response:
        document = at.document(4, 3, 2, 1)
        interval = min(1.0, lasts / 10)
        return Response(document, headers=_RSS, pace=Pace(math.ceil(len(document) * interval / lasts), interval))

    return drip


def _judge_drip(lasts: float) -> Callable[[Evidence], Judgement]:
    def judge(seen: Evidence) -> Judgement:
        answers = seen.asked(1)
        expected = f"the reader gives up before the whole answer has come, which takes {lasts:g} s, and its poll ends"
        if not seen.ended_well(1):
            return failed(expected, seen.poll_problems(1))
        if any(each.ended == Ended.COMPLETE for each in answers):
            return failed(expected, "it waited for the whole answer")
        seen.expect_asked_after(1)
        return passed(f"it gave up after {max(each.duration for each in answers):.0f} s")

    return judge


def slow_drip(lasts: float = DRIP) -> Scenario:
    """Return the scenario of the slow answer, which takes *lasts* seconds."""
    return Scenario(
        id="H8",
        title="An answer that drips",
        rule="An answer comes a few bytes a second for a minute: the reader gives up.",
        source="RFC 9112 §9.5; CWE-400",
        level=Level.SHOULD,
        steps=_three_steps(_dripping(lasts)),
        judge=_judge_drip(lasts),
        why="One slow server holds up all other feeds, since a timeout for each read never expires.",
        advice="Limit the time for the whole answer, to 30 seconds or so, not only for each read.",
        lane=LaneKind.SLOW,
    )


SCENARIOS = (
    Scenario(
        id="H1",
        title="A redirect to a local file",
        rule="A feed redirects to a file: URL: the reader does not read the file.",
        source="WHATWG Fetch, HTTP-redirect fetch: to http and https only; CWE-918",
        level=Level.MUST,
        steps=_three_steps(_local_feed),
        judge=_judge_local_file,
        why="Whoever runs a feed can read files of its subscribers, once the reader shows or publishes them.",
        advice="Follow redirects to http and https only; curl has --proto-redir for it.",
        needs=frozenset({Need.ITEMS}),
        depends_on=("R1",),
        withheld=True,
    ),
    Scenario(
        id="H2",
        title="A redirect to a private address",
        rule="A feed redirects to a private address that nobody has allowed: the reader sends no request to it.",
        source="RFC 1918; CWE-918",
        level=Level.MUST,
        steps=(
            Step({FEED: _good(3, 2, 1), "inside.xml": _good(4, 3, 2, 1)}),
            Step({FEED: _inward}),
            Step({FEED: _good(5, 3, 2, 1)}),
        ),
        judge=_judge_private_address,
        why=(
            "A reader on a server can reach private services that are not meant for the public, and the credentials "
            "of a cloud."
        ),
        advice="Check the address of each connection, after the name was resolved, and at each hop of a redirect.",
        needs=frozenset({Need.GUARD}),
        depends_on=("R1",),
        elsewhere=Elsewhere.PRIVATE,
        withheld=True,
    ),
    Scenario(
        id="H3",
        title="A bomb in gzip",
        rule=f"A body inflates to {BOMB} MiB, a thousand times its size: the reader stops inflating before the end.",
        source="RFC 1952; CWE-409",
        level=Level.MUST,
        steps=_three_steps(_gzip_bomb),
        judge=_judge_memory,
        why="One feed ends the reader, and so all other feeds stop.",
        advice="Decode in pieces, and give up beyond some ten MiB.",
        needs=frozenset({Need.MEMORY}),
        lane=LaneKind.HOSTILE,
    ),
    Scenario(
        id="H4",
        title="A bomb of entities",
        rule="A document of two KiB defines entities that expand to nine GB: the reader does not expand them.",
        source="XML 1.0 §4.4; CWE-776",
        level=Level.MUST,
        steps=_three_steps(_entity_bomb),
        judge=_judge_memory,
        why="One feed ends the reader, and so all other feeds stop.",
        advice=(
            "Refuse documents that define entities, or limit the size to which entities expand, as expat 2.4.1 does."
        ),
        needs=frozenset({Need.MEMORY}),
        lane=LaneKind.HOSTILE,
    ),
    Scenario(
        id="H5",
        title="An entity that is a local file",
        rule="A document defines an entity as the content of a local file: the reader does not read the file.",
        source="XML 1.0 §4.2.2; CWE-611",
        level=Level.MUST,
        steps=_three_steps(_local_entity),
        judge=_judge_local_file,
        why="Whoever runs a feed can read files of its subscribers, once the reader shows or publishes them.",
        advice="Leave external entities unresolved: resolve_entities=False in lxml, no XML_PARSE_NOENT in libxml2.",
        needs=frozenset({Need.ITEMS}),
        depends_on=("I1",),
        withheld=True,
    ),
    Scenario(
        id="H6",
        title="An external document type",
        rule="A document names the URL of its document type definition: the reader does not request it.",
        source="XML 1.0 §2.8; RSS 0.91",
        level=Level.SHOULD,
        steps=(
            Step({FEED: _good(3, 2, 1), "rss.dtd": _type_definition}),
            Step({FEED: _remote_type}),
            Step({FEED: _good(5, 4, 3, 2, 1)}),
        ),
        judge=_judge_remote_type,
        why="In January 2007 the definition of RSS 0.91 was gone, and readers that requested it stopped working.",
        advice="Let the parser load no external definition; validation is no task of a reader.",
    ),
    Scenario(
        id="H7",
        title="A body without end in sight",
        rule=f"A body goes on after {MOST_BODY} MiB: the reader has stopped reading it.",
        source="CWE-400",
        level=Level.SHOULD,
        steps=_three_steps(_long_body),
        judge=_judge_long_body,
        why="The disk or the memory runs full, and other feeds wait.",
        advice="Count the bytes while they come, and close the connection beyond some ten MiB.",
        lane=LaneKind.HOSTILE,
    ),
    slow_drip(),
)
