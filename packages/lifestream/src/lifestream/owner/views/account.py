"""Logging in and out, and the change of the password, in the design of the pages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import views as of_django
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from lifestream.owner.known_browsers import remembered
from lifestream.owner.login_form import LoginForm, PasswordForm

_protected = method_decorator([never_cache, csrf_protect], name="dispatch")


@_protected
class _Login(of_django.LoginView):
    template_name = "lifestream/owner/login.html"
    authentication_form = LoginForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        return remembered(self.request, super().form_valid(form))

    def get_default_redirect_url(self) -> str:
        return reverse("lifestream:index")


@_protected
class _Logout(of_django.LogoutView):
    def get_default_redirect_url(self) -> str:
        return reverse("lifestream:index")


@_protected
class _Password(LoginRequiredMixin, of_django.PasswordChangeView):
    login_url = reverse_lazy("lifestream_owner:login")
    template_name = "lifestream/owner/password.html"
    success_url = reverse_lazy("lifestream_owner:password-changed")
    form_class = PasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


class _PasswordChanged(LoginRequiredMixin, of_django.PasswordChangeDoneView):
    login_url = reverse_lazy("lifestream_owner:login")
    template_name = "lifestream/owner/password_changed.html"


log_in = _Login.as_view()
log_out = _Logout.as_view()
password = _Password.as_view()
password_changed = _PasswordChanged.as_view()
