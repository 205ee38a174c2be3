"""A timeline as a feed: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, from the same values.

Titles, summaries and names are plain text. Atom writes them as text constructs of type "text" (RFC 4287 §3.1.1), JSON
Feed as plain text fields. RSS 2.0 has plain text everywhere except in the `description` of an item, which is HTML (RSS
Best Practices Profile, "Character Data"); there the text is escaped once more.

An entry keeps the link, the author and the date of its source, and names the source. Its id was chosen when it was
stored, and stays the same whatever becomes of this site's address or the feed's (see `storage.published_ids`), and so
does the id of the whole feed (see `id_of`). The feed that an entry was taken from is linked ("via"), unless it is
private. The validators come from one query of a few columns, so an unchanged feed is answered without reading its
items.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import io
import json
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote, urlencode
from xml.sax.xmlreader import AttributesImpl

from django.utils.feedgenerator import Atom1Feed, Enclosure, Rss201rev2Feed, SyndicationFeed
from django.utils.translation import gettext
from django.utils.xmlutils import SimplerXMLGenerator

from lifestream.conf import settings
from lifestream.content.plaintext import scrub
from lifestream.content.stored_values import address, objects, of_the_web
from lifestream.content.text_direction import isolated
from lifestream.models import Item, Post
from lifestream.page_limits import LARGEST_FEED
from lifestream.plugins.entry_uris import as_iri, uuid_uri
from lifestream.storage import published_ids
from lifestream.web.keyset import Cursor
from lifestream.web.timeline import Timeline, TimelinePage

_FORM: Final = 5
"""The version of the output: raised when the same posts are written in another way, so that no 304 hides the change."""
ENTRIES: Final = 40
"""How many posts a feed has, unless their contents are larger than LARGEST_FEED. Older ones are linked as its next
page.
"""

Absolute = Callable[[str], str]
"""Turns a path of this site into an absolute address."""


class Atom(Atom1Feed):
    """Atom, with the whole content and the source of each entry."""

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        if self.feed["next"]:
            handler.addQuickElement("link", None, {"rel": "next", "href": self.feed["next"]})

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        # Django would write the description as HTML.
        super().add_item_elements(handler, {**item, "description": None})
        if item["description"]:
            handler.addQuickElement("summary", item["description"], {"type": "text"})
        if item["content"]:
            handler.addQuickElement("content", item["content"], {"type": "html"})
        if item["via"]:
            handler.addQuickElement("link", None, {"rel": "via", "href": item["via"]})
        handler.startElement("source", AttributesImpl({}))
        handler.addQuickElement("id", item["source_id"])
        handler.addQuickElement("title", item["source"])
        handler.addQuickElement("link", None, {"rel": "alternate", "href": item["source_url"]})
        if item["via"]:
            handler.addQuickElement("link", None, {"rel": "self", "href": item["via"]})
        handler.addQuickElement("updated", item["updateddate"].isoformat())
        handler.endElement("source")


class Rss(Rss201rev2Feed):
    """RSS 2.0, with the whole content in the element that readers look for."""

    def rss_attributes(self) -> dict[str, str]:
        return {**super().rss_attributes(), "xmlns:content": "http://purl.org/rss/1.0/modules/content/"}

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        if self.feed["next"]:
            handler.addQuickElement("atom:link", None, {"rel": "next", "href": self.feed["next"]})

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        described = html.escape(item["description"], quote=False)
        # RSS has one enclosure for each item, and Django refuses more.
        super().add_item_elements(handler, {**item, "description": described, "enclosures": item["enclosures"][:1]})
        if item["content"]:
            handler.addQuickElement("content:encoded", item["content"])
        # RSS 2.0, <source>: its address must be that of the feed. That of a private feed is kept secret.
        if item["via"]:
            handler.addQuickElement("source", item["source"], {"url": item["via"]})
            handler.addQuickElement("atom:link", None, {"rel": "via", "href": item["via"]})


class Json(SyndicationFeed):
    """JSON Feed 1.1."""

    content_type = "application/feed+json; charset=utf-8"

    def write(self, outfile: Any, encoding: str) -> None:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.feed["title"],
            "home_page_url": self.feed["link"],
            "feed_url": self.feed["feed_url"],
            "next_url": self.feed["next"],
            "description": self.feed["description"],
            "items": [_json_item(item) for item in self.items],
        }
        text = json.dumps({key: value for key, value in feed.items() if value != ""}, ensure_ascii=False, indent=1)
        outfile.write(text if isinstance(outfile, io.TextIOBase) else text.encode(encoding))


def _json_item(item: dict[str, Any]) -> dict[str, Any]:
    written = {
        "id": item["unique_id"],
        "url": item["link"],
        "title": item["title"] or None,
        "content_html": item["content"] or None,
        "content_text": None if item["content"] else item["description"],
        "summary": item["description"] or None,
        "date_published": item["pubdate"].isoformat(),
        "date_modified": item["updateddate"].isoformat(),
        "authors": [{"name": item["author_name"]}],
        "tags": item["categories"],
        "attachments": [
            {"url": e.url, "mime_type": e.mime_type, **({"size_in_bytes": int(e.length)} if e.length != "0" else {})}
            for e in item["enclosures"]
        ],
        # JSON Feed has no field for the source; names of extensions begin with "_".
        "_source": {
            "title": item["source"],
            "home_page_url": item["source_url"],
            **({"feed_url": item["via"]} if item["via"] else {}),
        },
    }
    return {key: value for key, value in written.items() if value not in (None, [])}


FORMATS: Final[dict[str, type[Atom | Rss | Json]]] = {"atom": Atom, "rss": Rss, "json": Json}


def title_of(timeline: Timeline) -> str:
    """Return the title of the feed of *timeline*, without characters that XML does not allow: people type titles."""
    part = ""
    if timeline.subscription is not None:
        part = timeline.subscription.display_name
    elif timeline.tag is not None:
        part = timeline.tag.name
    elif timeline.query:
        # Translators: the title of the feed of a search, in the quotation marks of the language.
        part = gettext("“{query}”").format(query=timeline.query)
    return scrub(f"{isolated(part)} · {timeline.lifestream}" if part else str(timeline.lifestream))


def id_of(timeline: Timeline) -> str:
    """Return the id of the feed of *timeline*, a universal and permanent IRI (RFC 4287, section 4.2.6).

    The id of a whole lifestream is stored, or derived from its key if an older release created the row. The id of a
    part is derived from it: if the stored id is the address under which the lifestream was once published, the part's
    id is the address of the part below that one; otherwise it is a UUID (RFC 9562, version 5).
    """
    whole = timeline.lifestream.feed_uri or uuid_uri(settings.secret_keys[0], timeline.lifestream.pk, "lifestream")
    part = ""
    # Without `reverse`: these are ids, which have to stay the same when the addresses of the site change.
    if timeline.subscription is not None:
        part = f"sites/{timeline.subscription.pk}/"
    elif timeline.tag is not None:
        part = f"tags/{quote(timeline.tag.slug, safe=_IN_PATHS)}/"
    elif timeline.query:
        part = "search/"
    if timeline.query:
        part += f"?{urlencode({'q': timeline.query})}"
    if not part:
        return whole
    return uuid.uuid5(uuid.UUID(whole), part).urn if whole.startswith("urn:uuid:") else f"{whole}{part}"


_IN_PATHS: Final = "!$&'()*+,;=:@~"  # RFC 3986, section 3.3: what a segment of a path may contain as it is


def validators(timeline: Timeline, before: Cursor | None, salt: str = "") -> tuple[str, dt.datetime | None]:
    """Return an ETag, quoted, and a Last-Modified for the feed of *timeline*. *salt* is anything else on which the
    answer depends.
    """
    rows = timeline.rows(before, ENTRIES + 1).values_list(
        "item_id",
        "item__fingerprint",
        "item__first_seen",
        "item__changed",
        "subscription__name",
        "item__feed__title",
        "item__feed__domain",
        "item__feed__site_url",
        "item__feed__url",
        "item__article__fetched",
        "item__article__attempts",
        named=True,
    )
    digest = hashlib.sha256(f"{_FORM} {salt}\n{title_of(timeline)}\n{timeline.lifestream.tagline}".encode())
    latest = None
    for row in rows:
        *of_post, page_fetched, fruitless_attempts = row
        digest.update(repr(tuple(of_post)).encode())
        # Content that was taken from the page of an entry leaves the entry's fingerprint as it is.
        filled = page_fetched if fruitless_attempts == 0 else None
        digest.update(repr(filled).encode() if filled else b"")
        latest = max(filter(None, (latest, row.item__first_seen, row.item__changed, filled)))
    return f'"{digest.hexdigest()[:32]}"', latest


def write(timeline: Timeline, before: Cursor | None, format: str, absolute: Absolute) -> tuple[bytes, str]:  # noqa: A002
    """Return the feed of *timeline* in *format* ("atom", "rss" or "json"), and its media type."""
    page = timeline.page(before, ENTRIES, bodies=True, largest=LARGEST_FEED)
    own_url = absolute(timeline.url(format))
    tagline = scrub(timeline.lifestream.tagline)
    feed = FORMATS[format](
        title=title_of(timeline),
        link=absolute(timeline.url()),
        description=tagline,
        subtitle=tagline or None,
        feed_url=own_url,
        feed_guid=id_of(timeline),
        language=None,
        next=_next(own_url, page),
    )
    for post in page.posts:
        feed.add_item(**_entry(post, timeline, absolute))
    return feed.writeString("utf-8").encode(), FORMATS[format].content_type


def _next(address: str, page: TimelinePage) -> str:
    if page.older is None:
        return ""
    return f"{address}{'&' if '?' in address else '?'}before={page.older}"


def _entry(post: Post, timeline: Timeline, absolute: Absolute) -> dict[str, Any]:
    """Return the values of *post* for `add_item`.

    An import stores no character that XML forbids, but the admin accepts form feeds and other control characters in a
    field. One of them would make the whole feed ill-formed, or raise an exception, so they are removed here.
    """
    item, feed = post.item, post.item.feed
    page = absolute(timeline.item_url(post))
    site = post.subscription.display_name
    of_site = timeline.narrowed(subscription=post.subscription, tag=None, query="", day=None)
    values = {
        "title": item.title,
        "link": as_iri(of_the_web(item.link)) or page,
        "description": item.summary,
        "content": item.content,
        "author_name": item.author or site,
        "pubdate": post.date,
        "updateddate": max(filter(None, (item.updated, post.date))),
        "unique_id": published_ids.uri_of(item),
        "unique_id_is_permalink": False,
        "categories": [scrub(tag.name) for tag in item.tags.all()],
        "enclosures": list(_enclosures(item)),
        "source": site,
        "source_id": as_iri(feed.site_url) or id_of(of_site),
        "source_url": as_iri(feed.site_url) or absolute(of_site.url()),
        "via": "" if feed.is_private else as_iri(of_the_web(feed.url)),
    }
    return {name: scrub(value) if isinstance(value, str) else value for name, value in values.items()}


# RFC 6838, section 4.2: the names in a media type. Atom and RSS need one for each enclosure; feeds give any text there.
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9*][a-z0-9!#$&^_.+-]{0,126}", re.IGNORECASE | re.ASCII)
_UNKNOWN: Final = "application/octet-stream"


def _enclosures(item: Item) -> Iterable[Enclosure]:
    for entry in objects(item.enclosures):
        if url := address(entry, "url"):
            length, kind = entry.get("length"), entry.get("type")
            size = length if type(length) is int and length > 0 else 0  # A plugin may have stored any value.
            yield Enclosure(
                as_iri(url), str(size), kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else _UNKNOWN
            )
