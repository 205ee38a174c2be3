"""The log of fetches: `storage.fetch_log` writes it."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from lifestream.models.feeds import Feed
from lifestream.models.message_field import MessageField


class Fetch(models.Model):
    """The result of one fetch, or of *count* fetches in a row with the same result, the last of which started at
    *latest*. For a single fetch, *latest* is None.

    *duration*, *size*, *next_fetch* (the time of the next fetch) and *reason* (why that time was chosen) are those of
    the last of these fetches.
    """

    class Outcome(models.TextChoices):
        NEW = "new", _("new items")
        CHANGED = "changed", _("items changed")
        UNCHANGED = "unchanged", _("nothing new")
        NOT_MODIFIED = "not modified", _("not modified")
        MOVED = "moved", _("moved")
        GONE = "gone", _("gone")
        FAILED = "failed", _("failed")

    feed = models.ForeignKey(
        Feed, on_delete=models.CASCADE, related_name="fetches", db_index=False, verbose_name=_("feed")
    )
    started = models.DateTimeField(_("started"))
    count = models.PositiveIntegerField(_("times"), default=1)
    latest = models.DateTimeField(_("latest"), null=True, blank=True, help_text=_("When the last of them started."))
    duration = models.FloatField(_("duration"), default=0.0, help_text=_("In seconds."))
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0, help_text=_("Of the body as it was sent, in bytes."))
    new = models.PositiveIntegerField(_("new items"), default=0)
    changed = models.PositiveIntegerField(_("changed items"), default=0)
    message = MessageField(_("message"), blank=True)
    next_fetch = models.DateTimeField(_("next fetch"), null=True, blank=True)
    reason = MessageField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("fetch")
        verbose_name_plural = _("fetches")
        ordering = ["-started", "-pk"]
        indexes = [models.Index(F("feed"), F("id").desc(), name="lifestream_fetch_latest")]

    def __str__(self) -> str:
        started = date_format(localtime(self.started), "SHORT_DATETIME_FORMAT")
        return f"{started}, {outcome_in_words(self.outcome)}"


def outcome_in_words(outcome: str) -> str:
    """Return *outcome*, a value of `Fetch.Outcome`, in a word or two; "" if there has been no fetch."""
    return str(_OUTCOMES.get(outcome, outcome))


_OUTCOMES = {
    "new": _("new"),
    "changed": _("changed"),
    "unchanged": _("unchanged"),
    "not modified": _("not modified"),
    "moved": _("moved"),
    "gone": _("gone"),
    "failed": _("failed"),
}
