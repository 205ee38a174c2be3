"""The posts: items in a lifestream."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from lifestream.models.changed_fields import text_of
from lifestream.models.items import Item
from lifestream.models.lifestreams import Lifestream
from lifestream.models.subscriptions import Subscription

_SHOWN: Final = Q(hidden=False, removed=False, ruled=False)


class PostQuerySet(models.QuerySet["Post"]):
    """Querysets of posts."""

    def visible(self) -> PostQuerySet:
        """Return the posts that nobody has hidden or removed, and that no rule hides."""
        return self.filter(_SHOWN)


class Post(models.Model):
    """An item in a lifestream. Pages read posts; the owner hides and removes them.

    *date* is the item's, copied for the index. *subscription* is the one through which the item came: the post is
    deleted with it. Hiding a post by hand (*hidden*) and by a rule (*ruled*) are independent: neither undoes the other.
    """

    lifestream = models.ForeignKey(
        Lifestream, on_delete=models.CASCADE, related_name="posts", db_index=False, verbose_name=_("lifestream")
    )
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="posts", db_index=False, verbose_name=_("subscription")
    )
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="posts", verbose_name=_("item"))
    date = models.DateTimeField(_("date"))
    hidden = models.BooleanField(_("hidden"), default=False, help_text=_("By hand. No rule shows it again."))
    ruled = models.BooleanField(
        _("hidden by a rule"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("As long as the rules say so; see storage.backfill."),
    )
    pinned = models.DateTimeField(
        _("pinned"), null=True, blank=True, help_text=_("Since when it has been pinned to the top of the timeline.")
    )
    removed = models.BooleanField(_("removed"), default=False)
    kept = models.BooleanField(
        _("kept"),
        db_default=False,
        default=False,
        help_text=_("Stays, however old it is and however many posts there are."),
    )

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        # "-item" would order by the ordering of items, reversed.
        ordering = ["-date", "-item_id"]
        constraints = [models.UniqueConstraint(fields=["lifestream", "item"], name="lifestream_post_unique")]
        indexes = [
            models.Index(fields=["lifestream", "date", "item"], name="lifestream_post_timeline"),
            models.Index(fields=["subscription", "date", "item"], name="lifestream_post_site"),
            # For pages: most posts may be hidden, and with these indices a page reads only those that are shown.
            models.Index(fields=["lifestream", "date", "item"], condition=_SHOWN, name="lifestream_post_shown"),
            models.Index(fields=["subscription", "date", "item"], condition=_SHOWN, name="lifestream_post_of_site"),
            models.Index(
                fields=["lifestream", "pinned"], condition=Q(pinned__isnull=False), name="lifestream_post_pinned"
            ),
            # For the admin, which lists the few posts of a kind among all posts of the site, by their keys.
            models.Index(fields=["id"], condition=Q(hidden=True, removed=False), name="lifestream_post_hidden"),
            models.Index(fields=["id"], condition=Q(ruled=True, removed=False), name="lifestream_post_ruled"),
            models.Index(fields=["id"], condition=Q(removed=True), name="lifestream_post_removed"),
        ]

    def __str__(self) -> str:
        return text_of(self, "item")
