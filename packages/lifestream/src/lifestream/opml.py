"""Lists of subscriptions as OPML 2.0, which every feed reader writes and reads.

`read` and `render` turn text into values and back; `subscriptions_of` and `subscribe_to` are the way out of the
database and into it. A feed with credentials is never written: its URL is nobody else's to know.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.sax.xmlreader import AttributesImpl

import listparser
from django.db import transaction
from django.utils.xmlutils import SimplerXMLGenerator

from lifestream import posting
from lifestream.models import Feed, Lifestream, Subscription
from lifestream.parse.charset import decode
from lifestream.plaintext import scrub
from lifestream.redirects import UrlRefused, credentials_of, request_url


class NotOpml(ValueError):
    """The document is no list of subscriptions."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed in a list: where it is, what the list calls it, its site, and the folder it is in ("" for none)."""

    url: str
    title: str = ""
    site_url: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What became of a list.

    The subscriptions *made*, those *known* before, and URLs *refused*, with the reason.
    """

    made: Sequence[Subscription]
    known: int
    refused: Sequence[str]


def read(document: bytes) -> list[Outline]:
    """The feeds in *document*, in its order and each once; a folder in a folder is "outer/inner".

    Raises `NotOpml` for what is no list.
    """
    # listparser takes bytes for UTF-8, and text that looks like a URL for something to fetch.
    found = listparser.parse(decode(document).text.encode("utf-8", "replace"))
    if not found["version"] and not found["feeds"]:
        raise NotOpml("it is no OPML: there is no list of subscriptions in it")
    outlines: dict[str, Outline] = {}
    for feed in found["feeds"]:
        folder = "/".join(feed["categories"][0]) if feed["categories"] else ""
        title, folder = (" ".join(scrub(text).split()) for text in (feed["title"] or "", folder))
        outlines.setdefault(feed["url"], Outline(feed["url"], title, folder=folder))
    return list(outlines.values())


def render(title: str, outlines: Iterable[Outline]) -> bytes:
    """The document that lists *outlines* under *title*, in UTF-8."""
    out = io.StringIO()
    xml = SimplerXMLGenerator(out, "utf-8", short_empty_elements=True)
    xml.startDocument()
    xml.startElement("opml", AttributesImpl({"version": "2.0"}))
    xml.startElement("head", AttributesImpl({}))
    xml.addQuickElement("title", scrub(title))
    xml.endElement("head")
    xml.startElement("body", AttributesImpl({}))
    ordered = sorted(outlines, key=lambda outline: (outline.folder, outline.title.casefold(), outline.url))
    for folder, inside in groupby(ordered, key=lambda outline: outline.folder):
        if folder:
            xml.startElement("outline", AttributesImpl({"text": scrub(folder), "title": scrub(folder)}))
        for outline in inside:
            name = scrub(outline.title or outline.url)
            site = {"htmlUrl": scrub(outline.site_url)} if outline.site_url else {}
            feed = {"type": "rss", "text": name, "title": name, "xmlUrl": scrub(outline.url), **site}
            xml.addQuickElement("outline", attrs=feed)
        if folder:
            xml.endElement("outline")
    xml.endElement("body")
    xml.endElement("opml")
    xml.endDocument()
    return out.getvalue().encode("utf-8")


def write(lifestream: Lifestream) -> bytes:
    """All that *lifestream* subscribes to, as OPML."""
    return render(lifestream.title, subscriptions_of(lifestream))


def subscriptions_of(lifestream: Lifestream) -> list[Outline]:
    """What *lifestream* subscribes to, without feeds that have credentials."""
    rows = lifestream.subscriptions.select_related("feed").filter(feed__in=Feed.objects.shared())
    return [Outline(row.feed.url, row.display_name, row.feed.site_url, row.folder) for row in rows]


def subscribe_to(lifestream: Lifestream, outlines: Iterable[Outline]) -> Subscribed:
    """Subscribes *lifestream* to all of *outlines*; nothing is fetched, the new feeds are due at once.

    A feed keeps the name that it has in the list, since the one who kept the list may have chosen it. URLs that no
    feed can have, or that carry a password, are refused: the first is a mistake, the second was asked for one by
    one.
    """
    made: list[Subscription] = []
    refused: list[str] = []
    known = 0
    for outline in outlines:
        try:
            url = request_url(outline.url.strip())
        except UrlRefused as error:
            refused.append(str(error))
            continue
        if credentials_of(outline.url):
            refused.append(f"{url} has a user name and password; add it by itself, with add_feed")
            continue
        with transaction.atomic():
            feed = Feed.objects.shared().with_url(url).first()
            if feed is None:
                feed = Feed.objects.create(url=url, site_url=outline.site_url)
            if Subscription.objects.filter(lifestream=lifestream, feed=feed).exists():
                known += 1
                continue
            name = outline.title if outline.title != feed.title else ""
            made.append(posting.subscribe(lifestream, feed, name=name, folder=outline.folder))
    return Subscribed(made, known, refused)
