"""The first run in the browser: who has the token makes the account, once."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from factories import make_lifestream
from lifestream.models import Addition, Feed, Lifestream
from lifestream.owner import first_run, samples
from lifestream.owner.guesses import Guesses
from lifestream.owner.views import first_account

pytestmark = pytest.mark.django_db
ADDRESS = "/account/setup/"
GOOD = {"username": "ada", "password": "correct horse battery", "title": "Harbour Planet"}
OPML = b"""<opml version="2.0"><body><outline text="News"><outline text="One" xmlUrl="https://one.example/feed"/>
</outline></body></opml>"""


@pytest.fixture(autouse=True)
def token(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    settings.HOME = tmp_path
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"}]
    monkeypatch.setattr(first_account, "GUESSES", Guesses())
    return first_run.make_token()


def send(client: Client, token: str, **more: Any) -> Any:
    return client.post(ADDRESS, {**GOOD, "token": token, **more})


def test_the_holder_of_the_token_makes_the_account_and_the_lifestream_and_is_logged_in(
    client: Client, token: str
) -> None:
    page = client.get(ADDRESS, {"token": token})
    assert page.status_code == 200 and len(page.context["form"].fields) == 6
    sample = samples.SAMPLES[0].url
    file = SimpleUploadedFile("list.opml", OPML)
    answer = send(client, token, addresses="one.example\nhttps://two.example/feed", file=file, samples=[sample])
    assert (answer.status_code, answer["Location"]) == (302, "/harbour-planet/manage/")
    user, lifestream = User.objects.get(), Lifestream.objects.get()
    assert user.is_superuser and user.check_password(GOOD["password"]) and lifestream.owner == user
    assert set(Feed.objects.values_list("url", flat=True)) == {sample, "https://one.example/feed"}
    assert [each.url for each in Addition.objects.all()] == ["https://one.example/", "https://two.example/feed"]
    assert b"On its way" in client.get("/harbour-planet/manage/").content


def test_the_form_works_once(client: Client, token: str) -> None:
    send(client, token)
    again = send(Client(), token, username="eve")
    assert again.status_code == 404 and b"has an account already" in again.content
    assert User.objects.count() == 1
    assert Client().get(ADDRESS, {"token": token}).status_code == 404


def test_only_one_of_two_simultaneous_forms_makes_the_account(
    client: Client, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = first_run.taken
    others: list[Any] = []

    def taken_later(token: str) -> Any:
        monkeypatch.setattr(first_run, "taken", taken)
        others.append(send(Client(), token, username="eve"))  # after the token of the first was found to be valid
        return taken(token)

    monkeypatch.setattr(first_run, "taken", taken_later)
    answer = send(client, token)
    assert others[0].status_code == 302 and answer.status_code == 404
    assert User.objects.get().username == "eve" and Lifestream.objects.count() == 1


def test_without_the_token_nothing_is_shown_and_nothing_made(client: Client, token: str) -> None:
    for wrong in ("", "x" * 22, token[:-1], token + "x"):
        assert client.get(ADDRESS, {"token": wrong}).status_code == 404
        assert send(client, wrong).status_code == 404
    assert not User.objects.exists()
    assert b"lifestream createsuperuser" in client.get(ADDRESS).content


def test_an_expired_token_is_refused_with_a_way_to_get_another(client: Client) -> None:
    old = first_run.make_token(lambda: 1_000_000.0)
    answer = send(client, old)
    assert answer.status_code == 404 and b"Start the site again" in answer.content
    assert not User.objects.exists()


def test_with_an_account_the_page_is_closed(client: Client, token: str) -> None:
    User.objects.create_user("somebody")
    assert client.get(ADDRESS, {"token": token}).status_code == 404
    assert send(client, token).status_code == 404
    assert User.objects.count() == 1


def test_a_form_with_errors_does_not_use_up_the_token_and_names_each_field(client: Client, token: str) -> None:
    answer = send(
        client, token, username="a b", password="12345678", title=" ", addresses="ftp://x.example/",
        file=SimpleUploadedFile("list.opml", b"<html>"), samples=["https://elsewhere.example/"],
    )  # fmt: skip
    assert answer.status_code == 200 and set(answer.context["form"].errors) == {
        "username", "password", "title", "addresses", "file", "samples",
    }  # fmt: skip
    assert b"12345678" not in answer.content
    assert send(client, token).status_code == 302


@pytest.mark.parametrize("has_middleware", [True, False])
def test_a_form_from_elsewhere_is_refused_with_or_without_the_middleware_against_it(
    token: str, settings: Any, has_middleware: bool
) -> None:
    if not has_middleware:
        settings.MIDDLEWARE = [
            each for each in settings.MIDDLEWARE if each != "django.middleware.csrf.CsrfViewMiddleware"
        ]
    client = Client(enforce_csrf_checks=True)
    client.get(ADDRESS, {"token": token})
    assert send(client, token).status_code == 403
    assert not User.objects.exists()
    cookie = client.cookies["csrftoken"].value
    assert send(client, token, csrfmiddlewaretoken=cookie).status_code == 302


def test_the_token_is_in_no_log_no_referrer_and_no_address_of_a_form(
    client: Client, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = client.get(ADDRESS, {"token": token})
    assert page["Referrer-Policy"] == "strict-origin"
    assert b'<meta name="referrer" content="strict-origin">' in page.content
    assert "no-store" in page["Cache-Control"]
    assert f'action="{ADDRESS}"'.encode() in page.content  # the address of the form has no token
    Client(enforce_csrf_checks=True).post(ADDRESS, {**GOOD, "token": token})
    client.get(ADDRESS, {"token": "x" + token})
    send(client, token, username="")
    send(client, token)
    send(client, token)
    assert caplog.records and token not in caplog.text


def test_an_error_while_the_account_is_made_gives_the_token_back(
    client: Client, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(first_account, "_create", broken)
    with pytest.raises(RuntimeError):
        send(client, token)
    assert not User.objects.exists() and first_run.holds(token)


def test_a_visitor_who_guesses_tokens_has_to_wait(client: Client, token: str) -> None:
    for number in range(10):
        for address in ("192.0.2.1", "127.0.0.1"):
            assert client.get(ADDRESS, {"token": str(number)}, REMOTE_ADDR=address).status_code == 404
    answer = client.get(ADDRESS, {"token": token}, REMOTE_ADDR="192.0.2.1")
    assert answer.status_code == 429 and 0 < int(answer["Retry-After"]) <= 60
    assert client.get(ADDRESS, {"token": token}, REMOTE_ADDR="192.0.2.7").status_code == 200
    assert client.get(ADDRESS, {"token": token}).status_code == 200, "a proxy on this machine has many visitors"


def test_a_lifestream_that_a_command_has_made_becomes_the_owners(client: Client, token: str) -> None:
    make_lifestream("main")
    send(client, token)
    lifestream = Lifestream.objects.get()
    assert (lifestream.slug, lifestream.title) == ("main", "Harbour Planet") and lifestream.owner is not None


@pytest.mark.parametrize(("title", "slug"), [("Admin", "main"), ("日本", "main"), ("Static", "main"), ("A & B", "a-b")])
def test_the_address_is_made_of_the_title_if_possible(client: Client, token: str, title: str, slug: str) -> None:
    send(client, token, title=title)
    assert Lifestream.objects.get().slug == slug


def test_over_a_network_without_tls_the_page_warns(client: Client, token: str) -> None:
    assert b"without encryption" not in client.get(ADDRESS, {"token": token}).content
    assert b"without encryption" in client.get(ADDRESS, {"token": token}, REMOTE_ADDR="192.0.2.7").content
    assert b"without encryption" not in client.get(
        ADDRESS, {"token": token}, REMOTE_ADDR="192.0.2.7", secure=True
    ).content  # fmt: skip
