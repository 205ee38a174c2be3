"""The library that moves the wall clock of other processes: what they read is moved, and no wait takes longer."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from feedserver.check import moved_clock
from feedserver.check.moved_clock import ClockShim, LoadedShim, MovedClock

pytestmark = pytest.mark.slow

DAYS = 20 * 86_400.0
WAYS = [
    "pthread_cond_timedwait",
    "pthread_cond_timedwait on another clock",
    "pthread_cond_clockwait",
    "pthread_cond_clockwait on another clock",
    "cnd_timedwait",
    "mtx_timedlock",
    "pthread_mutex_timedlock",
    "pthread_mutex_clocklock",
    "pthread_mutex_clocklock on another clock",
    "pthread_rwlock_timedrdlock",
    "pthread_rwlock_timedwrlock",
    "pthread_timedjoin_np",
    "pthread_rwlock_clockrdlock",
    "pthread_rwlock_clockrdlock on another clock",
    "pthread_rwlock_clockwrlock",
    "pthread_rwlock_clockwrlock on another clock",
    "pthread_clockjoin_np",
    "pthread_clockjoin_np on another clock",
    "sem_timedwait",
    "sem_clockwait",
    "sem_clockwait on another clock",
    "clock_nanosleep",
    "clock_nanosleep on another clock",
    "clock_nanosleep for a time",
    "timerfd_settime",
    "timerfd_settime on another clock",
    "timer_settime",
]

needs_compiler = pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> ClockShim:
    return ClockShim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def loaded(shim: ClockShim, tmp_path: Path) -> LoadedShim:
    made = shim.load(tmp_path)
    assert made is not None, shim.problem
    return made


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "deadlines"
    source = Path(__file__).with_name("clock_shim_deadlines.c")
    subprocess.run(["cc", "-std=gnu17", "-Wall", "-Werror", "-o", str(path), str(source), "-lpthread"], check=True)
    return path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")
@pytest.mark.parametrize(
    ("compiler", "reason"),
    [
        ("#!/bin/sh\nexec sleep 60\n", "timed out after 0.05 seconds"),
        ("#!/nowhere/sh\n", "No such file or directory"),
        ("#!/bin/sh\necho no room >&2; exit 1\n", "no room"),
    ],
)
def test_a_compiler_that_does_not_work_is_a_problem_of_the_clock_and_not_an_error(
    compiler: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cc").write_text(compiler)
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    if "sleep" in compiler:
        monkeypatch.setattr(moved_clock, "_BUILD_TIMEOUT", 0.05)
    problem = ClockShim(tmp_path).problem
    assert problem.startswith("the library that moves the clock could not be built: ")
    assert reason in problem


@needs_compiler
@pytest.mark.parametrize("way", WAYS)
def test_a_wait_takes_its_real_time_while_the_clock_is_moved(way: str, loaded: LoadedShim, program: Path) -> None:
    loaded.clock.advance(DAYS)

    ran = subprocess.run(
        [program, way], env=os.environ | loaded.environment, capture_output=True, text=True, timeout=20, check=False
    )

    assert ran.returncode == 0, ran
    seconds, milliseconds = map(int, ran.stdout.split())
    assert abs(seconds - time.time() - DAYS) < 60
    assert 90 <= milliseconds < 10_000
    loaded.close()


@needs_compiler
def test_a_running_process_follows_the_clock(loaded: LoadedShim) -> None:
    program = "import time\nwhile input(): print(time.time(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", program],
        env=os.environ | loaded.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = []
        for days in (0, 3, 8):
            loaded.clock.advance(days * 86_400)
            process.stdin.write("go\n")
            process.stdin.flush()
            seen.append(float(process.stdout.readline()) - time.time())
        process.stdin.write("\n")

    assert [round(seconds / 86_400) for seconds in seen] == [0, 3, 11]
    loaded.close()


@needs_compiler
def test_a_reader_that_empties_the_file_of_its_clock_does_not_end_the_run(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from feedserver.check.moved_clock import LoadedShim\n"
        "loaded = LoadedShim(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "loaded.clock.advance(5)\n"
        "Path(sys.argv[2]).write_bytes(b'')\n"
        "print(loaded.proofs)\n"
        "loaded.clock.advance(5)\n"
        "print(loaded.proofs, loaded.clock.offset)\n"
        "loaded.close()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "library"), str(tmp_path / "clock")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (0, "0\n0 10.0\n"), ran.stderr


@needs_compiler
def test_a_process_that_reads_the_clock_and_connects_counts_as_proof(loaded: LoadedShim, program: Path) -> None:
    def proofs_after(*command: str | Path) -> int:
        subprocess.run(command, env=os.environ | loaded.environment, check=True)
        return loaded.proofs

    def proofs_after_python(code: str) -> int:
        return proofs_after(sys.executable, "-S", "-c", code)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert proofs_after_python("import time; time.time()") == 0
        assert proofs_after(program, "connect", str(port)) == 0
        both = f"import socket, time; socket.create_connection(('127.0.0.1', {port})); time.time()"
        assert proofs_after_python(both) == 1
    loaded.close()


def test_without_the_library_the_clock_is_not_moved() -> None:
    clock = MovedClock()

    clock.advance(DAYS)

    assert not clock.can_move
    assert abs(clock.time() - time.time()) < 60


def test_a_missing_compiler_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))

    shim = ClockShim(tmp_path)

    assert shim.load(tmp_path) is None
    assert shim.problem == "moving the clock of other programs needs a C compiler; install gcc or clang"
