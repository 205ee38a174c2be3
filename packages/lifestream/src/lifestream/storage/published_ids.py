"""The ids under which items are published: chosen once, when an item is stored, and never changed afterwards.

They contain neither the host, the scheme or the slug of this site nor the URL of the feed. An entry's own id is used if
its feed may give such an id (see `plugins.entry_uris`), and if neither an item of any feed nor the tombstone of another
feed's item has it. All other items get a UUID.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from django.db import router, transaction
from django.db.models import Exists, OuterRef

from lifestream.conf import settings
from lifestream.models import Feed, Item, PublishedId, Tombstone
from lifestream.plugins.entry_keys import guid_form, guid_key
from lifestream.plugins.entry_uris import hosts_of_feed, own_uri, uuid_uri
from lifestream.storage.bulk_sql import batches, insert_rows

_CHUNK: Final = 400


@dataclass(frozen=True, slots=True)
class Publishable:
    """A new item (its key), its *feed*, its *key_hash*, and its *own* id, "" if it has none that may be used."""

    item: int
    feed: int
    key_hash: str
    own: str = ""


def assign(new: Iterable[Publishable], using: str) -> None:
    """Give each item of *new* its id. This runs in the caller's transaction. It takes one query for each batch of
    rows, one more if entries have ids of their own, and two more if other items have some of the ids.
    """
    remaining = list(new)
    buried = _buried([each for each in remaining if each.own], using)
    secret = settings.secret_keys[0]
    chosen = {
        each.item: each.own if each.own and each.item not in buried else _uuid(each, secret) for each in remaining
    }
    for attempt in count():
        # All workers insert in one order: otherwise, two could wait for each other's rows for ever.
        rows = sorted((uri, item) for item, uri in chosen.items())
        inserted = insert_rows(PublishedId, ("uri", "item"), rows, using, returning=("item",), existing=True)
        done = {item for (item,) in inserted}
        # An item whose row was not inserted has got an id from another worker, or its id is another item's.
        done |= _stored([each.item for each in remaining if each.item not in done], using)
        remaining = [each for each in remaining if each.item not in done]
        if not remaining:
            return
        chosen = {each.item: _uuid(each, secret, attempt) for each in remaining}


def complete(item: Item, using: str) -> None:
    """Give *item*, which was not created by an import, its id."""
    if not PublishedId.objects.using(using).filter(item=item.pk).exists():
        assign(_publishable([item], using), using)


def complete_all(using: str | None = None) -> int:
    """Give an id to each item that has none: items of fixtures, and items that were written without this package.
    Returns how many there were.
    """
    using = using or router.db_for_write(Item)
    done = 0
    missing = ~Exists(PublishedId.objects.filter(item=OuterRef("pk")))
    items = Item.objects.using(using).filter(missing).order_by("pk").only("feed", "guid", "key_hash")
    while chunk := list(items.select_related(None)[:_CHUNK]):
        with transaction.atomic(using=using):
            assign(_publishable(chunk, using), using)
        done += len(chunk)
    return done


def uri_of(item: Item) -> str:
    """Return the id of *item*, or a UUID if none is stored. It takes no query if the item was loaded with
    `select_related("published_id")`.
    """
    try:
        return item.published_id.uri
    except PublishedId.DoesNotExist:
        return uuid_uri(settings.secret_keys[0], item.feed_id, item.key_hash)


def _publishable(items: Sequence[Item], using: str) -> Iterator[Publishable]:
    feeds = Feed.objects.using(using).filter(pk__in={item.feed_id for item in items})
    places: Mapping[int, Any] = {
        row.pk: row for row in feeds.values_list("pk", "url", "site_url", "domain", named=True)
    }
    for item in items:
        place = places[item.feed_id]
        own = ""
        if item.guid and guid_key(guid_form(item.guid)) == item.key_hash:
            own = own_uri(item.guid, hosts_of_feed(place.url, place.site_url, place.domain))
        yield Publishable(item.pk, item.feed_id, item.key_hash, own)


def _buried(new: Sequence[Publishable], using: str) -> set[int]:
    """Return the items of *new* whose own id is that of a deleted item of another feed."""
    holders: dict[str, set[int]] = {}
    for batch in batches({each.own for each in new}):
        dead = Tombstone.objects.using(using).filter(uri__in=batch)
        for uri, feed in dead.values_list("uri", "feed_id"):
            holders.setdefault(uri, set()).add(feed)
    return {each.item for each in new if holders.get(each.own, set()) - {each.feed}}


def _stored(items: Iterable[int], using: str) -> set[int]:
    found: set[int] = set()
    for batch in batches(items):
        found.update(PublishedId.objects.using(using).filter(item__in=batch).values_list("item_id", flat=True))
    return found


def _uuid(each: Publishable, secret: str, attempt: int = 0) -> str:
    return uuid_uri(secret, each.feed, each.key_hash, attempt)
