"""Logging in to the admin of the bundled site: wrong passwords are counted as on the owners' pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from lifestream.owner import login_form
from lifestream.owner.guesses import Guesses
from lifestream.site.admin_login import AdminLoginForm
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
    assert not is_valid("ada", "correct horse battery"), "two passwords were wrong"


def test_the_bundled_site_uses_the_form(tmp_path: Path) -> None:
    code = "from django.contrib import admin; import lifestream.site.urls; print(admin.site.login_form.__name__)"
    done = command("shell", "--no-imports", "-c", code, folder=tmp_path)
    assert done.stdout.strip() == "AdminLoginForm", done.stderr
