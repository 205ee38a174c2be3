"""An answer that is given for a time, by the server's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from feedserver import FeedServer, Response, gone, lasting
from feedserver.faults import OnRequest, Reset
from rawclient import RawClient

BUSY = Response(status=503, headers={"Retry-After": "120"})


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:
        yield running


def test_an_answer_lasts_from_the_first_request_that_gets_it(server: FeedServer) -> None:
    gone_for_a_minute = lasting(lambda _: gone(), timedelta(minutes=1))
    server.add("/f", Response("first"), lasting(BUSY, "2h"), gone_for_a_minute, Response())
    with RawClient(server) as client:

        def statuses(count: int) -> list[int]:
            return [client.get("/f").status for _ in range(count)]

        assert statuses(1) == [200]
        server.clock.move(hours=5)
        assert client.get("/f", method="HEAD").status == 503
        server.clock.move(hours=5)
        assert statuses(3) == [503, 503, 503], "HEAD does not start the time of an answer"
        server.clock.move(minutes=119)
        assert statuses(1) == [503]
        server.clock.move(minutes=1)
        assert statuses(2) == [410, 410]
        server.clock.move(seconds=60)
        assert statuses(2) == [200, 200]
        server.clock.move(hours=-30)
        assert statuses(1) == [200], "what is over does not come again"


def test_a_fault_of_an_answer_that_lasts_may_wait_for_a_later_request(server: FeedServer) -> None:
    broken = Response("<rss/>", faults=Reset(before="answer", when=OnRequest(2)))
    server.add("/f", lasting(broken, 60), Response("after"))
    with RawClient(server) as client:
        assert client.get("/f").body == b"<rss/>"
        with pytest.raises(ConnectionError):
            client.get("/f")
    server.clock.move(minutes=1)
    with RawClient(server) as client:
        assert client.get("/f").body == b"after"


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((lasting(BUSY, 7200),), ValueError, "the last answer stays, so it cannot end after 7200 s; give an "),
        ((lasting(Response, 60), BUSY), TypeError, "the class; pass an instance, such as Response"),  # type: ignore[arg-type]
    ],
)
def test_a_response_that_cannot_last_is_refused(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        FeedServer().add("/f", *given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("duration", "message"),
    [
        (0, "the duration of lasting() is 0; give more, such as '2h', or the answer alone, which is given once"),
        ("soon", "'soon' is no duration; write a number and a unit"),
        (-1, "the duration of lasting() of -1 s cannot be waited for; give 0 or more seconds"),
    ],
)
def test_an_invalid_duration_is_refused(duration: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        lasting(BUSY, duration)
    assert message in str(caught.value)
