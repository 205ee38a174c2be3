"""The SQL of a claim, on SQLite and PostgreSQL: which feeds of which hosts are taken, and the lease noted in both.

Hosts that are due are read in the order of the index `lifestream_host_due`, and the feeds of each in that of
`lifestream_feed_next`, until there are enough: the database reads nothing else. If keys of feeds are given, only these
feeds are read; `due_queue` gives keys also if all feeds are wanted early.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_MOST_IDLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to claim at the time *now*: up to *limit* feeds, up to *most* of one host; only of *feeds* (keys), if
    given.

    With *early*, our own interval doesn't count.
    """

    now: datetime
    limit: int
    most: int
    feeds: Collection[int] | None = None
    early: bool = False


# {due}: the condition for our own interval, or for what feed and server ask for. 'active' is no parameter, so that the
# planner knows how many feeds are active.
_FREE: Final = "feed.status = 'active' AND (feed.claimed_until IS NULL OR feed.claimed_until <= %(now)s) AND {due}"
_NEXT: Final = "feed.next_fetch <= %(now)s"
_ALLOWED: Final = "(feed.not_before IS NULL OR feed.not_before <= %(now)s)"

_OF_DUE_HOSTS: Final = {
    "postgresql": """
        SELECT feed.id, host.id FROM lifestream_host host CROSS JOIN LATERAL (
            SELECT feed.id FROM lifestream_feed feed WHERE feed.host_id = host.id AND {free}
            ORDER BY feed.next_fetch LIMIT %(most)s) feed
        WHERE host.next_due <= %(now)s ORDER BY host.next_due, host.id LIMIT %(limit)s
        FOR UPDATE OF host SKIP LOCKED""",
    # SQLite has no LATERAL. CROSS JOIN keeps the order of the tables, so that the limit ends the reading of hosts.
    "sqlite": """
        SELECT taken.id FROM lifestream_host host CROSS JOIN lifestream_feed taken ON taken.id IN (
            SELECT feed.id FROM lifestream_feed feed WHERE feed.host_id = host.id AND {free}
            ORDER BY feed.next_fetch LIMIT %(most)s)
        WHERE host.next_due <= %(now)s ORDER BY host.next_due, host.id LIMIT %(limit)s""",
}
_CLAIMABLE: Final = """
    FROM lifestream_feed feed JOIN lifestream_host host ON host.id = feed.host_id
    WHERE {named} AND {free} AND (host.not_before IS NULL OR host.not_before <= %(now)s)
    AND (host.held_until IS NULL OR host.held_until <= %(now)s)"""
_BY_KEY: Final = {
    # S608 (here and below): only the constants of this module are joined.
    "postgresql": f"""
        SELECT feed.id, host.id {_CLAIMABLE} ORDER BY feed.next_fetch, feed.id FOR UPDATE OF host SKIP LOCKED""",
    "sqlite": f"""
        SELECT id FROM (
            SELECT feed.id, feed.next_fetch,
                row_number() OVER (PARTITION BY host.id ORDER BY feed.next_fetch, feed.id) AS number {_CLAIMABLE})
        WHERE number <= %(most)s ORDER BY next_fetch, id LIMIT %(limit)s""",  # noqa: S608
}
_NAMED: Final = {
    "postgresql": "feed.id = ANY(%(feeds)s)",
    "sqlite": "feed.id IN (SELECT value FROM json_each(%(feeds)s))",
}


def take(wanted: Wanted, token: str, until: datetime, using: str) -> int:
    """Note in the feeds that are *wanted*, and in their hosts, that *token* holds them until the time *until*.
    Returns how many feeds were taken.

    The caller's transaction is open, and has written nothing yet.
    """
    connection = connections[using]
    values = {
        "now": connection.ops.adapt_datetimefield_value(wanted.now),
        "until": connection.ops.adapt_datetimefield_value(until),
        "token": token,
        "limit": wanted.limit,
        "most": wanted.most,
    }
    if connection.vendor == "postgresql":
        return _take_from_locked(wanted, values, connection)
    return _take_at_once(wanted, values, connection)


