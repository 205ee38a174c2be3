"""Bad input, served by a real server and imported twice: nothing valid is lost or doubled, and the log says why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from factories import make_feed, make_subscription
from feedserver import Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.models import Feed, Fetch, Item, Post
from lifestream.plugins.caps import ENCLOSURES, GUID, LINK
from lifestream.refresh import refresh

pytestmark = pytest.mark.costly

DAY = timedelta(days=1)


def rss(*items: str, title: str = "A feed", head: str = "") -> str:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'{head}<rss version="2.0"><channel><title>{title}</title>{inside}</channel></rss>'


def item(number: int, *more: str) -> str:
    return (
        f"<guid>g{number}</guid><title>Item {number}</title><link>https://blog.example/{number}</link>{''.join(more)}"
    )


@override_settings(
    LIFESTREAM_PARSE_TIMEOUT=60
)  # large documents on a busy machine: how long they take is tested elsewhere
@pytest.mark.usefixtures("shared_parsers")
class BadInputTest(FeedServerTransactionTestCase):
    """Each test serves one kind of bad input beside, or around, good entries."""

    def imported(self, body: str | bytes, **options: object) -> list[Item]:
        """Return the items after one import, which a second import of the same must leave as they are."""
        options.setdefault("headers", {"Content-Type": "application/rss+xml; charset=utf-8"})
        self.feedserver.add("/feed", Response(body, **options))  # type: ignore[arg-type]
        return self.imported_twice(self.get_url("feed"))

    def imported_twice(self, url: str) -> list[Item]:
        feed = make_feed(url)
        make_subscription(feed)
        refresh([feed.pk], clock=timezone.now)
        first = self.items()
        Feed.objects.update(next_fetch=timezone.now() - DAY, not_before=None, body_hash="", etag="", last_modified="")
        refresh([feed.pk], clock=lambda: timezone.now() + DAY)
        assert [i.pk for i in self.items()] == [i.pk for i in first]
        assert Post.objects.count() == len(first)
        assert sum(fetch.count for fetch in feed.fetches.all()) == 2
        return first

    def items(self) -> list[Item]:
        return list(Item.objects.order_by("pk"))

    def titles(self, items: Sequence[Item]) -> list[str]:
        return sorted(item.title for item in items)

    def log(self) -> Fetch:
        return Fetch.objects.order_by("pk")[0]

    def test_a_dead_host_is_a_failure_with_the_reason(self) -> None:
        self.feedserver.refuse()
        assert self.imported_twice(self.get_url("feed")) == []
        assert (self.log().outcome, self.log().status) == ("failed", None)
        assert self.log().message.startswith(f"no connection to 127.0.0.1:{self.port}: ")
        assert Feed.objects.get().failures == 2

    def test_an_error_of_the_server_is_a_failure_with_its_status(self) -> None:
        assert self.imported("oops", status=500) == []
        assert (self.log().outcome, self.log().status) == ("failed", 500)
        assert Feed.objects.get().next_reason

    def test_a_web_page_in_place_of_a_feed_is_a_failure_with_the_reason(self) -> None:
        html = {"Content-Type": "text/html"}
        assert self.imported("<!doctype html><title>Log in</title><p>Who are you?</p>", headers=html) == []
        assert self.log().outcome == "failed"
        assert self.log().message == "it is a web page (HTML), not a feed"

    def test_the_entries_before_the_cut_of_half_a_feed_are_imported(self) -> None:
        whole = rss(*(item(n) for n in range(1, 6)))
        found = self.imported(whole[: whole.index("Item 4")])
        assert self.titles(found) == ["Item 1", "Item 2", "Item 3"]
        assert "the document is cut off" in self.log().message

    def test_an_empty_body_is_a_failure_with_the_reason(self) -> None:
        assert self.imported("") == []
        assert self.log().outcome == "failed"
        assert "empty" in self.log().message.lower()

    def test_text_is_read_correctly_under_a_wrong_charset(self) -> None:
        body = rss(item(1, "<description>Größe</description>"), head='<?xml version="1.0" encoding="us-ascii"?>')
        found = self.imported(body.encode("utf-8"), headers={"Content-Type": "application/rss+xml; charset=klingon"})
        assert [i.text for i in found] == ["Größe"]

    def test_a_bom_overrules_the_charset(self) -> None:
        body = b"\xef\xbb\xbf" + rss(item(1, "<description>Größe</description>")).encode()
        found = self.imported(body, headers={"Content-Type": "application/rss+xml; charset=windows-1251"})
        assert [i.text for i in found] == ["Größe"]

    def test_an_entity_bomb_is_not_expanded_and_the_next_entry_is_imported(self) -> None:
        levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
        head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e0 "boom">{levels}]>'
        found = self.imported(rss("<guid>g1</guid><title>&e9;</title>", item(2), head=head))
        assert self.titles(found) == ["&e9;", "Item 2"]
        assert "undefined entity" in self.log().message
        assert all(len(i.title) < 100_000 for i in found)

    def test_an_external_entity_is_not_requested(self) -> None:
        head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "{self.get_url("secret")}">]>'
        self.feedserver.add("/secret", Response("a secret"))
        found = self.imported(rss(item(1, "<description>&x;</description>"), head=head))
        self.feedserver.assert_not_requested("/secret")
        assert all("secret" not in i.content for i in found)

    @pytest.mark.costly
    def test_rule_23_of_a_feed_of_more_than_10_000_entries_10_000_are_kept(self) -> None:
        found = self.imported(rss(*(item(n) for n in range(10_100))))
        assert len(found) == 10_000
        assert {i.guid for i in found} == {f"g{n}" for n in range(10_000)}
        assert self.log().new == 10_000
        assert "entries of a document: at most 10,000 entries, the latest ones are kept" in self.log().message

    def test_entries_without_title_link_date_or_guid_are_imported(self) -> None:
        found = self.imported(
            rss(
                "<description>Only text</description>",
                "<title>Only a title</title>",
                "<link>https://blog.example/only-a-link</link>",
                "<guid>only-a-guid</guid>",
                "",
                item(6),
            )
        )
        # The fifth entry is empty: nothing of it is imported.
        assert {i.display_title for i in found} == {
            "Only text", "Only a title", "https://blog.example/only-a-link", "only-a-guid", "Item 6",
        }  # fmt: skip

    def test_two_entries_with_one_guid_are_both_imported(self) -> None:
        found = self.imported(rss(item(1), item(1).replace("Item 1", "Another").replace("/1<", "/2<"), item(3)))
        assert self.titles(found) == ["Another", "Item 1", "Item 3"]

    def test_all_entries_are_imported_though_they_have_the_same_guid(self) -> None:
        entries = [f"<guid>same</guid><title>T{n}</title><link>https://blog.example/{n}</link>" for n in range(5)]
        assert self.titles(self.imported(rss(*entries))) == ["T0", "T1", "T2", "T3", "T4"]

    def test_rule_23_a_title_of_10_000_characters_is_cut(self) -> None:
        found = self.imported(rss(f"<guid>g1</guid><title>{'x' * 10_000}</title>", item(2)))
        assert {i.title for i in found} == {"x" * 1999 + "…", "Item 2"}
        assert self.log().message == "capped once: a title: at most 2,000 characters, the text is cut, with …"

    def test_rule_23_60_000_enclosures_and_a_link_and_a_guid_of_10_000_characters_are_capped(self) -> None:
        many = "".join(f'<enclosure url="https://blog.example/{n}.mp3" type="audio/mpeg"/>' for n in range(60_000))
        long = "x" * 10_000
        found = self.imported(rss(f"<title>T</title><guid>{long}</guid><link>https://blog.example/{long}</link>{many}"))
        assert [(len(i.enclosures), i.link, len(i.guid)) for i in found] == [(100, "", 89)]
        assert self.log().message.split("; ") == [
            f"capped once: {ENCLOSURES}",
            f"capped once: {GUID}",
            f"capped once: {LINK}",
        ]

    def test_impossible_dates_become_the_time_of_the_import(self) -> None:
        dates = ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 0001 00:00:00 GMT", "yesterday", "99999999999999"]
        found = self.imported(rss(*(item(n, f"<pubDate>{date}</pubDate>") for n, date in enumerate(dates))))
        assert len(found) == 4
        now = timezone.now()
        assert all(now - DAY < i.date <= now for i in found)

    def test_links_that_run_scripts_are_removed(self) -> None:
        found = self.imported(
            rss(
                "<guid>g1</guid><title>One</title><link>javascript:alert(1)</link>"
                "<description>&lt;a href='javascript:alert(2)'&gt;x&lt;/a&gt;</description>",
                "<guid>javascript:alert(3)</guid><title>Two</title>",
                "<guid>g3</guid><title>Three</title><link>data:text/html,x</link>"
                "<enclosure url='file:///etc/passwd' type='audio/mpeg' length='1'/>",
            )
        )
        assert self.titles(found) == ["One", "Three", "Two"]
        for each in found:
            assert each.link == ""
            assert "javascript" not in each.content
            assert all(enclosure["url"].startswith("http") for enclosure in each.enclosures if enclosure["url"])

    def test_scripts_in_titles_are_removed(self) -> None:
        titles = [
            "&lt;script&gt;alert(1)&lt;/script&gt;Hi",
            "<![CDATA[<b>Bold</b> &amp; <img src=x onerror=alert(1)>]]>",
        ]
        found = self.imported(rss(*(f"<guid>g{n}</guid><title>{title}</title>" for n, title in enumerate(titles))))
        assert len(found) == 2
        assert all("<script" not in i.title and "onerror" not in i.title for i in found)

    def test_nul_and_lone_surrogates_are_not_stored(self) -> None:
        body = rss("<guid>g\0one</guid><title>A\0B &#0; &#xD800; C</title>", item(2)).encode("utf-8")
        found = self.imported(body.replace(b"Item 2", b"Item \xed\xa0\x80 2"))
        assert len(found) == 2
        for each in found:
            each.title.encode("utf-8")
            assert "\0" not in each.title + each.guid + each.content

    def test_long_guids_that_differ_at_their_ends_are_kept_apart(self) -> None:
        long = "x" * 5_000
        found = self.imported(rss(*(f"<guid>{long}{n}</guid><title>T{n}</title>" for n in range(3))))
        assert self.titles(found) == ["T0", "T1", "T2"]

    def test_the_text_in_100_000_nested_tags_is_imported(self) -> None:
        deep = "&lt;div&gt;" * 100_000 + "bottom" + "&lt;/div&gt;" * 100_000
        found = self.imported(rss(item(1, f"<description>{deep}</description>"), item(2)))
        assert self.titles(found) == ["Item 1", "Item 2"]
        assert any("bottom" in each.text for each in found)

    def test_one_bad_feed_does_not_stop_another(self) -> None:
        self.feedserver.add("/bad", Response("oops", status=500))
        self.feedserver.add("/good", Response(rss(item(1))))
        for path in ("bad", "good"):
            make_subscription(make_feed(self.get_url(path)))
        report = refresh(clock=timezone.now)
        assert {row.url.rpartition("/")[2]: row.new for row in report.rows} == {"bad": 0, "good": 1}
        assert not report.all_failed
