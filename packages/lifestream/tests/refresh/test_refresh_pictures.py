"""Pictures from hostile and from honest servers."""

from __future__ import annotations

import asyncio
import errno
import gzip
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path
from queue import SimpleQueue
from unittest import mock

import pytest

from feedserver import FeedServer, Gate, Pace, Request, Response
from feedserver.faults import SlowBody
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import FetchLimits
from lifestream.fetcher.shortage import Shortage
from lifestream.refresh.picture_cache import PictureCache
from lifestream.refresh.picture_turns import OF_A_FEED
from lifestream.refresh.pictures import WAITING, NoPicture, Pictures

PATIENCE = 60.0  # seconds, for which only a failing test waits
LIMITS = FetchLimits(timeout=PATIENCE, max_body=100_000, max_redirects=3)


def png(width: int = 4, height: int = 3, size: int = 100) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + bytes(size)


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with FeedServer(callable_timeout=PATIENCE) as server:
        yield server


def asked(server: FeedServer, name: str) -> int:
    """Return how often *name* was requested. Other requests don't count: tests share the server, and a fetch of another
    test may still be running.
    """
    return sum(request.path == f"/{name}" for request in server.requests)


def pictures_in(
    folder: Path, limits: FetchLimits = LIMITS, networks: tuple[str, ...] = ("127.0.0.0/8",), slow: float = PATIENCE
) -> Pictures:
    return Pictures(PictureCache(folder, 10**8), AddressGuard(tuple(map(ip_network, networks))), limits, slow)


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[Pictures]:
    made = pictures_in(tmp_path)
    yield made
    made.close()


def test_a_picture_is_requested_once_and_without_anything_about_its_reader(
    server: FeedServer, pictures: Pictures
) -> None:
    server.add("/fine.png", Response(png(), headers={"Content-Type": "text/html"}))
    url = server.url("fine.png")
    assert [pictures.get(url, PATIENCE), pictures.get(url)] == [png(), png()]
    [request] = [each for each in server.requests if each.path == "/fine.png"]
    assert {"referer", "cookie", "authorization", "x-forwarded-for"}.isdisjoint(map(str.lower, request.headers))
    assert request.headers["Accept"].startswith("image/") and "pictures" in request.headers["User-Agent"]


def test_a_picture_that_arrives_between_two_checks_is_not_requested_again(server: FeedServer, tmp_path: Path) -> None:
    class Arriving(PictureCache):
        """A cache that has no picture at the first look, and has one from then on."""

        looks = 0

        def get(self, url: str, now: float | None = None, feed: int = 0) -> bytes | None:
            found = super().get(url, now, feed)
            self.looks += 1
            if self.looks == 1:
                self.put(url, png())
            return found

    made = Pictures(Arriving(tmp_path, 10**8), AddressGuard((ip_network("127.0.0.0/8"),)), LIMITS)
    assert made.get(server.url("arrives.png")) == png()
    assert asked(server, "arrives.png") == 0
    made.close()


