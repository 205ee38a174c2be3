"""The pytest plugin, run on small suites: servers and fixtures that several tests share, skipped tests, and reruns."""

from __future__ import annotations

import pytest

from plugin_suite import Suite, failed_by
from steady import JOURNAL_OF_A_MISS, MISS

pytest_plugins = ["pytester"]

WIDE = """
        @pytest.fixture(scope="module")
        def server(feedserver_factory):
            with feedserver_factory() as server:
                yield server
"""


def test_a_problem_of_a_server_of_wider_scope_fails_only_the_test_that_caused_it(suite: Suite) -> None:
    suite.write(f"""
        {WIDE}
        def test_first(server):
            get(server.url("atom.xml"))

        def test_asks(server):
            get(server.url("atm.xml"))

        def test_last(server):
            assert [request.path for request in server.requests] == ["/atom.xml", "/atm.xml"]
    """)
    outcome = suite.run()
    outcome.assert_counts(passed=2, failed=1)
    assert outcome.under("test_asks") == failed_by(MISS)
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS


def test_a_test_that_skips_itself_leaves_nothing_to_the_next(suite: Suite) -> None:
    suite.write(f"""
        {WIDE}
        def test_skips(server):
            get(server.url("atm.xml"))
            pytest.skip("changed its mind")

        def test_is_not_blamed(server):
            pass
    """)
    suite.run().assert_counts(skipped=1, passed=1)


@pytest.mark.parametrize("clears", ["", "server.journal.clear()"])
@pytest.mark.parametrize("follows", [False, True])
def test_a_test_that_skips_itself_hides_no_failure_of_an_earlier_one(
    suite: Suite, clears: str, *, follows: bool
) -> None:
    """A callable may fail after the test whose client it answers."""
    last = "def test_follows(server): pass" if follows else ""
    suite.write(f"""
        import threading

        {WIDE}
        goes_on = threading.Event()

        def fails_later(request):
            goes_on.wait(20)
            raise ValueError("too late")

        def test_leaves_a_callable(server):
            server.add("/late", fails_later)
            client = threading.Thread(target=get, args=(server.url("late"),))
            client.start()
            server.wait_for("/late")
            goes_on.client = client
            {clears}

        def test_skips(server):
            goes_on.set()
            goes_on.client.join(20)
            pytest.skip("changed its mind")

        {last}
    """)
    outcome = suite.run()
    if follows:
        outcome.assert_counts(passed=1, skipped=1, failed=1)
    else:
        outcome.assert_counts(passed=1, skipped=1, errors=1)
    assert "ValueError('too late')" in outcome.text


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has subtests since version 9")
@pytest.mark.parametrize("outcome", ["skip", "xfail"])
def test_a_subtest_that_skips_itself_leaves_the_problems_to_its_test(suite: Suite, outcome: str) -> None:
    suite.write(f"""
        def test_asks_before(feedserver, subtests):
            get(feedserver.url("atm.xml"))
            with subtests.test():
                pytest.{outcome}("not here")

        def test_asks_within(feedserver, subtests):
            with subtests.test():
                get(feedserver.url("atm.xml"))
                pytest.{outcome}("not here")

        class TestCase(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _server(self, feedserver):
                self.server = feedserver

            def test_asks_in_a_case(self):
                with self.subTest():
                    get(self.server.url("atm.xml"))
                    pytest.skip("not here")

        def test_skips_as_a_whole(feedserver, subtests):
            get(feedserver.url("atm.xml"))
            with subtests.test():
                pass
            pytest.skip("changed its mind")
    """)
    text = suite.run("-rA").text
    for test in ("test_asks_before", "test_asks_within", "TestCase.test_asks_in_a_case"):
        assert f"FAILED test_suite.py::{test.replace('.', '::')}" in text
    assert text.count("FAILED ") == 3


