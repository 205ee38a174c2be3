"""Each scenario tells a reader that follows its rule from one that breaks just that rule."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPConnection, HTTPSConnection
from typing import ClassVar
from unicodedata import normalize
from urllib.parse import urlsplit

import pytest

from feedserver.check import Verdict, check
from feedserver.check.evidence import Evidence, ExchangeSeen, Poll, StepSeen
from feedserver.check.scenario import GROUPS, Scenario
from feedserver.check.scenarios import SCENARIOS as ALL
from feedserver.check.scenarios.hostile import slow_drip
from feedserver.check.verdicts import LaneKind, Unseen
from feedserver.messages.headers import Headers
from right_reader import WEEK, Answer, RightReader, Subscribed, context_that

# The slow answer of H8 takes a minute, and only some seconds here: longer than `right_reader.LONGEST`.
SCENARIOS = [slow_drip(lasts=4) if scenario.id == "H8" else scenario for scenario in ALL]
IDS = [scenario.id for scenario in SCENARIOS]


def dependents(scenario: str) -> set[str]:
    """Return the scenarios that depend on *scenario*, directly or not."""
    found = {scenario}
    while True:
        more = {each.id for each in SCENARIOS if found & set(each.depends_on)} - found
        if not more:
            return found - {scenario}
        found |= more


@pytest.mark.slow
def test_the_right_reader_passes_every_scenario() -> None:
    report = check(RightReader, scenarios=SCENARIOS)

    assert {result.scenario.id for result in report} == set(IDS)
    failed = {result.scenario.id: result.judgement for result in report if result.verdict is not Verdict.PASS}
    assert failed == {}


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(each, marks=pytest.mark.slow) if each.id in ("H3", "H8") else each for each in SCENARIOS],
    ids=IDS,
)
def test_a_reader_that_breaks_one_rule_fails_its_scenario_and_no_other_of_its_group(scenario: Scenario) -> None:
    neighbours = [each.id for each in SCENARIOS if each.group == scenario.group and each.lane is LaneKind.SHARED]

    report = check(partial(RightReader, scenario.id), only=[scenario.id, *neighbours], scenarios=SCENARIOS)

    wrong = {result.scenario.id: result.verdict for result in report if result.verdict is not Verdict.PASS}
    allowed = dependents(scenario.id)
    assert wrong.pop(scenario.id) is Verdict.FAIL
    assert {name for name, verdict in wrong.items() if verdict is not Verdict.NOT_SEEN or name not in allowed} == set()


class HeadFirst(RightReader):
    """A reader that first asks by HEAD what a feed's address answers, without regard to any pause or certificate."""

    first: ClassVar[tuple[str, dict[str, str]]] = ("HEAD", {})

    def poll(self) -> None:
        for feed in self.feeds:
            parts = urlsplit(feed.url)
            kind = (
                partial(HTTPSConnection, context=context_that(checks=False))
                if parts.scheme == "https"
                else HTTPConnection
            )
            connection = kind(parts.hostname or "", parts.port, timeout=10)
            with suppress(OSError), closing(connection):
                method, headers = self.first
                connection.request(method, parts.path, headers=headers)
                connection.getresponse().read()
        super().poll()


class OnlyIfTheSame(HeadFirst):
    """A reader that first asks for a version of the feed that the server does not have, and gets a 412."""

    first = ("GET", {"If-Match": '"another"'})


@pytest.mark.parametrize("reader", [HeadFirst, OnlyIfTheSame])
def test_an_answer_without_the_broken_body_is_no_error_of_feedserver(reader: type[RightReader]) -> None:
    report = check(reader, only=["B1", "B3", "B5"])

    assert [report[scenario].verdict for scenario in ("B1", "B3", "B5")] == ["pass"] * 3


