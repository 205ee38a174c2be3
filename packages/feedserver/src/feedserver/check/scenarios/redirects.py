"""Group R: redirects, and feeds that are gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from feedserver.check.evidence import Evidence
from feedserver.check.scenario import Elsewhere, Scenario, Serve, Step
from feedserver.check.stage import FEED, Stage
from feedserver.check.verdicts import Judgement, Level, Need, Unseen, failed, non_strict, passed
from feedserver.messages.response import Response

_ITEMS = frozenset({Need.ITEMS})
_MOST_HOPS = 25
"""The most requests, the first one included, that a poll may send in a loop of redirects without a remark."""
_MOST_REQUESTS_OF_CURL = 51
"""The most requests that curl, the most patient of known clients, sends in a loop: the first one, and 50 more."""


def _to(name: str, status: int) -> Serve:
    return lambda at: Response(status=status, headers={"Location": at.url(name)})


def _feed(*items: int) -> Serve:
    return lambda at: at.feed(*items)


def _moved(status: int) -> tuple[Step, ...]:
    """Return the steps of a feed that moves and stays at its new address for five steps."""
    return (
        Step(_feed(3, 2, 1)),
        Step({FEED: _to("new.xml", status), "new.xml": _feed(4, 3, 2, 1)}),
        Step({"new.xml": _feed(5, 4, 3, 2, 1)}),
        Step({"new.xml": _feed(6, 5, 4, 3, 2, 1)}),
        Step({"new.xml": _feed(7, 6, 5, 4, 3, 2, 1)}),
        Step({"new.xml": _feed(8, 7, 6, 5, 4, 3, 2, 1)}),
    )


def _to_ipv6(at: Stage) -> Response:
    return Response(status=302, headers={"Location": at.other_base + at.path("new.xml")})


def _judge_followed(seen: Evidence) -> Judgement:
    seen.expect_subscribed(1)
    seen.asked(1)
    if seen.has(1, 4):
        return passed("item 4 arrived from the new address")
    return failed("item 4 arrives from the new address", "it did not")


def _judge_saved(seen: Evidence) -> Judgement:
    seen.asked(1, "new.xml")
    last = len(seen.steps) - 1
    old, new = seen.requests(last), seen.requests(last, "new.xml")
    if new and not old:
        return passed("the old address was not requested any more")
    if not new and not old:
        seen.asked(last)
    answered = [each.status for step in range(1, last) for each in seen.requests(step)]
    if (told := answered.count(301)) < 4:
        raise Unseen(f"the reader was redirected by 301 only {told} times before the last step")
    return failed("no request for the old address after it had redirected four times", "it was requested again")


def _judge_comes_back(seen: Evidence) -> Judgement:
    seen.asked(1, "other.xml")
    if seen.requests(2):
        return passed("the address of the subscription was requested again")
    seen.asked(2, "other.xml")
    return failed(f"a request for {FEED}", "only the temporary address was requested")


def _judge_permanent_part(seen: Evidence) -> Judgement:
    seen.asked(1, "end.xml")
    last = len(seen.steps) - 1
    seen.asked(last, "end.xml")
    if seen.requests(last) or seen.requests(last, "middle.xml"):
        return passed("an address before the temporary one was requested again")
    return failed("a request for middle.xml, which redirects temporarily", "end.xml alone was requested")


def _judge_loop(seen: Evidence) -> Judgement:
    polls = max(len(seen.steps[1].polls), 1)
    hops = len(seen.asked(1)) + len(seen.requests(1, "round.xml"))
    expected, observed = f"at most {_MOST_HOPS} requests a poll", f"{hops} in {polls} polls"
    if hops > _MOST_REQUESTS_OF_CURL * polls:
        return failed(expected, observed)
    if hops > _MOST_HOPS * polls:
        return non_strict(
            expected,
            observed,
            "many, but a bounded number: the limit of Python's “requests” is 30, that of curl 50",
        )
    return passed(f"{hops} requests in {polls} polls")


def _judge_survives(step: int, number: int) -> Callable[[Evidence], Judgement]:
    def judge(seen: Evidence) -> Judgement:
        seen.expect_subscribed(1)
        seen.asked(1)
        if seen.has(step, number):
            return passed(f"item {number} arrived when the feed was back")
        seen.expect_polled(step)
        return failed(f"item {number} arrives when the feed is back at its address", "it did not")

    return judge


def _judge_gone(seen: Evidence) -> Judgement:
    seen.asked(1)
    last = len(seen.steps) - 1
    if seen.requests(last, by_any_method=True):
        answered = [each.status for step in range(1, last) for each in seen.requests(step, by_any_method=True)]
        if (told := answered.count(410)) < 4:
            raise Unseen(f"the reader asks so rarely that it was answered 410 only {told} times before the last step")
        return failed("no request after the server had answered 410 four times", "the feed was requested again")
    seen.expect_polled(last)
    return passed("the feed was not requested any more")


_LOGIN = "<!doctype html><title>Log in</title><form method=post><input name=user><input name=password></form>"


def _login(_: object) -> Response:
    return Response(_LOGIN, headers={"Content-Type": "text/html; charset=utf-8"})


def _followed(scenario_id: str, status: int, level: Level) -> Scenario:
    return Scenario(
        id=scenario_id,
        title=f"A redirect by {status} is followed",
        rule=f"A feed answers {status} with its new address: its items are read from there.",
        source="RFC 9110 §15.4",
        level=level,
        steps=_moved(status)[:2],
        judge=_judge_followed,
        why="A feed that has moved seems dead, and its items never arrive.",
        advice="Follow 301, 302, 303, 307 and 308, up to ten or twenty in a row.",
        needs=_ITEMS,
    )


def _temporary(scenario_id: str, status: int) -> Scenario:
    return Scenario(
        id=scenario_id,
        title=f"A redirect by {status} is not saved",
        rule=f"A feed answers {status} for a while: the address of the subscription is requested the next time.",
        source="RFC 9110 §15.4",
        level=Level.MUST,
        steps=(
            Step(_feed(3, 2, 1)),
            Step({FEED: _to("other.xml", status), "other.xml": _feed(4, 3, 2, 1)}),
            Step({FEED: _feed(5, 4, 3, 2, 1)}),
        ),
        judge=_judge_comes_back,
        why="The other address was meant for a while only: when it goes away, the subscription is lost.",
        advice="Change the address of a subscription after 301 and 308 only.",
    )


SCENARIOS = (
    _followed("R1", 301, Level.MUST),
    _followed("R2", 308, Level.SHOULD),
    Scenario(
        id="R3",
        title="A permanent redirect is saved",
        rule="A feed answers 301 with the same new address for weeks: the old one is not requested any more.",
        source="RFC 9110 §15.4.2",
        level=Level.SHOULD,
        steps=_moved(301),
        judge=_judge_saved,
        why="Once the old domain is given up, the subscription is lost, though the server announced its new address.",
        advice="Save the new address once a 301 or 308 has led there a few times, to a feed that could be read.",
        depends_on=("R1",),
    ),
    _temporary("R4", 302),
    _temporary("R5", 307),
    Scenario(
        id="R6",
        title="Only the permanent part is saved",
        rule="A 301 leads to a 302: at most the address that the 301 names is saved.",
        source="RFC 9110 §15.4",
        level=Level.SHOULD,
        steps=(
            Step(_feed(3, 2, 1)),
            Step({FEED: _to("middle.xml", 301), "middle.xml": _to("end.xml", 302), "end.xml": _feed(4, 3, 2, 1)}),
            *(Step({"end.xml": _feed(*range(newest, 0, -1))}) for newest in (5, 6, 7, 8)),
        ),
        judge=_judge_permanent_part,
        why="The temporary address changes, and the subscription is lost.",
        advice="Follow the redirects one by one. Once one of them is temporary, save neither the address that it names "
        "nor any after it.",
        depends_on=("R1",),
    ),
    Scenario(
        id="R7",
        title="A loop of redirects ends",
        rule="A feed redirects to another address, which redirects back: the reader stops after some hops.",
        source="RFC 9110 §15.4",
        level=Level.MUST,
        steps=(
            Step(_feed(3, 2, 1)),
            Step({FEED: _to("round.xml", 302), "round.xml": _to(FEED, 302)}),
        ),
        judge=_judge_loop,
        why="A reader that follows the loop for ever hangs, and floods the feed's server with requests.",
        advice="Stop after ten to twenty redirects, as browsers do, and treat it as an error.",
    ),
    Scenario(
        id="R8",
        title="A login page is no new address",
        rule=(
            "A feed answers 301 to a login page for weeks, and comes back: the reader still has the address of the "
            "feed."
        ),
        source="RFC 9110 §15.4.2",
        level=Level.MUST,
        steps=(
            Step(_feed(3, 2, 1)),
            Step({FEED: _to("login.html", 301), "login.html": _login}),
            *(Step({}) for _ in range(4)),
            Step({FEED: _feed(4, 3, 2, 1)}, timedelta(days=8)),
        ),
        judge=_judge_survives(6, 4),
        why="A mistake of an administrator, or a hotel's network, ends every subscription for good.",
        advice="Save a new address only if it has served a feed that could be read.",
        needs=_ITEMS,
    ),
    Scenario(
        id="R9",
        title="A feed that is gone is left alone",
        rule="A feed answers 410 again and again: it is not requested any more.",
        source="RFC 9110 §15.5.11",
        level=Level.SHOULD,
        steps=(
            Step(_feed(3, 2, 1)),
            Step(lambda _: Response(status=410)),
            *(Step({}, timedelta(days=8)) for _ in range(4)),
        ),
        judge=_judge_gone,
        why="410 is the one way in which a server can ask to be left alone for good.",
        advice="Stop after 410, and tell the user so.",
    ),
    Scenario(
        id="R10",
        title="A redirect to an IPv6 address",
        rule="A feed redirects to a URL whose host is an IPv6 address in brackets: its items are read from there.",
        source="RFC 3986 §3.2.2; RFC 9110 §15.4",
        level=Level.SHOULD,
        steps=(
            Step(_feed(3, 2, 1)),
            Step({FEED: _to_ipv6, "new.xml": _feed(4, 3, 2, 1)}),
        ),
        judge=_judge_followed,
        why="More and more servers have IPv6 addresses only.",
        advice="Split URLs with a library that knows brackets, and resolve hosts with getaddrinfo, which knows both "
        "families.",
        needs=_ITEMS,
        depends_on=("R1",),
        elsewhere=Elsewhere.IPV6,
    ),
)
