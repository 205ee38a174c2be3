"""`resume`: end the pause of a host or a feed."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from functools import partial
from typing import Any

from django.core.management.base import CommandError
from django.db import router
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.management.base import BaseCommand
from lifestream.management.lookup import feeds_at
from lifestream.models import Feed, Host, Subscription
from lifestream.storage.deadlocks import in_transaction


class Command(BaseCommand):
    help = gettext_lazy(
        "Ends pauses. For a host: the pause that its server asked for (Retry-After), and all that its feeds were asked "
        "to wait for; feeds that waited for that are due at once, the others at their usual time. For a feed: the "
        "pauses of its host and of the feed, even if the feed was paused by hand or is gone; it is due at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", metavar="URL|HOST", help=gettext("the URL of a feed, or the name of a host"))

    def handle(self, *, target: str, **_options: Any) -> None:
        if "/" in target:
            self._resume_feeds(target)
        else:
            self._resume_host(target)

    def _resume_host(self, name: str) -> None:
        host = Host.objects.filter(name=name.lower().rstrip(".")).first()
        if host is None:
            raise CommandError(
                gettext("there is no host {name}; give the URL of a feed, or a host's name").format(name=name)
            )
        feeds = host.feeds.filter(status=Feed.Status.ACTIVE)

        def resume() -> None:
            # Feeds are updated before their host, in the order in which a refresh locks them. In another order, this
            # command and a refresh could wait for each other.
            feeds.filter(not_before__gt=timezone.now()).update(not_before=None, next_fetch=timezone.now())
            Host.objects.filter(pk=host.pk).update(not_before=None)

        in_transaction(resume, router.db_for_write(Feed))
        count = feeds.count()
        text = ngettext("{host}: its {count} feed may be fetched.", "{host}: its {count} feeds may be fetched.", count)
        self.stdout.write(text.format(host=host.name, count=count))

    def _resume_feeds(self, url: str) -> None:
        now = timezone.now()
        for feed in Feed.objects.filter(pk__in=feeds_at(url)).select_related("host"):
            if not Subscription.objects.filter(feed=feed, paused=False).exists():
                text = gettext(
                    "{url} has no subscriber, or all have paused it; add it with add_feed, or resume a subscription"
                )
                raise CommandError(text.format(url=feed.url))
            in_transaction(partial(_resume, feed, now), router.db_for_write(Feed))
            self.stdout.write(gettext("{url} is due.").format(url=feed.url))


def _resume(feed: Feed, now: datetime) -> None:
    Feed.objects.filter(pk=feed.pk).update(status=Feed.Status.ACTIVE, not_before=None, next_fetch=now, failures=0)
    Host.objects.filter(pk=feed.host_id).update(not_before=None)