@pytest.mark.parametrize("scenario", ["V2", "V3"])
def test_validators_are_those_of_the_first_answer_that_has_some(scenario: str) -> None:
    assert check(OnlyIfTheSame, only=[scenario])[scenario].verdict == "pass"


@pytest.mark.parametrize("scenario", ["T1", "T6", "R9", "X2"])
def test_a_rule_that_forbids_requests_forbids_head(scenario: str) -> None:
    report = check(HeadFirst, only=[scenario])

    assert {result.scenario.id: result.verdict for result in report}[scenario] is Verdict.FAIL


def verdict_on_requests(scenario: str, *steps: list[ExchangeSeen]) -> Verdict:
    """Return the verdict of *scenario* on a reader that sent these requests in its steps, each in the first poll."""
    [judge] = [each.judge for each in SCENARIOS if each.id == scenario]
    seen = [StepSeen(requests, len(requests), [Poll()], was_control_asked=True) for requests in steps]
    return judge(Evidence(seen)).verdict


def test_a_head_and_a_get_are_two_requests_for_subscribing() -> None:
    head, get = (ExchangeSeen(path="feed.xml", method=method) for method in ("HEAD", "GET"))

    assert verdict_on_requests("Q6", [get], [get]) is Verdict.PASS
    assert verdict_on_requests("Q6", [head, get], [get]) is Verdict.FAIL


def verdict_on_header(scenario: str, name: str, *values: str | None) -> Verdict:
    """Return the verdict of *scenario* on a reader that sent two requests, with these values of a header field."""
    asked = [
        [ExchangeSeen(path="feed.xml", method="GET", headers=Headers({} if value is None else {name: value}))]
        for value in values
    ]
    return verdict_on_requests(scenario, *asked)


class ListsInHtml(RightReader):
    """A reader whose list has the titles as HTML in ASCII, with accents apart from their letters."""

    def list(self) -> list[dict[str, str]]:
        titles = ((row, normalize("NFD", row["title"])) for row in super().list())
        return [row | {"title": title.encode("ascii", "xmlcharrefreplace").decode()} for row, title in titles]


class OfNoAddress(RightReader):
    """A reader whose list has a link that is no URL."""

    def list(self) -> list[dict[str, str]]:
        return [row | {"link": "http://[x"} for row in super().list()]


def test_a_listed_link_that_is_no_url_is_no_error_of_feedserver() -> None:
    judgement = check(OfNoAddress, only=["I11"])["I11"].judgement

    assert judgement.reason.startswith("the list does not show the absolute link of an item")


def test_a_title_may_be_listed_in_other_spellings_of_the_same_characters() -> None:
    report = check(ListsInHtml, only=["E1", "E6"])

    assert [report[scenario].verdict for scenario in ("E1", "E6")] == ["pass"] * 2


def test_a_reader_that_was_told_less_than_four_times_that_a_feed_is_gone_is_not_judged() -> None:
    asked, gone = (ExchangeSeen(path="feed.xml", method="GET", status=status) for status in (200, 410))

    assert verdict_on_requests("R9", [asked], [gone, gone], [gone], [], [gone], [gone]) is Verdict.FAIL
    with pytest.raises(Unseen, match="410 only 3 times"):
        verdict_on_requests("R9", [asked], [gone], [gone], [], [gone], [gone])


def test_a_reader_that_keeps_the_old_address_is_judged_only_after_four_permanent_redirects() -> None:
    asked, moved = (ExchangeSeen(path="feed.xml", method="GET", status=status) for status in (200, 301))
    new = ExchangeSeen(path="new.xml", method="GET", status=200)

    assert verdict_on_requests("R3", [asked], *[[moved, new]] * 5) is Verdict.FAIL
    assert verdict_on_requests("R3", [asked], *[[moved, new]] * 3, [], [new]) is Verdict.PASS
    with pytest.raises(Unseen, match="by 301 only 3 times"):
        verdict_on_requests("R3", [asked], *[[moved, new]] * 3, [], [moved, new])


