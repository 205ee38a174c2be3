"""A shortage of this machine's resources is no failure of a feed. Tested with real limits, and error by error."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from aiohttp import ClientConnectorError
from aiohttp.abc import ResolveResult
from aiohttp.client_reqrep import ConnectionKey
from django.db import OperationalError

from factories import make_feed, make_subscription
from feedserver import FeedServer
from file_limits import no_more_files
from guards import allowing
from lifestream.conf import raise_file_limit, settings
from lifestream.fetcher import open_files
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import Fetcher, FetchLimits
from lifestream.fetcher.hub_client import HubVerdict, hub_client
from lifestream.fetcher.outcomes import Failed, FetchRequest, Outcome
from lifestream.fetcher.session import Resolver
from lifestream.fetcher.shortage import Shortage, ShortOf, log_failure, require_memory, shortage_of
from lifestream.models import Feed, Fetch
from lifestream.parser.pool import ParserPool
from lifestream.refresh import refresh, scout, subscribe
from lifestream.refresh.icon_finder import find_icons
from lifestream.storage.db_errors import failure_of
from programs import PATIENCE, environment
from served import START, Clock, feed, rss

resource = pytest.importorskip("resource", reason="this system has no limits to lower")

LOOPBACK = allowing("127.0.0.0/8, ::1")
FEEDS = 270  # more than the 256 files of the first test
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.1 is the only loopback address")


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(host="0.0.0.0") as server:
        server.add("/feed", feed(("one",)))
        yield server


def run_short(
    home: Path, server: FeedServer, soft: int, hard: int, *command: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run *command* on FEEDS feeds of as many hosts. The limit of open files is *soft*, and may be raised to *hard*."""
    program = [sys.executable, str(Path(__file__).parents[1] / "short.py")]
    arguments = [str(soft), str(hard), str(FEEDS), str(server.port), *command]
    return subprocess.run(
        [*program, *arguments],
        env=environment(home, **variables),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def stored(home: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home / "lifestream.sqlite3")) as connection:
        return connection.execute(query).fetchall()


@on_linux
@pytest.mark.slow
class TestLimitsOfTheSystem:
    @pytest.mark.parametrize("limits", [(256, 256), (64, 4096)], ids=["256 files", "64 files that may be 4096"])
    def test_more_hosts_than_files_are_imported_and_none_fails(
        self, server: FeedServer, site_home: Path, limits: tuple[int, int]
    ) -> None:
        done = run_short(site_home, server, *limits, "update_feeds")
        assert done.returncode == 0, done.stderr
        assert f"{FEEDS} feeds asked, {FEEDS} new, 0 changed, 0 failed." in done.stdout
        assert stored(site_home, "SELECT count(*), max(failures) FROM lifestream_feed WHERE title = 'A feed'") == [
            (FEEDS, 0)
        ]

    def test_with_too_few_files_no_failure_is_recorded_and_status_and_message_report_it(
        self, server: FeedServer, site_home: Path
    ) -> None:
        done = run_short(site_home, server, 72, 72, "update_feeds", LIFESTREAM_CONCURRENCY="200")
        assert done.returncode == 1, done.stdout
        assert done.stderr.count(Shortage.FILES.value) == 1, done.stderr
        assert "due because this machine lacked resources" in done.stdout
        [(failures, errors)] = stored(site_home, "SELECT max(failures), max(last_error) FROM lifestream_feed")
        assert (failures, errors) == (0, "")
        assert stored(site_home, "SELECT count(*) FROM lifestream_fetch WHERE outcome = 'failed'") == [(0,)]
        assert stored(site_home, "SELECT count(*) FROM lifestream_feed WHERE claim_token != ''") == [(0,)]

        again = run_short(site_home, server, 1024, 1024, "update_feeds")
        assert again.returncode == 0, again.stderr
        assert stored(site_home, "SELECT count(*) FROM lifestream_item") == [(FEEDS,)]

    def test_with_hardly_any_files_the_command_reports_the_shortage(self, server: FeedServer, site_home: Path) -> None:
        for files in (9, 16):
            done = run_short(site_home, server, files, files, "update_feeds")
            assert done.returncode == 1, (files, done.stdout)
            assert "this process may open no more files" in done.stderr, (files, done.stderr)
            assert "Traceback" not in done.stderr, (files, done.stderr)
            assert stored(site_home, "SELECT max(failures) FROM lifestream_feed") == [(0,)]


