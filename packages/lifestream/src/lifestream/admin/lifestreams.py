"""The lifestreams."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from lifestream.admin.owned import OwnedAdmin, is_superuser
from lifestream.models import Lifestream


@admin.register(Lifestream)
class LifestreamAdmin(OwnedAdmin):
    """A lifestream belongs to who makes it; a superuser may give it to somebody else, or to nobody."""

    owner_path = "owner"
    list_display = ("title", "slug", "owner", "is_public", "sites", "page")
    list_filter = ("is_public",)
    search_fields = ("title", "slug", "tagline")
    prepopulated_fields = {"slug": ("title",)}
    actions = ("make_public", "make_private")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Lifestreams, and how many sites each has."""
        lifestreams: QuerySet[Any] = super().get_queryset(request).select_related("owner")
        counted: QuerySet[Any] = lifestreams.annotate(site_count=Count("subscriptions"))
        return counted

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Only a superuser chooses the owner."""
        return () if is_superuser(request) else ("owner",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Saves; what somebody makes who may not choose the owner is theirs."""
        if not change and not is_superuser(request):
            obj.owner = request.user
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("sites"), ordering="site_count")
    def sites(self, lifestream: Any) -> int:
        """How many subscriptions it has."""
        return int(lifestream.site_count)

    @admin.display(description=gettext_lazy("page"))
    def page(self, lifestream: Lifestream) -> SafeString:
        """The way to its page."""
        return format_html(
            '<a href="{}">{}</a>', reverse("lifestream:timeline", kwargs={"slug": lifestream.slug}), gettext("Open")
        )

    @admin.action(description=gettext_lazy("Make public"), permissions=["change"])
    def make_public(self, request: HttpRequest, lifestreams: QuerySet[Lifestream]) -> None:
        """Everybody may read what was chosen."""
        Lifestream.objects.filter(pk__in=lifestreams.values("pk")).update(is_public=True)

    @admin.action(description=gettext_lazy("Make private"), permissions=["change"])
    def make_private(self, request: HttpRequest, lifestreams: QuerySet[Lifestream]) -> None:
        """Only their owners may."""
        Lifestream.objects.filter(pk__in=lifestreams.values("pk")).update(is_public=False)
