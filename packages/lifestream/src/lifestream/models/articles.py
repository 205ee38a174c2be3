"""When the pages of entries were fetched, for feeds whose content is taken from these pages, and with what result."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from lifestream.models.changed_fields import text_of
from lifestream.models.items import Item
from lifestream.models.message_field import MessageField


class Article(models.Model):
    """The page of an item, which was requested for the item's content: see `refresh.full_content`.

    *fingerprint* is that of the item at the time of the request: once the entry is edited, the item has another one,
    and the page is requested again. *message* says why the page gave no content, or is "" if it gave some. *attempts*
    counts the requests with this fingerprint that gave no content; 0 if the last one gave some.
    """

    # Not the primary key: in a lookup by a primary key that is a relation, Django 5.2 sends the database even numbers
    # that no column can hold.
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="article", verbose_name=_("item"))
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    fetched = models.DateTimeField(_("fetched"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    message = MessageField(_("message"), blank=True)

    class Meta:
        verbose_name = _("page of an item")
        verbose_name_plural = _("pages of items")

    def __str__(self) -> str:
        return text_of(self, "item")
