"""The first run: the page on which the owner of a new site creates an account, and chooses the first feeds.

The token is in the query of the address, not in its path, since Django logs the paths of requests that failed; the form
sends it in the body. With the policy `strict-origin`, a browser sends only the origin of the page as the referrer. With
`no-referrer`, it would send the form without its Origin as well, and the check against forgery (CSRF) would fail.
"""

from __future__ import annotations

import ipaddress
import math
from typing import Any, Final

from django.contrib.auth import get_user_model, login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lifestream.models import Lifestream
from lifestream.models.changed_fields import save_changed
from lifestream.owner import first_run
from lifestream.owner.forms import FirstRunForm
from lifestream.owner.guesses import Guesses, visitor_of
from lifestream.owner.samples import SAMPLES

GUESSES: Final = Guesses()
REFERRER_POLICY: Final = "strict-origin"


@never_cache
@csrf_protect
@sensitive_post_parameters("password", "token")
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Show the form to whoever has the token, and create the account when the form is sent."""
    response = _answer(request)
    response["Referrer-Policy"] = REFERRER_POLICY
    return response


def _answer(request: HttpRequest) -> HttpResponse:
    if not first_run.is_open():
        return _refused(request, 404, _("This site has an account already"), _("Log in with it."), is_open=False)
    visitor = visitor_of(request)
    if visitor and (wait := math.ceil(GUESSES.wait(visitor))):
        text = ngettext("Try again in {} second.", "Try again in {} seconds.", wait).format(wait)
        response = _refused(request, 429, _("Too many wrong addresses"), text)
        response["Retry-After"] = str(wait)
        return response
    token = request.POST.get("token", "") if request.method == "POST" else request.GET.get("token", "")
    if not first_run.holds(token):
        if token and visitor:
            GUESSES.note(visitor)
        return _no_such_token(request)
    if request.method != "POST":
        return _form(request, FirstRunForm(initial={"title": _first_title()}), token)
    form = FirstRunForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form(request, form, token)
    with first_run.taken(token) as is_valid:
        if not is_valid:
            return _no_such_token(request)  # somebody else has just used it up
        with transaction.atomic():
            created = _create(form) if first_run.is_open() else None
    if created is None:
        return _refused(request, 404, _("This site has an account already"), _("Log in with it."), is_open=False)
    user, lifestream = created
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("lifestream_owner:manage", slug=lifestream.slug)


def _create(form: FirstRunForm) -> tuple[Any, Lifestream]:
    """Create the account, its lifestream and its subscriptions. Return the user and the lifestream."""
    from lifestream.refresh import additions, opml

    values = form.cleaned_data
    model: Any = get_user_model()
    user = model._default_manager.create_superuser(
        **{model.USERNAME_FIELD: values["username"]}, email="", password=values["password"]
    )
    # A lifestream without an owner, which a command has created, becomes the new owner's.
    lifestream = Lifestream.objects.filter(owner=None).order_by("pk").first()
    if lifestream is None:
        lifestream = Lifestream(slug=_free_slug(values["title"]))
    lifestream.owner, lifestream.title = user, values["title"]
    if lifestream.pk is None:
        lifestream.save()
    else:
        save_changed(lifestream, ("owner", "title"))
    chosen = [opml.Outline(each.url, each.name) for each in SAMPLES if each.url in values["samples"]]
    opml.subscribe_to(lifestream, [*values["file"], *chosen])
    additions.note(lifestream, values["addresses"])
    return user, lifestream


def _first_title() -> str:
    found = Lifestream.objects.filter(owner=None).order_by("pk").first()
    return found.title if found is not None else _("My lifestream")


def _free_slug(title: str) -> str:
    """Return a slug that is free: one made of *title*, else "main", else one with a number."""
    from django.core.exceptions import ValidationError

    beginning = slugify(title)[:80] or "main"
    for slug in (beginning, "main", *(f"{beginning}-{number}" for number in range(2, 1000))):
        lifestream = Lifestream(slug=slug, title=title)
        try:
            lifestream.clean()
        except ValidationError:
            continue
        if not Lifestream.objects.filter(slug=slug).exists():
            return slug
    raise AssertionError("a thousand slugs are taken")


def _form(request: HttpRequest, form: FirstRunForm, token: str) -> HttpResponse:
    context = {"form": form, "token": token, "is_exposed": _is_exposed(request)}
    return render(request, "lifestream/owner/setup.html", context)


def _is_exposed(request: HttpRequest) -> bool:
    """Return whether others on the way could read the password: if there is no TLS and the visitor is on another
    machine.
    """
    if request.is_secure():
        return False
    try:
        return not ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return True


def _no_such_token(request: HttpRequest) -> HttpResponse:
    lede = _("This address is not valid, or no longer: it is good for an hour, and until the site is started again.")
    remedy = _("Are you its owner? Start the site again: it prints a new address. Or make the account in a shell:")
    return _refused(request, 404, _("Set up this site"), lede, remedy, code="lifestream createsuperuser")


def _refused(
    request: HttpRequest, status: int, title: str, lede: str, remedy: str = "", code: str = "", *, is_open: bool = True
) -> HttpResponse:
    context = {"title": title, "lede": lede, "remedy": remedy, "code": code, "login": ""}
    if not is_open:
        context["login"] = reverse("lifestream_owner:login")
    return render(request, "lifestream/owner/refused.html", context, status=status)
