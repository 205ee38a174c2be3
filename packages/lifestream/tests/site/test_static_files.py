"""The static files of the bundled site: compressed, and kept by browsers until they change."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponseNotFound
from django.templatetags.static import static
from django.test import Client, RequestFactory

from file_limits import no_more_files
from lifestream.site import settings as site_settings
from lifestream.site.static_files import A_YEAR, StaticFilesMiddleware, known_version
from shown import make_post, make_site

pytestmark = [pytest.mark.django_db, pytest.mark.urls("lifestream.site.urls")]
SERVING = {
    "lifestream.site.compression.CompressionMiddleware",
    "lifestream.site.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
}


@pytest.fixture(autouse=True)
def _as_the_site(settings: Any) -> Iterator[None]:
    settings.MIDDLEWARE = [each for each in site_settings.MIDDLEWARE if each in SERVING]
    settings.WHITENOISE_USE_FINDERS = site_settings.WHITENOISE_USE_FINDERS
    settings.WHITENOISE_MAX_AGE = site_settings.WHITENOISE_MAX_AGE
    settings.STORAGES = {**settings.STORAGES, "staticfiles": site_settings.STORAGES["staticfiles"]}
    known_version.cache_clear()
    yield
    known_version.cache_clear()


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_page_names_each_file_with_the_hash_of_its_content(client: Client) -> None:
    post = make_post(make_site(), "One")
    page = client.get(f"/{post.lifestream.slug}/").content.decode()
    named = re.findall(r'"/static/([^"?]+)(?:\?v=([^"]*))?"', page)
    assert "lifestream/theme.css" in {name for name, _ in named}
    for name, version in named:
        found = finders.find(name)
        assert isinstance(found, str)
        assert hashlib.sha256(Path(found).read_bytes()).hexdigest()[:12] == version


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


@pytest.mark.parametrize(
    ("name", "address"), [("/lifestream/theme.css", "/static/lifestream/theme.css"), ("../theme.css", "/theme.css")]
)
def test_a_name_that_leads_out_of_the_folder_of_static_files_gives_an_address_without_a_version(
    name: str, address: str
) -> None:
    assert static(name) == address


def test_a_missing_file_has_an_address_without_a_version() -> None:
    assert static("nothing.css") == "/static/nothing.css"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of open files to lower")
def test_addresses_lack_their_versions_only_while_no_file_can_be_opened(own_file: Path) -> None:
    name = own_file.name
    with no_more_files():
        assert static(name) == f"/static/{name}"
    assert static(name).startswith(f"/static/{name}?v=")


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


@pytest.mark.slow
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
    assert 1 <= len([style for style, _ in files if style]) <= 2
    assert size <= 20 * 1024


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("reload", [False, True])
def test_only_regular_files_are_served_and_other_files_do_no_harm(
    client: Client, settings: Any, tmp_path: Path, *, reload: bool
) -> None:
    (tmp_path / "a.css").write_text("a {}")
    (tmp_path / ".#a.css").symlink_to("somebody@host.1234")  # as Emacs does while a file is open
    if reload:  # without it, Django lists the folder, and fails at such a link
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


SIZE = 33


@pytest.fixture
def own_file(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Serve the files of `tmp_path`, and return the path of one of them."""
    path = tmp_path / "own.css"
    path.write_text("a" * (SIZE - 2) + "yz")
    settings.STATICFILES_DIRS = [tmp_path]
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]
    yield path
    finders.get_finder.cache_clear()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("asked", "status", "named", "sent"),
    [
        ("bytes=0-0", 206, f"bytes 0-0/{SIZE}", 1),
        ("bytes=-1", 206, f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}", 1),
        (f"bytes={SIZE - 1}-", 206, f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}", 1),
        (f"bytes={SIZE - 2}-{SIZE + 7}", 206, f"bytes {SIZE - 2}-{SIZE - 1}/{SIZE}", 2),
        ("bytes=-99", 206, f"bytes 0-{SIZE - 1}/{SIZE}", SIZE),
        ("Bytes=3-", 206, f"bytes 3-{SIZE - 1}/{SIZE}", SIZE - 3),
        ("bytes=-0", 416, f"bytes */{SIZE}", 0),
        (f"bytes={SIZE}-", 416, f"bytes */{SIZE}", 0),
        ("bytes=5-2", 200, None, SIZE),
        ("bytes=--1", 200, None, SIZE),
        ("bytes=+0-1", 200, None, SIZE),
        ("bytes=1_0-2_0", 200, None, SIZE),
        ("bytes=0-1,3-4", 200, None, SIZE),
        ("bytes=" + "9" * 5000 + "-", 200, None, SIZE),
    ],
)
def test_a_range_is_the_bytes_that_it_names(
    asked: str, status: int, named: str | None, sent: int, client: Client, own_file: Path
) -> None:
    answer = client.get("/static/own.css", HTTP_RANGE=asked)
    part = body(answer)
    assert (answer.status_code, answer.get("Content-Range"), len(part)) == (status, named, sent)
    if named and sent:
        start = int(named.partition("-")[0].removeprefix("bytes "))
        assert part == own_file.read_bytes()[start : start + sent]
    whole = client.head("/static/own.css", HTTP_RANGE=asked)  # RFC 9110 §14.2: only GET has ranges
    assert (whole.status_code, whole["Content-Length"]) == (200, str(SIZE))


