"""Sends requests to hubs after each refresh: whatever is due, within a limit of time and number.

A hub gets one request after the other, and no more in this run once it is busy, too slow or out of reach. What isn't
done in time is done later: each errand has its own next time (see `hub_subscriptions`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils import timezone

from lifestream.conf import settings
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.hub_client import HubAnswer, HubClient, HubVerdict
from lifestream.fetcher.shortage import require_files
from lifestream.fetcher.websub import request_form
from lifestream.refresh.factories import make_guard, make_hub_client
from lifestream.storage import hub_subscriptions
from lifestream.storage.hub_subscriptions import Errand

log = logging.getLogger(__name__)

LIMIT: Final = 50
"""How many errands one run takes; the others follow in the next runs."""
DEADLINE: Final = 20.0
"""Seconds for all errands of a run, so that what comes after a refresh doesn't wait for hubs."""
AT_ONCE: Final = 8
"""How many hubs are asked at the same time."""

_LATER: Final = HubAnswer(HubVerdict.BUSY, "not asked this time: the hub was busy or out of reach, or time was up")


def try_to_keep_hubs(
    fetched: Collection[int],
    feeds: Collection[int] | None,
    *,
    clock: Callable[[], datetime],
    guard: AddressGuard | None,
) -> None:
    """Call `keep_hubs` at the end of a refresh, and log its errors, since pushes only supplement polling."""
    try:
        keep_hubs(fetched, feeds, clock=clock, guard=guard)
    except Exception:
        log.exception("hubs could not be asked; it is tried again after the next refresh")


def keep_hubs(
    fetched: Collection[int] = (),
    feeds: Collection[int] | None = None,
    *,
    clock: Callable[[], datetime] = timezone.now,
    guard: AddressGuard | None = None,
    deadline: float = DEADLINE,
) -> int:
    """Send the requests to hubs that are due: subscribe, renew and unsubscribe; only for *feeds* (primary keys), if
    given.

    *fetched* are the keys of feeds whose answers may have named another hub. Returns how many hubs accepted; nothing is
    done without LIFESTREAM_PUBLIC_URL. No event loop may run in the thread that calls this.
    """
    if not settings.public_url:
        return 0
    require_files()
    now = clock()
    hub_subscriptions.want(fetched, now)
    hub_subscriptions.leave_idle(now, LIMIT)
    errands = hub_subscriptions.take(now, LIMIT, feeds)
    if not errands:
        return 0
    answers = asyncio.run(_ask_all(errands, guard or make_guard(), now, deadline))
    for errand in errands:
        answer = answers.get(errand.pk, _LATER)
        match answer.verdict:
            case HubVerdict.ACCEPTED:
                pass
            case HubVerdict.SHORTAGE:
                log.warning("%s stays to be asked: %s", errand.hub, answer.message)
                hub_subscriptions.put_back(errand, now)
            case HubVerdict.REFUSED | HubVerdict.BUSY:
                hub_subscriptions.failed(errand, answer.message, now, answer.wait)
    return sum(answer.verdict is HubVerdict.ACCEPTED for answer in answers.values())


def callback_of(key: str) -> str:
    """Return the URL at which the hub that was told *key* reaches us."""
    return settings.absolute(reverse("lifestream:push", args=[key]))


async def _ask_all(errands: list[Errand], guard: AddressGuard, now: datetime, deadline: float) -> dict[int, HubAnswer]:
    """Send those of *errands* for which there is time, and return the answers by the errands' keys."""
    answers: dict[int, HubAnswer] = {}
    turns = asyncio.Semaphore(AT_ONCE)
    of_hub: dict[tuple[str, str], list[Errand]] = {}  # by the feeds' proxies
    for errand in errands:
        of_hub.setdefault((errand.proxy, errand.hub), []).append(errand)

    async def ask(client: HubClient, some: list[Errand]) -> None:
        async with turns:
            for errand in some:
                answers[errand.pk] = await client.post(errand.hub, _form_of(errand), now)
                if answers[errand.pk].ends_the_errands:
                    return

    async with AsyncExitStack() as stack:
        clients = {
            proxy: await stack.enter_async_context(make_hub_client(guard, proxy))
            for proxy in {key[0] for key in of_hub}
        }
        try:
            async with asyncio.timeout(deadline):
                await asyncio.gather(*(ask(clients[proxy], some) for (proxy, _), some in of_hub.items()))
        except TimeoutError:
            pass  # hubs that were not asked in time are asked later
    return answers


def _form_of(errand: Errand) -> dict[str, str]:
    secret, *_ = hub_subscriptions.secrets_of(errand.key)
    return request_form(errand.mode, errand.topic, callback_of(errand.key), secret)
