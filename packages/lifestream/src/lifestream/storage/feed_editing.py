"""Changes that an operator makes to a feed: to its URL, and to its options.

A feed with another URL, login or header is requested anew: its validators belong to the old request and are dropped, so
that no 304 can answer for a document that was never read; the result of a fetch under way is dropped, too. Items stay:
entries are recognised by their ids, so a feed that has only moved brings none of them twice. If another feed has the
new URL, the subscriptions move there, as they do after a permanent redirect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, cast

from django.db import router

from lifestream.conf import settings
from lifestream.fetcher.feed_urls import credentials_of, request_url
from lifestream.fetcher.request_options import (
    OptionRefused,
    checked_certificates,
    checked_headers,
    checked_proxy,
)
from lifestream.message import Duration, say
from lifestream.models import Feed, Subscription
from lifestream.models.changed_fields import RowGone
from lifestream.models.feeds import url_hash
from lifestream.storage import permanent_redirects
from lifestream.storage.credentials import CredentialsLost
from lifestream.storage.deadlocks import in_transaction
from lifestream.storage.feed_options import FeedOptions, Secrets, secrets_of
from lifestream.storage.feed_row import FeedState

LONGEST_USER_AGENT: Final = 500


@dataclass(frozen=True, slots=True)
class FeedChange:
    """The changes of a feed. None leaves an option as it is; "" (0 for the *interval*) resets it to the default.

    *url* may contain a login. *login* is "user:password"; *headers* are lines of "Name: value"; *interval* is in
    seconds; *certificates* are in PEM.
    """

    url: str | None = field(default=None, repr=False)
    login: str | None = field(default=None, repr=False)
    headers: str | None = field(default=None, repr=False)
    interval: float | None = None
    user_agent: str | None = None
    certificates: str | None = field(default=None, repr=False)
    verifies: bool | None = None
    proxy: str | None = field(default=None, repr=False)
    full_content: bool | None = None


def change_feed(key: int, change: FeedChange, now: datetime) -> int:
    """Change the feed *key*. If its URL, its secrets or its options change, it is due *now*, or once its server allows.

    Returns the key of the feed that has the URL, which is another one if the subscriptions have moved there. Raises
    `OptionRefused` or `UrlRefused`, or `RowGone` if the feed was deleted, and then nothing is changed.
    """
    using = router.db_for_write(Feed)
    return in_transaction(partial(_change, key, change, now, using), using)


def _change(key: int, change: FeedChange, now: datetime, using: str) -> int:
    feed = Feed.objects.using(using).select_for_update().filter(pk=key).first()
    if feed is None:
        raise RowGone(f"the {Feed._meta.verbose_name} was deleted")  # not translated
    url = feed.url if change.url is None else request_url(change.url)
    if change.url is not None and change.login is None and (login := credentials_of(change.url)):
        change = replace(change, login=login)
    options, lost = FeedOptions.readable(feed.options)
    secrets, are_lost = _secrets_of(feed)
    chosen = _chosen(options, change)
    are_options_new = chosen != options or (bool(lost) and _sets_an_option(change))
    new_secrets = Secrets(
        secrets.login if change.login is None else change.login,
        secrets.headers if change.headers is None else checked_headers(change.headers),
    )
    _check_readers(feed, url, new_secrets)
    are_secrets_new = new_secrets != secrets or (are_lost and change.login is not None)
    is_asked_anew = url_hash(url) != feed.url_hash or are_secrets_new
    if are_secrets_new:
        feed.credentials = new_secrets.sealed()
    if are_options_new:
        feed.options = chosen.as_json() | _still_lost(feed.options, lost, change)
    moved_to = _move(feed, url, using)
    if moved_to is not None:
        Feed.objects.using(using).filter(pk=key).update(status=Feed.Status.GONE, next_reason=feed.next_reason)
        return moved_to
    if is_asked_anew:
        feed.etag = feed.last_modified = feed.validated_url = feed.moved_to = ""
        feed.withheld, feed.moved_count, feed.not_before = False, 0, None
    if is_asked_anew or are_options_new:
        _make_due(feed, now)
    feed.save(using=using)
    return key


_FIELDS: Final = {
    "interval": "interval",
    "user_agent": "user_agent",
    "certificates": "certificates",
    "unverified": "verifies",
    "proxy": "proxy",
    "full_content": "full_content",
}
"""The fields of `FeedChange` that set an option, by the option's name in `Feed.options`."""


def _sets_an_option(change: FeedChange) -> bool:
    return any(getattr(change, name) is not None for name in _FIELDS.values())


def _still_lost(options: Any, lost: Collection[str], change: FeedChange) -> dict[str, Any]:
    """Return those of a feed's *options* that can't be read and that *change* doesn't set. They stay as they are:
    otherwise a feed whose proxy is lost would be requested without one as soon as its interval is changed.
    """
    return {name: options[name] for name in lost if name in _FIELDS and getattr(change, _FIELDS[name]) is None}


def _secrets_of(feed: Feed) -> tuple[Secrets, bool]:
    """Return the secrets of *feed*, none if they are lost; and whether they are."""
    try:
        return secrets_of(feed.credentials), False
    except CredentialsLost:
        return Secrets(), True


def _chosen(options: FeedOptions, change: FeedChange) -> FeedOptions:
    """Return *options* with the changes. Raises `OptionRefused`."""
    checks: dict[str, Callable[[Any], Any]] = {
        "interval": _checked_interval,
        "user_agent": _checked_user_agent,
        "certificates": checked_certificates,
        "verifies": bool,
        "proxy": checked_proxy,
        "full_content": bool,
    }
    wanted = {name: (getattr(change, name), check) for name, check in checks.items()}
    return replace(options, **{name: check(value) for name, (value, check) in wanted.items() if value is not None})


def _checked_interval(seconds: float) -> float:
    least, most = settings.min_interval, settings.max_interval
    if seconds and not least <= seconds <= most:
        raise OptionRefused(say("option-interval", least=Duration(least), most=Duration(most)))
    return float(seconds)


def _checked_user_agent(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_USER_AGENT or not text.isprintable() or not text.isascii():
        raise OptionRefused(say("option-user-agent", most=LONGEST_USER_AGENT))
    return text


def _check_readers(feed: Feed, url: str, secrets: Secrets) -> None:
    """Raise `OptionRefused` if *feed* is to have secrets although several lifestreams read it: all of them would see
    what the secrets give access to.
    """
    count = Subscription.objects.filter(feed=feed).count()
    if (secrets.login or secrets.headers) and not feed.is_private and count > 1:
        raise OptionRefused(say("option-secret-of-many", count=count, url=url))


def _move(feed: Feed, url: str, using: str) -> int | None:
    """Set the URL of *feed* without saving it. If another feed has the URL already, the subscriptions move there, and
    its key is returned.
    """
    is_taken = Feed.objects.using(using).shared().with_url(url).exclude(pk=feed.pk).exists() and not feed.is_private
    if not is_taken and url_hash(url) == feed.url_hash:
        feed.url = url
        return None
    # A `Feed` has all attributes of a `FeedState` that `follow` reads and sets.
    return permanent_redirects.follow(cast("FeedState", feed), url, using)


def _make_due(feed: Feed, now: datetime) -> None:
    if feed.status == Feed.Status.GONE:
        feed.status = Feed.Status.ACTIVE
    feed.next_fetch, feed.next_reason, feed.candidates = max(now, feed.not_before or now), say("edited"), []
    feed.failures, feed.last_error = 0, ""
    # The result of a fetch under way is dropped: its request was another one.
    feed.claim_token, feed.claimed_until = "", None
