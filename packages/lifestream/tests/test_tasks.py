"""Celery's workers refresh feeds: real worker processes, with a real Redis and a real PostgreSQL.

The workers use the database of the test. The names of their queues are random, so that tests that run at the same time
on one Redis don't take each other's tasks.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import tempfile
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from unittest import mock
from urllib.parse import quote, urlsplit

import pytest
from celery import Celery
from celery.exceptions import Ignore
from django.db import connection
from django.utils import timezone

from factories import make_feed, make_lifestream, make_subscription
from feedserver import FeedServer, Request, Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream import tasks
from lifestream.models import Feed, Item, Post
from lifestream.storage.bulk_subscriptions import Listed, subscribe_all
from programs import PATIENCE, Program, environment
from served import feed as feed_of
from served import page

REDIS = os.environ.get("LIFESTREAM_TEST_REDIS_URL", "")
BROKER = urlsplit(REDIS)._replace(path="/1").geturl()  # not the first of its databases, which other tests empty
ON_POSTGRES = os.environ.get("LIFESTREAM_TEST_DATABASE_URL", "").startswith("postgres")

pytestmark = [
    pytest.mark.redis,
    pytest.mark.postgres,
    pytest.mark.skipif(not REDIS, reason="LIFESTREAM_TEST_REDIS_URL names no Redis; see scripts/services.py"),
    pytest.mark.skipif(
        not ON_POSTGRES, reason="LIFESTREAM_TEST_DATABASE_URL names no PostgreSQL; see scripts/services.py"
    ),
]


def database_url() -> str:
    """Return the URL of this test's database, as a worker gets it."""
    settings = connection.settings_dict
    user = quote(settings["USER"], safe="") + (
        f":{quote(settings['PASSWORD'], safe='')}" if settings["PASSWORD"] else ""
    )
    return f"postgresql://{user}@{settings['HOST']}:{settings['PORT']}/{quote(settings['NAME'], safe='')}"


class Worker(Program):
    """A running worker of the bundled site; `CeleryTest.worker` waits until it is ready for tasks."""

    def __init__(self, home: Path, producer: Celery, queue: str = "", **variables: str) -> None:
        self._producer = producer
        name = f"lifestream-{secrets.token_hex(8)}"
        self._queue = queue or name
        # One child process, as a site runs it, and no messages to other workers on the same Redis.
        options = "worker --pool prefork --concurrency 1 --loglevel INFO --without-mingle --without-gossip"
        site = ["--app", "lifestream.site", *options.split(), "--queues", self._queue, "--hostname", name]
        environ = environment(
            home,
            DATABASE_URL=database_url(),
            CELERY_BROKER_URL=BROKER,
            LIFESTREAM_ALLOWED_NETWORKS="127.0.0.0/8",
            **variables,
        )
        super().__init__([sys.executable, "-m", "celery", *site], environ)

    def send(self, task: str, *arguments: object) -> None:
        """Put a task into the queue of this worker."""
        # A connection for this task alone, not Celery's pool, which stays open as long as the process runs.
        with self._producer.connection_for_write() as broker, broker.Producer() as producer:
            self._producer.send_task(task, arguments, producer=producer, queue=self._queue, ignore_result=True)

    def done(self, task: str, count: int = 1) -> str:
        """Wait until *count* tasks have succeeded, the last of them *task*, and return the result of *task*."""
        line = self.wait_for_line("succeeded in ", count)
        assert f"Task {task}[" in line
        return line.partition("succeeded in ")[2].partition(": ")[2]


