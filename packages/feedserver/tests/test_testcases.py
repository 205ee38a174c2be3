"""The unittest door: small test cases are run, and what unittest tells of them is compared."""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
import sys
import types
import unittest
import urllib.request
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.error import HTTPError

import pytest

from feedserver import FeedServer, Response, VerificationError, stop_server
from feedserver.testcases import FeedServerMixin, FeedServerTestCase
from steady import JOURNAL_OF_A_MISS, MISS, steady


@pytest.fixture(autouse=True)
def feeds(root: Path) -> Path:
    (root / "atom.xml").write_text("<feed/>")
    Base.feed_root = root
    return root


def get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        error.close()
        return b""


class Base(FeedServerTestCase):
    """What the test cases here share; the fixture above sets the folder."""

    __test__ = False  # they are run by tests, not by pytest

    def miss(self) -> None:
        get(self.get_url("atm.xml"))


def run(case: type[unittest.TestCase]) -> unittest.TestResult:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


def counts(result: unittest.TestResult) -> dict[str, int]:
    """How many tests there are in each list of the result that is not empty."""
    lists = ("failures", "errors", "skipped", "expectedFailures", "unexpectedSuccesses")
    return {name: len(getattr(result, name)) for name in lists if getattr(result, name)}


# What a test is given.


def test_a_test_has_a_server_of_its_own_for_as_long_as_it_runs() -> None:
    servers: list[FeedServer] = []

    class Case(Base):
        def test_one(self) -> None:
            assert self.feedserver.requests == []
            assert get(self.get_url("atom.xml")) == b"<feed/>"
            assert self.base_url == f"http://127.0.0.1:{self.port}"
            servers.append(self.feedserver)

        test_two = test_one

        def tearDown(self) -> None:
            assert get(self.get_url("/atom.xml")) == b"<feed/>"

    assert counts(run(Case)) == {}
    assert len(set(servers)) == 2
    assert not any(server.is_running for server in servers)


def test_host_port_and_folder_are_attributes_of_the_class(quiet_host: str) -> None:
    with FeedServer(host=quiet_host) as server:
        port = server.port

    class Case(FeedServerTestCase):
        host = quiet_host

        def test_one(self) -> None:
            assert self.base_url == f"http://{quiet_host}:{port}"
            assert self.feedserver.root is None
            self.feedserver.add("/feed", Response("<rss/>"))
            assert get(self.get_url("feed")) == b"<rss/>"

        test_two = test_one

    Case.port = port
    assert counts(run(Case)) == {}


def test_every_option_is_an_attribute_of_the_class(feeds: Path) -> None:
    values: dict[str, Any] = {
        "root": feeds, "host": "127.0.0.1", "aliases": ("127.0.0.2",), "port": 0, "bind_timeout": 0.5, "quit": True,
        "follow_links": True, "strict": False, "idle_timeout": 9.0, "max_body": 99, "callable_timeout": 1.0,
        "journal_limit": 7, "tls": False, "names": ("feeds.example",), "client_certificates": None,
    }  # fmt: skip
    assert values.keys() == set(inspect.signature(FeedServer).parameters)
    made: dict[str, Any] = {}
    attributes = {f"feedserver_{name}": value for name, value in values.items()}
    case: Any = type("Case", (FeedServerTestCase,), {**attributes, "runTest": lambda _: None})
    with mock.patch("feedserver.testcases.FeedServer", autospec=True) as server:
        server.__signature__ = inspect.signature(FeedServer)
        case().make_feedserver()
        made.update(server.call_args.kwargs)
    assert made == values


def test_an_attribute_that_is_nearly_an_option_is_named() -> None:
    class Case(FeedServerTestCase):
        feedserver_bindtimeout = 5.0
        feedserver_of_ours = "it is no option, and like none"

        def test_it(self) -> None:
            raise AssertionError

    [(_, trace)] = run(Case).errors
    assert "Case.feedserver_bindtimeout is no option of FeedServer; did you mean feedserver_bind_timeout?" in trace


class TestRelativeFolders:
    def case(self, folder: Path, root: str) -> type[FeedServerTestCase]:
        """A test case of a module in *folder*."""
        module = types.ModuleType("its_module")
        module.__file__ = str(folder / "its_module.py")
        members = {"feed_root": root, "runTest": lambda _: None, "__module__": "its_module"}
        case = type("Case", (FeedServerTestCase,), members)
        sys.modules["its_module"] = module
        return case

    @pytest.fixture(autouse=True)
    def elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "tests" / "feeds").mkdir(parents=True)
        (tmp_path / "of_the_current_folder").mkdir()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setitem(sys.modules, "its_module", types.ModuleType("its_module"))

    def test_begin_at_the_file_of_the_class(self, tmp_path: Path) -> None:
        base = self.case(tmp_path / "tests", "feeds")
        derived = type("Derived", (base,), {"__module__": __name__})
        assert derived().make_feedserver().root == (tmp_path / "tests" / "feeds").resolve()

    def test_begin_at_the_current_folder_if_they_are_there_and_not_at_the_file(self, tmp_path: Path) -> None:
        case = self.case(tmp_path / "tests", "of_the_current_folder")
        assert case().make_feedserver().root == (tmp_path / "of_the_current_folder").resolve()

    def test_that_are_nowhere_are_named_in_full(self, tmp_path: Path) -> None:
        [(_, trace)] = run(self.case(tmp_path / "tests", "nowhere")).errors
        assert str(tmp_path / "tests" / "nowhere") in trace


