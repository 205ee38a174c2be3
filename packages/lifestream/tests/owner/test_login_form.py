"""Logging in: how often a password may be wrong, and whose password is compared first."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.test import Client

from lifestream.owner import login_form
from lifestream.owner.comparisons import AT_ONCE, Turns
from lifestream.owner.guesses import Guesses
from lifestream.owner.known_browsers import COOKIE

LOGIN = "/account/login/"
REFUSED = "Too many wrong passwords came from your address: try again in 60 seconds."

pytestmark = pytest.mark.django_db


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Make the user `ada`, and return the time in seconds by which guesses are counted, in a list that tests change."""
    User.objects.create_user("ada", password="correct horse battery")
    now = [0.0]
    for name in ("WRONG", "NEAR", "LOGINS", "KNOWN"):
        monkeypatch.setattr(login_form, name, Guesses(clock=lambda: now[0]))
    return now


def log_in(client: Client, password: str, address: str = "192.0.2.1", **more: Any) -> Any:
    return client.post(LOGIN, {"username": "ada", "password": password}, REMOTE_ADDR=address, **more)


def test_after_ten_wrong_passwords_none_is_compared_for_a_minute(
    client: Client, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        answer = log_in(client, f"guess {number}")
        assert "correct username and password" in answer.content.decode()
    with monkeypatch.context() as patched:
        patched.setattr(MD5PasswordHasher, "verify", None)  # comparing would raise
        for password in ("guess", "correct horse battery"):
            assert REFUSED in log_in(client, password).content.decode()
    assert log_in(Client(), "correct horse battery", "192.0.2.2").status_code == 302, "others may log in"
    now[0] = 60.0
    assert log_in(client, "correct horse battery").status_code == 302


def test_right_passwords_are_not_counted_as_wrong(client: Client, now: list[float]) -> None:
    for _ in range(12):
        assert log_in(client, "correct horse battery").status_code == 302


def test_behind_a_proxy_that_is_not_trusted_wrong_passwords_keep_nobody_out(client: Client, now: list[float]) -> None:
    for number in range(12):
        log_in(client, f"guess {number}", HTTP_X_FORWARDED_FOR="198.51.100.1")
    for visitor in ("198.51.100.1", "198.51.100.2"):
        assert log_in(Client(), "correct horse battery", HTTP_X_FORWARDED_FOR=visitor).status_code == 302, visitor


@pytest.mark.slow
def test_a_password_is_not_compared_while_others_have_taken_all_turns(
    client: Client, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as others:
        monkeypatch.setattr(login_form, "COMPARING", Turns(patience=0.0))
        for _ in range(AT_ONCE):
            others.enter_context(login_form.COMPARING.turn(0))
        with monkeypatch.context() as patched:
            patched.setattr(MD5PasswordHasher, "verify", None)  # comparing would raise
            for number in range(24):
                page = log_in(client, "correct horse battery", f"192.0.2.{number % 2}").content.decode()
                assert "Others are logging in at the moment: try again in 2 seconds." in page
    assert log_in(client, "correct horse battery", "192.0.2.1").status_code == 302, "they do not count as wrong"


def test_a_wrong_password_makes_room_for_the_next_one(client: Client, now: list[float]) -> None:
    for number in range(2 * AT_ONCE + 1):
        assert "correct username and password" in log_in(client, f"guess {number}").content.decode()


def test_a_password_from_a_known_browser_of_the_user_is_compared_first_at_any_address(
    client: Client, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert log_in(client, "correct horse battery", "233.252.0.1").status_code == 302
    client.post("/account/logout/")
    assert COOKIE in client.cookies, "it stays after the logout"
    for number in range(10):
        log_in(Client(), f"guess {number}", "192.0.2.9")
    assert REFUSED in log_in(Client(), "correct horse battery", "192.0.2.9").content.decode()
    assert log_in(client, "correct horse battery", "192.0.2.9").status_code == 302
    asked: list[int] = []

    class Noting(Turns):
        def _take(self, rank: int) -> bool:
            asked.append(rank)
            return super()._take(rank)

    monkeypatch.setattr(login_form, "COMPARING", Noting())
    log_in(client, "correct horse battery", "192.0.2.9")
    log_in(Client(), "wrong", "192.0.2.8")
    log_in(Client(), "wrong", "203.0.113.1")
    log_in(Client(), "correct horse battery", "198.51.100.1")
    log_in(Client(), "correct horse battery", "198.51.100.2")
    # The ranks of the known browser, of a network with ten wrong passwords, of two networks without any, and of the
    # second of these again: it has had a right password.
    assert asked == [0, 12, 2, 2, 1]


@pytest.mark.slow
def test_a_known_browser_has_ten_attempts_a_minute_before_its_address_counts(client: Client, now: list[float]) -> None:
    User.objects.create_user("eve", password="correct horse battery")
    assert client.post(LOGIN, {"username": "eve", "password": "correct horse battery"}).status_code == 302
    for number in range(20):
        answer = client.post(LOGIN, {"username": "eve", "password": f"{number}"}, REMOTE_ADDR="192.0.2.1")
        assert "correct username and password" in answer.content.decode()
    answer = client.post(LOGIN, {"username": "eve", "password": "correct horse battery"}, REMOTE_ADDR="192.0.2.1")
    assert REFUSED in answer.content.decode()
    assert REFUSED in log_in(client, "guess").content.decode(), "it is known for its own user only"
    of_ada = Client()
    assert log_in(of_ada, "correct horse battery", "192.0.2.2").status_code == 302
    assert log_in(of_ada, "correct horse battery").status_code == 302, "the attempts of another user do not count"


def test_a_password_that_is_not_compared_is_not_counted(
    client: Client, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_form, "COMPARING", Turns(at_once=0, waiting=0))
    for _ in range(12):
        assert "Others are logging in" in log_in(client, "guess").content.decode()
    assert login_form.NEAR.count("192.0.2.0/24") == 0


def test_a_form_without_a_valid_name_and_a_password_waits_for_nobody_and_counts_as_no_login(
    client: Client, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_form, "COMPARING", Turns(at_once=0, waiting=0))
    for fields in ({}, {"username": "ada"}, {"username": "ada", "password": ""}, {"username": "a\0", "password": "x"}):
        page = client.post(LOGIN, fields, REMOTE_ADDR="192.0.2.1").content.decode()
        assert "Others are logging in" not in page, fields
    monkeypatch.setattr(login_form, "COMPARING", Turns())
    for fields in ({"username": "ada"}, {"password": "correct horse battery"}):
        client.post(LOGIN, fields, REMOTE_ADDR="192.0.2.1")
    assert login_form.LOGINS.count("192.0.2.0/24") == 0
    assert log_in(client, "correct horse battery").status_code == 302
    assert login_form.LOGINS.count("192.0.2.0/24") == 1
