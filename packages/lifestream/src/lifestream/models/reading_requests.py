"""Requests to show, in the admin, what lifestream reads from the document of a feed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lifestream.models.changed_fields import text_of
from lifestream.models.feeds import Feed


class ReadingRequest(models.Model):
    """A user's request to see what lifestream reads from a feed, in that user's language, and the result.

    The view of the admin only stores it; `refresh.wanted_readings` fetches the feed.
    """

    feed = models.ForeignKey(
        Feed, on_delete=models.CASCADE, related_name="reading_requests", db_index=False, verbose_name=_("feed")
    )
    language = models.CharField(_("language"), max_length=20)
    wanted = models.DateTimeField(_("wanted"), default=timezone.now, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    read = models.DateTimeField(_("read"), null=True, blank=True, editable=False)
    # JSON in ASCII: text of feeds may have a NUL, which PostgreSQL's own type for JSON refuses.
    found = models.TextField(_("found"), blank=True, editable=False)

    class Meta:
        verbose_name = _("reading request")
        verbose_name_plural = _("reading requests")
        constraints = [
            models.UniqueConstraint(fields=["feed", "language"], name="lifestream_reading_unique"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(read=None), name="lifestream_reading_open"),
        ]

    def __str__(self) -> str:
        return f"{text_of(self, 'feed')}, {self.language}"
