"""Different spellings of one URL (see `feed_urls`) were different feeds before. Each URL gets its present form, and
feeds with the same URL become one row, with everything that any of them has: items, posts, subscriptions, tombstones
and the log. If a lifestream subscribes to two of them, the subscription to the row that is kept stays, with its rules.
"""

from collections import defaultdict

from django.db import migrations
from django.db.models import Max, Q

from lifestream.fetcher.feed_urls import UrlRefused, request_url
from lifestream.fetcher.url_hosts import host_of
from lifestream.models import fulltext
from lifestream.models.feeds import url_hash

CHUNK = 400  # SQLite may be built to take 999 values a statement


def forwards(apps, schema_editor):
    using = schema_editor.connection.alias
    feeds = apps.get_model("lifestream", "Feed").objects.using(using)
    same = defaultdict(list)
    changed = {}
    for pk, url, old_hash, credentials in (
        feeds.order_by("pk").values_list("pk", "url", "url_hash", "credentials").iterator()
    ):
        try:
            asked = request_url(url)
        except UrlRefused:
            asked = url
        new_hash = url_hash(asked)
        if (asked, new_hash) != (url, old_hash):
            changed[pk] = asked, new_hash
        if not credentials:
            same[new_hash].append(pk)
    for twins in same.values():
        if len(twins) > 1:
            kept = _healthiest(feeds, twins)
            for pk in twins:
                if pk != kept:
                    _merge(apps, pk, kept, using)
                    changed.pop(pk, None)
    _respell(apps, changed, using)


def _healthiest(feeds, twins):
    """Return the key of the feed that the others join: an active one if there is any, and of several the one that
    succeeded last.
    """
    order = {"active": 0, "idle": 1, "paused": 2, "gone": 3}
    rows = feeds.filter(pk__in=twins).values_list("pk", "status", "last_success")
    return min(rows, key=lambda row: (order.get(row[1], 9), -(row[2].timestamp() if row[2] else 0), row[0]))[0]


def _merge(apps, doomed, kept, using):
    subscriptions = _merge_subscriptions(apps, doomed, kept, using)
    _merge_items(apps, doomed, kept, using)
    item, feed = apps.get_model("lifestream", "Item"), apps.get_model("lifestream", "Feed")
    tombstones = apps.get_model("lifestream", "Tombstone").objects.using(using)
    live = item.objects.using(using).filter(feed=kept).values("key_hash")
    there = tombstones.filter(feed=kept).values("key_hash")
    tombstones.filter(feed=doomed).filter(Q(key_hash__in=there) | Q(key_hash__in=live)).delete()
    tombstones.filter(feed=doomed).update(feed=kept)
    tombstones.filter(feed=kept, key_hash__in=live).delete()  # what either feed still has needs none
    apps.get_model("lifestream", "Fetch").objects.using(using).filter(feed=doomed).update(feed=kept)
    # Items that came from the other feed are posted by the next refresh: see `storage.backfill`.
    newest = item.objects.using(using).filter(feed=kept).aggregate(newest=Max("pk"))["newest"]
    if newest is not None:
        subscriptions.filter(feed=kept, paused=False).update(backlog=newest + 1)
    feed.objects.using(using).filter(pk=doomed).delete()


def _merge_subscriptions(apps, doomed, kept, using):
    subscriptions = apps.get_model("lifestream", "Subscription").objects.using(using)
    posts = apps.get_model("lifestream", "Post").objects.using(using)
    for subscription in subscriptions.filter(feed=doomed).order_by("pk"):
        twin = subscriptions.filter(feed=kept, lifestream=subscription.lifestream_id).first()
        if twin is None:
            subscriptions.filter(pk=subscription.pk).update(feed=kept)
            continue
        posts.filter(subscription=subscription.pk).update(subscription=twin.pk)
        twin.name, twin.folder = twin.name or subscription.name, twin.folder or subscription.folder
        twin.paused = twin.paused and subscription.paused
        twin.save()
        subscriptions.filter(pk=subscription.pk).delete()
    return subscriptions


def _merge_items(apps, doomed, kept, using):
    items = apps.get_model("lifestream", "Item").objects.using(using)
    theirs = dict(items.filter(feed=doomed).values_list("key_hash", "pk"))
    hashes = list(theirs)
    for start in range(0, len(hashes), CHUNK):
        chunk = hashes[start : start + CHUNK]
        twins = dict(items.filter(feed=kept, key_hash__in=chunk).values_list("key_hash", "pk"))
        pairs = {theirs[key]: pk for key, pk in twins.items()}
        _merge_posts(apps, pairs, using)
        items.filter(pk__in=pairs).delete()
        fulltext.forget(pairs, using)
        items.filter(pk__in=[theirs[key] for key in chunk if key not in twins]).update(feed=kept)


def _merge_posts(apps, pairs, using):
    """Move the posts of items (the keys of *pairs*) to those that are kept (its values)."""
    posts = apps.get_model("lifestream", "Post").objects.using(using)
    items = apps.get_model("lifestream", "Item").objects.using(using)
    dates = dict(items.filter(pk__in=list(pairs.values())).values_list("pk", "date"))
    there = {(post.lifestream_id, post.item_id): post for post in posts.filter(item__in=list(pairs.values()))}
    for post in posts.filter(item__in=list(pairs)):
        twin = there.get((post.lifestream_id, pairs[post.item_id]))
        if twin is None:
            posts.filter(pk=post.pk).update(item=pairs[post.item_id], date=dates[pairs[post.item_id]])
            continue
        # If the owner has hidden, removed or kept either post, that holds.
        twin.hidden, twin.removed = twin.hidden or post.hidden, twin.removed or post.removed
        twin.kept = twin.kept or post.kept
        twin.save()


def _respell(apps, changed, using):
    feeds = apps.get_model("lifestream", "Feed").objects.using(using)
    hosts = apps.get_model("lifestream", "Host").objects.using(using)
    for pk, (url, new_hash) in changed.items():
        host, _ = hosts.get_or_create(name=host_of(url))
        moved = (
            feeds.filter(pk=pk).exclude(host=host).filter(status="active").values_list("next_fetch", flat=True).first()
        )
        feeds.filter(pk=pk).update(url=url, url_hash=new_hash, host=host)
        if moved is not None:  # the new host is due when the feed is
            hosts.filter(Q(next_due=None) | Q(next_due__gt=moved), pk=host.pk).update(next_due=moved)


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0040_owner_pages"),
    ]

    operations = [
        migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True),
    ]