class Counted(threading.BoundedSemaphore):
    """A semaphore that puts the result of each attempt to acquire it into *attempts*."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.attempts = SimpleQueue[bool]()

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        got = super().acquire(blocking, timeout)
        self.attempts.put(got)
        return got


def behind(gate: Gate) -> Callable[[Request], Response]:
    """Return a callable that waits until *gate* is opened, and then answers with a picture."""

    def held(_: Request) -> Response:
        gate.wait(PATIENCE)
        return Response(png())

    return held


def test_a_feed_does_not_have_to_wait_for_what_another_feed_has_asked_for(
    server: FeedServer, pictures: Pictures
) -> None:
    """A hostile feed may name the pictures of another feed behind many slow ones of its own."""
    gate = Gate()

    for number in range(OF_A_FEED):
        server.add(f"/held{number}.png", behind(gate))
        # These use another name of the host, since one host may have only a few fetches under way.
        slow = server.url(f"held{number}.png").replace("127.0.0.1", "localhost")
        assert pictures.get(slow, 0.0, feed=1) is NoPicture.LATE
    server.add("/mine.png", Response(png()))
    assert pictures.get(server.url("mine.png"), 0.0, feed=1) is NoPicture.LATE
    assert pictures.get(server.url("mine.png"), PATIENCE / 2, feed=2) == png()
    gate.open()


HOSTILE = {
    "svg": Response("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", headers={"Content-Type": "image/png"}),
    "html": Response("<script>alert(1)</script>", headers={"Content-Type": "image/png"}),
    "huge": Response(png(size=LIMITS.max_body), headers={"Content-Type": "image/png"}),
    "bomb": Response(gzip.compress(png(size=10**7)), headers={"Content-Encoding": "gzip"}),
    "pixels": Response(png(100_000, 100_000)),
    "line": Response(png(2**31, 0)),
    "cut": Response(png()[:20]),
    "nothing": Response(b""),
    "gone": Response(png(), status=410),
    "loop": Response(status=302, headers={"Location": "/loop"}),
    "metadata": Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}),
    "private": Response(status=301, headers={"Location": "http://10.0.0.1/a.png"}),
    "file": Response(status=302, headers={"Location": "file:///etc/passwd"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_no_picture_and_is_not_requested_again(
    server: FeedServer, pictures: Pictures, name: str
) -> None:
    server.add(f"/{name}", HOSTILE[name])
    first = pictures.get(server.url(name), PATIENCE)
    seen = asked(server, name)
    assert seen > 0
    assert (first, pictures.get(server.url(name))) == (NoPicture.NONE, NoPicture.NONE)
    assert asked(server, name) == seen


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost"])
def test_addresses_of_this_machine_are_not_connected_to(tmp_path: Path, host: str, server: FeedServer) -> None:
    server.add("/private.png", Response(png()))
    guarded = pictures_in(tmp_path, networks=())
    url = server.url("private.png").replace("127.0.0.1", host)
    assert guarded.get(url, PATIENCE) is NoPicture.NONE
    guarded.close()
    assert asked(server, "private.png") == 0


@pytest.mark.parametrize("url", ["ftp://a.example/", "x"])
def test_what_is_no_address_of_the_web_is_no_picture(pictures: Pictures, url: str) -> None:
    assert pictures.get(url, PATIENCE) is NoPicture.NONE


@pytest.mark.slow
def test_a_slow_server_is_given_up_at_the_deadline(server: FeedServer, tmp_path: Path) -> None:
    server.add("/drip", Response(png(), faults=[SlowBody(Pace(1, 0.1))]))
    hasty = pictures_in(tmp_path, FetchLimits(timeout=2.0, max_body=1000))
    assert hasty.get(server.url("drip"), PATIENCE) is NoPicture.NONE and asked(server, "drip") == 1
    hasty.close()


def test_few_readers_wait_for_a_slow_picture_and_it_is_fetched_once(server: FeedServer, pictures: Pictures) -> None:
    gate, places = Gate(), Counted(WAITING)
    server.add("/slow", behind(gate))
    url = server.url("slow")
    assert pictures.get(url, 0.0) is NoPicture.LATE
    server.wait_for("/slow", timeout=PATIENCE)
    pictures._waiting = places
    with ThreadPoolExecutor(WAITING) as threads:
        waiting = [threads.submit(pictures.get, url, PATIENCE) for _ in range(WAITING)]
        assert [places.attempts.get(timeout=PATIENCE) for _ in range(WAITING)] == [True] * WAITING
        assert pictures.get(url, PATIENCE) is NoPicture.LATE, "one reader more does not wait"
        assert pictures.get(server.url("short.png"), PATIENCE) is NoPicture.LATE
        assert [places.attempts.get(timeout=PATIENCE) for _ in range(2)] == [False] * 2
        gate.open()
        assert [each.result(PATIENCE) for each in waiting] == [png()] * WAITING
    assert pictures.get(url) == png()
    assert asked(server, "slow") == 1


def test_a_picture_is_not_queued_while_too_many_are_being_fetched(server: FeedServer, pictures: Pictures) -> None:
    with mock.patch("lifestream.refresh.pictures.MOST_UNDER_WAY", 0):
        assert pictures.get(server.url("beside")) is NoPicture.LATE
    assert pictures._worker is None


def test_no_reader_waits_for_a_feed_whose_pictures_are_slow_and_only_some_of_them_are_queued(
    server: FeedServer, tmp_path: Path
) -> None:
    gate, places = Gate(), Counted(WAITING)
    pictures = pictures_in(tmp_path, slow=0.0)

    for name in ("/lame1", "/lame2"):
        server.add(name, behind(gate))
    server.add("/quick.png", Response(png()))
    assert pictures.get(server.url("lame1"), 0.0, feed=1) is NoPicture.LATE
    worker = pictures._worker
    assert worker is not None
    while not worker.turns.is_slow(1):
        threading.Event().wait(0.01)
    worker.turns.slow = PATIENCE  # otherwise each picture would be slow
    pictures._waiting = places
    assert pictures.get(server.url("lame2"), PATIENCE, feed=1) is NoPicture.LATE
    with mock.patch("lifestream.refresh.pictures.MOST_OF_A_FEED", 2):
        assert pictures.get(server.url("lame3"), PATIENCE, feed=1) is NoPicture.LATE
    assert places.attempts.empty(), "no reader waits"
    assert pictures.get(server.url("quick.png"), PATIENCE, feed=2) == png()
    gate.open()
    pictures.close()
    assert asked(server, "lame3") == 0


def test_pictures_are_late_while_no_thread_can_be_started(
    server: FeedServer, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    server.add("/later.png", Response(png()))
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert pictures.get(server.url("later.png")) is NoPicture.LATE
    assert pictures.get(server.url("later.png"), PATIENCE) == png()


def test_a_picture_that_cannot_be_cached_is_shown(server: FeedServer, tmp_path: Path) -> None:
    server.add("/kept.png", Response(png()))
    (tmp_path / "file").write_text("")
    full = pictures_in(tmp_path / "file")
    assert [full.get(server.url("kept.png"), PATIENCE) for _ in range(2)] == [png()] * 2
    full.close()


def test_a_full_disk_is_told_with_its_remedy(
    server: FeedServer, pictures: Pictures, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    server.add("/large.png", Response(png()))
    url = server.url("large.png")
    monkeypatch.setattr(PictureCache, "put", refuse)
    assert pictures.get(url, PATIENCE) == png()
    pictures.close()
    assert caplog.messages == [f"The picture {url} can't be kept: {Shortage.DISK.value}"]


def test_a_lack_of_files_for_all_pictures_is_told_with_its_remedy(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(serve: Coroutine[None, None, None]) -> None:
        serve.close()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio, "run", refuse)
    assert pictures.get("http://127.0.0.1:1/picture.png") is NoPicture.LATE
    assert caplog.messages == [f"No picture can be fetched now: {Shortage.FILES.value}"]
