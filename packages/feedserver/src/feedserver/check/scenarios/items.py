"""Group I: items: what is the same item, what is a new one, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urljoin

from feedserver.check.evidence import Evidence
from feedserver.check.links import is_absolute, links_of
from feedserver.check.scenario import Scenario, Serve, Step
from feedserver.check.scenarios.template import NEW_ITEM
from feedserver.check.stage import FEED, Stage
from feedserver.check.verdicts import Judgement, Kind, Level, Need, Unseen, failed, passed
from feedserver.feeds import Text
from feedserver.messages.response import Response

_ITEMS = frozenset({Need.ITEMS})
_LIST = frozenset({Need.ITEMS, Need.LIST})
_DETAILS = frozenset({Need.ITEMS, Need.DETAILS})
_KEEPERS = frozenset(Kind) - {Kind.PARSER}
_BASE = "https://pages.example.org/blog/"
"""The xml:base of a document; nothing is requested from there."""
_TWICE = "People see the same item twice, or find it unread again: this is their most frequent complaint."


def _feed(*items: int) -> Serve:
    return lambda at: at.feed(*items)


def _judge_once(*numbers: int, path: str = FEED) -> Callable[[Evidence], Judgement]:
    """Return a judge that expects each of the items *numbers* once after the last step.

    A reader that did not request *path* in step 1 is not judged.
    """

    def judge(seen: Evidence) -> Judgement:
        seen.expect_subscribed(*numbers)
        last = len(seen.steps) - 1
        seen.asked(1, path)
        for number in numbers:
            if (count := len(seen.rows_of(last, number))) != 1:
                return failed(f"item {number} once", f"item {number} {count} times")
        return passed("each item is there once")

    return judge


def _judge_there(step: int, *numbers: int) -> Callable[[Evidence], Judgement]:
    """Return a judge that expects the items *numbers* after *step*."""

    def judge(seen: Evidence) -> Judgement:
        seen.expect_subscribed(1)
        seen.asked(step)
        missing = [str(number) for number in numbers if not seen.has(step, number)]
        if missing:
            return failed(f"the items {', '.join(map(str, numbers))}", f"missing: {', '.join(missing)}")
        return passed("all of them are there")

    return judge


def _relative_link(at: Stage) -> Response:
    """Return a feed whose newest item has a link that is an absolute path: any base on this server gives the same
    URL.
    """
    return at.feed(at.entry(4, link=at.path("items/4.html")), 3, 2, 1)


def _judge_relative_link(seen: Evidence) -> Judgement:
    seen.expect_subscribed(3)
    seen.asked(1)
    absolute_link = next((link for row in seen.rows_of(1, 3) if (link := row.fields.get("link"))), "")
    try:
        wanted = urljoin(absolute_link, "4.html")
    except ValueError:  # such as for http://[x
        wanted = ""
    if not is_absolute(wanted):
        raise Unseen("the list does not show the absolute link of an item; let it print JSON in lines, with link")
    if not seen.has(1, 4):
        return failed(f"an item with the link {wanted}", "item 4 did not arrive")
    link = seen.rows_of(1, 4)[0].fields.get("link", "")
    return passed(link) if link == wanted else failed(f"the link {wanted}", f"the link {link or 'is missing'}")


def _relative_content(at: Stage) -> Response:
    """Return an Atom feed with an xml:base, whose newest item has a relative link in its content."""
    text = Text('<p>The text of item 4, with <a href="more.html">more</a>.</p>', "html")
    response = at.feed(at.entry(4, summary=None, content=text), 3, 2, 1, format="atom")
    if not isinstance(response.body, bytes):
        raise TypeError(f"a feed is rendered to bytes, not to {type(response.body).__name__}")
    return replace(response, body=response.body.replace(b"<feed ", f'<feed xml:base="{_BASE}" '.encode(), 1))


def _judge_relative_content(seen: Evidence) -> Judgement:
    """Return the judgement of where a relative link of content leads.

    A link that is still relative may be resolved when it is shown, so it is not judged.
    """
    seen.expect_subscribed(3)
    seen.asked(1)
    if not seen.has(1, 4):
        return failed("item 4 arrives", "it did not")
    links = [link for row in seen.rows_of(1, 4) for link in links_of(row.fields.get("content", ""))]
    link = next((link for link in links if "more.html" in link), "")
    if not is_absolute(link):
        raise Unseen("the list shows no absolute link in the content; the reader may resolve it when it is shown")
    wanted = f"{_BASE}more.html"
    return passed(link) if link == wanted else failed(f"a link to {wanted}", f"a link to {link}")


SCENARIOS = (
    Scenario(
        id="I1",
        title=NEW_ITEM.title,
        rule=NEW_ITEM.rule,
        source=NEW_ITEM.source,
        level=NEW_ITEM.level,
        steps=NEW_ITEM.steps,
        judge=NEW_ITEM.judge,
        why=NEW_ITEM.why,
        advice=NEW_ITEM.advice,
        needs=NEW_ITEM.needs,
    ),
    Scenario(
        id="I2",
        title="The same feed brings nothing new",
        rule="A feed without validators comes again, byte for byte: the reader has each item once.",
        source="RSS 2.0, guid",
        level=Level.MUST,
        steps=(Step(_feed(3, 2, 1)), Step({}), Step({})),
        judge=_judge_once(1, 2, 3),
        why=_TWICE,
        advice="Recognise an entry by its guid or id, and store only what is new.",
        needs=_LIST,
        kinds=_KEEPERS,
    ),
    Scenario(
        id="I3",
        title="The same guid on several items",
        rule="A feed gives its new items the same guid and different links: the items stay apart.",
        source="RSS 2.0, guid",
        level=Level.SHOULD,
        steps=(
            Step(_feed(3, 2, 1)),
            Step(lambda at: at.feed(*(at.entry(number, id="the-same") for number in (6, 5, 4)), 3, 2, 1)),
        ),
        judge=_judge_there(1, 4, 5, 6),
        why="All of these items but one are lost.",
        advice="If a document repeats a guid, recognise its entries by their links, too.",
        needs=_ITEMS,
        depends_on=("I1",),
    ),
    Scenario(
        id="I4",
        title="A guid that changes",
        rule="A feed changes the guids of its items, and their links and titles stay: they are the same items.",
        source="Atom: RFC 4287 §4.2.6; RSS 2.0, guid",
        level=Level.NICE,
        steps=(
            Step(_feed(3, 2, 1)),
            Step(lambda at: at.feed(*(at.entry(number, id=f"urn:moved:{number}") for number in (3, 2, 1)))),
        ),
        judge=_judge_once(1, 2, 3),
        why=_TWICE,
        advice=(
            "If an entry has a new guid, the link of a stored item, and no entry has the guid of that item any longer, "
            "treat the entry as that item."
        ),
        needs=_LIST,
        depends_on=("I2",),
        kinds=_KEEPERS,
    ),
    Scenario(
        id="I5",
        title="Items without guid and link",
        rule="Items have neither guid nor link: the reader has each item once, however often it reads the feed.",
        source="RSS 2.0: title or description is all that an item must have",
        level=Level.SHOULD,
        steps=(
            Step(lambda at: at.feed(*(at.entry(number, id=None, link=None) for number in (3, 2, 1)))),
            Step(lambda at: at.feed(*(at.entry(number, id=None, link=None) for number in (4, 3, 2, 1)))),
        ),
        judge=_judge_once(1, 2, 3),
        why=_TWICE,
        advice="If there is neither guid nor link, make a key of title and text.",
        needs=_LIST,
        depends_on=("I2",),
        kinds=_KEEPERS,
    ),
    Scenario(
        id="I6",
        title="An edit is no new item",
        rule="The title and text of an item are edited: it stays one item.",
        source="RSS 2.0, guid",
        level=Level.SHOULD,
        steps=(
            Step(_feed(3, 2, 1)),
            Step(
                lambda at: at.feed(
                    3, at.entry(2, title=f"Edited: {at.entry(2).title}", summary="<p>It was edited.</p>"), 1
                )
            ),
        ),
        judge=_judge_once(1, 2, 3),
        why=_TWICE,
        advice="Recognise an entry by its guid, and leave title and text out of the key.",
        needs=_LIST,
        depends_on=("I2",),
        kinds=_KEEPERS,
    ),
    Scenario(
        id="I7",
        title="An item that leaves the feed stays",
        rule="A feed lists its newest item only: the reader keeps the earlier items.",
        source="RFC 5005: a feed document lists recent entries",
        level=Level.MUST,
        steps=(Step(_feed(3, 2, 1)), Step(_feed(4))),
        judge=_judge_there(1, 1, 2, 3),
        why="Items that a person has not read yet are lost.",
        advice="Remove items by rules of your own, never because they have left the document.",
        needs=_ITEMS,
        kinds=_KEEPERS,
    ),
    Scenario(
        id="I8",
        title="One bad date among many items",
        rule="An item has a date that cannot be read: this item and the others are imported nevertheless.",
        source="RSS 2.0, pubDate",
        level=Level.MUST,
        steps=(
            Step(_feed(3, 2, 1)),
            Step(lambda at: at.feed(5, at.entry(4, published="the day after yesterday"), 3, 2, 1)),
        ),
        judge=_judge_there(1, 4, 5),
        why="One mistake of a publisher stops the whole feed.",
        advice="Read each field on its own. If a date cannot be read, use the time at which you saw the entry.",
        needs=_ITEMS,
        depends_on=("I1",),
    ),
    Scenario(
        id="I9",
        title="Items without a date",
        rule="A new item has no date: it is imported nevertheless.",
        source="RSS 2.0, pubDate: optional",
        level=Level.SHOULD,
        steps=(
            Step(_feed(3, 2, 1)),
            Step(lambda at: at.feed(at.entry(4, published=None), 3, 2, 1)),
        ),
        judge=_judge_there(1, 4),
        why="The item is never seen, or is shown at the end of the list, in 1970.",
        advice="Use the time at which you first saw the item, and keep that time.",
        needs=_ITEMS,
        depends_on=("I1",),
    ),
    Scenario(
        id="I10",
        title="A feed that moves keeps its items",
        rule="A feed whose guids are relative moves to another address: its items stay the same.",
        source="RSS 2.0, guid: an opaque text",
        level=Level.SHOULD,
        steps=(
            Step(lambda at: at.feed(*(at.entry(number, id=f"item/{number}") for number in (3, 2, 1)))),
            Step(
                {
                    FEED: lambda at: Response(status=301, headers={"Location": at.url("deeper/new.xml")}),
                    "deeper/new.xml": lambda at: at.feed(
                        *(at.entry(number, id=f"item/{number}") for number in (4, 3, 2, 1))
                    ),
                }
            ),
        ),
        judge=_judge_once(1, 2, 3, path="deeper/new.xml"),
        why=_TWICE,
        advice="Take a guid as it is written; don't resolve it against the address of the document.",
        needs=_LIST,
        depends_on=("I2",),
        kinds=_KEEPERS,
    ),
    Scenario(
        id="I11",
        title="A relative link",
        rule="The link of an item has neither scheme nor host: it is resolved against the address of the document.",
        source="RFC 3986 §5.1; RFC 4287 §4.2.7",
        level=Level.SHOULD,
        steps=(Step(_feed(3, 2, 1)), Step(_relative_link)),
        judge=_judge_relative_link,
        why="People follow a link that leads nowhere, or to a page of the reader's own.",
        advice="Resolve a link when you read the document: against xml:base, else the document's address after "
        "redirects.",
        needs=_DETAILS,
        depends_on=("I1",),
    ),
    Scenario(
        id="I12",
        title="A relative link in content",
        rule="A document has an xml:base, and its content a relative link: the link is resolved against the xml:base.",
        source="RFC 4287 §2, §3.1.1.2; XML Base §4",
        level=Level.SHOULD,
        steps=(Step(lambda at: at.feed(3, 2, 1, format="atom")), Step(_relative_content)),
        judge=_judge_relative_content,
        why="The links of all items of such a feed are broken, and its pictures are missing.",
        advice="Resolve addresses in content against the xml:base of the nearest element that has one, else the "
        "address of the document.",
        needs=_DETAILS,
        depends_on=("I1",),
    ),
)
