"""The cookie of a browser in which somebody has logged in before."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.signing import TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from lifestream.owner.known_browsers import COOKIE, is_known, remembered


def cookie_of(username: str) -> str:
    request = RequestFactory().get("/")
    request.user = User(username=username)
    return remembered(request, HttpResponse()).cookies[COOKIE].value


def asking(cookie: str) -> HttpRequest:
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = cookie
    return request


def test_a_browser_is_known_for_its_own_user_only() -> None:
    request = asking(cookie_of("ada"))
    assert is_known(request, "ada")
    for other in ("eve", "Ada", "", None, 7):
        assert not is_known(request, other)
    assert "ada" not in cookie_of("ada")


@pytest.mark.parametrize("cookie", ["", "a", "a:b:c", "cookie", "\ud800", "x" * 5_000, ":" * 5_000])
def test_what_this_site_has_not_signed_is_no_known_browser(cookie: str) -> None:
    assert not is_known(asking(cookie), "ada")
    assert not is_known(None, "ada")


def test_a_cookie_that_was_signed_for_another_purpose_makes_no_browser_known() -> None:
    named = cookie_of("ada").split(":")[0]
    for signer in (TimestampSigner(), TimestampSigner(salt="sessions")):
        assert not is_known(asking(signer.sign(named)), "ada")


def test_a_browser_is_known_for_400_days(monkeypatch: pytest.MonkeyPatch) -> None:
    made = time.time()
    request = asking(cookie_of("ada"))
    for days, known in ((399, True), (401, False)):
        now = made + days * 86400
        monkeypatch.setattr("django.core.signing.time", SimpleNamespace(time=lambda now=now: now))
        assert is_known(request, "ada") is known


def test_a_visitor_who_is_not_logged_in_gets_no_cookie() -> None:
    for user in (SimpleNamespace(is_authenticated=False), None):
        request = RequestFactory().get("/")
        request.user = user  # type: ignore[assignment]
        assert not remembered(request, HttpResponse()).cookies


@pytest.mark.django_db
@pytest.mark.urls("lifestream.site.urls")
@pytest.mark.parametrize("path", ["/account/login/", "/admin/login/"])
def test_each_login_makes_the_browser_known(path: str, client: Client) -> None:
    User.objects.create_superuser("ada", password="correct horse battery")
    assert COOKIE not in client.post(path, {"username": "ada", "password": "wrong"}).cookies
    answer = client.post(path, {"username": "ada", "password": "correct horse battery"})
    made = answer.cookies[COOKIE]
    assert answer.status_code == 302 and made["httponly"] and made["samesite"] == "Lax"
    assert made["max-age"] == 400 * 86400
    assert is_known(asking(made.value), "ada")
