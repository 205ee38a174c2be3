"""The integration with Django: Django's runner tests a small project, in separate processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import feedserver
from steady import JOURNAL_OF_A_MISS, MISS, steady

pytest.importorskip("django")
pytestmark = pytest.mark.slow

SETTINGS = """
SECRET_KEY = "a key"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "database"}}
INSTALLED_APPS = ["reading"]
USE_TZ = True
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
"""

MODELS = """
import urllib.request
from urllib.error import HTTPError

from django.db import models

class Feed(models.Model):
    text = models.TextField()

    class Meta:
        app_label = "reading"

def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except HTTPError as error:
        error.close()
        return ""

def update(url):
    Feed.objects.create(text=fetch(url))
"""

HEAD = """
import asyncio
import threading
from pathlib import Path

from django.db import connection
from django.test.testcases import DatabaseOperationForbidden
from feedserver.django import (
    FeedServerLiveServerTestCase, FeedServerSimpleTestCase, FeedServerTestCase, FeedServerTransactionTestCase
)
from reading.models import Feed, fetch, update

FEEDS = Path(__file__).parent.parent / "feeds"
"""

GOOD = """
class Simple(FeedServerSimpleTestCase):
    feed_root = FEEDS

    def test_a_feed_is_read(self):
        self.assertEqual(fetch(self.get_url("atom.xml")), "<feed/>")
        self.assertEqual(self.base_url, f"http://127.0.0.1:{self.port}")

    def test_the_database_stays_forbidden(self):
        with self.assertRaises(DatabaseOperationForbidden):
            Feed.objects.count()


class Rolled(FeedServerTestCase):
    feed_root = FEEDS

    @classmethod
    def setUpTestData(cls):
        cls.first = Feed.objects.create(text="first")

    def setUp(self):
        super().setUp()
        self.assertEqual(Feed.objects.get(), self.first)
        self.assertTrue(connection.in_atomic_block)

    def test_a_feed_is_stored(self):
        update(self.get_url("atom.xml"))
        self.assertEqual(Feed.objects.filter(text="<feed/>").count(), 1)

    def test_another_feed_is_stored_after_the_rollback_of_the_first(self):
        update(self.get_url("atom.xml"))
        self.assertEqual(Feed.objects.count(), 2)

    async def test_a_feed_is_stored_asynchronously(self):
        text = await asyncio.to_thread(fetch, self.get_url("atom.xml"))
        await Feed.objects.acreate(text=text)
        self.assertEqual(await Feed.objects.acount(), 2)


class Committed(FeedServerTransactionTestCase):
    feed_root = FEEDS

    def test_a_feed_is_stored_by_a_thread(self):
        def work():
            update(self.get_url("atom.xml"))
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertEqual(Feed.objects.get().text, "<feed/>")

    test_another_feed_is_stored_after_the_flush_of_the_first = test_a_feed_is_stored_by_a_thread
"""

GOOD += """
class Live(FeedServerLiveServerTestCase):
    feed_root = "../feeds"
    feedserver_host = "127.0.0.1"

    def test_both_servers_answer_at_addresses_of_their_own(self):
        self.assertEqual(fetch(self.get_url("atom.xml")), "<feed/>")
        self.assertEqual((self.host, self.port), ("localhost", 0))
        self.assertNotEqual(self.feedserver.port, self.server_thread.port)
        self.assertIn(f":{self.server_thread.port}", self.live_server_url)
        self.assertEqual(fetch(self.live_server_url + "/a"), "")
"""

BAD = """
class Simple(FeedServerSimpleTestCase):
    feed_root = FEEDS

    def test_misses(self):
        fetch(self.get_url("atm.xml"))


class Rolled(FeedServerTestCase):
    feed_root = FEEDS

    def test_misses(self):
        update(self.get_url("atm.xml"))

    def test_is_clean_again(self):
        self.assertFalse(Feed.objects.exists())


class Committed(FeedServerTransactionTestCase):
    feed_root = FEEDS

    def test_misses(self):
        update(self.get_url("atm.xml"))

    def test_is_clean_again(self):
        self.assertFalse(Feed.objects.exists())

    async def test_misses_asynchronously(self):
        await asyncio.to_thread(fetch, self.get_url("atm.xml"))

    def test_misses_in_a_subtest(self):
        for path in ("atom.xml", "atm.xml"):
            with self.subTest(path):
                fetch(self.get_url(path))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "settings.py": SETTINGS,
        "urls.py": "urlpatterns = []",
        "reading/__init__.py": "",
        "reading/models.py": MODELS,
        "reading/test_good.py": HEAD + GOOD,
        "reading/test_bad.py": HEAD + BAD,
        "feeds/atom.xml": "<feed/>",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the project's tests, in a different order each time."""
    command = ["-W", "error", "-m", "django", "test", "--settings", "settings", "--shuffle", "-v", "2", *arguments]
    return subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="Django runs tests in parallel only if the system can fork")


def test_djangos_test_cases_have_servers_and_keep_their_behaviour(project: Path) -> None:
    ran = run(project, "reading.test_good")
    assert ran.returncode == 0, ran.stdout
    assert "Ran 8 tests" in ran.stdout


@forks
def test_tests_in_parallel_processes_have_servers_of_their_own(project: Path) -> None:
    ran = run(project, "--parallel", "2", "reading.test_good")
    assert ran.returncode == 0, ran.stdout
    assert "Cloning test database for alias 'default'" in ran.stdout
    assert "Ran 8 tests" in ran.stdout


@pytest.mark.parametrize("options", [(), pytest.param(("--parallel", "2"), marks=forks)], ids=["alone", "parallel"])
def test_an_unanswered_request_fails_its_test_and_leaves_the_database_clean(
    project: Path, options: tuple[str, ...]
) -> None:
    ran = run(project, *options, "reading.test_bad")
    assert ran.returncode == 1, ran.stdout
    assert "Ran 7 tests" in ran.stdout
    assert "FAILED (failures=5)" in ran.stdout
    text = steady(ran.stdout, project / "feeds")
    assert text.count(f"feedserver.VerificationError: {MISS}\nThe server received ") == 5
    assert text.count(JOURNAL_OF_A_MISS) == 4  # the fifth had asked for another feed before


EXCEPTIONS: dict[str, tuple[object, ...]] = {
    "FixtureError": ("a.xml", 1, "it is wrong", "Mend it"),
    "FixtureWarning": ("a.xml", 1, "it is wrong", "Mend it"),
    "NotSeen": ("not in time",),
    "PortTaken": (98, "taken"),
    "VerificationError": ("nothing answers",),
}


def test_every_exception_can_be_sent_to_the_main_process_of_a_parallel_run() -> None:
    # Django sends an exception through tblib. The run never ends if the main process can't read the exception.
    pickling_support = pytest.importorskip("tblib.pickling_support")
    public = {name: value for name in feedserver.__all__ if isinstance(value := getattr(feedserver, name), type)}
    assert EXCEPTIONS.keys() == {name for name, kind in public.items() if issubclass(kind, BaseException)}
    for name, arguments in EXCEPTIONS.items():
        error = public[name](*arguments)
        error.add_note("a note")
        make, parts, *_ = pickling_support.pickle_exception(error)
        copy = make(*pickle.loads(pickle.dumps(parts)))
        assert (type(copy), str(copy), copy.__notes__) == (type(error), str(error), ["a note"])
