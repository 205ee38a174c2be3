#!/usr/bin/env python3
"""Run the tests that search with new seeds until the time is over, and print how to reproduce each find.

    uv run python scripts/search.py --minutes 10

The suite tries the same examples in each run, so that a test fails only if code has changed. New examples are tried
here: by the tests of Hypothesis, and by those that are marked `search`, which take their seed from the environment. The
exit status is 1 if something was found. `--help` describes the options.

pytest loads this file as a plugin in the rounds that the program starts.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SEED_VARIABLE = "LIFESTREAM_FUZZ_SEED"
REPRODUCE = "reproduce: "

DESCRIPTION = """\
Run the tests that search with new seeds, round after round, until the time is over. Each find is printed as pytest
prints a failure, with the example that fails, and with the command that reproduces it. A find becomes an @example of
its test. The exit status is 0 if nothing was found, 1 if something was, and 2 if the tests could not be run.
"""


def main(arguments: list[str]) -> int:
    """Run rounds of the tests until the time is over, and print what they find. Return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/search.py", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=10.0, metavar="N", help="how long to search (10)")
    parser.add_argument("--rounds", type=int, metavar="N", help="how many rounds at most (no limit)")
    parser.add_argument("--seed", type=int, metavar="S", help="the first round's seed; each round adds 1 (random)")
    parser.epilog = "All other arguments are passed on to pytest, such as -n auto, -k WORDS or a path from the root."
    options, others = parser.parse_known_args(arguments)
    first = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    end, seed = time.time() + 60 * options.minutes, first
    finds: dict[str, str] = {}  # a test to the command that reproduces its first find
    while time.time() < end and (options.rounds is None or seed < first + options.rounds):
        print(f"seed {seed} …", file=sys.stderr, flush=True)
        status, output = run_round(seed, end, others)
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            print(output)
            print(f"scripts/search.py: pytest ended with status {int(status)}, see above", file=sys.stderr)
            return 2
        new = {name: command for name, command in commands_in(output) if name not in finds}
        if new:
            print(output, flush=True)
        finds |= new
        seed += 1
    print(f"{len(finds)} found in {seed - first} rounds, with the seeds from {first}")
    for name, command in finds.items():
        print(f"\n{name}\n    {command}")
    return 1 if finds else 0


def run_round(seed: int, end: float, arguments: list[str]) -> tuple[int, str]:
    """Run once, with *seed*, the tests that begin before the time *end*. Return pytest's exit status and its output."""
    command = [sys.executable, "-m", "pytest", f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}"]
    command += ["-q", "-rN", "--tb=short", "-p", Path(__file__).stem, f"--search-until={end}"]
    command += ["-m", "hypothesis or search", "--hypothesis-profile=search", f"--hypothesis-seed={seed}", *arguments]
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, SEED_VARIABLE: str(seed * 1000), "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        errors="replace", check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout


def commands_in(output: str) -> list[tuple[str, str]]:
    """Return the failed tests of a round with the commands that reproduce them, from what the plugin has printed."""
    lines = [line.removeprefix(REPRODUCE) for line in output.splitlines() if line.startswith(REPRODUCE)]
    return [(name, command) for name, _, command in (line.partition(": $ ") for line in lines)]


# The plugin


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option with which the program says when a round has to end."""
    parser.addoption("--search-until", type=float, help="skip the tests that begin after this time (seconds of Unix)")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that begins after the end of the search."""
    if time.time() > item.config.getoption("--search-until"):
        pytest.skip("the time of the search is over")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print for each test that failed the command that runs it again with the seed of this round."""
    seed = config.getoption("--hypothesis-seed")
    for report in [*terminalreporter.stats.get("failed", []), *terminalreporter.stats.get("error", [])]:
        # Not every report is of a test: a file that cannot be imported has one, too.
        command = f"uv run pytest {shlex.quote(report.nodeid)}"
        if "search" in getattr(report, "keywords", {}):
            command = f"{SEED_VARIABLE}={os.environ[SEED_VARIABLE]} {command}"
        else:
            command += f" --hypothesis-profile=search --hypothesis-seed={seed}"
        terminalreporter.write_line(f"{REPRODUCE}{report.nodeid}: $ {command}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
