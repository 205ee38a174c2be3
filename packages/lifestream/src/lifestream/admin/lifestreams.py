"""The lifestreams."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from lifestream.admin.owned import OwnedAdmin, is_superuser
from lifestream.content.text_direction import isolated
from lifestream.models import Lifestream, Subscription
from lifestream.web.look import look_of
from lifestream.web.pictured_choice import PicturedChoice

SUFFIX_LENGTH: Final = 6
"""Random characters at the end of a slug: 30 bits, so that nobody guesses a slug, and two are hardly ever equal."""
_SUFFIX_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # No character that looks like another one.
_SUFFIX = re.compile(rf"-[{_SUFFIX_LETTERS}]{{{SUFFIX_LENGTH}}}\Z")
_SLUG_LENGTH: Final = 100

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Lifestream]
else:
    ModelForm = forms.ModelForm


class LifestreamForm(ModelForm):
    """All fields of a lifestream that can be edited; `LifestreamAdmin` leaves out those that only a superuser may set.

    No two lifestreams may have the same slug, so the message "already exists" would reveal that somebody else has a
    lifestream, which may be private. A superuser sees all lifestreams and chooses any slug that is free (*may_choose*).
    Anybody else chooses only the beginning of a slug.
    """

    may_choose: ClassVar[bool] = True

    class Meta:
        model = Lifestream
        exclude: ClassVar[list[str]] = []
        widgets: ClassVar[dict[str, Any]] = {
            "theme": PicturedChoice("theme"),
            "shown": PicturedChoice("shown"),
            "site_order": PicturedChoice("order"),
            "description": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
            "keep_rules": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"}),
            "block_rules": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "spellcheck": "false"}),
        }

    def clean_slug(self) -> str:
        """Return the slug that was typed if it is unchanged, or if the user may choose any slug. Otherwise random
        characters are added to its end, in place of the old ones if these are still there, and the beginning is cut so
        that the slug fits into its column.
        """
        slug: str = self.cleaned_data["slug"]
        before = self.instance.slug
        if self.may_choose or slug == before:
            return slug
        beginning = slug
        if (old := _SUFFIX.search(before)) and slug.endswith(old[0]):
            beginning = slug.removesuffix(old[0]) or slug  # only the beginning was edited
        suffix = "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(SUFFIX_LENGTH))
        return f"{beginning[: _SLUG_LENGTH - SUFFIX_LENGTH - 1]}-{suffix}"


@admin.register(Lifestream)
class LifestreamAdmin(OwnedAdmin):
    """A lifestream belongs to the user who creates it. Only a superuser chooses the owner; unless one is chosen, a
    lifestream that a superuser creates has none.
    """

    owner_path = "owner"
    form = LifestreamForm
    list_display = ("title", "slug", "owner", "is_public", "sites", "page")
    list_filter = ("is_public",)
    search_fields = ("title", "slug", "tagline")
    ordering = ("title", "pk")
    prepopulated_fields = {"slug": ("title",)}
    actions = ("make_public", "make_private")
    fieldsets = (
        (None, {"fields": ("owner", "title", "slug", "tagline", "description", "language", "is_public")}),
        (gettext_lazy("Look"), {"fields": ("theme", "accent", "logo", "preview")}),
        (gettext_lazy("Timeline"), {"fields": ("shown", "words", "shows_authors", "shows_faces", "site_order")}),
        (gettext_lazy("Rules"), {"fields": ("block_rules", "keep_rules")}),
    )
    readonly_fields = ("preview",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return lifestreams, with the number of their sites."""
        lifestreams: QuerySet[Any] = super().get_queryset(request).select_related("owner")
        counts = Subscription.objects.filter(lifestream=OuterRef("pk")).order_by().values("lifestream")
        counted: QuerySet[Any] = lifestreams.annotate(
            site_count=Coalesce(Subquery(counts.annotate(count=Count("pk")).values("count")), 0)
        )
        return counted

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form. It lets a superuser choose any slug that is free."""
        if is_superuser(request):
            return super().get_form(request, obj, change, **kwargs)

        class Form(LifestreamForm):
            may_choose = False

        text = gettext("If you change it, a few random characters are added to its end.")
        return super().get_form(request, obj, change, form=Form, help_texts={"slug": text}, **kwargs)

    def get_exclude(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Return the fields to leave out: only a superuser chooses the owner."""
        return () if is_superuser(request) else ("owner",)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return the groups of fields, without those to leave out."""
        left_out = self.get_exclude(request, obj)
        return [
            (name, {**options, "fields": [field for field in options["fields"] if field not in left_out]})
            for name, options in super().get_fieldsets(request, obj)
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the lifestream. A user who may not choose the owner becomes the owner of a new lifestream."""
        if not change and not is_superuser(request):
            obj.owner = request.user
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("sites"), ordering="site_count")
    def sites(self, lifestream: Any) -> int:
        """Return the number of subscriptions."""
        return int(lifestream.site_count)

    @admin.display(description=gettext_lazy("preview"))
    def preview(self, lifestream: Lifestream) -> SafeString:
        """Return the head of the pages of *lifestream*, as last saved: the logo or title, in the accent colour."""
        look = look_of(lifestream)
        name = format_html("{}", isolated(lifestream.title or look.title))
        if look.logo_url:
            name = format_html('<img src="{}" alt="{}">', look.logo_url, lifestream.title)
        accent = look.accent or "#0b5f8f"
        return format_html(
            '<span class="lifestream-preview" style="--accent: {}"><strong>{}</strong> <span>{}</span></span>',
            accent, name, gettext("A link"),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("page"))
    def page(self, lifestream: Lifestream) -> SafeString:
        """Return a link to its page."""
        return format_html(
            '<a href="{}">{}</a>', reverse("lifestream:timeline", kwargs={"slug": lifestream.slug}), gettext("Open")
        )

    @admin.action(description=gettext_lazy("Make public"), permissions=["change"])
    def make_public(self, request: HttpRequest, lifestreams: QuerySet[Lifestream]) -> None:
        """Let everybody read the selected lifestreams."""
        Lifestream.objects.filter(pk__in=lifestreams.values("pk")).update(is_public=True)

    @admin.action(description=gettext_lazy("Make private"), permissions=["change"])
    def make_private(self, request: HttpRequest, lifestreams: QuerySet[Lifestream]) -> None:
        """Let only their owners, and superusers, read the selected lifestreams."""
        Lifestream.objects.filter(pk__in=lifestreams.values("pk")).update(is_public=False)
