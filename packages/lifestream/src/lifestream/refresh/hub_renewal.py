"""After each refresh, sends those requests to hubs whose time has come, within limits of time and number.

A hub gets one request after the other. Once it is busy, too slow or out of reach, it gets no more in this run. Requests
through different proxies are counted as requests to different hubs. Requests that aren't sent in time are sent later:
each subscription has the time of its next request (see `hub_subscriptions`). A hub for which other hubs have left no
time is asked in the next run, since it is not to blame. So is one that has answered, but has more requests than there
was time for.
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
from lifestream.fetcher.proxies import NoSocks
from lifestream.fetcher.shortage import log_failure, require_files, shortage_of
from lifestream.fetcher.websub import request_form
from lifestream.refresh.factories import make_guard, make_hub_client
from lifestream.storage import hub_subscriptions
from lifestream.storage.db_errors import FAILURES, failure_of
from lifestream.storage.hub_subscriptions import HubRequest
from lifestream.storage.outages import OUTAGES

log = logging.getLogger(__name__)

LIMIT: Final = 50
"""How many requests one run takes; the others follow in the next runs."""
DEADLINE: Final = 20.0
"""Seconds for all requests of a run, so that what comes after a refresh doesn't wait for hubs."""
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
    except FAILURES as error:
        OUTAGES.tell(log, "hubs could not be asked; they are asked again after the next refresh", failure_of(error))
    except Exception as error:  # noqa: BLE001  it is logged
        log_failure(log, "hubs could not be asked; they are asked again after the next refresh", error)


def keep_hubs(
    fetched: Collection[int] = (),
    feeds: Collection[int] | None = None,
    *,
    clock: Callable[[], datetime] = timezone.now,
    guard: AddressGuard | None = None,
    deadline: float = DEADLINE,
) -> int:
    """Send the requests to hubs whose time has come: to subscribe, to renew and to unsubscribe; only for *feeds*
    (primary keys), if given.

    *fetched* are the keys of feeds whose answers may have named another hub. Returns how many requests were accepted;
    nothing is done without LIFESTREAM_PUBLIC_URL. No event loop may run in the thread that calls this.
    """
    if not settings.public_url:
        return 0
    require_files()
    now = clock()
    hub_subscriptions.want(fetched, now)
    hub_subscriptions.leave_idle(now, LIMIT)
    requests = hub_subscriptions.take(now, LIMIT, feeds)
    if not requests:
        return 0
    answers: dict[int, HubAnswer] = {}
    try:
        asyncio.run(_ask_all(requests, answers, guard or make_guard(), now, deadline))
    except Exception as error:
        if shortage_of(error) is not None:
            for request in requests:
                hub_subscriptions.put_back(request, now)
        raise
    except BaseException:  # somebody has interrupted the process
        _note(requests, answers, now)
        raise
    _note(requests, answers, now)
    return sum(answer.verdict is HubVerdict.ACCEPTED for answer in answers.values())


def callback_of(key: str) -> str:
    """Return the URL to which the hub of the subscription with *key* sends its requests."""
    return settings.absolute(reverse("lifestream:push", args=[key]))


async def _ask_all(
    requests: list[HubRequest], answers: dict[int, HubAnswer], guard: AddressGuard, now: datetime, deadline: float
) -> None:
    """Send those of *requests* for which there is time, and put the answers of the hubs into *answers*, by the
    requests' keys.

    A request has no answer there if its hub's turn did not come, if its hub answers but time was up before it was
    sent, or if files or memory ran out at an earlier request to its hub.
    """
    turns = asyncio.Semaphore(AT_ONCE)
    of_hub: dict[tuple[str, str], list[HubRequest]] = {}  # by the feed's proxy and the hub
    for request in requests:
        of_hub.setdefault((request.proxy, request.hub), []).append(request)

    async def ask(client: HubClient, hub_requests: list[HubRequest]) -> None:
        async with turns:
            # If time is up before the hub has answered once, the hub was too slow: all of its requests have failed.
            answers.update((request.pk, _LATER) for request in hub_requests)
            for number, request in enumerate(hub_requests, 1):
                answers[request.pk] = _LATER
                answers[request.pk] = answer = await client.post(request.hub, _form_of(request), now)
                for unasked in hub_requests[number:]:
                    if answer.verdict is HubVerdict.BUSY:
                        answers[unasked.pk] = _LATER
                    else:
                        answers.pop(unasked.pk, None)
                if answer.ends_the_run:
                    return

    async with AsyncExitStack() as stack:
        clients: dict[str, HubClient] = {}
        for proxy in {key[0] for key in of_hub}:
            try:
                clients[proxy] = await stack.enter_async_context(make_hub_client(guard, proxy))
            except NoSocks as error:
                refused = HubAnswer(HubVerdict.REFUSED, str(error))
                answers.update((request.pk, refused) for request in requests if request.proxy == proxy)
        asked = (ask(clients[proxy], each) for (proxy, _), each in of_hub.items() if proxy in clients)
        try:
            async with asyncio.timeout(deadline):
                await asyncio.gather(*asked)
        except TimeoutError:
            pass  # hubs that were not asked in time are asked later


def _note(requests: list[HubRequest], answers: dict[int, HubAnswer], now: datetime) -> None:
    """Note the *answers* to *requests*, by the requests' primary keys. A request without an answer is due again."""
    unsent = [each for each in requests if each.pk not in answers or answers[each.pk].verdict is HubVerdict.SHORTAGE]
    for request in unsent:  # first, since a hub whose answer asks for a pause puts off these requests as well
        hub_subscriptions.put_back(request, now)
    for request in requests:
        if (answer := answers.get(request.pk)) is None:
            continue
        match answer.verdict:
            case HubVerdict.ACCEPTED:
                pass
            case HubVerdict.SHORTAGE:
                log.warning("the request to the hub %s is put off: %s", request.hub, answer.message)
            case HubVerdict.REFUSED | HubVerdict.BUSY:
                hub_subscriptions.failed(request, answer.message, now, answer.wait)
    if unasked := sum(request.pk not in answers for request in requests):
        log.info("%d of the requests to hubs could not be sent in this run; the next one sends the rest", unasked)


def _form_of(request: HubRequest) -> dict[str, str]:
    secret, *_ = hub_subscriptions.secrets_of(request.key)
    return request_form(request.mode, request.topic, callback_of(request.key), secret)
