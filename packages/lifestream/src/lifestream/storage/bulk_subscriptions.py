"""Subscribe a lifestream to a list of feeds, with a few statements for each CHUNK of them.

What `fanout.subscribe` does for one feed takes a dozen statements; a list from another reader may name 10,000 feeds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, connections, router
from django.db.models import Exists, OuterRef

from lifestream.fetcher.url_hosts import domain_of, host_of
from lifestream.models import Feed, Host, Item, Lifestream, Subscription, due_hosts, sort_names
from lifestream.models.changed_fields import RowGone
from lifestream.models.feeds import lock_feeds, url_hash
from lifestream.storage import backfill, fanout
from lifestream.storage.bulk_sql import insert_new
from lifestream.storage.deadlocks import in_transaction

CHUNK: Final = 500
"""How many feeds are subscribed to in one transaction."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed in a list: its *url*, as it is requested, its *name* there, its *folder* ("" for none), and its rules."""

    url: str
    name: str = ""
    folder: str = ""
    keep_rules: str = ""
    block_rules: str = ""


def subscribe_all(
    lifestream: Lifestream, listed: Iterable[Listed], progress: Callable[[int], object] | None = None
) -> list[Subscription]:
    """Subscribe *lifestream* to those of *listed* that it doesn't have yet; new feeds are due at once.

    No feed may be listed twice. *progress* is called with the number of feeds of each chunk that is written. Returns
    the new subscriptions. Raises `RowGone` if the lifestream was deleted.
    """
    using = router.db_for_write(Subscription)
    every = list(listed)
    created: list[Subscription] = []
    for start in range(0, len(every), CHUNK):
        chunk = {url_hash(each.url): each for each in every[start : start + CHUNK]}
        try:
            created += in_transaction(partial(_subscribe, lifestream, chunk, using), using)
        except IntegrityError as error:
            if Lifestream.objects.using(using).filter(pk=lifestream.pk).exists():
                raise
            raise RowGone(f"the {Lifestream._meta.verbose_name} was deleted") from error  # not translated
        if progress is not None:
            progress(len(chunk))
    return created


def _subscribe(lifestream: Lifestream, listed: Mapping[str, Listed], using: str) -> list[Subscription]:
    """Subscribe to *listed*, whose keys are the hashes of the feeds' URLs. Returns the new subscriptions."""
    feeds = _locked(listed, using)
    subscriptions = Subscription.objects.using(using).filter(lifestream=lifestream)
    subscribed = set(
        subscriptions.filter(feed__in=[feed.pk for feed in feeds.values()]).values_list("feed_id", flat=True)
    )
    wanted: list[dict[str, Any]] = [
        {
            "lifestream_id": lifestream.pk,
            "feed_id": feeds[key].pk,
            "folder": each.folder,
            "name": each.name if each.name != feeds[key].title else "",
            "keep_rules": each.keep_rules,
            "block_rules": each.block_rules,
        }
        for key, each in listed.items()
        if feeds[key].pk not in subscribed
    ]
    # Another process may have subscribed to some of them meanwhile: those subscriptions stay as they are.
    insert_new(Subscription, wanted, using)
    wanted_feeds = [each["feed_id"] for each in wanted]
    created = list(subscriptions.filter(feed__in=wanted_feeds).select_related("feed", "lifestream").order_by("pk"))
    sort_names.settle(using, subscriptions=[each.pk for each in created])
    fanout.note_readers(wanted_feeds, using)
    # Ask for all feeds, also the new ones: another process may have made some of these meanwhile, and imported their
    # items.
    item = Item.objects.filter(feed=OuterRef("pk"))
    feeds_with_items = set(
        Feed.objects.using(using).filter(Exists(item), pk__in=wanted_feeds).values_list("pk", flat=True)
    )
    with_items = [each for each in created if each.feed_id in feeds_with_items]
    has_rules = bool(lifestream.keep_rules or lifestream.block_rules)
    ruled = {each.pk for each in with_items if has_rules or each.keep_rules or each.block_rules}
    _fill([each.pk for each in with_items if each.pk not in ruled], using)
    backfill.fill_newest(ruled, using)
    return created


def _locked(listed: Mapping[str, Listed], using: str) -> dict[str, Feed]:
    """Return the feeds of *listed* by its keys, made where they are missing, and locked.

    The locks wait for imports that have already read who subscribes: until such an import is committed, its items are
    not seen here. A feed that was deleted, or got another URL, before it was locked is made again.
    """
    locked: set[int] = set()
    made: set[str] = set()
    feeds = _shared(listed, using)
    while True:
        missing = listed.keys() - feeds.keys()
        unlocked = {feed.pk for feed in feeds.values()} - locked
        if not missing and not unlocked:
            break
        lock_feeds(unlocked, using)
        locked |= unlocked
        if missing:
            _make_feeds([listed[key] for key in missing], using)
            made |= missing
        feeds = _shared(listed, using)
    # Hosts are locked after the feeds, as everywhere, and after making feeds, which may wait for another process that
    # makes or deletes them. All hosts are locked together, also those that `note_readers` needs: waiting for these
    # later, with other hosts locked, could end in a deadlock.
    due_hosts.lock({feed.host_id for feed in feeds.values()}, using)
    due_hosts.settle({feeds[key].host_id for key in made}, using)
    return feeds


def _fill(subscriptions: Sequence[int], using: str) -> None:
    """Post the items of the feeds of new *subscriptions* (keys), which have no rules and are not paused."""
    if not subscriptions:
        return
    placeholders = ", ".join(["%s"] * len(subscriptions))
    with connections[using].cursor() as cursor:
        # S608: only placeholders are joined.
        cursor.execute(
            "INSERT INTO lifestream_post (lifestream_id, subscription_id, item_id, date, hidden, removed) "  # noqa: S608
            "SELECT subscription.lifestream_id, subscription.id, item.id, item.date, FALSE, FALSE "
            "FROM lifestream_subscription subscription JOIN lifestream_item item "
            f"ON item.feed_id = subscription.feed_id WHERE subscription.id IN ({placeholders}) ON CONFLICT DO NOTHING",
            subscriptions,
        )


def _shared(hashes: Iterable[str], using: str) -> dict[str, Feed]:
    """Return the feeds whose URLs have these *hashes*, by hash: only feeds without credentials are shared."""
    found = Feed.objects.using(using).shared().filter(url_hash__in=list(hashes))
    return {feed.url_hash: feed for feed in found.only("url", "url_hash", "title", "host")}


def _made_hosts(names: Collection[str], using: str) -> dict[str, int]:
    """Return the keys of the hosts by their *names*, made where they are missing."""
    insert_new(Host, ({"name": name} for name in sorted(names)), using)
    return dict(Host.objects.using(using).filter(name__in=names).values_list("name", "pk"))


def _make_feeds(listed: Collection[Listed], using: str) -> None:
    hosts = _made_hosts({host_of(each.url) for each in listed}, using)
    rows: list[dict[str, Any]] = [
        {
            "url": each.url,
            "url_hash": url_hash(each.url),
            "host_id": hosts[host_of(each.url)],
            "domain": domain_of(each.url),
        }
        # Insert in the order of the hashes: two processes that insert the same feeds at once must not wait for each
        # other's rows.
        for each in sorted(listed, key=lambda each: url_hash(each.url))
    ]
    insert_new(Feed, rows, using)
