"""The clocks of durations go on while a test has frozen the time of its client."""

from __future__ import annotations

import sys
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from feedserver import FeedServer, NotSeen, Response
from problem_finding import problems_of


@contextmanager
def frozen() -> Iterator[None]:
    """Freeze time as freezegun does: replace each attribute of a module that is a function of the time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("monotonic", "perf_counter"):
            real = getattr(time, name)
            for module in [each for key, each in sys.modules.items() if f"{key}.".startswith(("feedserver.", "time."))]:
                for attribute in [key for key, value in vars(module).items() if value is real]:
                    patch.setattr(module, attribute, lambda: 0.0)
        yield


def test_an_answer_is_delayed_and_paced_and_its_duration_is_measured(feedserver: FeedServer) -> None:
    feedserver.add("/feed", Response("<rss/>", delay="20ms", pace="3 bytes every 10ms"))

    with frozen(), feedserver.client() as client, client.open("/feed") as answer:
        assert answer.read() == b"<rss/>"
        duration = feedserver.journal.exchanges[0].duration

    assert duration >= 0.02


def test_a_callable_that_overruns_its_time_is_a_problem() -> None:
    with frozen(), FeedServer(callable_timeout=0.02) as server:
        gate = server.gate()

        def late(_request: object) -> Response:
            gate.wait()
            return Response("<rss/>")

        server.add("/feed", late)
        with server.client() as client, pytest.raises(urllib.error.HTTPError, match="500") as caught:
            client.open("/feed")
        caught.value.close()
        gate.open()
    assert "did not answer GET /feed within 0.02 s" in problems_of(server)


def test_a_wait_for_a_request_that_does_not_come_ends(feedserver: FeedServer) -> None:
    raised: list[str] = []

    def wait() -> None:
        try:
            feedserver.wait_for("/feed", timeout=0.02)
        except NotSeen as error:
            raised.append(str(error).splitlines()[0])

    waiting = threading.Thread(target=wait, daemon=True)
    with frozen():
        waiting.start()
        waiting.join(10)

    assert raised == ["/feed was requested 0 times within 0.02 s, not once."]
