"""reading.md rule 7: an ill-formed answer damages nothing that is stored, and the mended one is imported."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings

from factories import NOW, make_feed, result
from feedserver import Response, moved
from feedserver.faults import parse as parsed_fault
from lifestream.content.sanitizer import Sanitizer
from lifestream.fetcher.outcomes import Fetched
from lifestream.models import Feed, Fetch, Item
from lifestream.parser import NotAFeed, parse
from lifestream.plugins.item_pipeline import prepare
from lifestream.plugins.registry import Registry
from lifestream.storage.feed_editing import FeedChange, change_feed
from lifestream.storage.writer import store
from rules.ruled import RuleTestCase
from served import rss

MODIFIED = "Sun, 01 Mar 2026 12:00:00 GMT"
LATER = "Mon, 02 Mar 2026 12:00:00 GMT"


def document(*names: str, edited: str = "") -> str:
    """Return a feed of these entries; *edited* is appended to the text of each."""
    items = "".join(
        f"<item><title>{name}</title><link>http://s.example/{name}</link><guid isPermaLink='false'>g-{name}</guid>"
        f"<description>All there is to say about {name}{edited}.</description></item>"
        for name in names
    )
    return (
        "<?xml version='1.0'?>\n<rss version='2.0'><channel><title>A feed</title><link>http://s.example/</link>"
        f"<description>About it</description><language>en</language>{items}</channel></rss>"
    )


GOOD = document("1", "2", "3")
MENDED = document("0", "1", "2", "3", edited=", edited")
BROKEN = {
    "a lost end tag": document("0", "1", "2", "3").replace("0</title>", "0"),
    "a lost start tag": document("1", "2", "3", "4").replace("<item><title>2", "<title>2"),
    "an end tag too many": document("0", "1", "2", "3").replace("<item><title>1", "</item><item><title>1"),
    "a feed's title that never ends": document("0", "1", "2", "3").replace("A feed</title>", "A feed"),
    "a section that never ends": document("0", "1", "2", "3").replace("All there is to say about 1", "<![CDATA[All"),
    "a feed that ends before its entries": document("0", "1", "2", "3").replace("<item>", "</channel></rss><item>", 1),
    "a feed that ends before an entry": document("1", "2", "0").replace("<item><title>0", "</channel></rss><item>0"),
    "a cut in an entry": document("0", "1", "2", "3")[:-80],
    "a cut in the head": document("0", "1", "2", "3")[:80],
}
BROKEN_JSON = '{"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "items": [{"id": "g-1", "titl'
PAGE = "<!doctype html><html><head><title>Maintenance</title></head><body><item><title>We are back soon</title></item>"

VALIDATORS: Mapping[str, tuple[dict[str, str], dict[str, str]]] = {
    "the same ETag": ({"ETag": '"v1"'}, {"ETag": '"v1"'}),
    "a new ETag": ({"ETag": '"v1"'}, {"ETag": '"v2"'}),
    "the same Last-Modified": ({"Last-Modified": MODIFIED}, {"Last-Modified": MODIFIED}),
    "a new Last-Modified": ({"Last-Modified": MODIFIED}, {"Last-Modified": LATER}),
    "both": ({"ETag": '"v1"', "Last-Modified": MODIFIED}, {"ETag": '"v2"', "Last-Modified": LATER}),
}


def described(feed: Feed) -> tuple[str, ...]:
    feed.refresh_from_db()
    return feed.title, feed.site_url, feed.description, feed.language


def contents(feed: Feed | None = None) -> dict[str, tuple[str, str, str]]:
    """Return title, link and content of each stored entry by its guid, of *feed* alone if one is given."""
    items = Item.objects.all() if feed is None else feed.items.all()
    rows = items.values_list("guid", "title", "link", "content")
    return {guid: (title, link, content) for guid, title, link, content in rows}


class AnIllFormedAnswer(RuleTestCase):
    def answers(self, *bodies_and_headers: tuple[str, dict[str, str], bool]) -> list[Response]:
        """Return answers: for each its body, its validators, and whether the server evaluates conditional requests."""
        return [
            Response(body, headers=headers, conditional="rfc" if is_conditional else "off")
            for body, headers, is_conditional in bodies_and_headers
        ]

    @pytest.mark.slow
    @override_settings(LIFESTREAM_PER_HOST_RATE=0)
    def test_the_mended_document_arrives_under_the_validators_of_the_broken_one(self) -> None:
        broken_ones = {**BROKEN, "JSON that is cut": BROKEN_JSON, "a web page": PAGE, "nothing": ""}
        feeds: dict[tuple[str, str], Feed] = {}
        for kind, broken in broken_ones.items():
            for name, (first, second) in VALIDATORS.items():
                answers = self.answers((GOOD, first, True), (broken, second, False), (MENDED, second, True))
                feeds[kind, name] = self.subscribe(f"/{len(feeds)}", *answers)
        self.refresh()
        known = {case: contents(made) for case, made in feeds.items()}
        self.clock.move(days=1)
        self.refresh()
        for case, made in feeds.items():
            with self.subTest("broken", case=case):
                assert described(made) == ("A feed", "http://s.example/", "About it", "en")
                assert {guid: contents(made)[guid] for guid in known[case]} == known[case]
        self.clock.move(days=1)
        self.refresh()
        for case, made in feeds.items():
            with self.subTest("mended", case=case):
                assert described(made) == ("A feed", "http://s.example/", "About it", "en")
                added = {"g-0", "g-4"} if case[0] == "a lost start tag" else {"g-0"}
                assert contents(made).keys() == known[case].keys() | added
                assert all("edited" in content for guid, (_, _, content) in contents(made).items() if guid != "g-4")

    @pytest.mark.slow
    @override_settings(LIFESTREAM_PER_HOST_RATE=0, LIFESTREAM_TIMEOUT=2)
    def test_a_document_that_was_cut_on_its_way_arrives_under_the_same_validators(self) -> None:
        """A server may send a new document with the old validators. That it was cut is known here from the framing."""
        for number, fault in enumerate(
            ("close after 300", "missing last chunk", "reset after 300", "stall after 300", "truncated gzip")
        ):
            with self.subTest(fault=fault):
                headers = {"ETag": '"v1"', "Last-Modified": MODIFIED}
                good, mended = self.answers((GOOD, headers, True), (MENDED, headers, True))
                cut = Response(MENDED, headers=headers, conditional="off", faults=parsed_fault(fault))
                made = self.subscribe(f"/{number}", good, cut, mended)
                for outcome in ("new", "failed", "new"):
                    assert self.refresh_next(made).outcome == outcome
                assert "g-0" in contents(made)

    @pytest.mark.slow
    @override_settings(LIFESTREAM_PER_HOST_RATE=0)
    def test_the_same_ill_formed_bytes_twice_are_not_sent_a_third_time(self) -> None:
        headers = {"ETag": '"v1"', "Last-Modified": MODIFIED}
        feeds = [
            self.subscribe(f"/{number}", Response(broken, headers=headers))
            for number, broken in enumerate(BROKEN.values())
        ]
        for outcomes in ({"new", "unchanged"}, {"unchanged"}, {"not modified"}, {"not modified"}):
            assert {row.outcome for row in self.refresh().rows} <= outcomes
            self.clock.move(days=1)
        for number in range(len(feeds)):
            sent = [request.headers.get("If-None-Match") for request in self.asked(f"/{number}")]
            assert sent == [None, None, '"v1"', '"v1"']

    @pytest.mark.slow
    def test_a_validator_that_was_another_when_the_same_bytes_came_is_not_sent(self) -> None:
        broken = BROKEN["a lost end tag"]
        answers = [
            Response(broken, headers={"ETag": f'"v{n}"', **dated}, conditional="off")
            for n, dated in enumerate([{}, {}, {"Last-Modified": MODIFIED}, {"Last-Modified": MODIFIED}, {}])
        ]
        made = self.subscribe("/feed", *answers)
        sent = []
        for _ in answers:
            self.refresh_next(made)
            sent.append((self.last().headers.get("If-None-Match"), self.last().headers.get("If-Modified-Since")))
        assert sent == [(None, None)] * 4 + [(None, MODIFIED)]

    def test_a_validator_of_another_url_is_not_confirmed_by_the_same_bytes(self) -> None:
        broken = Response(BROKEN["a lost end tag"], headers={"ETag": '"v1"'})
        self.feedserver.add("/elsewhere", broken)
        mended = Response(MENDED, headers={"ETag": '"v1"'})
        made = self.subscribe("/feed", moved("/elsewhere", 302), broken, mended)
        for _ in range(3):
            self.refresh_next(made)
        assert [request.headers.get("If-None-Match") for request in self.asked()] == [None] * 4
        assert "g-0" in contents(made), "the mended document has not arrived"

    @pytest.mark.slow
    def test_new_validators_of_the_same_ill_formed_bytes_are_not_sent_until_they_come_again(self) -> None:
        """A server that is restarted, or replaced, gives the old file a new ETag; the publisher mends it afterwards."""
        broken = BROKEN["a lost end tag"]
        known = [(broken, {"ETag": '"v1"'}, True), (broken, {"ETag": '"v1"'}, True)]
        renewed = {
            "a 200": Response(broken, headers={"ETag": '"v2"'}, conditional="off"),
            "a 304": Response(status=304, headers={"ETag": '"v2"'}),
            "a redirect": moved("/elsewhere", 302),
        }
        mended = Response(MENDED, headers={"ETag": '"v2"'})
        self.feedserver.add("/elsewhere", Response(broken, headers={"ETag": '"v2"'}), mended)
        for number, (kind, answer) in enumerate(renewed.items()):
            with self.subTest(kind=kind):
                last = answer if kind == "a redirect" else mended
                made = self.subscribe(f"/{number}", *self.answers(*known), answer, last)
                for _ in range(4):
                    self.refresh_next(made)
                assert "edited" in contents(made)["g-1"][2], "the mended document has not arrived"

    def test_validators_of_a_new_url_are_not_confirmed_by_the_same_bytes_at_the_old_one(self) -> None:
        broken = Response(BROKEN["a lost end tag"], headers={"ETag": '"v1"'})
        self.feedserver.add("/new", broken, Response(MENDED, headers={"ETag": '"v1"'}))
        made = self.subscribe("/feed", broken)
        for _ in range(3):
            self.refresh_next(made)
        change_feed(made.pk, FeedChange(url=self.get_url("/new")), self.clock())
        for _ in range(2):
            self.refresh_next(made)
        assert [request.headers.get("If-None-Match") for request in self.asked("/new")] == [None, None]
        assert "edited" in contents(made)["g-1"][2], "the mended document has not arrived"

    @pytest.mark.slow
    def test_a_head_that_is_damaged_changes_no_author_or_language_of_stored_items(self) -> None:
        """RFC 4287, section 4.2.1: an entry without an author has that of the feed."""
        entries = "".join(
            f"<entry><id>urn:{n}</id><title>{n}</title><link href='http://s.example/{n}'/>{author}</entry>"
            for n, author in ((1, ""), (2, "<author><name>Bob</name></author>"))
        )
        head = "<title>A feed</title><link href='http://s.example/'/><author><name>Ada Byron</name></author>"
        feed = f"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='de'>{head}{entries}</feed>"
        edited = feed.replace("<title>1", "<title>1, edited").replace(">Bob<", ">Bea<")
        at = edited.index("Byron")
        for kind, broken in {
            "a cut in the name": edited[:at] + edited[at + 10 :],
            "a cut before the name": edited[: at - 12] + edited[at:],
            "a lost tag": edited.replace(" xml:lang='de'", "").replace("<author><name>Ada Byron</name>", ""),
        }.items():
            with self.subTest(kind=kind):
                Feed.objects.all().delete()
                made = self.subscribe(f"/{kind}".replace(" ", "-"), Response(feed), Response(broken))
                self.refresh_next(made)
                self.refresh_next(made)
                inheriting, own = made.items.order_by("guid")
                assert (inheriting.title, inheriting.author, inheriting.language) == ("1, edited", "Ada Byron", "de")
                assert (own.author, own.language) == ("Bea", "de")

    @pytest.mark.slow
    def test_a_new_author_and_language_of_the_feed_arrive_with_the_mended_document(self) -> None:
        """Items of an ill-formed document keep their old ones. So they are compared again with the mended document,
        although its entries are the same.
        """
        head = "<title>A feed</title><link href='http://s.example/'/><author><name>Ada</name></author>"
        dated = "<updated>2026-01-01T10:00:00Z</updated>"
        entry = f"<entry><id>urn:1</id><title>1</title><link href='http://s.example/1'/>{dated}</entry>"
        feed = f"<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'>{head}{entry}</feed>"
        for kind, title in {"an item that is unchanged": "1", "an item that is edited": "1, edited"}.items():
            with self.subTest(kind=kind):
                Feed.objects.all().delete()
                renewed = feed.replace("Ada", "Ada Byron").replace("'en'", "'de'")
                renewed = renewed.replace("<title>1", f"<title>{title}")
                broken = renewed.removesuffix("</feed>")
                made = self.subscribe(f"/{len(title)}", Response(feed), Response(broken), Response(renewed))
                read = []
                for _ in range(3):
                    self.refresh_next(made)
                    read.append(made.items.values_list("title", "author", "language").get())
                assert read == [("1", "Ada", "en"), (title, "Ada", "en"), (title, "Ada Byron", "de")]

    def test_the_author_of_an_entry_of_rss_is_corrected_although_its_feed_is_ill_formed(self) -> None:
        """RSS 2.0: the managingEditor of a channel is not the author of its items."""
        feed = BROKEN["a lost end tag"].replace("<language>", "<managingEditor>Eve</managingEditor><language>")
        feed = feed.replace("</guid>", "</guid><author>Bob</author>")
        corrected = feed.replace("g-1</guid><author>Bob", "g-1</guid><author>Eve")
        corrected = corrected.replace("g-2</guid><author>Bob</author>", "g-2</guid>")
        made = self.subscribe("/feed", Response(feed), Response(corrected))
        self.refresh_next(made)
        self.refresh_next(made)
        assert [*made.items.order_by("guid").values_list("author", flat=True)] == ["Bob", "Eve", "", "Bob"]

    @pytest.mark.slow
    def test_a_document_that_could_be_mended_is_read_like_any_other(self) -> None:
        spoilt = {
            "an entity": GOOD.replace("about 2", "about&nbsp;2"),
            "an ampersand": GOOD.replace("about 2", "about & 2"),
            "a prefix": GOOD.replace("<title>2", "<media:x/><title>2"),
            "a newline": "\n" + GOOD.replace("about 2", "about two"),
            "an advertisement": GOOD.replace("about 2", "about two") + "<script>track()</script>",
        }
        for kind, body in spoilt.items():
            with self.subTest(kind=kind):
                Feed.objects.all().delete()
                path = f"/{kind}".replace(" ", "-")
                retitled = body.replace("A feed", "Another")
                made = self.subscribe(path, Response(GOOD), Response(retitled, headers={"ETag": '"v1"'}))
                self.refresh_next(made)
                row = self.refresh_next(made)
                assert (row.outcome, row.changed) == (("changed", 1) if kind != "a prefix" else ("unchanged", 0))
                assert "(mended: nothing of the document is lost)" in row.message
                assert described(made)[0] == "Another"
                assert self.refresh_next(made).outcome == "not modified"

    def test_new_validators_of_a_document_that_could_be_mended_are_sent(self) -> None:
        body = GOOD.replace("about 2", "about & 2")
        made = self.subscribe("/feed", *(Response(body, headers={"ETag": tag}) for tag in ('"v1"', '"v2"', '"v2"')))
        assert [self.refresh_next(made).outcome for _ in range(3)] == ["new", "unchanged", "not modified"]

    def test_the_log_and_why_locate_the_flaw_until_the_mended_document_comes(self) -> None:
        made = self.subscribe("/feed", Response(BROKEN["a lost end tag"], headers={"ETag": '"v1"'}), Response(GOOD))
        row = self.refresh_next(made)
        flaw = "not well-formed at line 2, column 276: mismatched tag"
        assert flaw in row.message
        assert flaw in Fetch.objects.get().message
        assert flaw in self.why(made)
        assert 'ETag            "v1" (not sent until the same ill-formed document has come twice)' in self.why(made)
        self.refresh_next(made)
        assert "  document " not in self.why(made)
        assert not Feed.objects.exclude(flaw="").exists()

    def test_empty_fields_are_filled_and_those_that_a_document_has_lost_stay(self) -> None:
        hub = "<link xmlns='http://www.w3.org/2005/Atom' rel='hub' href='https://hub.example/'/><ttl>120</ttl>"
        rich = rss("1", "2", head=f"<language>de</language><description>About</description>{hub}")
        made = self.subscribe("/feed", Response(rich[:-60]), Response(rss("1", title="Scrap")[:-60]))
        self.refresh_next(made)
        assert described(made) == ("A feed", "http://example.org/", "About", "de")
        before = {name: getattr(made, name) for name in ("hub_url", "terms")}
        assert before["hub_url"] == "https://hub.example/"
        assert before["terms"]["ttl"] == 7200
        self.refresh_next(made)
        assert described(made) == ("A feed", "http://example.org/", "About", "de")
        assert {name: getattr(made, name) for name in before} == before

    def test_a_document_that_is_cut_before_its_entries_changes_no_domain(self) -> None:
        """The links of the entries show that the feed, which a service sends, belongs to the site."""
        made = self.subscribe("/feed", Response(GOOD), Response(GOOD[: GOOD.index("<item>")]), Response(rss()))
        domains = []
        for _ in range(3):
            self.refresh()
            made.refresh_from_db()
            domains.append(made.domain)
            self.clock.move(days=1)
        assert domains == ["s.example", "s.example", "127.0.0.1"]

    def test_a_damaged_entry_is_imported_and_an_edit_of_it_waits_for_the_mended_document(self) -> None:
        broken = document("0", "1", "2").replace("about 0", "<b>about 0")
        edited = broken.replace("about 0", "on 0").replace("about 2", "on 2")
        made = self.subscribe("/feed", Response(broken), Response(edited), Response(document("0", "1", "2")))
        self.refresh_next(made)
        assert sorted(contents()) == ["g-0", "g-1", "g-2"]
        known = contents()
        assert self.refresh_next(made).changed == 1
        assert contents() == {**known, "g-2": ("2", "http://s.example/2", "All there is to say on 2.")}
        self.refresh_next(made)
        assert contents()["g-0"] == ("0", "http://s.example/0", "All there is to say about 0.")
        assert sorted(contents()) == ["g-0", "g-1", "g-2"]

    def test_a_cut_inside_a_character_overwrites_nothing_whatever_charset_the_server_names(self) -> None:
        """Apache's AddDefaultCharset names one charset for all files."""
        whole = GOOD.replace("All there is to say about", "Ça, c’est tout sur").encode()
        cut = whole[: whole.rindex("’".encode()) + 1]
        headers = {"Content-Type": "text/xml; charset=iso-8859-1"}
        made = self.subscribe("/feed", Response(whole, headers=headers), Response(cut, headers=headers))
        self.refresh_next(made)
        known = contents()
        self.refresh_next(made)
        assert contents() == known
        assert known["g-1"][2] == "Ça, c’est tout sur 1."

    @pytest.mark.slow
    def test_a_new_entry_before_a_cut_overwrites_no_item_that_has_its_link(self) -> None:
        """In the activities of GitHub and GitLab, what happened to a merge request are entries with one link. The entry
        of the stored item may be behind the cut, so its guid is not known to be gone.
        """
        entries = [
            f"<entry><id>tag:git.example,2026:{n}</id><title>Ada {verb} !5</title><link href='http://s.example/5'/>"
            f"<updated>2026-01-0{n}T10:00:00Z</updated></entry>"
            for n, verb in ((2, "merged"), (1, "opened"))
        ]
        head = "<feed xmlns='http://www.w3.org/2005/Atom'><title>Activity</title>"
        opened, whole = f"{head}{entries[1]}</feed>", f"{head}{''.join(entries)}</feed>"
        for kind in ("an item", "a deleted item"):
            with self.subTest(kind=kind):
                Feed.objects.all().delete()
                cut = f"{head}{entries[0]}{entries[1][:30]}"
                path = f"/{kind}".replace(" ", "-")
                made = self.subscribe(path, Response(opened), Response(cut), Response(whole))
                self.refresh_next(made)
                if kind == "a deleted item":
                    made.items.get().delete()
                known = [*made.items.values_list("pk", "guid", "title", "date")]
                self.refresh_next(made)
                assert [*made.items.values_list("pk", "guid", "title", "date")] == known
                self.refresh_next(made)
                assert {*known} <= {*made.items.values_list("pk", "guid", "title", "date")}
                assert made.items.filter(title="Ada merged !5").count() == 1

    @pytest.mark.slow
    def test_new_guids_and_edits_of_a_feed_that_is_always_ill_formed_are_stored(self) -> None:
        """A site moves to https, or to another program, and its feed was ill-formed before, and still is."""
        old = BROKEN["a lost end tag"]
        edited = old.replace("<title>2", "<title>2, edited")
        without_guids = re.sub("<guid.*?</guid>", "", old)
        for kind, first, second in (
            ("guids have changed", old, old.replace("g-", "https://s.example/?p=")),
            ("guids are new, and an edit", without_guids, edited),
            ("an edit, there are no guids", without_guids, re.sub("<guid.*?</guid>", "", edited)),
            (
                "guids have changed, and an edit, well-formed",
                GOOD,
                document("1", "2", "3", edited="!").replace("g-", "h-"),
            ),
        ):
            with self.subTest(kind=kind):
                Feed.objects.all().delete()
                made = self.subscribe("/" + re.sub(r"\W+", "-", kind), Response(first), Response(second))
                self.refresh_next(made)
                keys = {*made.items.values_list("pk", flat=True)}
                self.refresh_next(made)
                assert {*made.items.values_list("pk", flat=True)} == keys
                expected = parse(second.encode(), {}, made.url)
                stored = {*made.items.values_list("guid", "title")}
                assert {(entry.guid, entry.title) for entry in expected.entries[1:]} <= stored

    def test_an_edit_before_the_flaw_is_taken_over(self) -> None:
        edited = GOOD.replace("about 1", "about one").replace("3</title>", "3")
        made = self.subscribe("/feed", Response(GOOD), Response(edited))
        self.refresh_next(made)
        assert (self.refresh_next(made).changed, contents()["g-1"][2]) == (1, "All there is to say about one.")

    def why(self, made: Feed) -> str:
        printed = StringIO()
        call_command("why", made.url, stdout=printed)
        return printed.getvalue()


