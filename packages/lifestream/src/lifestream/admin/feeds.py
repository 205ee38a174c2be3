"""The feeds and the log of their fetches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.admin.columns import due_of, health_of, last_fetch_of, moment, reasoning_of
from lifestream.admin.owned import ReadOnlyAdmin, is_superuser
from lifestream.admin.updating import update_now
from lifestream.conf import settings
from lifestream.content.text_direction import isolated
from lifestream.models import Feed, Fetch, HubSubscription, Subscription
from lifestream.plugins.registry import Registry


class HealthFilter(admin.SimpleListFilter):
    """Feeds by how they fare, as `Feed.health` says it."""

    title = gettext_lazy("health")
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [(word, gettext(word)) for word in ("ok", "failing", "new", "paused", "idle", "gone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feed]) -> QuerySet[Feed]:
        """The feeds of the chosen one."""
        active = queryset.filter(status=Feed.Status.ACTIVE)
        match self.value():
            case "ok":
                return active.filter(failures=0).exclude(last_fetch=None)
            case "failing":
                return active.filter(failures__gt=0).exclude(last_fetch=None)
            case "new":
                return active.filter(last_fetch=None)
            case "paused" | "idle" | "gone" as status:
                return queryset.filter(status=status)
            case _:
                return queryset


if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Feed]
else:
    ModelForm = forms.ModelForm


class FeedForm(ModelForm):
    """What a superuser may set of a feed: everything else follows from what its server says."""

    class Meta:
        model = Feed
        fields = ["title", "site_url", "plugin"]
        widgets = {"title": forms.TextInput(attrs={"class": "vTextField"}),
                             "site_url": forms.URLInput(attrs={"class": "vTextField"})}  # fmt: skip

    site_url = forms.URLField(label=gettext_lazy("Site"), required=False, assume_scheme="https")
    plugin = forms.ChoiceField(required=False, help_text=gettext_lazy("Empty: the one for its domain."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.instance.plugin
        known = sorted({*Registry(settings.plugins).names, *([chosen] if chosen else [])})
        self.fields["plugin"].choices = [("", gettext("by its domain")), *((name, name) for name in known)]  # type: ignore[attr-defined]


@admin.register(Feed)
class FeedAdmin(ReadOnlyAdmin):
    """The feeds: how each fares, and when it is fetched next and why."""

    owner_path = "subscriptions__lifestream__owner"
    form = FeedForm
    list_display = ("name", "health", "fetched", "due", "subscribers")
    list_display_links = ("name",)
    list_filter = (HealthFilter,)
    search_fields = ("title", "url", "domain")
    ordering = ("title", "pk")
    list_per_page = 50
    actions = ("update_now", "pause", "resume")
    readonly_fields = (
        "url", "domain", "description", "language", "health", "fetched", "succeeded", "last_status", "last_error",
        "flaw", "failures", "due", "reasoning", "etag", "last_modified", "moved_to", "hub_url", "hub", "created", "log",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("title", "url", "site_url", "domain", "description", "language", "plugin")}),
        (
            gettext_lazy("Health"),
            {
                "fields": (
                    "health",
                    "due",
                    "reasoning",
                    "fetched",
                    "succeeded",
                    "last_status",
                    "last_error",
                    "flaw",
                    "failures",
                    "log",
                )
            },
        ),
        (
            gettext_lazy("What its server said"),
            {"fields": ("etag", "last_modified", "moved_to", "hub_url", "hub", "created"), "classes": ("collapse",)},
        ),
    )

    class Media:
        css = {"all": ["lifestream/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Feeds without their icons, and how many of the lifestreams that the visitor may change have each."""
        feeds: QuerySet[Any] = super().get_queryset(request).defer("icon")
        # How many others have it is nobody's business: one of them may be the only one with a private lifestream.
        mine = None if is_superuser(request) else Q(subscriptions__lifestream__owner=request.user.pk)
        counted: QuerySet[Any] = feeds.annotate(subscriber_count=Count("subscriptions", filter=mine, distinct=True))
        return counted

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A feed comes with a subscription, so who may add one of those may add a feed."""
        return self.admin_site.get_model_admin(Subscription).has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Feeds are shared by all who subscribe to them: only a superuser changes one."""
        return is_superuser(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Leads to the form that fetches a feed and subscribes to it."""
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:lifestream_subscription_add"))

    @admin.display(description=gettext_lazy("feed"), ordering="title")
    def name(self, feed: Feed) -> SafeString:
        """The title, and where it comes from."""
        private = gettext("with a login") if feed.is_private else ""
        return format_html(
            '{}<span class="lifestream-why">{} {}</span>', isolated(feed.display_title[:120]), feed.url[:120], private
        )

    @admin.display(description=gettext_lazy("health"), ordering="failures")
    def health(self, feed: Feed) -> SafeString:
        """How it fares."""
        return health_of(feed)

    @admin.display(description=gettext_lazy("last fetch"), ordering="last_fetch")
    def fetched(self, feed: Feed) -> Any:
        """When it was asked last."""
        return last_fetch_of(feed)

    @admin.display(description=gettext_lazy("last success"))
    def succeeded(self, feed: Feed) -> Any:
        """When it last answered with what we could use."""
        return moment(feed.last_success)

    @admin.display(description=gettext_lazy("next due, and why"), ordering="next_fetch")
    def due(self, feed: Feed) -> Any:
        """When it is asked next, and why then."""
        return due_of(feed)

    @admin.display(description=gettext_lazy("pushes"))
    def hub(self, feed: Feed) -> str:
        """What was agreed with its hub."""
        agreed = feed.hub_subscriptions.exclude(state=HubSubscription.State.LEAVING).first()
        if agreed is None:
            return "–"
        told = [agreed.get_state_display(), isolated(agreed.message[:300])]
        if agreed.lease_until is not None:
            told.append(gettext("until {}").format(date_format(localtime(agreed.lease_until), "DATETIME_FORMAT")))
        if agreed.last_push is not None:
            told.append(gettext("last push {}").format(date_format(localtime(agreed.last_push), "DATETIME_FORMAT")))
        return ", ".join(filter(None, told))

    @admin.display(description=gettext_lazy("what asks for when"))
    def reasoning(self, feed: Feed) -> Any:
        """All the times that the next fetch was chosen from."""
        return reasoning_of(feed)

    @admin.display(description=gettext_lazy("subscribers"), ordering="subscriber_count")
    def subscribers(self, feed: Feed) -> int:
        """How many lifestreams have it."""
        return int(getattr(feed, "subscriber_count", 0))

    @admin.display(description=gettext_lazy("log"))
    def log(self, feed: Feed) -> SafeString:
        """The way to its fetches."""
        address = reverse(f"{self.admin_site.name}:lifestream_fetch_changelist")
        return format_html('<a href="{}?feed__id__exact={}">{}</a>', address, feed.pk, gettext("All its fetches"))

    @admin.action(description=gettext_lazy("Update now"))
    def update_now(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Fetches what was chosen, as far as its servers let us."""
        update_now(self, request, list(feeds.values_list("pk", flat=True)))

    @admin.action(description=gettext_lazy("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Stops the fetching, for everybody, until it is resumed."""
        count = Feed.objects.filter(pk__in=feeds.values("pk"), status=Feed.Status.ACTIVE).update(
            status=Feed.Status.PAUSED
        )
        self._tell(request, ngettext("{} feed was paused.", "{} feeds were paused.", count), count)

    @admin.action(description=gettext_lazy("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Fetches again, at once, what was paused or has been given up."""
        count = (
            Feed.objects.filter(pk__in=feeds.values("pk"))
            .exclude(status=Feed.Status.ACTIVE)
            .update(
                status=Feed.Status.ACTIVE, next_fetch=timezone.now(), next_reason="resumed", candidates=[], failures=0
            )
        )
        self._tell(request, ngettext("{} feed was resumed.", "{} feeds were resumed.", count), count)

    def _tell(self, request: HttpRequest, text: str, count: int) -> None:
        self.message_user(request, text.format(count), messages.SUCCESS if count else messages.WARNING)


@admin.register(Fetch)
class FetchAdmin(ReadOnlyAdmin):
    """The log: every request of a feed, what came of it, and when the next one is and why."""

    owner_path = "feed__subscriptions__lifestream__owner"
    list_display = ("when", "feed", "result", "items", "took", "next")
    list_display_links = ("when",)
    list_filter = ("outcome", "status")
    list_select_related = ("feed",)
    search_fields = ("feed__title", "feed__url", "message")
    date_hierarchy = "started"
    ordering = ("-pk",)
    list_per_page = 50

    class Media:
        css = {"all": ["lifestream/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The log without the icons of the feeds."""
        return super().get_queryset(request).defer("feed__icon")

    @admin.display(description=gettext_lazy("started"), ordering="pk")
    def when(self, fetch: Fetch) -> Any:
        """When it began, or the last of several that came to the same, and since when."""
        if fetch.latest is None:
            return moment(fetch.started)
        times = gettext("{} times since {}").format(fetch.count, naturaltime(fetch.started))
        return format_html('{}<span class="lifestream-why">{}</span>', moment(fetch.latest), times)

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def result(self, fetch: Fetch) -> SafeString:
        """What came of it, in colour, the HTTP status, and what went wrong if anything did."""
        kind = {"failed": "failing", "gone": "gone", "new": "ok", "changed": "ok"}.get(fetch.outcome, "new")
        told = " ".join(filter(None, (str(fetch.status or ""), fetch.message[:300])))
        return format_html(
            '<span class="lifestream-health is-{}">{}</span><span class="lifestream-why">{}</span>',
            kind,
            fetch.get_outcome_display(),
            told,
        )

    @admin.display(description=gettext_lazy("items"), ordering="new")
    def items(self, fetch: Fetch) -> str:
        """How many were new, and how many had been edited."""
        new = gettext("{} new").format(fetch.new) if fetch.new else ""
        changed = gettext("{} changed").format(fetch.changed) if fetch.changed else ""
        return ", ".join(filter(None, (new, changed))) or "–"

    @admin.display(description=gettext_lazy("took"), ordering="duration")
    def took(self, fetch: Fetch) -> SafeString:
        """How long it took, and how much was sent."""
        size = filesizeformat(fetch.size) if fetch.size else ""
        return format_html('{} ms<span class="lifestream-why">{}</span>', f"{fetch.duration * 1000:,.0f}", size)

    @admin.display(description=gettext_lazy("next due, and why"))
    def next(self, fetch: Fetch) -> SafeString:
        """When the next one was due after it, and why then."""
        return format_html('{}<span class="lifestream-why">{}</span>', moment(fetch.next_fetch), fetch.reason)
