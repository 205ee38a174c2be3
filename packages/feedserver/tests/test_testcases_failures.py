"""The integration with unittest: what is reported when something goes wrong, shown by small test cases."""

from __future__ import annotations

import socket
import unittest
from pathlib import Path

import pytest

from feedserver import FeedServer, Response, VerificationError
from small_cases import Base, counts, get, run
from steady import JOURNAL_OF_A_MISS, MISS, steady


@pytest.fixture(autouse=True)
def feeds(root: Path) -> Path:
    (root / "atom.xml").write_text("<feed/>")
    Base.feed_root = root
    return root


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


class SkipsASubtest(Base):
    def test_it(self) -> None:
        self.miss()
        with self.subTest():
            self.skipTest("not this one")


class MissesInASkippedSubtest(Base):
    def test_it(self) -> None:
        with self.subTest():
            self.miss()
            self.skipTest("not this one")


class MissesInASubtest(Base):
    def test_it(self) -> None:
        for path in ("atom.xml", "atm.xml"):
            with self.subTest("a path", path=path):
                get(self.get_url(path))
        get(self.get_url("atom.xml"))


class ExpectsOverSubtests(Base):
    """What is expected before the subtests begin is about all of them."""

    def read_twice(self) -> None:
        for number in range(2):
            with self.subTest(number=number):
                get(self.get_url("atom.xml"))

    def test_two_requests(self) -> None:
        self.feedserver.expect("/atom.xml", times=2)
        self.read_twice()

    def test_one_request_at_most_and_two_came(self) -> None:
        self.feedserver.expect("/atom.xml", at_most=1)
        self.read_twice()

    def test_a_request_after_the_subtests(self) -> None:
        self.feedserver.expect("/atom.xml")
        with self.subTest("nothing is read"):
            pass
        get(self.get_url("atom.xml"))

    def test_a_request_that_a_subtest_expects_and_that_comes_later(self) -> None:
        with self.subTest("nothing is read"):
            self.feedserver.expect("/atom.xml")
        get(self.get_url("atom.xml"))

    def test_one_request_at_most_in_a_subtest_that_fails(self) -> None:
        self.feedserver.expect("/atom.xml", at_most=1)
        with self.subTest("fails"):
            self.fail("by itself")
        self.read_twice()

    def test_none_by_the_time_a_subtest_verifies(self) -> None:
        self.feedserver.expect("/atom.xml", times=0)
        with self.subTest("verifies"):
            self.feedserver.verify()
        get(self.get_url("atom.xml"))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (Misses, {"failures": 1}),
        (ExpectsToMiss, {"expectedFailures": 1}),
        (ExpectsToMissAndDoesNot, {"unexpectedSuccesses": 1}),
        (SkipsItself, {"skipped": 1}),
        (SkipsASubtest, {"failures": 1, "skipped": 1}),
        (MissesInASkippedSubtest, {"failures": 1, "skipped": 1}),
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
def test_each_test_is_reported_once_and_a_subtest_that_was_skipped_too(
    case: type[unittest.TestCase], expected: dict[str, int]
) -> None:
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
def test_a_failure_reports_what_went_wrong_and_the_journal(
    case: type[unittest.TestCase], expected: str, feeds: Path
) -> None:
    [(_, text)] = [*run(case).failures, *run(case).errors][:1]
    lines = steady(text, feeds).rstrip().splitlines()
    assert "\n".join(lines[-len(expected.splitlines()) :]) == expected


def test_a_problem_in_a_subtest_is_a_failure_of_that_subtest(feeds: Path) -> None:
    result = run(MissesInASubtest)
    [(test, text)] = result.failures
    assert str(test).endswith("[a path] (path='atm.xml')")
    assert steady(text, feeds).startswith(f"feedserver.VerificationError: {MISS}\n")


def test_what_is_expected_is_checked_at_the_end_of_the_test_or_subtest_that_expects_it() -> None:
    failures = [str(test).split()[0] for test, _ in run(ExpectsOverSubtests).failures]
    assert failures == [
        "test_a_request_that_a_subtest_expects_and_that_comes_later",
        "test_one_request_at_most_and_two_came",
        *["test_one_request_at_most_in_a_subtest_that_fails"] * 2,
    ]


def test_a_warning_about_a_feed_file_is_among_the_problems(feeds: Path) -> None:
    (feeds / "atom.xml").write_text("<!--\nETag: 1\n-->\n<feed/>")

    class Case(Base):
        def test_it(self) -> None:
            get(self.get_url("atom.xml"))
            self.miss()

    result = run(Case)
    assert counts(result) == {"failures": 1}
    doubt = "FEEDS/atom.xml:2: 'ETag:' is not sent as a header. Write 'Header: ETag: …' to send it."
    assert f"VerificationError: {doubt}\n\n{MISS}\n" in steady(result.failures[0][1], feeds)


def test_a_test_that_is_debugged_raises_the_problem_and_leaves_no_server(feeds: Path) -> None:
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


def test_a_problem_of_the_server_fails_its_test_unless_it_is_allowed_or_asserted() -> None:
    def say(server: FeedServer, data: bytes) -> None:
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1000):
                pass

    def fails(_exchange: object) -> None:
        raise ZeroDivisionError

    def times_out(_request: object) -> bool:
        raise TimeoutError

    class Case(Base):
        def test_no_request(self) -> None:
            say(self.feedserver, b"nonsense\r\n\r\n")

        def test_a_listener_that_raises(self) -> None:
            self.feedserver.journal.listener = fails
            get(self.get_url("atom.xml"))
            self.feedserver.journal.wait_until(lambda: bool(self.feedserver.journal.changes.failures), 10)

        def test_a_condition_that_times_out(self) -> None:
            self.feedserver.add("/feed", Response("<rss/>"), matching=times_out)
            get(self.get_url("feed"))

        def test_that_allows_it(self) -> None:
            self.feedserver.allow("is not 'METHOD target HTTP/version'")
            say(self.feedserver, b"nonsense\r\n\r\n")

        def test_that_asserts_it(self) -> None:
            say(self.feedserver, b"nonsense\r\n\r\n")
            with pytest.raises(VerificationError, match="METHOD target"):
                self.feedserver.verify()

    result = run(Case)
    assert counts(result) == {"failures": 3}
    texts = {str(case).split()[0]: text for case, text in result.failures}
    assert "is not 'METHOD target HTTP/version'" in texts["test_no_request"]
    assert "the journal's listener raised ZeroDivisionError" in texts["test_a_listener_that_raises"]
    assert "GET /feed could not be answered: TimeoutError()" in texts["test_a_condition_that_times_out"]
