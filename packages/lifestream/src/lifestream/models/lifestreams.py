"""Lifestreams, their subscriptions, and the items in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils import timezone

from lifestream.content.text_direction import isolated
from lifestream.models.feeds import Feed
from lifestream.models.items import Item

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


readers_left: Final = Signal()
"""Sent when subscriptions to *feeds* (keys) were deleted together, in the database *using*, within the transaction."""


def validate_rules(text: str) -> None:
    """Raise ValidationError for a line of *text* that is not a valid rule."""
    from lifestream.content import filter_rules  # models are imported by all commands, and few of those look at rules

    try:
        filter_rules.check(text)
    except filter_rules.RuleError as error:
        raise ValidationError(str(error)) from error


class LifestreamQuerySet(models.QuerySet["Lifestream"]):
    """Querysets of lifestreams."""

    def public(self) -> LifestreamQuerySet:
        """Return those that everybody may read."""
        return self.filter(is_public=True)

    def readable_by(self, user: AbstractBaseUser | AnonymousUser) -> LifestreamQuerySet:
        """Return those that *user* may read: public ones and their own; all of them for a superuser."""
        if not user.is_authenticated:
            return self.public()
        if getattr(user, "is_superuser", False):
            return self.all()
        return self.filter(Q(is_public=True) | Q(owner=user.pk))

    def owned_by(self, user: AbstractBaseUser | AnonymousUser) -> LifestreamQuerySet:
        """Return those that *user* may change: their own; all of them for a superuser."""
        if getattr(user, "is_superuser", False):
            return self.all()
        return self.filter(owner=user.pk) if user.is_authenticated else self.none()

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the lifestreams. Feeds that nobody reads any more become idle: all together, see `apps`."""
        return _deleted(Subscription.objects.using(self.db).filter(lifestream__in=self.order_by()), super().delete)

    # Django marks its own method in the same way: a manager must not offer to delete all rows.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Lifestream(models.Model):
    """A timeline: the items of the feeds that it subscribes to. If it has no owner, only superusers change it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="lifestreams"
    )
    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    tagline = models.CharField(max_length=500, blank=True)
    is_public = models.BooleanField("public", default=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    feeds: models.ManyToManyField[Feed, Subscription] = models.ManyToManyField(
        Feed, through="Subscription", related_name="lifestreams"
    )

    objects = LifestreamQuerySet.as_manager()

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title or self.slug

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:  # noqa: ARG002
        """Delete the lifestream, as `LifestreamQuerySet.delete` does."""
        return Lifestream.objects.using(using or self._state.db).filter(pk=self.pk).delete()


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Querysets of subscriptions."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the subscriptions. Feeds that nobody reads any more become idle: all together, see `apps`."""
        return _deleted(self, super().delete)

    # As above.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


def _deleted(
    subscriptions: models.QuerySet[Subscription], delete: Callable[[], tuple[int, dict[str, int]]]
) -> tuple[int, dict[str, int]]:
    """Delete what *delete* does, *subscriptions* with it, and say so once for all of their feeds."""
    feeds = list(subscriptions.order_by().values_list("feed_id", flat=True).distinct())
    with transaction.atomic(using=subscriptions.db):
        deleted = delete()
        readers_left.send(Feed, feeds=feeds, using=subscriptions.db)
    return deleted


class Subscription(models.Model):
    """A feed in a lifestream, with a name and a folder of its own. Its rules are those of `content.filter_rules`."""

    lifestream = models.ForeignKey(Lifestream, on_delete=models.CASCADE, related_name="subscriptions")
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="subscriptions")
    name = models.TextField(blank=True, help_text="Empty: the feed's own title.")
    folder = models.TextField(blank=True)
    paused = models.BooleanField(default=False, help_text="Shows no new items until it is resumed.")
    keep_rules = models.TextField(blank=True, help_text="One a line. If there are any, only what matches is shown.")
    block_rules = models.TextField(
        blank=True, validators=[validate_rules], help_text="One a line. What matches is not shown."
    )
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["folder", "name", "pk"]
        constraints = [models.UniqueConstraint(fields=["lifestream", "feed"], name="lifestream_subscription_unique")]

    def __str__(self) -> str:
        return isolated(self.display_name)

    @property
    def display_name(self) -> str:
        """The name that it was given here, or the feed's title."""
        return self.name or self.feed.display_title


class PostQuerySet(models.QuerySet["Post"]):
    """Querysets of posts."""

    def visible(self) -> PostQuerySet:
        """Return those that are neither hidden nor removed."""
        return self.filter(hidden=False, removed=False)


class Post(models.Model):
    """An item in a lifestream. Pages read posts; the owner hides and removes them.

    *date* is the item's, copied for the index. The subscription is the one that brought it: the post is deleted with
    it.
    """

    lifestream = models.ForeignKey(Lifestream, on_delete=models.CASCADE, related_name="posts", db_index=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="posts", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="posts")
    date = models.DateTimeField()
    hidden = models.BooleanField(default=False)
    removed = models.BooleanField(default=False)

    objects = PostQuerySet.as_manager()

    class Meta:
        # "-item" would order by the ordering of items, reversed.
        ordering = ["-date", "-item_id"]
        constraints = [models.UniqueConstraint(fields=["lifestream", "item"], name="lifestream_post_unique")]
        indexes = [
            models.Index(fields=["lifestream", "date", "item"], name="lifestream_post_timeline"),
            models.Index(fields=["subscription", "date", "item"], name="lifestream_post_site"),
        ]

    def __str__(self) -> str:
        return str(self.item)
