"""`add_feed`: subscribe a lifestream to a feed, and import it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.management.base import BaseCommand
from lifestream.management.lookup import chosen_lifestream
from lifestream.management.output import when
from lifestream.refresh.subscribe import Added, Found, NotAdded, Reading, add_feed, find_feed


class Command(BaseCommand):
    help = gettext_lazy(
        "Adds the feed at URL, or the feed of the web page there, to a lifestream, and imports it. On an empty "
        "database the lifestream `main` is made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help=gettext("of a feed, or of a page that has one"))
        parser.add_argument("--name", default="", help=gettext("what to call the feed; needed if it has no title"))
        parser.add_argument("--folder", default="", help=gettext("the folder to put it in"))
        parser.add_argument(
            "--lifestream", metavar="SLUG", help=gettext("which lifestream; needed if there are several")
        )

    def handle(self, *, url: str, name: str, folder: str, lifestream: str | None, **options: Any) -> None:
        chosen = chosen_lifestream(lifestream)
        try:
            found = find_feed(url)
            added = add_feed(found, chosen, name=name, folder=folder)
        except NotAdded as error:
            told = (
                gettext("{reason}: use --name").format(reason=error.reason) if error.field == "name" else error.reason
            )
            raise CommandError(told) from error
        if added.trouble:
            text = gettext("{url} is in the lifestream '{slug}', and stays due: {trouble}")
            raise CommandError(text.format(url=found.url, slug=chosen.slug, trouble=added.trouble))
        if options["verbosity"]:
            self._tell(found, added)

    def _tell(self, found: Found, added: Added) -> None:
        subscription = added.subscription
        feed, lifestream = subscription.feed, subscription.lifestream
        text = gettext("{name}: {url}, which {page} leads to") if found.page else gettext("{name}: {url}")
        self.stdout.write(text.format(name=subscription.display_name, url=feed.url, page=found.page))
        if isinstance(found.source, Reading):
            prepared = found.source.prepared
            for label, value in (
                (gettext("format"), prepared.feed.format),
                (gettext("site"), feed.site_url or feed.domain),
                (gettext("about"), feed.description[:200]),
                (gettext("too much"), "; ".join(prepared.capped)),
                (gettext("problems"), " ".join("; ".join(map(str, prepared.problems)).split())),
            ):
                if value:
                    self.stdout.write(f"  {label}: {value}")
        posts = subscription.posts.count()
        if added.is_new:
            text = ngettext(
                "It is in the lifestream '{slug}', with {count} item.",
                "It is in the lifestream '{slug}', with {count} items.",
                posts,
            )
        else:
            text = ngettext(
                "It was already in the lifestream '{slug}', with {count} item.",
                "It was already in the lifestream '{slug}', with {count} items.",
                posts,
            )
        self.stdout.write(f"  {text.format(slug=lifestream.slug, count=posts)}")
        text = gettext("It is asked again at {time}: {reason}.")
        self.stdout.write(f"  {text.format(time=when(feed.next_fetch, timezone.now()), reason=feed.next_reason)}")
