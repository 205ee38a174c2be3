"""Adding a feed with credentials: where they are stored, and which servers receive them."""

from __future__ import annotations

from unittest import mock

import pytest

from factories import make_feed, make_lifestream
from feedserver import Response
from lifestream.models import Feed, Item, Post
from lifestream.refresh.subscribe import add_feed
from lifestream.storage import credentials
from lifestream.storage.feed_options import Secrets, secrets_of
from served import feed, page, rss
from subscribing import LINK, REFRESH, SubscribeTestCase


@pytest.mark.usefixtures("shared_parsers")
class Credentials(SubscribeTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.feedserver.add("/feed", Response(rss("secret"), auth="Basic ada:pass word"))
        self.url = self.get_url("/feed").replace("://", "://ada:pass%20word@")

    def test_a_url_with_credentials_is_a_private_feed_that_stores_them_encrypted(self) -> None:
        shared = make_feed(self.get_url("/feed"))
        made = self.add(self.url).subscription.feed
        assert made != shared
        assert made.url == self.get_url("/feed")
        assert made.is_private
        assert "pass" not in made.credentials
        assert credentials.unseal(made.credentials) == "ada:pass word"
        assert Item.objects.filter(feed=made).count() == 1

    def test_a_url_that_is_added_again_is_known_and_another_user_has_another_feed(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        first = self.add(self.url)
        again = self.add(self.url)
        assert (again.is_new, again.subscription) == (False, first.subscription)
        assert Post.objects.filter(lifestream=self.lifestream).count() == 1
        other = self.add(self.url.replace("ada", "bob"))
        assert other.is_new
        assert other.subscription.feed != first.subscription.feed

    def test_a_feed_that_is_added_again_gets_the_new_password(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        row = self.add(self.url).subscription.feed
        self.add(self.url.replace("pass%20word", "new"))
        row.refresh_from_db()
        assert credentials.unseal(row.credentials) == "ada:new"
        with self.settings(SECRET_KEY="another key, and the old one is lost", SECRET_KEY_FALLBACKS=[]):
            assert not self.add(self.url).is_new
            row.refresh_from_db()
            assert credentials.unseal(row.credentials) == "ada:pass word"
        assert Feed.objects.count() == 1

    def test_a_new_password_keeps_the_headers_of_the_feed(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        row = self.add(self.url).subscription.feed
        headers = (("X-Key", "k"),)
        Feed.objects.update(credentials=Secrets("ada:pass word", headers).sealed())
        self.add(self.url.replace("pass%20word", "new"))
        row.refresh_from_db()
        assert secrets_of(row.credentials) == Secrets("ada:new", headers)

    def test_a_new_password_overwrites_nothing_that_an_update_stores_at_the_same_time(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        row = self.add(self.url).subscription.feed
        seal = credentials.seal

        def seal_after_an_update(login: str) -> str:
            Feed.objects.update(title="Updated")
            return seal(login)

        with mock.patch.object(credentials, "seal", seal_after_an_update):
            self.add(self.url.replace("pass%20word", "new"))
        row.refresh_from_db()
        assert (row.title, credentials.unseal(row.credentials)) == ("Updated", "ada:new")

    def test_a_password_without_a_user_is_not_stored_in_the_shared_feed(self) -> None:
        self.feedserver.add("/feed", Response(rss("secret")))
        shared = self.add(self.get_url("/feed")).subscription.feed
        made = self.add(self.get_url("/feed").replace("://", "://:secret@")).subscription.feed
        shared.refresh_from_db()
        assert (shared.credentials, made == shared) == ("", False)
        assert credentials.unseal(made.credentials) == ":secret"

    def test_a_private_feed_is_not_shared_with_another_lifestream(self) -> None:
        theirs = add_feed(self.find(self.url), make_lifestream("theirs"), clock=self.clock)
        ours = self.add(self.url)
        assert ours.is_new
        assert ours.subscription.feed != theirs.subscription.feed

    def test_credentials_are_in_no_message(self) -> None:
        self.feedserver.add("/missing", Response(status=404))
        refused = self.refusal(self.url.replace("/feed", "/missing"))
        assert str(refused) == f"{self.get_url('/missing')} can't be fetched: the server answered 404 Not Found"

    def test_credentials_are_sent_only_to_feeds_on_the_server_of_the_page(self) -> None:
        self.feedserver.add("/", page(LINK.format("/feed")))
        found = self.find(self.url.removesuffix("feed"))
        assert (found.url, found.credentials) == (self.get_url("/feed"), "ada:pass word")
        assert "pass word" not in repr(found)
        with self.make_feedserver() as other:
            other.add("/feed", feed())
            self.feedserver.add("/elsewhere", page(LINK.format(other.url("/feed"))))
            self.feedserver.add("/moved", page(REFRESH.format(other.url("/feed"))))
            for path in ("/elsewhere", "/moved"):
                found = self.find(self.url.replace("/feed", path))
                assert (found.url, found.credentials) == (other.url("/feed"), "")
            assert other.requests
            assert not any("Authorization" in asked.headers for asked in other.requests)

    def test_credentials_are_sent_to_the_page_that_a_page_of_the_same_server_refreshes_to(self) -> None:
        self.feedserver.add("/", page(REFRESH.format("/next")))
        self.feedserver.add("/next", Response(rss("secret"), auth="Basic ada:pass word"))
        found = self.find(self.url.removesuffix("feed"))
        assert (found.url, found.title, found.credentials) == (self.get_url("/next"), "A feed", "ada:pass word")
