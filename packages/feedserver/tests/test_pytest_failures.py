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
        @pytest.fixture
        def second(feedserver_factory):
            with feedserver_factory() as server:
                yield server

        def test_asks(feedserver, second, feedserver_factory):
            with feedserver_factory() as third:
                for server in (feedserver, second, third):
                    get(server.url("atm.xml"))
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    text = outcome.under("test_asks")
    assert text.count("GET /atm.xml: nothing answers.") == 3
    assert text.count("The server was http://HOST.") == 3
    of_one = f"http://HOST\n{JOURNAL_OF_A_MISS}"
    assert outcome.under("feedserver journal") == "\n\n".join([of_one] * 3)


@pytest.mark.slow
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


def test_a_problem_of_the_server_fails_its_test_unless_it_is_allowed_or_asserted(suite: Suite) -> None:
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


        def test_that_allows_it(feedserver):
            feedserver.allow("is not 'METHOD target HTTP/version'")
            say(feedserver, b"nonsense\\r\\n\\r\\n")


        @pytest.mark.feedserver(strict=False)
        def test_that_is_not_strict(feedserver):
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
