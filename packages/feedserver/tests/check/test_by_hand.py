"""A person drives a reader by the live page; a run can be stopped and continued."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
import threading
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import urlencode

import pytest

from feedserver.check import Report, Verdict
from feedserver.check.by_hand import HandAdapter, SessionError, SessionFile
from feedserver.check.report import RULES_VERSION
from feedserver.check.runner import run
from feedserver.check.verdicts import Kind
from feedserver.cli import main
from right_reader import RightReader

CHOSEN = ["V1", "I1", "B1", "R1", "H1"]


def get(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return str(answer.read().decode())


class Person(threading.Thread):
    """Imports the OPML, lets the reader refresh in each round, and ticks the items that the reader shows.

    With *leaves_after*, the person presses Ctrl-C after that many rounds.
    """

    def __init__(self, page: str, reader: RightReader, leaves_after: int | None = None) -> None:
        super().__init__(daemon=True)
        self.page, self.reader, self.leaves_after = page, reader, leaves_after
        self.over = threading.Event()
        self.rounds: list[int] = []
        self.pages: list[str] = []

    def run(self) -> None:
        number = -1
        while not self.over.wait(0.01):
            try:
                state = json.loads(get(f"{self.page}state.json"))
            except OSError:  # the run may be over, or the machine busy
                continue
            if state["is_over"] or state["round"] == number:
                continue
            number = state["round"]
            if number == self.leaves_after:
                signal.raise_signal(signal.SIGINT)
                return
            self.answer_round(number)

    def answer_round(self, number: int) -> None:
        self.rounds.append(number)
        if not self.reader.feeds:
            for outline in ET.fromstring(get(f"{self.page}feeds.opml")).iter("outline"):
                self.reader.add(outline.get("xmlUrl", ""))
        self.reader.poll()
        self.pages.append(get(self.page))
        boxes = re.findall(r'name="item" value="([^"]+)".*?<span class="token">(\w+)</span>', self.pages[-1], re.DOTALL)
        titles = " ".join(entry["title"] for entry in self.reader.list())
        fields = [("round", number), ("sees", "yes")]
        fields += [("item", value) for value, token in boxes if token in titles]
        with urllib.request.urlopen(f"{self.page}go", urlencode(fields).encode()) as answer:
            answer.read()


class AskingAlways(RightReader):
    """A reader whose user asks for every feed at once, whatever its interval."""

    def is_due(self, feed: object) -> bool:
        return True


def run_by(reader: RightReader, file: SessionFile, leaves_after: int | None = None) -> tuple[Report, Person]:
    """Return the report of a run of `CHOSEN`, and the person who drove *reader*."""
    adapter = HandAdapter(file)
    person = Person(adapter.page.url, reader, leaves_after)
    person.start()
    try:
        return run(adapter, only=CHOSEN), person
    finally:
        adapter.close()
        person.over.set()
        person.join(30)


def verdicts(report: Report) -> dict[str, Verdict]:
    return {result.scenario.id: result.verdict for result in report}


def test_a_right_reader_passes_by_hand() -> None:
    report, _ = run_by(AskingAlways(), SessionFile(None, ""))

    assert set(verdicts(report).values()) == {Verdict.PASS}


@pytest.mark.slow
def test_a_reader_that_loses_an_item_fails_by_hand() -> None:
    report, _ = run_by(AskingAlways("B1"), SessionFile(None, ""))

    assert {name for name, verdict in verdicts(report).items() if verdict is Verdict.FAIL} == {"B1"}


@pytest.mark.slow
def test_a_run_continues_at_the_point_at_which_it_was_stopped(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    reader = AskingAlways()

    stopped, before = run_by(reader, SessionFile.open(path, "x"), leaves_after=3)
    report, afterwards = run_by(reader, SessionFile.open(path, "x"))

    assert (before.rounds, afterwards.rounds) == ([0, 1, 2], [3, 4])
    assert before.page == afterwards.page
    assert stopped.is_partial
    assert stopped["I1"].judgement.reason == "the run was stopped after 1 of 2 steps"
    assert set(verdicts(report).values()) == {Verdict.PASS}
    assert len(report["B1"].exchanges) == 5
    assert not report.is_partial
    assert path.stat().st_mode & 0o077 == 0 or path.drive


@pytest.mark.slow
def test_a_hosted_reader_asks_one_server_below_a_secret_prefix() -> None:
    reader = AskingAlways()
    file = SessionFile(None, "")
    adapter = HandAdapter(file, url="http://127.0.0.1:1", kind=Kind.FETCHER)
    command = adapter.reproduce("V1").replace(str(adapter.feed_port), "PORT")
    assert command == (
        "feedserver check --serve --url http://127.0.0.1:1 --feed-host 127.0.0.1 --feed-port PORT "
        "--kind fetcher --only V1"
    )
    adapter._url = f"http://127.0.0.1:{adapter.feed_port}"  # a tunnel that leads to this machine
    person = Person(adapter.page.url, reader)
    person.start()
    try:
        report = run(adapter, only=CHOSEN)
    finally:
        adapter.close()
        person.over.set()
        person.join(30)

    assert set(verdicts(report).values()) == {Verdict.PASS}
    assert {feed.url.rpartition("/")[0].rpartition("/")[0] for feed in reader.feeds} == {f"{adapter._url}{file.prefix}"}
    assert file.prefix not in file.page_prefix
    assert len(file.prefix) > 20


def test_the_page_keeps_ticks_and_needs_its_secret_prefix() -> None:
    reader = AskingAlways()
    adapter = HandAdapter(SessionFile(None, ""))
    person = Person(adapter.page.url, reader)
    base = adapter.page.url.rpartition("/")[0].rpartition("/")[0]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{base}/state.json")
    person.start()
    try:
        run(adapter, only=["I1"])
    finally:
        adapter.close()
        person.over.set()
        person.join(30)

    assert 'value="I1:1" checked' in person.pages[1]
    assert 'value="I1:4"' in person.pages[-1]
    assert 'value="I1:4" checked' not in person.pages[-1]  # new in this round


@pytest.mark.parametrize(
    "changes",
    [
        {"page_prefix": ""},
        {"prefix": "/guessed"},
        {"prefix": None},
        {"prefix": "/../" + "x" * 22},
        {"ports": {"page": 70_000}},
        {"ports": {"page": "80"}},
        {"ports": [1]},
        {"looks": [1]},
        {"looks": [{"at": 1, "was_control_asked": True, "present": None, "exchanges": []}]},
    ],
)
def test_a_session_with_values_that_feedserver_does_not_write_is_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    path = tmp_path / "session.json"
    SessionFile.open(path, "x").save()
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(SessionError, match="is no session of feedserver check"):
        SessionFile.open(path, "x")


def test_a_deeply_nested_session_is_refused(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text("[" * 100_000)
    with pytest.raises(SessionError, match="is no session of feedserver check"):
        SessionFile.open(tmp_path / "session.json", "x")


def test_a_session_that_could_not_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match=r"there is no folder .*missing; make it first"):
        SessionFile.open(tmp_path / "missing/session.json", "x")
    for name in ("s" * 250, "s" * 300, f"{'s' * 300}/session.json"):
        with pytest.raises(SessionError, match=r"there is no folder|cannot be written \(.+\); name another file"):
            SessionFile.open(tmp_path / name, "x")

    SessionFile.open(tmp_path / "session.json", "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc, a folder in which nobody may write")
def test_a_session_in_a_folder_that_takes_no_files_is_refused_before_the_run() -> None:
    with pytest.raises(SessionError, match=r"session.json cannot be written \(.+\); name another file"):
        SessionFile.open(Path("/proc/session.json"), "x")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a file of another user")
def test_a_session_of_another_user_is_refused_before_the_run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o1777)
        path = Path(folder, "session.json")
        SessionFile.open(path, "x").save()
        path.chmod(0o644)
        os.seteuid(65534)
        try:
            with pytest.raises(SessionError, match=r"cannot be written \(.+\); name another file"):
                SessionFile.open(path, "x")
        finally:
            os.seteuid(0)
        assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_run_whose_session_cannot_be_written_ends_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))  # as if the disk were full
    try:
        assert main(["check", "--serve", "--only", "V1", "--session", str(tmp_path / "session.json")]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert re.search(r"the run had to end, .*session.json cannot be written \(.+\)", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_session_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "session.json")
    with pytest.raises(SessionError, match=r"cannot be read \(it is no file\); name another file"):
        SessionFile.open(tmp_path / "session.json", "x")


def test_a_session_of_other_options_or_a_file_of_something_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "session.json"
    SessionFile.open(path, "--only V --kind store --url none").save()

    told = r"was begun with other options, .* \(--only V --kind store --url none, not x\)"
    with pytest.raises(SessionError, match=told):
        SessionFile.open(path, "x")
    for content, reason in (
        ("{}", "is no session of this version of feedserver check, since it lacks 'choice of schema"),
        ("[1]", "is no session of feedserver check (list indices must be"),
    ):
        path.write_text(content)
        assert main(["check", "--serve", "--session", str(path)]) == 2
        assert reason in " ".join(capsys.readouterr().err.split())
    with pytest.raises(SessionError, match=r"cannot be read \(.*\); name another file"):
        SessionFile.open(tmp_path, "x")


@pytest.fixture
def no_session(tmp_path: Path) -> str:
    """Return a file that is no session, so that no run begins even if the options under test are accepted."""
    path = tmp_path / "session.json"
    path.write_text("{}")
    return str(path)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--reader", "newsboat"),
        ("--add", "x"),
        ("--add-all", "x"),
        ("--poll", "x"),
        ("--list", "x"),
        ("--state", "x"),
        ("--setup", "x"),
        ("--version", "x"),
        ("--env", "A=b"),
        ("--alone", "T7"),
        ("--patience", "75s"),
        ("--memory", "2G"),
        ("--workers", "4"),
    ],
)
def test_an_option_for_the_commands_of_a_reader_is_refused_beside_serve(
    no_session: str, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    assert main(["check", "--serve", "--session", no_session, option, value]) == 2
    assert (
        f"--serve lets a person drive the reader, and runs no commands: leave {option} out" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--session", "x"),
        ("--port", "8080"),
        ("--url", "https://feeds.example"),
        ("--feed-host", "0.0.0.0"),
        ("--feed-port", "8080"),
    ],
)
def test_an_option_for_a_person_is_refused_without_serve(
    capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    assert main(["check", "--poll", "false", "--only", "V1", option, value]) == 2
    assert f"{option} needs --serve, with which a person drives the reader" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "value"), [("--feed-host", "0.0.0.0"), ("--feed-port", "8080")])
def test_a_host_or_port_for_the_feeds_is_refused_without_their_url(
    no_session: str, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    assert main(["check", "--serve", "--session", no_session, option, value]) == 2
    assert f"{option} needs --url, by which a hosted reader reaches the feeds" in capsys.readouterr().err


def test_several_options_that_are_refused_are_named_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--poll", "false", "--port", "8080", "--url", "http://a"]) == 2
    assert "--port, --url need --serve, with" in capsys.readouterr().err


def test_a_text_that_is_no_base_url_is_refused(no_session: str, capsys: pytest.CaptureFixture[str]) -> None:
    for url in (
        "feeds.example.org",
        "http://a/\x01",
        "http://a/\nb",
        "http://a/\udcff",
        "http://a/\N{RIGHT-TO-LEFT OVERRIDE}",
    ):
        assert main(["check", "--serve", "--session", no_session, "--url", url]) == 2
        said = f"feedserver check: --url {url!r} is no base URL; give one such as https://feeds.example.org\n"
        assert capsys.readouterr().err.endswith(said)


def test_a_session_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "session.json").mkdir()
    with pytest.raises(SessionError, match=r"session.json cannot be written"):
        SessionFile(tmp_path / "session.json", "x").save()
    assert [path.name for path in tmp_path.iterdir()] == ["session.json"]


@pytest.mark.skipif(
    os.name == "nt", reason="on Windows only privileged users may create links, and files have no modes"
)
def test_a_session_file_is_not_written_through_a_link_of_somebody_else(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("kept")
    (tmp_path / "session.json.new").symlink_to(theirs)
    SessionFile(tmp_path / "session.json", "x").save()
    assert theirs.read_text() == "kept"
    assert (tmp_path / "session.json").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["session.json", "session.json.new", "theirs"]


def test_a_session_of_other_rules_is_not_continued(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "session.json"
    SessionFile.open(path, f"--only V1 --kind store --url none, rules v{RULES_VERSION - 1}").save()

    assert main(["check", "--serve", "--only", "V1", "--session", str(path)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert f"rules v{RULES_VERSION}); give the same options to the same version, or name another file" in told
