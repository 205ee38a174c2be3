"""The pytest plugin, run on small suites: what a test sees, and how the plugin works with others."""

from __future__ import annotations

import socket
import subprocess
import sys
from inspect import signature

import pytest

from feedserver import FeedServer  # imported here, or each suite below would import it anew
from plugin_suite import PLUGIN, Outcome, Suite, failed_by
from steady import JOURNAL_OF_A_MISS, MISS

pytest_plugins = ["pytester"]


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


def test_without_a_configured_folder_the_server_serves_what_is_added(suite: Suite) -> None:
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


@pytest.mark.slow
def test_a_test_that_has_run_pytest_itself_still_gets_its_own_server(suite: Suite) -> None:
    suite.pytester.makepyfile(test_inner="def test_inner(feedserver): assert feedserver.site.quits is False")
    suite.write("""
        @pytest.mark.feedserver(quit=True)
        def test_outer(request):
            assert pytest.main(["-p", "pytest_feedserver", "test_inner.py"]) == 0
            assert request.getfixturevalue("feedserver").site.quits
    """)
    suite.run("test_suite.py").assert_counts(passed=1)


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
def test_a_mistake_in_the_marker_is_an_error_with_its_remedy(suite: Suite, marker: str, message: str) -> None:
    suite.write(f"""
        @pytest.mark.feedserver({marker})
        def test_reads(feedserver):
            pass
    """)
    outcome = suite.run()
    outcome.assert_counts(errors=1)
    assert outcome.under("ERROR at setup of test_reads") == message


def test_a_fixture_without_a_module_is_set_up(suite: Suite) -> None:
    suite.write("""
        made = {"pytest": pytest}
        exec("@pytest.fixture\\ndef one(request): return 1", made)
        one = made["one"]

        def test_takes_it(one):
            assert one == 1
    """)
    suite.run().assert_counts(passed=1)


def test_a_marker_of_a_test_that_takes_no_server_fails_it(suite: Suite) -> None:
    suite.write(
        """
        pytestmark = pytest.mark.feedserver(strict=False)

        @pytest.mark.feedserver(tls=True)
        def test_takes_another(feedserver_factory):
            pass

        @pytest.mark.feedserver(quit=True)
        def test_asks_late(request):
            assert request.getfixturevalue("feedserver").site.quits

        @pytest.fixture
        def quitting(request, feedserver_factory):
            with feedserver_factory(**request.node.get_closest_marker("feedserver").kwargs) as server:
                yield server

        @pytest.mark.feedserver(quit=True)
        def test_has_a_fixture_of_its_own(quitting):
            assert quitting.site.quits

        def test_takes_none():
            pass
        """
    )
    outcome = suite.run()
    outcome.assert_counts(passed=3, failed=1)
    assert outcome.under("test_takes_another").startswith(
        "@pytest.mark.feedserver had no effect: it is for the plugin's fixture"
    )


@pytest.mark.parametrize(
    ("arguments", "body", "has_effect"),
    [
        ("feedserver_factory", "with feedserver_factory() as server: yield server", False),
        ("feedserver", "yield feedserver", True),
        ("request, feedserver_factory", "yield request.node.get_closest_marker('feedserver')", True),
    ],
    ids=["which reads no marker", "which takes that of the plugin", "which may read it"],
)
def test_a_marker_of_a_test_whose_suite_replaces_the_fixture(
    suite: Suite, arguments: str, body: str, has_effect: bool
) -> None:
    suite.write(
        f"""
        @pytest.fixture
        def feedserver({arguments}):
            {body}

        @pytest.mark.feedserver(journal_limit=3)
        def test_takes_it(feedserver):
            pass

        @pytest.mark.feedserver
        def test_is_only_selected_by_the_marker(feedserver):
            pass
        """
    )
    outcome = suite.run()
    outcome.assert_counts(**({"passed": 2} if has_effect else {"passed": 1, "failed": 1}))
    assert has_effect or "@pytest.mark.feedserver had no effect: " in outcome.under("test_takes_it")


