"""The ids under which items are published."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from lifestream.models.items import Item


class PublishedId(models.Model):
    """The id of an item in the feeds of this site. It is stored once and never changes: see `storage.published_ids`.

    No two items have the same id, not even items of different feeds. (An item without a stored id is published with a
    UUID, which is the same each time.)
    """

    # Not the primary key, for the reason given at `Article.item`.
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="published_id", verbose_name=_("item"))
    uri = models.TextField(_("id"))

    class Meta:
        verbose_name = _("published id")
        verbose_name_plural = _("published ids")
        constraints = [models.UniqueConstraint(fields=["uri"], name="lifestream_published_uri")]

    def __str__(self) -> str:
        return self.uri
