"""What was seen in a round survives being written down."""

from __future__ import annotations

import json

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
    assert SEEN.query == "a=1"


def test_anything_else_is_refused() -> None:
    with pytest.raises(KeyError):
        Look.from_json({"at": 1})
    with pytest.raises(ValueError, match="could not convert"):
        Look.from_json({"at": "soon", "present": None, "was_control_asked": True, "exchanges": {}})
