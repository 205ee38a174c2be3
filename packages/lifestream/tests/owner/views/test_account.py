"""Logging in and out, and the change of the password."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from factories import make_lifestream
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
    assert client.get("/account/logout/").status_code == 405
    assert client.post("/account/logout/")["Location"] == "/"
    assert client.get("/main/manage/").status_code == 302


def test_a_wrong_password_is_reported_and_leads_nowhere(client: Client, ada: User) -> None:
    page = submitted(client, "/account/login/", username="ada", password="x")
    assert "correct username and password" in page
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
