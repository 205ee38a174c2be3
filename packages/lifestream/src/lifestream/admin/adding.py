"""The form that adds a feed, and the page that shows the result.

No request waits for another server: the form notes the address, and the updater of this site looks for the feed there;
see `refresh.additions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.admin.updating import RELOAD_AFTER, is_late
from lifestream.content.text_direction import isolated
from lifestream.models import Addition, Feed, Lifestream, Post, Subscription
from lifestream.wording import worded

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Subscription]
else:
    ModelForm = forms.ModelForm

SHOWN: Final = 50
"""How many addresses the page shows."""
_ENTERED: Final = ("url", "name", "folder")


class AddFeedForm(ModelForm):
    """The form for a new subscription. Each error is shown at a field."""

    user: ClassVar[AbstractBaseUser | AnonymousUser]
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=4000,
        widget=forms.TextInput(
            attrs={"class": "vLargeTextField", "inputmode": "url", "autocomplete": "off", "autofocus": ""}
        ),
        help_text=gettext_lazy(
            "Of a feed, or of a page that has one. With a user name and a password in it "
            "(https://name:password@…) it is a feed of your own, which nobody else sees."
        ),
    )

    class Meta:
        model = Subscription
        fields = ["url", "lifestream", "name", "folder"]
        widgets = {
            "name": forms.TextInput(attrs={"class": "vTextField"}),
            "folder": forms.TextInput(attrs={"class": "vTextField"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Lifestream.objects.owned_by(self.user)
        choice: Any = self.fields["lifestream"]
        choice.queryset = mine
        choice.initial = mine.first()

    def clean(self) -> dict[str, Any]:
        """Show an error at the field of the address if it cannot be requested, if too many addresses are waiting, or if
        the lifestream already has the feed.
        """
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
        # Imported here and below, since Django imports the admin for every command, and most commands fetch nothing.
        from lifestream.fetcher.feed_urls import UrlRefused, credentials_of, request_url
        from lifestream.refresh.additions import why_no_more
        from lifestream.refresh.subscribe import completed

        if reason := why_no_more(values["lifestream"]):
            self.add_error("url", reason)
            return values
        written = completed(values["url"])
        try:
            url = request_url(written)
        except UrlRefused as error:
            self.add_error("url", _sentence(worded(str(error))))
            return values
        subscribed = Feed.objects.shared().with_url(url).filter(subscriptions__lifestream=values["lifestream"])
        if not credentials_of(written) and (known := subscribed.defer("icon").first()) is not None:
            text = gettext("This lifestream has “{}” already.")
            self.add_error("url", text.format(isolated(known.display_title)))
        return values

    def note(self) -> Addition:
        """Note the address, so that the feed there is added soon."""
        from lifestream.refresh import additions

        values = self.cleaned_data
        [addition] = additions.note(
            values["lifestream"], [values["url"]], name=values["name"] or "", folder=values["folder"] or ""
        )
        return addition

    def save(self, commit: bool = True) -> Any:
        """Return the instance without saving it. Django's admin calls this method."""
        return self.instance

    def save_m2m(self) -> None:
        """Do nothing: there are no many-to-many fields. Django's admin calls this method."""


def additions(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Return the page that shows the results for the latest addresses of lifestreams that this user may change.
    The page reloads itself while feeds are being looked for, at most until ten minutes after the latest was entered.
    """
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    now = timezone.now()
    mine = Addition.objects.filter(lifestream__in=Lifestream.objects.owned_by(request.user))
    rows = _rows(mine)
    pending = [row["since"] for row in rows if row["pending"]]
    late = bool(pending) and is_late(max(pending), now)
    site = model_admin.admin_site.name
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Results for new addresses"),
        "opts": model_admin.opts,
        "changelist": reverse(f"{site}:lifestream_subscription_changelist"),
        "add": reverse(f"{site}:lifestream_subscription_add"),
        "rows": rows,
        "pending": len(pending),
        "is_late": late,
    }
    response = TemplateResponse(request, "admin/lifestream/subscription/additions.html", context)
    if pending and not late:
        response["Refresh"] = str(RELOAD_AFTER)
    return response


def _rows(mine: QuerySet[Addition]) -> list[dict[str, Any]]:
    found = mine.select_related("lifestream", "subscription__feed").defer("subscription__feed__icon")
    latest = list(found.order_by("-pk")[:SHOWN])
    posts = Post.objects.filter(subscription__in=[each.subscription_id for each in latest if each.subscription_id])
    counts = dict(posts.order_by().values_list("subscription").annotate(Count("pk")))
    return [_row(each, counts.get(each.subscription_id, 0)) for each in latest]


def _row(addition: Addition, posts: int) -> dict[str, Any]:
    subscription = addition.subscription
    return {
        "url": addition.url[:200],
        "lifestream": isolated(str(addition.lifestream)[:120]),
        "state": addition.state,
        "pending": addition.state in Addition.OPEN,
        "since": addition.created,
        "reason": worded(addition.reason)[:300],
        "outcome": "" if subscription is None else _outcome(addition, subscription, posts),
        "again": urlencode(
            {"lifestream": addition.lifestream_id, **{each: getattr(addition, each) for each in _ENTERED}}
        ),
        "subscription": None if subscription is None else subscription.pk,
    }


def _outcome(addition: Addition, subscription: Subscription, posts: int) -> str:
    """Return a sentence about what was found at the address; *posts* counts those of *subscription*."""
    feed = subscription.feed
    title = isolated(subscription.display_name[:100])
    if subscription.created < addition.created:
        return gettext("This lifestream has “{}” already.").format(title)
    text = gettext("Found “{title}” at {url}").format(title=title, url=feed.url[:200])
    summary = ngettext("{found}: {count} item, site {domain}.", "{found}: {count} items, site {domain}.", posts)
    return summary.format(found=text, count=posts, domain=feed.domain)


def _sentence(reason: str) -> str:
    begins_with_an_address = "://" in reason.split(" ", 1)[0]
    start = reason[:1] if begins_with_an_address else reason[:1].upper()
    return f"{start}{reason[1:]}".rstrip(".") + "."
