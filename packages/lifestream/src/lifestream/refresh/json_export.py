"""A lifestream as JSON, for another program: its look, its rules and its pages, its subscriptions with their rules and
options, and its items, each with its state in the lifestream (hidden, pinned, …), but without its episode.

The document is written piece by piece, since a lifestream may have a million items. The logins and secret headers for
feeds are never in it; a feed that has any is marked with `needs_login`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Generator, Iterator
from typing import Any, Final

from lifestream.content.image_types import image_type
from lifestream.models import Lifestream, Logo, Post, Subscription
from lifestream.storage import published_ids

VERSION: Final = 1
"""The version of the format: it rises when a field changes its meaning or is removed."""

_CHUNK: Final = 200
_OF_LIFESTREAM: Final = (
    "description", "language", "theme", "accent", "logo", "shown", "words", "site_order", "shows_authors",
    "shows_faces",
)  # fmt: skip
_OF_PAGE: Final = ("slug", "title", "text", "position")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Characters that SQLite keeps in columns of JSON, but that can't be encoded in UTF-8."""
_SECRET: Final = ("proxy", "certificates")
"""The options of a feed that are not exported: how this machine reaches the feed."""


def pieces(lifestream: Lifestream) -> Generator[str]:
    """Yield the document, in pieces."""
    head = {
        "version": VERSION,
        "id": lifestream.feed_uri,
        "slug": lifestream.slug,
        "title": lifestream.title,
        "tagline": lifestream.tagline,
        "is_public": lifestream.is_public,
        "created": lifestream.created.isoformat(),
        **{name: getattr(lifestream, name) for name in _OF_LIFESTREAM},
        "logo_picture": _uploaded_logo(lifestream),
        "keep_rules": lifestream.keep_rules.splitlines(),
        "block_rules": lifestream.block_rules.splitlines(),
        "pages": [{name: getattr(page, name) for name in _OF_PAGE} for page in lifestream.own_pages.defer("html")],
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    subscriptions = lifestream.subscriptions.select_related("feed").defer("feed__icon").order_by("pk")
    yield ',\n "subscriptions": ['
    yield from _listed(_subscription(row) for row in subscriptions.iterator(_CHUNK))
    yield ',\n "items": ['
    yield from _listed(_items(lifestream))
    yield "\n}\n"


def _uploaded_logo(lifestream: Lifestream) -> str:
    """Return the uploaded logo as a data URL (RFC 2397), "" if there is none."""
    found = Logo.objects.filter(lifestream=lifestream).first()
    if found is None:
        return ""
    data = bytes(found.data)
    return f"data:{image_type(data)};base64,{base64.b64encode(data).decode()}"


def _listed(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    separator = "\n  "
    for row in rows:
        yield separator + _LONE_SURROGATE.sub("\ufffd", json.dumps(row, ensure_ascii=False))
        separator = ",\n  "
    yield "\n ]"


def _subscription(row: Subscription) -> dict[str, Any]:
    return {
        "url": row.feed.url,
        "site_url": row.feed.site_url,
        "title": row.feed.title,
        "name": row.name,
        "folder": row.folder,
        "paused": row.paused,
        "keep_rules": row.keep_rules.splitlines(),
        "block_rules": row.block_rules.splitlines(),
        "needs_login": row.feed.is_private,
        "options": _without_secrets(row.feed.options),
        "created": row.created.isoformat(),
    }


def _without_secrets(options: Any) -> dict[str, Any]:
    if not isinstance(options, dict):  # changed by hand
        return {}
    return {name: value for name, value in options.items() if name not in _SECRET}


def _items(lifestream: Lifestream) -> Iterator[dict[str, Any]]:
    last = 0
    related = Post.objects.filter(lifestream=lifestream).select_related("item__feed", "item__published_id")
    posts = related.defer("item__feed__icon")
    while rows := list(posts.filter(pk__gt=last).order_by("pk").prefetch_related("item__tags")[:_CHUNK]):
        last = rows[-1].pk
        yield from map(_item, rows)


def _item(post: Post) -> dict[str, Any]:
    item = post.item
    return {
        "id": published_ids.uri_of(item),
        "feed": item.feed.url,
        "guid": item.guid,
        "link": item.link,
        "title": item.title,
        "author": item.author,
        "date": item.date.isoformat(),
        "updated": item.updated.isoformat() if item.updated else None,
        "content": item.content,
        "summary": item.summary,
        "language": item.language,
        "tags": [tag.name for tag in item.tags.all()],
        "enclosures": item.enclosures,
        "media": item.media,
        "hidden": post.hidden,
        "ruled": post.ruled,
        "pinned": post.pinned.isoformat() if post.pinned else None,
        "kept": post.kept,
        "removed": post.removed,
    }
