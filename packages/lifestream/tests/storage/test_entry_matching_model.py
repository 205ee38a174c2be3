"""A feed that changes in any way, and the stored items, which always match what it has published.

Hypothesis plays the author of the feed, who publishes, edits, withdraws and restores entries, moves the site and gives
all entries new ids, and a superuser who deletes items. The model is what people would expect to see: each entry once,
with the title and the text that it was last published with, and none that was deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from factories import NOW, hold, make_feed, make_subscription, prepared, result
from lifestream.fetcher.outcomes import Fetched
from lifestream.models import Feed, Item, Post, Tombstone
from lifestream.plugins.base import ItemDraft
from lifestream.storage.writer import store


@dataclass(frozen=True)
class Entry:
    """An entry as the author of its feed sees it. *number* identifies it, whatever else of it changes."""

    number: int
    title: str
    text: str
    guid: str
    link: str

    def draft(self, dated: bool) -> ItemDraft:
        published = NOW - timedelta(days=1, minutes=-self.number) if dated else None
        return ItemDraft(
            guid=self.guid,
            link=self.link,
            title=self.title,
            content=self.text,
            text=self.text,
            published=published,
            author=str(self.number),
        )


class ChangingFeed(RuleBasedStateMachine):
    """A feed and its changes. Each rule ends with a fetch: two changes between two fetches are not tested here."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.feed = make_feed("https://example.com/feed.xml")
        make_subscription(self.feed)
        self.document: list[Entry] = []
        self.withdrawn: list[Entry] = []
        self.expected: dict[int, tuple[str, str]] = {}
        self.deleted: set[int] = set()
        self.version = self.count = 0
        self.now = NOW

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    @initialize(has=st.sampled_from(["guid", "link", "both"]), dated=st.booleans(), backwards=st.booleans())
    def begin(self, has: str, dated: bool, backwards: bool) -> None:
        self.guids, self.links = has != "link", has != "guid"
        self.dated, self.backwards = dated, backwards

    @rule(title=st.sampled_from(["News", "Photo", "Link"]), count=st.integers(1, 3))
    def publish(self, title: str, count: int) -> None:
        for _ in range(count):
            self.count += 1
            new = Entry(self.count, title, f"text {self.count}", "", "")
            self.document.insert(0, self._addressed(new))
        self.fetch()

    @precondition(lambda self: self.document)
    @rule(data=st.data(), title=st.sampled_from(["News", "Changed"]))
    def edit(self, data: st.DataObject, title: str) -> None:
        place = data.draw(st.integers(0, len(self.document) - 1))
        self.document[place] = replace(self.document[place], title=title, text=f"{title} {self.now}")
        self.fetch()

    @precondition(lambda self: self.document)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        self.withdrawn.append(self.document.pop(data.draw(st.integers(0, len(self.document) - 1))))
        self.fetch()

    @precondition(lambda self: self.withdrawn)
    @rule()
    def bring_back(self) -> None:
        self.document.append(self.withdrawn.pop())
        self.fetch()

    @precondition(lambda self: self.guids and (self.links or self.dated))
    @rule()
    def give_new_guids(self) -> None:
        self.version += 1
        self.document = [replace(each, guid=self._addressed(each).guid) for each in self.document]
        self.fetch()

    @precondition(lambda self: self.links and (self.guids or self.dated))
    @rule()
    def move_the_site(self) -> None:
        self.version += 1
        self.document = [replace(each, link=self._addressed(each).link) for each in self.document]
        self.fetch()

    @precondition(lambda self: self.dated)
    @rule()
    def relaunch(self) -> None:
        self.version += 1
        self.document = [self._addressed(each) for each in self.document]
        self.fetch()

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.expected)))
        Item.objects.get(feed=self.feed, author=str(number)).delete()
        self.deleted.add(number)
        del self.expected[number]
        self.fetch()

    @rule()
    def fetch(self) -> None:
        self.now += timedelta(hours=1)
        document = self.document[::-1] if self.backwards else self.document
        self.expected |= {each.number: (each.title, each.text) for each in document if each.number not in self.deleted}
        feed = Feed.objects.get(pk=self.feed.pk)
        drafts = [each.draft(self.dated) for each in document]
        [stored] = store([result(feed, Fetched(feed.url, b""), prepared=prepared(*drafts), claim=hold(feed))], self.now)
        assert not (stored.broken or stored.lost or stored.unwritten), stored

    @invariant()
    def the_items_are_those_that_were_published_and_not_deleted(self) -> None:
        items = Item.objects.filter(feed=self.feed).values_list("author", "title", "text")
        assert {int(number): (title, text) for number, title, text in items} == self.expected
        assert len(items) == len(self.expected)
        assert Post.objects.filter(item__feed=self.feed).count() == len(self.expected)
        assert Tombstone.objects.filter(feed=self.feed).count() == len(self.deleted)

    def _addressed(self, entry: Entry) -> Entry:
        guid = f"tag:{self.version}:{entry.number}" if self.guids else ""
        link = f"https://v{self.version}.example.com/{entry.number}" if self.links else ""
        return replace(entry, guid=guid, link=link)


@pytest.mark.slow
@pytest.mark.django_db
def test_the_stored_items_follow_every_change_of_a_feed() -> None:
    quick = settings(max_examples=settings().max_examples // 4, stateful_step_count=15)
    run_state_machine_as_test(ChangingFeed, settings=quick)
