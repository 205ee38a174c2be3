"""A test under pytest that has a server of its own, by the slope from 100 to 1,000 tests.

The slope leaves out what a run costs once. Each test gives its server an answer, asks for it once over a raw socket
that reads by Content-Length, and compares the body. No other plugin is loaded. Bare sockets, with one answer that is
kept ready, are the floor: what pytest, a fixture, a socket that listens and a client cost in any case.

Two times are measured: the one that passes, and the processor time of the run with all its threads and children, in
user and system mode. Other work on the machine may double the first, while the second grows by what its caches lose.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
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
ROUNDS = 7

LIMIT = 0.95
"""How much of pytest-httpserver's time a test may take."""

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


def seconds(folder: Path, suite: Suite, count: int) -> tuple[float, float]:
    """Return how long a run of *count* tests takes, and its processor time, both in seconds."""
    file = folder / "test_it.py"
    file.write_text(HEAD.format(count=count) + suite.test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(file)]
    if suite.plugin:
        command += ["-p", suite.plugin]
    before, began = processor_time_of_children(), time.perf_counter()
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )
    took, used = time.perf_counter() - began, processor_time_of_children() - before
    if done.returncode:
        raise RuntimeError(f"the suite failed:\n{done.stdout}\n{done.stderr}")
    return took, used


def processor_time_of_children() -> float:
    """Return the seconds that ended children have used, in user and system mode; nan where the system cannot say."""
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def slope(folder: Path, suite: Suite, few: int, many: int) -> Sample:
    """Return the milliseconds that each test adds to a run, and the microseconds of processor time."""
    (short, short_cost), (long, long_cost) = seconds(folder, suite, few), seconds(folder, suite, many)
    added = (long - short) / (many - few) * 1000
    return Sample(added, added, (long_cost - short_cost) / (many - few) * 1_000_000)


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
    few, many, rounds = (10, 60, 1) if quick else (FEW, MANY, ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        measure = {name: partial(slope, Path(folder), suite, few, many) for name, suite in suites.items()}
        result = interleave(measure, rounds)
    print_table(
        f"a test under pytest, by the slope from {few} to {many:,} tests; medians of {rounds} interleaved rounds",
        ["", "ms a test", "of processor time", *([f"to {HTTPSERVER}", "of it"] if HTTPSERVER in suites else [])],
        [
            [
                name,
                f"{result.median(name):.2f}",
                f"{result.cost(name) / 1000:.2f}",
                *(
                    [f"{ratio(name, HTTPSERVER):.2f}" for ratio in (result.ratio, result.cost_ratio)]
                    if HTTPSERVER in suites
                    else []
                ),
            ]
            for name in suites
        ],
    )
    print_verdicts(result, [Bound(US, HTTPSERVER, LIMIT), Bound(US, HTTPSERVER, LIMIT, of_cost=True)])


if __name__ == "__main__":
    main()
