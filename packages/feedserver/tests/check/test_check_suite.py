"""`@pytest.mark.feedserver_check`: one test of each scenario, with known failures as `xfail`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedserver.check.adapters import Client
from feedserver.check.suite import RuleBroken, ScenarioTest, parameters, read_known_failures
from right_reader import RightReader

pytest_plugins = ["pytester"]


@contextmanager
def without_skips() -> Iterator[None]:
    """Fail the test if the block skips it."""
    try:
        yield
    except pytest.skip.Exception as skipped:
        pytest.fail(f"skipped: {skipped}")


@pytest.mark.feedserver_check("V1", "V4")
def test_a_right_reader_passes(feedserver_scenario: ScenarioTest) -> None:
    with without_skips():
        feedserver_scenario.check(RightReader)


def test_a_failure_is_reported_with_its_remedy() -> None:
    [parameter] = parameters(["V1"])
    [test] = parameter.values
    assert isinstance(test, ScenarioTest)

    said = r'(?s)The ETag comes back.*observed  If-None-Match: "v1.*to mend   Store'
    with without_skips(), pytest.raises(RuleBroken, match=said):
        test.check(lambda: RightReader("V1"))


def test_a_scenario_that_is_not_for_the_kind_is_skipped() -> None:
    [parameter] = parameters(["V10"])
    [test] = parameter.values
    assert isinstance(test, ScenarioTest)

    with pytest.raises(pytest.skip.Exception, match="V10 is not for this kind"):
        test.check(RightReader, kind="fetcher")


class CannotAdd(RightReader):
    """A reader whose subscriptions raise an error."""

    def add(self, url: str) -> None:
        raise ImportError("no module named reader")


class CannotPoll(RightReader):
    """A reader that subscribes, and whose polls raise an error."""

    def poll(self) -> None:
        raise ImportError("no module named reader")


class Silent:
    """A reader that does nothing, and does not say why."""

    def add(self, url: str) -> None: ...

    def poll(self) -> None: ...

    def list(self) -> list[str]:
        return []


@pytest.mark.parametrize(
    ("client", "why"),
    [
        (CannotAdd, r"add\(\) raised ImportError\('no module named reader'\)"),
        (CannotPoll, r"poll\(\) raised ImportError\('no module named reader'\)"),
        (Silent, "it sent no request"),
    ],
)
@pytest.mark.parametrize("scenario", ["V2", "H1"])
def test_a_reader_that_does_nothing_fails_and_is_not_skipped(client: type[Client], why: str, scenario: str) -> None:
    [parameter] = parameters([scenario])
    [test] = parameter.values
    assert isinstance(test, ScenarioTest)

    said = f"^{scenario} cannot be judged, since the client does nothing: {why}"
    with without_skips(), pytest.raises(pytest.fail.Exception, match=said):
        test.check(client)


class Colouring(Silent):
    """A reader whose exception has an escape sequence and a line break in its text."""

    def poll(self) -> None:
        raise Coloured


class Coloured(Exception):
    def __repr__(self) -> str:
        return "\x1b[31m\nPASSED"


@pytest.mark.parametrize("scenario", ["V2", "H1"])
def test_what_a_reader_raises_is_shown_in_printable_characters(scenario: str) -> None:
    [parameter] = parameters([scenario])
    [test] = parameter.values
    assert isinstance(test, ScenarioTest)

    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception), match="PASSED") as told:
        test.check(Colouring)
    assert str(told.value).isprintable()


@pytest.mark.slow
def test_known_failures_are_expected_to_fail(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers = other\n")
    pytester.path.joinpath("known.txt").write_text("V1 the store has no column for it  # issue 7\nV4 was mended\n")
    pytester.syspathinsert(Path(__file__).parents[1])
    pytester.makepyfile(
        """
        import pytest
        from right_reader import RightReader

        @pytest.mark.feedserver_check("V1", "V2", "V4", known_failures="known.txt")
        def test_reader(feedserver_scenario):
            feedserver_scenario.check(lambda: RightReader("V1"))
        """
    )

    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist", "-p", "no:django")

    result.assert_outcomes(passed=1, xfailed=1, failed=1)  # V4 passes, though known.txt says that it fails


@pytest.mark.slow
def test_an_error_of_feedserver_fails_a_test_that_is_expected_to_fail(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("known.txt").write_text("V1 the store has no column for it\n")
    pytester.syspathinsert(Path(__file__).parents[1])
    pytester.makepyfile(
        """
        import pytest
        from feedserver.check.site import ScenarioSite
        from feedserver.check.verdicts import Misfire
        from right_reader import RightReader

        def fail(site):
            if site.scenario.id == "V1":
                raise Misfire("odd")

        @pytest.mark.feedserver_check("V1", "V5", known_failures="known.txt")
        def test_reader(feedserver_scenario, monkeypatch):
            monkeypatch.setattr(ScenarioSite, "verify", fail)
            feedserver_scenario.check(RightReader)
        """
    )

    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist", "-p", "no:django")

    result.assert_outcomes(failed=2)  # V5 depends on V1
    result.stdout.fnmatch_lines(["V1  an error of feedserver, and no verdict: odd"])


@pytest.mark.slow
def test_an_unknown_scenario_fails_the_collection(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n\n\n@pytest.mark.feedserver_check('V999')\ndef test_reader(feedserver_scenario): ...\n"
    )

    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist", "-p", "no:django")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*@pytest.mark.feedserver_check: there is no scenario V999*"])


@pytest.mark.slow
def test_a_marker_of_a_test_that_takes_no_scenario_fails_the_collection(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\n\n\n@pytest.mark.feedserver_check('V1')\ndef test_reader(): ...\n")

    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:xdist", "-p", "no:django")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*@pytest.mark.feedserver_check has no effect on *::test_reader, which does not take *"]
    )


def test_blank_names_are_refused_since_pytest_would_skip_a_test_without_parameters() -> None:
    with pytest.raises(ValueError, match="there is no scenario ' '; give an id, such as V1, or nothing for all"):
        parameters([" ", ""])


def test_a_known_failure_of_an_unknown_scenario_is_refused(tmp_path: Path) -> None:
    (tmp_path / "known.txt").write_text("V999\n")
    with pytest.raises(ValueError, match="there is no scenario V999"):
        parameters(known_failures=tmp_path / "known.txt")


def test_lines_of_known_failures_begin_with_an_id() -> None:
    assert read_known_failures("# all\n\nV1 why # issue\nT12\nV2\twhy so\n") == {"V1": "why", "T12": "", "V2": "why so"}
    with pytest.raises(ValueError, match="line 2 of the known failures begins with 'why'; write an id"):
        read_known_failures("V1\nwhy V2\n")
