"""A reader runs in folders of its own, and whatever it does there harms neither the run nor the machine."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from feedserver.check.commands import CommandAdapter, Commands
from feedserver.check.isolation import LARGEST_LIST, LONGEST_OUTPUT, Home
from feedserver.check.verdicts import ListFailed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are those of a POSIX shell")


def home(folder: Path, copy_of: Home | None = None) -> Home:
    return Home(folder, patience=10, extra={}, bundle=None, copy_of=copy_of)


def test_how_a_command_ended_is_told_with_the_last_line_of_its_output(tmp_path: Path) -> None:
    ran = home(tmp_path / "reader").run("echo first; echo second >&2; exit 3")

    assert (ran.status, ran.printed, ran.output) == (3, b"first\n", "first\nsecond\n")
    assert ran.describe() == "ended with status 3: second"


def test_a_reader_gets_no_variable_that_leads_to_data_of_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIFESTREAM_HOME", "DATABASE_URL", "CELERY_BROKER_URL", "GPODDER_HOME", "WGETRC"):
        monkeypatch.setenv(name, "/the/user's/own")
    monkeypatch.setenv("KEPT", "kept")
    printed = home(tmp_path / "reader").run("env").printed.decode()

    assert "KEPT=kept" in printed.splitlines()
    assert "/the/user's/own" not in printed


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Windows has no signals of threads")
def test_a_signal_that_does_not_interrupt_the_wait_for_a_command_is_noticed(tmp_path: Path) -> None:
    """Such a signal comes just as the wait begins, or another thread receives it, as here."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def send() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.settimeout(60)
            ports.put(listening.getsockname()[1])
            listening.accept()[0].close()
            signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    ports: queue.SimpleQueue[int] = queue.SimpleQueue()
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        sender = threading.Thread(target=send)
        sender.start()
        code = f"import socket, time; socket.create_connection(('127.0.0.1', {ports.get(timeout=60)})); time.sleep(20)"
        session = Home(tmp_path / "one", patience=60, extra={}, bundle=None)
        with pytest.raises(KeyboardInterrupt):
            session.run(f'{sys.executable} -c "{code}"; touch ended_by_itself')
        sender.join(60)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not (session.home / "ended_by_itself").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the data of a process")
def test_a_process_takes_no_more_memory_than_it_is_allowed(tmp_path: Path) -> None:
    takes = f"{sys.executable} -S -E -c 'bytearray(300 << 20)'"
    cramped = Home(tmp_path / "cramped", patience=10, memory=200 << 20, extra={}, bundle=None)

    assert cramped.run(takes).describe() == "ended with status 1: MemoryError"
    assert home(tmp_path / "roomy").run(takes).status == 0


def test_of_a_flood_of_output_a_bounded_part_is_kept(tmp_path: Path) -> None:
    ran = home(tmp_path / "reader").run("head -c 100000000 /dev/zero; printf end")

    assert ran.status == 0
    assert len(ran.printed) == LARGEST_LIST
    assert len(ran.output) == LONGEST_OUTPUT
    assert ran.output.endswith("end")


@pytest.mark.slow
def test_a_list_that_is_too_long_is_not_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedserver.check.commands.LARGEST_LIST", 100)
    adapter = CommandAdapter(Commands(poll="true", add="true {url}", list="head -c 100 /dev/zero"))
    session = adapter.open("lane")

    with pytest.raises(ListFailed, match=r"--list printed more than"):
        session.rows()
    session.close()
    adapter.close()


def test_an_endless_file_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedserver.check.isolation.LARGEST_FILE", 1 << 20)
    ran = home(tmp_path / "reader").run("exec cat /dev/zero > store")

    assert ran.crashed
    assert (tmp_path / "reader" / "home" / "store").stat().st_size == 1 << 20


def test_a_reader_may_put_anything_in_place_of_the_files_of_its_output(tmp_path: Path) -> None:
    reader = home(tmp_path / "reader")

    for command in (
        "rm ../stdout ../stderr; mkfifo ../stdout ../stderr",
        "rm ../stdout ../stderr; mkdir ../stdout ../stderr; touch ../stdout/file",
        "rm -r ../stdout ../stderr; ln -s /dev/zero ../stdout; ln -s /no/such/file ../stderr",
        "rm ../stdout ../stderr",
    ):
        assert reader.run(f"echo told; {command}").printed == b"told\n"
    assert reader.run("echo told").output == "told\n"