@pytest.mark.usefixtures("own_file")
def test_a_client_with_a_part_of_another_version_gets_the_whole_file(client: Client) -> None:
    first = client.get("/static/own.css")
    first.close()
    for known in (first["ETag"], first["Last-Modified"]):
        answer = client.get("/static/own.css", HTTP_RANGE="bytes=5-9", HTTP_IF_RANGE=known)
        assert (answer.status_code, len(body(answer))) == (206, 5)
    for other in ('"6b-1"', f"W/{first['ETag']}", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", ""):
        answer = client.get("/static/own.css", HTTP_RANGE="bytes=5-9", HTTP_IF_RANGE=other)
        assert (answer.status_code, len(body(answer))) == (200, SIZE), other


def test_a_file_that_the_client_has_is_not_sent_again(client: Client) -> None:
    address = static("lifestream/theme.css")
    for accepted in ("identity", "gzip", "br"):
        first = client.get(address, HTTP_ACCEPT_ENCODING=accepted)
        first.close()
        for etags in (first["ETag"], f'"a", {first["ETag"]}', "*"):
            again = client.get(address, HTTP_ACCEPT_ENCODING=accepted, HTTP_IF_NONE_MATCH=etags)
            assert again.status_code == 304, etags
    for etags in ('"a"', "a", "", 'W/"a", "b"'):  # they count more than a date (RFC 9110 §13.1.3)
        answer = client.get(address, HTTP_IF_NONE_MATCH=etags, HTTP_IF_MODIFIED_SINCE="Fri, 01 Jan 2100 00:00:00 GMT")
        answer.close()
        assert answer.status_code == 200, etags


def test_a_file_that_changes_is_sent_as_it_is_now(client: Client, own_file: Path) -> None:
    before, address = client.get("/static/own.css"), static("own.css")
    before.close()
    for text in ("longer" * 20, "short"):
        own_file.write_text(text)
        answer = client.get("/static/own.css")
        assert (answer["Content-Length"], body(answer)) == (str(len(text)), text.encode())
        assert answer["ETag"] != before["ETag"]
        assert static("own.css") != address
    own_file.unlink()
    assert client.get("/static/own.css").status_code == 404
    own_file.write_text("again")
    assert body(client.get("/static/own.css")) == b"again"


def test_an_owner_s_file_that_replaces_a_shipped_one_has_a_version_of_its_own(client: Client, own_file: Path) -> None:
    shipped = body(client.get(static("lifestream/theme.css")))
    own = own_file.parent / "lifestream" / "theme.css"
    own.parent.mkdir()
    own.write_text("body{color:green}")
    own_file.write_text("changed")
    client.get(static(own_file.name)).close()  # a request for a changed file makes the site look at all files again
    address = static("lifestream/theme.css")
    answer = client.get(address)
    assert body(answer) == b"body{color:green}"
    assert "immutable" in answer["Cache-Control"]
    own.unlink()
    answer = client.get(address)
    assert body(answer) == shipped
    assert "immutable" not in answer["Cache-Control"]
    assert static("lifestream/theme.css") != address


def test_a_compressed_copy_is_sent_as_it_is_now_until_it_is_removed(own_file: Path) -> None:
    client = Client(headers={"Accept-Encoding": "gzip"})
    own_file.write_text("a{}" * 100)
    copy = own_file.with_name(f"{own_file.name}.gz")
    for text in (b"first", b"second, and longer"):
        copy.write_bytes(gzip.compress(text))
        answer = client.get("/static/own.css")
        assert answer["Content-Length"] == str(len(gzip.compress(text)))
        assert gzip.decompress(body(answer)) == text
    copy.unlink()
    assert gzip.decompress(body(client.get("/static/own.css"))) == b"a{}" * 100


class ReplacingMiddleware(StaticFilesMiddleware):
    """The middleware of a site whose file changes between its `stat` and its `open`: at each call of `serve`, the next
    of *texts* is written into it, or the file is removed if that is None.
    """

    def __init__(self, path: Path, texts: Iterable[str | None]) -> None:
        super().__init__(lambda _: HttpResponseNotFound())
        self.path = path
        self.texts = iter(texts)

    def serve(self, static_file: Any, request: HttpRequest) -> Any:
        for text in islice(self.texts, 1):
            new = self.path.with_name("new")
            if text is None:
                self.path.unlink()
            else:
                new.write_text(text)
                new.replace(self.path)
        return super().serve(static_file, request)


@pytest.mark.parametrize(
    ("texts", "asked", "status", "sent"),
    [
        (["longer" * 20], None, 200, b"longer" * 20),
        (["short"], None, 200, b"short"),
        (["short", "longer" * 20], None, 200, b"longer" * 20),
        (["longer" * 20], "bytes=3-8", 206, b"gerlon"),
        ([None], None, 404, b""),
        (["short", None], None, 404, b""),
    ],
)
def test_a_file_that_is_replaced_before_it_is_opened_is_sent_as_it_is_when_opened(
    texts: list[str | None], asked: str | None, status: int, sent: bytes, own_file: Path
) -> None:
    site = ReplacingMiddleware(own_file, texts)
    answer = site(RequestFactory().get("/static/own.css", headers={"Range": asked} if asked else {}))
    assert (answer.status_code, body(answer)) == (status, sent)
    assert answer.get("Content-Length", str(len(sent))) == str(len(sent))
    answer.close()


def test_a_file_that_is_replaced_again_and_again_is_not_available(own_file: Path) -> None:
    site = ReplacingMiddleware(own_file, ("long" * times for times in count(20)))
    answer = site(RequestFactory().get("/static/own.css"))
    assert (answer.status_code, answer["Retry-After"], body(answer)) == (503, "1", b"")


def test_a_compressed_copy_that_is_removed_before_it_is_opened_is_sent_no_more(own_file: Path) -> None:
    copy = own_file.with_name(f"{own_file.name}.gz")
    copy.write_bytes(b"x")
    answer = ReplacingMiddleware(copy, [None])(RequestFactory().get("/static/own.css", HTTP_ACCEPT_ENCODING="gzip"))
    assert (answer.status_code, body(answer)) == (200, own_file.read_bytes())
    assert "Content-Encoding" not in answer
    answer.close()
