"""`cleanup`: delete what the settings do not keep."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.management.base import BaseCommand
from lifestream.operations.retention import Cleaned, cleanup, give_space_back


class Command(BaseCommand):
    help = gettext_lazy(
        "Deletes items that are too old or too many by LIFESTREAM_KEEP_DAYS and LIFESTREAM_KEEP_ITEMS, and feeds "
        "without subscribers. Posts that their owner keeps or pins are not deleted. `serve` and Celery's beat do this "
        "once a day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help=gettext("only say what would be deleted"))
        parser.add_argument(
            "--vacuum",
            action="store_true",
            help=gettext(
                "then free the space: SQLite gives it back to the disk, and everybody waits meanwhile; PostgreSQL "
                "keeps most of it for new rows"
            ),
        )

    def handle(self, *, dry_run: bool, vacuum: bool, **_options: Any) -> None:
        done = cleanup(timezone.now(), dry_run=dry_run)
        if dry_run:
            self.stdout.write(gettext("This would be deleted: {what}.").format(what=_in_words(done, dry_run=True)))
            return
        self.stdout.write(gettext("Deleted: {what}.").format(what=_in_words(done, dry_run=False)))
        if vacuum:
            give_space_back()


def _in_words(done: Cleaned, *, dry_run: bool) -> str:
    parts = [
        ngettext("{} item", "{} items", done.items).format(done.items),
        ngettext("{} feed without subscribers", "{} feeds without subscribers", done.feeds).format(done.feeds),
        ngettext("{} tombstone", "{} tombstones", done.tombstones).format(done.tombstones),
    ]
    if done.brought_back and dry_run:
        text = ngettext(
            "{} feed is due in the far future, and would be due after LIFESTREAM_MAX_INTERVAL",
            "{} feeds are due in the far future, and would be due after LIFESTREAM_MAX_INTERVAL",
            done.brought_back,
        )
        parts.append(text.format(done.brought_back))
    elif done.brought_back:
        text = ngettext(
            "{} feed was due in the far future, and is now due after LIFESTREAM_MAX_INTERVAL",
            "{} feeds were due in the far future, and are now due after LIFESTREAM_MAX_INTERVAL",
            done.brought_back,
        )
        parts.append(text.format(done.brought_back))
    return ", ".join(parts)
