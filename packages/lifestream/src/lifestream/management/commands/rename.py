"""`rename`: give a feed a name of its own in a lifestream."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext, gettext_lazy

from lifestream.content.plaintext import one_line
from lifestream.management.base import BaseCommand
from lifestream.management.lookup import chosen_lifestream, feeds_at
from lifestream.models import Subscription
from lifestream.storage.deadlocks import tried_again


class Command(BaseCommand):
    help = gettext_lazy("Gives a feed a name in a lifestream. Without a name, the feed has its own title again.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", metavar="URL", help=gettext("of the feed"))
        parser.add_argument("name", metavar="NAME", nargs="?", default="", help=gettext("what to call it"))
        parser.add_argument(
            "--lifestream",
            metavar="SLUG",
            help=gettext("in which lifestream; needed if there are several and none is main"),
        )

    def handle(self, *, url: str, name: str, lifestream: str | None, **_options: Any) -> None:
        feeds, chosen = feeds_at(url), chosen_lifestream(lifestream)
        found = Subscription.objects.filter(feed__in=feeds, lifestream=chosen).select_related("feed")
        if not tried_again(lambda: found.update(name=one_line(name))):
            text = gettext("{url} is not in the lifestream '{slug}'; choose another with --lifestream")
            raise CommandError(text.format(url=url, slug=chosen.slug))
        for subscription in found:
            text = gettext("{url} is called “{name}” in the lifestream '{slug}'.")
            line = text.format(url=subscription.feed.url, name=subscription.display_name, slug=chosen.slug)
            self.stdout.write(line)
