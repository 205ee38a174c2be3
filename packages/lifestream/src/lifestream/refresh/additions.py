"""Adds the feeds at addresses that owners have entered on a page. The request notes the addresses, and the process
that updates feeds looks for the feeds there: that may take a while, and a request never waits for another server.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, router, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from lifestream.conf import settings
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.feed_urls import credentials_of, request_url
from lifestream.fetcher.url_hosts import host_in_words
from lifestream.models import Addition, Lifestream
from lifestream.refresh import wakeup
from lifestream.refresh.subscribe import Found, NotAdded, add_feed, completed, find_feeds
from lifestream.storage import credentials

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=7)
"""For how long an address is kept after it was entered, unless it still waits to be looked at."""
MOST_OPEN: Final = 1_000
"""How many addresses of a lifestream may wait to be looked at."""
TURN: Final = 60.0
"""For how many seconds addresses are taken before the feeds that are due have their turn. The last address may take
longer: see `scout.PATIENCE`.
"""
AGAIN: Final = timedelta(minutes=1)
"""How long an address waits for another look if a shortage of this machine has prevented the first one."""


def note(lifestream: Lifestream, addresses: Iterable[str], *, name: str = "", folder: str = "") -> list[Addition]:
    """Note *addresses* to be added to *lifestream*, each once, and wake the updater, which adds them. *name* is what
    the site is to be called, "" for the feed's own title.

    Raises `UrlRefused` for text that is no address to fetch.
    """
    using = router.db_for_write(Addition)
    wanted: dict[str, Addition] = {}
    for address in addresses:
        written = completed(address)
        login = written if credentials_of(written) else ""
        addition = Addition(lifestream=lifestream, url=request_url(written), name=name, folder=folder)
        addition.credentials = credentials.seal(login)
        wanted.setdefault(written, addition)
    with transaction.atomic(using=using):
        urls = [addition.url for addition in wanted.values()]
        # An owner who enters an address again wants it to be tried again.
        lifestream.additions.using(using).filter(url__in=urls).exclude(state=Addition.State.LOOKING).delete()
        created = Addition.objects.using(using).bulk_create(wanted.values())
        transaction.on_commit(wakeup.send, using=using)
    return created


def why_no_more(lifestream: Lifestream) -> str:
    """Return why no more addresses are noted for *lifestream* now, "" if they are."""
    if lifestream.additions.filter(state__in=Addition.OPEN)[:MOST_OPEN].count() < MOST_OPEN:
        return ""
    return gettext("Too many addresses are waiting to be looked at: add more once some of them are done.")


def add_wanted(
    stopping: threading.Event | None = None,
    *,
    clock: Callable[[], datetime] = timezone.now,
    guard: AddressGuard | None = None,
    turn: float | None = None,
    mix: Callable[[list[Any]], object] = random.shuffle,
) -> int:
    """Look for the feeds at the addresses that are noted, one after the other, until none is left, *stopping* is set or
    *turn* seconds are over (TURN by default). In the last case the updater is woken again, since addresses may be left.

    Each address is that of an owner who is chosen at random, by *mix*: however many addresses one owner has entered,
    and however slow their servers are, all other owners are chosen as often.

    A shortage of this machine ends the run. The address is looked at again after AGAIN.

    Returns how many addresses were looked at. Several workers may run this at once: each address is looked at by one of
    them, and by another one if the first has not ended after a lease. Raises what the database raises. No event loop
    may run in the thread that calls this.
    """
    using = router.db_for_write(Addition)
    rows = Addition.objects.using(using)
    rows.filter(created__lt=clock() - KEPT).exclude(state=Addition.State.WAITING).delete()
    under_way: list[Addition] = []
    end = time.monotonic() + (TURN if turn is None else turn)

    def claimed() -> Iterator[str]:
        while not (stopping is not None and stopping.is_set()):
            if under_way and time.monotonic() >= end:
                wakeup.send()
                return
            addition = _claim(rows, clock(), mix)
            if addition is None:
                return
            under_way.append(addition)
            yield addition.url if not addition.credentials else _with_login(addition)

    done = 0
    for _, found in find_feeds(claimed(), clock=clock, guard=guard):
        if isinstance(found, NotAdded) and found.by_shortage:
            # Other addresses go first, since the shortage may come from this one.
            rows.filter(pk=under_way[-1].pk).update(claimed_until=clock() + AGAIN)
            log.warning("the addresses that were entered are looked at again later: %s", found.reason)
            break
        _finish(under_way[-1], found, clock)
        done += 1
    return done


def _claim(rows: QuerySet[Addition], now: datetime, mix: Callable[[list[Any]], object]) -> Addition | None:
    """Claim the first open address of an owner chosen by *mix*, and return it; None if there is none."""
    waiting, looking = Addition.State.WAITING, Addition.State.LOOKING
    lease = timedelta(seconds=settings.lease)
    # A lease that is far too long was taken by a worker whose clock was ahead.
    has_ended = Q(claimed_until__lt=now) | Q(claimed_until__gt=now + lease + max(lease, AGAIN))
    open_ones = rows.filter(Q(state=waiting) | Q(has_ended, state=looking))
    owners: list[Any] = list(
        open_ones.order_by("lifestream__owner").values_list("lifestream__owner", flat=True).distinct()
    )
    mix(owners)
    until = now + lease
    for owner in owners:
        of_owner = Q(lifestream__owner=owner) if owner is not None else Q(lifestream__owner__isnull=True)
        for addition in open_ones.filter(of_owner).order_by("pk")[:20]:
            # Only one of several workers finds the row as it was.
            if open_ones.filter(pk=addition.pk).update(state=looking, claimed_until=until):
                return addition
    return None


def _with_login(addition: Addition) -> str:
    try:
        return credentials.unseal(addition.credentials)
    except credentials.CredentialsLost:
        return addition.url  # the server refuses the request, and the reason asks for the login


def _finish(addition: Addition, found: Found | NotAdded, clock: Callable[[], datetime]) -> None:
    try:
        if isinstance(found, NotAdded):
            raise found
        name = addition.name or ("" if found.title else host_in_words(found.url))
        added = add_feed(found, addition.lifestream, name=name, folder=addition.folder, clock=clock)
    except NotAdded as error:
        log.info("nothing was added at %s: %s", addition.url, error.reason)
        result: dict[str, Any] = {"state": Addition.State.FAILED, "reason": error.reason}
    else:
        result = {
            "state": Addition.State.ADDED,
            "reason": added.trouble,
            "subscription": added.subscription,
            "credentials": "",
        }
    row = Addition.objects.filter(pk=addition.pk)
    try:
        row.update(claimed_until=None, **result)
    except IntegrityError:  # the site is removed again already, and its address goes with it
        row.delete()
