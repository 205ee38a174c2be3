"""Rules 33 to 39: an entry becomes one item, and stays that, whatever the feed does to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from feedserver import Request, Response, moved
from lifestream.models import Feed, Item
from lifestream.storage.entry_matching import CHURN_LIMIT
from rules.ruled import RuleTestCase
from served import START

LINK = "https://blog.example/"


def channel(*items: str) -> str:
    """Return an RSS document of these items."""
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f"<rss version='2.0'><channel><title>A feed</title>{inside}</channel></rss>"


def entry(title: str, *, guid: str = "", link: str = "", date: str = "", text: str = "") -> str:
    """Return the inside of an item with what is given."""
    parts = {"title": title, "guid isPermaLink='false'": guid, "link": link, "pubDate": date, "description": text}
    return "".join(f"<{name}>{value}</{name.split()[0]}>" for name, value in parts.items() if value)


class ItemsTestCase(RuleTestCase):
    def read(self, *documents: str) -> None:
        """Have one feed serve *documents*, one after the other, and read each of them."""
        made = self.subscribe("/feed", *map(Response, documents))
        for _ in documents:
            row = self.refresh_next(made)
            assert not row.failed, row.message

    def keys(self) -> dict[str, int]:
        """Return the items' keys by their titles."""
        return dict(Item.objects.values_list("title", "pk"))


class Charsets(ItemsTestCase):
    @pytest.mark.slow
    @pytest.mark.rule(33)
    def test_a_byte_order_mark_wins_over_the_charset(self) -> None:
        text = channel(entry("Größe, размер, 大小", guid="1"))
        for number, (codec, mark) in enumerate(
            (("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"))
        ):
            with self.subTest(codec=codec):
                headers = {"Content-Type": "application/rss+xml; charset=windows-1251"}
                made = self.subscribe(f"/{number}", Response(mark + text.encode(codec), headers=headers))
                self.refresh([made.pk])
                assert Item.objects.get(feed=made).title == "Größe, размер, 大小"

    @pytest.mark.rule(33)
    def test_text_xml_without_a_charset_is_no_error(self) -> None:
        body = f"<?xml version='1.0' encoding='utf-8'?>{channel(entry('Größe', guid='1'))}"
        self.subscribe("/feed", Response(body, headers={"Content-Type": "text/xml"}))
        row = self.refresh_one()
        assert (row.failed, row.message, self.titles()) == (False, "", ["Größe"])


