"""`update_feeds`: the feeds that it fetches, and the table that it prints."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.management import CommandError
from django.utils import timezone

from command_cases import CommandTestCase
from factories import make_feed
from feedserver import Response, gone
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.models import Feed, Host, Item
from lifestream.refresh import icon_finder
from lifestream.wording import when
from served import feed, rss


class UpdateFeeds(CommandTestCase):
    def test_a_table_has_a_row_per_feed_and_a_line_for_all(self) -> None:
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
        assert bad.rstrip().endswith("1 error in a row, 1 hour apart")
        assert lines[-1] == "2 feeds asked, 2 new, 0 changed, 1 failed."

    def test_feeds_of_one_site_that_have_no_title_yet_are_shown_by_their_urls(self) -> None:
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

    def test_a_shortage_that_lets_no_icon_be_looked_for_is_an_error_with_the_remedy(self) -> None:
        self.feedserver.add("/good", feed())
        made = make_feed(self.get_url("/good"))
        with (
            patch.object(icon_finder, "require_files", side_effect=ShortOf(Shortage.FILES)),
            pytest.raises(CommandError) as caught,
        ):
            self.run_command("update_feeds")
        assert str(caught.value) == f"The command can't go on: {Shortage.FILES.value}."
        made.refresh_from_db()
        assert (Item.objects.count(), made.failures) == (2, 0)

    def test_if_nothing_is_due_the_next_due_feed_is_named(self) -> None:
        assert self.run_command("update_feeds") == (
            "There are no active feeds; add one with add_feed URL.\n0 feeds asked, 0 new, 0 changed, 0 failed.\n"
        )
        make_feed(
            "http://example.org/", title="Later", next_fetch=timezone.now() + timedelta(hours=2), next_reason="ttl"
        )
        assert self.run_command("update_feeds").startswith("Nothing is due. The next is Later at ")

    def test_a_due_feed_that_another_process_has_claimed_is_named(self) -> None:
        until = timezone.now() + timedelta(minutes=10)
        claimed = make_feed("http://example.org/", title="Claimed", claim_token="t", claimed_until=until)
        expected = "Nothing else is due. Another process has claimed Claimed, until "
        assert self.run_command("update_feeds").startswith(expected)
        assert f"{claimed.url} was not asked: another process has claimed it, until " in self.run_command(
            "update_feeds", "--feed", claimed.url
        )

    def test_only_a_named_feed_is_requested(self) -> None:
        self.feedserver.add("/named", feed())
        make_feed(self.get_url("/named"))
        make_feed(self.get_url("/other"))
        self.run_command("update_feeds", "--feed", self.get_url("/named"))
        assert [request.path for request in self.feedserver.requests] == ["/named"]

    def test_a_named_feed_that_is_not_requested_is_reported_with_the_reason(self) -> None:
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

    def test_the_option_all_skips_our_own_interval_and_nothing_else(self) -> None:
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

    def test_the_option_all_waits_as_long_as_a_server_has_asked_for(self) -> None:
        self.feedserver.add("/busy", Response(status=503, headers={"Retry-After": "7200"}))
        make_feed(self.get_url("/busy"))
        for _ in range(2):
            with pytest.raises(SystemExit) if not self.feedserver.requests else nullcontext():
                self.run_command("update_feeds", "--all")
        assert len(self.feedserver.requests) == 1

    def test_with_verbosity_0_nothing_is_printed(self) -> None:
        self.feedserver.add("/feed", feed())
        make_feed(self.get_url("/feed"))
        assert self.run_command("update_feeds", "-v", "0") == ""
        assert Item.objects.count() == 2
