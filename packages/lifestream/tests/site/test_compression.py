"""Brotli for answers that everybody may read, gzip for the others."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.templatetags.static import static
from django.test import Client, RequestFactory

from lifestream.site import compression
from lifestream.site.compression import CompressionMiddleware

brotli = pytest.importorskip("brotli")
TEXT = "A page for everybody. " * 200


def answer(accepted: str, **headers: str) -> HttpResponse:
    given = {"Cache-Control": "public, max-age=60", "Content-Type": "text/html; charset=utf-8", "ETag": '"a"'}

    def page(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(TEXT, headers={**given, **headers})

    response = CompressionMiddleware(page)(RequestFactory().get("/", HTTP_ACCEPT_ENCODING=accepted))
    assert isinstance(response, HttpResponse)
    return response


@pytest.mark.parametrize("accepted", ["br", "gzip, deflate, br, zstd", "gzip;q=1.0, br;q=0.9", "BR, br"])
def test_a_page_for_everybody_is_sent_in_brotli(accepted: str) -> None:
    response = answer(accepted)
    assert response["Content-Encoding"] == "br"
    assert brotli.decompress(response.content).decode() == TEXT
    assert response["Content-Length"] == str(len(response.content))
    assert response["Vary"] == "Accept-Encoding" and response["ETag"] == 'W/"a"'


@pytest.mark.parametrize("accepted", ["gzip", "gzip, br;q=0", "gzip, br;q=0.000", "gzip, brr, x-br"])
def test_clients_that_do_not_accept_brotli_get_gzip(accepted: str) -> None:
    response = answer(accepted)
    assert response["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.content).decode() == TEXT


@pytest.mark.parametrize("accepted", ["gzip;q=0", "gzip ; q=0.00, br;q=0", "deflate, GZIP;q=0., identity"])
def test_clients_that_refuse_gzip_get_the_page_as_it_is(accepted: str) -> None:
    response = answer(accepted)
    assert "Content-Encoding" not in response
    assert (response.content.decode(), response["Vary"]) == (TEXT, "Accept-Encoding")


def test_a_page_for_one_visitor_is_sent_in_gzip_of_a_random_length() -> None:
    answers = [answer("gzip, br", **{"Cache-Control": "private, no-cache"}) for _ in range(20)]
    assert {each["Content-Encoding"] for each in answers} == {"gzip"}
    assert {gzip.decompress(each.content).decode() for each in answers} == {TEXT}
    assert len({len(each.content) for each in answers}) > 1


@pytest.mark.parametrize(
    ("kind", "compressed"),
    [("text/html; charset=utf-8", True), ("image/svg+xml", True), ("image/png", False), ("image/jpeg", False)],
)
@pytest.mark.parametrize("accepted", ["gzip", "br"])
def test_text_and_svg_are_compressed_and_other_pictures_are_sent_as_they_are(
    kind: str, compressed: bool, accepted: str
) -> None:
    assert answer(accepted, **{"Content-Type": kind}).has_header("Content-Encoding") == compressed


@pytest.mark.parametrize("cache", ["public, immutable", "public, max-age=60", "private"])
@pytest.mark.parametrize("accepted", ["gzip", "gzip, br"])
def test_a_short_file_is_sent_as_it_is(accepted: str, cache: str) -> None:
    body = b"<svg/>" * 10
    headers = {"Cache-Control": cache, "Content-Type": "image/svg+xml", "Content-Length": str(len(body))}
    streamed = StreamingHttpResponse([body], headers=headers)

    response = CompressionMiddleware(lambda _: streamed)(RequestFactory().get("/", HTTP_ACCEPT_ENCODING=accepted))

    assert response is streamed and not streamed.has_header("Content-Encoding")
    assert streamed["Content-Length"] == "60" and streamed.getvalue() == body


@pytest.mark.parametrize("length", ["", "abc", "-1"])
def test_an_invalid_length_is_no_error(length: str) -> None:
    assert answer("br", **{"Content-Length": length})["Content-Encoding"] == "br"


def test_without_the_package_all_is_sent_in_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "brotli", None)
    assert answer("gzip, br")["Content-Encoding"] == "gzip"


class TestStaticFiles:
    @pytest.fixture(autouse=True)
    def _as_the_site(self, settings: Any) -> Iterator[None]:
        from lifestream.site.static_files import known_version

        settings.MIDDLEWARE = [
            "lifestream.site.compression.CompressionMiddleware",
            "lifestream.site.static_files.StaticFilesMiddleware",
        ]
        settings.WHITENOISE_USE_FINDERS = True
        settings.STORAGES = {
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "lifestream.site.static_files.VersionedStorage"},
        }
        known_version.cache_clear()
        yield
        known_version.cache_clear()

    @pytest.mark.django_db  # Django closes old connections to the database when an answer is closed
    def test_a_style_sheet_is_compressed_once_and_smaller_than_with_the_quality_for_pages(self, client: Client) -> None:
        compression._compressed_once.cache_clear()
        for _ in range(2):
            response = client.get(static("lifestream/theme.css"), HTTP_ACCEPT_ENCODING="br")
            assert response["Content-Encoding"] == "br"
            body = b"".join(response)
            plain = brotli.decompress(body)
            assert b".item" in plain and response["Content-Length"] == str(len(body))
            assert len(body) < len(brotli.compress(plain, quality=compression._QUALITY))
            response.close()
        assert compression._compressed_once.cache_info().hits == 1

    @pytest.mark.django_db  # as above
    @pytest.mark.parametrize("accepted", ["gzip", "br", "gzip, br"])
    def test_a_part_of_a_file_is_sent_as_its_range_says(self, client: Client, accepted: str) -> None:
        address = static("lifestream/theme.css")
        whole = b"".join(client.get(address))
        response = client.get(address, HTTP_ACCEPT_ENCODING=accepted, HTTP_RANGE="bytes=100-1099")
        assert (response.status_code, response["Content-Range"]) == (206, f"bytes 100-1099/{len(whole)}")
        assert b"".join(response) == whole[100:1100]
        assert (response.has_header("Content-Encoding"), response["Content-Length"]) == (False, "1000")
        response.close()
