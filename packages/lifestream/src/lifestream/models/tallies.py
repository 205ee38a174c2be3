"""Counts of what the site has done, for its operator. They are in the database, since several processes count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import connections, models, transaction
from django.utils.translation import gettext_lazy as _


class TallyQuerySet(models.QuerySet["Tally"]):
    """Querysets of tallies."""

    def add(self, counts: Mapping[str, int], now: datetime) -> None:
        """Add *counts* by name. Rows are locked in the order of their names, so that no two writers wait for each
        other.
        """
        self._for_write = True
        connection = connections[self.db]
        changed = connection.ops.adapt_datetimefield_value(now)
        # With Django's queries, one for each name, this took a thirtieth of the time of a refresh of 300 feeds.
        with transaction.atomic(using=self.db), connection.cursor() as cursor:
            cursor.executemany(_ADD, [(name, count, changed) for name, count in sorted(counts.items())])


_ADD: Final = (
    "INSERT INTO lifestream_tally (name, value, changed) VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE"
    " SET value = lifestream_tally.value + excluded.value, changed = excluded.changed"
)


class Tally(models.Model):
    """A count that only grows: *name* is, for example, `fetches:new`, and *changed* is when it grew last. Two tallies
    are no such counts. The *changed* of `clock` is when times were last corrected. That of `reports` is when the weekly
    mail was last sent or found not to be needed; if the last try failed, it is six and a half days before that try.
    """

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
