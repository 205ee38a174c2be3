"""The subscriptions: the sites of a lifestream. One is added by the address of its feed: see `adding`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.admin.adding import AddFeedForm, additions
from lifestream.admin.columns import due_of, health_of, last_fetch_of
from lifestream.admin.owned import CHOICES, OwnedAdmin, OwnLifestreamsFilter, is_superuser
from lifestream.admin.updating import update_now, updates, updates_name
from lifestream.content import filter_rules
from lifestream.content.text_direction import isolated
from lifestream.models import Subscription
from lifestream.models.subscriptions import validate_name
from lifestream.wording import worded

ADDITIONS: Final = "lifestream_subscription_additions"
"""The URL name of the page that lists the addresses that were entered, with the result for each."""

RULES_HELP = gettext_lazy(
    "One rule a line: words that must all occur, in quotes if they must follow each other. If a line begins with "
    "title:, text:, author: or tag:, only that part of an item is searched. A line that begins with link: "
    "matches items whose address contains what follows, such as link:example.com/ads/."
)


if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Subscription]
else:
    ModelForm = forms.ModelForm


class SubscriptionForm(ModelForm):
    """The fields of an existing subscription that its owner may set."""

    class Meta:
        model = Subscription
        fields = ["name", "folder", "paused", "keep_rules", "block_rules"]
        help_texts = {
            "keep_rules": format_lazy(
                "{} {}", gettext_lazy("If there are any, only what matches is shown."), RULES_HELP
            ),
            "block_rules": format_lazy("{} {}", gettext_lazy("What matches is not shown."), RULES_HELP),
        }
        widgets = {
            "name": forms.TextInput(attrs={"class": "vTextField"}),
            "folder": forms.TextInput(attrs={"class": "vTextField"}),
            "keep_rules": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
            "block_rules": forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        }

    def clean_name(self) -> str:
        """Return the name. Raises ValidationError if it is too long."""
        return _checked_name(self.cleaned_data["name"])

    def clean_folder(self) -> str:
        """Return the folder. Raises ValidationError if its name is too long."""
        return _checked_name(self.cleaned_data["folder"])

    def clean_keep_rules(self) -> str:
        """Return the rules. Each must be valid."""
        return _checked(self.cleaned_data["keep_rules"])

    def clean_block_rules(self) -> str:
        """Return the rules. Each must be valid."""
        return _checked(self.cleaned_data["block_rules"])


class FolderFilter(admin.AllValuesFieldListFilter):
    """A filter by folder, which offers the first CHOICES. In Django's own filter, the link for subscriptions without a
    folder has no text.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lookup_choices = self.lookup_choices[:CHOICES]

    def choices(self, changelist: Any) -> Any:
        """Yield the choices."""
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or gettext("none")}


class FolderForm(ModelForm):
    """The folder of a subscription, in the list of subscriptions."""

    class Meta:
        model = Subscription
        fields = ["folder"]
        widgets = {"folder": forms.TextInput(attrs={"size": 16, "aria-label": gettext_lazy("Folder")})}

    def clean_folder(self) -> str:
        """Return the folder. Raises ValidationError if its name is too long."""
        return _checked_name(self.cleaned_data["folder"])


def _checked_name(text: str) -> str:
    validate_name(text)
    return text


def _checked(text: str) -> str:
    try:
        filter_rules.check(text)
    except filter_rules.RuleError as error:
        raise ValidationError(worded(str(error))) from error
    return text


