"""What small test cases of unittest share, and functions that run them."""

from __future__ import annotations

import unittest
import urllib.request
from urllib.error import HTTPError

from feedserver.testcases import FeedServerTestCase


def get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())
    except HTTPError as error:
        error.close()
        return b""


class Base(FeedServerTestCase):
    """The base class of these test cases. The module that runs them sets `Base.feed_root` before each test."""

    __test__ = False  # other tests run these cases, pytest does not

    def miss(self) -> None:
        get(self.get_url("atm.xml"))


def run(case: type[unittest.TestCase]) -> unittest.TestResult:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


def counts(result: unittest.TestResult) -> dict[str, int]:
    """Return how many tests there are in each list of the result that is not empty."""
    lists = ("failures", "errors", "skipped", "expectedFailures", "unexpectedSuccesses")
    return {name: len(getattr(result, name)) for name in lists if getattr(result, name)}
