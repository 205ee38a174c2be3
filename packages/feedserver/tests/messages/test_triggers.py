"""When faults are injected: tables of requests, and the words for each trigger."""

from __future__ import annotations

import pytest

from feedserver.messages.triggers import EACH_TIME, FromRequest, OnEvery, OnRequest, When, WithProbability, split_when


@pytest.mark.parametrize(
    ("when", "numbers"),
    [
        (EACH_TIME, [1, 2, 3, 4, 5, 6, 7]),
        (OnRequest(2), [2]),
        (OnEvery(3), [3, 6]),
        (OnEvery(1), [1, 2, 3, 4, 5, 6, 7]),
        (FromRequest(5), [5, 6, 7]),
        (WithProbability(0), []),
        (WithProbability(1), [1, 2, 3, 4, 5, 6, 7]),
        (WithProbability(0.3, seed=7), [1, 3, 4, 7]),
        (WithProbability(0.3, seed=8), [1, 3, 5]),
    ],
)
def test_a_fault_is_injected_into_the_requests_of_its_trigger(when: When, numbers: list[int]) -> None:
    assert [number for number in range(1, 8) if when.strikes(number)] == numbers


@pytest.mark.slow
def test_a_probability_chooses_its_share_of_the_requests_and_always_the_same_ones() -> None:
    numbers = range(1, 10_001)
    injected = [WithProbability(0.3, seed=1).strikes(number) for number in numbers]
    assert 2_800 < sum(injected) < 3_200
    assert injected == [WithProbability(0.3, seed=1).strikes(number) for number in numbers]


@pytest.mark.parametrize(
    ("text", "rest", "when"),
    [
        ("reset after 512", "reset after 512", EACH_TIME),
        ("reset after 512 on request 2", "reset after 512", OnRequest(2)),
        ("  reset  On  Request 12 ", "reset", OnRequest(12)),
        ("x on every 1st request", "x", OnEvery(1)),
        ("x on every 2nd request", "x", OnEvery(2)),
        ("x on every 3rd request", "x", OnEvery(3)),
        ("x on every 12th request", "x", OnEvery(12)),
        ("x from request 2", "x", FromRequest(2)),
        ("x with probability 0.3 seed 7", "x", WithProbability(0.3, 7)),
        ("x with probability .5", "x", WithProbability(0.5, 0)),
        ("x with probability 1 seed -2", "x", WithProbability(1.0, -2)),
        ("x with probability 1e-07 seed 0", "x", WithProbability(1e-07, 0)),
        ("on request 2", "", OnRequest(2)),
        ("x on request two", "x on request two", EACH_TIME),
        ("x on request 2 at last", "x on request 2 at last", EACH_TIME),
    ],
)
def test_words_at_the_end_give_the_trigger(text: str, rest: str, when: When) -> None:
    assert split_when(text) == (rest, when)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111])
def test_each_trigger_in_words_is_read_back_as_the_same_trigger(number: int) -> None:
    for when in (OnRequest(number), OnEvery(number), FromRequest(number), WithProbability(1 / number, number)):
        assert split_when(f"x {when}") == ("x", when)


def test_the_number_of_a_repeated_request_is_written_as_an_ordinal() -> None:
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111)
    written = [str(OnEvery(number)).split()[2] for number in numbers]
    assert " ".join(written) == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 101st 111th"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x on request 0", "there is no request 0; they are counted from 1"),
        ("x on every 0th request", "there is no request 0; they are counted from 1"),
        ("x from request 0", "there is no request 0; they are counted from 1"),
        ("x with probability 1.5", "1.5 is no probability; use a number from 0 to 1"),
    ],
)
def test_an_impossible_trigger_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        split_when(text)
