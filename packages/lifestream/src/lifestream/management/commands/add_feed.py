"""`add_feed`: subscribe a lifestream to a feed, and import it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from lifestream.management.base import BaseCommand
from lifestream.management.lookup import chosen_lifestream
from lifestream.management.output import when
from lifestream.refresh.subscribe import Added, Found, NotAdded, Reading, add_feed, find_feed


class Command(BaseCommand):
    help = (
        "Adds the feed at URL, or the feed of the web page there, to a lifestream, and imports it. On an empty "
        "database the lifestream `main` is made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help="of a feed, or of a page that has one")
        parser.add_argument("--name", default="", help="what to call the feed; needed if it has no title")
        parser.add_argument("--folder", default="", help="the folder to put it in")
        parser.add_argument("--lifestream", metavar="SLUG", help="which lifestream; needed if there are several")

    def handle(self, *, url: str, name: str, folder: str, lifestream: str | None, **options: Any) -> None:
        chosen = chosen_lifestream(lifestream)
        try:
            found = find_feed(url)
            added = add_feed(found, chosen, name=name, folder=folder)
        except NotAdded as error:
            hint = ": use --name" if error.field == "name" else ""
            raise CommandError(f"{error.reason}{hint}") from error
        if added.trouble:
            raise CommandError(f"{found.url} is in the lifestream {chosen.slug!r}, and stays due: {added.trouble}")
        if options["verbosity"]:
            self._tell(found, added)

    def _tell(self, found: Found, added: Added) -> None:
        subscription = added.subscription
        feed, lifestream = subscription.feed, subscription.lifestream
        led = f", which {found.page} leads to" if found.page else ""
        self.stdout.write(f"{subscription.display_name}: {feed.url}{led}")
        if isinstance(found.source, Reading):
            prepared = found.source.prepared
            for label, value in (
                ("format", prepared.feed.format),
                ("site", feed.site_url or feed.domain),
                ("about", feed.description[:200]),
                ("too much", "; ".join(prepared.capped)),
                ("problems", " ".join("; ".join(map(str, prepared.problems)).split())),
            ):
                if value:
                    self.stdout.write(f"  {label}: {value}")
        posts = subscription.posts.count()
        there = "is in" if added.is_new else "was already in"
        items = "1 item" if posts == 1 else f"{posts} items"
        self.stdout.write(f"  It {there} the lifestream {lifestream.slug!r}, with {items}.")
        self.stdout.write(f"  It is asked again at {when(feed.next_fetch, timezone.now())}: {feed.next_reason}.")