class Identity(ItemsTestCase):
    @pytest.mark.rule(34)
    def test_items_with_one_guid_stay_apart(self) -> None:
        items = [entry(f"item {n}", guid="the same", link=f"{LINK}{n}") for n in range(5)]
        self.read(
            channel(*items), channel(*items[1:]), channel(entry("item 5", guid="the same", link=f"{LINK}5"), *items)
        )
        assert self.titles() == [f"item {n}" for n in range(6)]

    @pytest.mark.slow
    @pytest.mark.rule(34)
    def test_an_edit_of_one_of_several_items_with_one_guid_changes_that_one(self) -> None:
        items = [entry(f"item {n}", guid="the same", link=f"{LINK}{n}") for n in range(5)]
        self.read(channel(*items))
        before = self.keys()
        for n in range(5):
            edited = [item.replace(f"item {n}", f"edited {n}") for item in items]
            self.feedserver.add("/feed", Response(channel(*edited)))
            row = self.refresh_next(Item.objects.all()[0].feed)
            assert row.new == 0
            assert self.keys() == {title.replace(f"item {n}", f"edited {n}"): key for title, key in before.items()}

    @pytest.mark.slow
    @pytest.mark.rule(35)
    @override_settings(LIFESTREAM_MOVE_AFTER=1)
    def test_relative_guids_keep_their_items_when_the_feed_moves(self) -> None:
        items = [f"<title>{n}</title><guid isPermaLink='true'>post/{n}</guid>" for n in range(3)]
        text = channel(*items).replace("<rss ", "<rss xml:base='here/' ")

        def elsewhere(_: Request) -> Response:
            return Response(text.replace("A feed", "A feed that moved"))

        made = self.subscribe("/blog/feed", Response(text), moved("/new/place/feed"))
        self.feedserver.add("/new/place/feed", elsewhere)
        self.refresh_next(made)
        before = self.keys()
        for _ in range(3):
            assert self.refresh_next(made).new == 0
        made.refresh_from_db()
        assert made.url == self.get_url("/new/place/feed")
        assert self.keys() == before
        assert set(before) == {"0", "1", "2"}

    @pytest.mark.rule(36)
    def test_a_new_guid_with_the_old_link_is_the_old_item(self) -> None:
        old = [entry(f"item {n}", guid=f"http://old/{n}", link=f"{LINK}{n}") for n in range(3)]
        new = [entry(f"item {n}", guid=f"tag:new,{n}", link=f"{LINK}{n}") for n in range(3)]
        self.read(channel(*old))
        before = self.keys()
        self.feedserver.add("/feed", Response(channel(*new)))
        made = Item.objects.all()[0].feed
        for _ in range(2):
            assert self.refresh_next(made).new == 0
        assert self.keys() == before
        assert set(Item.objects.values_list("guid", flat=True)) == {f"tag:new,{n}" for n in range(3)}

    @pytest.mark.rule(36)
    def test_a_link_that_several_items_and_several_entries_have_identifies_none(self) -> None:
        shared = f"{LINK}today"
        self.read(
            channel(entry("a", guid="1", link=shared), entry("b", guid="2", link=shared)),
            channel(entry("c", guid="3", link=shared), entry("d", guid="4", link=shared)),
        )
        assert self.titles() == ["a", "b", "c", "d"]

    @pytest.mark.rule(36)
    def test_a_link_is_no_identity_while_the_old_guid_is_there(self) -> None:
        old = entry("a", guid="1", link=f"{LINK}live")
        self.read(
            channel(old), channel(entry("b", guid="2", link=f"{LINK}live"), entry("a", guid="1", link=f"{LINK}a"))
        )
        assert self.titles() == ["a", "b"]

    @pytest.mark.rule(36)
    def test_a_link_is_no_identity_while_the_old_guid_is_there_several_times(self) -> None:
        self.read(
            channel(entry("a", guid="1", link=f"{LINK}live")),
            channel(
                entry("b", guid="2", link=f"{LINK}live"),
                entry("c", guid="1", link=f"{LINK}c"),
                entry("d", guid="1", link=f"{LINK}d"),
            ),
        )
        assert self.titles() == ["a", "b", "c", "d"]

    @pytest.mark.rule(36)
    def test_a_link_that_several_items_and_one_entry_have_identifies_none(self) -> None:
        shared = f"{LINK}today"
        self.read(
            channel(entry("a", guid="1", link=shared), entry("b", guid="2", link=shared)),
            channel(entry("c", guid="3", link=shared)),
        )
        assert self.titles() == ["a", "b", "c"]

    @pytest.mark.rule(36)
    def test_a_link_that_one_item_and_several_entries_have_identifies_none(self) -> None:
        shared = f"{LINK}today"
        self.read(
            channel(entry("a", guid="1", link=shared)),
            channel(entry("b", guid="2", link=shared), entry("c", guid="3", link=shared)),
        )
        assert self.titles() == ["a", "b", "c"]

    @pytest.mark.rule(37)
    def test_entries_without_guid_link_and_date_are_imported_once(self) -> None:
        items = [
            entry("a title and a text", text="text"),
            entry("a title alone"),
            "<description>a text alone</description>",
        ]
        documents = [channel(*items), channel(*reversed(items)) + " ", channel(*items) + "\n"]
        self.read(*documents)
        assert Item.objects.count() == 3
        assert {item.date for item in Item.objects.all()} == {START}


