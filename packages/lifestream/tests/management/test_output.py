"""The output of commands: tables, times and progress, without control characters."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.utils import timezone

from command_cases import CommandTestCase
from factories import make_feed, make_subscription
from feedserver import Response
from lifestream.management.output import progress_bar, table_of
from lifestream.models import Feed
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.wording import when


class HostileWords(CommandTestCase):
    """Texts from servers are printed without control characters that a terminal would obey."""

    @pytest.mark.slow
    def test_no_control_character_of_a_feed_is_printed(self) -> None:
        evil = "\x1b]0;pwned\x07\x1b[2J\x9b31mred\x9d\x08\x7f"
        document = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": evil,
            "items": [{"id": "1", "title": evil}],
        }
        self.feedserver.add("/feed", Response(json.dumps(document), headers={"Content-Type": "application/feed+json"}))
        self.feedserver.add("/reason", Response(status=500, reason=evil))
        self.feedserver.add("/away", Response(status=302, headers={"Location": f"javascript:{evil}"}))
        self.feedserver.add("/broken", Response(f"<rss><channel><{evil}"))
        for path in ("/", "/favicon.ico"):
            self.feedserver.add(path, Response(status=404))
        printed = self.run_command("add_feed", self.get_url("/feed"))
        assert "]0;pwned[2J›31mred" in printed  # U+009B is read as the character of windows-1252 at that byte
        for path in ("/reason", "/away", "/broken"):
            printed += self.failure("add_feed", self.get_url(path))
            make_subscription(make_feed(self.get_url(path), next_fetch=timezone.now()))
        Feed.objects.update(next_fetch=timezone.now(), not_before=None)
        printed += self.run_command("update_feeds")
        for made in Feed.objects.all():
            printed += self.run_command("why", made.url)
        assert printed.count("31mred") >= 5
        assert {letter for letter in printed if unicodedata.category(letter) == "Cc"} == {"\n"}


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


ROW = FeedReport(1, "A [bold]feed[/bold]", "http://a.example/", "new", 2, 1, None, "410 Gone: it is not fetched again")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_progress_is_shown_only_on_a_terminal() -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        with progress_bar(3, stream) as progress:
            progress(ROW)
    assert "1/3" in terminal.getvalue()
    assert "A [bold]feed[/bold]" in terminal.getvalue()
    assert file.getvalue() == ""


def test_a_narrow_terminal_has_the_time_of_the_next_fetch_without_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    due = FeedReport(
        1, "A feed", "http://a.example/", "new", 2, 1, NOW + timedelta(hours=1), "our own interval of 1 hour"
    )
    monkeypatch.setenv("COLUMNS", "80")
    assert plain(table_of(Report((due, ROW)), Terminal(), NOW)) == [
        "Feed                 Status  New  Changed  Next due",
        "A feed               new       2        1  13:00",
        "A [bold]feed[/bold]  new       2        1  never",
    ]
    monkeypatch.setenv("COLUMNS", "120")
    assert "13:00 (in 1 hour)  our own interval of 1 hour" in table_of(Report((due,)), Terminal(), NOW)


def plain(printed: str) -> list[str]:
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in printed.splitlines()]


def test_a_title_is_no_markup_and_without_a_terminal_nothing_is_cut() -> None:
    long = FeedReport(2, "A very long title " * 6, "http://b.example/", "failed", message="it " + "failed " * 10)
    printed = table_of(Report((ROW, long)), io.StringIO(), NOW)
    assert "A [bold]feed[/bold] " in printed
    assert "never" in printed
    assert "\x1b" not in printed
    assert printed.count("very") == 6
    assert printed.count("failed") == 11


def test_a_terminal_gets_colours() -> None:
    with mock.patch.dict("os.environ", {"TERM": "xterm-256color", "NO_COLOR": ""}):
        assert "\x1b[32mnew" in table_of(Report((ROW,)), Terminal(), NOW)


def test_a_terminal_gets_no_colours_if_its_user_wants_none() -> None:
    with mock.patch.dict("os.environ", {"TERM": "xterm-256color", "NO_COLOR": "1"}):
        assert "\x1b[32m" not in table_of(Report((ROW,)), Terminal(), NOW)


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_file_gets_no_escape_sequences_where_the_environment_asks_for_colours(variable: str) -> None:
    with mock.patch.dict("os.environ", {"TERM": "xterm-256color", variable: "1"}):
        assert "\x1b" not in table_of(Report((ROW,)), io.StringIO(), NOW)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (None, "never"),
        (NOW + timedelta(hours=2), "14:00 (in 2 hours)"),
        (NOW + timedelta(days=2), "2026-03-03 12:00 (in 2 days)"),
        (NOW, "12:00 (now)"),
        (NOW - timedelta(hours=1), "11:00 (now)"),
    ],
)
def test_the_time_of_the_next_fetch_is_worded_for_people(at: datetime | None, words: str) -> None:
    assert when(at, NOW) == words
