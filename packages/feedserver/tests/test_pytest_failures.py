"""The pytest plugin, run on small suites: what is reported when something goes wrong."""

from __future__ import annotations

import pytest

from plugin_suite import Suite, failed_by
from steady import JOURNAL_OF_A_MISS, MISS

pytest_plugins = ["pytester"]


def test_an_unanswered_request_fails_the_test_and_not_its_tear_down(suite: Suite) -> None:
    suite.write("""
        def test_asks(feedserver):
            get(feedserver.url("atm.xml"))
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    assert outcome.under("test_asks") == failed_by(MISS)
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS
    assert "feedserver problems" not in outcome.text


def test_a_request_in_a_set_up_fails_the_test(suite: Suite) -> None:
    suite.write("""
        @pytest.fixture
        def feed(feedserver):
            return get(feedserver.url("atm.xml"))

        def test_asks(feed):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    assert outcome.under("test_asks") == failed_by(MISS)


def test_a_test_that_is_not_strict_may_send_requests_that_nothing_answers(suite: Suite) -> None:
    suite.write("""
        @pytest.mark.feedserver(strict=False)
        def test_asks(feedserver):
            get(feedserver.url("atm.xml"))
    """)
    suite.run().assert_counts(passed=1)


def test_a_failure_of_the_test_itself_is_reported_first(suite: Suite) -> None:
    suite.write("""
        def test_asks(feedserver):
            get(feedserver.url("atm.xml"))
            assert "one" == "two"
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    assert 'assert "one" == "two"' in outcome.under("test_asks")
    assert "VerificationError" not in outcome.text
    assert outcome.under("feedserver problems") == MISS
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS


def test_a_set_up_that_fails_reports_its_requests(suite: Suite) -> None:
    suite.write("""
        @pytest.fixture
        def feed(feedserver):
            get(feedserver.url("atm.xml"))
            raise LookupError("no feed")

        def test_asks(feed):
            pass

        def test_is_not_blamed(feedserver):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(errors=1, passed=1)
    assert outcome.under("feedserver problems") == MISS
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS


def test_a_request_in_a_tear_down_is_an_error_of_that_tear_down(suite: Suite) -> None:
    suite.write("""
        @pytest.fixture(scope="module")
        def server(feedserver_factory):
            with feedserver_factory() as server:
                yield server

        @pytest.fixture
        def late(server):
            yield
            get(server.url("atm.xml"))

        def test_ends(late):
            pass

        def test_is_not_blamed(server):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(passed=2, errors=1)
    assert outcome.under("ERROR at teardown of test_ends") == failed_by(MISS)
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS


def test_a_test_that_passes_has_no_journal(suite: Suite) -> None:
    suite.write("""
        def test_reads(feedserver):
            get(feedserver.url("atom.xml"))
    """)
    outcome = suite.run("-rA")
    outcome.assert_counts(passed=1)
    assert "feedserver journal" not in outcome.text


def test_a_test_that_fails_before_any_request_reports_that_there_was_none(suite: Suite) -> None:
    suite.write("""
        def test_fails(feedserver):
            assert False
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    assert outcome.under("feedserver journal") == "The server received no request."


def test_every_server_of_a_test_is_verified(suite: Suite) -> None:
    suite.write("""
        def test_asks(feedserver, feedserver_factory):
            with feedserver_factory() as another:
                get(feedserver.url("atm.xml"))
                get(another.url("atm.xml"))
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    text = outcome.under("test_asks")
    assert text.count("GET /atm.xml: nothing answers.") == 2
    assert text.count("The server was http://HOST.") == 2
    of_one = f"http://HOST\n{JOURNAL_OF_A_MISS}"
    assert outcome.under("feedserver journal") == f"{of_one}\n\n{of_one}"


def test_a_server_started_in_a_test_is_verified_without_hiding_its_failure(suite: Suite) -> None:
    suite.write("""
        def test_asks(feedserver_factory):
            with feedserver_factory() as server:
                get(server.url("atm.xml"))
                assert "one" == "two"
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    assert "VerificationError" not in outcome.text
    assert outcome.under("feedserver problems") == MISS
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS


@pytest.mark.parametrize(
    "server",
    ['request.getfixturevalue("feedserver_factory")()', 'nullcontext(request.getfixturevalue("feedserver"))'],
    ids=["by the factory, stopped in the call", "by the fixture"],
)
def test_the_first_server_of_a_run_fails_the_test_whose_call_starts_it(suite: Suite, server: str) -> None:
    suite.write(f"""
        from contextlib import nullcontext

        def test_asks(request):
            with {server} as server:
                get(server.url("atm.xml"))
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    assert outcome.under("test_asks") == failed_by(MISS)
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS


def test_a_doubtful_fixture_fails_the_test_if_warnings_are_errors(suite: Suite) -> None:
    suite.configure("feedserver_root = feeds", "filterwarnings = error::feedserver.FixtureWarning")
    (suite.feeds / "atom.xml").write_text("<!--\nETag: 1\n-->\n<feed/>")
    suite.write("""
        def test_reads(feedserver):
            get(feedserver.url("atom.xml"))
            get(feedserver.url("atm.xml"))
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    doubt = "FEEDS/atom.xml:2: 'ETag:' is not sent as a header. Write 'Header: ETag: …' to send it."
    assert outcome.under("test_reads") == failed_by(f"{doubt}\n\n{MISS}")


def test_each_doubtful_fixture_is_reported_if_warnings_are_errors(suite: Suite) -> None:
    suite.configure("feedserver_root = feeds", "filterwarnings = error::feedserver.FixtureWarning")
    (suite.feeds / "atom.xml").write_text("<!--\nETag: 1\nExpires: 2\n-->\n<feed/>")
    suite.write("""
        def test_reads(feedserver):
            get(feedserver.url("atom.xml"))
    """)
    text = suite.run().under("test_reads")
    assert "'ETag:' is not sent as a header." in text
    assert "'Expires:' is not sent as a header." in text


def test_an_expectation_whose_function_raises_fails_its_test_alone(suite: Suite) -> None:
    suite.write("""
        def test_fails(feedserver):
            feedserver.expect("atom.xml", matching=lambda request: 1 / 0)
            get(feedserver.url("atom.xml"))
            assert "one" == "two"

        def test_fails_by_it_alone(feedserver):
            feedserver.expect("atom.xml", matching=lambda request: 1 / 0)
            get(feedserver.url("atom.xml"))

        def test_passes(feedserver):
            get(feedserver.url("atom.xml"))
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=2, passed=1)
    assert 'assert "one" == "two"' in outcome.under("test_fails")
    assert "could not be checked: ZeroDivisionError('division by zero') at" in outcome.under("feedserver problems")


def test_whatever_goes_wrong_at_the_server_fails_the_test_that_caused_it(suite: Suite) -> None:
    suite.write(
        """
        import socket

        import pytest
        from feedserver import Response, VerificationError


        def say(server, data):
            with socket.create_connection((server.host, server.port), timeout=10) as client:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(1000):
                    pass


        def test_no_request(feedserver):
            say(feedserver, b"nonsense\\r\\n\\r\\n")


        def test_a_listener_that_raises(feedserver):
            feedserver.journal.listener = lambda exchange: 1 / 0
            get(feedserver.url("atom.xml"))
            feedserver.journal.wait_until(lambda: feedserver.journal.changes.failures, 10)


        def test_a_body_of_a_wrong_type(feedserver):
            feedserver.add("/a", lambda request: Response({"a": 1}))
            get(feedserver.url("a"))


        def test_that_means_it(feedserver):
            feedserver.allow("is not 'METHOD target HTTP/version'")
            say(feedserver, b"nonsense\\r\\n\\r\\n")


        @pytest.mark.feedserver(strict=False)
        def test_that_minds_nothing_of_its_client(feedserver):
            say(feedserver, b"nonsense\\r\\n\\r\\n")


        def test_that_asserts_it(feedserver):
            say(feedserver, b"nonsense\\r\\n\\r\\n")
            with pytest.raises(VerificationError, match="METHOD target"):
                feedserver.verify()
        """
    )
    outcome = suite.run()
    outcome.assert_counts(passed=3, failed=3)
    assert "the request line b'nonsense' is not 'METHOD target HTTP/version'" in outcome.text
    assert "the journal's listener raised ZeroDivisionError" in outcome.text
    assert "json.dumps" in outcome.text


def test_an_error_while_the_server_stops_is_reported(suite: Suite) -> None:
    suite.write(
        """
        import socket
        import threading

        from feedserver import Response


        def test_leaves_a_callable_behind(feedserver):
            release = threading.Event()

            def late(request):
                release.wait(10)
                raise RuntimeError("too late for the call of the test")

            feedserver.add("/late", late)
            with socket.create_connection((feedserver.host, feedserver.port), timeout=10) as client:
                client.sendall(b"GET /late HTTP/1.0\\r\\n\\r\\n")
                feedserver.wait_for("/late")
            threading.Timer(0.1, release.set).start()
        """
    )
    outcome = suite.run()
    outcome.assert_counts(passed=1, errors=1)
    assert "too late for the call of the test" in outcome.text


# Servers of a wider scope.


WIDE = """
        @pytest.fixture(scope="module")
        def server(feedserver_factory):
            with feedserver_factory() as server:
                yield server
"""


def test_a_server_of_wider_scope_fails_the_test_that_caused_it_alone(suite: Suite) -> None:
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
    assert "/never was requested never, not once." in text
    assert "other.xml" not in text.split("The server received")[0]
    assert "/neither" not in text


def test_what_the_fixture_that_starts_the_first_server_has_caused_survives_a_skipped_test(suite: Suite) -> None:
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
        ("server.expect('/never')", "/never was requested never, not once."),
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


def test_a_rerun_begins_with_what_shared_fixtures_have_caused_alone(suite: Suite) -> None:
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

        def test_meets(server, expecting):
            get(server.url("met"))
            if len(tries) < 2:
                tries.append(1)
                assert not "the first time"

        def test_runs_too(server):
            pass
    """)
    suite.run().assert_counts(passed=3)


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


def test_a_server_of_wider_scope_is_silent_about_tests_that_do_not_use_it(suite: Suite) -> None:
    suite.write(f"""
        {WIDE}
        def test_uses(server):
            get(server.url("atom.xml"))

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
