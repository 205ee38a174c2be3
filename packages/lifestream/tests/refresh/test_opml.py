"""The import and export of lists of subscriptions."""

from __future__ import annotations

import pytest
from django.test import override_settings
from django.utils import timezone

from costs import assert_linear
from factories import make_feed, make_item, make_lifestream, make_subscription
from lifestream.conf import defaults
from lifestream.models import Feed, Post, Subscription
from lifestream.refresh import opml
from lifestream.refresh.opml import NotOpml, Outline, read, render, subscribe_to, subscriptions_of, write
from lifestream.storage import credentials

LIST = """<?xml version="1.0" encoding="{encoding}"?>
<opml version="2.0"><head><title>Mine</title></head><body> <outline text="News &amp; Views"><outline type="rss"
text="Zeitung für Köln" xmlUrl="https://a.example/feed?a=1&amp;b=2" htmlUrl="https://a.example/"/> <outline
text="Deep"><outline type="rss" text="Inner" xmlUrl="https://b.example/feed"/></outline></outline> <outline
type="rss" text="Loose" xmlUrl="https://c.example/feed"/> <outline type="rss" text="Again"
xmlUrl="https://c.example/feed"/> <outline text="An empty folder"/>
</body></opml>"""
OUTLINES = [
    Outline("https://a.example/feed?a=1&b=2", "Zeitung für Köln", "https://a.example/", "News & Views"),
    Outline("https://b.example/feed", "Inner", folder="News & Views/Deep"),
    Outline("https://c.example/feed", "Loose"),
]


def test_a_list_without_an_xml_declaration_is_in_utf_8() -> None:
    text = LIST.partition("\n")[2]
    assert read(text.encode()) == OUTLINES
    assert read(text.encode("utf-8-sig")) == OUTLINES


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_list_is_read_with_its_folders_in_any_encoding(encoding: str) -> None:
    assert read(LIST.format(encoding=encoding).encode(encoding)) == OUTLINES


def test_a_list_without_feeds_is_empty() -> None:
    assert read(b"<opml version='1.0'><body></body></opml>") == []


@pytest.mark.parametrize("document", [b"", b"<html><p>No</p></html>", b"https://example.org/list.opml", b"\x00\xff"])
def test_a_document_that_is_no_list_is_refused(document: bytes) -> None:
    with pytest.raises(NotOpml, match=r"^it is no OPML: there is no list of subscriptions in it$"):
        read(document)


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


@pytest.mark.parametrize(
    ("document", "outlines"),
    [
        ("<opml><head><title/></head><body><outline xmlUrl='http://a'/></body></opml>", [Outline("http://a")]),
        ("<opml></outline></outline><outline xmlUrl='http://a'></outline></outline>", [Outline("http://a")]),
        ("<opml><outline text='F'><outline xmlUrl='http://a'>", [Outline("http://a", folder="F")]),
        ("<o:opml xmlns:o='http://opml.org/spec2'><o:outline XMLURL=' http://a '/>", [Outline("http://a")]),
        ("<outline xmlUrl='http://a' text=' ' title='&lt;T&gt;'/>", [Outline("http://a", "<T>")]),
        ("<outline xmlUrl='http://a' category='/A/B,/C'/>", [Outline("http://a", folder="A/B")]),
        ("<outline xmlUrl='http://a' type='source'/><outline xmlUrl=''/><opml/>", []),
        ("<outline text='F'/><outline xmlUrl='http://a'/>", [Outline("http://a")]),
        (
            "<outline text='F'><outline xmlUrl='http://b'><outline xmlUrl='http://a'/></outline></outline>",
            [Outline("http://b", folder="F"), Outline("http://a", folder="F")],
        ),
        ("<!-- <outline xmlUrl='http://b'/> --><opml><![CDATA[<outline xmlUrl='http://b'/>]]></opml>", []),
    ],
)
def test_a_list_is_read_as_far_as_it_makes_sense(document: str, outlines: list[Outline]) -> None:
    assert read(document.encode()) == outlines


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            b"<opml>" + b" " * defaults.max_opml,
            "it is larger than 10 MiB: split it into several lists, or raise LIFESTREAM_MAX_OPML",
        ),
        (
            "".join(f"<outline xmlUrl='http://a/{n}'/>" for n in range(10_001)).encode(),
            "it lists more than 10,000 feeds: split it into several lists, or raise LIFESTREAM_MAX_OPML_FEEDS",
        ),
        (
            b"<opml>" + b"<outline text='a'>" * 21,
            "it has folders in folders, more than 20 deep: no reader writes such a list",
        ),
    ],
)
def test_a_list_that_is_too_large_or_too_deep_is_refused(document: bytes, message: str) -> None:
    with pytest.raises(NotOpml) as refused:
        read(document)
    assert str(refused.value) == message


