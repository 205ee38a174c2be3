"""Another Django project with templates and settings of its own, run by its manage.py in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from feedserver import FeedServer, Response

pytestmark = pytest.mark.slow

MANAGE = Path(__file__).parent / "othersite" / "manage.py"
SECONDS = 120.0
FEED = """<rss version="2.0"><channel><title>Loud Notes</title><link>https://loud.example/</link>
<item><title>one</title><link>https://loud.example/1</link><guid>1</guid>
<pubDate>Fri, 02 Oct 2026 21:30:00 GMT</pubDate>
<description>&lt;p&gt;A &lt;em&gt;soft&lt;/em&gt; &lt;a href="/x"&gt;word&lt;/a&gt;&lt;/p&gt;</description></item>
<item><title>two</title><guid>2</guid><pubDate>Thu, 01 Oct 2026 12:00:00 GMT</pubDate></item>
<item><title>three</title><guid>3</guid><pubDate>Wed, 30 Sep 2026 12:00:00 GMT</pubDate></item>
</channel></rss>"""


def environment(database: Path) -> dict[str, str]:
    return {**os.environ, "OTHERSITE_DATABASE": str(database), "DJANGO_SETTINGS_MODULE": "othersite.settings"}


def manage(database: Path, *arguments: str) -> str:
    """Run a command of the project, and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(MANAGE), *arguments],
        env=environment(database),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def othersite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Yield a client of the project's server, after one feed has been added."""
    database = tmp_path_factory.mktemp("othersite") / "db.sqlite3"
    manage(database, "migrate", "--verbosity", "0")
    with FeedServer() as server:
        server.add("/feed", Response(body=FEED, headers={"Content-Type": "application/rss+xml"}))
        assert "Loud Notes" in manage(database, "add_feed", server.url("/feed"))
    process = subprocess.Popen([sys.executable, str(MANAGE), "serve", "127.0.0.1:0", "--no-update"],
                               env=environment(database), stdout=subprocess.PIPE, encoding="utf-8")  # fmt: skip
    assert process.stdout is not None
    with process, process.stdout:
        try:
            found = re.search(r"is at (http://\S+)/", process.stdout.readline())
            assert found
            with httpx.Client(base_url=found[1]) as client:
                yield client
        finally:
            process.terminate()


def test_the_project_passes_all_checks_and_needs_no_migration(tmp_path: Path) -> None:
    # The command first runs all checks, and prints what they find.
    assert manage(tmp_path / "db.sqlite3", "makemigrations", "--check", "--dry-run") == "No changes detected\n"


def test_the_pages_have_the_addresses_that_the_project_gave_them(othersite: httpx.Client) -> None:
    assert othersite.get("/river/").headers["location"] == "/river/main/"
    assert othersite.get("/main/").status_code == 404
    assert "http://" in (atom := othersite.get("/river/main/feed.atom").text) and "/river/main/items/" in atom


def test_the_base_template_is_the_projects_own(othersite: httpx.Client) -> None:
    page = othersite.get("/river/main/").text
    assert "<nav>The Other Site</nav>" in page and "| The Other Site</title>" in page
    assert "lifestream/theme.css" not in page


def test_sites_and_items_have_the_projects_templates(othersite: httpx.Client) -> None:
    page = othersite.get("/river/main/").text
    assert '<h3 class="loud">ONE</h3>' in page
    item = re.search(r'href="(/river/main/items/\d+/)"', page)
    assert item
    assert re.search(
        r'<div class="theirs"><p>A soft <a href="http[^>]+>word</a></p></div>', othersite.get(item[1]).text
    )


def test_the_settings_are_the_projects_own(othersite: httpx.Client) -> None:
    page = othersite.get("/river/main/").text
    assert page.count("<article") == 2 and "before=" in page
    # Half past nine in the evening, UTC, is the next day in Helsinki.
    assert 'data-day="2026-10-03"' in page


def test_pages_and_feeds_work_without_users_and_sessions(othersite: httpx.Client) -> None:
    for path in ("", "sites/", "tags/", "search/?q=one", "2026/10/03/", "feed.rss", "feed.json", "subscriptions.opml"):
        assert othersite.get(f"/river/main/{path}").status_code == 200
