"""The limits that an operator may meet: what each bounds, why it is what it is, its setting, and its value now.

Those of `SETTINGS` can be set. Those of `FIXED` can't: they protect memory and processor time against untrusted input,
at a value that no feed of a site has need of. The bounds of what is kept of one entry are not listed here: see
`plugins.caps`.

The command `status --limits` and a page of the admin show them. A test holds the list to `conf`, and the manual to the
list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lifestream import page_limits
from lifestream.conf import defaults, settings
from lifestream.content import filter_rules
from lifestream.fetcher import body_budget, inflaters, request_options
from lifestream.fetcher.fetch import FetchLimits
from lifestream.models import fulltext, logos, own_pages, search_sql
from lifestream.parser import ipc
from lifestream.plugins import caps
from lifestream.refresh import additions, full_content, hub_renewal, icon_finder, opml, picture_cache, pictures
from lifestream.wording import in_words


class Unit(Enum):
    """What the number of a limit counts."""

    COUNT = auto()
    BYTES = auto()
    SECONDS = auto()
    DAYS = auto()
    PART = auto()
    """A part of a whole, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with its *value* now, in its *unit*. *setting* is the name of its setting, "" if it is fixed. *bounds*
    says what it bounds, and *why* why the *default* is what it is. 0 stands for no limit if it is *optional*.
    """

    setting: str
    bounds: str
    why: str
    unit: Unit
    value: float
    default: float
    optional: bool = False

    @property
    def differs(self) -> bool:
        """Whether the value is not the default."""
        return self.value != self.default

    @property
    def shown(self) -> str:
        """The value for people, with its unit, in the active language."""
        return self._shown(self.value)

    @property
    def default_shown(self) -> str:
        """The default for people, with its unit, in the active language."""
        return self._shown(self.default)

    def _shown(self, value: float) -> str:
        if self.optional and not value:
            return gettext("no limit")
        match self.unit:
            case Unit.BYTES:
                return _in_bytes(value)
            case Unit.SECONDS:
                return in_words(value) if value == round(value) else f"{value:g} s"
            case Unit.DAYS:
                return in_words(value * 86400.0)
            case Unit.PART:
                return f"{100 * value:g} %"
            case Unit.COUNT:
                return f"{value:,g}" if value < 1000 else f"{value:,.0f}"


def _in_bytes(value: float) -> str:
    """Return a number of bytes in its largest unit of IEC 80000-13: "10 MiB"."""
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.4g} {unit}"
        value /= 1024
    return f"{value:,.4g} GiB"


def limits() -> Iterator[Limit]:
    """Yield all limits with their values now: those that can be set first. The defaults are those of this process,
    since some depend on the number of its processors and of the files that it may open.

    Raises `ImproperlyConfigured` for a setting that cannot be used, of which the system checks tell as well.
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


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A limit that can't be set: see `Limit`."""

    value: float
    bounds: object
    why: object
    unit: Unit = Unit.COUNT


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
        _("Slow servers answer within half a minute; one that never ends must not keep a connection."),
        Unit.SECONDS,
    ),
    _Setting(
        "concurrency",
        _("requests that a worker has open at once"),
        _("Each takes up to 0.3 MB and four files; never more than a quarter of the files that may be open."),
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
        _("Servers take an hour for polite, and some refuse whoever comes sooner."),
        Unit.SECONDS,
    ),
    _Setting(
        "max_interval",
        _("the longest time between two requests of a feed"),
        _("A server that says that its answer holds for a year is most often mistaken."),
        Unit.SECONDS,
    ),
    _Setting(
        "slow_interval",
        _("the longest time that we wait ourselves, however seldom a feed publishes"),
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
        _("the part of our interval by which a fetch is put off at random"),
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
        _("the time between two requests of a feed that its hub did not ask for"),
        _("Hubs lose pushes; what was lost is seen within six hours."),
        Unit.SECONDS,
    ),
    _Setting(
        "lease",
        _("the time for which a worker may hold a feed"),
        _("It is longer than any fetch takes, and feeds of a worker that died wait no longer."),
        Unit.SECONDS,
    ),
    # Reading
    _Setting(
        "parse_timeout",
        _("the time for reading one document"),
        _("The largest feeds take a second or two; what takes longer was made for it."),
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
        _("Both stand in its head; the size of the answer is bounded by LIFESTREAM_MAX_BODY."),
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
        _("Lists of readers are far shorter, and all of the feeds are asked for soon after."),
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
        _("Who unsubscribed by mistake has a month to come back."),
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
        _("It holds those of a week for a site of some hundred feeds."),
        Unit.BYTES,
    ),
    # Pages
    _Setting(
        "default_pagination",
        _("items on a page"),
        _("A page of twenty is there at once, on a phone as well."),
    ),
    _Setting(
        "threads",
        _("requests that `lifestream serve` answers at once"),
        _("Each takes a connection to the database and a few MB; pages take hundredths of a second."),
    ),
)
"""The limits that can be set, in the order in which they are shown."""