def take(feed: Feed, body: bytes, hour: int) -> None:
    """Import *body* as a fetch does, without the network; a document that is refused changes nothing."""
    fetched = Fetched(feed.url, b"", headers={"etag": '"1"'})
    try:
        parsed = parse(body, {}, feed.url)
    except NotAFeed:
        return
    ready = prepare(parsed, Registry(use_entry_points=False).plugin_for(parsed, feed.url), Sanitizer())
    store([result(feed, fetched, prepared=ready, body_hash=hashlib.sha256(body).hexdigest())], NOW + hour * HOUR)


RSS_ROOT = "<rss version='2.0'>"
SLOPPY = {
    "a root without quotes": (RSS_ROOT, "<rss version=2.0 feed xmlns:a=http://a.example/>"),
    "a prefix in the root": (RSS_ROOT, "<rss version='2.0' xsi:schemaLocation='urn:a'>"),
    "text after the root": (RSS_ROOT, f"{RSS_ROOT}Notice: &nbsp;"),
    "a control character in the head": ("</language>", "</language><category domain='\x0b'/>"),
    "a control character in a guid": ("g-1<", "g-1\x08<"),
    "a control character in a link": ("example/1", "example/1\0"),
    "JSON with a comma, and an item without an id": ('"id": "1", ', '"url": "/1", "tags": ["a",], '),
    "JSON with control characters": ('"id": "1"', '"id": "1\x0b"'),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("written", "read"), SLOPPY.values(), ids=SLOPPY)
