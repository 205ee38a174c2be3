"""Control characters in the output of commands are escaped, wherever the output goes; and outputs that fail and
arguments that are not in UTF-8 are handled.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from django.test import override_settings

from factories import make_feed, make_lifestream, make_subscription
from lifestream.management.base import BaseCommand

HOSTILE = "a\x1b[31mb\u202ec"
SHOWN = r"a\x1b[31mb\u202ec"


class Command(BaseCommand):
    """A command that writes hostile text to both outputs."""

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(HOSTILE)
        self.stderr.write(HOSTILE)


def test_controls_are_escaped_on_the_outputs_of_the_command() -> None:
    out, errors = io.StringIO(), io.StringIO()
    Command(stdout=out, stderr=errors).execute(no_color=True, force_color=False, skip_checks=True)
    assert (out.getvalue(), errors.getvalue()) == (f"{SHOWN}\n", f"{SHOWN}\n")


def test_controls_are_escaped_on_the_outputs_of_a_call() -> None:
    out, errors = io.StringIO(), io.StringIO()
    options = {"no_color": True, "force_color": False, "skip_checks": True}
    Command().execute(stdout=out, stderr=errors, **options)
    assert (out.getvalue(), errors.getvalue()) == (f"{SHOWN}\n", f"{SHOWN}\n")


def test_controls_are_escaped_in_errors_about_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Command().run_from_argv(["lifestream", "command", f"{HOSTILE}\nlifestream: all is well"])
    shown = capsys.readouterr().err
    assert SHOWN in shown and "\\nlifestream: all" in shown
    assert not set(shown) & {"\x1b", "\u202e"}


@pytest.mark.django_db  # the checks ask the database, unless another test has asked it before
@override_settings(LIFESTREAM_TIMEOUT=0)
def test_no_escapes_of_colours_are_shown_in_errors_of_the_settings() -> None:
    with pytest.raises(SystemCheckError) as refusal:
        Command().execute(no_color=False, force_color=True, skip_checks=False)
    errors = io.StringIO()
    Command(stderr=errors).stderr.write(str(refusal.value))
    assert "LIFESTREAM_TIMEOUT" in errors.getvalue() and "x1b" not in errors.getvalue()


def test_an_error_is_raised_and_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(BaseCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            raise CommandError("no")

    with pytest.raises(CommandError, match="no"):
        Failing().execute(no_color=True, force_color=False, skip_checks=True)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def unread() -> Iterator[io.TextIOWrapper]:
    """Yield a pipe that nobody reads, as after `head` has ended."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream


