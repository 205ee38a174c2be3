"""The limits that can't be set: they protect memory and processor time against untrusted input, and are far above what
real feeds need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from lifestream import page_limits
from lifestream.content import filter_rules
from lifestream.fetcher import body_budget, inflaters, request_options
from lifestream.fetcher.fetch import FetchLimits
from lifestream.models import fulltext, logos, own_pages, search_sql, time_limit
from lifestream.operations.limit_values import Unit
from lifestream.parser import ipc, preprocessing
from lifestream.plugins import caps
from lifestream.refresh import additions, full_content, hub_renewal, icon_finder, opml, picture_cache, pictures


@dataclass(frozen=True, slots=True)
class Fixed:
    """A limit that can't be set: see `Limit`. Its texts are translated when they are read."""

    value: float
    bounds: object
    why: object
    unit: Unit = Unit.COUNT


FIXED: Final = (
    Fixed(
        FetchLimits().max_redirects,
        _("redirects of one request"),
        _("Feeds that have moved need two or three; more are a loop."),
    ),
    Fixed(
        body_budget.SIZE,
        _("the bytes of all answers that a worker holds at once"),
        _(
            "It bounds the memory of a worker, whatever its number of requests; requests that have to wait lose "
            "nothing."
        ),
        Unit.BYTES,
    ),
    Fixed(
        inflaters.MAX_MEMBERS,
        _("members of a compressed answer"),
        _("Empty members cost time and give nothing; honest servers send a few."),
    ),
    Fixed(
        request_options.MOST_HEADERS,
        _("headers that a feed may be given"),
        _("Servers that need such headers need one or two, and refuse requests that are too long."),
    ),
    Fixed(
        caps.ENTRIES.limit,
        _("entries of one document"),
        _("The latest are kept. The manual lists the bounds of each entry."),
    ),
    Fixed(
        preprocessing.MOST_DIFFERENT_NAMES,
        _("different names of elements, prefixes and entities in one document"),
        _("Feeds have a few hundred, and parsers look up each in a table of all."),
    ),
    Fixed(
        ipc.MAX_FRAME,
        _("the bytes that a process which reads documents may answer with"),
        _("It is far more than the largest feed needs, and protects the memory of the worker."),
        Unit.BYTES,
    ),
    Fixed(
        opml.MAX_DEPTH,
        _("folders in folders of a list"),
        _("No program writes them more than a few deep."),
    ),
    Fixed(
        filter_rules.MOST_RULES,
        _("rules of a subscription that keep items, and as many that block them"),
        _("Each reads the whole of each item, and more would hold up the import."),
    ),
    Fixed(
        icon_finder.LIMITS.max_body,
        _("the size of a site's icon, and of the page that names it"),
        _("It is shown in a few pixels, and stored in the database."),
        Unit.BYTES,
    ),
    Fixed(
        pictures.LIMITS.max_body,
        _("the size of a picture that is shown through the site"),
        _("A photograph for a page is smaller; all pictures that are being fetched are in memory."),
        Unit.BYTES,
    ),
    Fixed(
        pictures.MOST_PIXELS,
        _("pixels of such a picture"),
        _("A browser needs four bytes for each."),
    ),
    Fixed(
        picture_cache.FRESH,
        _("the time after which such a picture is fetched again"),
        _("A picture at the same address seldom changes."),
        Unit.SECONDS,
    ),
    Fixed(
        full_content.NEWEST,
        _("the newest items of a feed whose pages are fetched for their full content"),
        _("Nobody asks a server for the pages of a whole archive."),
    ),
    Fixed(
        full_content.PAGES_PER_RUN,
        _("such pages that one run fetches"),
        _("The others follow with the next run, and feeds do not wait for them."),
    ),
    Fixed(
        hub_renewal.LIMIT,
        _("requests to hubs that one run sends"),
        _("The others follow with the next run, and feeds do not wait for them."),
    ),
    Fixed(
        search_sql.TEXT_LENGTH,
        _("characters of an item that a search looks at"),
        _("PostgreSQL indexes no more than 1 MB of a text."),
    ),
    Fixed(
        fulltext.MOST_TERMS,
        _("words of a query that are used"),
        _("The database reads all index entries of each word."),
    ),
    Fixed(
        time_limit.LONGEST,
        _("the time for which the search index is read for one query"),
        _("A phrase of frequent words may be in no item at all; the latest items are read first."),
        Unit.SECONDS,
    ),
    Fixed(
        own_pages.MOST_PAGES,
        _("own pages of a lifestream"),
        _("Each is linked at the foot of every page."),
    ),
    Fixed(
        logos.LARGEST,
        _("the size of a logo that is uploaded"),
        _("Each visitor's first page loads it."),
        Unit.BYTES,
    ),
    Fixed(
        additions.MOST_OPEN,
        _("addresses of a lifestream that wait to be looked at"),
        _("They are looked at in turns with those of all others."),
    ),
    Fixed(
        own_pages.LONGEST,
        _("characters of an own page"),
        _("It is rendered when it is stored, and shown whole."),
    ),
    Fixed(
        filter_rules.MOST_TERMS,
        _("words and phrases in the rules that keep items, and as many in those that block them"),
        _("Each is looked for in the whole of each item."),
    ),
    Fixed(
        filter_rules.LONGEST_RULES,
        _("characters of the rules that keep items, and of those that block them"),
        _("They are read again whenever the feed has new items."),
    ),
    Fixed(
        page_limits.MOST_PINNED,
        _("posts that stay at the top of a lifestream"),
        _("More would fill the first page."),
    ),
    Fixed(
        page_limits.MOST_TAGS,
        _("tags on the page of tags"),
        _("Nobody reads more, and each is a link that crawlers follow."),
    ),
    Fixed(
        page_limits.LARGEST_FEED,
        _("characters of the contents in a published feed"),
        _("Its next page has the other posts. Forty usual posts have less than a tenth of it."),
    ),
    Fixed(
        page_limits.MOST_IN_SITEMAP,
        _("lifestreams in the list of addresses for search engines"),
        _("The protocol of sitemaps allows ten times as many."),
    ),
    Fixed(
        page_limits.MOST_CONNECTIONS,
        _("connections that `lifestream serve` keeps open at once"),
        _("Each takes a file, and a process may have 1,024 as a rule."),
    ),
    Fixed(
        page_limits.LONGEST_HEAD,
        _("the size of the head of a request to `lifestream serve`"),
        _("Browsers send a few KiB, and one thread reads for all."),
        Unit.BYTES,
    ),
    Fixed(
        page_limits.MOST_LINES,
        _("lines of that head"),
        _("Browsers and proxies send some thirty."),
    ),
    Fixed(
        page_limits.LONGEST_FORM,
        _("the size of the fields of a form on the bundled site, without its files"),
        _("The longest own page takes 600 KB, and decoding a form takes processor time before anybody has logged in."),
        Unit.BYTES,
    ),
    Fixed(
        page_limits.MOST_GUESSES,
        _("wrong passwords from one address that are compared in a minute"),
        _("Nobody mistypes more often, and each comparison costs processor time."),
    ),
    Fixed(
        page_limits.MOST_KEPT,
        _("the size of the requests and answers that are on their way, on all connections together"),
        _("They are kept in temporary files; the connection that has been silent longest is closed first."),
        Unit.BYTES,
    ),
)
"""The limits that can't be set, in the order in which they are shown."""
