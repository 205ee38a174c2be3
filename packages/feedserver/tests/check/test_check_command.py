"""`feedserver check` drives a reader by its commands, and reports the result by its exit status."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from feedserver.check import Report, scenarios
from feedserver.check.addresses import is_available
from feedserver.check.delivery import text_of
from feedserver.check.evidence import Evidence
from feedserver.check.options import FORMATS
from feedserver.check.verdicts import Judgement, Level, Verdict, passed
from feedserver.cli import main

pytestmark = pytest.mark.slow

# Two scripts: READER is a reader with one file of state, one file per item, and an option to forget every validator;
# FETCHER only requests what it is given. Each poll starts them again, so they import as little as they can.
GET = """
import os, socket, sys

def get(url, etag):
    while True:
        host, _, path = url.removeprefix("http://").partition("/")
        name, _, port = host.partition(":")
        condition = f"If-None-Match: {etag}\\r\\n" if etag else ""
        with socket.create_connection((name, int(port))) as connection:
            connection.sendall(f"GET /{path} HTTP/1.0\\r\\nHost: {host}\\r\\n{condition}\\r\\n".encode())
            head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).decode().partition("\\r\\n\\r\\n")
        status, *lines = head.split("\\r\\n")
        headers = dict(line.split(": ", 1) for line in lines)
        if "Location" not in headers:
            return int(status.split()[1]), headers, body
        url = headers["Location"]
"""
READER = (
    GET
    + """
def between(text, start, end):
    return text.partition(start)[2].partition(end)[0]

home = os.path.expanduser("~")
store = os.path.join(home, "feeds.txt")
feeds = {}
if os.path.exists(store):
    with open(store) as file:
        feeds = dict(line.rstrip("\\n").split(" ", 1) for line in file)
if sys.argv[1] == "add":
    feeds |= dict.fromkeys(sys.argv[2:], "")
elif sys.argv[1] == "poll":
    for url, etag in feeds.items():
        status, headers, body = get(url, etag)
        if status != 200 or "</rss>" not in body:
            continue
        for item in body.split("<item>")[1:]:
            name = between(item, "<guid", "</guid>").partition(">")[2].replace(":", "_")
            with open(os.path.join(home, name + ".txt"), "w") as file:
                file.write(between(item, "<title>", "</title>"))
        feeds[url] = headers.get("ETag", "") if "forgetful" not in sys.argv else ""
with open(store, "w") as file:
    file.writelines(f"{url} {etag}\\n" for url, etag in feeds.items())
