"""Group T: when a reader asks again: freshness, pauses that a server asks for, errors, and what a feed says of itself.

Most freshness and pauses here last four days, and are tested after three days. This is longer than readers' own
intervals, which therefore cannot be why a reader is quiet. A second step, after the four days, shows that the reader
asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from feedserver.check.evidence import Evidence
from feedserver.check.scenario import Scenario, Serve, Step, soon
from feedserver.check.stage import FEED, Stage
from feedserver.check.verdicts import Judgement, LaneKind, Level, Need, Unseen, failed, non_strict, passed
from feedserver.messages.response import Response

_DAY = timedelta(days=1)
_FOUR_DAYS = 4 * 86_400
_TEN_YEARS = 3650 * 86_400
_CLOCK = frozenset({Need.CLOCK})

_BURDEN = "A reader that asks more often than the server allows is a burden, and servers block such readers."


def _answer(*items: int, headers: dict[str, str] | None = None, **fields: Any) -> Serve:
    return lambda at: at.feed(*items, headers=headers, **fields)


def _after_three_days(serve: Serve | Mapping[str, Serve]) -> Step:
    """Return a step that tests the reader within the four days."""
    return Step(serve, timedelta(days=3), timedelta(days=3, hours=18))


def _paused(first: Serve) -> tuple[Step, ...]:
    """Return the steps that show a pause of four days, which *first* asks for."""
    return (
        Step(_answer(3, 2, 1)),
        Step(first),
        _after_three_days(_answer(5, 4, 3, 2, 1)),
        Step(_answer(6, 5, 4, 3, 2, 1)),
    )


def _judge_quiet(expected: str, observed: str) -> Callable[[Evidence], Judgement]:
    """Return a judge that expects no request in the first poll of step 2; *expected* and *observed* describe a fail."""

    def judge(seen: Evidence) -> Judgement:
        seen.asked(1)
        if seen.was_quiet(2):
            return passed("the feed was not requested before its time")
        return failed(expected, observed)

    return judge


def _judge_pause(seen: Evidence, pause: str = "four days") -> Judgement:
    """Expect no request in the first poll of step 2, nor in a later poll of step 1, should other scenarios need one."""
    seen.asked(1)
    for seconds in seen.seconds_until_asked_again(1):
        after = f"{seconds / 3600:.0f} hours" if seconds >= 3600 else f"{seconds / 60:.0f} minutes"
        return failed(f"no request within the {pause}", f"it was requested again after {after}")
    return _judge_quiet(f"no request within the {pause}", "it was requested after three days")(seen)


def _judge_fresh_304(seen: Evidence) -> Judgement:
    if not any(exchange.status == 304 for exchange in seen.asked(1)):
        raise Unseen("the reader never got the 304")
    return _judge_pause(seen)


def _judge_no_pause(expected: str) -> Callable[[Evidence], Judgement]:
    def judge(seen: Evidence) -> Judgement:
        seen.asked(1)
        if seen.requests_of_first_poll(2) or any(seconds >= 86_400 for seconds in seen.seconds_until_asked_again(1)):
            return passed()
        seen.expect_polled(2)
        return failed(expected, "it was not requested, and the control feeds were")

    return judge


def _judge_not_at_once(seen: Evidence) -> Judgement:
    first, polls = seen.asked(1), len(seen.steps[1].polls)
    if len(first) > polls:
        return failed("one request for each poll", f"{len(first)} requests in {polls} polls")
    if seen.requests_of_first_poll(2, by_any_method=True):
        return failed("no request within 20 minutes", "the feed was requested again within 20 minutes")
    seen.expect_asked_after(2)
    return passed("it was not requested again within 20 minutes")


# Errors


def _judge_goes_on(seen: Evidence) -> Judgement:
    last = len(seen.steps) - 1
    seen.asked(1)
    if seen.requests(last):
        return passed("the feed was requested again, a month or more after the first error")
    seen.expect_polled(last)
    return failed("the feed is requested again", "the reader gave the feed up without being told that it is gone")


def _error(status: int) -> Serve:
    return lambda _: Response(f"Error {status}", status=status, headers={"Content-Type": "text/plain"})


def _failing(status: int) -> tuple[Step, ...]:
    return (
        Step(_answer(3, 2, 1)),
        Step(_error(status)),
        Step({}, timedelta(days=3)),
        Step({}, timedelta(days=8)),
        Step(_answer(4, 3, 2, 1), timedelta(days=20)),
    )


# One host


def _judge_sibling(seen: Evidence) -> Judgement:
    seen.asked(1)
    if seen.was_quiet(2, "sibling.xml"):
        return passed("the other feed of the host was left alone, too")
    return failed("no request to the host within the four days", "its other feed was requested after three days")


_MANY = tuple(f"many-{number}.xml" for number in range(1, 31))


def _slow(at: Stage) -> Response:
    return replace(at.feed(3, 2, 1), delay=0.03)


def _judge_many(seen: Evidence) -> Judgement:
    exchanges = [exchange for step in (0, 1) for exchange in seen.requests(step, None)]
    if len(exchanges) < len(_MANY):
        raise Unseen(f"the reader sent {len(exchanges)} requests for {len(_MANY)} feeds")
    changes = sorted(
        change for each in exchanges for change in ((each.time, 1), (each.time + max(each.duration - 0.01, 0), -1))
    )
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    observed = f"at most {most} requests at the same time"
    if most <= 6:
        return passed(observed)
    if most <= 10:
        return non_strict("at most 6 requests at the same time", observed, "browsers stop at 6, but there is a limit")
    return failed("at most 6 requests at the same time", observed)


# What a feed says of itself


def _skip_hours(at: Stage) -> Response:
    skipped = {(at.now.hour + hours) % 24 for hours in range(8)}
    return at.feed(4, 3, 2, 1, skip_hours=sorted(skipped))


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _skip_days(at: Stage) -> Response:
    skipped = [_DAYS[(at.now + days * _DAY).weekday()] for days in (2, 3)]
    return at.feed(4, 3, 2, 1, skip_days=skipped)


SCENARIOS = (
    Scenario(
        id="T1",
        title="max-age is honoured",
        rule="An answer says max-age of four days: the feed is not yet requested after three.",
        source="RFC 9111 §4.2, §5.2.2.1",
        level=Level.SHOULD,
        steps=_paused(_answer(4, 3, 2, 1, headers={"Cache-Control": f"max-age={_FOUR_DAYS}"})),
        judge=_judge_pause,
        why=_BURDEN,
        advice=(
            "Store the time until which the answer is fresh (its arrival, plus max-age, minus Age), and skip the feed"
            " until then, for a week or a month at most."
        ),
        needs=_CLOCK,
    ),
    Scenario(
        id="T2",
        title="Age counts against max-age",
        rule="An answer with max-age of four days is already three and a half days old (Age), so it is fresh for half "
        "a day only: two days later, the feed is requested again.",
        source="RFC 9111 §4.2.3",
        level=Level.NICE,
        steps=(
            Step(_answer(3, 2, 1)),
            Step(
                _answer(4, 3, 2, 1, headers={"Cache-Control": f"max-age={_FOUR_DAYS}", "Age": str(_FOUR_DAYS * 7 // 8)})
            ),
            Step(_answer(5, 4, 3, 2, 1), timedelta(days=2), timedelta(days=3, hours=18)),
            Step(_answer(6, 5, 4, 3, 2, 1)),
        ),
        judge=_judge_no_pause("a request after two days: the answer was fresh for half a day"),
        why="Behind a cache, items arrive up to twice as late as their publisher wants.",
        advice="Subtract Age from max-age.",
        needs=_CLOCK,
        depends_on=("T1",),
    ),
    Scenario(
        id="T3",
        title="Expires is honoured",
        rule="An answer says by Expires that it is fresh for four days: the feed is not yet requested after three.",
        source="RFC 9111 §5.3",
        level=Level.NICE,
        steps=_paused(lambda at: at.feed(4, 3, 2, 1, headers={"Expires": at.http_date(4 * _DAY)})),
        judge=_judge_pause,
        why=_BURDEN,
        advice="Without max-age, an answer is fresh for Expires minus Date.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T4",
        title="Expires counts from the server's Date",
        rule="A server's clock is 30 days slow, and its Expires is four days after its Date: the feed is not yet "
        "requested after three days.",
        source="RFC 9111 §4.2.1",
        level=Level.NICE,
        steps=_paused(
            lambda at: at.feed(
                4, 3, 2, 1, headers={"Date": at.http_date(-30 * _DAY), "Expires": at.http_date(-26 * _DAY)}
            )
        ),
        judge=_judge_pause,
        why=_BURDEN,
        advice=(
            "Subtract Date from Expires, and count that time from the arrival of the answer. Do not compare Expires "
            "with your own clock."
        ),
        needs=_CLOCK,
        depends_on=("T3",),
    ),
    Scenario(
        id="T5",
        title="A max-age of ten years is capped",
        rule="An answer says max-age of ten years: the reader asks again nevertheless, within 31 days.",
        source="RFC 9111 §4.2: freshness is a permission, not a duty",
        level=Level.MUST,
        steps=(
            Step(_answer(3, 2, 1)),
            Step(_answer(4, 3, 2, 1, headers={"Cache-Control": f"max-age={_TEN_YEARS}, immutable"})),
            Step(_answer(5, 4, 3, 2, 1), timedelta(days=31)),
        ),
        judge=_judge_no_pause("a request within 31 days"),
        why="One wrong header, which publishers set for pictures, ends a subscription silently.",
        advice="Cap freshness, for instance at a week.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T6",
        title="A stale answer is no reason to hurry",
        rule="An answer says max-age=0: the reader keeps its own minimum, and sends no request within 20 minutes.",
        source="RFC 9111 §4.2",
        level=Level.NICE,
        steps=(
            Step(_answer(3, 2, 1, headers={"Cache-Control": "max-age=0"})),
            Step(_answer(4, 3, 2, 1, headers={"Cache-Control": "max-age=0"})),
            soon(_answer(5, 4, 3, 2, 1)),
            Step(_answer(6, 5, 4, 3, 2, 1)),
        ),
        judge=_judge_not_at_once,
        why="max-age=0 says that the document may change at any time. A reader that takes it for an order to ask again "
        "at once burdens the server, and servers block such readers.",
        advice="Keep the time of each feed's last request. Unless a person asks for the feed, wait for a minimum of "
        "your own, such as an hour, before you request it again.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T7",
        title="429 with Retry-After in seconds",
        rule="A server answers 429 with Retry-After of four days: the feed is not yet requested after three.",
        source="RFC 6585 §4, RFC 9110 §10.2.3",
        level=Level.MUST,
        steps=_paused(lambda _: Response(status=429, headers={"Retry-After": str(_FOUR_DAYS)})),
        judge=_judge_pause,
        why="The server has told this reader to wait. A reader that goes on is blocked, for all its users.",
        advice=(
            "Store the moment until which the server wants to be left alone, and skip its feeds until then, for a week "
            "or a month at most."
        ),
        needs=_CLOCK,
    ),
    Scenario(
        id="T8",
        title="429 with Retry-After as a date",
        rule="A server answers 429 with a Retry-After whose date is in four days: the feed is not requested within "
        "three.",
        source="RFC 6585 §4, RFC 9110 §10.2.3",
        level=Level.MUST,
        steps=_paused(lambda at: Response(status=429, headers={"Retry-After": at.http_date(4 * _DAY)})),
        judge=_judge_pause,
        why="The server has told this reader to wait. A reader that goes on is blocked, for all its users.",
        advice="Retry-After is a number of seconds or a date: read both.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T9",
        title="503 with Retry-After",
        rule="A server answers 503 with Retry-After of four days: the feed is not yet requested after three.",
        source="RFC 9110 §10.2.3, §15.6.4",
        level=Level.SHOULD,
        steps=_paused(lambda _: Response(status=503, headers={"Retry-After": str(_FOUR_DAYS)})),
        judge=_judge_pause,
        why="A server that is down for maintenance comes up under the load of everybody who did not wait.",
        advice="Treat Retry-After in the same way with every status.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T10",
        title="429 without Retry-After",
        rule="A server answers 429 and names no time: there is no retry at once, nor within 20 minutes.",
        source="RFC 6585 §4",
        level=Level.SHOULD,
        steps=(
            Step(_answer(3, 2, 1)),
            Step(lambda _: Response(status=429)),
            soon(_answer(4, 3, 2, 1)),
            Step(_answer(5, 4, 3, 2, 1), timedelta(days=8)),
        ),
        judge=_judge_not_at_once,
        why="A retry at once repeats the request that the server has just refused.",
        advice="Wait an hour at least, and twice as long after each further 429, up to some days.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T11",
        title="A Retry-After of ten years is capped",
        rule="A server answers 429 with Retry-After of ten years, but the reader asks again within 31 days.",
        source="RFC 9110 §10.2.3",
        level=Level.SHOULD,
        steps=(
            Step(_answer(3, 2, 1)),
            Step(lambda _: Response(status=429, headers={"Retry-After": str(_TEN_YEARS)})),
            Step(_answer(4, 3, 2, 1), timedelta(days=31)),
        ),
        judge=_judge_no_pause("a request within 31 days"),
        why="One wrong header ends a subscription silently.",
        advice="Cap the pause, for instance at a week or a month.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T12",
        title="429 pauses the host",
        rule=(
            "One feed of a host is answered 429 with Retry-After of four days: the host's other feeds are "
            "not requested, either."
        ),
        source="RFC 6585 §4: a server may limit by client",
        level=Level.NICE,
        steps=(
            Step({FEED: _answer(3, 2, 1), "sibling.xml": _answer(13, 12, 11)}),
            Step({FEED: lambda _: Response(status=429, headers={"Retry-After": str(_FOUR_DAYS)})}),
            _after_three_days({FEED: _answer(4, 3, 2, 1), "sibling.xml": _answer(14, 13, 12, 11)}),
            Step({FEED: _answer(5, 4, 3, 2, 1), "sibling.xml": _answer(15, 14, 13, 12, 11)}),
        ),
        judge=_judge_sibling,
        why="Large hosts count the requests of a client, not of a feed: each further one prolongs the pause.",
        advice="Store the pause with the host.",
        needs=_CLOCK,
        depends_on=("T7",),
        lane=LaneKind.HOSTILE,
        feeds=(FEED, "sibling.xml"),
    ),
    Scenario(
        id="T13",
        title="Errors never end a subscription",
        rule="A server answers 500 for weeks: the reader goes on asking, and notices when the feed is back.",
        source="RFC 9110 §15.6.1",
        level=Level.MUST,
        steps=_failing(500),
        judge=_judge_goes_on,
        why="A feed that was down for a week is lost for good, and the person who reads it is not told.",
        advice="Let the time between requests grow up to some days, and stop only after 410.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T14",
        title="404 does not end a subscription",
        rule="A server answers 404 for weeks: the reader goes on asking, and notices when the feed is back.",
        source="RFC 9110 §15.5.5",
        level=Level.MUST,
        steps=_failing(404),
        judge=_judge_goes_on,
        why="A site that was moved answers 404 until its redirects are set: readers that give up lose the feed.",
        advice="Treat 404 as any error; only 410 says that the feed is gone for good.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T15",
        title="An error is no reason to hurry",
        rule="A server answers 500: there is no retry at once, nor within 20 minutes.",
        source="RFC 9110 §15.6.1",
        level=Level.NICE,
        steps=(
            Step(_answer(3, 2, 1)),
            Step(_error(500)),
            soon(_answer(4, 3, 2, 1)),
            Step(_answer(5, 4, 3, 2, 1), timedelta(days=8)),
        ),
        judge=_judge_not_at_once,
        why="A server in trouble gets more load from those who try again at once.",
        advice="Wait at least as long after an error as after a good answer.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T16",
        title="A 304 can make an answer fresh",
        rule="A 304 says max-age of four days: the feed is not yet requested after three.",
        source="RFC 9111 §4.3.4",
        level=Level.NICE,
        steps=(
            Step(lambda at: at.feed(3, 2, 1, etag='"fresh"')),
            Step(lambda at: at.feed(3, 2, 1, etag='"fresh"', headers={"Cache-Control": f"max-age={_FOUR_DAYS}"})),
            _after_three_days(_answer(4, 3, 2, 1)),
            Step(_answer(5, 4, 3, 2, 1)),
        ),
        judge=_judge_fresh_304,
        why=_BURDEN,
        advice="Read Cache-Control of a 304 like that of a 200.",
        needs=_CLOCK,
        depends_on=("T1",),
    ),
    Scenario(
        id="T17",
        title="ttl is a minimum",
        rule="A feed says by ttl that it may be kept for four days: it is not yet requested after three.",
        source="RSS 2.0, ttl",
        level=Level.NICE,
        steps=_paused(_answer(4, 3, 2, 1, ttl=_FOUR_DAYS // 60)),
        judge=_judge_pause,
        why="Publishers who can set no headers can say so only in the feed.",
        advice="Wait at least ttl, in minutes, between two requests, up to a cap.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T18",
        title="sy:updatePeriod is a minimum",
        rule="A feed says with sy:updatePeriod that it changes weekly: it is not yet requested after three days.",
        source="RSS 1.0 module Syndication",
        level=Level.NICE,
        steps=(
            Step(_answer(3, 2, 1)),
            Step(_answer(4, 3, 2, 1, update_period="weekly", update_frequency=1)),
            _after_three_days(_answer(5, 4, 3, 2, 1)),
            Step(_answer(6, 5, 4, 3, 2, 1), timedelta(days=8)),
        ),
        judge=partial(_judge_pause, pause="week"),
        why="Publishers who can set no headers can say so only in the feed.",
        advice="Wait at least the period divided by the frequency between two requests, up to a cap.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T19",
        title="skipHours is honoured",
        rule="A feed lists eight hours in skipHours: it is requested in the other hours only.",
        source="RSS 2.0, skipHours",
        level=Level.NICE,
        steps=(
            Step(_answer(3, 2, 1)),
            Step(_skip_hours),
            Step({}, timedelta(days=2), timedelta(days=2, hours=6)),
            Step(_answer(5, 4, 3, 2, 1), timedelta(hours=10), timedelta(hours=16)),
        ),
        judge=_judge_quiet("no request in the hours that the feed lists", "it was requested in one of them"),
        why="Publishers who pay for traffic at certain hours can say so only in the feed.",
        advice="Read every hour of skipHours, in GMT, and postpone the request to the next hour that is not listed.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T20",
        title="skipDays is honoured",
        rule="A feed lists two days in skipDays: it is requested on the other days only.",
        source="RSS 2.0, skipDays",
        level=Level.NICE,
        steps=(
            Step(_answer(3, 2, 1)),
            Step(_skip_days),
            Step({}, timedelta(days=2), timedelta(days=3)),
            Step(_answer(5, 4, 3, 2, 1), timedelta(days=2, hours=1), timedelta(days=4)),
        ),
        judge=_judge_quiet("no request on the days that the feed lists", "it was requested on one of them"),
        why="A newspaper that does not appear on Sundays has nothing new on Sundays, and each request is in vain.",
        advice="Read every day of skipDays, in GMT, and postpone the request to the next day that is not listed.",
        needs=_CLOCK,
    ),
    Scenario(
        id="T21",
        title="Many feeds of one host",
        rule="Thirty feeds of one host are due: at most six are requested at the same time.",
        source="RFC 9112 §9.4",
        level=Level.SHOULD,
        steps=(Step(dict.fromkeys(_MANY, _slow)), Step(dict.fromkeys(_MANY, _slow))),
        judge=_judge_many,
        why="A small server that hosts many blogs is stopped by one reader's burst.",
        advice="Limit the number of requests under way for each host.",
        lane=LaneKind.HOSTILE,
        feeds=_MANY,
    ),
)