FIXED: Final = (
    _Fixed(
        FetchLimits().max_redirects,
        _("redirects of one request"),
        _("Feeds that have moved need two or three; more are a loop."),
    ),
    _Fixed(
        body_budget.SIZE,
        _("the bytes of all answers that a worker holds at once"),
        _("It bounds the memory of a worker, whatever its number of requests; who has to wait loses nothing."),
        Unit.BYTES,
    ),
    _Fixed(
        inflaters.MAX_MEMBERS,
        _("members of a compressed answer"),
        _("Empty members cost time and give nothing; honest servers send a few."),
    ),
    _Fixed(
        request_options.MOST_HEADERS,
        _("headers that a feed may be given"),
        _("Servers that want one want one or two, and refuse requests that are too long."),
    ),
    _Fixed(
        caps.ENTRIES.limit,
        _("entries of one document"),
        _("The latest are kept. The manual lists the bounds of each entry."),
    ),
    _Fixed(
        ipc.MAX_FRAME,
        _("the bytes that a process which reads documents may answer with"),
        _("It is far more than the largest feed needs, and protects the memory of the worker."),
        Unit.BYTES,
    ),
    _Fixed(
        opml.MAX_DEPTH,
        _("folders in folders of a list"),
        _("No program writes them more than a few deep."),
    ),
    _Fixed(
        filter_rules.MOST_RULES,
        _("rules of a subscription that keep items, and as many that block them"),
        _("Each reads the whole of each item, and more would hold up the import."),
    ),
    _Fixed(
        icon_finder.LIMITS.max_body,
        _("the size of a site's icon, and of the page that names it"),
        _("It is shown in a few pixels, and stands in the database."),
        Unit.BYTES,
    ),
    _Fixed(
        pictures.LIMITS.max_body,
        _("the size of a picture that is shown through the site"),
        _("A photograph for a page is smaller; all that are on their way are in memory."),
        Unit.BYTES,
    ),
    _Fixed(
        pictures.MOST_PIXELS,
        _("pixels of such a picture"),
        _("A browser needs four bytes for each."),
    ),
    _Fixed(
        picture_cache.FRESH,
        _("the time after which such a picture is fetched again"),
        _("A picture at the same address seldom changes."),
        Unit.SECONDS,
    ),
    _Fixed(
        full_content.NEWEST,
        _("the newest items of a feed whose pages are fetched for their full content"),
        _("Nobody asks a server for the pages of a whole archive."),
    ),
    _Fixed(
        full_content.AT_ONCE,
        _("such pages that one run fetches"),
        _("The others follow with the next run, and feeds do not wait for them."),
    ),
    _Fixed(
        hub_renewal.LIMIT,
        _("hubs that one run asks"),
        _("The others follow with the next run, and feeds do not wait for them."),
    ),
    _Fixed(
        search_sql.TEXT_LENGTH,
        _("characters of an item that a search looks at"),
        _("PostgreSQL indexes no more than 1 MB of a text."),
    ),
    _Fixed(
        fulltext.MOST_TERMS,
        _("words of a query that are used"),
        _("The database reads all that is known of each."),
    ),
    _Fixed(
        own_pages.MOST_PAGES,
        _("own pages of a lifestream"),
        _("Each is linked at the foot of every page."),
    ),
    _Fixed(
        logos.LARGEST,
        _("the size of a logo that is uploaded"),
        _("Each visitor's first page loads it."),
        Unit.BYTES,
    ),
    _Fixed(
        additions.MOST_OPEN,
        _("addresses of a lifestream that wait to be looked at"),
        _("They are looked at in turns with those of all others."),
    ),
    _Fixed(
        own_pages.LONGEST,
        _("characters of an own page"),
        _("It is rendered when it is stored, and shown whole."),
    ),
    _Fixed(
        filter_rules.MOST_TERMS,
        _("words and phrases of all these rules together"),
        _("Each is looked for in the whole of each item."),
    ),
    _Fixed(
        page_limits.MOST_PINNED,
        _("posts that stay at the top of a lifestream"),
        _("More would fill the first page."),
    ),
    _Fixed(
        page_limits.MOST_TAGS,
        _("tags on the page of tags"),
        _("Nobody reads more, and each is a link that crawlers follow."),
    ),
    _Fixed(
        page_limits.MOST_IN_SITEMAP,
        _("lifestreams in the list of addresses for search engines"),
        _("The protocol of sitemaps allows ten times as many."),
    ),
    _Fixed(
        page_limits.MOST_CONNECTIONS,
        _("connections that `lifestream serve` keeps open at once"),
        _("Each takes a file, and a process may have 1,024 as a rule."),
    ),
    _Fixed(
        page_limits.LONGEST_HEAD,
        _("the size of the head of a request that it reads"),
        _("Browsers send a few KiB, and one thread reads for all."),
        Unit.BYTES,
    ),
    _Fixed(
        page_limits.MOST_LINES,
        _("lines of that head"),
        _("Browsers and proxies send some thirty."),
    ),
    _Fixed(
        page_limits.MOST_GUESSES,
        _("wrong passwords from one address that are compared in a minute"),
        _("Nobody mistypes more often, and each comparison costs processor time."),
    ),
    _Fixed(
        page_limits.MOST_KEPT,
        _("the size of the requests and answers that are on their way, on all connections together"),
        _("They are kept in temporary files; the connection that has been silent longest is closed first."),
        Unit.BYTES,
    ),
)
"""The limits that can't be set, in the order in which they are shown."""
