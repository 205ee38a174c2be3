"""`remove_feed`: end a subscription."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Collection
from typing import Any

from django.core.management.base import CommandError
from django.db import router
from django.utils.translation import gettext, gettext_lazy

from lifestream.management.base import BaseCommand
from lifestream.management.lookup import chosen_lifestream, feeds_at
from lifestream.models import Feed, Item, Subscription
from lifestream.models.feeds import lock_feeds
from lifestream.storage.deadlocks import in_transaction, tried_again


class Command(BaseCommand):
    help = gettext_lazy(
        "Removes a feed from a lifestream, with its posts. Its items stay for other subscribers; a feed that nobody "
        "subscribes to is fetched no more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help=gettext("of the feed"))
        parser.add_argument(
            "--lifestream",
            metavar="SLUG",
            help=gettext("from which lifestream; needed if there are several and none is main"),
        )
        parser.add_argument(
            "--everywhere",
            action="store_true",
            help=gettext("from all lifestreams, and with all of its items"),
        )

    def handle(self, *, url: str, lifestream: str | None, everywhere: bool, **_options: Any) -> None:
        feeds = feeds_at(url)
        if everywhere:
            using = router.db_for_write(Feed)
            in_transaction(lambda: _delete(feeds, using), using)
            self.stdout.write(gettext("{url} was removed, with all of its items.").format(url=url))
            return
        chosen = chosen_lifestream(lifestream)
        found = Subscription.objects.filter(feed__in=feeds, lifestream=chosen)
        if not found.exists():
            raise CommandError(
                gettext("{url} is not in the lifestream '{slug}'; choose another with --lifestream").format(
                    url=url, slug=chosen.slug
                )
            )
        tried_again(found.delete)
        self.stdout.write(gettext("{url} is no longer in the lifestream '{slug}'.").format(url=url, slug=chosen.slug))


def _delete(feeds: Collection[int], using: str) -> None:
    """Delete *feeds* (keys) with their items, in the caller's transaction: a feed that stayed without its items would
    not get them back, since it has their tombstones.
    """
    # `FeedQuerySet.delete` takes this lock, too, but deleting the items would take a weaker one before it.
    lock_feeds(feeds, using)
    Item.objects.using(using).filter(feed__in=feeds).delete()
    Feed.objects.using(using).filter(pk__in=feeds).delete()