@pytest.mark.django_db
class TestNoFailureIsRecorded:
    def due(self, server: FeedServer) -> Feed:
        made = make_feed(f"http://127.0.0.1:{server.port}/feed", next_fetch=START)
        make_subscription(made)
        return made

    def assert_left_due(self, report: Any, made: Feed, shortage: Shortage) -> None:
        made.refresh_from_db()
        assert (report.rows, report.short, report.shortages) == ((), 1, (shortage.value,))
        assert (made.failures, made.last_error, made.next_fetch, made.claim_token) == (0, "", START, "")
        assert not Fetch.objects.exists()

    @pytest.mark.slow
    def test_if_no_parser_process_could_be_started(self, server: FeedServer) -> None:
        made = self.due(server)
        for error, shortage in (
            (BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)), Shortage.PROCESSES),
            (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), Shortage.MEMORY),
            (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), Shortage.FILES),
            (MemoryError(), Shortage.MEMORY),
        ):
            with mock.patch("subprocess.Popen", side_effect=error):
                self.assert_left_due(refresh(clock=Clock()), made, shortage)
        assert [row.new for row in refresh(clock=Clock()).rows] == [1]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "error",
        [
            RuntimeError("can't allocate lock"),
            SystemError("<method 'get' of 'dict' objects> returned NULL without setting an exception"),
        ],
    )
    def test_if_cpython_gets_no_memory_and_raises_another_error(self, server: FeedServer, error: Exception) -> None:
        made = self.due(server)
        with mock.patch("lifestream.parser.pool._Child._ask", side_effect=error):
            self.assert_left_due(refresh(clock=Clock()), made, Shortage.MEMORY)

    @pytest.mark.slow
    def test_if_there_is_no_memory_to_store_the_result(
        self, server: FeedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        made = self.due(server)
        with mock.patch("lifestream.storage.writer.store", side_effect=MemoryError):
            report = refresh(clock=Clock())
        assert (report.unstored, report.shortages) == (1, (Shortage.MEMORY.value,))
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []  # the report says it
        made.refresh_from_db()
        assert (made.failures, made.last_error, made.next_fetch, made.claim_token) == (0, "", START, "")

    def test_if_the_parser_process_ends_before_it_is_ready(self, server: FeedServer) -> None:
        made = self.due(server)
        with mock.patch("sys.executable", "/bin/false"):
            self.assert_left_due(refresh(clock=Clock()), made, Shortage.PROCESSES)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["lifestream-downloads", "parser-1"])
    def test_if_no_thread_could_be_started(self, server: FeedServer, name: str) -> None:
        made = self.due(server)
        start = threading.Thread.start

        def refused(thread: threading.Thread) -> None:
            if thread.name == name:
                raise RuntimeError("can't start new thread")
            start(thread)

        with mock.patch("threading.Thread.start", refused), mock.patch("os.cpu_count", return_value=1):
            report = refresh(clock=Clock())
        assert report.shortages == (Shortage.THREADS.value,)
        made.refresh_from_db()
        assert (made.failures, made.last_error, made.next_fetch, made.claim_token) == (0, "", START, "")
        assert [row.new for row in refresh(clock=Clock()).rows] == [1]

    def test_when_a_feed_is_added_and_the_shortage_is_reported_instead(self, server: FeedServer) -> None:
        with no_more_files(), pytest.raises(subscribe.NotAdded) as raised:
            subscribe.find_feed(f"http://127.0.0.1:{server.port}/feed", guard=LOOPBACK)
        assert "this process may open no more files" in str(raised.value)
        with (
            mock.patch.object(scout, "make_fetcher", side_effect=OSError(errno.EMFILE, "too many")),
            pytest.raises(subscribe.NotAdded) as raised,
        ):
            subscribe.find_feed(f"http://127.0.0.1:{server.port}/feed", guard=LOOPBACK)
        assert "this process may open no more files" in str(raised.value)
        with (
            mock.patch("subprocess.Popen", side_effect=BlockingIOError(errno.EAGAIN, "no")),
            pytest.raises(subscribe.NotAdded) as raised,
        ):
            subscribe.find_feed(f"http://127.0.0.1:{server.port}/feed", guard=LOOPBACK)
        assert "no process could be started to read documents" in str(raised.value)

    def test_when_icons_are_looked_for(self, server: FeedServer, caplog: pytest.LogCaptureFixture) -> None:
        made = self.due(server)
        Feed.objects.update(last_success=START, site_url=f"http://127.0.0.1:{server.port}/")
        with mock.patch.object(AddressGuard, "socket", side_effect=OSError(errno.EMFILE, "Too many open files")):
            assert find_icons(clock=Clock(), guard=LOOPBACK) == 0
        made.refresh_from_db()
        assert made.icon_checked is None
        assert Shortage.FILES.value in caplog.text


