"""The clock of a server: a test moves it, and all dates that the server writes follow."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest

from feedserver import Clock, FeedServer, Pace, Response
from feedserver.faults import SlowHeaders
from feedserver.feeds import Entry, Feed
from rawclient import RawClient

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as running:
        yield running


@pytest.fixture(autouse=True)
def clock(server: FeedServer) -> Iterator[Clock]:
    server.clock.set(START)
    yield server.clock
    server.clock.reset()


def since_start(moment: datetime) -> timedelta:
    """Return the whole days since START: the clock goes on while the test runs."""
    return timedelta(days=(moment - START) // DAY)


def test_a_clock_shows_the_systems_time_until_it_is_moved() -> None:
    before = time.time()
    assert before <= Clock().time() <= time.time()
    assert Clock().now().tzinfo is UTC


def test_a_clock_moves_by_the_sum_of_its_arguments_and_back() -> None:
    clock = Clock()
    clock.move(weeks=1, days=1, hours=1, minutes=1, seconds=1)
    assert clock.offset == 8 * 86_400 + 3_661
    clock.move(days=-8)
    assert clock.offset == 3_661
    clock.reset()
    assert clock.offset == 0


def test_a_clock_is_set_in_any_time_zone_and_goes_on() -> None:
    clock = Clock()
    clock.set(START.astimezone(timezone(timedelta(hours=5))))
    first, deadline = clock.time(), time.monotonic() + 10
    assert START.timestamp() <= first < START.timestamp() + 3600
    while clock.time() <= first:
        assert time.monotonic() < deadline
    assert clock.now().utcoffset() == timedelta()
    assert repr(clock).startswith("<Clock 2030-01-01 12:")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"days": "2"}, TypeError, "days is '2'; give a number, such as 2"),
        ({"hours": True}, TypeError, "hours is True; give a number, such as 2"),
        ({"hours": math.nan}, ValueError, "hours is nan; give a number, such as 2"),
        ({"days": 1e300}, ValueError, "move(days=1e+300) would set the clock outside the years 1970 to 9999; "
         "stay between them"),
        ({"days": -60 * 366}, ValueError, "move(days=-21960) would set the clock outside the years 1970 to 9999; "
         "stay between them"),
    ],
)  # fmt: skip
def test_an_invalid_time_to_move_by_is_refused(
    arguments: dict[str, float], error: type[Exception], message: str
) -> None:
    clock = Clock()
    with pytest.raises(error) as refused:
        clock.move(**arguments)
    assert str(refused.value) == message
    assert clock.offset == 0


@pytest.mark.parametrize(
    ("to", "error", "message"),
    [
        (2030, TypeError, "the time to set the clock to is 2030; give a datetime, such as "
         "datetime(2030, 1, 1, tzinfo=UTC)"),
        (datetime(2030, 1, 1), ValueError, "set() was given datetime.datetime(2030, 1, 1, 0, 0) (datetime), without a "
         "time zone; give one, such as tzinfo=UTC"),
        (datetime(1960, 1, 1, tzinfo=UTC), ValueError, "set(1960-01-01T00:00:00+00:00) would set the clock outside the "
         "years 1970 to 9999; stay between them"),
    ],
)  # fmt: skip
def test_an_invalid_time_to_set_is_refused(to: datetime, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as refused:
        Clock().set(to)
    assert str(refused.value) == message


DATED = {"Expires": "{date+1d}", "Retry-After": "{date+2d}"}


@pytest.mark.parametrize(
    "response",
    [
        Response("ready"),
        Response("filled in", headers=DATED),
        Response("planned", headers=DATED, delay=0.001),
        Response("broken", headers=DATED, faults=SlowHeaders(Pace(40, 0.0001))),
    ],
    ids=lambda response: response.body.decode(),
)
def test_every_date_of_an_answer_follows_the_clock(server: FeedServer, clock: Clock, response: Response) -> None:
    server.add("/feed", response)
    dates = []
    with RawClient(server) as client:
        for _ in range(2):
            dates.append([parsedate_to_datetime(client.get("/feed").headers["Date"])])
            for name in DATED if response.headers else ():
                dates[-1].append(parsedate_to_datetime(client.get("/feed").headers[name]))
            clock.move(days=7)
    expected = [timedelta(), DAY, 2 * DAY][: len(dates[0])]
    assert [since_start(date) for date in dates[0]] == expected
    assert [since_start(date) for date in dates[1]] == [7 * DAY + each for each in expected]


def test_the_servers_own_answers_and_the_journal_follow_the_clock(server: FeedServer, clock: Clock) -> None:
    clock.move(days=3)
    with RawClient(server) as client:
        assert since_start(parsedate_to_datetime(client.get("/missing").headers["Date"])) == 3 * DAY
        client.send(b"no request\r\n\r\n")
        assert since_start(parsedate_to_datetime(client.read().headers["Date"])) == 3 * DAY
    exchanges = server.journal.exchanges[-2:]
    assert [since_start(datetime.fromtimestamp(exchange.time, UTC)) for exchange in exchanges] == [3 * DAY] * 2


def test_the_modification_date_of_a_changed_feed_follows_the_clock(server: FeedServer, clock: Clock) -> None:
    live = server.mount("/live", Feed(entries=[Entry(title="old", published=START - DAY)]))
    clock.move(days=3)
    modified = []
    with RawClient(server) as client:
        for days in (2, 9):  # before what the clock shows, and after it
            live.publish(Entry(title="new", published=START + days * DAY))
            modified.append(parsedate_to_datetime(client.get("/live").headers["Last-Modified"]))
    assert [since_start(date) for date in modified] == [2 * DAY, 3 * DAY]


@pytest.mark.parametrize("times", [{}, {"hours": 0}, {"days": 0.0, "weeks": 0}])
def test_a_move_that_moves_nothing_is_refused(times: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"move\(\) was given no time; give some, such as hours=2"):
        Clock().move(**times)