"""
)
FETCHER = f"{GET}\nfor url in sys.argv[1:]:\n    get(url, '')\n"


@pytest.fixture
def reader(tmp_path: Path) -> str:
    script = tmp_path / "reader.py"
    script.write_text(READER)
    return f"{sys.executable} -S -E {script}"


@pytest.fixture
def fetcher(tmp_path: Path) -> str:
    script = tmp_path / "fetcher.py"
    script.write_text(FETCHER)
    return f"{sys.executable} -S -E {script}"


def verdicts(path: Path) -> dict[str, str]:
    return {scenario["id"]: scenario["verdict"] for scenario in json.loads(path.read_text())["scenarios"]}


def test_a_reader_is_scored_by_its_commands(reader: str, tmp_path: Path) -> None:
    output = tmp_path / "report.json"

    status = main(
        ["check", "--add", f"{reader} add {{urls}}", "--poll", f"{reader} poll", "--only", "V1"]
        + ["--only", "V10"]
        + ["--format", "json", "-o", str(output)]
    )

    report = json.loads(output.read_text())
    assert status == 0
    assert verdicts(output) == {"V1": "pass", "V10": "pass"}
    assert report["reader"]["commands"] == {"add": f"{reader} add {{urls}}", "poll": f"{reader} poll"}
    assert [scenario["level"] for scenario in report["scenarios"]] == ["must", "must"]


def test_a_failure_sets_the_exit_status(reader: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", "--add", f"{reader} add {{urls}}", "--poll", f"{reader} poll forgetful", "--only", "V1"]

    assert main(arguments) == 1
    printed = capsys.readouterr().out
    assert "✗ V1   must   The ETag comes back" in printed
    assert f" again     feedserver check --add '{arguments[2]}' --poll '{arguments[4]}' --only V1\n" in printed
    assert main([*arguments, "--fail-under", "never"]) == 0


def test_a_run_that_raises_has_the_exit_status_of_an_error_of_feedserver(
    fetcher: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = importlib.import_module("feedserver.check.command")

    def run(*_: object, **__: object) -> None:
        raise OSError("\x1b[2J is gone")

    monkeypatch.setattr(command, "run", run)

    assert main(["check", "--poll", f"{fetcher} {{urls}}", "--kind", "fetcher", "--only", "V4"]) == 3
    said = capsys.readouterr().err
    assert said.startswith("feedserver check: an error of feedserver, and no score:\nTraceback ")
    assert said.endswith("OSError: \\x1b[2J is gone\n")


def test_a_judge_that_raises_has_the_exit_status_of_an_error_of_feedserver(
    fetcher: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def judge(seen: Evidence) -> Judgement:
        return passed(str(seen.steps[99]))

    broken = [replace(scenario, judge=judge) for scenario in scenarios.SCENARIOS if scenario.id == "V4"]
    # A module whose first import happened while the list is replaced would keep the replacement for all later tests.
    importlib.import_module("feedserver.check.command")
    monkeypatch.setattr(scenarios, "SCENARIOS", broken)

    assert main(["check", "--poll", f"{fetcher} {{urls}}", "--kind", "fetcher", "--only", "V4"]) == 3
    assert "an error of feedserver, and no verdict: the judge of V4 raised IndexError" in capsys.readouterr().out


def test_a_poll_command_for_each_feed_needs_no_add(fetcher: str, tmp_path: Path) -> None:
    output = tmp_path / "report.json"

    status = main(
        ["check", "--poll", f"{fetcher} {{url}}", "--kind", "fetcher", "--only", "V1,V4,V10", "--format", "json"]
        + ["-o", str(output)]
    )

    assert status == 1
    assert verdicts(output) == {"V1": "fail", "V4": "pass", "V10": "not for this kind"}


def test_a_poll_command_for_all_feeds_needs_no_add(fetcher: str, tmp_path: Path) -> None:
    output = tmp_path / "report.json"

    main(
        ["check", "--poll", f"{fetcher} {{urls}}", "--kind", "fetcher", "--only", "V1,V4"]
        + ["-o", str(output), "-o", str(tmp_path / "report.html")]
    )

    assert verdicts(output) == {"V1": "fail", "V4": "pass"}
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.slow
@pytest.mark.skipif(not is_available("127.78.1.1"), reason="needs several loopback addresses")
def test_a_guard_is_judged_only_if_the_reader_is_given_the_networks_to_allow(reader: str, tmp_path: Path) -> None:
    output = tmp_path / "report.json"
    arguments = ["check", "--add", f"{reader} add {{urls}}", "--poll", f"{reader} poll", "--only", "H2"]
    arguments += ["--format", "json", "-o", str(output)]

    main(arguments)
    without = json.loads(output.read_text())["scenarios"][-1]
    main([*arguments, "--env", "ALLOWED={networks}"])
    with_guard = json.loads(output.read_text())["scenarios"][-1]

    assert (without["verdict"], without["reason"]) == (
        "not seen",
        "only a reader with a guard against private addresses is judged; give the guard {networks}",
    )
    assert (with_guard["verdict"], with_guard["observed"]) == ("fail", "the address was requested")


@pytest.mark.slow
def test_a_report_to_be_published_leaves_out_the_rules_that_are_withheld(reader: str, tmp_path: Path) -> None:
    output = tmp_path / "report.json"
    arguments = ["check", "--add", f"{reader} add {{urls}}", "--poll", f"{reader} poll", "--only", "H2", "--published"]

    main([*arguments, "-o", str(output)])

    assert verdicts(output) == {"R1": "pass"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--add", "x {url}"], "give --poll"),
        (["--poll", "x"], "there is no --add, so --poll must have {url}, and then runs once for each feed, or {urls}"),
        (["--poll", "x", "--add", "y"], "has neither {url} nor {urls} nor {opml}"),
        (["--poll", "x {url}", "--only", "V999"], "there is no scenario V999"),
        (["--poll", "x {url}", "-o", "no/such/report.json"], "there is no folder no/such; make it first"),
        (["--poll", "x {url}", "-o", "."], "-o . is a folder; give the name of a file"),
        (
            ["--poll", "x {url}", "--setup", "echo no such thing >&2; exit 3"],
            "--setup ended with status 3: no such thing",
        ),
        (
            ["--poll", "x {url}", "--setup", "printf 'no such thing\\n::error::x\\r\\n\\nhere'; exit 3"],
            "--setup ended with status 3: no such thing\n  ::error::x\\r\n  \n  here\n",
        ),
        (
            ["--poll", "true", "--add", "true {urls}", "--only", "I1"],
            "no rule could be judged, so there is no score: no item was found in the reader's files: name their folder",
        ),
        (
            ["--poll", "true {url}", "--only", "I1", "--kind", "fetcher"],
            "no rule could be judged, so there is no score: it does not concern a fetcher, which holds for all of I1;",
        ),
        (
            ["--poll", "true", "--add", "echo no such module >&2; exit 1 # {urls}", "--only", "V1"],
            "no rule could be judged, so there is no score: the reader did not request feed.xml in step 1 "
            "(--add ended with status 1: no such module)",
        ),
        (
            ["--add", "true {urls}", "--poll", "echo no display >&2; exit 1", "--only", "V1"],
            "the reader did not request feed.xml in step 1; the command ended with status 1: no display",
        ),
    ],
)
def test_a_run_without_a_score_has_status_2_and_says_why(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--poll", "--setup"])
def test_the_error_for_a_file_of_this_folder_gives_its_full_path(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mini.py").write_text("")
    monkeypatch.chdir(tmp_path)
    commands = {"--add": "true {urls}", "--poll": "true", option: f"'{sys.executable}' -S -E mini.py"}

    assert main(["check", *(word for pair in commands.items() for word in pair), "--only", "V1"]) == 2
    printed = capsys.readouterr().err
    assert f"HOME, not here: give the full path of mini.py, {tmp_path.resolve() / 'mini.py'}\n" in printed


@pytest.mark.parametrize(
    ("more", "remedy"),
    [
        ([], "give --kind fetcher if the reader keeps none"),
        (["--list", "true"], "--list printed no item"),
        (["--list", "exit 4"], "no item was seen, since --list ended with status 4"),
        (["--kind", "parser"], "--poll printed no item"),
    ],
)
def test_if_no_items_were_found_the_message_names_the_remedy(
    more: list[str], remedy: str, fetcher: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", "--poll", f"{fetcher} {{urls}}", "--only", "I1", *more])

    assert remedy in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_a_known_reader_needs_no_commands(tmp_path: Path) -> None:
    output = tmp_path / "report.json"

    main(["check", "--reader", "curl", "--only", "V1", "--format", "json", "-o", str(output)])

    assert verdicts(output) == {"V1": "pass"}
    report = json.loads(output.read_text())
    assert report["scenarios"][0]["reproduce"] == "feedserver check --reader curl --only V1"
    assert report["reader"]["version"].startswith("curl ")
    assert report["kind"] == "fetcher"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_command_that_repeats_a_known_reader_has_the_options_that_were_given(tmp_path: Path) -> None:
    output = tmp_path / "report.json"

    main(["check", "--reader", "curl", "--only", "V1", "--env", "A=b", "-o", str(output)])

    again = json.loads(output.read_text())["scenarios"][0]["reproduce"]
    assert again.endswith("--env A=b --kind fetcher --only V1")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("is_terminal", [True, False])
def test_output_of_a_reader_cannot_control_the_terminal(
    report: Report, form: str, is_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    hostile = "\x1b]0;title\x07\x9b2J\u202egnp\r\udcff\x00\n\U000e0041"
    judged = Judgement(Verdict.FAIL, hostile, hostile), Judgement(Verdict.NOT_SEEN, reason=hostile)
    results = [
        replace(report["V1"], exchanges=[hostile], judgement=judged[0], reproduce=hostile),
        replace(report["V4"], judgement=judged[1]),
        replace(report["V10"], misfire=hostile),
    ]
    hostile_report = replace(report, results=results, reader=hostile, version=hostile, commands={"poll": hostile})
    shown = text_of(hostile_report, form, None, Level.MUST)

    coloured = re.sub(r"\x1b\[[0-9]*m", "", shown) if form == "table" else shown
    assert coloured.replace("\n", "").isprintable()
    assert shown.encode()
    if form == "json":
        same = json.dumps(hostile_report.as_json()).replace(r"\udcff", r"\ufffd")  # a lone surrogate is no character
        assert json.loads(shown) == json.loads(same)
    elif form in ("junit", "badge"):
        ET.fromstring(shown)


SLEEPER = """
import socket, sys, time

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))):
    time.sleep(120)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process at once")
