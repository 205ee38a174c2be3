"""A suite of tests that uses the pytest plugin, and what pytest reports about it. The fixture `suite` makes one."""

from __future__ import annotations

import re
import textwrap

import pytest

from steady import steady

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
    """Return how pytest reports that *problem* has failed a test."""
    first, *more = problem.splitlines()
    hint = "All traceback entries are hidden. Pass `--full-trace` to see hidden and internal frames."
    return "\n".join([f"E   feedserver.VerificationError: {first}", *(f"    {line}" for line in more), hint])


class Suite:
    """A suite of tests with a folder of feeds, as a user's repository has it."""

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
        """Run the tests of the suite, in the order in which they are written."""
        return Outcome(self, self.pytester.runpytest_inprocess(*PLUGIN, "--strict-markers", *options))


class Outcome:
    """How a run of a suite ended."""

    def __init__(self, suite: Suite, result: pytest.RunResult) -> None:
        self.result = result
        self.text = steady("\n".join(result.outlines), suite.feeds)

    def assert_counts(self, **counts: int) -> None:
        counted = self.result.parseoutcomes()
        # pytest 8.3 warns that the plugin was imported before, by the run around this one.
        counted.pop("warnings", None)
        assert counted == counts, self.text

    def under(self, *headings: str) -> str:
        """Return the text under the last of *headings*, each of which is searched for under the one before."""
        text = self.text
        for heading in headings:
            text = re.split(rf"^[-_=]{{3,}} {re.escape(heading)} [-_=]{{3,}}$\n", text, flags=re.MULTILINE)[1]
        return re.split(r"^[-_=]{3,} .* [-_=]{3,}$", text, flags=re.MULTILINE)[0].strip("\n")
