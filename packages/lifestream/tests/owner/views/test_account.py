"""Logging in and out, and the change of the password."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.test import Client

from factories import make_lifestream
from lifestream.owner import login_form
from lifestream.owner.comparisons import AT_ONCE, Turns
from lifestream.owner.guesses import Guesses
from owners import submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    user = User.objects.create_user("ada", password="correct horse battery")
    make_lifestream("main", owner=user)
    return user


def test_an_owner_logs_in_and_out(client: Client, ada: User) -> None:
    login = "/account/login/?next=/main/manage/"
    answer = client.post(login, {"username": "ada", "password": "correct horse battery", "next": "/main/manage/"})
    assert answer["Location"] == "/main/manage/"
    assert client.get("/main/manage/").status_code == 200
    assert client.get("/account/logout/").status_code == 405
    assert client.post("/account/logout/")["Location"] == "/"
    assert client.get("/main/manage/").status_code == 302


def test_a_wrong_password_is_reported(client: Client, ada: User) -> None:
    page = submitted(client, "/account/login/", username="ada", password="x")
    assert "correct username and password" in page
    assert client.get("/main/manage/").status_code == 302, "nobody is logged in"


def test_a_login_leads_to_no_other_website(client: Client, ada: User) -> None:
    answer = client.post(
        "/account/login/",
        {"username": "ada", "password": "correct horse battery", "next": "https://evil.example/"},
    )
    assert answer["Location"] == "/"


def test_a_password_is_changed_only_with_the_old_one(client: Client, ada: User) -> None:
    client.force_login(ada)
    fields = {"new_password1": "another long one", "new_password2": "another long one"}
    submitted(client, "/account/password/", old_password="wrong", **fields)
    ada.refresh_from_db()
    assert ada.check_password("correct horse battery")
    assert "has changed" in submitted(client, "/account/password/", old_password="correct horse battery", **fields)
    ada.refresh_from_db()
    assert ada.check_password("another long one")
    assert client.get("/main/manage/").status_code == 200


@pytest.mark.parametrize("address", ["/account/password/", "/account/password/changed/"])
def test_a_visitor_who_has_not_logged_in_is_asked_to(address: str) -> None:
    assert Client().get(address)["Location"] == f"/account/login/?next={address}"


NEW = {"new_password1": "another long one", "new_password2": "another long one"}


@pytest.mark.parametrize("visitor", ["192.0.2.1", "127.0.0.1"], ids=["known address", "unknown address"])
def test_after_ten_wrong_old_passwords_none_is_compared_for_a_minute(
    client: Client, ada: User, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(login_form, "WRONG", Guesses(clock=lambda: now[0]))
    bob = User.objects.create_user("bob", password="correct horse battery")
    client.force_login(ada)

    def change(old: str) -> str:
        return client.post("/account/password/", {"old_password": old, **NEW}, REMOTE_ADDR=visitor).content.decode()

    for number in range(10):
        assert "old password was entered incorrectly" in change(f"guess {number}")
    now[0] = 59.0
    with monkeypatch.context() as patched:
        patched.setattr(MD5PasswordHasher, "verify", None)  # comparing would raise
        assert "Too many wrong passwords came from your address" in change("correct horse battery")
    others = Client()
    others.force_login(bob)
    address = "192.0.2.2" if visitor == "192.0.2.1" else visitor
    fields = {"old_password": "correct horse battery", **NEW}
    assert others.post("/account/password/", fields, REMOTE_ADDR=address).status_code == 302, "others are not kept out"
    now[0] = 60.0
    assert client.post("/account/password/", fields, REMOTE_ADDR=visitor).status_code == 302


def test_old_passwords_wait_for_their_turn_together_with_the_passwords_of_logins(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(ada)
    turns = Turns(at_once=AT_ONCE, waiting=0)
    monkeypatch.setattr(login_form, "COMPARING", turns)
    fields = {"old_password": "correct horse battery", **NEW}
    with turns.turn(0), turns.turn(0):
        assert "Others are logging in at the moment" in client.post("/account/password/", fields).content.decode()
    assert client.post("/account/password/", fields).status_code == 302


CHANGE = {"old_password": "correct horse battery", "new_password1": "staple horse", "new_password2": "staple horse"}


@pytest.mark.urls("lifestream.site.urls")
@pytest.mark.parametrize("address", ["/account/password/", "/admin/password_change/"])
def test_a_change_of_the_password_gives_back_no_rights_that_are_taken_away_meanwhile(
    client: Client, ada: User, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = User.objects.filter(pk=ada.pk)
    rows.update(is_staff=True, is_superuser=True)
    client.force_login(ada)
    taken = {"is_staff": False, "is_superuser": False, "is_active": False}

    def hashed(user: User, password: str | None) -> None:
        rows.update(**taken)  # while the hash of the new password is computed, which takes long by intent
        set_password(user, password)

    set_password = User.set_password
    monkeypatch.setattr(User, "set_password", hashed)
    assert client.post(address, CHANGE).status_code == 302
    assert rows.values(*taken).get() == taken
    assert User.objects.get().check_password("staple horse")


@pytest.mark.django_db(transaction=True)
@pytest.mark.urls("lifestream.site.urls")
@pytest.mark.parametrize("address", ["/account/password/", "/admin/password_change/"])
def test_a_change_of_the_password_does_not_bring_back_a_deleted_account(
    client: Client, ada: User, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.update(is_staff=True)
    client.force_login(ada)
    monkeypatch.setattr(User, "set_password", lambda user, password: User.objects.filter(pk=user.pk).delete())
    assert client.post(address, CHANGE).status_code == 404
    assert not User.objects.exists()
