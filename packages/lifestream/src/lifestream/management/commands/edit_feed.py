"""`edit_feed`: change how feeds are fetched, their URL, and their folder."""

from __future__ import annotations

import getpass
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.conf import settings
from lifestream.content.plaintext import one_line
from lifestream.fetcher.feed_urls import UrlRefused
from lifestream.fetcher.request_options import OptionRefused
from lifestream.management.base import BaseCommand
from lifestream.management.lookup import chosen_lifestream, feeds_at
from lifestream.models import Feed, Subscription
from lifestream.refresh.given_files import read_file
from lifestream.storage.deadlocks import tried_again
from lifestream.storage.feed_editing import FeedChange, change_feed
from lifestream.wording import worded

_LONGEST_PEM: Final = 1 << 20
"""How many bytes of a file of certificates are read: all authorities that browsers trust have 220,000."""
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Command(BaseCommand):
    help = gettext_lazy(
        "Changes the URL of one feed, or the options and the folder of several feeds. An empty value resets an option. "
        "A feed that has changed is due at once, or as soon as its server allows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("urls", metavar="URL", nargs="+", help=gettext("of a feed"))
        parser.add_argument("--url", metavar="NEW", dest="new_url", help=gettext("the new URL of the feed"))
        parser.add_argument(
            "--interval", type=_seconds, metavar="TIME", help=gettext("how often to fetch it, as 90m, 6h or 2d")
        )
        parser.add_argument("--user-agent", metavar="TEXT", help=gettext("the whole User-Agent"))
        parser.add_argument(
            "--login", metavar="USER", help=gettext("the user name; the password is asked for, or read from a pipe")
        )
        parser.add_argument(
            "--header",
            metavar="LINE",
            action="append",
            help=gettext(
                'a header of the request, as "X-Key: secret", kept encrypted; the given headers replace all '
                "earlier ones"
            ),
        )
        parser.add_argument(
            "--certificates", metavar="FILE", help=gettext("certificates of a private authority, in PEM")
        )
        parser.add_argument(
            "--verify",
            action=BooleanOptionalAction,
            help=gettext(
                "whether the server's certificate is checked; if not, anybody between this machine and the "
                "server can change the feed"
            ),
        )
        parser.add_argument("--proxy", metavar="PROXY", help=gettext("http://…, socks5://…, or direct for none at all"))
        parser.add_argument(
            "--full-content",
            action=BooleanOptionalAction,
            help=gettext("whether to take the content of its entries from their pages"),
        )
        parser.add_argument("--folder", metavar="FOLDER", help=gettext("the folder to put it in"))
        parser.add_argument(
            "--lifestream",
            metavar="SLUG",
            help=gettext("for --folder: which lifestream; needed if there are several and none is main"),
        )

    def handle(self, *, urls: list[str], new_url: str | None, **options: Any) -> None:
        if new_url is not None and len(urls) > 1:
            raise CommandError(gettext("--url is for one feed"))
        keys = [key for url in urls for key in feeds_at(url)]
        change = self._change(new_url, options)
        if change != FeedChange():
            keys = self._edit(keys, change)
        if options["folder"] is not None:
            self._move_to_folder(keys, options["folder"], options["lifestream"])
        elif change == FeedChange():
            raise CommandError(gettext("there is nothing to change: give an option; see --help"))
        if change.verifies is False:
            text = gettext(
                "WARNING: the certificate is not verified any more. Whoever is on the way can read the login and "
                "change what the feed says; better trust its authority with --certificates."
            )
            self.stderr.write(text, self.style.ERROR)
        if change.proxy and change.proxy != "direct":
            text = gettext(
                "The proxy looks up the address of the host: lifestream can't check that it is a public one, so let "
                "the proxy refuse others."
            )
            self.stderr.write(text, self.style.WARNING)

    def _change(self, new_url: str | None, options: dict[str, Any]) -> FeedChange:
        headers = options["header"]
        certificates = options["certificates"]
        try:
            pem = _pem(certificates) if certificates else certificates
        except OSError as error:
            text = gettext("{file} can't be read: {reason}")
            raise CommandError(text.format(file=certificates, reason=error.strerror)) from error
        return FeedChange(
            url=new_url,
            login=_login(options["login"]),
            headers=None if headers is None else "\n".join(headers),
            interval=options["interval"],
            user_agent=options["user_agent"],
            certificates=pem,
            verifies=options["verify"],
            proxy=options["proxy"],
            full_content=options["full_content"],
        )

    def _edit(self, keys: list[int], change: FeedChange) -> list[int]:
        """Change the feeds *keys*. Returns their keys; if the subscriptions of a feed have moved to another feed, the
        key of that one in its place.
        """
        results = []
        for key in keys:
            try:
                result = change_feed(key, change, timezone.now())
            except (OptionRefused, UrlRefused) as error:
                raise CommandError(worded(str(error))) from error
            results.append(result)
            feed = Feed.objects.get(pk=result)
            if result != key:
                text = gettext("{url} is a feed already: the subscriptions have moved there.")
                self.stdout.write(text.format(url=feed.url))
            elif feed.status == Feed.Status.ACTIVE:
                self.stdout.write(gettext("{url} is changed, and due.").format(url=feed.url))
            else:
                self.stdout.write(gettext("{url} is changed.").format(url=feed.url))
        return results

    def _move_to_folder(self, keys: list[int], folder: str, slug: str | None) -> None:
        chosen, folder = chosen_lifestream(slug), one_line(folder)
        found = Subscription.objects.filter(feed__in=keys, lifestream=chosen)
        count = tried_again(lambda: found.update(folder=folder))
        text = ngettext(
            "{count} feed of the lifestream '{slug}' is in the folder '{folder}'.",
            "{count} feeds of the lifestream '{slug}' are in the folder '{folder}'.",
            count,
        )
        self.stdout.write(text.format(count=count, slug=chosen.slug, folder=folder))


def _login(user: str | None) -> str | None:
    """Return the login of *user*. The password is asked for, or read from a pipe: on the command line, other users of
    the machine could read it.
    """
    if not user:
        return user
    is_terminal = sys.stdin.isatty()
    password = getpass.getpass(gettext("Password: ")) if is_terminal else sys.stdin.readline().rstrip("\r\n")
    return f"{user}:{password}"


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    if (found := re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)\s?([smhd]?)", text.strip())) is None:
        raise ArgumentTypeError(gettext("'{text}' is no time; write it as 90m, 6h or 2d").format(text=text))
    return float(found[1]) * _UNITS[found[2]]


def _pem(file: str) -> str:
    return read_file(file, _LONGEST_PEM, settings.timeout).decode("ascii", "replace")
