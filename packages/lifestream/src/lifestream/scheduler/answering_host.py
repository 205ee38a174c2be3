"""Which host an answer came from: behind a redirect, it may be another than the feed's own. A pure function."""

from __future__ import annotations

from lifestream.fetcher.feed_urls import UrlRefused, request_url
from lifestream.fetcher.outcomes import Outcome
from lifestream.fetcher.url_hosts import host_of
from lifestream.scheduler.jobs import Claimed


def host_that_answered(claim: Claimed, outcome: Outcome) -> str:
    """Return the host to which a redirect led; the feed's own if there was none, if nothing answered, or if the feed's
    URL is refused. The host includes its port unless that is the default.
    """
    host = host_of(outcome.url)
    try:
        own = host_of(request_url(claim.url))
    except UrlRefused:
        return claim.host
    return claim.host if host in ("", own) else host
