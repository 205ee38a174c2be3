"""`edit_feed`: change the URL, the login or the way to fetch; tested with real requests."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.test import override_settings

from command_cases import CommandTestCase
from factories import make_feed, make_lifestream, make_subscription
from feedserver import Response
from lifestream.models import Feed, Item, Subscription
from lifestream.refresh import refresh
from lifestream.storage.feed_options import FeedOptions
from served import feed, rss


class EditFeed(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.lifestream = make_lifestream("main")
        self.feed = make_feed(self.get_url("/feed"))
        make_subscription(self.feed, self.lifestream)
        self.feedserver.add("/feed", feed(("one",), ETag='"v1"'))

    def edit(self, *arguments: str, stdin: str = "") -> tuple[str, str]:
        with mock.patch("sys.stderr", io.StringIO()) as errors, mock.patch("sys.stdin", io.StringIO(stdin)):
            printed = self.run_command("edit_feed", *arguments)
        return printed, errors.getvalue()

    def options(self) -> FeedOptions:
        self.feed.refresh_from_db()
        return FeedOptions.from_json(self.feed.options)

    def test_a_feed_at_another_url_is_read_whole_and_its_items_are_the_same(self) -> None:
        refresh([self.feed.pk])
        self.feedserver.add("/new", feed(("one", "two"), ETag='"v1"'))
        printed, _ = self.edit(self.get_url("/feed"), "--url", self.get_url("/new"))
        assert printed == f"{self.get_url('/new')} is changed, and due.\n"
        refresh([self.feed.pk])
        assert "If-None-Match" not in self.feedserver.requests[-1].headers
        assert sorted(Item.objects.values_list("title", flat=True)) == ["one", "two"]

    def test_login_headers_and_user_agent_are_set_and_no_secret_is_shown(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret"), auth="Basic ada:pass word"))
        url = self.get_url("/feed")
        printed, errors = self.edit(
            url, "--login", "ada", "--header", "X-Key: s3cret", "--user-agent", "Mine/1", stdin="pass word\n"
        )
        report = refresh([self.feed.pk])
        assert not report.failed
        headers = self.feedserver.requests[-1].headers
        assert (headers["X-Key"], headers["User-Agent"]) == ("s3cret", "Mine/1")
        why = self.run_command("why", url)
        for text in (printed, errors, why, self.run_command("export_opml"), self.run_command("export_json")):
            assert "s3cret" not in text
            assert "pass word" not in text
        assert url not in self.run_command("export_opml"), "it is private now"

    def test_the_interval_is_used_for_the_next_fetch(self) -> None:
        self.edit(self.get_url("/feed"), "--interval", "6h")
        refresh([self.feed.pk])
        self.feed.refresh_from_db()
        assert str(self.feed.next_reason) == "our own interval of 6 hours"
        self.edit(self.get_url("/feed"), "--interval", "")
        assert self.options() == FeedOptions()

    def test_options_that_weaken_a_connection_cause_a_warning(self) -> None:
        _, errors = self.edit(self.get_url("/feed"), "--no-verify")
        assert errors.startswith("WARNING: the certificate is not verified any more.")
        assert not self.options().verifies
        _, errors = self.edit(self.get_url("/feed"), "--verify", "--proxy", "socks5://127.0.0.1:1")
        assert errors.startswith("The proxy looks up the address of the host")
        _, errors = self.edit(self.get_url("/feed"), "--proxy", "direct", "--full-content")
        assert (errors, self.options()) == ("", FeedOptions(proxy="direct", full_content=True))

    def test_a_warning_in_colour_shows_no_escapes(self) -> None:
        for option in ("--no-verify", "--proxy=socks5://127.0.0.1:1"):
            _, errors = self.edit(self.get_url("/feed"), option, "--force-color")
            assert errors.startswith("\x1b[") and r"\x1b" not in errors

    def test_several_feeds_are_changed_and_moved_to_a_folder_together(self) -> None:
        other = make_feed(self.get_url("/other"))
        make_subscription(other, self.lifestream)
        printed, _ = self.edit(self.feed.url, other.url, "--interval", "2d", "--folder", "Slow")
        assert printed.endswith("2 feeds of the lifestream 'main' are in the folder 'Slow'.\n")
        assert set(Subscription.objects.values_list("folder", flat=True)) == {"Slow"}
        assert [each.options for each in Feed.objects.all()] == [{"interval": 172800.0}] * 2

    def test_a_subscription_that_moves_to_the_feed_at_the_new_url_is_put_in_the_folder_there(self) -> None:
        other = make_feed(self.get_url("/other"))
        printed, _ = self.edit(self.feed.url, "--url", other.url, "--folder", "Slow")
        assert printed.endswith("1 feed of the lifestream 'main' is in the folder 'Slow'.\n")
        assert list(Subscription.objects.values_list("feed", "folder")) == [(other.pk, "Slow")]

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
    @override_settings(LIFESTREAM_TIMEOUT=0.01)
    def test_certificates_in_a_pipe_that_nobody_writes_to_are_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            pipe = Path(folder) / "ca.pem"
            os.mkfifo(pipe)
            reason = "nothing came from it for 0.01 s (LIFESTREAM_TIMEOUT)"
            message = self.failure("edit_feed", self.get_url("/feed"), "--certificates", str(pipe))
            assert message == f"{pipe} can't be read: {reason}"

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file here")
    def test_of_an_endless_file_of_certificates_only_the_beginning_is_read(self) -> None:
        message = self.failure("edit_feed", self.get_url("/feed"), "--certificates", "/dev/zero")
        assert message == "it holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"

    def test_an_impossible_change_is_an_error(self) -> None:
        url = self.get_url("/feed")
        failures: dict[tuple[str, ...], Any] = {
            (url,): "there is nothing to change: give an option; see --help",
            (url, url, "--url", "https://b.example/"): "--url is for one feed",
            (url, "--interval", "1m"): "the interval is to be from 1 hour to 7 days",
            (url, "--certificates", "/nowhere/ca.pem"): "/nowhere/ca.pem can't be read: No such file or directory",
            (url, "--url", "ftp://b.example/"): "ftp://b.example/ is not fetched: its scheme is ftp, not http or https",
        }
        for arguments, message in failures.items():
            assert self.failure("edit_feed", *arguments) == message
        with pytest.raises(Exception, match="'soon' is no time; write it as 90m, 6h or 2d"):
            self.run_command("edit_feed", url, "--interval", "soon")
