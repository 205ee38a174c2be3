"""`add_feed`: subscribe a lifestream to feeds, and import them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.management.base import BaseCommand
from lifestream.management.lookup import chosen_lifestream
from lifestream.models import Lifestream
from lifestream.operations.feed_state import next_of
from lifestream.refresh.subscribe import Added, FeedReading, Found, NotAdded, add_feed, find_feeds
from lifestream.terminal import visible
from lifestream.wording import worded


class Command(BaseCommand):
    help = gettext_lazy(
        "Adds the feed at URL, or the feed of the web page there, to a lifestream, and imports it. On an empty "
        "database the lifestream `main` is made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "urls", metavar="URL", nargs="+", help=gettext("the URL of a feed, or of a page that has one")
        )
        parser.add_argument("--name", default="", help=gettext("what to call the feed; needed if it has no title"))
        parser.add_argument("--folder", default="", help=gettext("the folder to put it in"))
        parser.add_argument(
            "--lifestream",
            metavar="SLUG",
            help=gettext("which lifestream; needed if there are several and none is main"),
        )

    def handle(self, *, urls: list[str], name: str, folder: str, lifestream: str | None, **options: Any) -> None:
        if name and len(urls) > 1:
            raise CommandError(gettext("--name is for one feed; leave it out for several"))
        chosen = chosen_lifestream(lifestream)
        errors = []
        for _, found in find_feeds(urls):
            try:
                added = self._add(found, chosen, name, folder)
            except CommandError as error:
                errors.append(str(error))
                if len(urls) > 1:
                    self.stderr.write(visible(str(error), lines=False))
            else:
                if options["verbosity"]:
                    self._print_added(*added)
        if errors:
            text = gettext("{count} of {all} feeds failed; see above")
            raise CommandError(text.format(count=len(errors), all=len(urls)) if len(urls) > 1 else errors[0])

    @staticmethod
    def _add(found: Found | NotAdded, chosen: Lifestream, name: str, folder: str) -> tuple[Found, Added]:
        """Subscribe the lifestream to what was found. Raises CommandError if that fails, or if the entries could not be
        stored.
        """
        try:
            if isinstance(found, NotAdded):
                raise found
            added = add_feed(found, chosen, name=name, folder=folder)
        except NotAdded as error:
            message = worded(error.reason)
            if error.field == "name":
                message = gettext("{reason}: use --name").format(reason=message)
            raise CommandError(message) from error
        if added.trouble:
            text = gettext(
                "{url} is in the lifestream '{slug}', but its entries could not be stored, so it will be fetched "
                "again: {trouble}"
            )
            raise CommandError(text.format(url=found.url, slug=chosen.slug, trouble=worded(added.trouble)))
        return found, added

    def _print_added(self, found: Found, added: Added) -> None:
        subscription = added.subscription
        feed, lifestream = subscription.feed, subscription.lifestream
        text = gettext("{name}: {url}, which {page} leads to") if found.page else gettext("{name}: {url}")
        self.stdout.write(text.format(name=subscription.display_name, url=feed.url, page=found.page))
        if isinstance(found.source, FeedReading):
            prepared = found.source.prepared
            for label, value in (
                (gettext("format"), prepared.feed.format),
                (gettext("site"), feed.site_url or feed.domain),
                (gettext("about"), feed.description[:200]),
                (gettext("too much"), "; ".join(map(worded, prepared.capped))),
                (
                    gettext("problems"),
                    " ".join("; ".join(worded(problem.message) for problem in prepared.problems).split()),
                ),
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
        next_fetch = gettext("next fetch: {}").format(next_of(feed, timezone.now()))
        self.stdout.write(f"  {next_fetch}")
