"""The login form of the admin of the bundled site."""

from __future__ import annotations

from django.contrib.admin.forms import AdminAuthenticationForm

from lifestream.owner.login_form import LoginForm


class AdminLoginForm(LoginForm, AdminAuthenticationForm):
    """The login form of the owners' pages, for members of the staff only."""
