"""Servers in a new interpreter: when it forks, when they start and stop many times, and when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_python(code: str, *arguments: str) -> str:
    """Return what a fresh interpreter prints; fail if it writes a warning or a traceback to standard error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
def test_an_interpreter_that_used_servers_prints_nothing_at_its_end(root: Path) -> None:
    (root / "a.xml").write_text("hello")
    code = (
        "import sys, urllib.request\n"
        "from feedserver import FeedServer\n"
        "with FeedServer(sys.argv[1]) as server:\n"
        "    with urllib.request.urlopen(server.url('a.xml')) as answer: print(answer.read().decode())\n"
        "left = FeedServer(sys.argv[1]).start()\n"
    )
    assert run_python(code, str(root)) == "hello\n"


FORKING = """
import os, sys, urllib.request, warnings
from feedserver import FeedServer

def get(server):
    with urllib.request.urlopen(server.url("a.xml"), timeout=10) as answer:
        return answer.read().decode()

with FeedServer(sys.argv[1]) as server:
    get(server)
    if running := sys.argv[2] == "running":
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of a fork beside threads, as it should
    else:
        server.stop()
    child = os.fork()
    if child == 0:
        server.stop()                                   # not ours: does nothing
        with FeedServer(sys.argv[1]) as own:
            print("child", get(own), flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    if running:
        print("parent", get(server))
    with FeedServer(sys.argv[1]) as another:
        print("another", get(another))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(
    ("state", "printed"),
    [("idle", "child hello\nanother hello\n"), ("running", "child hello\nparent hello\nanother hello\n")],
)
def test_a_forked_child_has_its_own_servers_and_leaves_those_of_its_parent(
    root: Path, state: str, printed: str
) -> None:
    (root / "a.xml").write_text("hello")
    assert run_python(FORKING, str(root), state) == printed


FORKING_AND_STARTING = """
import os, sys, urllib.request, warnings
from feedserver import FeedServer

def ask(server):
    with urllib.request.urlopen(server.url("a.xml"), timeout=20) as answer:
        return answer.read().decode()

with FeedServer(sys.argv[1]) as server:
    ask(server)
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of a fork beside threads, as it should
    child = os.fork()
    if child == 0:
        with server:
            print("child", ask(server), flush=True)
            server.verify()
        os._exit(0)
    os.waitpid(child, 0)
    print("parent", ask(server))
    server.verify()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_can_start_the_server_object_of_its_parent_as_its_own_server(root: Path) -> None:
    (root / "a.xml").write_text("hello")
    assert run_python(FORKING_AND_STARTING, str(root)) == "child hello\nparent hello\n"


FORKING_AND_ASSERTING = """
import os, sys, urllib.request, warnings
from feedserver import FeedServer

with FeedServer(sys.argv[1]) as server:
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of a fork beside threads, as it should
    child = os.fork()
    if child == 0:
        urllib.request.urlopen(server.url("a.xml"), timeout=20).close()
        try:
            server.assert_not_requested("/a.xml")
        except AssertionError as error:
            print(error, flush=True)
        server.verify()
        os._exit(0)
    os.waitpid(child, 0)
    server.assert_requested("/a.xml", count=1)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_asserts_no_absence_at_the_server_of_its_parent(root: Path) -> None:
    (root / "a.xml").write_text("hello")
    assert run_python(FORKING_AND_ASSERTING, str(root)) == (
        "it is unknown how often /a.xml was requested: the server runs in another process, from which this one was "
        "forked; assert it there\n"
    )


FORKING_IDLE = """
import os, sys, threading
from feedserver import FeedServer

FeedServer(sys.argv[1]).start().stop()
before = [thread.name for thread in threading.enumerate()]
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print(before, [thread.name for thread in threading.enumerate()])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_ends_the_thread_of_the_loop_if_no_server_runs(root: Path) -> None:
    # Warnings are errors in that interpreter: from Python 3.12 on, a fork beside a thread warns.
    assert run_python(FORKING_IDLE, str(root)) == "['MainThread', 'feedserver'] ['MainThread']\n"


CYCLES = """
import os, sys, threading, urllib.request
from feedserver import FeedServer

def cycle():
    with FeedServer(sys.argv[1]) as server, urllib.request.urlopen(server.url("a.xml")) as answer:
        answer.read()

cycle()
before = os.listdir("/proc/self/fd"), threading.active_count()
for _ in range(300):
    cycle()
assert (os.listdir("/proc/self/fd"), threading.active_count()) == before
print("nothing left")
"""


FREED = """
import gc, sys, urllib.request, weakref
from feedserver import FeedServer

def cycle():
    with FeedServer(sys.argv[1]) as server, urllib.request.urlopen(server.url("a.xml")) as answer:
        answer.read()
    assert server.requests
    return weakref.ref(server)

cycle()
gc.collect()
gc.disable()
server = cycle()
cycle()  # the server's event loop may refer to the first server until the second one has run
print(server())
gc.set_debug(gc.DEBUG_SAVEALL)
gc.collect()
print(sorted({type(thing).__name__ for thing in gc.garbage if type(thing).__module__.startswith("feedserver")}))
"""


@pytest.mark.slow
def test_a_server_and_what_it_has_served_are_freed_without_the_garbage_collector(root: Path) -> None:
    (root / "a.xml").write_text("hello")
    assert run_python(FREED, str(root)) == "None\n[]\n"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system does not list descriptors in /proc")
def test_cycles_leave_no_descriptor_or_thread(root: Path) -> None:
    (root / "a.xml").write_text("hello")
    assert run_python(CYCLES, str(root)) == "nothing left\n"