@pytest.mark.parametrize(
    ("accepted", "verdict"),
    [
        ("gzip", "pass"),
        ("GZip", "pass"),
        ("x-gzip", "pass"),
        ("br, gzip;q=0.5", "pass"),
        ("gzip; q=0.001", "pass"),
        ("*", "pass"),
        ("br, *;q=0.1", "pass"),
        ("gzip;q=0", "fail"),
        ("gzip;Q=0", "fail"),
        ("gzip; q=0.000, br", "fail"),
        ("gzip;q=0, *", "fail"),
        ("*;q=0", "fail"),
        ("not-gzip", "fail"),
        ("gzip-2", "fail"),
        ("br", "fail"),
        ("", "fail"),
        (None, "fail"),
    ],
)
def test_gzip_is_accepted_by_its_name_or_a_star_with_any_weight_above_0(accepted: str | None, verdict: str) -> None:
    assert verdict_on_header("Q3", "Accept-Encoding", accepted, accepted) == verdict


def test_each_request_must_say_that_gzip_is_accepted() -> None:
    assert verdict_on_header("Q3", "Accept-Encoding", "gzip", "br") is Verdict.FAIL
    assert verdict_on_header("Q3", "Accept-Encoding", "br", "gzip") is Verdict.FAIL


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [
        ("planet/3.1", "pass"),
        ("Rubyfeed/1.0", "pass"),
        ("Ruby Feeds/1.0", "pass"),
        ("httpx-reader/3", "pass"),
        ("NodeReader 2", "pass"),
        ("Dart Reader/1.0", "pass"),
        ("Python 3 Feeds (https://feeds.example)", "pass"),
        ("Node 18 Reader/1.0", "pass"),
        ("planet/3.1 python-requests/2.32", "pass"),
        ("Python-urllib/3.11", "fail"),
        ("python-httpx/0.28.1", "fail"),
        ("Python/3.13 aiohttp/3.11", "fail"),
        ("Go-http-client/2.0", "fail"),
        ("Java-http-client/17.0.1", "fail"),
        ("Apache-HttpClient/4.5.14 (Java/17.0.9)", "fail"),
        ("libwww-perl/6.67", "fail"),
        ("node", "fail"),
        ("node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", "fail"),
        ("got (https://github.com/sindresorhus/got)", "fail"),
        ("Symfony HttpClient (Curl)", "fail"),
        ("Dart/3.2 (dart:io)", "fail"),
        ("Faraday v2.9.0", "fail"),
        ("LuaSocket 3.0-rc1", "fail"),
        ("Typhoeus - https://github.com/typhoeus/typhoeus", "fail"),
        ("Java1.8.0_292", "fail"),
        ("Symfony BrowserKit", "fail"),
        ("Jakarta Commons-HttpClient/3.1", "fail"),
        ("Ruby", "fail"),
        ("", "fail"),
        (None, "fail"),
    ],
)
def test_a_user_agent_names_the_reader_unless_its_first_product_is_a_library(agent: str | None, verdict: str) -> None:
    assert verdict_on_header("Q1", "User-Agent", agent, agent) == verdict


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [
        ("planet/3.1 (+https://planet.example)", "pass"),
        ("planet/3.1 (HTTPS://PLANET.EXAMPLE)", "pass"),
        ("planet/3.1 (www.planet.example)", "pass"),
        ("planet/3.1 (Ada@planet.example)", "pass"),
        ("planet/3.1", "fail"),
        ("wwwreader/3.1", "fail"),
        (None, "fail"),
    ],
)
def test_a_user_agent_says_whom_to_ask_by_the_address_of_a_page_or_a_person(agent: str | None, verdict: str) -> None:
    assert verdict_on_header("Q2", "User-Agent", agent, agent) == verdict


