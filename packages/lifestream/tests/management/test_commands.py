"""The commands: what they do, what they say, and how they end."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from factories import make_feed, make_lifestream, make_subscription
from feedserver import Response, gone
from feedserver.django import FeedServerTestCase
from lifestream.management.commands.serve import split_address
from lifestream.management.output import progress_bar, table_of, when
from lifestream.models import Feed, Host, Item, Lifestream, Subscription
from lifestream.refresh.opml import Outline, render
from lifestream.refresh.refresh_report import FeedReport, Report
from served import feed, page, rss


class CommandTestCase(FeedServerTestCase):
    def run_command(self, name: str, *arguments: str) -> str:
        """What the command prints."""
        out = io.StringIO()
        with mock.patch("sys.stdout", out):
            call_command(name, *arguments)
        return out.getvalue()

    def failure(self, name: str, *arguments: str) -> str:
        """What the command says when it fails."""
        with pytest.raises(CommandError) as error:
            self.run_command(name, *arguments)
        return str(error.value)


class HostileWords(CommandTestCase):
    """What a server says is printed, and no terminal obeys it."""

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
        assert "]0;pwned[2J31mred" in printed
        for path in ("/reason", "/away", "/broken"):
            printed += self.failure("add_feed", self.get_url(path))
            make_subscription(make_feed(self.get_url(path), next_fetch=timezone.now()))
        Feed.objects.update(next_fetch=timezone.now(), not_before=None)
        printed += self.run_command("update_feeds")
        for made in Feed.objects.all():
            printed += self.run_command("why", made.url)
        assert printed.count("31mred") >= 5
        assert {letter for letter in printed if unicodedata.category(letter) == "Cc"} == {"\n"}


class AddFeed(CommandTestCase):
    def test_on_an_empty_database_the_lifestream_main_is_made(self) -> None:
        self.feedserver.add("/feed", feed())
        printed = self.run_command("add_feed", self.get_url("/feed"))
        assert Lifestream.objects.get().slug == "main"
        assert Item.objects.count() == 2
        assert len(self.feedserver.requests) == 1
        lines = printed.splitlines()
        assert lines[0] == f"A feed: {self.get_url('/feed')}"
        assert "  format: rss20" in lines
        assert "  site: http://example.org/" in lines
        assert "  It is in the lifestream 'main', with 2 items." in lines
        assert lines[-1].startswith("  It is asked again at ")
        assert lines[-1].endswith(": our own interval of 1 hour.")

    def test_the_page_that_led_to_it_is_told(self) -> None:
        self.feedserver.add("/", page('<link rel="alternate" type="application/rss+xml" href="/feed">'))
        self.feedserver.add("/feed", feed())
        printed = self.run_command("add_feed", self.get_url("/"))
        assert printed.startswith(f"A feed: {self.get_url('/feed')}, which {self.get_url('/')} leads to\n")

    def test_a_feed_without_a_title_needs_a_name(self) -> None:
        self.feedserver.add("/feed", Response(rss("one", title="")))
        assert self.failure("add_feed", self.get_url("/feed")) == (
            f"the feed at {self.get_url('/feed')} has no title; give it a name: use --name"
        )
        assert "Mine: " in self.run_command("add_feed", self.get_url("/feed"), "--name", "Mine")

    def test_what_is_no_feed_is_refused(self) -> None:
        self.feedserver.add("/feed", Response(status=404))
        assert self.failure("add_feed", self.get_url("/feed")).endswith("the server answered 404 Not Found")
        assert not Feed.objects.exists()

    def test_of_several_lifestreams_one_is_to_be_chosen(self) -> None:
        make_lifestream("one")
        make_lifestream("two")
        self.feedserver.add("/feed", feed())
        assert self.failure("add_feed", self.get_url("/feed")) == (
            "there are several lifestreams; choose one with --lifestream: one, two"
        )
        assert self.failure("add_feed", self.get_url("/feed"), "--lifestream", "three") == (
            "there is no lifestream 'three'; choose one of these: one, two"
        )
        self.run_command("add_feed", self.get_url("/feed"), "--lifestream", "two", "--folder", "News")
        assert Subscription.objects.get().lifestream.slug == "two"
        assert Subscription.objects.get().folder == "News"


class UpdateFeeds(CommandTestCase):
    def test_a_table_tells_of_each_feed_and_a_line_of_all(self) -> None:
        self.feedserver.add("/good", feed())
        self.feedserver.add("/bad", Response(status=500))
        make_feed(self.get_url("/good"))
        make_feed(self.get_url("/bad"), title="Bad luck")
        lines = self.run_command("update_feeds").splitlines()
        assert lines[0].split() == ["Feed", "Status", "New", "Changed", "Next", "due", "Why"]
        good = next(line for line in lines if line.startswith("A feed"))
        assert good.split()[2:5] == ["new", "2", "0"]
        assert good.endswith("our own interval of 1 hour")
        bad = next(line for line in lines if line.startswith("Bad luck"))
        assert "failed: the server answered 500 Internal Server Error" in bad
        assert bad.rstrip().endswith("1st error in a row, 1 hour apart")
        assert lines[-1] == "2 feeds asked, 2 new, 0 changed, 1 failed."

    def test_feeds_of_one_site_that_have_no_title_yet_are_told_apart(self) -> None:
        self.feedserver.add("/good", feed())
        make_feed(self.get_url("/good"))
        for path in ("/first", "/second"):
            self.feedserver.add(path, Response(status=500))
            make_feed(self.get_url(path), domain="127.0.0.1")
        table = self.run_command("update_feeds")
        assert self.get_url("/first") in table
        assert self.get_url("/second") in table

    def test_the_exit_status_is_1_if_all_failed(self) -> None:
        self.feedserver.add("/bad", Response(status=500))
        make_feed(self.get_url("/bad"))
        with pytest.raises(SystemExit) as end:
            self.run_command("update_feeds")
        assert end.value.code == 1

    def test_nothing_due_is_no_failure_and_says_when_something_is(self) -> None:
        assert self.run_command("update_feeds") == (
            "There are no feeds yet; add one with add_feed URL.\n0 feeds asked, 0 new, 0 changed, 0 failed.\n"
        )
        make_feed(
            "http://example.org/", title="Later", next_fetch=timezone.now() + timedelta(hours=2), next_reason="ttl"
        )
        assert self.run_command("update_feeds").startswith("Nothing is due. The next is Later at ")

    def test_a_named_feed_alone_is_asked(self) -> None:
        self.feedserver.add("/named", feed())
        make_feed(self.get_url("/named"))
        make_feed(self.get_url("/other"))
        self.run_command("update_feeds", "--feed", self.get_url("/named"))
        assert [request.path for request in self.feedserver.requests] == ["/named"]

    def test_a_named_feed_that_is_not_asked_is_told_with_the_reason(self) -> None:
        later = timezone.now() + timedelta(hours=2)
        waiting = make_feed("http://a.example/", next_fetch=later, next_reason="our own interval of 2 hours")
        make_feed("http://b.example/", status=Feed.Status.PAUSED)
        busy = make_feed("http://c.example/")
        Host.objects.filter(pk=busy.host_id).update(not_before=later)
        printed = self.run_command(
            "update_feeds", "--feed", "http://a.example/", "--feed", "http://b.example/", "--feed", "http://c.example/"
        )
        assert f"{waiting.url} was not asked: it is due at {when(later, timezone.now())[:5]}" in printed
        assert "our own interval of 2 hours." in printed
        assert "http://b.example/ was not asked: it is paused." in printed
        assert "http://c.example/ was not asked: it waits until " in printed
        assert "its server asked for a pause." in printed

    def test_a_feed_that_nobody_added_is_an_error(self) -> None:
        assert self.failure("update_feeds", "--feed", "http://a.example/") == (
            "there is no feed http://a.example/; add it with add_feed"
        )

    def test_all_skips_our_own_interval_and_nothing_else(self) -> None:
        answers = {
            "/plain": feed(),
            "/max-age": feed(Cache_Control="max-age=86400"),
            "/ttl": Response(rss("one", head="<ttl>600</ttl>")),
            "/gone": gone(),
        }
        for path, answer in answers.items():
            self.feedserver.add(path, answer)
            make_feed(self.get_url(path))
        make_feed(self.get_url("/paused"), status=Feed.Status.PAUSED)
        self.run_command("update_feeds")
        self.run_command("update_feeds", "--all")
        assert sorted(request.path for request in self.feedserver.requests) == sorted([*answers, "/plain"])

    def test_all_waits_as_long_as_a_server_has_asked_for(self) -> None:
        self.feedserver.add("/busy", Response(status=503, headers={"Retry-After": "7200"}))
        make_feed(self.get_url("/busy"))
        for _ in range(2):
            with pytest.raises(SystemExit) if not self.feedserver.requests else nullcontext():
                self.run_command("update_feeds", "--all")
        assert len(self.feedserver.requests) == 1

    def test_quiet_prints_nothing(self) -> None:
        self.feedserver.add("/feed", feed())
        make_feed(self.get_url("/feed"))
        assert self.run_command("update_feeds", "-v", "0") == ""
        assert Item.objects.count() == 2


class Opml(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "list.opml"

    def test_a_list_is_imported_and_fetched(self) -> None:
        self.feedserver.add("/feed", feed())
        outlines = [Outline(self.get_url("/feed"), "Mine", folder="News"), Outline("ftp://example.org/")]
        self.file.write_bytes(render("t", outlines))
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            printed = self.run_command("import_opml", str(self.file))
        assert printed.startswith("1 feed added to 'main', 0 known before, 1 left out.\n")
        assert printed.endswith("1 feed asked, 2 new, 0 changed, 0 failed.\n")
        assert "Left out: ftp://example.org/ is not fetched" in errors.getvalue()
        assert Item.objects.count() == 2

    def test_the_fetching_may_be_left_to_others(self) -> None:
        self.file.write_bytes(render("t", [Outline(self.get_url("/feed"))]))
        self.run_command("import_opml", str(self.file), "--no-update")
        assert Feed.objects.count() == 1
        assert self.feedserver.requests == []

    def test_a_file_that_is_none_or_no_list_is_an_error(self) -> None:
        assert self.failure("import_opml", str(self.file)) == f"{self.file} can't be read: No such file or directory"
        self.file.write_text("hello")
        assert self.failure("import_opml", str(self.file)).startswith(f"{self.file}: it is no OPML")

    def test_a_list_is_exported_to_a_file_or_to_standard_output(self) -> None:
        lifestream = make_lifestream("main")
        make_subscription(make_feed("http://a.example/feed", title="A"), lifestream)
        self.run_command("export_opml", str(self.file))
        assert b'xmlUrl="http://a.example/feed"' in self.file.read_bytes()
        assert 'xmlUrl="http://a.example/feed"' in self.run_command("export_opml")
        assert self.failure("export_opml", str(self.file / "x")).startswith(f"{self.file / 'x'} can't be written: ")


class Terminal(io.StringIO):
    """Standard error as somebody who watches has it."""

    def isatty(self) -> bool:
        return True


ROW = FeedReport(1, "A [bold]feed[/bold]", "http://a.example/", "new", 2, 1, None, "410 Gone: it is not asked again")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_progress_shows_on_a_terminal_and_nowhere_else() -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        with progress_bar(3, stream) as progress:
            progress(ROW)
    assert "1/3" in terminal.getvalue()
    assert "A [bold]feed[/bold]" in terminal.getvalue()
    assert file.getvalue() == ""


def test_a_title_is_no_markup_and_nothing_is_cut_where_nobody_watches() -> None:
    long = FeedReport(2, "A very long title " * 6, "http://b.example/", "failed", message="it " + "failed " * 10)
    printed = table_of(Report((ROW, long)), io.StringIO(), NOW)
    assert "A [bold]feed[/bold] " in printed
    assert "never" in printed
    assert "\x1b" not in printed
    assert printed.count("failed") == 11


def test_colour_shows_on_a_terminal() -> None:
    with mock.patch.dict("os.environ", {"TERM": "xterm-256color", "NO_COLOR": ""}):
        assert "\x1b[32mnew" in table_of(Report((ROW,)), Terminal(), NOW)


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
def test_a_time_to_come_is_told_for_people(at: datetime | None, words: str) -> None:
    assert when(at, NOW) == words


@pytest.mark.parametrize(
    ("address", "split"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("0.0.0.0", ("0.0.0.0", 8000)),
        ("9000", ("127.0.0.1", 9000)),
        (":9000", ("127.0.0.1", 9000)),
        ("[::1]:9000", ("::1", 9000)),
        ("[::1]", ("::1", 8000)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_an_address_to_serve_at_may_leave_out_what_is_usual(address: str, split: tuple[str, int]) -> None:
    assert split_address(address) == split


@pytest.mark.parametrize("address", ["host:port", "127.0.0.1:99999", "a:b:c"])
def test_what_is_no_address_is_an_error(address: str) -> None:
    with pytest.raises(CommandError, match=r"is no address; write it like 127\.0\.0\.1:8000$"):
        split_address(address)


def test_the_demo_refuses_a_database_that_is_not_its_own(monkeypatch: Any) -> None:
    monkeypatch.delenv("LIFESTREAM_DEMO", raising=False)
    with pytest.raises(CommandError, match=r"^the demo needs a database of its own: run it as `lifestream demo`$"):
        call_command("demo", stdout=sys.stdout)