def test_a_quit_that_is_not_allowed_says_what_to_do() -> None:
    class Case(FeedServerTestCase):
        def test_it(self) -> None:
            with pytest.raises(ConnectionError):
                stop_server(self.port)

    [(_, trace)] = run(Case).failures
    assert "QUIT /: this server obeys no QUIT.\nEach test has a server of its own" in trace
    assert "feedserver_quit = True" in trace and "server.add(" not in trace


def test_a_quit_that_is_allowed_stops_the_server() -> None:
    class Case(FeedServerTestCase):
        feedserver_quit = True

        def test_it(self) -> None:
            stop_server(self.port)

    assert counts(run(Case)) == {}


def test_what_has_no_attribute_is_set_by_overriding_the_making() -> None:
    class Case(Base):
        def make_feedserver(self) -> FeedServer:
            return FeedServer(self.feed_root, strict=False)

        def test_one(self) -> None:
            self.miss()

    assert counts(run(Case)) == {}


def test_the_mixin_goes_with_asynchronous_tests(feeds: Path) -> None:
    class Case(FeedServerMixin, unittest.IsolatedAsyncioTestCase):
        feed_root = feeds

        async def asyncSetUp(self) -> None:
            self.feed = await asyncio.to_thread(get, self.get_url("atom.xml"))

        async def test_reads(self) -> None:
            assert self.feed == b"<feed/>"

        async def test_misses(self) -> None:
            await asyncio.to_thread(get, self.get_url("atm.xml"))

    result = run(Case)
    assert counts(result) == {"failures": 1}
    assert f"VerificationError: {MISS}\nThe server received 2 requests:" in steady(result.failures[0][1], feeds)


def test_a_set_up_that_does_not_call_super_is_told_to() -> None:
    class Case(Base):
        def setUp(self) -> None:
            pass

        def test_one(self) -> None:
            self.get_url("atom.xml")

    result = run(Case)
    assert counts(result) == {"errors": 1}
    assert (
        result.errors[0][1].rstrip().endswith("test_one has no server yet; its setUp must call super().setUp() first")
    )


def test_a_taken_port_is_an_error_of_its_test_alone() -> None:
    class Case(Base):
        def test_one(self) -> None:
            raise AssertionError("not reached")

    with FeedServer() as owner:
        Case.port = owner.port
        result = run(Case)
        assert counts(result) == {"errors": 1}
        assert f"] port {owner.port} of 127.0.0.1 is taken; stop what listens there" in result.errors[0][1]


# What goes amiss.


class Misses(Base):
    def test_it(self) -> None:
        self.miss()


class ExpectsToMiss(Base):
    @unittest.expectedFailure
    def test_it(self) -> None:
        self.miss()


class ExpectsToMissAndDoesNot(Base):
    @unittest.expectedFailure
    def test_it(self) -> None:
        get(self.get_url("atom.xml"))


class SkipsItself(Base):
    def test_it(self) -> None:
        self.miss()
        self.skipTest("changed its mind")


class SkipsInItsSetUp(Base):
    def setUp(self) -> None:
        super().setUp()
        self.miss()
        self.skipTest("changed its mind")

    def test_it(self) -> None:
        raise AssertionError("not reached")


class IsSkipped(Base):
    @unittest.skip("not today")
    def test_it(self) -> None:
        raise AssertionError("not reached")


class FailsByItself(Base):
    def test_it(self) -> None:
        self.miss()
        self.fail("by itself")


class RaisesAnError(Base):
    def test_it(self) -> None:
        self.miss()
        raise LookupError("by itself")


class MissesInItsSetUp(Base):
    def setUp(self) -> None:
        super().setUp()
        self.miss()

    def test_it(self) -> None:
        pass


class FailsInItsSetUp(Base):
    def setUp(self) -> None:
        super().setUp()
        self.miss()
        self.fail("by itself")

    def test_it(self) -> None:
        raise AssertionError("not reached")


class MissesInItsTearDown(Base):
    def tearDown(self) -> None:
        self.miss()

    def test_it(self) -> None:
        pass


class MissesInASubtest(Base):
    def test_it(self) -> None:
        for path in ("atom.xml", "atm.xml"):
            with self.subTest("a path", path=path):
                get(self.get_url(path))
        get(self.get_url("atom.xml"))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Misses, {"failures": 1}),
        (ExpectsToMiss, {"expectedFailures": 1}),
        (ExpectsToMissAndDoesNot, {"unexpectedSuccesses": 1}),
        (SkipsItself, {"skipped": 1}),
        (SkipsInItsSetUp, {"skipped": 1}),
        (IsSkipped, {"skipped": 1}),
        (FailsByItself, {"failures": 1}),
        (RaisesAnError, {"errors": 1}),
        (MissesInItsSetUp, {"failures": 1}),
        (FailsInItsSetUp, {"failures": 1}),
        (MissesInItsTearDown, {"failures": 1}),
        (MissesInASubtest, {"failures": 1}),
    ],
)
def test_each_test_is_told_once(case: type[unittest.TestCase], expected: dict[str, int]) -> None:
    assert counts(run(case)) == expected


