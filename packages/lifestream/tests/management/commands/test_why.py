"""`why`: the state of a feed, its last fetches, and the reasons for the time of the next one."""

from __future__ import annotations

import io
from datetime import timedelta
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings

from factories import make_feed, make_subscription
from feedserver import Response, gone, moved
from feedserver.django import FeedServerTestCase
from lifestream.models import Feed, Host
from lifestream.refresh import refresh
from served import START, Clock, feed, rss


def why(url: str, *arguments: str) -> list[str]:
    """Return the lines that the command prints."""
    out = io.StringIO()
    with mock.patch("sys.stdout", out):
        call_command("why", url, *arguments)
    return out.getvalue().splitlines()


@pytest.mark.usefixtures("shared_parsers")
class Why(FeedServerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.enterContext(mock.patch("django.utils.timezone.now", self.clock))

    def fetched(self, *answers: Response, times: int = 1, **fields: object) -> str:
        """Return the URL of a feed that was fetched *times* times, each time when it was due."""
        self.feedserver.add("/feed", *answers)
        made = make_feed(self.get_url("/feed"), **{"next_fetch": START, "created": START, **fields})
        make_subscription(made)
        for number in range(times):
            if number:
                made.refresh_from_db()
                self.clock.now = made.next_fetch
            refresh(clock=self.clock)
        return made.url

    def test_the_state_the_due_time_and_the_reason_that_is_used_are_shown(self) -> None:
        body = rss("one", head="<ttl>90</ttl>")
        url = self.fetched(Response(body, headers={"ETag": '"v1"', "Cache-Control": "max-age=7200"}))
        self.clock.move(minutes=10)
        lines = why(url)
        assert lines[:10] == [
            f"A feed: {url}",
            "  health          ok",
            "  subscribers     1",
            "  last fetch      12:00 (10 minutes ago): new",
            '  ETag            "v1"',
            "",
            "Next fetch: 14:00 (in 1 hour 50 minutes): max-age of the last answer: 2 hours",
            "    13:00:00  our own interval of 1 hour",
            "    13:30:00  the feed's ttl: 1 hour 30 minutes",
            "  > 14:00:00  max-age of the last answer: 2 hours",
        ]
        assert lines[10] == (
            "  Not before 14:00 (in 1 hour 50 minutes), not even with --all: server or feed ask for that."
        )
        assert lines[11:13] == ["", "Last fetches:"]
        assert " ".join(lines[13].split()) == "When What came New Changed Took Next due then, and why"
        assert lines[14].startswith("12:00 (10 minutes ago)  new 200")
        assert lines[14].endswith("2026-03-01 14:00: max-age of the last answer: 2 hours")
        assert len(lines) == 15

    @override_settings(LIFESTREAM_JITTER=0.1)
    def test_the_spread_is_reported_beside_the_reason_that_won(self) -> None:
        lines = why(self.fetched(feed()))
        assert "  > 13:00:00  our own interval of 1 hour" in lines
        [spread] = [line for line in lines if line.endswith(" more, so that feeds don't come all at once")]
        assert spread.startswith("    13:0")

    def test_skipped_hours_are_reported_after_the_reason_that_they_delay(self) -> None:
        lines = why(self.fetched(Response(rss("one", head="<skipHours><hour>13</hour></skipHours>"))))
        assert "Next fetch: 14:00 (in 2 hours): the feed's skipHours" in lines
        assert "    13:00:00  our own interval of 1 hour" in lines
        assert "  > 14:00:00  the feed's skipHours" in lines

    def test_a_failing_feed_shows_since_when_and_the_error(self) -> None:
        lines = why(self.fetched(feed(), *[Response(status=500)] * 2, Response(status=404), times=4))
        assert "  health          failing, 3 times in a row" in lines
        assert "  last success    12:00 (4 hours ago)" in lines
        assert "  last error      the server answered 404 Not Found" in lines
        assert "  > 20:00:00  3 errors in a row, 4 hours apart" in lines
        log = lines[lines.index("Last fetches:") + 2 :]
        assert log[0].startswith("16:00 (0 seconds ago) ") and " failed 404 the server" in log[0]
        assert log[1].startswith("14:00 (2 hours ago), the last of 2 in 1 hour  failed 500 the server")
        assert log[2].startswith("12:00 (4 hours ago) ") and " new 200 " in log[2]

    def test_a_permanent_redirect_that_is_not_adopted_yet_is_reported(self) -> None:
        self.feedserver.add("/new", feed())
        lines = why(self.fetched(moved("/new"), times=2))
        assert (
            f"  redirected to   {self.get_url('/new')}, permanently; it is saved after 3 times in a row, 2 so far"
            in lines
        )

    def test_a_pause_of_the_host_comes_before_all_else(self) -> None:
        url = self.fetched(feed())
        Host.objects.update(not_before=START + timedelta(hours=5))
        lines = why(url)
        host = Host.objects.get().name
        assert f"Next fetch: 17:00 (in 5 hours): its server asked for a pause, for all feeds of {host}" in lines
        assert "    13:00:00  our own interval of 1 hour" in lines
        assert "  > 17:00:00  a pause that its server asked for" in lines

    def test_a_feed_that_is_not_fetched_any_more_is_reported_with_the_reason(self) -> None:
        url = self.fetched(gone())
        assert "Next fetch: none: 410 Gone: it is not fetched again" in why(url)
        Feed.objects.update(status=Feed.Status.PAUSED)
        assert "Next fetch: none, since it is paused; resume it in the admin" in why(url)

    def test_a_feed_that_was_never_fetched_is_reported_as_such(self) -> None:
        make_feed("https://a.example/feed", next_fetch=START)
        lines = why("https://a.example/feed")
        assert "  subscribers     none" in lines
        assert lines[-1] == "Next fetch: 12:00 (now): it has not been fetched yet"

    def test_a_feed_that_was_made_due_by_hand_has_only_this_reason(self) -> None:
        url = self.fetched(feed())
        Feed.objects.update(next_fetch=START, next_reason="resumed")
        lines = why(url)
        assert "Next fetch: 12:00 (now): resumed" in lines
        assert not any("our own interval" in line for line in lines[: lines.index("Last fetches:")])

    def test_a_feed_that_a_worker_is_fetching_is_reported_as_such(self) -> None:
        url = self.fetched(feed())
        Feed.objects.update(claim_token="x", claimed_until=START + timedelta(minutes=15))
        assert "  being fetched   a worker holds it until 12:15 (in 15 minutes) at most" in why(url)

    @pytest.mark.slow
    def test_the_number_of_fetches_is_an_option(self) -> None:
        answers = [Response(status=status) for status in (500, 501, 502, 503, 504)]
        url = self.fetched(*answers, times=5)
        lines = why(url, "--fetches", "2")
        assert [line.split("failed ")[1][:3] for line in lines[-2:]] == ["504", "503"]
        assert "Last fetches:" not in why(url, "--fetches", "0")

    def test_an_unknown_url_is_an_error_that_names_similar_ones(self) -> None:
        make_feed("https://blog.example/feeds/atom.xml")
        make_feed("https://blog.example/feeds/comments.xml")
        make_feed("https://other.example/atom.xml")
        for url, meant in {
            "https://blog.example/atom.xml": (
                "https://blog.example/feeds/atom.xml or https://blog.example/feeds/comments.xml"
            ),
            "https://othr.example/atom.xml": "https://other.example/atom.xml",
        }.items():
            with pytest.raises(CommandError) as error:
                why(url)
            assert str(error.value) == f"there is no feed {url}; add it with add_feed; did you mean {meant}?"
            assert error.value.returncode == 1

    def test_no_url_is_suggested_if_none_is_similar(self) -> None:
        make_feed("https://blog.example/feeds/atom.xml")
        with pytest.raises(CommandError) as error:
            why("ftp://x")
        assert str(error.value) == "there is no feed ftp://x; add it with add_feed"
        with pytest.raises(CommandError) as error:
            why("http://ada:secret@[x")
        assert str(error.value) == "there is no such feed: Invalid IPv6 URL"

    def test_rule_23_what_was_over_a_cap_is_reported(self) -> None:
        url = self.fetched(Response(rss("x" * 3000)))
        printed = " ".join(" ".join(why(url)).split())
        assert "capped once: a title: at most" in printed
        assert "is cut, with" in printed