@pytest.mark.usefixtures("signals_end_programs")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_readers_too_and_leaves_no_folder(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    script, scratch = tmp_path / "sleeper.py", tmp_path / "scratch"
    script.write_text(SLEEPER)
    scratch.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        poll = f"{sys.executable} {script} {listening.getsockname()[1]} {{url}}"
        command = [sys.executable, "-m", "feedserver", "check", "--only", "V1", "--poll", poll]
        environment = os.environ | {"TMPDIR": str(scratch)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=tmp_path) as process:
            reader, _ = listening.accept()
            process.send_signal(number)
            output, _ = process.communicate(timeout=60)
        with reader:
            reader.settimeout(60)
            assert reader.recv(1) == b"", "the reader has ended"
    assert process.returncode == 128 + number
    assert b"The run was stopped: this is the report so far." in output
    assert list(scratch.iterdir()) == []


@pytest.mark.usefixtures("signals_end_programs")
@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process at once")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_run_that_is_stopped_in_its_set_up_says_so_and_leaves_no_folder(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    script, scratch = tmp_path / "sleeper.py", tmp_path / "scratch"
    script.write_text(SLEEPER)
    scratch.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        setup = f"{sys.executable} {script} {listening.getsockname()[1]}"
        command = [sys.executable, "-m", "feedserver", "check", "--only", "V1", "--setup", setup, "--poll", "x {url}"]
        environment = os.environ | {"TMPDIR": str(scratch)}
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, cwd=tmp_path) as process:
            reader, _ = listening.accept()
            process.send_signal(number)
            if name == "SIGINT":
                process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
        reader.close()
    assert errors == b"feedserver check: the run was stopped before there was a report\n"
    assert process.returncode == 128 + number
    assert list(scratch.iterdir()) == []


