"""What it costs to have feedserver at all: its import and first answer, and its plugin in a suite that does not use it.

An import's figure is the processor time of a new process (on Windows its duration), which is about its duration on a
machine that has nothing else to do. What counts is the difference to a bare interpreter in the same round. Everything
was compiled before, into a folder of the run's own, whatever the installer and the environment say about bytecode.
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
"""By name: the module that is needed, and the program that is run. pytest-httpserver is not stopped: that may take half
a second.
"""

PLUGINS: Mapping[str, tuple[str, str]] = {
    "feedserver": ("pytest_feedserver", "pytest_feedserver"),
    "pytest-httpserver": ("pytest_httpserver", "pytest_httpserver.pytest_plugin"),
    "pytest-localserver": ("pytest_localserver", "pytest_localserver.plugin"),
}
"""By name: the module that is needed, and the plugin of pytest."""

LOAD = """
import time, pytest
manager = pytest.PytestPluginManager()
began = time.perf_counter()
manager.import_plugin({plugin!r})
print(time.perf_counter() - began)
"""


def run(arguments: Sequence[str]) -> Sample:
    """Return the milliseconds that a new interpreter takes with these arguments."""
    began = processor_time()
    silent = subprocess.DEVNULL
    subprocess.run([sys.executable, *arguments], check=True, stdout=silent, stderr=silent)
    took = (processor_time() - began) * 1000
    return Sample(took, took)


def processor_time() -> float:
    """Return the seconds of processor time of the children that have ended; on Windows, wall-clock time."""
    try:
        import resource
    except ImportError:
        return time.perf_counter()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def over(rounds: Rounds, name: str, reference: str) -> float:
    """Return the median of what *name* takes longer than *reference* in the same round, in milliseconds."""
    pairs = zip(rounds.samples[name], rounds.samples[reference], strict=True)
    return statistics.median(one.value - other.value for one, other in pairs)


def verdict(what: str, measured: float, limit: float) -> str:
    """Return a line with a bound in milliseconds, and whether it holds."""
    return f"{'ok' if measured <= limit else 'NO'} {what}: at most {limit:g} ms, measured {measured:.1f}"


def compare_imports(rounds: int) -> None:
    """Measure imports and first answers, and print the table."""
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


def compare_plugins(rounds: int) -> None:
    """Measure what each plugin adds to a suite that does not use it, and print the table."""
    programs = {
        name: LOAD.format(plugin=plugin)
        for name, (needs, plugin) in PLUGINS.items()
        if importlib.util.find_spec(needs) is not None
    }
    for program in programs.values():
        load(program)
    result = interleave({name: partial(load, program) for name, program in programs.items()}, rounds)
    print_table(
        "a plugin, loaded by pytest and never used", ["", "ms"], [[n, f"{result.median(n):.1f}"] for n in programs]
    )
    print(f"\n{verdict('feedserver, the plugin', result.median('feedserver'), 2)}")


def load(program: str) -> Sample:
    """Return the milliseconds that loading a plugin takes in a new process that has loaded pytest already."""
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    return Sample(float(output) * 1000, float(output) * 1000)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as bytecode:
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        compare_imports(2 if quick else 15)
        compare_plugins(2 if quick else 15)


if __name__ == "__main__":
    main()
