"""The command, run in this process: its messages about wrong arguments, and about what it cannot do."""

from __future__ import annotations

import io
import re
import signal
import sys
import threading
from functools import partial
from importlib.metadata import entry_points, version
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from feedserver import FeedServer, Response, cli
from feedserver.screen import Screen


@pytest.fixture
def feeds(root: Path) -> Path:
    (root / "atom.xml").write_text("<feed/>")
    return root


def test_stop_reports_that_there_is_no_server(closed_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["stop", str(closed_port)]) == 1
    error = re.sub(r"\[.*", "…", capsys.readouterr().err)
    assert error == f"feedserver stop: no feedserver stopped on 127.0.0.1 port {closed_port}: …\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0"], "port is 0; give a number from 1 to 65535"),
        (["8097", "--host", ""], "host is ''; give text, such as '127.0.0.1'"),
    ],
)
def test_stop_refuses_an_address_that_no_server_has(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["stop", *arguments]) == 2
    assert capsys.readouterr() == ("", f"feedserver stop: {message}\n")


def test_stop_reports_that_the_server_does_not_obey(capsys: pytest.CaptureFixture[str]) -> None:
    with FeedServer(strict=False) as server:
        assert cli.main(["stop", str(server.port)]) == 1
        first = capsys.readouterr().err.splitlines()[0]
        assert first.startswith(f"feedserver stop: the server on 127.0.0.1 port {server.port} did not stop: 404 ")


@pytest.mark.slow
def test_stop_reports_a_server_that_agrees_to_stop_but_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "STOP_TIMEOUT", 1.0)
    with FeedServer() as server:
        server.add("/", Response("I will", omit=["Content-Length"]), method="QUIT")
        assert cli.main(["stop", str(server.port)]) == 1
        assert capsys.readouterr().err == (
            f"feedserver stop: the server on 127.0.0.1 port {server.port} has agreed to stop, and still listens\n"
        )


@pytest.mark.slow
def test_serving_notices_that_it_should_end_although_no_exchange_ends(root: Path) -> None:
    """A signal that comes just before a wait for an exchange is noticed only when that wait ends."""
    reasons: SimpleQueue[str] = SimpleQueue()
    with FeedServer(root) as server:
        screen = Screen(io.StringIO())
        report = partial(cli._report, server, SimpleQueue(), screen, cli._Signals())
        threading.Thread(target=lambda: reasons.put(report()), daemon=True).start()
        with pytest.raises(Empty):
            reasons.get(timeout=0.01)
        server.quit_requested.set()
        assert reasons.get(timeout=60) == "QUIT"


def test_a_signal_while_the_server_stops_after_quit_changes_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = FeedServer.stop

    def interrupted(server: FeedServer) -> None:
        signal.raise_signal(signal.SIGINT)
        stop(server)

    def quit_it(server: FeedServer) -> FeedServer:
        start(server)
        server.quit_requested.set()
        return server

    start = FeedServer.start
    monkeypatch.setattr(FeedServer, "stop", interrupted)
    monkeypatch.setattr(FeedServer, "start", quit_it)
    before = signal.getsignal(signal.SIGINT)
    assert cli.main(["serve", str(root)]) == 0
    assert capsys.readouterr().out.endswith("\nStopped by QUIT.\n")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_whose_exception_python_drops_ends_serving(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python drops what a finalizer raises, and only reports it."""

    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def shown(screen: Screen, line: str) -> None:
        show(screen, line)
        if line.startswith("http"):
            Finalized()

    show = Screen.show
    monkeypatch.setattr(Screen, "show", shown)
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    assert cli.main(["serve", str(root)]) == 0
    assert capsys.readouterr().out.endswith("\nStopped by Ctrl-C.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "feedserver: the following arguments are required: COMMAND"),
        (["serve"], "feedserver serve: the following arguments are required: DIR"),
        (["serve", "nowhere"], "feedserver serve: argument DIR: 'nowhere' is no folder; name a folder of feed files"),
        (
            ["serve", ".", "--port", "http"],
            "feedserver serve: argument --port: 'http' is no port; give a number up to 65535, such as 8097",
        ),
        (
            ["serve", ".", "--port", "65536"],
            "feedserver serve: argument --port: '65536' is no port; give a number up to 65535, such as 8097",
        ),
        (
            ["serve", ".", "--bind-timeout", "soon"],
            "feedserver serve: argument --bind-timeout: 'soon' is no number of seconds; give one such as 2.5",
        ),
        (
            ["serve", ".", "--bind-timeout", "inf"],
            "feedserver serve: argument --bind-timeout: 'inf' is no number of seconds; give one such as 2.5",
        ),
        (
            ["serve", ".", "--journal-limit", "0"],
            "feedserver serve: argument --journal-limit: '0' is no count; give a number from 1 up",
        ),
        (["serve", ".", "--prot", "1"], "feedserver: unrecognized arguments: --prot 1"),
        (["serve", ".", "a\nb\u202e"], "feedserver: unrecognized arguments: a\\nb\\u202e"),
        (["stop"], "feedserver stop: the following arguments are required: PORT"),
        (
            ["stop", "feeds"],
            "feedserver stop: argument PORT: 'feeds' is no port; give a number up to 65535, such as 8097",
        ),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr() == ("", f"{message}\n")


def test_a_taken_port_is_one_line_and_status_2(feeds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FeedServer() as owner:
        status = cli.main(["serve", str(feeds), "--port", str(owner.port), "--bind-timeout", "0.05"])
        assert status == 2
        assert capsys.readouterr() == (
            "",
            f"feedserver serve: port {owner.port} is taken, and stayed so for 0.05 s; stop what listens there, wait "
            "for it with --bind-timeout, or leave --port out for a free one\n",
        )


def test_the_command_prints_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert not caught.value.code
    assert capsys.readouterr() == (f"feedserver {version('feedserver')}\n", "")


def test_feedserver_is_installed_as_a_command() -> None:
    [command] = entry_points(group="console_scripts", name="feedserver")
    assert command.load() is cli.main


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--name", "a.example"], "--name is for the certificate of --tls; give --tls FILE, too"),
        (["--tls", "nowhere/ca.pem"], "nowhere/ca.pem: No such file or directory"),
        (["--tls", "ca.pem", "--name", "a b"], "a certificate cannot be for 'a b'; give names such as 'feeds.example'"),
        (["--host", "nosuch.invalid"], "cannot listen on 'nosuch.invalid': no host of that name is known; use an addr"),
    ],
)
def test_options_with_which_serve_cannot_start_are_reported(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["serve", str(tmp_path), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"feedserver serve: {message}")