def idle_hosts(now: datetime, using: str) -> list[int]:
    """Return the keys of hosts that are due *now* though they have no due feeds, the first _MOST_IDLE of them. Call it
    only if `take` has just taken fewer feeds than its limit.
    """
    connection = connections[using]
    query = "SELECT id FROM lifestream_host WHERE next_due <= %s ORDER BY next_due, id LIMIT %s"
    if connection.vendor == "postgresql":
        query += " FOR UPDATE SKIP LOCKED"
    with connection.cursor() as cursor:
        cursor.execute(query, [connection.ops.adapt_datetimefield_value(now), _MOST_IDLE])
        return [key for (key,) in cursor.fetchall()]


def _query(wanted: Wanted, vendor: str) -> str:
    if wanted.feeds is None and not wanted.early:
        return _OF_DUE_HOSTS[vendor].format(free=_free(wanted))
    return _BY_KEY[vendor].format(named="TRUE" if wanted.feeds is None else _NAMED[vendor], free=_free(wanted))


def _free(wanted: Wanted) -> str:
    return _FREE.format(due=_ALLOWED if wanted.early else _NEXT)


def _take_at_once(wanted: Wanted, values: dict[str, Any], connection: BaseDatabaseWrapper) -> int:
    """Take feeds with one UPDATE, after which the database is locked for others; then note the lease in their hosts.

    Without OR FAIL, SQLite would copy the pages that it changes into a temporary file, in order to undo this statement
    alone (sqlite.org/tempfiles.html#statement_journal_files). That is not needed: the caller's transaction undoes all.
    """
    values["feeds"] = json.dumps(list(wanted.feeds or ()))
    chosen = _query(wanted, "sqlite")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE OR FAIL lifestream_feed SET claim_token = %(token)s, claimed_until = %(until)s "  # noqa: S608
            f"WHERE id IN ({chosen})",
            values,
        )
        count = int(cursor.rowcount)
        if count:
            cursor.execute(
                "UPDATE OR FAIL lifestream_host SET token = %(token)s, held_until = %(until)s, next_due = %(until)s "
                "WHERE id IN (SELECT host_id FROM lifestream_feed "
                "WHERE NOT (claim_token = '') AND claim_token = %(token)s)",
                values,
            )
    return count


def _take_from_locked(wanted: Wanted, values: dict[str, Any], connection: BaseDatabaseWrapper) -> int:
    """Lock hosts, then take those of their feeds that are still free once the hosts are locked."""
    values["feeds"] = list(wanted.feeds or ())
    with connection.cursor() as cursor:
        cursor.execute(_query(wanted, "postgresql"), values)
        feeds = _first_of_each(cursor.fetchall(), wanted)
        if not feeds:
            return 0
        # Others may have claimed and fetched these feeds before the hosts were locked, so each feed is checked again.
        # A transaction that has locked one of these feeds may wait for its host, which is locked here. So locked feeds
        # are skipped: this waits for nobody.
        values["feeds"] = feeds
        cursor.execute(
            "UPDATE lifestream_feed SET claim_token = %(token)s, claimed_until = %(until)s WHERE id IN ("  # noqa: S608
            f"SELECT feed.id FROM lifestream_feed feed WHERE feed.id = ANY(%(feeds)s) AND {_free(wanted)} "
            "FOR UPDATE SKIP LOCKED) RETURNING host_id",
            values,
        )
        taken = [host for (host,) in cursor.fetchall()]
        values["hosts"] = list(set(taken))
        cursor.execute(
            "UPDATE lifestream_host SET token = %(token)s, held_until = %(until)s, next_due = %(until)s "
            "WHERE id = ANY(%(hosts)s)",
            values,
        )
    return len(taken)


def _first_of_each(rows: list[tuple[int, int]], wanted: Wanted) -> list[int]:
    """Return the first feeds of *rows* (a feed and its host), no more of a host than *wanted* allows."""
    counts: dict[int, int] = {}
    feeds: list[int] = []
    for feed, host in rows:
        counts[host] = counts.get(host, 0) + 1
        if counts[host] <= wanted.most:
            feeds.append(feed)
    return feeds[: wanted.limit]
