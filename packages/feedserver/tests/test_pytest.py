"""The pytest plugin, on suites of its own: what a test sees, and what is told when it fails."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import textwrap
from inspect import signature

import pytest

from feedserver import FeedServer  # here, or each suite below would import it anew
from steady import JOURNAL_OF_A_MISS, MISS, steady

pytest_plugins = ["pytester"]

HEAD = """
import unittest
import urllib.request
from contextlib import suppress
from urllib.error import HTTPError

import pytest

def get(url):
    with suppress(HTTPError):
        return urllib.request.urlopen(url, timeout=10).read()
"""

PLUGIN = ("-p", "pytest_feedserver")


def failed_by(problem: str) -> str:
    """How pytest tells that *problem* has failed a test."""
    first, *more = problem.splitlines()
    hint = "All traceback entries are hidden. Pass `--full-trace` to see hidden and internal frames."
    return "\n".join([f"E   feedserver.VerificationError: {first}", *(f"    {line}" for line in more), hint])


class Suite:
    """A suite of tests with a folder of feeds, as it stands in a user's repository."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.feeds = pytester.mkdir("feeds")
        (self.feeds / "atom.xml").write_text("<feed/>")
        self.configure("feedserver_root = feeds")

    def configure(self, *lines: str) -> None:
        self.pytester.makeini("\n".join(["[pytest]", *lines]))

    def write(self, code: str, name: str = "test_suite") -> None:
        self.pytester.makepyfile(**{name: HEAD + textwrap.dedent(code)})

    def run(self, *options: str) -> Outcome:
        """Runs the tests of the suite, in the order in which they stand."""
        return Outcome(self, self.pytester.runpytest_inprocess(*PLUGIN, "--strict-markers", *options))


class Outcome:
    """How a run of a suite ended."""

    def __init__(self, suite: Suite, result: pytest.RunResult) -> None:
        self.result = result
        self.text = steady("\n".join(result.outlines), suite.feeds)

    def assert_counts(self, **counts: int) -> None:
        told = self.result.parseoutcomes()
        told.pop("warnings", None)  # pytest 8.3 warns that the plugin was imported before, by the run around this one
        assert told == counts, self.text

    def under(self, *headings: str) -> str:
        """What stands under a heading, which may be searched under another heading first."""
        text = self.text
        for heading in headings:
            text = re.split(rf"^[-_=]{{3,}} {re.escape(heading)} [-_=]{{3,}}$\n", text, flags=re.MULTILINE)[1]
        return re.split(r"^[-_=]{3,} .* [-_=]{3,}$", text, flags=re.MULTILINE)[0].strip("\n")


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # what else is installed has no say, and takes time
    return Suite(pytester)


# What a test is given.


def test_the_fixture_serves_the_configured_folder(suite: Suite) -> None:
    suite.write("""
        def test_reads(feedserver):
            assert get(feedserver.url("atom.xml")) == b"<feed/>"
    """)
    suite.run().assert_counts(passed=1)


