"""Leases on due feeds: while a worker holds a feed, no other worker gets a feed of the same host.

The last two tests let threads and real processes claim feeds at the same time.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Lock
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import DjangoAssertNumQueries

from factories import NOW, make_feed, make_subscription
from lifestream.models import Feed, Host, due_hosts
from lifestream.scheduler import leases

MINUTE = timedelta(minutes=1)


def claim_urls(limit: int = 100, **options: object) -> list[str]:
    return [claimed.url for claimed in leases.claim(NOW, limit, **options)]  # type: ignore[arg-type]


@pytest.mark.django_db
class TestWhatMayBeClaimed:
    @pytest.mark.parametrize(
        ("fields", "due", "early"),
        [
            ({}, True, True),
            ({"next_fetch": NOW + MINUTE}, False, True),
            ({"next_fetch": NOW + MINUTE, "not_before": NOW + MINUTE}, False, False),
            ({"next_fetch": NOW + MINUTE, "not_before": NOW - MINUTE}, False, True),
            ({"status": "paused"}, False, False),
            ({"status": "gone"}, False, False),
            ({"claim_token": "x", "claimed_until": NOW + MINUTE}, False, False),
            ({"claim_token": "x", "claimed_until": NOW - MINUTE}, True, True),
        ],
        ids=["due", "not due", "the server asked to wait", "the wait is over", "paused", "gone", "held", "lease over"],
    )
    def test_a_feed_is_claimed_if_its_state_allows_it(self, fields: dict[str, Any], due: bool, early: bool) -> None:
        make_feed(**fields)
        assert Feed.objects.due(NOW).count() == due
        claimed = leases.claim(NOW, 10)
        assert len(claimed) == due
        leases.release(claimed)
        assert len(leases.claim(NOW, 10, early=True)) == early

    def test_a_pause_of_the_host_applies_to_all_its_feeds(self) -> None:
        waiting = make_feed("https://slow.example.com/1")
        make_feed("https://slow.example.com/2")
        other = make_feed("https://other.example.com/")
        Host.objects.filter(pk=waiting.host_id).update(not_before=NOW + MINUTE)
        assert claim_urls() == [other.url]
        assert len(leases.claim(NOW + MINUTE, 10, early=True)) == 2

    def test_only_named_feeds_are_claimed(self) -> None:
        one, _ = make_feed(), make_feed()
        assert claim_urls(feeds=[one.pk]) == [one.url]
        assert claim_urls(feeds=[]) == []

    def test_a_claim_has_all_values_that_a_fetch_needs(self) -> None:
        of_feed = {
            "title": "A",
            "domain": "example.com",
            "plugin": "github",
            "site_url": "https://site.example.com/",
            "credentials": "sealed",
            "options": {"proxy": "direct"},
            "etag": 'W/"1"',
            "last_modified": "Wed, 01 May 2024 10:00:00 GMT",
            "withheld": True,
            "validated_url": "https://example.com/found",
            "body_hash": "b" * 64,
            "entry_digests": "d" * 24,
            "failures": 3,
            "terms": {"ttl": 60},
            "push_until": NOW + MINUTE,
        }
        feed = make_feed("https://example.com/feed", **of_feed)
        make_subscription(feed), make_subscription(feed)
        make_subscription(make_feed(next_fetch=NOW + MINUTE))
        [claimed] = leases.claim(NOW, 10, lease=2 * MINUTE)
        feed.refresh_from_db()
        assert dataclasses.asdict(claimed) == of_feed | {
            "feed": feed.pk,
            "token": feed.claim_token,
            "until": NOW + 2 * MINUTE,
            "url": "https://example.com/feed",
            "host": "example.com",
            "subscribers": 2,
        }
        assert feed.claimed_until == claimed.until
        assert "sealed" not in repr(claimed)


@pytest.mark.django_db
class TestHosts:
    def test_the_feeds_of_a_host_are_claimed_together_the_longest_waiting_host_first(self) -> None:
        make_feed("https://b.example.com/1", next_fetch=NOW - 2 * MINUTE)
        make_feed("https://a.example.com/1", next_fetch=NOW - 3 * MINUTE)
        make_feed("https://b.example.com/2", next_fetch=NOW)
        make_feed("https://a.example.com/2", next_fetch=NOW)
        assert sorted(claim_urls(2)) == ["https://a.example.com/1", "https://a.example.com/2"]
        assert sorted(claim_urls(2)) == ["https://b.example.com/1", "https://b.example.com/2"]

    def test_a_host_with_hundreds_of_feeds_leaves_room_for_other_hosts(self) -> None:
        for number in range(120):
            make_feed(f"https://a.example.com/{number}", next_fetch=NOW - MINUTE + timedelta(milliseconds=number))
        for number in range(5):
            make_feed(f"https://b{number}.example.com/")
        first = leases.claim(NOW, 60)
        of_a = [each for each in first if each.host == "a.example.com"]
        assert [each.url for each in of_a] == [f"https://a.example.com/{number}" for number in range(50)]
        assert sorted({each.host for each in first} - {"a.example.com"}) == [
            f"b{each}.example.com" for each in range(5)
        ]
        assert leases.claim(NOW, 60) == []
        Feed.objects.filter(pk__in=[each.feed for each in of_a]).update(next_fetch=NOW + MINUTE)
        leases.release(first)
        assert leases.claim(NOW, 60)[0].url == "https://a.example.com/50"

    def test_no_feed_of_a_host_is_claimed_while_another_one_is_held(self) -> None:
        for number in range(3):
            make_feed(f"https://a.example.com/{number}")
        held = leases.claim(NOW, 2)
        assert claim_urls() == []
        leases.release(held)
        assert len(claim_urls()) == 3

    def test_ports_are_hosts_of_their_own(self) -> None:
        make_feed("https://a.example.com/"), make_feed("https://a.example.com:8443/")
        assert len(leases.claim(NOW, 1)) == len(leases.claim(NOW, 1)) == 1


@pytest.mark.django_db
class TestLeases:
    def test_a_released_feed_is_still_due(self) -> None:
        make_feed()
        assert leases.release(leases.claim(NOW, 10)) == 1
        assert len(leases.claim(NOW, 10)) == 1

    def test_a_lease_ends_by_itself(self) -> None:
        make_feed()
        first = leases.claim(NOW, 10, lease=MINUTE)
        assert leases.claim(NOW + MINUTE / 2, 10) == []
        second = leases.claim(NOW + MINUTE, 10, lease=MINUTE)
        assert len(second) == 1
        assert leases.release(first) == 0, "the claim of another worker can't be released"
        assert Feed.objects.get().claim_token == second[0].token

    def test_a_renewed_lease_of_a_host_lasts_from_the_renewal_on(self) -> None:
        make_feed("https://a.example.com/1"), make_feed("https://a.example.com/2")
        held = leases.claim(NOW, 1, lease=MINUTE)
        assert leases.renew(held, NOW + MINUTE / 2, lease=MINUTE) == 1
        assert leases.claim(NOW + MINUTE, 10) == []
        assert len(leases.claim(NOW + 2 * MINUTE, 10)) == 2
        assert leases.renew(held, NOW + 2 * MINUTE) == 0

    def test_a_claim_takes_few_queries_however_many_feeds_are_due(
        self, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for _ in range(30):
            make_feed()
        with django_assert_max_num_queries(7):
            assert len(leases.claim(NOW, 30)) == 30


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_threads_share_the_due_feeds_and_no_two_hold_one_host() -> None:
    Feed.objects.bulk_create(
        Feed(url=f"https://host/{number}", url_hash=str(number), host=host, next_fetch=NOW)
        for host in [Host.objects.create(name=f"host{number}.example.com") for number in range(20)]
        for number in range(host.pk * 1000, host.pk * 1000 + 9)
    )
    workers = 8
    start = Barrier(workers)
    held: Counter[str] = Counter()
    shared: list[str] = []
    fetched: Counter[int] = Counter()
    guard = Lock()

    def work() -> None:
        try:
            start.wait(30)
            while (claimed := leases.claim(NOW, 4)) or len(fetched) < 180:
                with guard:
                    hosts = {each.host for each in claimed}
                    shared.extend(host for host in hosts if held[host])
                    held.update(hosts)
                    fetched.update(each.feed for each in claimed)
                Feed.objects.filter(pk__in=[each.feed for each in claimed]).update(next_fetch=NOW + MINUTE)
                with guard:
                    held.subtract(hosts)
                leases.release(claimed)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(work) for _ in range(workers)]:
            future.result(60)
    assert shared == []
    assert len(fetched) == 180 and set(fetched.values()) == {1}
    assert due_hosts.wrong("default") == []


WORKER = """
import sys, django
django.setup()
from factories import NOW
from lifestream.scheduler import leases
sys.stdin.readline()
while claimed := leases.claim(NOW, 5):
    print(*[f"{each.feed} {each.host}" for each in claimed], sep="\\n")
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_processes_share_the_due_feeds_and_none_is_claimed_twice() -> None:
    feeds = {make_feed(f"https://host{number % 12}.example.com/{number}").pk for number in range(60)}
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{settings['NAME']}"
    else:
        url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**settings)
    environment = {
        **os.environ,
        "LIFESTREAM_TEST_DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "testsite.settings",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    outputs = []
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        outputs.append([line.split() for line in process.communicate(timeout=60)[0].splitlines()])
        assert process.returncode == 0
    claimed = Counter(int(key) for output in outputs for key, _ in output)
    hosts = Counter(host for output in outputs for host in {host for _, host in output})
    assert set(hosts.values()) == {1}, "a host was held by two processes"
    assert set(claimed) == feeds
    assert set(claimed.values()) == {1}
