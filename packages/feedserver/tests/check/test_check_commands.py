"""Readers driven by commands: what the commands must contain, how a reader is named, and where its items are found."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from feedserver.check import commands
from feedserver.check.adapters import Subscription
from feedserver.check.commands import CommandAdapter, Commands, SetupError
from feedserver.check.moved_clock import ClockShim
from feedserver.check.runner import run
from feedserver.check.verdicts import Kind, ListFailed

PYTHON = shlex.quote(sys.executable)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> ClockShim:
    return ClockShim(tmp_path_factory.mktemp("shim"))


@pytest.fixture(autouse=True)
def build_the_library_once(shim: ClockShim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "ClockShim", lambda _: shim)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("r2e add {url}", "r2e"),
        ("/usr/bin/my-reader add {url}", "my-reader"),
        ("python3 -X utf8 /home/me/tiny.py add {url}", "tiny.py"),
        ("node reader.js {url}", "reader.js"),
        ("python -m my_reader {url}", "python"),
    ],
)
def test_a_reader_is_named_after_its_program_or_its_script(command: str, name: str) -> None:
    adapter = CommandAdapter(Commands(poll=command))

    assert adapter.name == name
    adapter.close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Commands(poll="x"), "there is no --add, so --poll must have {url}"),
        (Commands(poll="x", add="y"), "--add 'y' has neither {url} nor {urls} nor {opml}: give one of them"),
    ],
)
def test_commands_that_name_no_feed_are_refused(given: Commands, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole beginning of the message is compared
        CommandAdapter(given)
    assert str(caught.value).startswith(message)


def test_the_abilities_of_a_reader_follow_from_its_commands() -> None:
    silent = CommandAdapter(Commands(poll="x {url}"), kind=Kind.FETCHER)
    printing = CommandAdapter(Commands(poll="x {url}"), kind=Kind.PARSER)
    guarded = CommandAdapter(Commands(poll="x {url}", list="y", environment={"ALLOWED": "{networks}"}))

    assert [each.can_list for each in (silent, printing, guarded)] == [False, True, True]
    assert [each.can_show_items for each in (silent, printing, guarded)] == [False, True, True]
    assert [each.has_guard for each in (silent, printing, guarded)] == [False, False, True]
    assert silent.reproduce("V1") == "feedserver check --poll 'x {url}' --kind fetcher --only V1"
    assert guarded.reproduce("V1") == (
        "feedserver check --poll 'x {url}' --list y --env 'ALLOWED={networks}' --only V1"
    )
    for adapter in (silent, printing, guarded):
        adapter.close()


def test_the_command_that_repeats_a_scenario_has_the_same_limits() -> None:
    adapter = CommandAdapter(Commands(poll="x {url}", patience=90, memory=8 << 30))

    assert adapter.reproduce("V1") == "feedserver check --poll 'x {url}' --patience 90s --memory 8192M --only V1"
    adapter.close()


def test_a_scenario_of_time_says_what_is_missing_to_move_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "ClockShim", ClockShim)
    monkeypatch.setenv("PATH", str(tmp_path))  # without a compiler
    adapter = CommandAdapter(Commands(poll="exit 0 # {url}"), kind=Kind.FETCHER)
    report = run(adapter, only=["T7"], kind=Kind.FETCHER)
    adapter.close()

    problem = ClockShim(tmp_path).problem
    assert problem
    assert report["T7"].judgement.reason == f"the reader's clock cannot be moved: {problem}"


def test_each_session_begins_with_the_files_of_the_set_up() -> None:
    adapter = CommandAdapter(
        Commands(
            setup="echo made > items",
            add="echo zqv1i1zq >> items # {urls}",
            poll="true",
            list="cat items",
            version="echo tiny 1; echo more",
        )
    )
    first, second = adapter.open("first"), adapter.open("second")
    assert first.add([Subscription(1, "http://127.0.0.1:1/v1/feed.xml", "V1")]) == {}
    rows = first.rows(), second.rows()
    adapter.close()

    assert adapter.version == "tiny 1"
    assert [[(row.scenario, row.number) for row in each or ()] for each in rows] == [[("V1", 1)], []]


def outcome(given: Commands) -> tuple[Mapping[int, str], str]:
    """Return the errors of the subscription to one feed in a new session, and what its first poll tells."""
    adapter = CommandAdapter(given)
    session = adapter.open("lane")
    errors = session.add([Subscription(1, "http://127.0.0.1:1/v1/feed.xml", "V1")])
    polled = session.poll()
    session.close()
    adapter.close()
    return errors, polled.detail


@pytest.mark.parametrize("put", ["mkfifo", "mkdir", "ln -s /no/such/folder/file", "ln -s kept"])
def test_a_reader_may_put_anything_in_place_of_the_files_that_it_is_given(put: str) -> None:
    """Opening a pipe for writing would wait for ever for a process that opens it for reading."""
    given = Commands(
        setup=f"cd .. && {put} feeds.opml; {put} clock; echo kept > kept",
        add=f"cd .. && grep -c xmlUrl feeds.opml && rm {{opml}} && {put} feeds.opml",
        poll="cd .. && grep -c xmlUrl {opml} && cat kept",
        patience=10,
    )
    assert outcome(given) == ({}, "")


@pytest.mark.parametrize("put", ["true", 'ln -s "$KEPT" lane', "touch lane"])
def test_a_reader_may_remove_the_folder_of_its_list_of_feeds(put: str, tmp_path: Path) -> None:
    (tmp_path / "feeds.opml").write_text("kept", "utf-8")
    given = Commands(
        add=f"cd ../.. && rm -r lane && {put} # {{urls}}",
        poll="grep -c xmlUrl {opml}",
        environment={"KEPT": str(tmp_path)},
    )
    assert outcome(given) == ({}, "")
    assert (tmp_path / "feeds.opml").read_text("utf-8") == "kept"


def test_a_set_up_or_version_that_fails_is_reported_with_what_it_printed() -> None:
    for given, message in (
        (Commands(poll="x {url}", setup="echo no >&2; exit 3"), "--setup ended with status 3: no"),
        (Commands(poll="x {url}", version="echo no; exit 4"), "--version ended with status 4: no"),
    ):
        adapter = CommandAdapter(given)
        with pytest.raises(SetupError) as caught:
            adapter.open("lane")
        adapter.close()
        assert str(caught.value) == message


def test_a_list_that_fails_or_is_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "LARGEST_LIST", 10)
    for listing, message in (("echo no >&2; exit 3", "no"), ("echo zqv1i1zq and more", "printed more than")):
        adapter = CommandAdapter(Commands(poll="x {url}", list=listing))
        with pytest.raises(ListFailed, match=message):
            adapter.open("lane").rows()
        adapter.close()


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029", "\x7f", "\\u001c"])
def test_a_line_of_json_is_one_item_whatever_signs_are_in_its_texts(sign: str, tmp_path: Path) -> None:
    """Python takes U+2028 and others for the end of a line, and JSON has them in texts as they are (RFC 8259 §7)."""
    content = f"zqv1i1zq{sign}<script>"
    listed = f'{{"title": "zqv1i1zq", "content": "{content}", "link": "l"}}\r\nzqv1i2zq\n'
    (tmp_path / "list").write_bytes(listed.encode("utf-8"))
    adapter = CommandAdapter(Commands(poll="x {url}", list=f"cat '{tmp_path / 'list'}'"))
    rows = adapter.open("lane").rows()
    adapter.close()

    content = content.replace("\\u001c", "\x1c")
    assert [(row.number, row.title, dict(row.fields)) for row in rows or ()] == [
        (1, "zqv1i1zq", {"title": "zqv1i1zq", "content": content, "link": "l"}),
        (2, "zqv1i2zq", {"title": "zqv1i2zq"}),
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)
def test_files_that_a_reader_writes_have_the_time_of_its_moved_clock() -> None:
    day = 86_400.0
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script = f"import socket, time; socket.create_connection({listening.getsockname()}); time.time()"
        given = Commands(
            setup="touch old",
            add="touch added # {url}",
            poll=f'{PYTHON} -S -c "{script}" && touch new "$TMPDIR/new" "$XDG_RUNTIME_DIR/new" && rm -f late && '
            "{ (sleep 0.05; touch late) & } # {url}",
        )
        adapter = CommandAdapter(given)
        session = adapter.open("lane")
        session.add([Subscription(1, "http://127.0.0.1:1/v1/feed.xml", "V1")])
        session.present()
        for _ in range(2):
            session.clock.advance(day)
            session.poll()
            late, deadline = adapter._root / "lane/home/late", time.monotonic() + 10
            while not late.exists():  # it is written in the background
                assert time.monotonic() < deadline
                time.sleep(0.01)
            session.present()
        names = ("home/old", "home/added", "home/new", "home/late", "tmp/new", "run/new")
        ages = {name: time.time() - (adapter._root / "lane" / name).stat().st_mtime for name in names}
        session.close()
        adapter.close()

    days = {name: round(age / day) for name, age in ages.items()}
    assert days == {"home/old": 0, "home/added": 0, **dict.fromkeys(names[2:], -2)}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="links as POSIX has them")
def test_files_that_a_link_puts_out_of_reach_are_not_looked_at() -> None:
    adapter = CommandAdapter(Commands(poll="ln -s / data # {url}", state="data"))
    try:
        session = adapter.open("lane")
        session.add([Subscription(1, "http://h.example/", "V1")])
        assert session.poll().is_good
        with pytest.raises(ListFailed, match=r"^the reader's files were not looked at: a link leads from "):
            session.present()
        session.close()
    finally:
        adapter.close()


def test_a_home_that_cannot_be_copied_is_a_failed_set_up() -> None:
    adapter = CommandAdapter(Commands(poll="x {url}", setup="exit 0"))
    try:
        adapter.set_up()
        (adapter._root / "lane").mkdir()  # so that nothing can be copied there
        with pytest.raises(SetupError, match=r"^no HOME can be made for it: "):
            adapter.open("lane")
    finally:
        adapter.close()
