"""What the bundled site answers if something goes wrong, in its own design."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.test import Client, RequestFactory, override_settings

from lifestream.site import errors

pytestmark = pytest.mark.urls("lifestream.site.urls")
REQUEST = RequestFactory().get("/")


def page_for_host(name: str) -> str:
    request = RequestFactory().get("/", headers={"host": name})
    answer = errors.bad_request(request, DisallowedHost())
    assert answer.status_code == 400
    return answer.content.decode()


def test_the_page_for_another_host_names_the_setting_that_allows_it() -> None:
    page = page_for_host("planet.lan:8000")
    assert "LIFESTREAM_HOSTS = [&quot;planet.lan&quot;]" in page
    assert 'class="site-header"' in page
    assert "LIFESTREAM_HOSTS = [&quot;[2001:db8::1]&quot;]" in page_for_host("[2001:db8::1]:80")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *((name, "planet.example.org") for name in ("<script>", '"x', "", "'")),
        *((name, "a") for name in ("a\u202eb", "a b", "a<script>", 'a"]')),
        ("a" * 5000, "a" * 253),
    ],
)
def test_a_hostile_host_cannot_become_markup(name: str, shown: str) -> None:
    page = page_for_host(name)
    assert re.findall(r"<code>(.*?)</code>", page) == [f"LIFESTREAM_HOSTS = [&quot;{shown}&quot;]"]
    assert "<script>" not in page.replace('<script src="', "")
    assert "\u202e" not in page


def test_the_page_for_another_bad_request_shows_neither_the_error_nor_a_setting() -> None:
    answer = errors.bad_request(REQUEST, SuspiciousOperation("secret"))
    assert answer.status_code == 400
    assert b"secret" not in answer.content
    assert b"LIFESTREAM_HOSTS" not in answer.content


@pytest.mark.parametrize("error", [RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent])
def test_the_sender_of_a_form_that_is_too_large_is_told_so(error: type[SuspiciousOperation]) -> None:
    answer = errors.bad_request(REQUEST, error("secret"))
    assert answer.status_code == 413
    page = answer.content.decode()
    assert "You sent more than the site takes at once. Nothing was changed." in page
    assert "LIFESTREAM_MAX_OPML" in page and "secret" not in page


def test_a_form_from_elsewhere_names_the_address_of_the_site() -> None:
    with override_settings(LIFESTREAM_PUBLIC_URL="https://planet.example"):
        answer = errors.csrf_failure(REQUEST, "Origin checking failed")
    assert answer.status_code == 403
    assert b"at https://planet.example, and" in answer.content
    with override_settings(LIFESTREAM_PUBLIC_URL=""):
        assert b"set LIFESTREAM_PUBLIC_URL" in errors.csrf_failure(REQUEST).content


def test_other_errors_have_a_page_too() -> None:
    assert errors.permission_denied(REQUEST, PermissionDenied()).status_code == 403
    failed = errors.server_error(REQUEST)
    assert failed.status_code == 500
    assert b"The log of the site says" in failed.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=a", b"\r\n" * 100 + b"--a\r\n" + b"x" * 100_000, 400),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a=1", 400),
        ("application/x-www-form-urlencoded", b"a=1&" * 2_000, 413),
        ("application/x-www-form-urlencoded", b"a=1", 404),
    ],
)
def test_an_unreadable_form_for_an_unknown_address_is_no_error_of_the_server(
    client: Client, kind: str, body: bytes, status: int
) -> None:
    client.raise_request_exception = False
    client.handler.enforce_csrf_checks = True
    headers = {"Cookie": f"csrftoken={'a' * 32}", "X-CSRFToken": "a" * 32}
    answer = client.generic("POST", "/no/such/page", body, content_type=kind, headers=headers)
    assert answer.status_code == status