def test_a_command_continues_when_nobody_reads_its_output_any_more(unread: io.TextIOWrapper) -> None:
    done = []

    class Long(BaseCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            for number in range(3):
                self.stdout.write("x" * 100_000)
                done.append((number, self.stdout.has_reader))

    Long(stdout=unread).execute(no_color=True, force_color=False, skip_checks=True)
    assert done == [(0, False), (1, False), (2, False)]


def test_buffered_output_that_nobody_reads_is_no_error_at_the_end(unread: io.TextIOWrapper) -> None:
    command = Command(stdout=unread, stderr=io.StringIO())
    command.execute(no_color=True, force_color=False, skip_checks=True)
    assert not command.stdout.has_reader
    unread.flush()  # as Python does at its end


def test_what_was_written_before_a_command_and_nobody_reads_does_not_end_it(unread: io.TextIOWrapper) -> None:
    unread.write("by the script that calls the command")
    command = Command(stdout=unread, stderr=io.StringIO())
    command.execute(no_color=True, force_color=False, skip_checks=True)
    assert not command.stdout.has_reader


@pytest.fixture
def full() -> Iterator[io.TextIOWrapper]:
    """Yield a file on a disk that is full."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is full")
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        yield stream


@pytest.mark.parametrize("size", [1, 100_000], ids=["buffered", "written at once"])
@pytest.mark.parametrize("output", ["stdout", "stderr"])
def test_a_command_whose_output_does_not_fit_on_the_disk_continues_and_then_fails(
    full: io.TextIOWrapper, output: str, size: int
) -> None:
    done = []

    class Long(BaseCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            for number in range(2):
                getattr(self, output).write("x" * size)
                done.append(number)

    outputs = {"stdout": io.StringIO(), "stderr": io.StringIO()} | {output: full}
    with pytest.raises(CommandError, match="The output can't be written: the disk is full: free some space"):
        Long(**outputs).execute(no_color=True, force_color=False, skip_checks=True)
    assert done == [0, 1]
    full.flush()  # as Python does at its end


def test_a_character_that_the_encoding_of_the_output_lacks_is_written_as_an_escape() -> None:
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="cp1252", newline="") as stream:
        Command(stdout=stream).stdout.write("😀 Grüße")
        stream.flush()
        assert written.getvalue() == b"\\U0001f600 Gr\xfc\xdfe\n"


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["export_opml", "export_json"])
def test_a_document_for_another_program_is_in_utf_8_whatever_the_encoding_of_the_output(command: str) -> None:
    make_subscription(make_feed("http://a.example/feed", title="😀 Grüße"), make_lifestream("main"))
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="cp1252", newline="") as stream:
        call_command(command, stdout=stream)
        stream.flush()
        assert "😀 Grüße".encode() in written.getvalue()
        assert stream.encoding == "cp1252"


def test_a_document_for_a_full_disk_fails_with_the_reason(full: io.TextIOWrapper) -> None:
    class Exporting(BaseCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            with self.stdout.in_utf_8():
                self.stdout.write("x")

    with pytest.raises(CommandError, match="The output can't be written: the disk is full: free some space"):
        Exporting(stdout=full).execute(no_color=True, force_color=False, skip_checks=True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "command",
    [
        ("edit_feed", "\udcff", "--folder", "x"),
        ("remove_feed", "\udcff"),
        ("why", "\udcff"),
        ("add_feed", "https://feed.example/", "--lifestream", "\udcff"),
        ("export_opml", "--lifestream", "\udcff"),
    ],
)
def test_an_argument_that_is_not_utf_8_is_an_error_that_does_not_show_it(command: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as raised:
        call_command(*command)
    assert "is not in UTF-8" in str(raised.value)
    assert "\udcff" not in str(raised.value)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "this process may open no more files: raise the limit"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: free some space"),
        (MemoryError(), "there is no more memory: lower LIFESTREAM_CONCURRENCY"),
        (RuntimeError("can't start new thread"), "no more threads can be started: raise the limit"),
    ],
)
def test_a_shortage_ends_a_command_with_the_remedy(error: Exception, remedy: str) -> None:
    class Short(BaseCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            raise error

    with pytest.raises(CommandError, match=rf"^The command can't go on: {re.escape(remedy)}.*\.$"):
        Short().execute(no_color=True, force_color=False, skip_checks=True)


def test_any_other_text_that_cannot_be_encoded_is_a_bug_and_is_raised() -> None:
    class Failing(BaseCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            "\ud800".encode()

    with pytest.raises(UnicodeEncodeError):
        Failing().execute(no_color=True, force_color=False, skip_checks=True)


def test_no_name_in_an_error_begins_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(BaseCommand):
        requires_system_checks: list[str] = []

        def handle(self, *args: Any, **options: Any) -> None:
            raise CommandError(f"{HOSTILE}\nall is well can't be read")

    with pytest.raises(SystemExit):
        Failing().run_from_argv(["lifestream", "command"])
    assert capsys.readouterr().err == f"CommandError: {SHOWN}\\nall is well can't be read\n"


def test_a_traceback_of_a_command_has_escapes_and_begins_no_other_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(BaseCommand):
        requires_system_checks: list[str] = []

        def handle(self, *args: Any, **options: Any) -> None:
            raise CommandError("refused") from ValueError(f"{HOSTILE}\nall is well")

    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    with pytest.raises(CommandError) as raised:
        Failing().run_from_argv(["lifestream", "command", "--traceback"])
    sys.excepthook(raised.type, raised.value, raised.tb)
    printed = capsys.readouterr().err
    assert f"ValueError: {SHOWN}\n    all is well\n" in printed
    assert printed.endswith("\n    django.core.management.base.CommandError: refused\n")


def test_a_site_may_report_tracebacks_in_a_way_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def report(*_of_exception: object) -> None: ...

    monkeypatch.setattr(sys, "excepthook", report)
    with pytest.raises(SystemExit):
        Command().run_from_argv(["lifestream", "command", "--help"])
    assert sys.excepthook is report


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("https://ada:secret@a.example/x", "https://…@a.example/x"),
        ("http:/ada:secret@a.example", "http:/…@a.example"),
        ("ada:secret@a.example", "…@a.example"),
        ("'ada:secret@a.example'", "'…@a.example'"),
        ("https://ada:sec/secret?x#y@a.example/x", "https://…@a.example/x"),
        ("--page=//ada:secret@a.example", "--page=…@a.example"),
        ("http://ada:my secret@a.example/x", "http://…@a.example/x"),
        ("ada:x/secret@a.example/y", "…@a.example/y"),
        ("ada%3Asecret%2540a.example", "…@a.example"),
        ("https%3A%2F%2Fada%3Asecret%40a.example", "https%3A%2F%2F…@a.example"),
        ("https://a.example/proxy/https://ada:secret@b.example/x", "https://a.example/proxy/https://…@b.example/x"),
        ("https://a.example/x/ada:secret\uff20b.example/", "https://a.example/x/…@b.example/"),
        *(
            (honest, honest)
            for honest in (
                *("localhost:8000/@ada", "medium.com/@ada", "a.example:8000?x=@ada", "[::1]:8000/@ada"),
                *("C:/Users/ada@home/x", "http://a.example: ask ada@b.example", "http://a.example:80, ada@b.example"),
                *("https%3A%2F%2Fa.example%3A80%2F%40ada", "https://a.example/?a=acct:ada@b.example"),
                *("https://a.example/a:b/@ada", "https://a.example/?email=ada%40b.example"),
            )
        ),
        ("https://a.example:8080/@ada", "https://a.example:8080/@ada"),
        ("https://a.example/@ada:b", "https://a.example/@ada:b"),
        ("https://[::1]/@ada", "https://[::1]/@ada"),
        ("mailto:ada@a.example", "mailto:ada@a.example"),
        ("ada@a.example", "ada@a.example"),
    ],
)
def test_no_error_of_a_command_shows_a_login(argument: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(BaseCommand):
        requires_system_checks: list[str] = []

        def handle(self, *args: Any, **options: Any) -> None:
            raise CommandError(f"{argument}: no such file")

    with pytest.raises(SystemExit):
        Failing().run_from_argv(["lifestream", "command"])
    with pytest.raises(SystemExit):
        Failing().run_from_argv(["lifestream", "command", argument])
    printed = capsys.readouterr().err
    assert f"CommandError: {shown}: no such file\n" in printed
    assert f"unrecognized arguments: {shown}\n" in printed
    assert "secret" not in printed
