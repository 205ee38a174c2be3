"""Subscriptions of lifestreams to feeds. What follows from a write of them is done in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from django.core.validators import MaxLengthValidator
from django.db import models, router, transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lifestream.content.text_direction import as_row
from lifestream.models import sort_names
from lifestream.models.changed_fields import text_of
from lifestream.models.feeds import Feed, lock_feeds, only, readers_left
from lifestream.models.lifestreams import Lifestream, validate_rules

SHOWING: Final = frozenset({"lifestream", "lifestream_id", "feed", "feed_id", "paused", "keep_rules", "block_rules"})
"""The fields of a subscription that decide what it shows."""

subscriptions_written: Final = Signal()
"""Sent once for all subscriptions that a queryset creates, or updates in a field of SHOWING, inside the transaction.
`Subscription.save` sends it only for the feed that the subscription has left; for the rest, there is Django's
`post_save`. Arguments: *keys* of the subscriptions, *feeds* (keys) whose subscribers may have changed, and *using*.
"""

_LONGEST_NAME: Final = 2_000


def validate_name(text: str) -> None:
    """Raise ValidationError for a name or a folder of a site that is too long: each entry of a published feed has the
    name of its site twice.
    """
    MaxLengthValidator(_LONGEST_NAME)(text)


def _send_written(keys: Collection[int], feeds: Collection[int], using: str) -> None:
    subscriptions_written.send(Subscription, keys=keys, feeds=feeds, using=using)


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Querysets of subscriptions. Their writes fill timelines and decide which feeds are idle, as saving one by one
    does.
    """

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the subscriptions. Feeds that lose their last subscriber become idle, all at once: see `apps`."""
        with transaction.atomic(using=self.db):
            before = dict(self.order_by().values_list("pk", "feed_id"))
            feeds = sorted(set(before.values()))
            lock_feeds(feeds, self.db)
            deleted = super(SubscriptionQuerySet, only(self, before)).delete()
            readers_left.send(Feed, feeds=feeds, using=self.db)
        return deleted

    # Django marks its own method in the same way: a manager must not offer to delete all rows.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Subscription], *args: Any, **kwargs: Any) -> list[Subscription]:
        """Create *objs*, as Django does, fill their timelines, and activate idle feeds."""
        chosen = list(objs)
        feeds = {subscription.feed_id for subscription in chosen}
        with transaction.atomic(using=self.db):
            lock_feeds(feeds, self.db)
            created = super().bulk_create(chosen, *args, **kwargs)
            # The keys are looked up, since Django does not return those of subscriptions that existed already.
            of_these = Subscription.objects.using(self.db).filter(
                feed__in=feeds, lifestream__in={subscription.lifestream_id for subscription in chosen}
            )
            pairs = {(subscription.lifestream_id, subscription.feed_id) for subscription in chosen}
            found = of_these.values_list("pk", "lifestream_id", "feed_id")
            keys = [pk for pk, lifestream, feed in found if (lifestream, feed) in pairs]
            sort_names.settle(self.db, subscriptions=keys)
            _send_written(keys, feeds, self.db)
        return created

    bulk_create.alters_data = True  # type: ignore[attr-defined]  # as Django marks its own

    def update(self, **kwargs: Any) -> int:
        """Update the subscriptions, as Django does. If what they show may change, fill their timelines, activate idle
        feeds that have readers again, and mark as idle those that have none any more.
        """
        may_show_more = not SHOWING.isdisjoint(kwargs)
        may_be_resorted = not sort_names.OF_SUBSCRIPTION.isdisjoint(kwargs)
        if not may_show_more and not may_be_resorted:
            return super().update(**kwargs)
        with transaction.atomic(using=self.db):
            before = dict(self.order_by().values_list("pk", "feed_id"))
            # The feeds are locked even if only names change: PostgreSQL locks the subscriptions in any order, so two
            # updates could wait for each other.
            lock_feeds(before.values(), self.db)
            count = super(SubscriptionQuerySet, only(self, before)).update(**kwargs)
            if may_be_resorted:
                sort_names.settle(self.db, subscriptions=before)
            if not may_show_more:
                return count
            after = Subscription.objects.using(self.db).filter(pk__in=before).values_list("feed_id", flat=True)
            _send_written(list(before), {*before.values(), *after}, self.db)
        return count

    update.alters_data = True  # type: ignore[attr-defined]


class Subscription(models.Model):
    """A feed in a lifestream, with a name and a folder of its own. Its rules are those of `content.filter_rules`.

    In whatever way a subscription is created or changed, the latest items that its feed has are posted in the same
    transaction, and the others by the next refresh; see `storage.backfill`. Only subscriptions from a fixture
    (`loaddata`) are stored as they are.
    """

    lifestream = models.ForeignKey(
        Lifestream, on_delete=models.CASCADE, related_name="subscriptions", verbose_name=_("lifestream")
    )
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="subscriptions", verbose_name=_("feed"))
    name = models.TextField(_("name"), blank=True, help_text=_("Empty: the feed's own title."))
    folder = models.TextField(_("folder"), blank=True)
    paused = models.BooleanField(_("paused"), default=False, help_text=_("Shows no new items until it is resumed."))
    keep_rules = models.TextField(
        _("keep rules"),
        blank=True,
        validators=[validate_rules],
        help_text=_("One a line. If there are any, only what matches is shown."),
    )
    block_rules = models.TextField(
        _("block rules"), blank=True, validators=[validate_rules], help_text=_("One a line. What matches is not shown.")
    )
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # What the site is sorted by among the sites of its lifestream; see models.sort_names.
    sort_folder = models.CharField(max_length=sort_names.LENGTH, blank=True, default="", editable=False)
    sort_name = models.CharField(max_length=sort_names.LENGTH, blank=True, default="", editable=False)
    # The key below which items of the feed are still to be posted; None if there are none. See storage.backfill.
    backlog = models.BigIntegerField(_("backlog"), null=True, blank=True, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ["folder", "name", "pk"]
        constraints = [models.UniqueConstraint(fields=["lifestream", "feed"], name="lifestream_subscription_unique")]
        indexes = [
            models.Index(fields=["backlog"], condition=Q(backlog__isnull=False), name="lifestream_subscr_backlog"),
            models.Index(fields=["lifestream", "sort_name", "id"], name="lifestream_subscr_name"),
            models.Index(fields=["lifestream", "sort_folder", "sort_name", "id"], name="lifestream_subscr_folder"),
        ]

    def __str__(self) -> str:
        return as_row(self.name) if self.name else text_of(self, "feed")

    def save(self, **options: Any) -> None:
        """Save the subscription and what follows from it, in one transaction."""
        using = options.get("using") or router.db_for_write(type(self), instance=self)
        fields = options.get("update_fields")
        with transaction.atomic(using=using):
            before: list[int] = []
            key: int | None = self.pk  # None for a new subscription
            if key is not None and (fields is None or not {"feed", "feed_id"}.isdisjoint(fields)):
                saved = Subscription.objects.using(using).filter(pk=key)
                before = list(saved.exclude(feed=self.feed_id).values_list("feed_id", flat=True))
            if fields is None or not SHOWING.isdisjoint(fields):
                # The feed of a new subscription is locked, too: an import of a list that has locked it may be about to
                # insert the same row.
                lock_feeds([*before, self.feed_id], using)
            super().save(**options)
            if before:
                _send_written([], before, using)  # the feed that it subscribed to before

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the subscription, with its posts."""
        using = using or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using):
            lock_feeds([self.feed_id], using)
            return super().delete(using, keep_parents)

    @property
    def display_name(self) -> str:
        """The name that it was given here, or the feed's title."""
        return self.name or self.feed.display_title