RAISED = f"feedserver.VerificationError: {MISS}\n{JOURNAL_OF_A_MISS}"
NOTED = f"The server found these problems:\n{MISS}\n{JOURNAL_OF_A_MISS}"


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Misses, RAISED),
        (MissesInItsSetUp, RAISED),
        (MissesInItsTearDown, RAISED),
        (FailsByItself, f"AssertionError: by itself\n{NOTED}"),
        (FailsInItsSetUp, f"AssertionError: by itself\n{NOTED}"),
        (RaisesAnError, f"LookupError: by itself\n{NOTED}"),
    ],
)
def test_a_failure_tells_what_went_amiss_and_the_journal(
    case: type[unittest.TestCase], expected: str, feeds: Path
) -> None:
    [(_, text)] = [*run(case).failures, *run(case).errors][:1]
    lines = steady(text, feeds).rstrip().splitlines()
    assert "\n".join(lines[-len(expected.splitlines()) :]) == expected


def test_what_goes_amiss_in_a_subtest_is_its_own_failure(feeds: Path) -> None:
    result = run(MissesInASubtest)
    [(test, text)] = result.failures
    assert str(test).endswith("[a path] (path='atm.xml')")
    assert steady(text, feeds).startswith(f"feedserver.VerificationError: {MISS}\n")


def test_a_doubtful_fixture_fails_a_test_where_warnings_are_errors(feeds: Path) -> None:
    (feeds / "atom.xml").write_text("<!--\nETag: 1\n-->\n<feed/>")

    class Case(Base):
        def test_it(self) -> None:
            get(self.get_url("atom.xml"))
            self.miss()

    result = run(Case)
    assert counts(result) == {"failures": 1}
    doubt = "FEEDS/atom.xml:2: 'ETag:' is not sent as a header. Write 'Header: ETag: …' to send it."
    assert f"VerificationError: {doubt}\n\n{MISS}\n" in steady(result.failures[0][1], feeds)


def test_a_test_that_is_debugged_raises_what_went_amiss_and_leaves_no_server(feeds: Path) -> None:
    servers: list[FeedServer] = []

    class Case(Misses):
        def make_feedserver(self) -> FeedServer:
            servers.append(super().make_feedserver())
            return servers[-1]

    with pytest.raises(AssertionError) as caught:
        Case("test_it").debug()
    assert steady(str(caught.value), feeds) == MISS
    assert [server.is_running for server in servers] == [False]


def test_a_test_can_run_again() -> None:
    case = Misses("test_it")
    for _ in range(2):
        result = unittest.TestResult()
        case.run(result)
        assert counts(result) == {"failures": 1}
    assert "test_it" not in vars(case)
    assert "setUp" not in vars(case)


# Logging.


class Quiet(Base):
    def test_it(self) -> None:
        get(self.get_url("atom.xml"))
        self.miss()


class Talkative(Quiet):
    silence_logging = False


def test_nothing_is_logged_unless_it_is_asked_for(caplog: pytest.LogCaptureFixture, feeds: Path) -> None:
    with caplog.at_level(logging.DEBUG, "feedserver"):
        run(Quiet)
        assert caplog.records == []
        run(Talkative)
    assert [(record.levelname, steady(record.message, feeds)) for record in caplog.records] == [
        ("INFO", "GET /atom.xml -> 200 OK, N bytes in N ms"),
        ("WARNING", "GET /atm.xml -> 404 Not Found, N bytes in N ms"),
    ]


def test_whatever_goes_wrong_at_the_server_fails_its_test() -> None:
    def say(server: FeedServer, data: bytes) -> None:
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1000):
                pass

    def fails(_exchange: object) -> None:
        raise ZeroDivisionError

    class Case(Base):
        def test_no_request(self) -> None:
            say(self.feedserver, b"nonsense\r\n\r\n")

        def test_a_listener_that_raises(self) -> None:
            self.feedserver.journal.listener = fails
            get(self.get_url("atom.xml"))
            self.feedserver.journal.wait_until(lambda: bool(self.feedserver.journal.changes.failures), 10)

        def test_that_means_it(self) -> None:
            self.feedserver.allow("is not 'METHOD target HTTP/version'")
            say(self.feedserver, b"nonsense\r\n\r\n")

        def test_that_asserts_it(self) -> None:
            say(self.feedserver, b"nonsense\r\n\r\n")
            with pytest.raises(VerificationError, match="METHOD target"):
                self.feedserver.verify()

    result = run(Case)
    assert counts(result) == {"failures": 2}
    told = {str(case).split()[0]: text for case, text in result.failures}
    assert "is not 'METHOD target HTTP/version'" in told["test_no_request"]
    assert "the journal's listener raised ZeroDivisionError" in told["test_a_listener_that_raises"]
