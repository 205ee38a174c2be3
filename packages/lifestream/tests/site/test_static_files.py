"""The static files of the bundled site: compressed, and kept by browsers until they change."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test import Client

from lifestream.site.static_files import A_YEAR, version_of
from shown import make_post, make_site

pytestmark = [pytest.mark.django_db, pytest.mark.urls("lifestream.site.urls")]
SERVED = [
    "lifestream.site.compression.CompressionMiddleware",
    "lifestream.site.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


@pytest.fixture(autouse=True)
def _as_the_site(settings: Any) -> Iterator[None]:
    settings.MIDDLEWARE = SERVED
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_MAX_AGE = 3600
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "lifestream.site.static_files.VersionedStorage"},
    }
    version_of.cache_clear()
    yield
    version_of.cache_clear()


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_page_names_each_file_with_the_hash_of_its_content(client: Client) -> None:
    post = make_post(make_site(), "One")
    page = client.get(f"/{post.lifestream.slug}/").content.decode()
    named = re.findall(r'"/static/([^"?]+)\?v=([0-9a-f]{12})"', page)
    assert "lifestream/theme.css" in {name for name, _ in named}
    for name, version in named:
        found = finders.find(name)
        assert isinstance(found, str)
        assert hashlib.sha256(Path(found).read_bytes()).hexdigest().startswith(version)


def test_a_file_that_is_requested_by_its_version_is_kept_for_a_year(client: Client) -> None:
    answer = client.get(static("lifestream/theme.css"))
    answer.close()
    assert answer["Cache-Control"] == f"max-age={A_YEAR}, public, immutable"
    again = client.get(static("lifestream/theme.css"), HTTP_IF_MODIFIED_SINCE=answer["Last-Modified"])
    assert (again.status_code, again["Cache-Control"]) == (304, answer["Cache-Control"])


@pytest.mark.parametrize("query", ["", "?v=000000000000", "?v=", "?w=1"])
def test_a_file_that_is_requested_in_another_way_is_kept_for_an_hour(query: str, client: Client) -> None:
    answer = client.get("/static/lifestream/theme.css" + query)
    answer.close()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "max-age=3600, public")


def test_a_missing_file_has_an_address_without_a_version() -> None:
    assert static("nothing.css") == "/static/nothing.css"


def test_pages_and_files_are_compressed_for_clients_that_accept_that(client: Client) -> None:
    post = make_post(make_site(), "One", content="<p>words</p>" * 50)
    for address in (f"/{post.lifestream.slug}/", static("lifestream/theme.css")):
        plain = body(client.get(address))
        answer = client.get(address, HTTP_ACCEPT_ENCODING="gzip")
        assert answer["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer["Vary"]
        packed = body(answer)
        assert gzip.decompress(packed) == plain
        assert len(packed) < len(plain) / 2


def test_a_first_view_takes_at_most_20_kb_without_pictures(client: Client) -> None:
    site = make_site()
    for number in range(20):
        make_post(site, f"Post {number} of a day in autumn", summary=f"What happened on day {number}. " * 8)
    size = 0
    page = client.get(f"/{site.lifestream.slug}/", HTTP_ACCEPT_ENCODING="gzip")
    size += len(body(page))
    text = client.get(f"/{site.lifestream.slug}/").content.decode()
    files = re.findall(r'<link rel="stylesheet" href="([^"]+)"|<script[^>]* src="([^"]+)"', text)
    for style, script in files:
        size += len(body(client.get(style or script, HTTP_ACCEPT_ENCODING="gzip")))
    assert len([style for style, _ in files if style]) <= 2
    assert size <= 20 * 1024


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("reload", [False, True])
def test_only_regular_files_are_served_and_other_files_do_no_harm(
    client: Client, settings: Any, tmp_path: Path, *, reload: bool
) -> None:
    (tmp_path / "a.css").write_text("a {}")
    (tmp_path / ".#a.css").symlink_to("somebody@host.1234")  # as Emacs does while a file is open
    if reload:  # Django itself cannot list a folder with such a link
        (tmp_path / "loop.css").symlink_to("loop.css")
    (tmp_path / "zero.css").symlink_to("/dev/zero")
    (tmp_path / "dir.css").mkdir()
    os.mkfifo(tmp_path / "pipe.css")
    settings.STATICFILES_DIRS = [tmp_path]
    settings.WHITENOISE_AUTOREFRESH = reload
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    try:
        answer = client.get("/static/a.css")
        assert (answer.status_code, body(answer)) == (200, b"a {}")
        for name in (".%23a.css", "loop.css", "zero.css", "dir.css", "pipe.css", "..%2fa.css"):
            assert client.get(f"/static/{name}").status_code == 404, name
        assert static("pipe.css") == "/static/pipe.css"
    finally:
        finders.get_finder.cache_clear()  # type: ignore[attr-defined]
