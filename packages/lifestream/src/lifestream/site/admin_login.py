"""The admin's page for the login and its page for a new password, in the bundled site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from lifestream.owner.known_browsers import remembered
from lifestream.owner.login_form import LoginForm, PasswordForm


class AdminLoginForm(LoginForm, AdminAuthenticationForm):
    """The login form of the owners' pages, for members of the staff only."""


def admin_login(request: HttpRequest) -> HttpResponseBase:
    """Show the login form of the admin, or log in. After a login, the browser counts as known (`known_browsers`)."""
    response = admin.site.login(request)
    return remembered(request, response) if request.method == "POST" and response.status_code == 302 else response


class AdminPasswordForm(PasswordForm, AdminPasswordChangeForm):
    """The form of the owners' pages that changes a password, in the design of the admin."""


class _AdminPassword(PasswordChangeView):
    form_class = AdminPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


def admin_password(request: HttpRequest) -> HttpResponseBase:
    """Show the admin's form for a new password, or change the password, as Django's own view does. But that view has no
    limit on how many wrong old passwords are compared, and this one has (see `PasswordForm`).
    """
    request.current_app = admin.site.name  # as Django's own view does
    done = reverse("admin:password_change_done", current_app=admin.site.name)
    return _AdminPassword.as_view(success_url=done, extra_context=admin.site.each_context(request))(request)
