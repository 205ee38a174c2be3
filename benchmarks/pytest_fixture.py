"""What a test under pytest costs with a server of its own: blocks of 50 tests take turns with the peers' blocks.

Each peer has a process of its own, which waits while the others run. Each test gives its server an answer, asks for it
once over a raw socket that reads by Content-Length, and compares the body. Of plugins that are installed, only the
peer's own is loaded, and one that takes the times. Bare sockets, with one answer that is kept ready, are the floor:
what pytest, a fixture, a socket that listens and a client cost in any case.

Two times are measured: wall-clock time, and the processor time of the process with all its threads, in user and system
mode. Other work on the machine may double the first, while the second grows only by what is lost from the caches.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from peers import Floor
from tables import Bound, Sample, interleave, print_table, print_verdicts

BLOCK = 50
ROUNDS = 40

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


class Run:
    """A run of pytest that waits before each of *blocks* blocks of *size* tests; `block` lets it run the next."""

    def __init__(self, folder: Path, suite: Suite, blocks: int, size: int) -> None:
        folder.mkdir()
        self.size = size
        turns, self._turns = os.pipe()
        self._times, times = os.pipe()
        file = folder / "test_it.py"
        file.write_text(HEAD.format(count=blocks * size) + suite.test)
        plugins = [argument for name in ("measured_blocks", suite.plugin) if name for argument in ("-p", name)]
        paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, file, *plugins],
            stdout=subprocess.DEVNULL,
            pass_fds=(turns, times),
            env={
                **os.environ,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTHONPATH": paths,
                "BLOCK": str(size),
                "TURNS": str(turns),
                "TIMES": str(times),
            },
        )
        os.close(turns)
        os.close(times)

    def block(self) -> Sample:
        """Run a block. Return the milliseconds that each test took, and the microseconds of processor time."""
        os.write(self._turns, b".")
        times = os.read(self._times, 200).split()
        if not times:
            raise RuntimeError("the run has ended before its last block")
        wall, cost = map(float, times)
        return Sample(wall / self.size * 1000, wall / self.size * 1000, cost / self.size * 1_000_000)

    def end(self) -> None:
        """Wait for the end of the run. Raises RuntimeError if a test failed."""
        os.close(self._turns)
        os.close(self._times)
        if self._process.wait(timeout=60):
            raise RuntimeError("the suite failed")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    quick = parser.parse_args().quick
    suites = {}
    for name, suite in SUITES.items():
        if name == FLOOR and (why := Floor.missing()):
            print(f"skipped: {name}: {why}")
        elif suite.plugin and importlib.util.find_spec(suite.plugin.partition(".")[0]) is None:
            print(f"skipped: {name}: {suite.plugin} is not installed (uv run --group bench …)")
        else:
            suites[name] = suite
    size, rounds = (10, 2) if quick else (BLOCK, ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            name: Run(Path(folder, str(number)), suite, rounds + 1, size)
            for number, (name, suite) in enumerate(suites.items())
        }
        for run in runs.values():
            run.block()  # imports and first use
        result = interleave({name: run.block for name, run in runs.items()}, rounds)
        for run in runs.values():
            run.end()
    print_table(
        f"a test under pytest; medians of {rounds} interleaved blocks of {size} tests",
        [
            "",
            "ms a test",
            "of processor time",
            *([f"ratio to {HTTPSERVER}", "ratio of processor time"] if HTTPSERVER in suites else []),
        ],
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