def test_a_list_of_ten_thousand_feeds_19_folders_deep_is_read() -> None:
    many = "".join(f"<outline xmlUrl='http://a/{n}'/>" for n in range(10_000))
    folders = "<outline text='a'>" * 19
    assert len(read(f"<opml>{folders}{many}".encode())) == 10_000


def test_the_names_of_a_list_are_cut() -> None:
    document = f"<opml><outline text='{'F' * 300}'><outline text='{'T' * 300}' xmlUrl='http://a'/></outline></opml>"
    assert read(document.encode()) == [Outline("http://a", "T" * 199 + "…", folder="F" * 199 + "…")]


@pytest.mark.costly
@pytest.mark.parametrize(
    "unit",
    [
        *(
            "<",
            "<a",
            "<a ",
            "</",
            "</a",
            "<!",
            "<!--",
            "<?",
            "<![CDATA[",
            "&",
            "&amp",
            "<title ",
            "<title/",
            "</outline>",
        ),
        *(
            "<outline>",
            "<outline text='a'/>",
            "<outline xmlUrl='http://a' category='a/b,c'/>",
            '<outline a="',
            "<o:title",
        ),
    ],
)
def test_a_list_takes_linear_time(unit: str) -> None:
    assert_linear(read, lambda n: f"<opml>{unit * n}".encode(), 5000)


@pytest.mark.costly
def test_the_categories_and_the_folders_of_one_feed_take_linear_time() -> None:
    def categories(number: int) -> bytes:
        return f"<opml><outline xmlUrl='http://a' category='{','.join(map(str, range(number)))}'/>".encode()

    def folders(number: int) -> bytes:
        return b"<opml>" + b"".join(
            b"<outline text='%d'><outline xmlUrl='http://a'/></outline>" % n for n in range(number)
        )

    assert_linear(read, categories, 5000)
    assert_linear(read, folders, 2000)


def test_half_an_address_at_the_end_of_a_list_that_is_cut_off_is_no_feed() -> None:
    assert read(b"<opml><outline xmlUrl=http://a.example/><outline xmlUrl=http://b.exam") == [
        Outline("http://a.example/")
    ]


def test_a_site_that_is_not_on_the_web_is_left_out() -> None:
    document = "<outline xmlUrl='http://a' htmlUrl='mailto:ada@a.example'/>"
    assert read(document.encode()) == [Outline("http://a")]


def test_a_document_without_an_opml_element_does_not_count_as_cut_off() -> None:
    found = opml.read_list(b"<outline xmlUrl='http://a'/>")
    assert found.outlines == (Outline("http://a"),)
    assert not found.is_cut_off


@pytest.mark.django_db
def test_a_list_is_written_in_parts_that_end_with_the_first_outline_beyond_64_ki_characters() -> None:
    lifestream = make_lifestream()
    outlines = [Outline(f"https://a.example/{n:04}", f"{n:04}") for n in range(3000)]
    subscribe_to(lifestream, outlines)
    *parts, last = write(lifestream)
    assert len(parts) == 3
    for part in parts:
        assert len(part.rpartition(b"<outline")[0]) <= 64 * 1024 < len(part)
    assert all(part.startswith(b"<outline ") for part in (*parts[1:], last))
    assert last.endswith(b"</opml>")
    assert read(b"".join([*parts, last])) == outlines


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

    def test_a_feed_that_others_have_is_shown_with_its_items_and_a_name_of_its_own_if_it_differs(self) -> None:
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