def test_the_configured_folder_is_found_from_another_folder(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write("""
        def test_reads(feedserver, feedserver_factory):
            assert get(feedserver.url("atom.xml")) == b"<feed/>"
            with feedserver_factory("feeds") as another:
                assert get(another.url("atom.xml")) == b"<feed/>"
    """)
    monkeypatch.chdir(suite.pytester.mkdir("elsewhere"))
    suite.run("-c", str(suite.pytester.path / "tox.ini"), str(suite.pytester.path)).assert_counts(passed=1)


def test_without_a_configured_folder_the_server_has_what_is_added(suite: Suite) -> None:
    suite.configure()
    suite.write("""
        from feedserver import Response

        def test_reads(feedserver, feedserver_factory):
            assert feedserver.root is None
            feedserver.add("/feed", Response("<rss/>"))
            assert get(feedserver.url("feed")) == b"<rss/>"
            with feedserver_factory() as another:
                assert another.root is None
    """)
    suite.run().assert_counts(passed=1)


def test_each_test_has_a_server_of_its_own(suite: Suite) -> None:
    suite.write("""
        seen = []

        @pytest.mark.parametrize("time", [1, 2])
        def test_reads(feedserver, time):
            assert feedserver.requests == []
            get(feedserver.url("atom.xml"))
            assert all(not server.is_running for server in seen)
            seen.append(feedserver)
    """)
    suite.run().assert_counts(passed=2)


def test_the_nearest_marker_decides_option_by_option(suite: Suite) -> None:
    suite.write("""
        pytestmark = pytest.mark.feedserver("other", strict=False, quit=True)

        @pytest.mark.feedserver(quit=False)
        def test_reads(feedserver):
            assert get(feedserver.url("rss.xml")) == b"<rss/>"
            get(feedserver.url("nothing.xml"))
            assert feedserver.site.quits is False

        @pytest.mark.feedserver(root=None)
        def test_has_no_folder(feedserver):
            assert feedserver.root is None
    """)
    (suite.pytester.mkdir("other") / "rss.xml").write_text("<rss/>")
    suite.run().assert_counts(passed=2)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("prot=8097", "@pytest.mark.feedserver has no option 'prot'; did you mean root or port?"),
        (
            "colour=1",
            f"@pytest.mark.feedserver has no option 'colour'; it has {', '.join(signature(FeedServer).parameters)}",
        ),
        (
            "'feeds', 8097",
            "@pytest.mark.feedserver takes one argument without a name, the root, not 2",
        ),
    ],
)
def test_a_slip_in_the_marker_is_an_error_with_its_remedy(suite: Suite, marker: str, message: str) -> None:
    suite.write(f"""
        @pytest.mark.feedserver({marker})
        def test_reads(feedserver):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(errors=1)
    assert outcome.under("ERROR at setup of test_reads") == message


def test_a_configured_folder_that_is_missing_is_an_error_that_names_the_option(suite: Suite) -> None:
    suite.configure("feedserver_root = fedes")
    suite.write("""
        def test_reads(feedserver):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(errors=1)
    assert outcome.under("ERROR at setup of test_reads") == (
        f"the option feedserver_root is 'fedes', but {suite.pytester.path / 'fedes'} is no folder; "
        "name one, or remove it"
    )


def test_a_taken_port_is_an_error_of_the_set_up(suite: Suite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as owner:
        port = owner.getsockname()[1]
        suite.write(f"""
            @pytest.mark.feedserver(port={port})
            def test_reads(feedserver):
                pass
        """)
        outcome = suite.run()
    outcome.assert_counts(errors=1)
    assert f"port {port} of 127.0.0.1 is taken; stop what listens there" in outcome.text


# What goes amiss.


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


def test_a_test_that_is_not_strict_may_ask_for_what_nothing_answers(suite: Suite) -> None:
    suite.write("""
        @pytest.mark.feedserver(strict=False)
        def test_asks(feedserver):
            get(feedserver.url("atm.xml"))
    """)
    suite.run().assert_counts(passed=1)


def test_a_failure_of_the_test_itself_is_told_first(suite: Suite) -> None:
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


def test_a_set_up_that_fails_tells_of_the_requests_in_it(suite: Suite) -> None:
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


def test_a_test_that_fails_before_any_request_says_that_none_came(suite: Suite) -> None:
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
    told = outcome.under("test_asks")
    assert told.count("GET /atm.xml: nothing answers.") == 2
    assert told.count("The server was http://HOST.") == 2
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


def test_a_doubtful_fixture_fails_the_test_where_warnings_are_errors(suite: Suite) -> None:
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


# A wider scope.


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


# In company.


def test_a_test_case_of_unittest_is_verified_too(suite: Suite) -> None:
    suite.write("""
        class TestReader(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _server(self, feedserver):
                self.server = feedserver

            def test_asks(self):
                get(self.server.url("atm.xml"))

            def test_reads(self):
                assert get(self.server.url("atom.xml"))

            def test_skips(self):
                get(self.server.url("atm.xml"))
                self.skipTest("changed its mind")
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1, passed=1, skipped=1)
    assert outcome.under("TestReader.test_asks") == failed_by(MISS)
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS


def test_a_test_case_of_unittest_that_fails_by_itself_is_told_of_the_rest(suite: Suite) -> None:
    suite.write("""
        @pytest.mark.usefixtures("feedserver")
        class TestReader(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _server(self, feedserver):
                self.server = feedserver

            def test_asks(self):
                get(self.server.url("atm.xml"))
                self.assertEqual("one", "two")
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=1)
    assert 'self.assertEqual("one", "two")' in outcome.under("TestReader.test_asks")
    assert "VerificationError" not in outcome.text
    assert outcome.under("feedserver problems") == MISS


def test_an_asynchronous_test_is_verified_too(suite: Suite) -> None:
    pytest.importorskip("anyio")
    suite.write("""
        import asyncio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_asks(feedserver):
            await asyncio.to_thread(get, feedserver.url("atm.xml"))
    """)
    outcome = suite.run("-p", "anyio.pytest_plugin")
    outcome.assert_counts(failed=1)
    assert outcome.under("test_asks") == failed_by(MISS)


def test_what_goes_amiss_can_be_the_expected_failure(suite: Suite) -> None:
    suite.write("""
        from feedserver import VerificationError

        @pytest.mark.xfail(raises=VerificationError, strict=True)
        def test_asks(feedserver):
            get(feedserver.url("atm.xml"))
    """)
    suite.run().assert_counts(xfailed=1)


def test_workers_of_xdist_have_servers_of_their_own(suite: Suite) -> None:
    pytest.importorskip("xdist")
    suite.write("""
        @pytest.mark.parametrize("number", range(6))
        def test_reads(feedserver, number):
            assert get(feedserver.url("atom.xml")) == b"<feed/>"

        def test_asks(feedserver):
            get(feedserver.url("atm.xml"))
    """)
    outcome = Outcome(suite, suite.pytester.runpytest_subprocess(*PLUGIN, "-p", "xdist.plugin", "-n", "2"))
    outcome.assert_counts(passed=6, failed=1)
    assert outcome.under("feedserver journal") == JOURNAL_OF_A_MISS


def test_the_installed_plugin_can_be_switched_off(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    suite.write("""
        def test_reads(feedserver):
            pass
    """)
    others = [f"-pno:{name}" for name in ("hypothesispytest", "anyio", "django", "randomly", "xdist")]
    Outcome(suite, suite.pytester.runpytest_inprocess(*others)).assert_counts(passed=1)
    switched_off = Outcome(suite, suite.pytester.runpytest_inprocess(*others, "-pno:feedserver"))
    assert "fixture 'feedserver' not found" in switched_off.text


def test_fixtures_markers_and_options_introduce_themselves(suite: Suite) -> None:
    suite.write("""
        def test_reads(feedserver):
            pass
    """)
    assert "SETUP    F feedserver\n" in suite.run("--setup-show").text
    assert "A started feedserver.FeedServer of this test's own" in suite.run("--fixtures").text
    assert "@pytest.mark.feedserver(root, **options): the options of" in suite.run("--markers").text
    assert "feedserver_root (string):" in suite.run("--help").text


# What it costs those who don't use it.


def test_the_plugin_imports_nothing_that_pytest_has_not_imported() -> None:
    code = "import pytest, sys; known = set(sys.modules); import pytest_feedserver; print(*set(sys.modules) - known)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "pytest_feedserver\n"


def test_a_suite_without_a_server_does_not_import_one(suite: Suite) -> None:
    suite.write("""
        import sys

        def test_nothing():
            assert "feedserver" not in sys.modules
            assert "asyncio" not in sys.modules
    """)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN],
        check=False,
        cwd=suite.pytester.path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout


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


        def test_a_body_that_is_none(feedserver):
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


def test_what_goes_wrong_while_the_server_stops_is_told(suite: Suite) -> None:
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
