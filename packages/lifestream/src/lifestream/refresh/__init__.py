"""Fetch the feeds that are due and store the results: `refresh(feeds)` serves commands, the updater beside a web
server and the Celery tasks.

In: feeds, or "what is due". Out: a `Report`. The way of a feed:

    due_queue ──▶ leases ──▶ downloads ──▶ parser.pool ──▶ decider ──▶ storage.writer ──▶ refresh_report
    (scheduler)              the network,   child           when the     transactions
                             host by host   processes       next fetch
                                                            is, and why

`pipeline` draws this flow in full and claims the first feeds; `downloads` requests at most LIFESTREAM_PER_HOST feeds of
a host at once; `work_loop` runs the flow if there are feeds to fetch, and leaves a feed due if this machine runs short
of files or memory (`fetcher.shortage` recognises that); `run_tally` counts the results. The other modules:

- `factories`: the fetcher, the address guard and the parser pool, made from the settings.
- `subscribe`: adds a feed: one GET finds out whether a URL leads to a feed, and is its first import; of the feeds that
  a page names, it tries the first ones. `scout`: makes its requests. `additions`: adds the addresses that owners have
  entered on a page.
- `documents`, `given_files`: read URLs and files without a database, to show what lifestream makes of them.
  `reading_facts`: what was found, in words.
- `opml`, `planet_ini`: import and export lists of subscriptions. `json_export`: exports a lifestream as JSON.
- `hub_renewal`, `icon_finder`, `full_content`: what is requested after a refresh: WebSub leases, icons of sites, the
  pages of entries.
- `pictures`: pictures of feeds for visitors, if the site is to show them; `picture_turns`: which picture is fetched
  next; `picture_cache`: the pictures on disk.
- `wanted_readings`: reads feeds for users of the admin who want to see what is read from them.
- `updater`: runs all this in a thread beside a web server. `update_requests`: makes feeds due that somebody wants now,
  and `wakeup` wakes the updater for them.

This package never imports `web`, `admin` or `management`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifestream.refresh.pipeline import refresh

__all__ = ["refresh"]


def __getattr__(name: str) -> Any:
    """Import `refresh` when it is first asked for: it brings aiohttp, which a page or an OPML export does not need."""
    if name == "refresh":
        from lifestream.refresh.pipeline import refresh

        return refresh
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