def test_what_a_shared_fixture_has_caused_fails_the_first_test_that_is_not_skipped(suite: Suite) -> None:
    suite.write(f"""
        {WIDE}
        @pytest.fixture(scope="module")
        def loaded(server):
            get(server.url("atm.xml"))
            server.expect("/never")

        @pytest.fixture
        def unavailable(server):
            get(server.url("other.xml"))
            server.expect("/neither")
            pytest.skip("not here")

        def test_skipped_in_its_set_up(loaded, unavailable):
            pass

        def test_skips_itself(loaded, server):
            get(server.url("other.xml"))
            server.expect("/neither")
            pytest.skip("not now")

        def test_runs(loaded):
            pass

        def test_runs_too(loaded):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(skipped=2, failed=1, passed=1)
    text = outcome.under("test_runs")
    assert "GET /atm.xml: nothing answers." in text
    assert "/never was requested 0 times, not once." in text
    assert "other.xml" not in text.split("The server received")[0]
    assert "/neither" not in text


def test_a_problem_from_the_fixture_that_starts_the_first_server_survives_a_skipped_test(suite: Suite) -> None:
    suite.write("""
        @pytest.fixture(scope="module")
        def loaded(request):
            with request.getfixturevalue("feedserver_factory")() as server:
                get(server.url("atm.xml"))
                yield

        def test_skips_itself(loaded):
            pytest.skip("not now")

        def test_runs(loaded):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(skipped=1, failed=1)
    assert "GET /atm.xml: nothing answers." in outcome.under("test_runs")


def test_an_error_of_a_listener_in_the_set_up_of_a_shared_fixture_survives_a_skipped_test(suite: Suite) -> None:
    suite.write("""
        import feedserver

        def failing(exchange):
            raise ValueError("the log is full")

        @pytest.fixture(scope="module")
        def loaded(feedserver_factory):
            with feedserver_factory() as server:
                server.add("/x", feedserver.Response())
                server.journal.listener = failing
                get(server.url("x"))
                assert server.journal.exchanges[0].ended == "complete"
                server.journal.listener = None
                yield

        def test_skips_itself(loaded):
            pytest.skip("not now")

        def test_runs(loaded):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(skipped=1, failed=1)
    assert "the log is full" in outcome.under("test_runs")


RERUNS = """
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    # As pytest-rerunfailures does: shared fixtures are not set up again.
    for _ in range(3):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not any(report.failed for report in reports):
            break
        item._initrequest()
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


@pytest.mark.parametrize("of_the_test", ["pass", "assert not 'its own'"])
@pytest.mark.parametrize(
    ("cause", "message"),
    [
        ("get(server.url('atm.xml'))", "GET /atm.xml: nothing answers."),
        ("server.expect('/never')", "/never was requested 0 times, not once."),
        ("get(server.url('atom.xml'))", "'ETag:' is not sent as a header."),
    ],
)
def test_what_a_shared_fixture_has_caused_fails_each_rerun_of_the_test(
    suite: Suite, cause: str, message: str, of_the_test: str
) -> None:
    suite.configure("feedserver_root = feeds", "filterwarnings = error::feedserver.FixtureWarning")
    (suite.feeds / "atom.xml").write_text("<!--\nETag: 1\n-->\n<feed/>")
    suite.pytester.makeconftest(RERUNS)
    suite.write(f"""
        {WIDE}
        @pytest.fixture(scope="module")
        def loaded(server):
            {cause}

        tries = []

        def test_runs(loaded):
            tries.append(1)
            if len(tries) < 3:
                {of_the_test}

        def test_runs_too(loaded):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1, passed=1)
    assert message in outcome.under("test_runs")


def test_a_rerun_begins_with_only_the_problems_that_shared_fixtures_have_caused(suite: Suite) -> None:
    suite.pytester.makeconftest(RERUNS)
    suite.write(f"""
        from feedserver import Response, VerificationError

        {WIDE}
        @pytest.fixture(scope="module")
        def loaded(server):
            get(server.url("atm.xml"))
            server.add("/met", Response("x"))

        @pytest.fixture(scope="module")
        def expecting(server):
            server.expect("/met")

        tries = []

        def test_asserts(loaded, server):
            with pytest.raises(VerificationError, match="atm.xml"):
                server.verify()
            if not tries:
                tries.append(1)
                get(server.url("other.xml"))
                assert not "the first time"

        def test_is_not_blamed(server):
            if len(tries) < 2:
                tries.append(1)
                assert not "the first time"

        def test_meets(server, expecting):
            get(server.url("met"))
            if len(tries) < 3:
                tries.append(1)
                assert not "the first time"

        def test_runs_too(server):
            pass
    """)
    suite.run().assert_counts(passed=4)


def test_a_doubtful_file_that_a_shared_fixture_reads_fails_the_first_test_that_is_not_skipped(suite: Suite) -> None:
    suite.configure("feedserver_root = feeds", "filterwarnings = error::feedserver.FixtureWarning")
    (suite.feeds / "atom.xml").write_text("<!--\nETag: 1\n-->\n<feed/>")
    suite.write(f"""
        {WIDE}
        @pytest.fixture(scope="module")
        def loaded(server):
            get(server.url("atom.xml"))

        def test_skips_itself(loaded):
            pytest.skip("not now")

        def test_runs(loaded):
            pass

        def test_runs_too(loaded):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(skipped=1, failed=1, passed=1)
    assert "'ETag:' is not sent as a header." in outcome.under("test_runs")


def test_what_a_shared_fixture_has_caused_can_be_asserted_by_a_test(suite: Suite) -> None:
    suite.write(f"""
        from feedserver import VerificationError

        {WIDE}
        @pytest.fixture(scope="module")
        def loaded(server):
            get(server.url("atm.xml"))

        def test_asserts(loaded, server):
            with pytest.raises(VerificationError, match="atm.xml"):
                server.verify()

        def test_is_not_blamed(loaded):
            pass
    """)
    suite.run().assert_counts(passed=2)


def test_a_server_is_silent_about_tests_that_do_not_use_it(suite: Suite) -> None:
    suite.write(f"""
        {WIDE}
        def test_uses(server, feedserver):
            get(server.url("atom.xml"))
            get(feedserver.url("atom.xml"))

        def test_fails():
            assert False

        def test_uses_it_again(server):
            get(server.url("atom.xml"))
    """)
    outcome = suite.run()
    outcome.assert_counts(passed=2, failed=1)
    assert "feedserver journal" not in outcome.text


def test_the_fixture_can_be_given_a_wider_scope(suite: Suite) -> None:
    suite.write("""
        @pytest.fixture(scope="module")
        def feedserver(feedserver_factory):
            with feedserver_factory(journal_limit=1) as server:
                yield server

        def test_first(feedserver):
            get(feedserver.url("atom.xml"))

        def test_second(feedserver):
            assert len(feedserver.requests) == 1
    """)
    suite.run().assert_counts(passed=2)
