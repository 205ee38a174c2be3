"""The integration with unittest: what a test is given, shown by small test cases."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
import types
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from feedserver import FeedServer, stop_server
from feedserver.testcases import FeedServerMixin, FeedServerTestCase
from small_cases import Base, counts, get, run
from steady import MISS, steady


@pytest.fixture(autouse=True)
def feeds(root: Path) -> Path:
    (root / "atom.xml").write_text("<feed/>")
    Base.feed_root = root
    return root


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


def test_the_set_up_of_the_other_bases_finds_a_running_server() -> None:
    class Feeds(unittest.TestCase):
        def setUp(self) -> None:
            assert isinstance(self, Case)
            self.feed = get(self.get_url("atom.xml"))

    class Case(FeedServerMixin, Feeds):
        feed_root = Base.feed_root
        feed = b""

        def test_one(self) -> None:
            assert self.feed == b"<feed/>"

    assert counts(run(Case)) == {}


def test_host_port_and_folder_are_attributes_of_the_class(quiet_host: str, feeds: Path) -> None:
    with FeedServer(host=quiet_host) as server:
        port = server.port

    class Case(FeedServerTestCase):
        host = quiet_host
        feed_root = feeds

        def test_one(self) -> None:
            assert self.base_url == f"http://{quiet_host}:{port}"
            assert self.feedserver.root == feeds
            assert get(self.get_url("atom.xml")) == b"<feed/>"

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


def test_an_attribute_is_refused_if_it_is_nearly_an_option_and_only_then() -> None:
    class Unlike(FeedServerTestCase):
        feedserver_of_ours = "no option, and similar to none"

        def test_it(self) -> None:
            pass

    class Case(Unlike):
        feedserver_bindtimeout = 5.0

    assert counts(run(Unlike)) == {}
    [(_, trace)] = run(Case).errors
    assert "Case.feedserver_bindtimeout is no option of FeedServer; did you mean feedserver_bind_timeout?" in trace


def test_an_option_that_is_an_attribute_of_the_test_itself_is_refused() -> None:
    class Case(FeedServerTestCase):
        def setUp(self) -> None:
            self.feedserver_tls = True
            super().setUp()

        def test_it(self) -> None:
            pass

    [(_, trace)] = run(Case).errors
    assert "Case.test_it sets self.feedserver_tls, which has no effect; make it an attribute of the class, or" in trace


class TestRelativeFolders:
    def case(self, folder: Path, root: str) -> type[FeedServerTestCase]:
        """Return a test case of a module in *folder*."""
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

    def test_begin_at_the_file_of_the_class_that_sets_them(self, tmp_path: Path) -> None:
        base = self.case(tmp_path / "tests", "feeds")
        derived = type("Derived", (base,), {"__module__": __name__})
        assert derived().make_feedserver().root == (tmp_path / "tests" / "feeds").resolve()

    def test_begin_at_the_current_folder_if_they_are_there_and_not_at_the_file(self, tmp_path: Path) -> None:
        case = self.case(tmp_path / "tests", "of_the_current_folder")
        assert case().make_feedserver().root == (tmp_path / "of_the_current_folder").resolve()

    def test_are_named_in_full_if_they_are_nowhere(self, tmp_path: Path) -> None:
        [(_, trace)] = run(self.case(tmp_path / "tests", "nowhere")).errors
        assert str(tmp_path / "tests" / "nowhere") in trace


def test_a_quit_that_is_not_allowed_is_reported_with_the_remedy() -> None:
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


def test_options_can_be_set_by_overriding_make_feedserver() -> None:
    class Case(Base):
        def make_feedserver(self) -> FeedServer:
            return FeedServer(self.feed_root, strict=False)

        def test_one(self) -> None:
            self.miss()

    assert counts(run(Case)) == {}


def test_the_mixin_works_with_asynchronous_tests(feeds: Path) -> None:
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


def test_a_set_up_that_does_not_call_super_is_reported() -> None:
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


def test_a_taken_port_is_an_error_of_the_test_that_needs_it() -> None:
    class Case(Base):
        def test_one(self) -> None:
            raise AssertionError("not reached")

    with FeedServer() as owner:
        Case.port = owner.port
        result = run(Case)
        assert counts(result) == {"errors": 1}
        assert f"] port {owner.port} of 127.0.0.1 is taken; stop what listens there" in result.errors[0][1]


# Logging.


class Quiet(Base):
    def test_it(self) -> None:
        get(self.get_url("atom.xml"))
        self.miss()


class Talkative(Quiet):
    """The same test, with the logs of the server."""

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
