"""Which host an answer came from: behind a redirect, it may be another than the feed's own. Pure functions."""

from __future__ import annotations

from lifestream.fetcher.feed_urls import UrlRefused, request_url
from lifestream.fetcher.outcomes import Outcome
from lifestream.fetcher.url_hosts import host_of
from lifestream.scheduler.jobs import Claimed


def host_that_answered(claim: Claimed, outcome: Outcome) -> str:
    """Return the name of the host that *outcome* came from: the feed's own, or one that it redirects to."""
    host = host_of(outcome.url)
    try:
        own = host_of(request_url(claim.url))
    except UrlRefused:
        return claim.host
    return claim.host if host in ("", own) else host
