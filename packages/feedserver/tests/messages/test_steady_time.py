"""The clocks of durations go on while freezegun has stopped the time of a test."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import urllib.error

import freezegun
import pytest

from feedserver import FeedServer, NotSeen, Response
from problem_finding import problems_of


def frozen() -> freezegun.api._freeze_time:
    return freezegun.freeze_time("2026-01-01")


@pytest.mark.slow
def test_an_answer_is_delayed_and_paced_and_its_duration_is_measured(feedserver: FeedServer) -> None:
    feedserver.add("/feed", Response("<rss/>", delay="20ms", pace="3 bytes every 10ms"))

    with frozen(), feedserver.client() as client, client.open("/feed") as answer:
        assert answer.read() == b"<rss/>"
        duration = feedserver.journal.exchanges[0].duration

    assert duration >= 0.02


@pytest.mark.slow
def test_a_callable_that_overruns_its_time_is_a_problem() -> None:
    with frozen(), FeedServer(callable_timeout=0.2) as server:
        gate = server.gate()

        def late(_request: object) -> Response:
            gate.wait()
            return Response("<rss/>")

        server.add("/feed", late)
        with server.client() as client, pytest.raises(urllib.error.HTTPError, match="500") as caught:
            client.open("/feed")
        caught.value.close()
        gate.open()
    assert "did not answer GET /feed within 0.2 s" in problems_of(server)


def test_a_wait_for_a_request_that_does_not_come_ends(feedserver: FeedServer) -> None:
    raised: list[str] = []

    def wait(frames: int) -> None:
        if frames:  # freezegun does not stop the time in the first frames of a thread
            return wait(frames - 1)
        try:
            feedserver.wait_for("/feed", timeout=0.02)
        except NotSeen as error:
            raised.append(str(error).splitlines()[0])

    waiting = threading.Thread(target=wait, args=(5,), daemon=True)
    with frozen():
        waiting.start()
        waiting.join(10)

    assert raised == ["/feed was requested 0 times within 0.02 s, not once."]


@pytest.mark.slow
def test_the_clocks_go_on_if_feedserver_is_first_imported_while_the_time_is_frozen() -> None:
    program = """
        import freezegun
        with freezegun.freeze_time("2026-01-01"):
            import time
            from feedserver.messages import steady_time
            before = steady_time.monotonic(), steady_time.perf_counter(), time.monotonic()
            while steady_time.monotonic() - before[0] < 0.01:
                pass
            print(steady_time.perf_counter() > before[1], time.monotonic() == before[2])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("True True\n", "")