class Edits(ItemsTestCase):
    @pytest.mark.rule(38)
    def test_an_edit_changes_its_item_in_place_and_keeps_its_date(self) -> None:
        first = "Sun, 01 Mar 2026 08:00:00 GMT"
        later = "Sun, 01 Mar 2026 12:30:00 GMT"
        self.read(
            channel(entry("before", guid="1", link=f"{LINK}1", date=first)),
            channel(entry("after", guid="1", link=f"{LINK}1-after", date=later)),
        )
        item = Item.objects.get()
        assert (item.title, item.link) == ("after", f"{LINK}1-after")
        assert item.date == datetime(2026, 3, 1, 8, tzinfo=UTC)
        assert (item.first_seen, item.changed) == (START, START + timedelta(hours=1))

    @pytest.mark.slow
    @pytest.mark.rule(38)
    def test_an_item_that_differs_each_time_is_not_rewritten_each_time(self) -> None:
        count = iter(range(1000))

        def churning(_: Request) -> Response:
            return Response(channel(entry("always", guid="1", text=f"seen by {next(count)}")))

        made = self.subscribe("/feed", churning)
        self.refresh_next(made)
        Item.objects.update(changes=CHURN_LIMIT - 2, changed=self.clock.now)
        assert [self.refresh_next(made).changed for _ in range(4)] == [1, 1, 0, 0]
        self.clock.move(days=1)
        assert [self.refresh_next(made).changed for _ in range(3)] == [1, 0, 0]

    @pytest.mark.rule(38)
    def test_the_item_of_an_entry_that_vanishes_stays(self) -> None:
        self.read(channel(entry("one", guid="1"), entry("two", guid="2")), channel(entry("three", guid="3")), channel())
        assert self.titles() == ["one", "three", "two"]

    @pytest.mark.slow
    @pytest.mark.rule(38)
    def test_an_item_that_was_deleted_here_does_not_come_back(self) -> None:
        one = entry("one", guid="1", link=f"{LINK}1")
        self.read(channel(one, entry("two", guid="2", link=f"{LINK}2")))
        Item.objects.get(title="one").delete()
        made = Item.objects.get().feed
        again = [one.replace("one", "one edited"), one.replace(">1<", ">1 renamed<"), one]
        self.feedserver.add(
            "/feed", *(Response(channel(each, entry("other", guid=f"o{n}"))) for n, each in enumerate(again))
        )
        for _ in again:
            assert not self.refresh_next(made).failed
        assert set(self.titles()) == {"other", "two"}

    @pytest.mark.slow
    @pytest.mark.rule(38)
    def test_a_deleted_item_does_not_come_back_as_long_as_its_guid_or_its_link_stays(self) -> None:
        self.read(channel(entry("one", guid="1", link=f"{LINK}1")))
        Item.objects.get().delete()
        made = Feed.objects.get()
        for again in (
            [entry("one", guid="2", link=f"{LINK}1")],
            [entry("one", guid="3", link=f"{LINK}1")],
            [entry("one, edited", guid="1", link=f"{LINK}moved")],
            [entry("one, edited again", guid="3", link=f"{LINK}3"), entry("one", guid="1", link=f"{LINK}1")],
            [entry("one, edited for good", guid="4", link=f"{LINK}3")],
            [entry("one, as it was", guid="1", link=f"{LINK}4")],
        ):
            self.feedserver.add("/feed", Response(channel(*again, entry("other", guid="other"))))
            assert not self.refresh_next(made).failed
            assert self.titles() == ["other"]


class Dates(ItemsTestCase):
    def date(self, title: str) -> datetime:
        """Return the date of the item with this title."""
        return Item.objects.get(title=title).date

    @pytest.mark.rule(39)
    def test_an_entry_without_a_date_keeps_the_time_when_it_was_first_seen(self) -> None:
        later = "Sun, 01 Mar 2026 12:30:00 GMT"
        self.read(channel(entry("one", guid="1")), channel(entry("one", guid="1", date=later), entry("two", guid="2")))
        assert (self.date("one"), self.date("two")) == (START, START + timedelta(hours=1))

    @pytest.mark.rule(39)
    def test_a_date_in_the_future_is_clamped(self) -> None:
        self.read(channel(entry("one", guid="1", date="Fri, 31 Dec 2027 23:00:00 GMT")))
        assert self.date("one") == START

    @pytest.mark.rule(39)
    def test_dates_are_kept_in_utc_whatever_their_offset(self) -> None:
        dates = {
            "east": "Sun, 01 Mar 2026 12:00:00 +0530",
            "west": "Sat, 28 Feb 2026 22:30:00 -0800",
            "zone": "Sun, 01 Mar 2026 01:30:00 EST",
            "utc": "Sun, 01 Mar 2026 06:30:00 GMT",
        }
        self.read(channel(*(entry(title, guid=title, date=date) for title, date in dates.items())))
        assert {self.date(title) for title in dates} == {datetime(2026, 3, 1, 6, 30, tzinfo=UTC)}

    @pytest.mark.rule(39)
    def test_the_entries_beside_a_bad_one_are_imported(self) -> None:
        bad = (
            "",
            "<title>\x00&#0;</title><pubDate>the day after</pubDate><guid></guid>",
            entry("no date", guid="x" * 5000, date="Fri, 99 Foo 0000 99:99:99 ZZZ"),
            f"<title>{'&lt;b&gt;' * 5000}</title><link>http://[::1/</link><enclosure url='http://[' length='-1e9'/>",
        )
        self.read(channel(entry("first", guid="1"), *bad, entry("last", guid="2")))
        assert {"first", "last", "no date"} <= set(self.titles())
