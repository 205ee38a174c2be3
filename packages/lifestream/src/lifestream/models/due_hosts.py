"""When feeds of a host can be claimed: `Host.next_due`, which a claim reads instead of the feeds.

The invariant: while a worker holds a host, *next_due* is the end of its lease. Otherwise it is the earliest
*next_fetch* of the host's active feeds, or the end of the host's pause if that is later; NULL if the host has no active
feed. So a claim costs no more with a million feeds than with ten, and the lease of a worker that died ends by itself.

`settle` restores the invariant. Every write of a feed's *next_fetch*, *status*, *host* or *claim_token*, of a host's
*not_before*, and every deletion of feeds is followed by a call of `settle` in the same transaction: the querysets and
the signal handlers of `Feed` and `Host` call it, and so do the modules that write these columns in SQL of their own,
such as `storage.writer`. Only SQL that somebody enters by hand bypasses it. `wrong` finds hosts for which the invariant
doesn't hold, `mend` repairs them, and a refresh that finds nothing to do calls `mend_some`.

On PostgreSQL, each transaction locks feeds before hosts, and both in the order of their keys, so that no two
transactions wait for each other. A claim doesn't wait at all.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db import connections, transaction

FIELDS: Final = frozenset({"next_fetch", "status", "host", "host_id", "claim_token"})
"""The fields of a feed after whose change `settle` has to be called."""

_CHUNK: Final = 500
_SAMPLE: Final = 250
"""How many hosts a refresh that finds nothing to do checks and mends: this takes about a millisecond."""

# `NOT (… = '')` is written as in the condition of the index, and 'active' and '' are no parameters: SQLite uses a
# partial index only if the query contains the condition of the index.
_HELD: Final = """lifestream_host.token <> '' AND EXISTS (
    SELECT 1 FROM lifestream_feed held WHERE NOT (held.claim_token = '')
    AND held.claim_token = lifestream_host.token AND held.host_id = lifestream_host.id)"""
_DUE: Final = """(
    SELECT CASE WHEN lifestream_host.not_before > feed.next_fetch THEN lifestream_host.not_before
    ELSE feed.next_fetch END FROM lifestream_feed feed
    WHERE feed.host_id = lifestream_host.id AND feed.status = 'active' ORDER BY feed.next_fetch LIMIT 1)"""
# S608 (here and below): only the constants of this module are joined.
_SETTLE: Final = f"""{{update}} lifestream_host SET token = '', held_until = NULL, next_due = {_DUE}
    WHERE id IN ({{marks}}) AND NOT ({_HELD})"""
_END_WITH_LEASE: Final = f"""UPDATE lifestream_host SET next_due = held_until
    WHERE id IN ({{marks}}) AND {_HELD}"""  # noqa: S608
_UPDATE: Final = {"sqlite": "UPDATE OR FAIL"}
"""The first words of an update, by database, if they are not just UPDATE. To be able to undo an update that fails,
SQLite copies each page that it changes into a temporary file. With FAIL it doesn't, and the transaction that `settle`
opens undoes the update."""
# SQLite before 3.39 has no IS DISTINCT FROM, and means the same by IS NOT.
_WRONG: Final = f"""SELECT id FROM lifestream_host
    WHERE next_due {{differs}} CASE WHEN {_HELD} THEN held_until ELSE {_DUE} END"""  # noqa: S608


def lock(hosts: Collection[int], using: str) -> None:
    """Lock the rows of *hosts* (keys) until the transaction ends. SQLite has one writer at a time anyway."""
    if connections[using].features.has_select_for_update:
        with connections[using].cursor() as cursor:
            for chunk in _chunks(hosts):
                marks = _marks(chunk)
                cursor.execute(f"SELECT id FROM lifestream_host WHERE id IN ({marks}) ORDER BY id FOR UPDATE", chunk)  # noqa: S608


def settle(hosts: Collection[int], using: str) -> None:
    """Release those of *hosts* (keys) that no worker holds any more, and store when they are due."""
    if not hosts:
        return
    with transaction.atomic(using=using):
        # A statement on PostgreSQL sees only what was committed before it began, so it must begin after the locks.
        lock(hosts, using)
        update = _UPDATE.get(connections[using].vendor, "UPDATE")
        with connections[using].cursor() as cursor:
            for chunk in _chunks(hosts):
                cursor.execute(_SETTLE.format(update=update, marks=_marks(chunk)), chunk)


def wrong(using: str, hosts: Collection[int] | None = None) -> list[int]:
    """Return the keys of the hosts, of all or of *hosts* (keys), for which the invariant doesn't hold."""
    statement = _WRONG.format(differs="IS NOT" if connections[using].vendor == "sqlite" else "IS DISTINCT FROM")
    found: list[int] = []
    with connections[using].cursor() as cursor:
        for chunk in [[]] if hosts is None else _chunks(hosts):
            cursor.execute(f"{statement} AND id IN ({_marks(chunk)})" if chunk else statement, chunk)
            found += [key for (key,) in cursor.fetchall()]
    return found


def mend(using: str, hosts: Collection[int] | None = None) -> int:
    """Repair the hosts, of all or of *hosts* (keys), for which the invariant doesn't hold. Returns their number."""
    found = wrong(using, hosts)
    if not found:
        return 0
    with transaction.atomic(using=using):
        settle(found, using)
        with connections[using].cursor() as cursor:
            for chunk in _chunks(found):
                cursor.execute(_END_WITH_LEASE.format(marks=_marks(chunk)), chunk)
    return len(found)


def mend_some(using: str) -> int:
    """Repair, as `mend` does, the wrong rows among some hosts chosen at random, or among all hosts if there are few.
    Returns how many were repaired.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT max(id) FROM lifestream_host")
        [[last]] = cursor.fetchall()
        if last is None:
            return 0
        # S311: nobody gains by knowing which hosts are looked at.
        start = random.randrange(last) if last > _SAMPLE else 0  # noqa: S311
        cursor.execute("SELECT id FROM lifestream_host WHERE id > %s ORDER BY id LIMIT %s", [start, _SAMPLE])
        return mend(using, [key for (key,) in cursor.fetchall()])


def _chunks(hosts: Collection[int]) -> list[Sequence[int]]:
    keys = sorted(set(hosts))
    return [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))
