"""The SQL of claims reads no whole table, and writes each page of the database file once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from factories import NOW, make_feed, make_subscription
from lifestream.models import Feed, due_hosts
from lifestream.scheduler import leases
from plans import journaled, plans_of, whole_tables

HOUR = timedelta(hours=1)


@pytest.fixture
def feeds(db: None) -> list[int]:
    """Return the keys of 40 feeds at 20 hosts, half of them due."""
    made = [
        make_feed(f"https://host{number % 20}.example/{number}", next_fetch=NOW + (number % 2) * HOUR)
        for number in range(40)
    ]
    make_subscription(made[0])
    return [each.pk for each in made]


def test_a_claim_reads_no_whole_table(feeds: list[int]) -> None:
    assert whole_tables(lambda: leases.claim(NOW, 5)) == []
    assert whole_tables(lambda: leases.claim(NOW, 5, feeds[:9])) == []
    assert whole_tables(lambda: leases.claim(NOW, 5, feeds[:9], early=True)) == []
    assert whole_tables(lambda: leases.claim(NOW - HOUR, 5)) == []


def test_release_and_renewal_read_no_whole_table(feeds: list[int]) -> None:
    claimed = leases.claim(NOW, 5)
    assert claimed
    assert whole_tables(lambda: leases.renew(claimed, NOW)) == []
    assert whole_tables(lambda: leases.release(claimed)) == []


def test_the_correction_of_hosts_after_changes_by_hand_reads_no_whole_table_but_that_of_hosts(feeds: list[int]) -> None:
    assert whole_tables(lambda: due_hosts.mend_some("default"), "lifestream_host") == []


def test_claimed_and_due_feeds_are_found_by_an_index(feeds: list[int]) -> None:
    [(_, plan)] = plans_of(lambda: list(Feed.objects.with_token("x")))
    assert "lifestream_feed_held" in plan
    [(_, plan)] = plans_of(lambda: list(Feed.objects.held(NOW)))
    assert "lifestream_feed_held" in plan
    [(_, plan)] = plans_of(lambda: Feed.objects.due(NOW).count())
    # With so few rows, PostgreSQL may use any index of the hosts.
    assert connection.vendor == "postgresql" or "lifestream_host_due" in plan
    assert "lifestream_feed_next" in plan


def test_a_claim_that_finds_nothing_uses_the_index_of_due_hosts(feeds: list[int]) -> None:
    plans = [plan for sql, plan in plans_of(lambda: leases.claim(NOW - HOUR, 5)) if "lifestream_host" in sql]
    assert plans
    assert all("lifestream_host_due" in plan for plan in plans)


def test_a_claim_writes_each_page_once_on_sqlite(feeds: list[int]) -> None:
    """Otherwise, half of what a claim writes would be copies of pages in a temporary file."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL writes no such copies.")
    assert journaled(lambda: Feed.objects.update(claim_token="x"))
    assert journaled(lambda: leases.claim(NOW, 5)) == []
    assert journaled(lambda: due_hosts.settle(Feed.objects.values_list("host", flat=True), "default")) == []
