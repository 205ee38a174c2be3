"""`update_feeds`: fetch the feeds that are due, and print the results."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from lifestream.checks import SETTINGS_TAG
from lifestream.conf import raise_file_limit
from lifestream.management.base import BaseCommand
from lifestream.management.output import progress_bar, table_of, tell_shortages
from lifestream.models import Addition, Feed, ReadingRequest
from lifestream.refresh.pipeline import refresh
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.wording import when, worded


class Command(BaseCommand):
    help = gettext_lazy(
        "Fetches the feeds that are due, stores new and changed items, and prints a table: for each feed its status, "
        "the result, and when and why it is due next. The exit status is 1 if all feeds failed, if the database "
        "failed, or if this machine ran out of something, which standard error names."
    )

    # The other checks run only if something is due: see `handle`.
    requires_system_checks = (SETTINGS_TAG,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--feed", metavar="URL", action="append", dest="urls", help=gettext("only this feed; may be given again")
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help=gettext(
                "also fetch feeds that only wait for lifestream's own interval; never before a server or a feed "
                "allows it"
            ),
        )

    def handle(self, *, urls: list[str] | None, all: bool, **options: Any) -> None:  # noqa: A002 - as the option is called
        raise_file_limit()
        if urls is None and Addition.objects.filter(state__in=Addition.OPEN).exists():
            from lifestream.refresh.additions import add_wanted

            add_wanted()
        if urls is None and ReadingRequest.objects.filter(read=None).exists():
            from lifestream.refresh.wanted_readings import read_wanted

            read_wanted()
        now = timezone.now()
        chosen = None if urls is None else _named(urls)
        due = Feed.objects.allowed(now) if all else Feed.objects.due(now)
        total = due.count() if chosen is None else due.filter(pk__in=chosen).count()
        if total and not options.get("skip_checks", True):
            self.check()
        with progress_bar(total) as progress:
            try:
                report = refresh(chosen, early=all, progress=progress)
            except FAILURES as error:
                text = gettext("the feeds could not be updated: {trouble}")
                raise CommandError(text.format(trouble=worded(str(failure_of(error))))) from error
        if options["verbosity"]:
            if report.rows:
                self.stdout.write(table_of(report, sys.stdout, timezone.now()))
            if chosen is not None:
                self._print_unfetched(set(chosen) - {row.feed for row in report.rows})
            elif not report.rows and not report.shortages:
                self._print_next_due()
            self.stdout.write(f"{report}.")
        tell_shortages(report, self)
        if report.rows:
            from lifestream.refresh.full_content import fetch_full_content
            from lifestream.refresh.icon_finder import find_icons

            feeds = [row.feed for row in report.rows]
            fetch_full_content(feeds)
            find_icons(feeds)
        if report.all_failed or report.shortages:
            sys.exit(1)

    def _print_unfetched(self, feeds: set[int]) -> None:
        """Print for each of *feeds*, which were named on the command line, why it was not fetched."""
        now = timezone.now()
        for feed in Feed.objects.filter(pk__in=feeds).select_related("host"):
            if feed.status != Feed.Status.ACTIVE:
                text = gettext("{url} was not asked: it is {status}.")
            elif feed.host.not_before is not None and feed.host.not_before > now:
                text = gettext("{url} was not asked: it waits until {pause}, since its server asked for a pause.")
            elif feed.claimed_until is not None and feed.claimed_until > now:
                text = gettext("{url} was not asked: another process has claimed it, until {claim} at the latest.")
            else:
                text = gettext("{url} was not asked: it is due at {time}: {reason}.")
            line = text.format(
                url=feed.url,
                status=feed.get_status_display(),
                pause=when(feed.host.not_before, now),
                claim=when(feed.claimed_until, now),
                time=when(feed.next_fetch, now),
                reason=worded(feed.next_reason),
            )
            self.stdout.write(line)

    def _print_next_due(self) -> None:
        now = timezone.now()
        first = Feed.objects.filter(status=Feed.Status.ACTIVE).order_by("next_fetch").first()
        if first is None:
            self.stdout.write(gettext("There are no active feeds; add one with add_feed URL."))
        elif first.next_fetch <= now and first.claimed_until is not None and first.claimed_until > now:
            # That process may have ended: what it has claimed is free again after the lease.
            text = gettext("Nothing else is due. Another process has claimed {title}, until {time} at the latest.")
            self.stdout.write(text.format(title=first.display_title, time=when(first.claimed_until, now)))
        else:
            text = gettext("Nothing is due. The next is {title} at {time}: {reason}.")
            at = when(first.next_fetch, now)
            self.stdout.write(text.format(title=first.display_title, time=at, reason=worded(first.next_reason)))


def _named(urls: list[str]) -> list[int]:
    """Return the primary keys of the feeds at *urls*. Raises CommandError for a URL that no feed has."""
    from lifestream.management.lookup import feeds_at

    return [feed for url in urls for feed in feeds_at(url)]