SIGNALLED_AT_ITS_END = """
import os, signal, sys
from feedserver.cli import main

status = main()
os.kill(os.getpid(), signal.SIGTERM)
sys.exit(status)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process at once")
@pytest.mark.usefixtures("signals_end_programs")
def test_a_second_signal_while_a_stopped_run_ends_changes_nothing(tmp_path: Path) -> None:
    script, scratch = tmp_path / "sleeper.py", tmp_path / "scratch"
    script.write_text(SLEEPER)
    scratch.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        setup = f"{sys.executable} {script} {listening.getsockname()[1]}"
        command = [sys.executable, "-c", SIGNALLED_AT_ITS_END, "check", "--setup", setup, "--poll", "x {url}"]
        environment = os.environ | {"TMPDIR": str(scratch)}
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment, cwd=tmp_path) as process:
            reader, _ = listening.accept()
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        reader.close()
    assert process.returncode == 128 + signal.SIGTERM
    assert list(scratch.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")
@pytest.mark.usefixtures("signals_end_programs")
def test_a_terminal_that_is_closed_loses_no_report_and_leaves_no_folder(tmp_path: Path) -> None:
    script, scratch, report = tmp_path / "sleeper.py", tmp_path / "scratch", tmp_path / "report.json"
    script.write_text(SLEEPER)
    scratch.mkdir()
    ours, theirs = os.openpty()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        poll = f"{sys.executable} {script} {listening.getsockname()[1]} {{url}}"
        command = [sys.executable, "-m", "feedserver", "check", "--only", "V1", "--poll", poll, "-o", str(report)]
        environment = os.environ | {"TMPDIR": str(scratch)}
        with subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=tmp_path
        ) as process:
            os.close(theirs)
            reader, _ = listening.accept()
            os.close(ours)
            process.send_signal(signal.SIGHUP)
            process.wait(timeout=60)
        reader.close()
    assert process.returncode == 128 + signal.SIGHUP
    assert json.loads(report.read_text())["partial"] is True
    assert list(scratch.iterdir()) == []
