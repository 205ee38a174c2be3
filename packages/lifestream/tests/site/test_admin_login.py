"""Logging in to the admin of the bundled site: wrong passwords are counted as on the owners' pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from lifestream.owner import login_form
from lifestream.owner.guesses import Guesses
from lifestream.site.admin_login import AdminLoginForm, AdminPasswordForm
from own_site import command


@pytest.mark.django_db
def test_a_member_of_the_staff_logs_in_unless_too_many_passwords_were_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_form, "WRONG", Guesses(most=2))
    User.objects.create_user("ada", password="correct horse battery", is_staff=True)
    User.objects.create_user("bob", password="correct horse battery")

    def is_valid(name: str, password: str) -> bool:
        request = RequestFactory().post("/admin/login/", REMOTE_ADDR="192.0.2.1")
        return AdminLoginForm(request, {"username": name, "password": password}).is_valid()

    assert is_valid("ada", "correct horse battery")
    assert not is_valid("bob", "correct horse battery"), "bob is no member of the staff"
    assert not is_valid("ada", "wrong")
    assert not is_valid("ada", "correct horse battery"), "two logins have failed"


@pytest.mark.slow
def test_the_admin_of_the_bundled_site_logs_in_with_the_form_that_counts_wrong_passwords(tmp_path: Path) -> None:
    code = "from django.contrib import admin; import lifestream.site.urls; print(admin.site.login_form.__name__)"
    done = command("shell", "--no-imports", "-c", code, folder=tmp_path)
    assert done.stdout.strip() == "AdminLoginForm", done.stderr


@pytest.mark.django_db
def test_wrong_old_passwords_count_as_those_of_logins_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_form, "WRONG", Guesses(most=2))
    ada = User.objects.create_user("ada", password="correct horse battery", is_staff=True)
    request = RequestFactory().post("/admin/password_change/", REMOTE_ADDR="192.0.2.1")

    def errors(old: str) -> str:
        new = {"new_password1": "another long one", "new_password2": "another long one"}
        return str(AdminPasswordForm(ada, {"old_password": old, **new}, request=request).errors)

    assert errors("correct horse battery") == ""
    assert [("incorrectly" in errors(guess)) for guess in ("a", "b")] == [True, True]
    assert "Too many wrong passwords came from your address" in errors("correct horse battery")


@pytest.mark.slow
def test_the_admin_of_the_bundled_site_counts_wrong_old_passwords(tmp_path: Path) -> None:
    code = """
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
client = Client(REMOTE_ADDR="192.0.2.1", HTTP_HOST="localhost")
client.force_login(User.objects.create_user("ada", password="correct horse battery", is_staff=True))
address = reverse("admin:password_change")
new = {"new_password1": "another long one", "new_password2": "another long one"}
pages = [client.post(address, {"old_password": f"guess {n}", **new}).content.decode() for n in range(11)]
print(["entered incorrectly" in page for page in pages].count(True), "Too many wrong passwords" in pages[-1])
right = {"old_password": "correct horse battery", **new}
print(client.post(address, right, REMOTE_ADDR="192.0.2.2")["Location"])
print(Client(HTTP_HOST="localhost").get(address)["Location"])
"""
    migrated = command("migrate", folder=tmp_path)
    assert migrated.returncode == 0, migrated.stderr
    done = command("shell", "--no-imports", "-c", code, folder=tmp_path)
    assert done.stdout.splitlines() == [
        "10 True",
        "/admin/password_change/done/",
        "/admin/login/?next=/admin/password_change/",
    ], done.stderr
