"""The feeds."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.admin.columns import due_of, health_of, last_fetch_of, moment, reasoning_of
from lifestream.admin.feed_form import FETCHING, FeedForm
from lifestream.admin.limits import the_limits
from lifestream.admin.owned import ReadOnlyAdmin, is_superuser
from lifestream.admin.troubles import feeds_in_trouble
from lifestream.admin.updating import update_now, updates, updates_name
from lifestream.admin.what_is_read import what_is_read
from lifestream.content.text_direction import isolated
from lifestream.message import say
from lifestream.models import Feed, HubSubscription, Subscription
from lifestream.models.changed_fields import RowGone
from lifestream.models.feeds import HEALTH
from lifestream.models.fetches import outcome_in_words
from lifestream.storage.feed_editing import FeedChange, change_feed
from lifestream.wording import worded


class HealthFilter(admin.SimpleListFilter):
    """A filter of feeds by their state, as `Feed.health` names it."""

    title = gettext_lazy("health")
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [(word, HEALTH[word]) for word in ("ok", "failing", "new", "paused", "idle", "gone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feed]) -> QuerySet[Feed]:
        """Return the feeds of the chosen state."""
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


@admin.register(Feed)
class FeedAdmin(ReadOnlyAdmin):
    """The feeds: the state of each, and when and why it is fetched next."""

    owner_path = "subscriptions__lifestream__owner"
    form = FeedForm
    list_display = ("name", "health", "fetched", "due", "subscribers")
    list_display_links = ("name",)
    list_filter = (HealthFilter,)
    search_fields = ("title", "url", "domain")
    ordering = ("-pk",)  # the latest first: to order them by title, the database would sort all feeds
    list_per_page = 50
    actions = ("update_now", "pause", "resume", "take_full_content", "take_own_content")
    readonly_fields = (
        "url", "domain", "description", "language", "health", "fetched", "succeeded", "outcome", "error",
        "document", "failures", "due", "reasoning", "etag", "last_modified", "moved_to", "hub_url", "hub", "created",
        "log", "reading",
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
                    "outcome",
                    "error",
                    "document",
                    "failures",
                    "log",
                    "reading",
                )
            },
        ),
        (
            gettext_lazy("What its server said"),
            {"fields": ("etag", "last_modified", "moved_to", "hub_url", "hub", "created"), "classes": ("collapse",)},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return feeds without their icons. Each has a `subscriber_count`: how many lifestreams have it, of those that
        the user may change.
        """
        feeds: QuerySet[Any] = super().get_queryset(request).defer("icon")
        # Other users' lifestreams are not counted: a count would reveal that a private one has the feed.
        of_feed = Subscription.objects.filter(feed=OuterRef("pk"))
        if not is_superuser(request):
            of_feed = of_feed.filter(lifestream__owner=request.user.pk)
        # A subquery counts for the rows of one page only; a GROUP BY would count for all feeds.
        counts = of_feed.order_by().values("feed").annotate(count=Count("pk")).values("count")
        counted: QuerySet[Any] = feeds.annotate(subscriber_count=Coalesce(Subquery(counts), 0))
        return counted

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may add a feed. A feed comes with a subscription, so this needs the permission to add
        one.
        """
        return self.admin_site.get_model_admin(Subscription).has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether the user may change a feed. All its subscribers share it, so only a superuser may."""
        return is_superuser(request)

    def has_fetch_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may have a feed fetched. That stores items, so it needs the permission to change a
        subscription.
        """
        return self.admin_site.get_model_admin(Subscription).has_change_permission(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Redirect to the form that takes the address of a feed, for a new subscription."""
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:lifestream_subscription_add"))

    @admin.display(description=gettext_lazy("feed"), ordering="title")
    def name(self, feed: Feed) -> SafeString:
        """Return the title and the address."""
        private = gettext("with a login") if feed.is_private else ""
        return format_html(
            '{}<span class="lifestream-why">{} {}</span>', isolated(feed.display_title[:120]), feed.url[:120], private
        )

    @admin.display(description=gettext_lazy("health"), ordering="failures")
    def health(self, feed: Feed) -> SafeString:
        """Return the state."""
        return health_of(feed)

    @admin.display(description=gettext_lazy("last fetch"), ordering="last_fetch")
    def fetched(self, feed: Feed) -> Any:
        """Return when it was last fetched."""
        return last_fetch_of(feed)

    @admin.display(description=gettext_lazy("last outcome"))
    def outcome(self, feed: Feed) -> str:
        """Return the result of the last fetch."""
        return outcome_in_words(feed.last_status) or "–"

    @admin.display(description=gettext_lazy("last error"))
    def error(self, feed: Feed) -> str:
        """Return why the last fetch failed, if it did."""
        return worded(feed.last_error) or "–"

    @admin.display(description=gettext_lazy("flaw"))
    def document(self, feed: Feed) -> str:
        """Return where its document is ill-formed, if it is."""
        return worded(feed.flaw) or "–"

    @admin.display(description=gettext_lazy("last success"))
    def succeeded(self, feed: Feed) -> Any:
        """Return when its server last gave an answer that could be used."""
        return moment(feed.last_success)

    @admin.display(description=gettext_lazy("next due, and why"), ordering="next_fetch")
    def due(self, feed: Feed) -> Any:
        """Return when it is fetched next, and why."""
        return due_of(feed)

    @admin.display(description=gettext_lazy("pushes"))
    def hub(self, feed: Feed) -> str:
        """Return the state of the subscription at its hub."""
        subscription = feed.hub_subscriptions.exclude(state=HubSubscription.State.LEAVING).first()
        if subscription is None:
            return "–"
        parts = [subscription.get_state_display(), isolated(worded(subscription.message)[:300])]
        if subscription.lease_until is not None:
            parts.append(
                gettext("until {}").format(date_format(localtime(subscription.lease_until), "DATETIME_FORMAT"))
            )
        if subscription.last_push is not None:
            parts.append(
                gettext("last push {}").format(date_format(localtime(subscription.last_push), "DATETIME_FORMAT"))
            )
        return ", ".join(filter(None, parts))

    @admin.display(description=gettext_lazy("what asks for which time"))
    def reasoning(self, feed: Feed) -> Any:
        """Return all the times from which the next fetch was chosen."""
        return reasoning_of(feed)

    @admin.display(description=gettext_lazy("subscribers"), ordering="subscriber_count")
    def subscribers(self, feed: Feed) -> int:
        """Return how many lifestreams have it, of those that the user may change."""
        return int(getattr(feed, "subscriber_count", 0))

    @admin.display(description=gettext_lazy("log"))
    def log(self, feed: Feed) -> SafeString:
        """Return a link to its fetches."""
        address = reverse(f"{self.admin_site.name}:lifestream_fetch_changelist")
        return format_html('<a href="{}?feed__id__exact={}">{}</a>', address, feed.pk, gettext("All its fetches"))

    @admin.display(description=gettext_lazy("what is read"))
    def reading(self, feed: Feed) -> SafeString:
        """Return a link to the view of what is read."""
        address = reverse(f"{self.admin_site.name}:lifestream_feed_read", args=[feed.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Fetch it and show what is read"))

    def get_urls(self) -> list[Any]:
        """Return the URLs of the admin's views of feeds, and of the pages that show what is read of a feed, feeds in
        trouble, the limits and the results of an update.
        """
        read = path("<int:key>/read/", self.admin_site.admin_view(self.read_view), name="lifestream_feed_read")
        troubles = path("troubles/", self.admin_site.admin_view(self.troubles_view), name="lifestream_feed_troubles")
        updated = path("updates/", self.admin_site.admin_view(self.updates_view), name=updates_name(self))
        limits = path("limits/", self.admin_site.admin_view(self.limits_view), name="lifestream_feed_limits")
        return [read, troubles, limits, updated, *super().get_urls()]

    def updates_view(self, request: HttpRequest) -> HttpResponse:
        """Return the page that shows the results of the last update."""
        return updates(self, request)

    def troubles_view(self, request: HttpRequest) -> HttpResponse:
        """Return the page that shows which of the feeds that the user may see are in trouble."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return feeds_in_trouble(self, request)

    def limits_view(self, request: HttpRequest) -> HttpResponse:
        """Return the page that shows the limits of the site."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return the_limits(self, request)

    def read_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Return the page that shows what is read of a feed that the user may see."""
        feed = get_object_or_404(self.get_queryset(request), pk=key)
        if not self.has_view_permission(request, feed):
            raise PermissionDenied
        if request.method == "POST" and not self.has_fetch_permission(request):
            raise PermissionDenied
        return what_is_read(self, request, feed)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the groups of fields. How a feed is fetched is shown to those who may change it."""
        found = list(super().get_fieldsets(request, obj))
        if self.has_change_permission(request, obj):
            found.insert(1, (gettext("How it is fetched"), {"fields": FETCHING, "classes": ("collapse",)}))
        return found

    def save_model(self, request: HttpRequest, obj: Feed, form: Any, change: bool) -> None:
        """Save the changes, and warn the user of those that make fetching less safe."""
        super().save_model(request, obj, form, change)
        moved_to = form.apply()
        if moved_to is not None:
            self.message_user(request, gettext("Its subscriptions have moved to the feed that has that URL."))
        for warning in form.warnings():
            self.message_user(request, warning, messages.ERROR)

    @admin.action(description=gettext_lazy("Take the content from the pages"), permissions=["change"])
    def take_full_content(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Take the content of the entries of the selected feeds from their pages, from the next fetch on."""
        self._change_all(request, feeds, FeedChange(full_content=True))

    @admin.action(description=gettext_lazy("Take the content from the feed"), permissions=["change"])
    def take_own_content(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Take the content of the entries of the selected feeds from the feeds themselves, from the next fetch on."""
        self._change_all(request, feeds, FeedChange(full_content=False))

    def _change_all(self, request: HttpRequest, feeds: QuerySet[Feed], change: FeedChange) -> None:
        count = 0
        for key in list(feeds.values_list("pk", flat=True)):
            with suppress(RowGone):  # somebody else has deleted it meanwhile
                change_feed(key, change, timezone.now())
                count += 1
        self._tell(request, ngettext("{} feed was changed.", "{} feeds were changed.", count), count)

    @admin.action(description=gettext_lazy("Update now"), permissions=["fetch"])
    def update_now(self, request: HttpRequest, feeds: QuerySet[Feed]) -> HttpResponse:
        """Let the selected feeds be fetched, as far as their servers allow it."""
        return update_now(self, request, list(feeds.values_list("pk", flat=True)))

    @admin.action(description=gettext_lazy("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Stop fetching the active ones of the selected feeds, for everybody, until they are resumed."""
        count = Feed.objects.filter(pk__in=feeds.values("pk"), status=Feed.Status.ACTIVE).update(
            status=Feed.Status.PAUSED
        )
        self._tell(request, ngettext("{} feed was paused.", "{} feeds were paused.", count), count)

    @admin.action(description=gettext_lazy("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        """Make the paused and the gone ones of the selected feeds active, and due at once. A feed without a
        subscription, or with paused ones only, stays as it is.
        """
        read = Exists(Subscription.objects.filter(feed=OuterRef("pk"), paused=False))
        count = (
            Feed.objects.filter(read, pk__in=feeds.values("pk"))
            .exclude(status=Feed.Status.ACTIVE)
            .update(
                status=Feed.Status.ACTIVE,
                next_fetch=timezone.now(),
                next_reason=say("resumed"),
                candidates=[],
                failures=0,
            )
        )
        self._tell(request, ngettext("{} feed was resumed.", "{} feeds were resumed.", count), count)

    def _tell(self, request: HttpRequest, text: str, count: int) -> None:
        self.message_user(request, text.format(count), messages.SUCCESS if count else messages.WARNING)