def test_a_marker_of_a_test_that_has_fixtures_of_django_alone_fails_it(suite: Suite) -> None:
    pytest.importorskip("pytest_django")
    suite.write(
        """
        @pytest.fixture(scope="session")
        def django_test_environment():  # the run around this one has set it up
            pass

        @pytest.mark.feedserver(strict=False)
        def test_takes_another(feedserver_factory, settings):
            pass

        @pytest.mark.feedserver(strict=False)
        def test_takes_it(feedserver, settings):
            get(feedserver.url("atm.xml"))

        @pytest.fixture
        def live_server():
            from unittest.mock import Mock
            return Mock()

        @pytest.fixture
        def transactional_db(feedserver):  # which a fixture of pytest-django asks for if a test takes live_server
            get(feedserver.url("atm.xml"))

        @pytest.mark.feedserver(strict=False)
        def test_takes_it_by_the_database(live_server):
            pass
        """
    )
    outcome = suite.run("-p", "pytest_django.plugin")
    outcome.assert_counts(passed=2, failed=1)
    assert outcome.under("test_takes_another").startswith("@pytest.mark.feedserver had no effect: ")


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


@pytest.mark.slow
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


# With other kinds of tests, and with other plugins.


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


def test_the_failure_of_a_unittest_case_is_followed_by_what_went_wrong_at_the_server(suite: Suite) -> None:
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


def test_a_problem_of_the_server_can_be_the_expected_failure(suite: Suite) -> None:
    suite.write("""
        from feedserver import VerificationError

        @pytest.mark.xfail(raises=VerificationError, strict=True)
        def test_asks(feedserver):
            get(feedserver.url("atm.xml"))
    """)
    suite.run().assert_counts(xfailed=1)