class TestFetching:
    def ask(self, url: str, guard: AddressGuard = LOOPBACK) -> Outcome:
        async def run() -> Outcome:
            async with Fetcher(guard, user_agent="lifestream") as fetcher:
                with no_more_files():
                    return await fetcher.fetch(FetchRequest(url))

        return asyncio.run(run())

    def test_without_a_file_for_the_socket_is_a_shortage(self, server: FeedServer) -> None:
        outcome = self.ask(f"http://127.0.0.1:{server.port}/feed")
        assert isinstance(outcome, Failed)
        assert (outcome.kind, outcome.message) == ("shortage", Shortage.FILES.value)

    def test_without_a_file_for_one_of_several_addresses_is_a_shortage(self) -> None:
        class TwoAddresses(Resolver):
            async def resolve(
                self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
            ) -> list[ResolveResult]:
                flags = socket.AI_NUMERICHOST
                kinds = ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1"))
                return [
                    ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=flags)
                    for kind, address in kinds
                ]

        async def run() -> Outcome:
            async with Fetcher(LOOPBACK, user_agent="lifestream", resolver=TwoAddresses()) as fetcher:
                return await fetcher.fetch(FetchRequest("http://two.example/feed"))

        no_route = OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        no_ipv6 = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        no_file = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        refused = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        for one, other, kind in (
            (no_route, no_file, "shortage"),
            (no_ipv6, no_file, "shortage"),
            (no_route, refused, "connection"),
            (no_ipv6, refused, "connection"),
        ):
            for order in ([one, other], [other, one]):
                with mock.patch.object(AddressGuard, "socket", side_effect=order):
                    outcome = asyncio.run(run())
                assert isinstance(outcome, Failed)
                assert outcome.kind == kind, outcome.message

    def test_without_a_file_to_look_names_up_is_a_shortage(self) -> None:
        outcome = self.ask("http://name.invalid/feed")
        assert isinstance(outcome, Failed)
        assert outcome.kind == "shortage"

    def test_a_name_without_an_address_is_a_failure_of_the_feed(self) -> None:
        async def resolve() -> None:
            await Resolver().resolve("name.invalid", 80)

        with pytest.raises(OSError) as raised:  # noqa: PT011  a gaierror of any number
            asyncio.run(resolve())
        assert shortage_of(raised.value) is None

    def test_a_shortage_is_no_refusal_of_a_hub(self, server: FeedServer) -> None:
        async def run() -> Any:
            async with hub_client(LOOPBACK, user_agent="lifestream") as client:
                with no_more_files():
                    return await client.post(f"http://127.0.0.1:{server.port}/hub", {}, START)

        answer = asyncio.run(run())
        assert (answer.verdict, answer.message) == (HubVerdict.SHORTAGE, Shortage.FILES.value)


