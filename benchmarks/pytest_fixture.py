"""A test under pytest that has a server of its own, by the slope from 100 to 1,000 tests.

The slope leaves out what a run costs once. Each test gives its server an answer, asks for it over a raw socket that
reads by Content-Length, and compares the body. No other plugin is loaded. Bare sockets, with one answer that is kept
ready, are the floor: what pytest, a fixture, a socket that listens and a client cost in any case.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from peers import Floor
from tables import Bound, Sample, interleave, print_table, print_verdicts

FEW, MANY = 100, 1000

HEAD = f"""
import sys
import pytest
sys.path.append({str(Path(__file__).parent)!r})
from start_stop import BODY, PATH, fetch

@pytest.mark.parametrize("number", range(int({{count}})))
"""


@dataclass(frozen=True)
class Suite:
    """A test module, and the plugin that it needs."""

    plugin: str
    test: str


US = "feedserver"
HTTPSERVER = "pytest-httpserver"
FLOOR = f"{Floor.name}, fixture"
SUITES: Mapping[str, Suite] = {
    "no server": Suite("", "def test(number): assert BODY\n"),
    FLOOR: Suite(
        "",
        """
def test(number, port):
    assert fetch(port) == BODY

from peers import Floor

@pytest.fixture(scope="session")
def floor():
    with Floor(BODY) as floor:
        yield floor

@pytest.fixture
def port(floor):
    with floor.cycle() as port:
        yield port
""",
    ),
    US: Suite(
        "pytest_feedserver",
        """
def test(number, feedserver):
    feedserver.add(PATH, Response(BODY))
    assert fetch(feedserver.port) == BODY

from feedserver import Response
""",
    ),
    HTTPSERVER: Suite(
        "pytest_httpserver.pytest_plugin",
        """
def test(number, httpserver):
    httpserver.expect_request(PATH).respond_with_data(BODY)
    assert fetch(httpserver.port) == BODY

import logging
logging.getLogger("werkzeug").setLevel(logging.ERROR)
""",
    ),
}


def seconds(folder: Path, suite: Suite, count: int) -> float:
    """Return how long a run of *count* tests takes, in seconds."""
    file = folder / "test_it.py"
    file.write_text(HEAD.format(count=count) + suite.test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(file)]
    if suite.plugin:
        command += ["-p", suite.plugin]
    began = time.perf_counter()
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"the suite failed:\n{done.stdout}\n{done.stderr}")
    return took


def slope(folder: Path, suite: Suite, few: int, many: int) -> Sample:
    """Return the milliseconds that each test adds to a run."""
    added = (seconds(folder, suite, many) - seconds(folder, suite, few)) / (many - few) * 1000
    return Sample(added, added)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a look")
    quick = parser.parse_args().quick
    suites = {}
    for name, suite in SUITES.items():
        if name == FLOOR and (why := Floor.missing()):
            print(f"skipped: {name}: {why}")
        elif suite.plugin and importlib.util.find_spec(suite.plugin.partition(".")[0]) is None:
            print(f"skipped: {name}: {suite.plugin} is not installed (uv run --group bench …)")
        else:
            suites[name] = suite
    with tempfile.TemporaryDirectory() as folder:
        few, many = (10, 60) if quick else (FEW, MANY)
        measure = {name: partial(slope, Path(folder), suite, few, many) for name, suite in suites.items()}
        result = interleave(measure, 1 if quick else 7)
    print_table(
        f"a test under pytest, by the slope from {few} to {many:,} tests",
        ["", "ms a test", *([f"to {HTTPSERVER}"] if HTTPSERVER in suites else [])],
        [
            [
                name,
                f"{result.median(name):.2f}",
                *([f"{result.ratio(name, HTTPSERVER):.2f}"] if HTTPSERVER in suites else []),
            ]
            for name in suites
        ],
    )
    print_verdicts(result, [Bound(US, HTTPSERVER, 0.8)])


if __name__ == "__main__":
    main()