@pytest.mark.parametrize(
    ("document", "outlines"),
    [
        pytest.param(
            "<outline text='L' type='link'><outline xmlUrl='http://a'/></outline>",
            [Outline("http://a")],
            id="a link is no folder",
        ),
        pytest.param(
            "<outline text='L' type='Include'><outline xmlUrl='http://a'/></outline>",
            [Outline("http://a")],
            id="nor is an included list",
        ),
        pytest.param(
            "<outline><outline text='F'><outline xmlUrl='http://a'/></outline></outline>",
            [Outline("http://a", folder="F")],
            id="a folder without a name",
        ),
        pytest.param(
            "<outline text='F'><outline text='G'></outline><outline xmlUrl='http://a'/></outline>"
            "<outline xmlUrl='http://b'/>",
            [Outline("http://a", folder="F"), Outline("http://b")],
            id="folders that are closed",
        ),
        pytest.param(
            "<outline text='F'><outline xmlUrl='http://a' category=' , /,/B/ C '/></outline>",
            [Outline("http://a", folder="B/C")],
            id="the first category that names a folder",
        ),
        pytest.param(
            "<outline text='F'><outline xmlUrl='http://a' category=', /'/></outline>",
            [Outline("http://a", folder="F")],
            id="a category without a name",
        ),
        pytest.param(
            "<outline xmlUrl='http://a' text='one'/><outline xmlUrl='http://a' text='two'/>",
            [Outline("http://a", "one")],
            id="a feed twice",
        ),
        pytest.param("<outline xmlUrl='http://a' type=' Source '/><opml/>", [], id="source in capitals"),
        pytest.param(
            "<outline text='F' xmlUrl=''><outline xmlUrl='http://a'/></outline>",
            [Outline("http://a", folder="F")],
            id="a folder with an empty address",
        ),
        pytest.param(
            "<outline type='RSS' url='http://a'/><outline type='atom' url='http://b' xmlUrl=' '/>"
            "<outline type='link' url='http://c'/><outline url='http://d'/>",
            [Outline("http://a"), Outline("http://b")],
            id="feeds with the address of a link",
        ),
        pytest.param(
            "<opml><head xmlUrl='http://no'></head><body text='F'><outline xmlUrl='http://a'/></body></opml>",
            [Outline("http://a")],
            id="another element",
        ),
    ],
)
def test_outlines_are_read_with_their_types_folders_and_categories(document: str, outlines: list[Outline]) -> None:
    assert read(document.encode()) == outlines


def test_a_list_may_be_as_large_and_as_deep_as_the_limits() -> None:
    feed, closed = "<outline xmlUrl='http://a'/>", "</outline>"
    document = f"<opml>{feed}".encode()
    assert read(document + b" " * (10 * 2**20 - len(document))) == [Outline("http://a")]
    with pytest.raises(NotOpml):
        read(document + b" " * (10 * 2**20 - len(document) + 1))
    [deep] = read(f"<opml>{'<outline text=' + repr('a') + '>'}".encode() * 20 + f"{feed}{closed * 20}".encode())
    assert deep.folder == "/".join("a" * 20)


def test_an_extremely_long_outline_is_ignored() -> None:
    """Its attributes are not read, and the list continues after it."""
    beginning = "<outline xmlUrl='http://a' text='"
    longest = beginning + "x" * (32 * 1024 - len(beginning) - 3) + "'/>"
    after = "<outline xmlUrl='http://b'/>"
    assert [outline.url for outline in read(f"<opml>{longest}{after}".encode())] == ["http://a", "http://b"]
    longer = longest.replace("'/>", "x'/>")
    assert [outline.url for outline in read(f"<opml>{longer}{after}".encode())] == ["http://b"]


@pytest.mark.parametrize("kind", ["HTML+XPath", "xml+xpath", "JSON+DotNotation", "HTML+XPath+JSON+DotNotation"])
def test_pages_of_which_freshrss_makes_feeds_are_read_with_the_reason_why_they_are_refused(kind: str) -> None:
    text = f"<opml><outline type='{kind}' text='News' xmlUrl='https://a.example/news' frss:xPathItem='//li'/></opml>"
    [outline] = opml.read(text.encode())
    assert outline.refusal == (
        f"https://a.example/news is no feed: FreshRSS makes one of it by rules of its own ({kind}), which no other "
        "reader has"
    )


@pytest.mark.parametrize("kind", ["rss", "atom", "JSONFeed", "", "RSS+x"])
def test_every_other_type_may_be_a_feed(kind: str) -> None:
    [outline] = opml.read(f"<opml><outline type='{kind}' text='a' xmlUrl='https://a.example/feed'/></opml>".encode())
    assert outline.refusal == ""


def test_the_maximum_size_of_a_list_is_a_setting() -> None:
    document = b'<opml><outline xmlUrl="https://a.example/"/><outline xmlUrl="https://b.example/"/></opml>'
    with override_settings(LIFESTREAM_MAX_OPML=1024**2 // 2, LIFESTREAM_MAX_OPML_FEEDS=2):
        assert len(read(document)) == 2
        with pytest.raises(NotOpml, match=r"^it is larger than 0\.5 MiB: "):
            read(document + b" " * 1024**2)
    with override_settings(LIFESTREAM_MAX_OPML_FEEDS=1), pytest.raises(NotOpml, match="it lists more than 1 feeds"):
        read(document)