class TestErrorsThatMeanAShortage:
    @pytest.mark.parametrize(
        ("error", "shortage"),
        [
            (OSError(errno.EMFILE, "x"), Shortage.FILES),
            (OSError(errno.ENFILE, "x"), Shortage.FILES),
            (OSError(errno.ENOMEM, "x"), Shortage.MEMORY),
            (OSError(errno.ENOBUFS, "x"), Shortage.MEMORY),
            (MemoryError(), Shortage.MEMORY),
            (OSError(errno.ENOSPC, "x"), Shortage.DISK),
            (OSError(errno.EFBIG, "x"), Shortage.FILE_SIZE),
            (RuntimeError("can't start new thread"), Shortage.THREADS),
            (OSError(errno.EADDRNOTAVAIL, "x"), Shortage.PORTS),
            (socket.gaierror(socket.EAI_MEMORY, "x"), Shortage.MEMORY),
            (ShortOf(Shortage.FILES), Shortage.FILES),
            (socket.gaierror(socket.EAI_NONAME, "x"), None),
            (socket.gaierror(errno.EMFILE, "x"), None),
            (ConnectionRefusedError(errno.ECONNREFUSED, "x"), None),
            (ssl.SSLCertVerificationError(1, "x"), None),
            (RuntimeError("x"), None),
            (OSError("x"), None),
        ],
        ids=repr,
    )
    def test_are_known_by_number_type_or_message_even_as_causes_of_others(
        self, error: Exception, shortage: Shortage | None
    ) -> None:
        assert shortage_of(error) is shortage
        wrapped = ValueError("x")
        wrapped.__cause__ = error
        assert shortage_of(wrapped) is shortage

    @pytest.mark.parametrize(
        ("host", "port", "shortage"),
        [
            ("127.0.0.1", 80, Shortage.PORTS),
            ("feeds.example", 80, Shortage.PORTS),
            ("127.0.0.1", 0, None),
            ("feeds.example", 0, None),
            ("2001:db8::1", 80, None),
            ("[2001:db8::1]", 80, None),
        ],
    )
    def test_an_unavailable_address_means_a_shortage_of_ports_only_if_a_free_port_would_help(
        self, host: str, port: int, shortage: Shortage | None
    ) -> None:
        key = ConnectionKey(host, port, is_ssl=False, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
        unavailable = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        assert shortage_of(ClientConnectorError(key, unavailable)) is shortage

    # Without a zone, a link-local address has no route.
    @pytest.mark.parametrize("url", ["http://[fe80::1]/", "http://127.0.0.1:0/"])
    def test_an_address_that_cannot_be_connected_to_is_a_failure_of_the_feed(self, url: str) -> None:
        async def run() -> Outcome:
            guard = allowing("127.0.0.0/8, fe80::/10")
            async with Fetcher(guard, user_agent="lifestream", limits=FetchLimits(timeout=2.0)) as fetcher:
                return await fetcher.fetch(FetchRequest(url))

        outcome = asyncio.run(run())
        assert isinstance(outcome, Failed)
        assert outcome.kind != "shortage"

    def test_a_database_that_has_no_file_left_to_open_reports_that_shortage(self) -> None:
        error = OperationalError("unable to open database file")
        assert "see that it runs and has free space" in str(failure_of(error))
        with no_more_files():
            assert Shortage.FILES.value in str(failure_of(error))


class TestTheLimitOfFiles:
    def test_it_is_raised_as_far_as_needed(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
            assert settings.concurrency == 32
            raise_file_limit()
            wanted = 512 if hard == resource.RLIM_INFINITY else min(512, hard)
            assert (open_files.soft_limit(), settings.concurrency) == (wanted, wanted // 4)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    @pytest.mark.slow
    def test_it_is_never_lowered_and_is_not_raised_when_python_imports_the_modules(self) -> None:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        open_files.raise_soft_limit(1)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
        program = (
            "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100 + 28))\n"
            "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'testsite.settings'\n"
            "import django; django.setup()\n"
            "import lifestream.refresh, lifestream.tasks, lifestream.management.commands.update_feeds\n"
            "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.stdout == "(100, 128)\n", done.stderr


def test_fewer_threads_than_requested_read_all_documents() -> None:
    start = threading.Thread.start
    names: set[str] = set()

    def refused(thread: threading.Thread) -> None:
        names.add(thread.name)
        if thread.name in ("parser-2", "parser-3"):
            raise RuntimeError("can't start new thread")
        start(thread)

    with mock.patch("threading.Thread.start", refused), ParserPool(3) as pool:
        read = [pool.submit(rss(str(number)).encode(), {}, "http://example.org/") for number in range(3)]
        assert [each.result(60).items[0].title for each in read] == ["0", "1", "2"]
    assert names >= {"parser-1", "parser-2"}


def test_a_thread_logs_only_once_that_no_process_can_be_started(caplog: pytest.LogCaptureFixture) -> None:
    with mock.patch("subprocess.Popen", side_effect=OSError(errno.EAGAIN, "")), ParserPool(1) as pool:
        for read in [pool.submit(b"<rss/>", {}, "http://example.org/") for _ in range(5)]:
            with pytest.raises(ShortOf):
                read.result(60)
    assert caplog.text.count("no process to read documents could be started") == 1


def test_a_failure_is_logged_with_its_traceback_a_shortage_with_its_remedy(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("test")
    log_failure(log, "nothing was done", ValueError("a fault"))
    log_failure(log, "nothing was done", MemoryError())
    failure, shortage = caplog.record_tuples
    assert failure == ("test", logging.ERROR, "nothing was done")
    assert shortage == ("test", logging.WARNING, f"nothing was done: {Shortage.MEMORY.value}")
    assert caplog.text.count("ValueError: a fault") == 1


def test_too_little_address_space_is_a_shortage_of_memory() -> None:
    require_memory()
    with pytest.raises(ShortOf) as raised:
        require_memory(1 << 62)
    assert raised.value.shortage is Shortage.MEMORY


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on address space")
def test_a_limit_on_memory_is_detected() -> None:
    program = (
        "import resource, sys\n"
        "from lifestream.fetcher.shortage import is_memory_limited\n"
        "soft = int(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_AS, (soft, resource.getrlimit(resource.RLIMIT_AS)[1]))\n"
        "print(is_memory_limited())\n"
    )
    for soft, printed in ((-1, "False\n"), (1 << 40, "True\n")):  # -1 is RLIM_INFINITY
        command = [sys.executable, "-c", program, str(soft)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
        assert done.stdout == printed


_LOOK_UP_WITHOUT_MEMORY = """
import asyncio, resource
from pathlib import Path
from lifestream.fetcher.outcomes import FetchRequest
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.fetch import Fetcher

async def run():
    async with Fetcher(AddressGuard(), user_agent="lifestream") as fetcher:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 64 * 1024 * 1024, resource.RLIM_INFINITY))
        outcome = await fetcher.fetch(FetchRequest("http://name.invalid/feed"))
        print(outcome.kind, outcome.message)

asyncio.run(run())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no limit, or no size to set it by")
def test_a_name_that_is_looked_up_while_there_is_too_little_memory_is_no_failure_of_its_feed() -> None:
    command = [sys.executable, "-c", _LOOK_UP_WITHOUT_MEMORY]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == f"shortage {Shortage.MEMORY.value}\n"