@pytest.mark.parametrize(
    "command",
    [
        'rm -r "$HOME"',
        'rm -r "$(dirname "$HOME")"',
        'rm -r "$HOME"; echo > "$HOME"',
        'rm -r "$HOME"; ln -s nowhere "$HOME"',
        'rm -r "$TMPDIR"; mkfifo "$TMPDIR"',
        'chmod 0 "$HOME/../.." "$HOME/.." "$HOME"',
        'cd "$HOME/../.." && mv reader moved && ln -s moved reader',
    ],
)
def test_a_reader_may_put_anything_in_place_of_its_folders(tmp_path: Path, command: str) -> None:
    reader = home(tmp_path / "reader")
    reader.run(command)

    assert reader.run('cd && pwd && ls -d "$TMPDIR"').status == 0
    assert not reader.folder.is_symlink()
    home(tmp_path / "copy", copy_of=reader).close()
    reader.close()
    assert not reader.folder.exists()


def test_files_that_cannot_be_copied_are_left_out(tmp_path: Path) -> None:
    """Agents such as that of GnuPG leave sockets in HOME, and shutil.copytree refuses pipes."""
    first = home(tmp_path / "first")
    first.run("mkfifo pipe; mkdir folder; ln -s /no/such/file dangling; ln -s . loop; echo kept > folder/file")
    with socket.socket(socket.AF_UNIX) as agent:
        before = Path.cwd()
        os.chdir(first.home)  # the address of a socket has at most 108 bytes
        try:
            agent.bind("agent")
        finally:
            os.chdir(before)
        second = home(tmp_path / "second", copy_of=first)

    assert sorted(path.name for path in second.home.iterdir()) == ["dangling", "folder", "loop"]
    assert (second.home / "folder" / "file").read_text() == "kept\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the processes of a session are found on Linux only")
def test_daemons_are_ended_with_their_session(tmp_path: Path) -> None:
    reader = home(tmp_path / "reader")
    reader.run(
        f'{sys.executable} -c \'import os; os.fork() and os._exit(0); os.setsid(); os.execlp("sleep", "sleep", "600")\''
    )

    assert len(reader.survivors()) == 1
    reader.close()
    assert reader.survivors() == []
    assert not (tmp_path / "reader").exists()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the processes of a session are found on Linux only")
@pytest.mark.parametrize("start", ["env -i", "env -u FEEDSERVER_CHECK_SESSION"])
def test_a_daemon_without_its_environment_is_ended_with_its_session(tmp_path: Path, start: str) -> None:
    other, reader = home(tmp_path / "other"), home(tmp_path / "reader")
    reader.run(f"({start} {shutil.which('setsid')} {shutil.which('sleep')} 600 >/dev/null 2>&1 &)")

    assert other.survivors() == []
    assert len(reader.survivors()) == 1
    reader.close()
    assert reader.survivors() == []
    other.close()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the processes of a session are found on Linux only")
def test_a_daemon_that_is_another_process_at_each_moment_is_ended_with_its_session(tmp_path: Path) -> None:
    """Each of its processes starts the next one and ends, so what one look finds has ended before it is killed."""
    reader, trace = home(tmp_path / "reader"), tmp_path / "trace"
    program = tmp_path / "daemon.py"
    program.write_text(
        "import os, sys, time\n"
        "until = time.monotonic() + 30\n"
        "while time.monotonic() < until:\n"
        "    if os.fork():\n"
        "        os._exit(0)\n"
        "    with open(sys.argv[1], 'a') as trace:\n"
        "        trace.write('.')\n"
    )
    reader.run(f"{shutil.which('setsid')} -f {sys.executable} {program} {trace}")
    deadline = time.monotonic() + 10
    while (not trace.exists() or trace.stat().st_size < 5) and time.monotonic() < deadline:
        time.sleep(0.01)

    reader.close()
    size = trace.stat().st_size
    time.sleep(0.2)
    assert trace.stat().st_size == size > 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the processes of a session are found on Linux only")
def test_the_marks_of_a_session_do_not_change_how_a_command_ends(tmp_path: Path) -> None:
    reader = home(tmp_path / "reader")
    assert reader.run("exit 7").status == 7
    assert reader.run("echo said").output == "said\n"
    reader.close()
