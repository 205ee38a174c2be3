"""The text of an entry is unchanged in each format that we publish: texts are imported, published, and read back by
other feed readers.
"""

from __future__ import annotations

import html
import json
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import fastfeedparser
import feedparser
import pytest

from factories import make_feed, make_lifestream, make_subscription
from feedserver import Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.content.plaintext import text_of
from lifestream.models import Item, Lifestream, Subscription
from lifestream.refresh import refresh

pytestmark = pytest.mark.slow

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "a < b && c > d",
    "a<b and b>c",
    "&lt;b&gt;bold&lt;/b&gt;",
    "&amp;amp; &#60; &nbsp;",
    "]]><x>&lt;script>alert(1)&lt;/script>",
    "\"quoted\" 'words' `ticks`",
    "--> <!-- <![CDATA[ x",
    "<svg/onload=alert(1)//",
    "javascript:alert(1)",
    "Tom & Jerry; R&D; ?a=1&copy=2",
)
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
DC = "{http://purl.org/dc/elements/1.1/}"


def atom_of(texts: tuple[str, ...]) -> str:
    """Return a feed in which each of *texts* is an entry's title, summary, author and category, all of them plain text,
    and its content, which is HTML.

    Names of authors are escaped twice, as in many feeds: they are read as HTML.
    """
    entries = "".join(
        f"<entry><id>urn:x:{number}</id><updated>2026-03-0{1 + number % 9}T00:00:00Z</updated>"
        f"<title type='text'>{escape(text)}</title><summary type='text'>{escape(text)}</summary>"
        f"<author><name>{escape(html.escape(text))}</name></author><category term={quoteattr(text)}/>"
        f"<content type='html'>{escape('<p>' + html.escape(text) + '</p>')}</content></entry>"
        for number, text in enumerate(texts)
    )
    return (
        "<feed xmlns='http://www.w3.org/2005/Atom'><id>urn:x</id><updated>2026-03-01T00:00:00Z</updated>"
        f"<title type='text'>{escape(texts[0])}</title>{entries}</feed>"
    )


