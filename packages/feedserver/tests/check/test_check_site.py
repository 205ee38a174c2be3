"""The server of a scenario: what it answers in each step, and which requests it gets."""

from __future__ import annotations

import http.client
import os
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from feedserver import FeedServer, Response, faults
from feedserver.check.addresses import FeedPlace
from feedserver.check.evidence import FLOODED
from feedserver.check.moved_clock import MovedClock
from feedserver.check.scenario import Step
from feedserver.check.scenarios.template import NEW_ITEM
from feedserver.check.site import EXCHANGE_TIMEOUT, ScenarioSite
from feedserver.check.stage import Stage
from feedserver.check.verdicts import Misfire

TWO_STEPS = replace(
    NEW_ITEM,
    steps=(
        Step({"feed.xml": lambda at: at.feed(2, 1), "a.xml": lambda at: at.feed(7)}),
        Step(lambda at: at.feed(3, 2, 1)),
    ),
)


@pytest.fixture
def site() -> Iterator[ScenarioSite]:
    site = ScenarioSite(TWO_STEPS, FeedPlace("127.0.0.1"), MovedClock(), with_enclosures=True)
    yield site
    site.stop()


def get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return str(answer.read().decode("latin-1"))
    except HTTPError as error:
        with error:
            return str(error.code)


def test_a_path_that_a_step_does_not_name_keeps_its_answer(site: ScenarioSite) -> None:
    [feed] = site.urls
    site.begin_step(0, 0.0)
    site.serve()
    before = get(feed), get(feed.replace("feed", "a"))
    site.begin_step(1, 0.0)
    site.serve()

    assert [text.count("<item>") for text in before] == [2, 1]
    assert get(feed).count("<item>") == 3
    assert get(feed.replace("feed", "a")) == before[1]
    assert site.items == [1, 2, 3, 7]


