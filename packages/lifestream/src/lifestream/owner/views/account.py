"""Logging in and out, and the change of the password, in the design of the pages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import views as of_django
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

_protected = method_decorator([never_cache, csrf_protect], name="dispatch")


@_protected
class _Login(of_django.LoginView):
    template_name = "lifestream/owner/login.html"

    def get_default_redirect_url(self) -> str:
        return reverse("lifestream:index")


@_protected
class _Logout(of_django.LogoutView):
    def get_default_redirect_url(self) -> str:
        return reverse("lifestream:index")


@_protected
class _Password(of_django.PasswordChangeView):
    template_name = "lifestream/owner/password.html"
    success_url = reverse_lazy("lifestream_owner:password-changed")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return of_django.redirect_to_login(request.get_full_path(), reverse("lifestream_owner:login"))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]


class _PasswordChanged(of_django.PasswordChangeDoneView):
    template_name = "lifestream/owner/password_changed.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return of_django.redirect_to_login(request.get_full_path(), reverse("lifestream_owner:login"))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]


log_in = _Login.as_view()
log_out = _Logout.as_view()
password = _Password.as_view()
password_changed = _PasswordChanged.as_view()
