"""The subscriptions of a lifestream as a list that is written, and outlines that are subscribed to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from factories import make_feed, make_item, make_lifestream, make_subscription
from lifestream.models import Feed, Post, Subscription
from lifestream.refresh import opml
from lifestream.refresh.opml import OpmlList, Outline, read, read_list, render, subscribe_to, subscriptions_of, write
from lifestream.storage import credentials

OUTLINES = [
    Outline("https://a.example/feed?a=1&b=2", "Zeitung für Köln", "https://a.example/", "News & Views"),
    Outline("https://b.example/feed", "Inner", folder="News & Views/Deep"),
    Outline("https://c.example/feed", "Loose"),
]


def test_a_written_list_can_be_read_again() -> None:
    outlines = [
        Outline('https://a.example/?a=1&b="2"\'', "<b>Bold</b> & co", "https://a.example/", "Ordner/ü"),
        Outline("https://b.example/", "\N{SNOWMAN}"),
    ]
    again = read(render("A & B", outlines))
    assert sorted(again, key=lambda outline: outline.url) == outlines


def test_characters_that_xml_does_not_allow_are_left_out() -> None:
    [outline] = read(render("t", [Outline("https://a.example/", "a\x00\x0bb")]))
    assert outline.title == "ab"


def test_a_feed_without_a_name_is_written_with_its_url() -> None:
    assert b'text="https://a.example/"' in render("t", [Outline("https://a.example/")])


def test_a_written_list_is_ordered_by_folder_then_name_then_address() -> None:
    written = render(
        "t",
        [
            Outline("https://a.example/2", "Twin", folder="Z"),
            Outline("https://a.example/1", "Twin", folder="Z"),
            Outline("https://a.example/3", "beta", folder="A"),
            Outline("https://a.example/4", "Alpha", folder="A"),
            Outline("https://a.example/5", "loose"),
        ],
    ).decode()
    assert [outline.url[-1] for outline in read(written.encode())] == ["5", "4", "3", "1", "2"]
    assert written.count('text="A"') == written.count('text="Z"') == 1


def test_a_written_list_is_an_opml_2_document_that_names_sites() -> None:
    written = render(
        "A", [Outline("https://a.example/f", "A", "https://a.example/", "F"), Outline("https://b.example/f")]
    )
    assert written.decode() == (
        '<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0"><head><title>A</title></head><body>'
        '<outline text="https://b.example/f" title="https://b.example/f" type="rss" xmlUrl="https://b.example/f"/>'
        '<outline text="F" title="F"><outline htmlUrl="https://a.example/" text="A" title="A" type="rss" '
        'xmlUrl="https://a.example/f"/></outline></body></opml>'
    )


def test_an_address_of_a_site_is_written_without_characters_that_no_iri_has() -> None:
    site = 'https://a.example/"<b>{}|\\^`\u202e\u2028\ufffd\ue000\U000e0041é'
    [outline] = read(render("t", [Outline("https://a.example/f?{|}", "A", site)]))
    encoded = "%22%3Cb%3E%7B%7D%7C%5C%5E%60%E2%80%AE%E2%80%A8%EF%BF%BD%EE%80%80%F3%A0%81%81é"
    assert outline == Outline("https://a.example/f?{|}", "A", f"https://a.example/{encoded}")


def parts_of(outlines: list[Outline]) -> list[bytes]:
    return list(opml._rendered("t", outlines))


@pytest.mark.parametrize(("more", "of_parts"), [(0, [2, 1, 0]), (1, [1, 2, 0])])
def test_a_list_is_written_in_parts_that_end_with_the_first_outline_beyond_64_ki_characters(
    more: int, of_parts: list[int]
) -> None:
    [short] = parts_of([Outline("https://a.example/", "A")])
    room = 64 * 1024 - len(short.removesuffix(b"</body></opml>"))
    urls = [f"https://a.example/{'x' * (room + more)}", "https://b.example/", f"https://c.example/{'x' * 64 * 1024}"]
    outlines = [Outline(url, "A") for url in urls]
    parts = parts_of(outlines)
    assert [part.count(b"<outline ") for part in parts] == of_parts
    assert read_list(b"".join(parts)) == OpmlList(tuple(outlines))  # which is well-formed


@pytest.mark.django_db
class TestDatabase:
    def test_every_subscription_is_written_once_even_if_they_are_read_in_parts(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lifestream = make_lifestream()
        outlines = [Outline(f"https://{name}.example/", name, folder=name.upper()) for name in "abcdefgh"]
        subscribe_to(lifestream, outlines)
        monkeypatch.setattr(opml, "_PART", 3)
        assert list(subscriptions_of(lifestream)) == outlines

    def test_a_feed_without_a_name_and_a_title_is_written_with_its_domain(self) -> None:
        lifestream = make_lifestream()
        make_subscription(make_feed("https://a.example/feed"), lifestream)
        assert list(subscriptions_of(lifestream)) == [Outline("https://a.example/feed", "a.example")]

    def test_an_outline_with_a_refusal_is_left_out_and_those_after_it_are_subscribed_to(self) -> None:
        outlines = [Outline("https://a.example/page", refusal="No feed."), Outline("https://b.example/feed")]
        result = subscribe_to(make_lifestream(), outlines)
        assert [made.feed.url for made in result.made] == ["https://b.example/feed"]
        assert (result.refused, result.known) == (["No feed."], 0)

    def test_a_feed_that_is_listed_again_counts_as_known(self) -> None:
        twice = [Outline("https://a.example/feed", "First"), Outline("https://a.example/feed", "Second")]
        result = subscribe_to(make_lifestream(), twice)
        assert [made.name for made in result.made] == ["First"]
        assert result.known == 1

    def test_the_notes_of_the_feeds_that_are_subscribed_to_are_reported(self) -> None:
        outlines = [Outline("https://a.example/feed", note="A: x = 1"), Outline("https://b.example/feed")]
        assert subscribe_to(make_lifestream(), outlines).notes == ["A: x = 1"]

    def test_all_subscriptions_without_credentials_are_written(self) -> None:
        lifestream = make_lifestream(title="Mine")
        named = make_feed("https://a.example/feed", title="A", site_url="https://a.example/")
        make_subscription(named, lifestream, name="My A", folder="News")
        make_subscription(make_feed("https://b.example/feed", title="B"), lifestream)
        private = make_feed("https://c.example/secret", title="C", credentials=credentials.seal("ada:secret"))
        make_subscription(private, lifestream)
        make_subscription(make_feed("https://elsewhere.example/feed"))
        assert list(subscriptions_of(lifestream)) == [
            Outline("https://b.example/feed", "B"),
            Outline("https://a.example/feed", "My A", "https://a.example/", "News"),
        ]
        document = b"".join(write(lifestream))
        assert b"secret" not in document
        assert b"<title>Mine</title>" in document

    def test_a_list_is_subscribed_to_and_due_at_once(self) -> None:
        lifestream = make_lifestream()
        result = subscribe_to(lifestream, OUTLINES)
        assert Feed.objects.due(timezone.now()).count() == len(OUTLINES)
        assert (len(result.made), result.known, result.refused) == (3, 0, [])
        assert set(Feed.objects.values_list("url", flat=True)) == {outline.url for outline in OUTLINES}
        subscription = Subscription.objects.get(feed__url="https://a.example/feed?a=1&b=2")
        assert (subscription.display_name, subscription.folder) == ("Zeitung für Köln", "News & Views")

    def test_a_known_feed_is_not_made_twice(self) -> None:
        lifestream = make_lifestream()
        subscribe_to(lifestream, OUTLINES)
        again = subscribe_to(lifestream, OUTLINES)
        assert (list(again.made), again.known) == ([], 3)
        assert Feed.objects.count() == 3

    def test_the_items_of_a_feed_that_others_have_are_posted_and_a_differing_name_is_stored(self) -> None:
        theirs = make_feed("https://c.example/feed", title="Loose")
        make_feed(OUTLINES[0].url, title="Another")
        make_item(theirs, "old")
        lifestream = make_lifestream()
        subscribe_to(lifestream, OUTLINES)
        names = {each.feed.url: each.name for each in Subscription.objects.filter(lifestream=lifestream)}
        assert names[theirs.url] == ""
        assert names[OUTLINES[0].url] == OUTLINES[0].title
        assert Post.objects.filter(lifestream=lifestream).count() == 1

    def test_urls_that_no_feed_can_have_or_that_have_a_password_are_refused_and_the_others_accepted(self) -> None:
        outlines = [
            Outline("javascript:alert(1)"),
            Outline("https://ada:secret@a.example/feed"),
            Outline("https://\u2488%ff/feed"),
            Outline("https://b.example/feed"),
        ]
        result = subscribe_to(make_lifestream(), outlines)
        assert len(result.made) == 1
        assert result.refused == [
            "javascript:alert(1) is not fetched: its scheme is javascript, not http or https",
            "https://a.example/feed has a user name and password; add it by itself, with add_feed",
            "https://\u2488%ff/feed is no URL: a character that no name of a host has",
        ]

    def test_a_name_in_a_list_is_stored_without_the_login_of_a_url_in_it(self) -> None:
        titles = [
            "https://ada:secret@a.example/feed",
            "A: http://ada%40b@a.example",
            "A // b@a.example",
            "https://ada:my/secret word@a.example/feed",
            "ada@a.example",
        ]
        subscribe_to(make_lifestream(), [Outline(f"https://a.example/{n}", each) for n, each in enumerate(titles)])
        names = list(Subscription.objects.order_by("pk").values_list("name", flat=True))
        assert names == [
            *("https://a.example/feed", "A: http://a.example", "A // b@a.example"),
            *("https://a.example/feed", "ada@a.example"),
        ]

    def test_the_folder_in_a_list_is_stored_without_the_login_of_a_url_in_it(self) -> None:
        subscribe_to(make_lifestream(), [Outline("https://a.example/", folder="https://ada:secret@a.example/")])
        assert Subscription.objects.get().folder == "https://a.example/"

    def test_the_site_and_the_title_in_a_list_are_not_stored_in_the_feed(self) -> None:
        subscribe_to(make_lifestream(), [Outline("https://a.example/feed", "A", "https://elsewhere.example/")])
        feed = Feed.objects.get()
        assert (feed.site_url, feed.title) == ("", "")

    def test_blanks_around_the_url_of_a_feed_are_ignored(self) -> None:
        theirs = make_feed("https://a.example/feed")
        assert len(subscribe_to(make_lifestream(), [Outline("  https://a.example/feed\n")]).made) == 1
        assert list(Feed.objects.all()) == [theirs]

    def test_a_feed_of_another_lifestream_does_not_count_as_known(self) -> None:
        theirs = make_subscription(make_feed("https://a.example/feed"))
        result = subscribe_to(make_lifestream(), [Outline("https://a.example/feed")])
        assert ([made.feed for made in result.made], result.known) == ([theirs.feed], 0)

    def test_a_private_feed_is_not_shared(self) -> None:
        private = make_feed("https://a.example/feed", credentials=credentials.seal("ada:secret"))
        [subscription] = subscribe_to(make_lifestream(), [Outline("https://a.example/feed")]).made
        assert subscription.feed != private