def test_a_date_of_a_year_beyond_all_numbers_is_another_date() -> None:
    served = Headers({"Last-Modified": "Mon, 30 Nov 2026 03:00:00 GMT"})
    date = "Mon, 30 Nov 20260000000000 03:00:00 GMT"
    first = ExchangeSeen(path="feed.xml", method="GET", status=200, answered=served)
    asked = ExchangeSeen(path="feed.xml", method="GET", headers=Headers({"If-Modified-Since": date}))

    assert verdict_on_requests("V2", [first], [asked]) is Verdict.FAIL


class Unconditional(RightReader):
    """A reader that never sends a condition."""

    def conditions(self, feed: Subscribed) -> dict[str, str]:
        return {}


@pytest.mark.parametrize(("scenario", "reader"), [("T16", Unconditional), ("I10", partial(RightReader, "R1"))])
def test_a_reader_that_never_met_what_a_rule_is_about_is_not_judged(
    scenario: str, reader: Callable[[], RightReader]
) -> None:
    report = check(reader, only=[scenario])

    assert report[scenario].verdict is Verdict.NOT_SEEN


class Fortnightly(RightReader):
    """A reader whose pauses last two weeks at most."""

    def plan(self, feed: Subscribed, answer: Answer) -> None:
        super().plan(feed, answer)
        longest = max(self.freshness(answer), self.pause(answer))
        if longest > WEEK:
            feed.next_due = self.now() + min(longest, 2 * WEEK)
            self.pauses.clear()


def test_a_reader_may_ask_again_before_the_last_step() -> None:
    report = check(Fortnightly, only=["T5", "T7", "T11", "R8"])  # the others have polls in the 31 days

    assert [report[scenario].verdict for scenario in ("T5", "T11")] == ["pass"] * 2


class DailyAfterErrors(RightReader):
    """A reader that waits a day after each error, whatever the server asks for."""

    def plan(self, feed: Subscribed, answer: Answer) -> None:
        super().plan(feed, answer)
        if feed.failures:
            feed.next_due = self.now() + WEEK / 7

    def pause(self, answer: Answer) -> float:
        return 0.0


def test_a_request_at_any_time_within_a_pause_breaks_the_pause() -> None:
    report = check(DailyAfterErrors, only=["T7", "T8", "T9", "T19", "V5"])  # these have polls in the three days

    assert [report[scenario].verdict for scenario in ("T7", "T8", "T9")] == ["fail"] * 3


@pytest.mark.parametrize(("scenario", "path"), [("H2", "inside.xml"), ("H6", "rss.dtd")])
def test_a_forbidden_path_must_not_be_requested_later_or_by_head(scenario: str, path: str) -> None:
    [judge] = [each.judge for each in SCENARIOS if each.id == scenario]
    asked = ExchangeSeen(path="feed.xml", method="GET")
    for method, later in (("GET", 1), ("GET", 2), ("HEAD", 1)):
        steps = [StepSeen([asked], polls=[Poll()], was_control_asked=True) for _ in range(3)]
        assert judge(Evidence(steps)).verdict is Verdict.PASS
        steps[later].exchanges.append(ExchangeSeen(path=path, method=method))
        assert judge(Evidence(steps)).verdict is Verdict.FAIL, (method, later)


def test_ids_are_unique_and_belong_to_a_group() -> None:
    assert len(set(IDS)) == len(IDS)
    assert {scenario.group for scenario in SCENARIOS} <= set(GROUPS)


def test_a_scenario_comes_after_those_that_it_depends_on() -> None:
    for index, scenario in enumerate(SCENARIOS):
        assert set(scenario.depends_on) <= set(IDS[:index]), scenario.id


@pytest.mark.parametrize("scenario", SCENARIOS, ids=IDS)
def test_a_scenario_has_a_rule_a_reason_advice_and_a_source(scenario: Scenario) -> None:
    for text in (scenario.rule, scenario.why, scenario.advice):
        assert text.endswith("."), text
    assert scenario.source
