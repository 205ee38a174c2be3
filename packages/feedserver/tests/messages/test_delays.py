"""Random delays: within their bounds, the same in every run, and read from text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from feedserver import FeedServer, LognormalDelay, Response, UniformDelay
from feedserver.messages.pacing import RandomDelay, parse_delay
from rawclient import RawClient


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("250ms", 0.25),
        ("100ms to 2s", UniformDelay(0.1, 2)),
        ("0ms TO 1ms seed -3", UniformDelay(0, 0.001, -3)),
        ("lognormal median 90ms sigma 0.5", LognormalDelay(0.09, 0.5)),
        ("lognormal  median 1s sigma 1 at most 2s seed 7", LognormalDelay(1, 1, 2, 7)),
    ],
)
def test_a_delay_is_read_from_text_and_written_as_it_is_read(text: str, delay: float | RandomDelay) -> None:
    assert parse_delay(text) == delay
    assert Response(delay=text).delay == delay
    if isinstance(delay, RandomDelay):
        assert parse_delay(str(delay)) == delay


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2s to 1s", "a delay of 2 s to 1 s is impossible; give the shorter one first"),
        ("1s to soon", "'soon' is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d"),
        ("lognormal median 1s sigma 1.2.3", "'1.2.3' is no sigma; write a number, such as 0.5"),
        ("lognormal median 1s sigma 99", "LognormalDelay(sigma=…) is 99.0; give a number from 0 to 10, such as 0.5"),
        ("now and then", "'now and then' is no delay; write '250ms', '100ms to 500ms', or 'lognormal median 90ms sigma "
         "0.5', with 'seed 7' if need be"),
        ("lognormal median 0s sigma 1", "LognormalDelay(median=…) is 0.0; give more than 0 seconds"),
    ],
)  # fmt: skip
def test_an_invalid_delay_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        Response(delay=text)
    assert str(refused.value) == message


def test_random_delays_stay_in_their_bounds_and_spread() -> None:
    drawn = [UniformDelay(1, 3).draw(number) for number in range(1, 501)]
    assert 1 <= min(drawn) < 1.1 < 1.8 < median(drawn) < 2.2 < 2.9 < max(drawn) <= 3
    drawn = [LognormalDelay(1, 0.5, most=3).draw(number) for number in range(1, 501)]
    assert 0 < min(drawn) < 0.5 < 0.9 < median(drawn) < 1.1 < 2.5 < max(drawn) <= 3


@pytest.mark.parametrize(
    ("kind", "first"), [(UniformDelay(0, 1), 0.7557901559675918), (LognormalDelay(1, 1), 2.1950339596087516)]
)
def test_each_run_draws_the_same_delays_and_another_seed_others(kind: RandomDelay, first: float) -> None:
    assert kind.draw(1) == pytest.approx(first), "it depends on neither the process nor the time"
    assert [kind.draw(number) for number in (1, 2, 1)] == [kind.draw(1), kind.draw(2), kind.draw(1)]
    assert kind.draw(1) != kind.draw(2)
    other = parse_delay(f"{kind} seed 5")
    assert other != kind
    assert isinstance(other, RandomDelay)
    assert [other.draw(number) for number in (1, 2)] != [kind.draw(number) for number in (1, 2)]


@pytest.fixture
def server(root: Path) -> Iterator[FeedServer]:
    (root / "slow.xml").write_text("<!-- Delay: 0.1ms to 3ms seed 1 --><feed/>")
    with FeedServer(root) as running:
        yield running


@pytest.mark.parametrize("target", ["/slow.xml", "/added", "/made", "/timeline"])
def test_each_request_waits_for_the_delay_that_was_drawn_for_it(server: FeedServer, target: str) -> None:
    delay = UniformDelay(0.0001, 0.003, 1)
    response = Response("x", delay=delay)
    server.add("/added", response)
    server.add("/made", lambda request: response)
    server.add("/timeline", Response("first"), response)
    with RawClient(server) as client:
        for _ in range(3):
            client.get(target)
    exchanges = server.journal.filter(target)
    drawn = [exchange.response.delay for exchange in exchanges]
    expected = [delay.draw(number) for number in (1, 2, 3)]
    assert drawn == ([0.0, *expected[:2]] if target == "/timeline" else expected)
    assert all(exchange.duration >= float(str(exchange.response.delay)) * 0.9 for exchange in exchanges)
