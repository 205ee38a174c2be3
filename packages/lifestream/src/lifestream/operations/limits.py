"""The limits that an operator may meet: what each bounds, the reason for its default, its setting, and its value now.

Those of `SETTINGS` can be set, those of `fixed_limits` can't. The bounds of the parts of one entry are not listed here:
see `plugins.caps`.

The command `status --limits` and a page of the admin show them. Tests compare the list with `conf`, and the manual with
the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from lifestream.conf import defaults, settings
from lifestream.operations.fixed_limits import FIXED
from lifestream.operations.limit_values import Limit, Unit


def limits() -> Iterator[Limit]:
    """Yield all limits with their current values; the limits that can be set come first. The defaults are those of this
    process, since some depend on the number of its processors and of the files that it may open.

    Raises `ImproperlyConfigured` for a setting that cannot be used, which the system checks report as well.
    """
    for each in SETTINGS:
        value, default = (getattr(where, each.name) for where in (settings, defaults))
        name = f"LIFESTREAM_{each.name.upper()}"
        yield Limit(name, str(each.bounds), str(each.why), each.unit, value, default, each.optional)
    for fixed in FIXED:
        yield Limit("", str(fixed.bounds), str(fixed.why), fixed.unit, fixed.value, fixed.value)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A limit that can be set: *name* is its property of `conf.Settings`. Its texts are translated when they are
    read.
    """

    name: str
    bounds: object
    why: object
    unit: Unit = Unit.COUNT
    optional: bool = False


SETTINGS: Final = (
    # Requests
    _Setting(
        "max_body",
        _("the size of an answer, inflated"),
        _("Feeds with their whole history have a few MiB; several answers are held in memory at once."),
        Unit.BYTES,
    ),
    _Setting(
        "timeout",
        _("the time for a whole request, with its redirects"),
        _("Slow servers answer within half a minute; an answer that never ends must not keep a connection."),
        Unit.SECONDS,
    ),
    _Setting(
        "concurrency",
        _("requests that a worker has open at once"),
        _("Each takes up to 0.3 MB and four files, so the default is at most a quarter of the files that may be open."),
    ),
    _Setting(
        "per_host",
        _("requests to one host at once"),
        _("Two do not hold up each other, and no server takes them for an attack."),
    ),
    _Setting(
        "per_host_rate",
        _("requests to one host in a second"),
        _("A host of thousands of feeds is asked for all of them within the hour."),
        optional=True,
    ),
    # When a feed is due
    _Setting(
        "check_every",
        _("the time between two looks for feeds that are due"),
        _("A look costs one query; a feed waits for a minute at most."),
        Unit.SECONDS,
    ),
    _Setting(
        "min_interval",
        _("the shortest time between two requests of a feed"),
        _("Servers regard an hour as polite, and some refuse earlier requests."),
        Unit.SECONDS,
    ),
    _Setting(
        "max_interval",
        _("the longest time between two requests of a feed"),
        _("A server that declares its answer fresh for a year is most often mistaken."),
        Unit.SECONDS,
    ),
    _Setting(
        "slow_interval",
        _("the longest time that we choose to wait after a success, however seldom a feed publishes"),
        _("Readers see an entry of a quiet feed within a day."),
        Unit.SECONDS,
    ),
    _Setting(
        "max_pause",
        _("the longest pause that a server may ask for"),
        _("A longer one is a mistake, and would lose the feed."),
        Unit.SECONDS,
    ),
    _Setting(
        "jitter",
        _("the largest part of our interval by which a fetch is put off at random, half an hour at most"),
        _("Feeds that were added together would be due together for ever."),
        Unit.PART,
    ),
    _Setting(
        "move_after",
        _("permanent redirects in a row until the address of a feed changes"),
        _("One or two may be a mistake of the server's."),
    ),
    _Setting(
        "push_min_interval",
        _("the shortest time between two requests of a feed whose hub pushes"),
        _("A hub that pushes all the time causes twelve requests an hour."),
        Unit.SECONDS,
    ),
    _Setting(
        "push_poll_interval",
        _("the time between two polls of a feed whose hub pushes"),
        _("Hubs lose pushes; what was lost is seen within six hours."),
        Unit.SECONDS,
    ),
    _Setting(
        "lease",
        _("the time for which a worker may hold a feed"),
        _("It is longer than any fetch takes; the feeds of a worker that died wait for this time at most."),
        Unit.SECONDS,
    ),
    # Reading
    _Setting(
        "parse_timeout",
        _("the time for reading one document"),
        _("The largest feeds take a second or two; a document that takes longer was made to take long."),
        Unit.SECONDS,
    ),
    _Setting(
        "parsers",
        _("processes that read documents"),
        _("One for each processor uses all of them."),
    ),
    _Setting(
        "parser_memory",
        _("the address space of such a process"),
        _("A document of 20,000 entries needs a tenth of it."),
        Unit.BYTES,
    ),
    _Setting(
        "max_page",
        _("characters of a web page that are read for its feeds and its icon"),
        _("Both are in the head of the page; LIFESTREAM_MAX_BODY bounds the size of the answer."),
    ),
    _Setting(
        "max_opml",
        _("the size of a list of feeds that is imported"),
        _("10,000 feeds take a third of it; the list is held in memory several times over."),
        Unit.BYTES,
    ),
    _Setting(
        "max_opml_feeds",
        _("feeds of such a list"),
        _("Lists that feed readers export are far shorter, and all their feeds are requested soon after the import."),
    ),
    # What is kept
    _Setting(
        "keep_days",
        _("the age of items that are kept"),
        _("Nothing is deleted for its age unless you say so."),
        Unit.DAYS,
        optional=True,
    ),
    _Setting(
        "keep_items",
        _("items of a feed that are kept"),
        _("A feed that invents entries can't fill the disk; others take years to have so many."),
        optional=True,
    ),
    _Setting(
        "keep_idle_days",
        _("the time for which a feed without subscribers is kept"),
        _("A reader who unsubscribed by mistake has a month to subscribe again."),
        Unit.DAYS,
        optional=True,
    ),
    _Setting(
        "keep_fetches",
        _("lines of a feed's log that are kept"),
        _("Fetches in a row with the same result share a line, so that fifty reach far back."),
    ),
    _Setting(
        "keep_tombstone_days",
        _("the time for which a deleted item is remembered, so that it does not come back"),
        _("After a year, few feeds still list it."),
        Unit.DAYS,
        optional=True,
    ),
    _Setting(
        "picture_cache",
        _("the disk space for pictures of feeds that are shown through the site"),
        _("It is enough for the pictures of a week on a site of some hundred feeds."),
        Unit.BYTES,
    ),
    # Pages
    _Setting(
        "default_pagination",
        _("items on a page"),
        _("A page of twenty is shown immediately, on a phone as well."),
    ),
    _Setting(
        "threads",
        _("requests that `lifestream serve` answers at the same time"),
        _("Each takes a connection to the database and a few MB; pages take hundredths of a second."),
    ),
)
"""The limits that can be set, in the order in which they are shown."""