class CeleryTest(FeedServerTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.producer = self.enterContext(Celery("producer", broker=BROKER, set_as_current=False))
        self.lifestream = make_lifestream("main")

    def worker(self, queue: str = "", **variables: str) -> Worker:
        """Return a worker that is ready; it ends with the test."""
        worker = self.enterContext(Worker(self.home, self.producer, queue, **variables))
        worker.wait_for_line(" ready.")
        return worker

    def feed(self, path: str = "feed") -> Feed:
        feed = make_feed(self.get_url(path))
        make_subscription(feed, self.lifestream)
        return feed

    def test_a_worker_fetches_what_is_due_and_ends_when_it_is_asked_to(self) -> None:
        self.feedserver.add("/feed", feed_of(["one", "two"], ETag='"1"'), Response(status=304))
        feed = self.feed()
        worker = self.worker()
        worker.send("lifestream.update_feeds")
        self.feedserver.wait_for("/feed", timeout=PATIENCE)
        assert worker.done("lifestream.update_feeds") == "'1 feed asked, 2 new, 0 changed, 0 failed'"
        assert sorted(Item.objects.values_list("title", flat=True)) == ["one", "two"]
        assert Post.objects.filter(lifestream=self.lifestream).count() == 2
        feed.refresh_from_db()
        assert (feed.last_status, feed.failures, feed.claim_token) == ("new", 0, "")
        worker.send("lifestream.update_feeds")  # at once: it isn't due
        assert worker.done("lifestream.update_feeds", 2) == "'0 feeds asked, 0 new, 0 changed, 0 failed'"
        self.feedserver.assert_requested("/feed", count=1)
        worker.send("lifestream.update", [feed.pk])  # a user wants it now
        assert worker.done("lifestream.update", 3) == "'1 feed asked, 0 new, 0 changed, 0 failed'"
        self.feedserver.assert_requested("/feed", count=1, headers={"If-None-Match": '"1"'})
        assert worker.terminate() == 0
        assert "Warm shutdown" in worker.output

    def test_two_workers_request_one_feed_once(self) -> None:
        answering = threading.Event()
        self.addCleanup(answering.set)

        def answer(_request: Request) -> Response:
            answering.wait(PATIENCE)
            return feed_of(["one"])

        self.feedserver.add("/feed", answer)
        self.feed()
        first, second = self.worker(), self.worker()
        first.send("lifestream.update_feeds")
        self.feedserver.wait_for("/feed", timeout=PATIENCE)
        second.send("lifestream.update_feeds")  # while the first one waits for the answer
        assert second.done("lifestream.update_feeds") == "'0 feeds asked, 0 new, 0 changed, 0 failed'"
        answering.set()
        assert first.done("lifestream.update_feeds") == "'1 feed asked, 1 new, 0 changed, 0 failed'"
        self.feedserver.assert_requested("/feed", count=1)
        assert Item.objects.count() == 1

    def test_a_failing_feed_does_not_disturb_the_worker(self) -> None:
        png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"
        self.feedserver.add("/broken", page("Log in"))
        self.feedserver.add("/feed", feed_of(["one"]))
        self.feedserver.add("/", page(""))
        self.feedserver.add("/logo.png", Response(png))
        broken = self.feed("broken")
        feed = self.feed()
        worker = self.worker()
        worker.send("lifestream.update_feeds")
        assert worker.done("lifestream.update_feeds") == "'2 feeds asked, 1 new, 0 changed, 1 failed'"
        broken.refresh_from_db()
        assert (broken.failures, broken.claim_token) == (1, "")
        Feed.objects.filter(pk=feed.pk).update(site_url=self.get_url("/"), icon_url=self.get_url("logo.png"))
        worker.send("lifestream.find_icons")
        assert worker.done("lifestream.find_icons", 2) == "1"
        feed.refresh_from_db()
        assert bytes(feed.icon) == png

    def test_feeds_that_the_broker_does_not_take_are_fetched_by_this_worker(self) -> None:
        self.enterContext(mock.patch.object(tasks, "SHARE", 2))
        paths = [f"/{number}" for number in range(5)]
        for path in paths:
            self.feedserver.add(path, feed_of(["one"]))
        feeds = [self.feed(path).pk for path in paths]
        bound = self.enterContext(socket.socket())
        bound.bind(("127.0.0.1", 0))  # it doesn't listen, so that connections are refused
        current = tasks.update.app  # which has the shared tasks
        self.addCleanup(current.set_current)
        self.enterContext(Celery("unsent", broker=f"redis://127.0.0.1:{bound.getsockname()[1]}/0")).set_current()
        with self.assertLogs("lifestream.tasks", "WARNING") as logs:
            done = tasks.update.apply(args=(feeds,)).get()
        assert "5 feeds asked, 5 new, 0 changed, 0 failed" in done
        assert "the broker took no messages for other workers, so this one goes on alone" in logs.output[0]

    def test_a_shortage_of_threads_is_one_line_and_no_failure_of_the_task(self) -> None:
        feed = self.feed()
        for task, arguments in ((tasks.update_some, ()), (tasks.update_feeds, ()), (tasks.update, ([feed.pk],))):
            refused = mock.patch("threading.Timer.start", side_effect=RuntimeError("can't start new thread"))
            with self.subTest(task.name), refused, self.assertLogs("lifestream.tasks", "WARNING") as logs:
                assert isinstance(task.apply(arguments).result, Ignore)
            [line] = logs.output
            assert "could not be updated; the next message tries it again: no more threads can be started: ra" in line
        feed.refresh_from_db()
        assert (feed.failures, feed.last_fetch) == (0, None)

    @pytest.mark.costly
    @pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.0/8 as a whole is loopback on Linux")
    def test_two_workers_share_what_is_due(self) -> None:
        count = 10 * tasks.SHARE
        server = self.enterContext(FeedServer(host="0.0.0.0"))
        server.add("/feed", Response(status=304))
        urls = [f"http://127.0.{1 + number // 250}.{1 + number % 250}:{server.port}/feed" for number in range(count)]
        subscribe_all(self.lifestream, [Listed(url) for url in urls])
        # Known feeds that have not changed need no parser.
        Feed.objects.update(etag='"1"', body_hash="b" * 64, next_fetch=timezone.now() - timedelta(days=1))
        queue = f"lifestream-{secrets.token_hex(8)}"
        workers = [self.worker(queue, LIFESTREAM_CONTACT=f"https://{name}.example/") for name in ("one", "two")]
        workers[0].send("lifestream.update_feeds")
        server.wait_for("/feed", count=count, timeout=PATIENCE)
        agents = Counter(request.headers["User-Agent"] for request in server.requests)
        assert len(server.requests) == count
        assert len(agents) == 2
        # How much each does depends on how fast the system lets it run: each has done a second share at least.
        assert min(agents.values()) >= 2 * tasks.SHARE, agents
