"""What it costs to have feedserver at all: its import and first answer, and its plugin to a suite that does not use it.

Each figure is the processor time of a new process (on Windows its duration), which is its duration on a machine that has
nothing else to do. What counts is the difference to its neighbour in the same round that does without. Everything was
compiled before, into a folder of the run's own, whatever the installer and the environment say about bytecode.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tables import Rounds, Sample, interleave, print_table

BARE = "a bare interpreter"
IMPORT = "import feedserver"
ANSWER = "feedserver: import, start, first answer, stop"

ASK = """
import socket
def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /feed HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
        assert b"200 OK" in client.recv(65536)
"""
PROGRAMS: Mapping[str, tuple[str, str]] = {
    BARE: ("sys", "pass"),
    IMPORT: ("feedserver", "import feedserver"),
    ANSWER: (
        "feedserver",
        f"""{ASK}
from feedserver import FeedServer, Response
with FeedServer() as server:
    server.add("/feed", Response("hello"))
    ask(server.port)
""",
    ),
    "import pytest_httpserver": ("pytest_httpserver", "import pytest_httpserver"),
    "pytest-httpserver: import, start, first answer": (
        "pytest_httpserver",
        f"""{ASK}
import os
from pytest_httpserver import HTTPServer
server = HTTPServer()
server.expect_request("/feed").respond_with_data("hello")
server.start()
ask(server.port)
os._exit(0)
""",
    ),
    "import pytest_localserver.http": ("pytest_localserver", "import pytest_localserver.http"),
    "import aiohttp.test_utils, aiohttp.web": ("aiohttp", "import aiohttp.test_utils, aiohttp.web"),
    "import http.server": ("http", "import http.server"),
}
"""What is run, after the module that it needs. pytest-httpserver is not stopped: that may take half a second."""

WITHOUT = "pytest without the plugin"
WITH = "pytest with the plugin"
SUITE = "import pytest\n@pytest.mark.parametrize('number', range(20))\ndef test(number): pass\n"


def run(arguments: Sequence[str]) -> Sample:
    """Milliseconds that a new interpreter takes with these arguments."""
    began = _clock()
    silent = subprocess.DEVNULL
    subprocess.run([sys.executable, *arguments], check=True, stdout=silent, stderr=silent)
    took = (_clock() - began) * 1000
    return Sample(took, took)


def _clock() -> float:
    """Seconds of processor time of the children that have ended; on Windows, of the clock on the wall."""
    try:
        import resource
    except ImportError:
        return time.perf_counter()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def over(rounds: Rounds, name: str, reference: str) -> float:
    """The median of what *name* takes longer than *reference* of the same round, in milliseconds."""
    pairs = zip(rounds.samples[name], rounds.samples[reference], strict=True)
    return statistics.median(one.value - other.value for one, other in pairs)


def verdict(what: str, measured: float, limit: float) -> str:
    """One line: a bound in milliseconds, and whether it holds."""
    return f"{'ok' if measured <= limit else 'NO'} {what}: at most {limit:g} ms, measured {measured:.1f}"


def compare_imports(rounds: int) -> None:
    """Measures imports and first answers, and prints the table."""
    commands = {}
    for name, (needs, program) in PROGRAMS.items():
        if importlib.util.find_spec(needs) is None:
            print(f"skipped: {name}: {needs} is not installed (uv run --group bench …)")
        else:
            commands[name] = ["-c", program]
            run(commands[name])
    result = interleave({name: partial(run, command) for name, command in commands.items()}, rounds)
    print_table(
        "in a new process",
        ["", "ms", "ms over a bare interpreter"],
        [[name, f"{result.median(name):.0f}", f"{over(result, name, BARE):.0f}"] for name in commands],
    )
    print(f"\n{verdict(ANSWER, over(result, ANSWER, BARE), 100)}")


def compare_suites(rounds: int) -> None:
    """Measures a suite that does not use the plugin, with it and without, and prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text(SUITE)
        pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder]
        commands = {WITHOUT: pytest, WITH: [*pytest, "-p", "pytest_feedserver"]}
        for command in commands.values():
            run(command)
        result = interleave({name: partial(run, command) for name, command in commands.items()}, rounds)
    print_table(
        "a suite of 20 tests without a server",
        ["", "ms", "ms over pytest alone"],
        [[name, f"{result.median(name):.0f}", f"{over(result, name, WITHOUT):.1f}"] for name in commands],
    )
    print(f"\n{verdict(WITH, over(result, WITH, WITHOUT), 2)}")


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a look")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as bytecode:
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        compare_imports(2 if quick else 15)
        compare_suites(2 if quick else 31)


if __name__ == "__main__":
    main()