@admin.register(Subscription)
class SubscriptionAdmin(OwnedAdmin):
    """The sites of a lifestream: the state of each, and the rules by which its items are shown."""

    owner_path = "lifestream__owner"
    form = SubscriptionForm
    list_display = ("site", "lifestream", "folder", "health", "fetched", "due", "paused")
    list_display_links = ("site",)
    list_editable = ("folder",)
    list_filter = ("paused", ("lifestream", OwnLifestreamsFilter), ("folder", FolderFilter))
    list_select_related = ("lifestream", "feed")
    search_fields = ("name", "feed__title", "feed__url", "folder")
    list_per_page = 50
    actions = ("update_now", "pause", "resume")
    fields = (
        "feed_address", "lifestream", "name", "folder", "paused", "keep_rules", "block_rules", "health", "fetched",
        "due",
    )  # fmt: skip
    readonly_fields = ("feed_address", "lifestream", "health", "fetched", "due")

    def get_urls(self) -> list[Any]:
        """Return the URLs of the admin's views of subscriptions, and of the pages with the results of an update and of
        new addresses.
        """
        updated = path("updates/", self.admin_site.admin_view(self.updates_view), name=updates_name(self))
        added = path("additions/", self.admin_site.admin_view(self.additions_view), name=ADDITIONS)
        return [updated, added, *super().get_urls()]

    def updates_view(self, request: HttpRequest) -> HttpResponse:
        """Return the page that shows the results of the last update."""
        return updates(self, request)

    def additions_view(self, request: HttpRequest) -> HttpResponse:
        """Return the page that shows the results for new addresses."""
        return additions(self, request)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the order: by lifestream, folder and name for an owner; the latest first for a superuser, who sees
        everybody's.
        """
        # By the lifestream's key, which is in the index: to order by its title, the database would sort all of them.
        return ("-pk",) if is_superuser(request) else ("lifestream_id", "sort_folder", "sort_name", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return subscriptions without the icons of their feeds."""
        return super().get_queryset(request).defer("feed__icon")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form that takes an address for a new subscription, or the plain form for an existing one."""
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)

        class Form(AddFeedForm):
            user = request.user

        return Form

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the form of a row of the list, in which folders are changed."""
        return super().get_changelist_form(request, **{"form": FolderForm, **kwargs})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields of either form."""
        return super().get_fields(request, obj) if obj is not None else list(AddFeedForm.base_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the read-only fields. A new subscription has none."""
        return super().get_readonly_fields(request, obj) if obj is not None else ()

    def render_change_form(
        self, request: HttpRequest, context: Any, add: bool = False, change: bool = False, form_url: str = "",
        obj: Any = None,
    ) -> Any:  # fmt: skip
        """Return the page of the form. It has no "Save and continue editing" for a new subscription, whose feed has to
        be found first.
        """
        if add:
            context["show_save_and_continue"] = False
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save an existing subscription. For a new one, note the address: the subscription is created when its feed has
        been found.
        """
        if change:
            super().save_model(request, obj, form, change)
        else:
            form.note()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: no related rows are saved with a subscription."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Do nothing: there is no subscription yet."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Return a redirect to the page that shows what is found, or to an empty form for the next address."""
        if "_addanother" in request.POST:
            self.message_user(request, gettext("The address is looked at."), messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{ADDITIONS}"))

    @admin.display(description=gettext_lazy("site"), ordering="name")
    def site(self, subscription: Subscription) -> SafeString:
        """Return the subscription's name in the lifestream, and the address of its feed."""
        feed = subscription.feed
        private = gettext("with a login") if feed.is_private else ""
        name = isolated(subscription.display_name[:120])
        return format_html('{}<span class="lifestream-why">{} {}</span>', name, feed.url[:120], private)

    @admin.display(description=gettext_lazy("feed"))
    def feed_address(self, subscription: Subscription) -> SafeString:
        """Return the address of its feed, without a user name and password."""
        return format_html("{}", subscription.feed.url)

    @admin.display(description=gettext_lazy("health"), ordering="feed__failures")
    def health(self, subscription: Subscription) -> SafeString:
        """Return the state of its feed."""
        return health_of(subscription.feed)

    @admin.display(description=gettext_lazy("last fetch"), ordering="feed__last_fetch")
    def fetched(self, subscription: Subscription) -> Any:
        """Return when its feed was last fetched."""
        return last_fetch_of(subscription.feed)

    @admin.display(description=gettext_lazy("next due, and why"), ordering="feed__next_fetch")
    def due(self, subscription: Subscription) -> Any:
        """Return when its feed is fetched next, and why."""
        return due_of(subscription.feed)

    @admin.action(description=gettext_lazy("Update now"), permissions=["change"])
    def update_now(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> HttpResponse:
        """Let the feeds of the selected subscriptions be fetched, as far as their servers allow it."""
        return update_now(self, request, list(subscriptions.values_list("feed", flat=True)))

    @admin.action(description=gettext_lazy("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> None:
        """Show no new items of the selected subscriptions. A feed whose subscriptions are all paused is not fetched."""
        chosen = Subscription.objects.filter(pk__in=list(subscriptions.values_list("pk", flat=True)), paused=False)
        count = chosen.update(paused=True)
        text = ngettext("{} subscription was paused.", "{} subscriptions were paused.", count)
        self.message_user(request, text.format(count), messages.SUCCESS)

    @admin.action(description=gettext_lazy("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, subscriptions: QuerySet[Subscription]) -> None:
        """Show new items again, including those that were stored in the meantime for other subscriptions."""
        count = Subscription.objects.filter(pk__in=subscriptions.values("pk"), paused=True).update(paused=False)
        text = ngettext("{} subscription was resumed.", "{} subscriptions were resumed.", count)
        self.message_user(request, text.format(count), messages.SUCCESS)
