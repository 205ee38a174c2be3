"""Existing items keep the id that they were published under: the address of their page. The address is stored as it is
now, so the id no longer changes with the site's host or a lifestream's slug.

Items without a lasting address, because LIFESTREAM_PUBLIC_URL is not set or the item is in no lifestream, get an id as
new items do (see `plugins.entry_uris`). All is done in small transactions, in the order of keys; what was done before
an interruption is not done again.
"""

from django.db import migrations, transaction
from django.db.models import Min
from django.urls import NoReverseMatch, reverse

from lifestream.conf import settings
from lifestream.plugins.entry_keys import guid_form, guid_key
from lifestream.plugins.entry_uris import hosts_of_feed, own_uri, uuid_uri

CHUNK = 5_000
PLACE = "slug-of-a-lifestream"

# An item in several lifestreams had several ids: that of the first public one is kept.
KEEP = """INSERT INTO lifestream_publishedid (item_id, uri)
    SELECT posted.item_id, %s || lifestream.slug || %s || posted.item_id || %s FROM (
        SELECT post.item_id, coalesce(
            min(CASE WHEN holder.is_public THEN holder.id END), min(holder.id)
        ) AS lifestream FROM lifestream_post post
        JOIN lifestream_lifestream holder ON holder.id = post.lifestream_id
        WHERE post.item_id > %s AND post.item_id <= %s GROUP BY post.item_id
    ) posted JOIN lifestream_lifestream lifestream ON lifestream.id = posted.lifestream
    ON CONFLICT DO NOTHING"""


def forwards(apps, schema_editor):
    connection = schema_editor.connection
    using = connection.alias
    items = apps.get_model("lifestream", "Item").objects.using(using)
    ids = apps.get_model("lifestream", "PublishedId").objects.using(using)
    address = _address()
    hosts = _Hosts(apps.get_model("lifestream", "Feed").objects.using(using))
    done = 0
    # Keys may be far apart: each chunk begins at a key that an item has.
    while (first := items.filter(pk__gt=done).aggregate(first=Min("pk"))["first"]) is not None:
        start, done = first - 1, first - 1 + CHUNK
        with transaction.atomic(using=using):
            if address is not None:
                with connection.cursor() as cursor:
                    cursor.execute(KEEP, [*address, start, done])
            _give(items.filter(pk__gt=start, pk__lte=done), ids, hosts)


def _address():
    """Return what stands before the slug, between slug and key, and after the key in the address of an item's page.

    Returns None if the site has no such pages, or no lasting address.
    """
    if not settings.public_url:
        return None
    try:
        path = reverse("lifestream:item", kwargs={"slug": PLACE, "pk": 0})
    except NoReverseMatch:
        return None
    before, _, after = settings.absolute(path).partition(PLACE)
    between, _, end = after.rpartition("0")
    return before, between, end


class _Hosts(dict):
    """The hosts that each feed can speak for."""

    def __init__(self, feeds):
        super().__init__()
        self._feeds = feeds

    def __missing__(self, pk):
        self[pk] = hosts_of_feed(*self._feeds.values_list("url", "site_url", "domain").get(pk=pk))
        return self[pk]


def _give(items, ids, hosts):
    left = list(
        items.filter(published_id=None).order_by("pk").values_list("pk", "feed_id", "guid", "key_hash", named=True)
    )
    chosen = {row.pk: _own(row, hosts) or uuid_uri(settings.secret_keys[0], row.feed_id, row.key_hash) for row in left}
    attempt = 0
    while left:
        rows = [ids.model(item_id=row.pk, uri=chosen[row.pk]) for row in left]
        ids.bulk_create(rows, batch_size=400, ignore_conflicts=True)
        first, last = left[0].pk, left[-1].pk
        stored = set(ids.filter(item__gte=first, item__lte=last).values_list("item", flat=True))
        left = [row for row in left if row.pk not in stored]
        chosen = {row.pk: uuid_uri(settings.secret_keys[0], row.feed_id, row.key_hash, attempt) for row in left}
        attempt += 1


def _own(row, hosts):
    if not row.guid or guid_key(guid_form(row.guid)) != row.key_hash:
        return ""
    return own_uri(row.guid, hosts[row.feed_id])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("lifestream", "0080_published_ids"),
    ]

    operations = [
        migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True),
    ]
