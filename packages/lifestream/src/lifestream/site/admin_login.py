"""The form with which one logs in to the admin of the bundled site."""

from __future__ import annotations

from django.contrib.admin.forms import AdminAuthenticationForm

from lifestream.owner.login_form import LoginForm


class AdminLoginForm(LoginForm, AdminAuthenticationForm):
    """That of the owners' pages, for the members of the staff only."""
