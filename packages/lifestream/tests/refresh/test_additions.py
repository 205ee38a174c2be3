"""Addresses that owners enter are stored at once; the process that updates feeds fetches them later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from factories import make_feed, make_lifestream
from feedserver import Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.conf import settings
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.models import Addition, Feed, Lifestream, Subscription
from lifestream.refresh import additions, wakeup
from lifestream.refresh.subscribe import NotAdded, add_feed, find_feed
from lifestream.storage import writer
from lifestream.tasks import update_feeds
from served import feed, page


@pytest.mark.usefixtures("shared_parsers")
class AdditionsTest(FeedServerTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.lifestream = make_lifestream("main")

    def states(self) -> list[tuple[str, str]]:
        return [(str(each.state), each.reason) for each in Addition.objects.all()]

    def test_a_feed_and_a_page_that_names_one_are_added(self) -> None:
        self.feedserver.add("/feed", feed(["one"]))
        self.feedserver.add("/other", feed(["two"]))
        self.feedserver.add("/", page('<link rel="alternate" type="application/rss+xml" href="/other">'))
        additions.note(self.lifestream, [self.get_url("/feed"), self.get_url("/")], folder="News")
        assert not self.feedserver.requests and self.states() == [("waiting", "")] * 2
        assert additions.add_wanted() == 2
        assert self.states() == [("added", "")] * 2
        sites = Subscription.objects.filter(lifestream=self.lifestream, folder="News")
        assert {site.feed.url for site in sites} == {self.get_url("/feed"), self.get_url("/other")}
        assert self.lifestream.posts.count() == 2

    def test_an_address_without_a_feed_is_reported_with_the_reason_and_stops_no_other(self) -> None:
        self.feedserver.add("/feed", feed(["one"]))
        self.feedserver.add("/nothing", Response(status=404))
        additions.note(self.lifestream, [self.get_url("/nothing"), self.get_url("/feed")])
        assert additions.add_wanted() == 2
        [failed, added] = self.states()
        assert failed[0] == "failed" and "404" in failed[1]
        assert added[0] == "added"

    def test_a_shortage_of_this_machine_ends_the_run_and_leaves_the_addresses_to_later_runs(self) -> None:
        for path in ("/1", "/2"):
            self.feedserver.add(path, feed([path]))
        additions.note(self.lifestream, [self.get_url("/1"), self.get_url("/2")])
        for place in ("scout.require_files", "subscribe._find"):
            with (
                mock.patch(f"lifestream.refresh.{place}", side_effect=ShortOf(Shortage.FILES)),
                self.assertLogs("lifestream.refresh.additions", "WARNING") as logged,
            ):
                assert additions.add_wanted() == 0
            assert Shortage.FILES.value in logged.output[0]
            assert {reason for _, reason in self.states()} == {""}
        later = timezone.now() + additions.AGAIN + timedelta(seconds=1)
        assert additions.add_wanted(clock=lambda: later) == 2
        assert self.states() == [("added", "")] * 2

    def test_an_address_that_is_entered_again_is_tried_again_and_listed_once(self) -> None:
        url = self.get_url("/later")
        self.feedserver.add("/later", Response(status=404), feed(["one"]))
        additions.note(self.lifestream, [url, url])
        additions.add_wanted()
        additions.note(self.lifestream, [url])
        additions.add_wanted()
        assert self.states() == [("added", "")]

    def test_a_password_is_stored_encrypted_until_its_feed_is_added(self) -> None:
        self.feedserver.add("/feed", feed(["one"]))
        url = self.get_url("/feed").replace("://", "://me:secret@")
        [addition] = additions.note(self.lifestream, [url])
        assert "secret" not in addition.url and "secret" not in addition.credentials and addition.credentials
        additions.add_wanted()
        assert Addition.objects.get().credentials == ""
        assert Subscription.objects.get().feed.is_private

    def test_an_address_that_a_worker_holds_is_left_alone_until_its_lease_has_ended(self) -> None:
        self.feedserver.add("/feed", feed(["one"]))
        additions.note(self.lifestream, [self.get_url("/feed")])
        Addition.objects.update(state="looking", claimed_until=timezone.now() + timedelta(minutes=5))
        assert additions.add_wanted() == 0
        later = timezone.now() + timedelta(seconds=settings.lease + 600)
        assert additions.add_wanted(clock=lambda: later) == 1

    def test_an_unfinished_address_is_taken_over_at_once_if_its_lease_ends_too_far_in_the_future(self) -> None:
        self.feedserver.add("/feed", feed(["one"]))
        additions.note(self.lifestream, [self.get_url("/feed")])
        Addition.objects.update(state="looking", claimed_until=timezone.now() + timedelta(days=30))
        assert additions.add_wanted() == 1

    def test_an_addition_with_a_result_is_deleted_after_a_week(self) -> None:
        self.feedserver.add("/nothing", Response(status=404))
        additions.note(self.lifestream, [self.get_url("/nothing")])
        additions.add_wanted()
        additions.note(self.lifestream, [self.get_url("/waiting")])
        stopping = threading.Event()
        stopping.set()
        for days, left in ((6, ["failed", "waiting"]), (8, ["waiting"])):
            assert additions.add_wanted(stopping, clock=partial(timezone.now().__add__, timedelta(days=days))) == 0
            assert sorted(state for state, _ in self.states()) == left

    def test_cron_and_celery_add_feeds_as_well(self) -> None:
        updates: dict[str, Callable[[], Any]] = {
            "/cron": lambda: call_command("update_feeds", verbosity=0),
            "/celery": update_feeds,
        }
        for count, (path, update) in enumerate(updates.items(), 1):
            self.feedserver.add(path, feed(["one"]))
            additions.note(self.lifestream, [self.get_url(path)])
            update()
            assert self.states() == [("added", "")] * count, path

    def test_addresses_that_are_left_when_a_turn_is_over_wait_for_the_next(self) -> None:
        for path in ("/1", "/2"):
            self.feedserver.add(path, feed([path]))
        additions.note(self.lifestream, [self.get_url("/1"), self.get_url("/2")])
        with wakeup.awaited() as woken:
            assert additions.add_wanted(turn=0) == 1
            assert woken.is_set(), "the updater continues at once"
            woken.clear()
            assert additions.add_wanted(turn=0) == 1
            woken.clear()
            assert additions.add_wanted(turn=0) == 0
            assert not woken.is_set()

    def test_a_slow_page_that_names_many_places_is_given_up(self) -> None:
        """The answer of each place may take LIFESTREAM_TIMEOUT, and all other additions wait meanwhile."""
        self.feedserver.add("/", page("".join(f'<a href="/feed{n}.xml">RSS</a>' for n in range(9))))
        self.feedserver.add("/feed", feed(["one"]))
        additions.note(self.lifestream, [self.get_url("/"), self.get_url("/feed")])
        with mock.patch("lifestream.refresh.scout.PATIENCE", 0.0):
            assert additions.add_wanted() == 2
        assert {state for state, _ in self.states()} == {"failed", "added"}
        assert sorted(request.path for request in self.feedserver.requests) == ["/", "/feed"]

    @pytest.mark.slow
    def test_owners_are_chosen_alike_however_many_addresses_one_of_them_has(self) -> None:
        others = make_lifestream("other", owner=User.objects.create_user("other"))
        paths = [f"/{number}" for number in range(5)]
        for path in paths:
            self.feedserver.add(path, feed([path]))
        additions.note(self.lifestream, map(self.get_url, paths[:-1]))
        additions.note(others, [self.get_url(paths[-1])])
        chosen_from: list[list[int | None]] = []

        def mix(owners: list[int | None]) -> None:
            chosen_from.append(list(owners))
            owners.sort(key=lambda owner: owner is None)  # the lifestream without an owner last

        assert additions.add_wanted(turn=0, mix=mix) == 1
        assert [sorted(owners, key=str) for owners in chosen_from] == [[others.owner_id, None]]
        assert list(Addition.objects.filter(state="added").values_list("lifestream", flat=True)) == [others.pk]
        assert additions.add_wanted(mix=mix) == 4

    def test_the_addresses_of_a_deleted_lifestream_are_deleted(self) -> None:
        additions.note(self.lifestream, [self.get_url("/feed")])
        Lifestream.objects.get().delete()
        assert not Addition.objects.exists()
        assert additions.add_wanted() == 0

    def test_a_lifestream_that_is_deleted_while_its_addresses_are_looked_at_leaves_no_feed(self) -> None:
        self.feedserver.add("/feed", feed(["one"]))
        found = find_feed(self.get_url("/feed"))
        Lifestream.objects.filter(pk=self.lifestream.pk).delete()
        with pytest.raises(NotAdded, match="deleted"):
            add_feed(found, self.lifestream)
        assert not Feed.objects.exists()

    def test_a_feed_that_was_deleted_after_it_was_found_is_stored_again(self) -> None:
        known = make_feed(self.get_url("/feed"), title="Known")
        found = find_feed(self.get_url("/feed"))
        known.delete()
        made = add_feed(found, self.lifestream).subscription.feed
        assert (made.url, made.title, made.claim_token, made.status) == (self.get_url("/feed"), "Known", "", "active")
        assert list(Feed.objects.due(timezone.now())) == [made]

    def test_a_feed_that_is_deleted_while_its_first_items_are_stored_ends_no_run(self) -> None:
        self.feedserver.add("/feed", feed(["one"]))
        additions.note(self.lifestream, [self.get_url("/feed")])
        store = writer.store

        def delete_first(*arguments: Any) -> Any:
            Feed.objects.all().delete()
            return store(*arguments)

        with mock.patch("lifestream.storage.writer.store", delete_first):
            assert additions.add_wanted() == 1
        assert not Addition.objects.exists()
