"""Group V: validators (ETag and Last-Modified) and conditional requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime

from feedserver.check.evidence import Evidence, ExchangeSeen
from feedserver.check.scenario import Scenario, Step
from feedserver.check.stage import Stage
from feedserver.check.verdicts import Judgement, Level, Need, Unseen, failed, non_strict, passed
from feedserver.messages.request import Request
from feedserver.messages.response import Response

_ETAG = 'W/"v1;a=b,c"'
_DAY = timedelta(days=1)
_WASTE = "Each poll that is not conditional transfers the whole feed again, and servers block readers that do so."
_LOSS = "A validator that belongs to another document makes the server answer 304, and entries never arrive."


def _sent(exchange: ExchangeSeen, name: str) -> str:
    return exchange.headers.get(name, "")


def _conditions(exchange: ExchangeSeen) -> str:
    """Return the conditions of a request in words, for a report."""
    names = ("If-None-Match", "If-Modified-Since")
    return ", ".join(f"{name}: {_sent(exchange, name)}" for name in names if name in exchange.headers) or "no condition"


# What was sent comes back: V1, V2, V3


def _judge_etag(seen: Evidence) -> Judgement:
    last = seen.asked(1)[-1]
    if _sent(last, "If-None-Match") == _ETAG:
        return passed(_first_condition(seen))
    return failed(f"If-None-Match: {_ETAG}", _conditions(last))


def _first_condition(seen: Evidence) -> str:
    """Return at which request the first condition came: some readers keep validators at their second load only."""
    exchanges = [exchange for step in range(len(seen.steps)) for exchange in seen.requests(step)]
    for number, exchange in enumerate(exchanges, 1):
        if _conditions(exchange) != "no condition":
            return f"the first condition came with request {number}"
    return "no request had a condition"


def _judge_last_modified(seen: Evidence) -> Judgement:
    last = seen.asked(1)[-1]
    served = _served(seen, "Last-Modified")
    sent = _sent(last, "If-Modified-Since")
    if sent == served:
        return passed(_first_condition(seen))
    expected = f"If-Modified-Since: {served}"
    if sent and _same_moment(sent, served):
        return non_strict(expected, _conditions(last), "it is the same moment, written otherwise")
    return failed(expected, _conditions(last))


def _served(seen: Evidence, name: str) -> str:
    """Return the field *name* of the first answer that has this field. Raises Unseen if no answer has it: all may be
    412s, which have no validators.
    """
    found = next((each.answered[name] for each in seen.asked(0) if name in each.answered), None)
    if found is None:
        raise Unseen(f"the reader got no answer with {name} in step 0")
    return found


def _same_moment(one: str, other: str) -> bool:
    try:
        return parsedate_to_datetime(one) == parsedate_to_datetime(other)
    except (ValueError, OverflowError):  # a year of too many digits
        return False


def _judge_both(seen: Evidence) -> Judgement:
    last = seen.asked(1)[-1]
    etag, date = _served(seen, "ETag"), _served(seen, "Last-Modified")
    expected = f"If-None-Match: {etag}, If-Modified-Since: {date}"
    has_etag = _sent(last, "If-None-Match") == etag
    if has_etag and _sent(last, "If-Modified-Since") == date:
        return passed()
    if has_etag and "If-Modified-Since" not in last.headers:
        return non_strict(expected, _conditions(last), "servers that know the ETag ignore the date")
    return failed(expected, _conditions(last))


# What no server sent is not sent: V4


def _judge_none_invented(seen: Evidence) -> Judgement:
    for step in (0, 1):
        for exchange in seen.asked(step):
            if _conditions(exchange) != "no condition":
                return failed("no condition, since the server sent no validator", _conditions(exchange))
    return passed()


# What is no longer the validator is not sent again: V5, V6, V9


def _judge_old_etag(old: str) -> Callable[[Evidence], Judgement]:
    def judge(seen: Evidence) -> Judgement:
        seen.asked(1)
        for exchange in seen.asked(2):
            if old in _sent(exchange, "If-None-Match"):
                return failed(f"{old} is not sent again", _conditions(exchange))
        return passed()

    return judge


def _judge_new_etag(new: str) -> Callable[[Evidence], Judgement]:
    def judge(seen: Evidence) -> Judgement:
        seen.asked(1)
        last = seen.asked(2)[-1]
        if _sent(last, "If-None-Match") == new:
            return passed()
        return failed(f"If-None-Match: {new}", _conditions(last))

    return judge


# Another URL has other validators: V7


def _judge_moved(seen: Evidence) -> Judgement:
    seen.asked(1)
    expected = "the first request to the new URL has no validator of the old one"
    first = seen.asked(1, "new.xml")[0]
    if '"1"' not in _sent(first, "If-None-Match"):
        return passed()
    return failed(expected, _conditions(first))


# A 304 brings a new ETag: V8


def _renewed(at: Stage) -> Callable[[Request], Response]:
    unchanged = replace(at.feed(3, 2, 1, etag='"a"'), conditional="off")
    renewed = Response(status=304, headers={"ETag": '"b"'}, conditional="off")

    def answer(request: Request) -> Response:
        return renewed if request.headers.get("If-None-Match") in ('"a"', '"b"') else unchanged

    return answer


def _judge_304_renews(seen: Evidence) -> Judgement:
    if not any(exchange.status == 304 for exchange in seen.asked(1)):
        raise Unseen("the reader never got the 304")
    last = seen.asked(2)[-1]
    if '"b"' in _sent(last, "If-None-Match"):
        return passed()
    return failed('If-None-Match: "b"', _conditions(last))


# What must arrive in spite of validators: V10, V11


def _judge_arrives(step: int, number: int, why: str) -> Callable[[Evidence], Judgement]:
    def judge(seen: Evidence) -> Judgement:
        seen.expect_subscribed(1)
        exchanges = seen.asked(step)
        if seen.has(step, number):
            return passed(f"item {number} arrived")
        return failed(f"item {number} arrives: {why}", f"it did not; the request had {_conditions(exchanges[-1])}")

    return judge


def _cut(response: Response) -> Response:
    """Return *response* with a body that ends within its first item: not well-formed, and without any whole item."""
    body = response.body
    if not isinstance(body, bytes):
        raise TypeError("the body of a feed that was rendered is bytes")
    return replace(response, body=body[: body.index(b"<item>") + 6])


# Validators that no standard allows: V12, V13


def _judge_odd_validator(name: str, value: str) -> Callable[[Evidence], Judgement]:
    def judge(seen: Evidence) -> Judgement:
        sent = {_sent(exchange, name) for exchange in seen.asked(1)}
        if sent <= {"", value}:
            return passed("it is sent as it was served" if value in sent else "it is not sent")
        return failed(f"{name} is {value}, or absent", f"{name}: {', '.join(sorted(sent - {''}))}")

    return judge


SCENARIOS = (
    Scenario(
        id="V1",
        title="The ETag comes back",
        rule="A server sends an ETag: the reader returns it in If-None-Match byte for byte, quotes and W/ included.",
        source="RFC 9110 §8.8.4, §13.1.2",
        level=Level.MUST,
        steps=(Step(lambda at: at.feed(3, 2, 1, etag=_ETAG)), Step(lambda at: at.feed(3, 2, 1, etag=_ETAG))),
        judge=_judge_etag,
        why=_WASTE,
        advice="Store the ETag field of each 200 as it came, once its document was parsed without an error, and send "
        "it as If-None-Match with the next request.",
    ),
    Scenario(
        id="V2",
        title="Last-Modified comes back",
        rule="A server sends Last-Modified and no ETag: the reader returns it in If-Modified-Since byte for byte.",
        source="RFC 9110 §8.8.4, §13.1.3",
        level=Level.MUST,
        steps=(Step(lambda at: at.feed(3, 2, 1, modified=at.http_date(-_DAY))), Step({})),
        judge=_judge_last_modified,
        why=_WASTE,
        advice="Store Last-Modified as text once the document was parsed without an error, and send it as it came in "
        "If-Modified-Since: some servers compare it as text.",
    ),
    Scenario(
        id="V3",
        title="Both validators come back",
        rule="A server sends both validators: the reader returns both.",
        source="RFC 9110 §8.8.4",
        level=Level.SHOULD,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, etag='"both"', modified=at.http_date(-_DAY))),
            Step({}),
        ),
        judge=_judge_both,
        why="A cache or server that knows only one of them sends the whole feed again, or an old one.",
        advice="Store both fields of each 200 whose document was parsed without an error, and send both.",
        depends_on=("V1", "V2"),
    ),
    Scenario(
        id="V4",
        title="No validator is invented",
        rule=(
            "A server sends no validator: the reader sends no condition, not even one from its clock or a date of "
            "the feed."
        ),
        source="RFC 9110 §13.1.3",
        level=Level.MUST,
        steps=(Step(lambda at: at.feed(3, 2, 1)), Step(lambda at: at.feed(4, 3, 2, 1))),
        judge=_judge_none_invented,
        why="The server compares the invented date with that of its file and answers 304, so entries never arrive.",
        advice="Send If-Modified-Since only with a Last-Modified that this URL has sent.",
    ),
    Scenario(
        id="V5",
        title="A changed ETag replaces the old one",
        rule="A 200 brings another ETag: the old one is never sent again.",
        source="RFC 9111 §4.3.3",
        level=Level.MUST,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, etag='"old5"')),
            Step(lambda at: at.feed(4, 3, 2, 1, etag='"new5"')),
            Step(lambda at: at.feed(5, 4, 3, 2, 1, etag='"newest5"')),
        ),
        judge=_judge_old_etag('"old5"'),
        why=_LOSS,
        advice="Replace both stored validators by those of each 200 that you have read.",
        depends_on=("V1",),
    ),
    Scenario(
        id="V6",
        title="A dropped ETag is forgotten",
        rule="A 200 has no ETag any more: the old one is never sent again.",
        source="RFC 9111 §4.3.3",
        level=Level.SHOULD,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, etag='"dropped"')),
            Step(lambda at: at.feed(4, 3, 2, 1)),
            Step(lambda at: at.feed(5, 4, 3, 2, 1)),
        ),
        judge=_judge_old_etag('"dropped"'),
        why=_LOSS,
        advice="Clear a stored validator when a 200 does not have it.",
        depends_on=("V1",),
    ),
    Scenario(
        id="V7",
        title="Another URL has validators of its own",
        rule="A feed redirects to another URL: the validators of the old URL are not sent to the new one.",
        source="RFC 9110 §8.8",
        level=Level.SHOULD,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, etag='"1"')),
            Step(
                {
                    "feed.xml": lambda at: Response(status=302, headers={"Location": at.url("new.xml")}),
                    "new.xml": lambda at: at.feed(4, 3, 2, 1, etag='"1"'),
                }
            ),
        ),
        judge=_judge_moved,
        why=_LOSS,
        advice=(
            "Keep validators with the URL that sent them. Follow redirects by requests of your own, so that no "
            "library sends If-None-Match to another URL."
        ),
        depends_on=("V1",),
    ),
    Scenario(
        id="V8",
        title="A 304 brings a new ETag",
        rule="A 304 has another ETag than the request: the reader sends the new one from then on.",
        source="RFC 9111 §4.3.4",
        level=Level.NICE,
        steps=(Step(lambda at: at.feed(3, 2, 1, etag='"a"')), Step(_renewed), Step(_renewed)),
        judge=_judge_304_renews,
        why="One day the server no longer knows the old ETag, and transfers the whole feed again.",
        advice="Update stored validators from each 304 that has validators, too.",
        depends_on=("V1",),
    ),
    Scenario(
        id="V9",
        title="The same body with a new ETag",
        rule="A 200 has the same body and a new ETag: the reader sends the new one from then on.",
        source="RFC 9111 §4.3.3",
        level=Level.SHOULD,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, etag='"same-a"')),
            Step(lambda at: at.feed(3, 2, 1, etag='"same-b"')),
            Step({}),
        ),
        judge=_judge_new_etag('"same-b"'),
        why=_WASTE,
        advice="Store validators even if the body's hash shows that nothing is new.",
        depends_on=("V1",),
    ),
    Scenario(
        id="V10",
        title="The same date with a new ETag",
        rule="A feed changes twice within a second, so Last-Modified stays and the ETag changes: the new item arrives.",
        source="RFC 9110 §13.1.3, §13.2.2",
        level=Level.MUST,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, etag='"s1"', modified="Mon, 04 Mar 2024 10:00:00 GMT")),
            Step(lambda at: at.feed(4, 3, 2, 1, etag='"s2"', modified="Mon, 04 Mar 2024 10:00:00 GMT")),
        ),
        judge=_judge_arrives(1, 4, "the ETag is new"),
        why="An item is lost until the feed changes again.",
        advice="Send If-None-Match whenever you have an ETag: servers then ignore the date.",
        needs=frozenset({Need.ITEMS}),
    ),
    Scenario(
        id="V11",
        title="A broken feed is mended",
        rule="A 200 is not well-formed, and the mended feed has the same ETag: the reader does not send that ETag, "
        "and the mended feed arrives.",
        source="RFC 9111 §3: a cache stores what it understood",
        level=Level.MUST,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, etag='"good"')),
            Step(lambda at: _cut(at.feed(4, 3, 2, 1, etag='"mended"'))),
            Step(lambda at: at.feed(4, 3, 2, 1, etag='"mended"')),
        ),
        judge=_judge_arrives(2, 4, "the feed was mended"),
        why="The item is lost for good: the server answers 304 to every reader that has the ETag.",
        advice="Store validators only after the document was parsed without an error.",
        needs=frozenset({Need.ITEMS}),
    ),
    Scenario(
        id="V12",
        title="An ETag without quotes",
        rule="A server sends an ETag without quotes: the reader returns it as it came, or not at all.",
        source="RFC 9110 §8.8.3",
        level=Level.NICE,
        steps=(Step(lambda at: at.feed(3, 2, 1, etag="unquoted-12")), Step({})),
        judge=_judge_odd_validator("If-None-Match", "unquoted-12"),
        why="An ETag that was changed on the way never matches, and the whole feed is transferred each time.",
        advice="Treat the ETag as opaque text.",
        depends_on=("V1",),
    ),
    Scenario(
        id="V13",
        title="A Last-Modified that is no date",
        rule="A server sends a Last-Modified that is no date: the reader returns it as it came, or not at all.",
        source="RFC 9110 §13.1.3",
        level=Level.NICE,
        steps=(Step(lambda at: at.feed(3, 2, 1, modified="yesterday")), Step({})),
        judge=_judge_odd_validator("If-Modified-Since", "yesterday"),
        why="A date that the reader made up may be later than an item that it has not seen.",
        advice="Treat Last-Modified as opaque text.",
        depends_on=("V2",),
    ),
)
