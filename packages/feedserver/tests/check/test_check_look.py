"""What was seen in a round is the same after it is written and read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pytest

from feedserver.check.evidence import ExchangeSeen
from feedserver.check.look import Look
from feedserver.messages.headers import Headers
from feedserver.messages.send_plan import Ended

SEEN = ExchangeSeen(
    path="feed.xml",
    method="GET",
    scheme="http",
    target="/v1/feed.xml?a=1",
    headers=Headers.from_raw([(b"Accept", b"a"), (b"accept", b"b"), (b"X-Odd", b"\xff")]),
    status=200,
    answered=Headers([("ETag", '"1"')]),
    ended=Ended.CLIENT_LEFT,
    bytes_sent=12,
    time=1.5,
    duration=0.25,
    told="GET /v1/feed.xml -> 200 OK",
)


@pytest.mark.parametrize("present", [None, frozenset(), frozenset({("V1", 3), ("B1", 4)})])
def test_a_look_is_read_as_it_was_written(present: frozenset[tuple[str, int]] | None) -> None:
    look = Look(
        at=1e9, was_control_asked=True, exchanges={"V1": [SEEN, ExchangeSeen(told="no request")]}, present=present
    )

    assert Look.from_json(json.loads(json.dumps(look.as_json()))) == look


def test_json_that_is_no_look_is_refused() -> None:
    with pytest.raises(KeyError):
        Look.from_json({"at": 1})
    with pytest.raises(TypeError, match="a value has the type str, where a number is expected"):
        Look.from_json({"at": "soon", "present": None, "was_control_asked": True, "exchanges": {}})


def test_a_boolean_is_no_number() -> None:
    written = Look(at=1e9, was_control_asked=True, exchanges={"V1": [SEEN]}, present=None).as_json()
    with pytest.raises(TypeError, match="a value has the type bool, where a number is expected"):
        Look.from_json(written | {"at": True})
    written["exchanges"]["V1"][0]["status"] = True
    with pytest.raises(TypeError, match="a value has the type bool, where int is expected"):
        Look.from_json(written)


ODD: list[Any] = [
    None, True, -1, 10**400, -(10**400), float("inf"), float("-inf"), float("nan"),
    "", "x", [], [[]], [1], [["a"]], {}, {"a": 1}, [["a", 1]],
]  # fmt: skip


def test_a_look_with_any_other_value_is_refused_or_read_as_it_was_written() -> None:
    look = Look(at=1e9, was_control_asked=True, exchanges={"V1": [SEEN]}, present=frozenset({("V1", 3)}))
    written = json.dumps(look.as_json())
    refused = 0
    for path in list(paths(json.loads(written))):
        for odd in ODD:
            *outer, last = path
            changed = json.loads(written)
            reduce(lambda inside, key: inside[key], outer, changed)[last] = odd
            try:
                read = Look.from_json(changed)
            except (KeyError, TypeError, ValueError):
                refused += 1
            else:
                assert json.loads(json.dumps(read.as_json(), allow_nan=False)) == changed, (path, odd)
    assert refused > 200


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value inside *value*."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (key,)
        yield from ((key, *path) for path in paths(each))
