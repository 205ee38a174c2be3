"""Items, their tags, and the tombstones of items that were deleted."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any

from django.db import connections, models, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from lifestream.content.text_direction import as_row
from lifestream.models.feeds import Feed, only

TAG_LENGTH = 100
"""How many characters of a tag are kept: tags are in URLs and in an index."""
SLUG_LENGTH = 200
"""How long a tag's slug may be: case folding and compatibility forms turn some characters into several."""


@lru_cache(maxsize=10_000)
def tag_slug(name: str) -> str:
    """Return the slug of a tag, which is the same for every way to write it: "#Django" and "django" are one tag.

    "C", "C++" and "C#" are three tags. A name of which nothing would be left ("?!") becomes "tag-" and a hash of it.
    """
    name = re.sub(r"\s+", " ", name).strip().lstrip("#")[:TAG_LENGTH].casefold()
    named = re.sub(r"(?<=\w)[+#]+", lambda m: m[0].replace("+", "plus").replace("#", "sharp"), name)
    return slugify(named, allow_unicode=True)[:SLUG_LENGTH] or f"tag-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


class Tag(models.Model):
    """A word under which feeds file their entries. *name* is as the first feed wrote it."""

    name = models.TextField(_("name"))
    slug = models.SlugField(_("slug"), max_length=SLUG_LENGTH, unique=True, allow_unicode=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["slug"]

    def __str__(self) -> str:
        return as_row(self.name)


class ItemQuerySet(models.QuerySet["Item"]):
    """Querysets of items. Deleting items removes them from the search index, and leaves tombstones, so that the items
    do not come back.
    """

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the items, and create a tombstone for each. Returns counts as Django does."""
        from lifestream.models import fulltext  # models are imported by all commands, and few of those search

        with transaction.atomic(using=self.db):
            if connections[self.db].features.has_select_for_update:
                # As an import does, lock the feeds first, since the tombstones refer to them: otherwise this
                # transaction and an import that rewrites some of the items could wait for each other.
                feeds = Feed.objects.using(self.db).filter(pk__in=self._feeds())
                list(feeds.order_by("pk").select_for_update(no_key=True).values_list("pk"))
            identified = self.order_by().select_related("published_id")
            keys = ("feed", "key_hash", "link_hash", "content_hash", "guid", "published_id__uri")
            doomed = list(identified.only(*keys))
            Tombstone.objects.using(self.db).bulk_create(
                (Tombstone.of(item) for item in doomed), batch_size=500, ignore_conflicts=True
            )
            fulltext.forget([item.pk for item in doomed], self.db)
            return super(ItemQuerySet, only(self, [item.pk for item in doomed])).delete()

    def _feeds(self) -> list[int]:
        return list(self.order_by().values_list("feed_id", flat=True).distinct())

    # Django marks its own method in the same way: a manager must not offer to delete all rows.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Item(models.Model):
    """An entry of a feed, as it is stored. All subscribers share it, and none edits it.

    `entry_matching` recognises it by its three hashes and its guid; only *key_hash* is unique in the feed. *content* is
    safe HTML, *text* is the same content as plain text, *summary* is a short plain text. *enclosures* and *media* are
    lists of dicts with the fields of `entry.Enclosure` and `entry.Media`; *episode* is a dict with those of
    `entry.Episode`, or None. *card* is what timelines show of all that (see `item_card`), or None if it has not been
    made yet.
    """

    feed = models.ForeignKey(
        Feed, on_delete=models.CASCADE, related_name="items", db_index=False, verbose_name=_("feed")
    )
    key_hash = models.CharField(max_length=64, editable=False)
    link_hash = models.CharField(max_length=64, blank=True, editable=False)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    guid = models.TextField(_("GUID"), blank=True)
    link = models.TextField(_("link"), blank=True)
    title = models.TextField(_("title"), blank=True)
    author = models.TextField(_("author"), blank=True)
    date = models.DateTimeField(
        _("date"), help_text=_("When it was published, or first seen. Later fetches do not change it.")
    )
    updated = models.DateTimeField(_("updated"), null=True, blank=True)
    first_seen = models.DateTimeField(_("first seen"), default=timezone.now)
    content = models.TextField(_("content"), blank=True)
    text = models.TextField(_("text"), blank=True)
    summary = models.TextField(_("summary"), blank=True)
    language = models.TextField(_("language"), blank=True)
    enclosures = models.JSONField(_("enclosures"), default=list, blank=True)
    media = models.JSONField(_("media"), default=list, blank=True)
    episode = models.JSONField(_("episode"), null=True, blank=True)
    tags = models.ManyToManyField(Tag, related_name="items", blank=True, verbose_name=_("tags"))
    card = models.JSONField(null=True, blank=True, editable=False)

    # The fingerprint of the entry, to notice an edit; how often and when the item was rewritten, to limit rewriting.
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    changes = models.PositiveIntegerField(default=0, editable=False)
    changed = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["-date", "-pk"]
        constraints = [models.UniqueConstraint(fields=["feed", "key_hash"], name="lifestream_item_key")]
        indexes = [
            models.Index(fields=["feed", "link_hash"], name="lifestream_item_link"),
            models.Index(fields=["feed", "content_hash"], name="lifestream_item_content"),
            models.Index(fields=["feed", "date", "id"], name="lifestream_item_date"),
            models.Index(fields=["date", "id"], name="lifestream_item_latest"),
        ]

    def __str__(self) -> str:
        return as_row(self.display_title)

    def save(self, **options: Any) -> None:
        """Save the item without its card, which may be outdated. A page makes a new card. (Imports do not use this
        method.)
        """
        self.card = None
        fields = options.get("update_fields")
        super().save(**options if fields is None else {**options, "update_fields": {*fields, "card"}})

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:  # noqa: ARG002
        """Delete the item, as `ItemQuerySet.delete` does."""
        return Item.objects.using(using or self._state.db).filter(pk=self.pk).delete()

    @property
    def display_title(self) -> str:
        """The title, or the beginning of the summary, or the link, or the GUID."""
        if self.title:
            return self.title
        from lifestream.content.plaintext import shorten  # models are imported by all commands, and few show items

        return shorten(self.summary, 80) or self.link or self.guid


class Tombstone(models.Model):
    """What is needed to recognise the entry of an item that was deleted, so that it does not come back.

    The hashes are those that the entry had when its feed last listed it; *first_key* is the item's *key_hash* when it
    was deleted. *uri* is the id under which it was published, which no item of another feed gets.
    """

    feed = models.ForeignKey(
        Feed, on_delete=models.CASCADE, related_name="tombstones", db_index=False, verbose_name=_("feed")
    )
    key_hash = models.CharField(_("hash of the key"), max_length=64)
    link_hash = models.CharField(_("hash of the link"), max_length=64, blank=True)
    content_hash = models.CharField(_("hash of the content"), max_length=64, blank=True)
    guid = models.TextField(_("GUID"), blank=True)
    first_key = models.CharField(_("first key"), max_length=64, blank=True)
    uri = models.TextField(blank=True, default="", db_default="", editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("tombstone")
        verbose_name_plural = _("tombstones")
        constraints = [models.UniqueConstraint(fields=["feed", "key_hash"], name="lifestream_tombstone_key")]
        indexes = [
            models.Index(fields=["feed", "link_hash"], name="lifestream_tombstone_link"),
            models.Index(fields=["feed", "content_hash"], name="lifestream_tombstone_content"),
            models.Index(fields=["feed", "first_key"], name="lifestream_tombstone_first"),
            models.Index(fields=["uri"], name="lifestream_tombstone_uri"),
        ]

    def __str__(self) -> str:
        return as_row(self.guid or self.key_hash)

    @classmethod
    def of(cls, item: Item) -> Tombstone:
        """Return the tombstone of *item*, unsaved."""
        published = getattr(item, "published_id", None)
        return cls(
            feed_id=item.feed_id,
            key_hash=item.key_hash,
            link_hash=item.link_hash,
            content_hash=item.content_hash,
            guid=item.guid,
            first_key=item.key_hash,
            uri=published.uri if published is not None else "",
        )
