"""The login of the admin of the bundled site."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from lifestream.owner.known_browsers import remembered
from lifestream.owner.login_form import LoginForm


class AdminLoginForm(LoginForm, AdminAuthenticationForm):
    """The login form of the owners' pages, for members of the staff only."""


def admin_login(request: HttpRequest) -> HttpResponseBase:
    """Show the login form of the admin, or log in. After a login, the browser counts as known (`known_browsers`)."""
    response = admin.site.login(request)
    return remembered(request, response) if request.method == "POST" and response.status_code == 302 else response