def test_an_item_has_a_page_even_if_an_earlier_item_has_a_higher_number(site: ScenarioSite) -> None:
    [feed] = site.urls
    site.begin_step(0, 0.0)
    site.begin_step(1, 0.0)

    assert "Item 3" in get(feed.replace("feed.xml", "items/3.html"))
    assert "Item 7" in get(feed.replace("feed.xml", "items/7.html"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_a_local_file_is_not_waited_for() -> None:
    """The checked reader knows the path of the file, and may replace the file before the next step writes it."""
    paths: list[Path] = []

    def serve(at: Stage) -> Response:
        paths.append(Path(url2pathname(urlsplit(at.local_file("local.xml", b"content")).path)))
        return at.feed(1)

    site = ScenarioSite(replace(NEW_ITEM, steps=(Step(serve), Step(serve))), FeedPlace("127.0.0.1"), MovedClock())
    site.begin_step(0, 0.0)
    paths[0].unlink()
    os.mkfifo(paths[0])
    begins = threading.Thread(target=site.begin_step, args=(1, 0.0), daemon=True)
    begins.start()
    begins.join(10)
    has_begun = not begins.is_alive()
    site.stop()

    assert has_begun
    assert len(set(paths)) == 1


def test_each_item_has_a_page_and_an_enclosure(site: ScenarioSite) -> None:
    site.begin_step(0, 0.0)

    base = site.urls[0].removesuffix("feed.xml")
    assert "Item 2" in get(f"{base}items/2.html")
    assert len(get(f"{base}items/2.mp3")) == 418, "the length that the feed gives"
    assert get(f"{base}items/3.html") == "404"


def test_each_request_is_reported_once(site: ScenarioSite) -> None:
    site.begin_step(0, 0.0)
    site.serve()
    get(f"{site.urls[0]}?b")
    assert site.wait_until_over()

    assert (site.arrivals, site.new_arrivals) == (1, 1)
    [seen] = site.take_exchanges()
    assert (seen.path, seen.query, seen.status) == ("feed.xml", "b", 200)
    assert (site.arrivals, site.new_arrivals, site.take_exchanges()) == (1, 0, [])


def test_a_shared_server_gives_each_scenario_its_own_requests() -> None:
    with FeedServer(strict=False) as server:
        place = FeedPlace("127.0.0.1", server=server, base=server.base_url, prefix="/secret")
        one, other = (ScenarioSite(replace(TWO_STEPS, id=f"I{n}"), place, MovedClock()) for n in (1, 2))
        for each in (one, other):
            each.begin_step(0, 0.0)
            each.serve()
        get(one.urls[0])
        assert one.wait_until_over()
        assert (one.arrivals, other.arrivals) == (1, 0)
        one.stop()
        assert server.is_running


def test_an_answer_that_never_ends_holds_up_no_other_scenario_of_a_shared_server() -> None:
    """The scenarios of a server wait for the end of their own requests, one scenario after the other."""
    with FeedServer(strict=False) as server:
        place = FeedPlace("127.0.0.1", server=server, base=server.base_url, prefix="/secret")
        stalls = Response("<rss/>", faults=faults.parse("stall after 2"))
        stalled = replace(TWO_STEPS, id="I1", steps=(Step(lambda _: stalls),))
        one, other = (ScenarioSite(scenario, place, MovedClock()) for scenario in (stalled, TWO_STEPS))
        for each in (one, other):
            each.begin_step(0, 0.0)
            each.serve()
        with socket.create_connection((server.host, server.port), timeout=20) as client:
            client.sendall(f"GET {urlsplit(one.urls[0]).path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert client.recv(1)
            started = time.monotonic()
            assert other.wait_until_over()
            assert time.monotonic() - started < EXCHANGE_TIMEOUT / 2
        assert one.wait_until_over()


def test_a_problem_of_a_request_is_reported_for_its_scenario_and_any_other_problem_for_all() -> None:
    with FeedServer(strict=False) as server:
        server.allow("allowed")
        place = FeedPlace("127.0.0.1", server=server, base=server.base_url, prefix="/secret")
        fails = replace(TWO_STEPS, steps=(Step(lambda _: lambda _: 1 // 0),))  # type: ignore[arg-type, return-value]
        sites = [ScenarioSite(replace(fails, id=f"I{n}"), place, MovedClock()) for n in (1, 2, 3)]
        for each in sites:
            each.begin_step(0, 0.0)
            each.serve()
        for each in sites[1:]:
            get(each.urls[0])
        sites[0].verify()
        for number, each in enumerate(sites[1:], 2):
            with pytest.raises(Misfire, match=rf"\A.*ZeroDivisionError.* for GET /secret/i{number}/feed\.xml\Z"):
                each.verify()
        server.failed("allowed")
        sites[0].verify()
        server.failed("about no request")
        for each in sites:
            with pytest.raises(Misfire, match="about no request"):
                each.verify()
        server.site.problems.take()


def test_an_answer_that_raises_is_an_error_of_feedserver() -> None:
    broken = replace(TWO_STEPS, steps=(Step(lambda at: at.feed(1), until=None), Step(lambda _: 1 // 0)))  # type: ignore[arg-type, return-value]
    failing = ScenarioSite(broken, FeedPlace("127.0.0.1"), MovedClock())
    with pytest.raises(Misfire, match="step 1 of I999 cannot be served: ZeroDivisionError"):
        failing.begin_step(1, 0.0)
    failing.server.add("/raises", lambda _: 1 // 0)  # type: ignore[arg-type]
    get(failing.server.url("raises"))
    with pytest.raises(Misfire, match="ZeroDivisionError"):
        failing.verify()
    failing.stop()


def test_local_files_are_removed_when_the_site_stops() -> None:
    site = ScenarioSite(
        replace(TWO_STEPS, steps=(Step(lambda at: at.feed(1)),) * 2), FeedPlace("127.0.0.1"), MovedClock()
    )
    url = site._stage.local_file("a.txt", b"a")
    path = Path(urllib.request.url2pathname(url.removeprefix("file://")))

    assert path.read_bytes() == b"a"
    site.stop()
    assert not path.exists()


@pytest.mark.slow
def test_folders_of_any_depth_beside_a_local_file_do_not_end_the_run() -> None:
    """The checked reader knows the path of the file, and may make folders beside it. Python 3.11 removes folders by a
    recursive function, which fails at about a thousand levels.
    """
    site = ScenarioSite(TWO_STEPS, FeedPlace("127.0.0.1"), MovedClock())
    top = Path(url2pathname(urlsplit(site._stage.local_file("a.txt", b"a")).path)).parent
    before = Path.cwd()
    os.chdir(top)
    try:
        for _ in range(1200):
            os.mkdir("folder")  # noqa: PTH102 - by its name alone: the whole path is too long for any system
            os.chdir("folder")
    finally:
        os.chdir(before)
    site.stop()

    assert not top.exists()


@pytest.mark.parametrize(("name", "most"), [("MOST_REQUESTS", 4), ("MOST_BYTES", 3000)])
def test_a_flood_of_requests_is_not_kept(
    name: str, most: int, site: ScenarioSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"feedserver.check.site.{name}", most)
    site.begin_step(0, 0.0)
    site.serve()
    get(site.urls[0])
    assert site.wait_until_over()
    assert [seen.status for seen in site.take_exchanges()] == [200]
    for number in range(6):
        get(f"{site.urls[0]}?{number}{'a' * 1000}")
    assert site.wait_until_over()

    assert site.arrivals == 7
    assert not site.server.journal.exchanges
    assert [seen.told for seen in site.take_exchanges()] == [FLOODED]
    get(site.urls[0])
    assert [seen.told for seen in site.take_exchanges()] == [FLOODED]


def test_a_large_body_is_refused_without_being_read(site: ScenarioSite) -> None:
    site.begin_step(0, 0.0)
    site.serve()
    url = urlsplit(site.urls[0])
    with closing(http.client.HTTPConnection(str(url.hostname), url.port, timeout=20)) as connection:
        connection.putrequest("POST", url.path)
        connection.putheader("Content-Length", "70000")
        connection.endheaders()  # no byte of the body is ever sent
        assert connection.getresponse().status == 413
    site.verify()


def test_requests_that_a_shared_server_has_dropped_are_reported_as_a_flood() -> None:
    with FeedServer(strict=False, journal_limit=3) as server:
        place = FeedPlace("127.0.0.1", server=server, base=server.base_url, prefix="/secret")
        site = ScenarioSite(TWO_STEPS, place, MovedClock())
        site.begin_step(0, 0.0)
        site.serve()
        for _ in range(3):
            get(site.urls[0])
        kept = [seen.status for seen in site.take_exchanges()]
        for _ in range(3):
            get(site.urls[0])
        the_next = [seen.status for seen in site.take_exchanges()]
        for _ in range(4):
            get(site.urls[0])
        one_dropped = [seen.told for seen in site.take_exchanges()]
        site.stop()

    assert (kept, the_next, one_dropped) == ([200] * 3, [200] * 3, [FLOODED])