class TextTest(FeedServerTransactionTestCase):
    """Each test imports the same hostile texts, and reads one output."""

    def setUp(self) -> None:
        super().setUp()
        self.lifestream = make_lifestream("main", title="<b>Har</b>bour & Co", tagline="a < b &amp; <i>c</i>")
        self.feedserver.add("/feed", Response(atom_of(HOSTILE), headers={"Content-Type": "application/atom+xml"}))
        self.subscription = make_subscription(make_feed(self.get_url("feed")), self.lifestream)
        assert not refresh([self.subscription.feed_id]).failed

    def expected(self) -> list[str]:
        """Return the texts, the latest first, and assert that all of them are stored as the feed had them."""
        stored = {item.guid: item for item in Item.objects.all()}
        for number, text in enumerate(HOSTILE):
            item = stored[f"urn:x:{number}"]
            assert (item.title, item.author, item.summary) == (text, text, text)
        texts = [post.item.title for post in self.lifestream.posts.order_by("-date", "-item_id")]
        assert sorted(texts) == sorted(HOSTILE)
        return texts

    def body(self, name: str) -> bytes:
        response = self.client.get(f"/main/{name}")
        assert response.status_code == 200
        return response.getvalue()

    def test_an_import_keeps_text_as_text(self) -> None:
        self.expected()
        assert {HOSTILE[0], HOSTILE[1]} <= {tag.name for item in Item.objects.all() for tag in item.tags.all()}

    def test_atom_has_the_text_by_its_own_rules(self) -> None:
        root = ET.fromstring(self.body("feed.atom"))
        for parent in (root, *root.iter(f"{ATOM}entry"), *root.iter(f"{ATOM}source")):
            for name in ("title", "subtitle", "summary", "rights"):
                for element in parent.findall(f"{ATOM}{name}"):
                    assert element.get("type", "text") == "text", f"{name} is no text"
        assert root.findtext(f"{ATOM}title") == self.lifestream.title
        assert root.findtext(f"{ATOM}subtitle") == self.lifestream.tagline
        entries = root.findall(f"{ATOM}entry")
        expected = self.expected()
        for name in ("title", "summary", f"author/{ATOM}name"):
            assert [entry.findtext(f"{ATOM}{name}") for entry in entries] == expected
        assert {entry.findtext(f"{ATOM}source/{ATOM}title") for entry in entries} == {HOSTILE[0]}
        terms = {category.get("term") for category in root.iter(f"{ATOM}category")}
        assert {HOSTILE[0], HOSTILE[1]} <= terms
        for entry, text in zip(entries, expected, strict=True):
            assert text_of(entry.findtext(f"{ATOM}content") or "") == " ".join(text.split())

    def test_rss_has_the_text_by_its_own_rules(self) -> None:
        root = ET.fromstring(self.body("feed.rss"))
        assert root.findtext("channel/title") == self.lifestream.title
        assert root.findtext("channel/description") == self.lifestream.tagline
        items, expected = root.findall("channel/item"), self.expected()
        assert [item.findtext("title") for item in items] == expected
        assert [item.findtext(f"{DC}creator") for item in items] == expected
        # The description is HTML, in which there is nothing but text.
        described = [item.findtext("description") or "" for item in items]
        assert not [text for text in described if "<" in text]
        assert [html.unescape(text) for text in described] == expected
        for item, text in zip(items, expected, strict=True):
            assert text_of(item.findtext(CONTENT) or "") == " ".join(text.split())

    def test_json_feed_has_the_text_by_its_own_rules(self) -> None:
        feed = json.loads(self.body("feed.json"))
        assert (feed["title"], feed["description"]) == (self.lifestream.title, self.lifestream.tagline)
        expected = self.expected()
        assert [item["title"] for item in feed["items"]] == expected
        assert [item["summary"] for item in feed["items"]] == expected
        assert [item["authors"][0]["name"] for item in feed["items"]] == expected

    def test_json_feed_gives_text_as_text_if_there_is_no_content(self) -> None:
        Item.objects.update(content="")
        feed = json.loads(self.body("feed.json"))
        assert [item["content_text"] for item in feed["items"]] == self.expected()

    def test_feedparser_reads_the_text_unchanged(self) -> None:
        for name in ("feed.atom", "feed.rss"):
            found: Any = feedparser.parse(self.body(name), sanitize_html=False, resolve_relative_uris=False)
            assert not found.bozo
            assert found.feed.title == self.lifestream.title
            expected = self.expected()
            assert [entry.title for entry in found.entries] == expected
            assert [entry.author for entry in found.entries] == expected
            summaries = [entry.summary_detail for entry in found.entries]
            assert [_shown(detail) for detail in summaries] == expected

    def test_feedparser_finds_nothing_to_remove_from_a_summary(self) -> None:
        for name in ("feed.atom", "feed.rss"):
            as_sent: Any = feedparser.parse(self.body(name), sanitize_html=False)
            cleaned: Any = feedparser.parse(self.body(name))
            assert len(as_sent.entries) == len(self.expected())
            for sent, safe in zip(as_sent.entries, cleaned.entries, strict=True):
                assert _shown(sent.summary_detail) == _shown(safe.summary_detail)

    def test_fastfeedparser_reads_the_text_unchanged(self) -> None:
        for name in ("feed.atom", "feed.rss"):
            found: Any = fastfeedparser.parse(self.body(name).decode())
            expected = self.expected()
            assert [entry.title for entry in found.entries] == expected
            described = [entry.description for entry in found.entries]
            assert [html.unescape(text) for text in described] == [
                html.unescape(text) if name == "feed.atom" else text for text in expected
            ]

    def test_opml_is_read_back_with_the_names_that_it_had(self) -> None:
        for text in HOSTILE:
            feed = make_feed(title=text, site_url=f"https://x.example/?q={html.escape(text)}")
            make_subscription(feed, self.lifestream, folder=text)
        Lifestream.objects.update(title=HOSTILE[5])
        body = self.body("subscriptions.opml")
        root = ET.fromstring(body)
        assert root.findtext("head/title") == HOSTILE[5]
        outlines = [outline for outline in root.iter("outline") if outline.get("xmlUrl")]
        stored = Subscription.objects.select_related("feed")
        wanted = sorted((each.feed.url, each.display_name, each.folder) for each in stored)
        folders = {child: parent.get("text", "") for parent in root.iter("outline") for child in parent}
        assert wanted == sorted(
            (outline.get("xmlUrl", ""), outline.get("text", ""), folders.get(outline, "")) for outline in outlines
        )

    def test_pages_show_the_text_unchanged(self) -> None:
        posts = self.lifestream.posts.select_related("item")
        assert sorted(post.item.title for post in posts) == sorted(HOSTILE)
        for post in posts:
            text = post.item.title
            page = self.body(f"items/{post.item_id}/").decode()
            assert f"<title>{html.escape(text)} · {html.escape(self.lifestream.title)}</title>" in page
            for name, attribute in (("description", "name"), ("og:title", "property")):
                assert f'<meta {attribute}="{name}" content="{html.escape(text)}">' in page
            assert "onerror=alert(1)>" not in page and "<svg/onload" not in page


def _shown(detail: Any) -> str:
    """Return what a reader shows of a value that feedparser gives with its type."""
    return html.unescape(detail.value) if detail.type == "text/html" else str(detail.value)
