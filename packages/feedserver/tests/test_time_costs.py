"""Reading, looking up and writing take time in proportion to the size, whatever the content.

Each cost is measured as CPU time at n and at 4n, one right after the other: 4 times as much is linear, 16 quadratic. Of
several such pairs the one with the least growth counts, since the speed of a processor changes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from feedserver import Exchange, FixtureError, Journal, Request, Response, broken, faults
from feedserver.check.evidence import Evidence, ExchangeSeen, Row, StepSeen
from feedserver.check.links import links_of
from feedserver.check.scenarios import SCENARIOS
from feedserver.feeds import Entry, Feed, FormatName
from feedserver.fixtures import loader
from feedserver.fixtures.document_root import Folder
from feedserver.fixtures.near_misses import near_miss
from feedserver.handler.problems import Problems
from feedserver.handler.request_filter import RequestFilter
from feedserver.handler.router import Missing, Routes
from feedserver.http.ranges import multipart
from feedserver.record.known_secrets import without_known
from feedserver.record.secret_names import is_secret
from feedserver.record.secret_search import without_secrets

pytestmark = pytest.mark.costly

TRIES = 10
LINEAR = 8
"""Four times the input may cost at most this many times as much.

Linear work costs four times as much, and up to six if the longer input no longer fits into the cache of the processor.
"""
LEAST = 0.002
"""Seconds below which a cost is noise: shorter work is repeated until it has taken so long."""
NEGLIGIBLE = 0.0001
"""Seconds; whether the input is in the cache of the processor decides how long shorter work takes."""


def cost(work: Callable[[], object], at_least: float = 0.0) -> float:
    """Return the seconds of CPU time that *work* takes, the mean of runs that take *at_least* seconds together."""
    begun, runs, taken = time.process_time(), 0, -1.0
    while taken < at_least:
        work()
        runs += 1
        taken = time.process_time() - begun
    return taken / runs


def assert_linear(make: Callable[[int], Callable[[], object]], size: int) -> None:
    """Assert that four times the *size* costs at most LINEAR times as much."""
    small, large = make(size), make(4 * size)
    few = many = 0.0
    for _ in range(TRIES):
        few, many = cost(small, LEAST), cost(large, LEAST)
        if many <= LINEAR * max(few, NEGLIGIBLE):
            return
    raise AssertionError(f"{few * 1000:.3f} ms for {size}, {many * 1000:.3f} ms for four times as much")


@pytest.mark.parametrize("linear", [0, 200])
def test_short_and_partly_linear_work_that_is_quadratic_is_rejected(
    monkeypatch: pytest.MonkeyPatch, linear: int
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "process_time", lambda: now)  # a real clock may be slow just for the shorter work

    def make(size: int) -> Callable[[], object]:
        def work() -> None:
            nonlocal now
            now += (linear * size + size * size) * 1e-8

        return work

    with pytest.raises(AssertionError, match=r"^[0-9.]+ ms for 200, [0-9.]+ ms for four times as much$"):
        assert_linear(make, 200)


def parsing(text: str) -> Callable[[], object]:
    def parse() -> None:
        with suppress(ValueError):
            faults.parse(text)

    return parse


@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [
        *(("", unit, "") for unit in ("a ", "a", "reset on request 1 ", "reset after ", "slow body ", "on every ")),
        ("a", " ", "a"),
        ("reset on request ", "1", "a"),
        ("reset with probability ", "1", "a"),
        ("reset with probability 1 ", "seed ", "1"),
    ],
)
def test_a_directive_of_a_fault_costs_linear_time(before: str, unit: str, after: str) -> None:
    assert_linear(lambda size: parsing(before + unit * size + after), 4000)


@pytest.mark.parametrize("line", ["Header: A: b\n", "Omit: Date\n", "Fault: nothing\n"])
def test_a_file_of_more_than_2000_directives_is_refused_and_the_first_line_too_many_is_named(
    line: str, tmp_path: Path
) -> None:
    (tmp_path / "feed.xml.response").write_text("# a remark\n" + line * 2001)
    with pytest.raises(
        FixtureError, match=r"feed.xml.response:2002: there are more than 2,000 directives. Write fewer"
    ):
        loader.read(tmp_path / "feed.xml")
    (tmp_path / "feed.xml.response").write_text("# a remark\n" + line * 2000)
    assert loader.read(tmp_path / "feed.xml").warnings == ()


def test_faults_that_are_added_one_by_one_cost_linear_time() -> None:
    nothing = faults.parse("nothing")

    def make(size: int) -> Callable[[], object]:
        def add() -> None:
            response = Response()
            for _ in range(size):
                response = broken(response, nothing)

        return add

    assert_linear(make, 500)


def looking_up(names: Callable[[int], str], target: str) -> Callable[[int], Callable[[], object]]:
    def make(size: int) -> Callable[[], object]:
        routes = Routes()
        for number in range(size):
            routes.add(names(number), (Response(),))
        request = Request("GET", target)
        return lambda: routes.find(request, lambda _: True)

    return make


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (lambda number: f"/{'a' * 150}{number}", f"/{'a' * 153}"),
        (lambda number: f"/feeds/blog-{number}/atom.xml", "/feeds/blog/rss.xml"),
        (lambda number: f"/{'ab' * 60}{number}", f"/{'ba' * 60}"),
    ],
)
def test_the_nearest_of_many_routes_is_found_in_linear_time(names: Callable[[int], str], target: str) -> None:
    assert_linear(looking_up(names, target), 250)


def test_many_routes_that_are_alike_are_not_all_compared_exactly() -> None:
    among = looking_up(lambda number: f"/{'a' * 150}{number}", f"/{'a' * 153}")
    assert cost(among(800)) < 4 * cost(among(100)) + LEAST


def test_routes_that_differ_in_an_encoded_query_are_compared_as_fast_as_others() -> None:
    def adding(query: str) -> float:
        make = looking_up(lambda number: f"/a?q={query}{number}", f"/a?q={query}")
        return cost(lambda: make(100))  # each new route is compared with the others

    assert min(adding("%C3%A4&%20") for _ in range(3)) < 5 * max(adding("a&b"), LEAST)


def test_the_nearest_route_is_still_found_among_many() -> None:
    routes = Routes()
    for number in range(2000):
        routes.add(f"/feeds/blog-{number}/atom.xml", (Response(),))
    found = routes.find(Request("GET", "/feeds/blog-1234/atom.xm"), lambda _: True)
    assert isinstance(found, Missing)
    assert "Near it: /feeds/blog-1234/atom.xml" in found.message


def test_a_missing_file_in_many_folders_costs_linear_time(tmp_path: Path) -> None:
    routes = Routes(Folder(tmp_path))

    def asking(size: int) -> Callable[[], object]:
        request = Request("GET", f"/{'x/' * size}a.xml")
        return lambda: routes.find(request, lambda _: True)

    assert_linear(asking, 500)
    assert_linear(asking, 7_500)


def test_names_are_taken_from_a_part_of_a_large_folder(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"folder{number:02}").mkdir()
        for inner in range(20):
            (tmp_path / f"folder{number:02}" / f"{inner}.txt").touch()
    names = Folder(tmp_path).names(limit=200)
    assert 100 < len(names) <= 200
    assert len(Folder(tmp_path).names()) == 1000


def feed(size: int) -> Feed:
    return Feed(
        title="A",
        link="http://a/",
        entries=[
            Entry(title=chr(0x4E00 + n), link=f"http://a/{n}", id=f"u:{n}", content=chr(0x4E00 + n))
            for n in range(size)
        ],
    )


@pytest.mark.parametrize("written", ["rss", "atom", "rdf", "rss091", "atom03"])
@pytest.mark.parametrize("cdata", [False, True])
def test_a_feed_of_characters_that_its_encoding_lacks_costs_linear_time(written: FormatName, cdata: bool) -> None:
    def make(size: int) -> Callable[[], object]:
        made = feed(size)
        return lambda: made.render(written, encoding="us-ascii", cdata=cdata)

    assert_linear(make, 300)


@pytest.mark.parametrize("cdata", [False, True])
@pytest.mark.parametrize(
    "text", [lambda size: "".join(map(chr, range(0x10000, 0x10000 + size))), lambda size: "]]>" * size]
)
def test_a_long_text_of_a_feed_costs_linear_time(text: Callable[[int], str], cdata: bool) -> None:
    def make(size: int) -> Callable[[], object]:
        made = Feed(title="A", entries=[Entry(content=text(size))])
        return lambda: made.render("rss", encoding="us-ascii", cdata=cdata)

    assert_linear(make, 4000)


def test_waiting_looks_at_each_exchange_once() -> None:
    looked = 0

    class CountingFilter(RequestFilter):
        def matches(self, exchange: Exchange) -> bool:
            nonlocal looked
            looked += 1
            return super().matches(exchange)

    journal = Journal()
    count = journal._count_of(CountingFilter("/"))
    for number in range(100):
        assert count() == number
        journal.record(Exchange(journal.changes, Request("GET", "/")))
    assert (count(), looked) == (100, 100)
    journal.clear()
    assert count() == 0
    journal.record(Exchange(journal.changes, Request("GET", "/")))
    assert count() == 1


def test_a_look_into_the_journal_costs_linear_time() -> None:
    def make(size: int) -> Callable[[], object]:
        journal = Journal()
        for number in range(size):
            journal.record(Exchange(journal.changes, Request("GET", f"/{number}")))
        return lambda: (journal.filter("/x", headers={"A": None}), journal.describe(), journal.requests)

    assert_linear(make, 1000)


def test_problems_that_tests_share_are_kept_in_linear_time() -> None:
    def make(size: int) -> Callable[[], object]:
        problems = Problems(deque(), strict=True)
        for number in range(size):
            problems.add(f"problem {number}")
        shared = problems.kept

        def keep() -> None:
            problems.put_back(problems.take_all(shared))
            assert problems.kept == shared

        return keep

    assert_linear(make, 1000)


def test_problems_of_one_exchange_are_taken_in_linear_time() -> None:
    def make(size: int) -> Callable[[], object]:
        def take() -> None:
            problems = Problems(deque(), strict=True)
            for number in range(2 * size):
                problems.add(f"problem {number}", "shown" if number >= size else "other")
            assert len(problems.take_of("shown")) == size
            assert len(problems.kept) == size

        return take

    assert_linear(make, 1000)


@pytest.mark.parametrize("unit", ["<a ", "<!--", "</", "<?", '<a href="', "<a href='", "<a href=", "< ", "&", "</a b "])
def test_the_links_that_a_reader_lists_are_found_in_linear_time(unit: str) -> None:
    assert_linear(lambda size: lambda: links_of(unit * (size // len(unit))), 100_000)


@pytest.mark.parametrize(
    ("secret", "unit"),
    [("a" * 100 + "b", "a%"), ("\\" * 100 + "x", "\\"), ("%" * 100 + "x", "%25"), ("/" * 100 + "x", "\\\\u002f")],
)
def test_a_secret_of_the_request_is_searched_in_linear_time(secret: str, unit: str) -> None:
    def searching(length: int) -> Callable[[], object]:
        text = unit * (length // len(unit))
        return lambda: without_known(text, [secret])

    assert_linear(searching, 4000)


def marks(length: int) -> str:
    """Return combining marks whose canonical order is the other way round (Unicode Standard, section 3.11)."""
    return "\u0315" * (length // 2) + "\u0300" * (length // 2)


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_a_name_of_combining_marks_in_a_recorded_header_is_searched_in_linear_time(charset: str) -> None:
    def searching(length: int) -> Callable[[], object]:
        value = f'{{"{marks(length)}": "x"}}'.encode().decode(charset)

        def search() -> None:
            is_secret.cache_clear()
            without_secrets(value)

        return search

    assert_linear(searching, 4000)


@pytest.mark.parametrize("quote", ["„", "‚"])
@pytest.mark.parametrize(("unit", "end"), [("&token={quote}", ""), ('("token",{quote}', "”x’x")])
def test_strings_without_an_end_in_a_recorded_header_are_searched_in_linear_time(
    quote: str, unit: str, end: str
) -> None:
    def searching(length: int) -> Callable[[], object]:
        piece = unit.format(quote=quote)
        text = piece * (length // len(piece)) + end
        return lambda: without_secrets(text)

    assert_linear(searching, 16_000)


def test_a_boundary_for_ranges_of_a_body_with_many_boundaries_is_found_in_linear_time() -> None:
    def cutting(count: int) -> Callable[[], object]:
        body = b"".join(b"feedserver-part-%d" % number for number in range(count))
        return lambda: multipart(body, [], None)

    assert_linear(cutting, 2500)


def test_a_line_of_combining_marks_in_a_fixture_is_compared_in_linear_time() -> None:
    assert_linear(lambda length: lambda: near_miss(f"a{marks(length)}: b".encode(), {"status"}), 4000)


def judging_titles(marks: int, count: int = 1) -> Callable[[], object]:
    [judge] = [each.judge for each in SCENARIOS if each.id == "E1"]
    asked = [ExchangeSeen(path="feed.xml", method="GET")]
    rows = [Row("E1", 4, "a" + "\u0316\u0301" * (marks // 2))] * count  # marks that are not in their order
    return lambda: judge(Evidence([StepSeen(present=frozenset({1})), StepSeen(asked, rows=rows)]))


def test_a_title_of_marks_is_judged_in_linear_time() -> None:
    assert_linear(judging_titles, 4000)


def test_many_titles_of_marks_are_judged_in_a_short_time() -> None:
    assert cost(judging_titles(5000, 100)) < 1