def test_edits_of_a_feed_that_is_always_ill_formed_in_the_same_way_arrive(written: str, read: str) -> None:
    whole = RSS if written in RSS else JSON
    assert written in whole
    feed = make_feed("http://s.example/feed")
    take(feed, whole.replace(written, read).encode(), 0)
    known = set(contents())
    edited = whole.replace("about 1", "on 1").replace("about 2", "on 2").replace("One", "one").replace("Two", "two")
    take(feed, edited.replace(written, read).encode(), 1)
    assert set(contents()) == known and len(known) == 2
    assert Item.objects.filter(changes=1).count() == 2


def is_complete(body: bytes) -> bool:
    try:
        return parse(body, {}, "http://s.example/feed").is_complete
    except NotAFeed:
        return False


def places(whole: str) -> list[int]:
    """Return the offsets before and after each character of markup, and one in the middle of each stretch of text,
    since all cuts within a text have the same effect.
    """
    marks = [place for place, character in enumerate(whole) if character in "<>/&;=\"'{}[]:,"]
    between = [(one + other) // 2 for one, other in itertools.pairwise(marks) if other - one > 3]
    return sorted({0, *marks, *(place + 1 for place in marks), *between} - {len(whole)})


def cuts(whole: str) -> Iterator[int]:
    """Yield the offsets at which a cut document is read differently from a document that is cut at the offset before.

    Only every second offset of `places` is tried. The place of the flaw does not count as a difference.
    """
    before: object = None
    for end in places(whole)[::2]:
        try:
            read = parse(whole[:end].encode(), {}, "http://s.example/feed")
        except NotAFeed:
            now: object = None
        else:
            now = replace(read, flaw=None), read.flaw is None
        if now != before or end == 0:
            yield end
        before = now


HOUR = timedelta(hours=1)
RSS = document("1", "2")
ATOM = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>A feed</title><link href="http://s.example/"/><id>urn:f</id>
<subtitle>About it</subtitle>
<entry><id>urn:1</id><title>1</title><link href="http://s.example/1"/>
<content type="html">&lt;p&gt;One &lt;b&gt;one&lt;/b&gt;</content></entry>
<entry><id>urn:2</id><title>2</title><link href="http://s.example/2"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Two <b>two</b></p></div></content></entry>
</feed>"""
RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel rdf:about="http://s.example/feed"><title>A feed</title><link>http://s.example/</link>
<description>About it</description></channel>
<item rdf:about="http://s.example/1"><title>1</title><link>http://s.example/1</link><description>One</description></item>
<item rdf:about="http://s.example/2"><title>2</title><link>http://s.example/2</link><description>Two</description></item>
</rdf:RDF>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "home_page_url": "http://s.example/",
"description": "About it", "items": [{"id": "1", "content_text": "One"}, {"id": "2", "content_text": "Two"}]}"""


@pytest.mark.costly
@pytest.mark.django_db
@pytest.mark.parametrize("whole", [RSS, ATOM, RDF, JSON], ids=["RSS", "Atom", "RDF", "JSON"])
class TestDamageInManyPlaces:
    def imported(self, whole: str) -> tuple[Feed, Any, Any]:
        feed = make_feed("http://s.example/feed")
        take(feed, whole.encode(), 0)
        known = contents()
        assert known
        return feed, described(feed), known

    def test_a_cut_loses_and_overwrites_nothing(self, whole: str) -> None:
        feed, described_before, known = self.imported(whole)
        for end in cuts(whole):
            take(feed, whole[:end].encode(), end)
            assert described(feed) == described_before, whole[:end][-60:]
            assert contents() == known, whole[:end][-60:]

    def test_a_new_feed_that_is_cut_is_whole_once_the_document_is(self, whole: str) -> None:
        _, described_before, known = self.imported(whole)
        for end in places(whole)[::9]:
            Feed.objects.all().delete()
            feed = make_feed("http://s.example/feed")
            take(feed, whole[:end].encode(), 0)
            take(feed, whole.encode(), 1)
            assert (described(feed), contents()) == (described_before, known), whole[:end][-60:]

    def test_a_lost_bracket_overwrites_nothing(self, whole: str) -> None:
        feed, described_before, known = self.imported(whole)
        damaged = 0
        for place in [place for place, character in enumerate(whole) if character in "<>{}[]"][::3]:
            spoilt = (whole[:place] + whole[place + 1 :]).encode()
            if is_complete(spoilt):  # a lost bracket may leave another document that is well-formed
                continue
            damaged += 1
            take(feed, spoilt, 1)
            around = whole[max(0, place - 30) : place + 30]
            assert described(feed) == described_before, around
            assert {guid: contents()[guid] for guid in known} == known, around
        assert damaged > 2