def test_a_problem_of_the_server_fails_a_test_that_is_expected_to_raise_something_else(suite: Suite) -> None:
    suite.write("""
        @pytest.mark.xfail(raises=KeyError, strict=True)
        def test_asks(feedserver):
            get(feedserver.url("atm.xml"))
            raise KeyError("expected")

        @pytest.mark.xfail(raises=(ValueError, KeyError))
        def test_asks_for_what_is_there(feedserver):
            get(feedserver.url("atom.xml"))
            raise KeyError("expected")

        @pytest.mark.xfail(raises=(KeyError, AssertionError))
        def test_is_expected_to_raise_either(feedserver):
            get(feedserver.url("atm.xml"))
            raise KeyError("expected")

        @pytest.mark.xfail
        def test_is_expected_to_fail_somehow(feedserver):
            get(feedserver.url("atm.xml"))
            raise KeyError("expected")

        @pytest.mark.xfail(raises=KeyError)
        def test_fails_by_itself(feedserver):
            get(feedserver.url("atm.xml"))
            raise ValueError("not expected")
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=2, xfailed=3)
    assert "the servers' problems were not." in outcome.under("test_asks")
    assert MISS in outcome.text
    assert "ValueError: not expected" in outcome.under("test_fails_by_itself")


def test_a_problem_in_a_set_up_a_tear_down_or_a_test_case_fails_the_test_where_something_else_is_expected(
    suite: Suite,
) -> None:
    suite.write("""
        @pytest.fixture
        def fails(feedserver):
            get(feedserver.url("atm.xml"))
            raise KeyError("expected")

        @pytest.mark.xfail(raises=KeyError)
        def test_is_set_up(fails):
            pass

        @pytest.fixture
        def fails_late(feedserver):
            yield
            get(feedserver.url("atm.xml"))
            raise KeyError("expected")

        @pytest.mark.xfail(raises=KeyError)
        def test_is_torn_down(fails_late):
            raise KeyError("expected")

        class TestCase(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _server(self, feedserver):
                self.server = feedserver

            @pytest.mark.xfail(raises=KeyError)
            def test_asks_in_a_case(self):
                get(self.server.url("atm.xml"))
                raise KeyError("expected")
    """)
    outcome = suite.run()
    outcome.assert_counts(errors=2, xfailed=1, failed=1)
    assert outcome.text.count("the servers' problems were not.") >= 3


def test_a_problem_of_a_server_that_is_no_fixture_fails_a_test_that_is_expected_to_raise_something_else(
    suite: Suite,
) -> None:
    suite.write("""
        from feedserver import FeedServer, Response
        from feedserver.testcases import FeedServerTestCase

        @pytest.mark.xfail(raises=KeyError)
        @pytest.mark.parametrize("path", ["/", "/none"])
        def test_has_a_server_of_its_own(path):
            with FeedServer() as server:
                server.add("/", Response("<feed/>"))
                get(server.url(path))
                raise KeyError("expected")

        @pytest.mark.xfail(raises=KeyError)
        class TestCase(FeedServerTestCase):
            def test_asks(self):
                get(self.get_url("/none"))
                raise KeyError("expected")

            def test_asks_nothing(self):
                raise KeyError("expected")

            @pytest.mark.xfail(raises=(KeyError, AssertionError))
            def test_is_expected_to_raise_either(self):
                get(self.get_url("/none"))
                raise KeyError("expected")

            @pytest.mark.xfail
            def test_is_expected_to_fail_somehow(self):
                get(self.get_url("/none"))
                raise KeyError("expected")
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=2, xfailed=4)
    assert outcome.text.count("The server found these problems:\nGET /none: nothing answers.") == 2


def test_a_problem_behind_the_expected_error_is_found_and_odd_notes_are_ignored(suite: Suite) -> None:
    suite.write("""
        from feedserver import FeedServer

        def ask():
            with FeedServer() as server:
                get(server.url("/none"))
                raise ValueError("by the test")

        @pytest.mark.xfail(raises=KeyError)
        def test_raises_something_else_for_it():
            try:
                ask()
            except ValueError:
                raise KeyError("expected")

        @pytest.mark.xfail(raises=ExceptionGroup)
        def test_raises_a_group():
            try:
                ask()
            except ValueError as error:
                errors = [error]
            raise ExceptionGroup("expected", errors)

        @pytest.mark.xfail(raises=KeyError)
        @pytest.mark.parametrize("notes", [5, [5], None])
        def test_has_odd_notes(notes):
            error = KeyError("expected")
            error.__notes__ = notes
            raise error from error
    """)
    outcome = suite.run()
    outcome.assert_counts(failed=2, xfailed=3)
    assert outcome.text.count("The server found these problems:\nGET /none: nothing answers.") == 2


@pytest.mark.skipif(pytest.version_tuple < (8, 4), reason="pytest has RaisesExc since version 8.4")
def test_what_is_expected_to_be_raised_may_be_a_matcher(suite: Suite) -> None:
    suite.write("""
        @pytest.mark.xfail(raises=pytest.RaisesExc(KeyError, match="expected"))
        @pytest.mark.parametrize("path", ["atom.xml", "atm.xml"])
        def test_asks(feedserver, path):
            get(feedserver.url(path))
            raise KeyError("expected")
    """)
    suite.run().assert_counts(failed=1, xfailed=1)


@pytest.mark.slow
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


def test_fixtures_markers_and_options_are_described_by_pytest(suite: Suite) -> None:
    suite.write("""
        def test_reads(feedserver):
            pass
    """)
    fixtures, markers = suite.run("--fixtures").text, suite.run("--markers").text
    assert "A started feedserver.FeedServer of this test's own" in fixtures
    assert "Starts servers of a wider scope" in fixtures
    assert "@pytest.mark.feedserver(root, **options): the options of" in markers
    assert "@pytest.mark.feedserver_check(*only, known_failures=None): run the test once" in markers
    assert "feedserver_root (string):" in suite.run("--help").text


def test_the_fixture_sets_no_other_fixture_up(suite: Suite) -> None:
    suite.write("""
        def test_reads(feedserver):
            pass
    """)
    set_up = [line.split() for line in suite.run("--setup-show").text.splitlines() if "SETUP" in line]
    assert set_up == [["SETUP", "F", "feedserver"]]


# What the plugin costs suites that don't use it.


@pytest.mark.slow
def test_the_plugin_imports_nothing_that_pytest_has_not_imported() -> None:
    code = "import pytest, sys; known = set(sys.modules); import pytest_feedserver; print(*set(sys.modules) - known)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "pytest_feedserver\n"


@pytest.mark.slow
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
