"""Counts of what the site has done, for its operator: kept in the database, since several processes do it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _


class TallyQuerySet(models.QuerySet["Tally"]):
    """Querysets of tallies."""

    def add(self, counts: Mapping[str, int], now: datetime) -> None:
        """Add *counts* by name. Rows are locked in the order of their names, so that no two writers wait for each
        other.
        """
        using = self.db
        with transaction.atomic(using=using):
            for name, count in sorted(counts.items()):
                if not self.using(using).filter(name=name).update(value=F("value") + count, changed=now):
                    row, made = self.using(using).get_or_create(name=name, defaults={"value": count, "changed": now})
                    if not made:  # Another process was first.
                        self.using(using).filter(pk=row.pk).update(value=F("value") + count, changed=now)


class Tally(models.Model):
    """A count that only grows: *name* is as `fetches:new`, *changed* is when it grew last."""

    name = models.CharField(_("name"), max_length=100, primary_key=True)
    value = models.BigIntegerField(_("value"), default=0)
    changed = models.DateTimeField(_("changed"))

    objects = TallyQuerySet.as_manager()

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
