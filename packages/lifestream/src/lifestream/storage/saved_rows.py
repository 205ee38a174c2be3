"""Rows that are saved one by one, by `loaddata` or by hand: this module sets the columns that follow from others, and
writes the search index.

Imports write in bulk and send none of Django's signals, so all of this costs them nothing. A column that has a value
keeps it: what `dumpdata` has written comes back unchanged. A fixture that is written by hand may leave these out: a
feed's host, hash and domain; an item's keys, plain text and summary. The next import recognises the item by its keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.apps.registry import Apps
from django.db import router

from lifestream.content.plaintext import shorten, text_of
from lifestream.models import Feed, Item, Tag, fulltext
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.draft_cleaning import SUMMARY_LENGTH
from lifestream.storage.bulk_sql import batches
from lifestream.storage.entry_matching import Document


def complete_feed(feed: Feed) -> None:
    """Set the columns that follow from the URL of *feed*, unless it has them."""
    if feed.url and not (feed.host_id and feed.url_hash):
        feed.derive()


def complete_item(item: Item, using: str) -> None:
    """Set the keys, the text and the summary of *item*, unless it has them."""
    if not item.text:
        item.text = text_of(item.content)
    if not item.summary:
        item.summary = shorten(" ".join(item.text.split()), SUMMARY_LENGTH)
    if item.key_hash:
        return
    draft = ItemDraft(
        guid=item.guid,
        link=item.link,
        title=item.title,
        content=item.content,
        summary=item.summary,
        published=item.date,
    )
    places = Feed.objects.using(using).filter(pk=item.feed_id).values_list("url", "site_url").first()
    [decision] = Document([draft], list(places or ())).decide([0], [])
    item.key_hash, item.link_hash, item.content_hash = decision.key, decision.keys.link, decision.keys.content


def index(items: Collection[int], using: str) -> None:
    """Write the entries of *items* (keys) in the search index again."""
    for batch in batches(sorted(items)):
        rows = Item.objects.using(using).filter(pk__in=batch)
        loaded = rows.only("pk", "title", "author", "text").prefetch_related("tags")
        fulltext.index((fulltext.indexed(item, (tag.name for tag in item.tags.all())) for item in loaded), using)


def index_tagged(tag: Tag, using: str) -> None:
    """Write the entries of all items with *tag* in the search index again."""
    index(items_with(tag, using), using)


def items_with(tag: Tag, using: str) -> set[int]:
    """Return the keys of the items with *tag*."""
    return set(Item.tags.through.objects.using(using).filter(tag=tag.pk).values_list("item", flat=True))


def tags_changed(instance: Item | Tag, action: str, pk_set: Iterable[int] | None, using: str, **_: Any) -> None:
    """Receive Django's signals before and after the tags of items change."""
    if isinstance(instance, Item):
        if action in ("post_add", "post_remove", "post_clear"):
            index([instance.pk], using)
    elif action in ("post_add", "post_remove"):
        index(set(pk_set or ()), using)
    elif action == "pre_clear":  # afterwards, nobody knows which items had the tag
        instance.items_before = items_with(instance, using)  # type: ignore[attr-defined]
    elif action == "post_clear":
        index(instance.__dict__.pop("items_before", ()), using)


def leave_nothing(apps: Apps, using: str) -> None:
    """Remove what is left of this app outside of its tables: after `flush` the search index, and after
    `migrate lifestream zero` its content types, and with them the permissions.

    *apps* is the registry of the models after the migration.
    """
    if not router.allow_migrate_model(using, Item):
        return
    labels = {config.label for config in apps.get_app_configs()}
    if "lifestream" in labels:
        if fulltext.is_there(using) and not Item.objects.using(using).exists():
            fulltext.empty(using)
    elif "contenttypes" in labels:
        content_types: Any = apps.get_model("contenttypes", "ContentType")
        content_types.objects.using(using).filter(app_label="lifestream").delete()
