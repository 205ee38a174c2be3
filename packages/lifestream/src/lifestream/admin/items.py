"""What is shown: posts, which their owners hide and publish, and the items behind them, which are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, ngettext

from lifestream.admin.owned import OwnedAdmin, OwnLifestreamsFilter, ReadOnlyAdmin, is_superuser
from lifestream.content.text_direction import isolated
from lifestream.models import Item, Post, fulltext

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


MOST_FOUND: Final = 1_000
"""How many of the latest items that match a search are listed; filters select from these. A higher limit would be slow:
to find that many items with a rare word, PostgreSQL has to read the words of still more items.
"""


class TextSearchAdmin(ModelAdmin):
    """A list of rows with the text of an item. Its search box uses the search index, which finds words of titles,
    authors, tags and texts by their beginnings.

    For an address, and for everything if the database has no search index, it uses Django's search instead, which looks
    for a part of a text in `search_fields`.
    """

    search_help_text = gettext_lazy("By words of title, author, tags and text, or by an address.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that match a search."""
        if not search_term.strip() or "://" in search_term or not fulltext.is_supported(queryset.db):
            return super().get_search_results(request, queryset, search_term)
        if "\0" in search_term:
            return queryset.none(), False
        latest = fulltext.latest_matching(queryset, search_term, MOST_FOUND)
        if not latest.are_all:
            request.left_out = _ended() if latest.is_cut else _more_found()  # type: ignore[attr-defined]
        return latest.rows, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list. If a search lists fewer rows than there are, a line says so."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and hasattr(request, "left_out"):
            context["subtitle"] = request.left_out
        return response


def _more_found() -> str:
    text = gettext("Of the items that have the words, only the latest {} are listed. More words find others.")
    return text.format(number_format(MOST_FOUND, force_grouping=True))


def _ended() -> str:
    return gettext("The search took too long, so older items were not searched. With fewer or rarer words, they are.")


class ShownFilter(admin.SimpleListFilter):
    """A filter of posts by whether they are shown."""

    title = gettext_lazy("shown")
    parameter_name = "shown"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [
            ("yes", gettext("shown")),
            ("hidden", gettext("hidden")),
            ("ruled", gettext("hidden by a rule")),
            ("removed", gettext("removed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        """Return the posts of the chosen kind."""
        chosen = {
            "yes": {"hidden": False, "removed": False, "ruled": False},
            "hidden": {"hidden": True, "removed": False},
            "ruled": {"ruled": True, "removed": False},
            "removed": {"removed": True},
        }
        return queryset.filter(**chosen.get(self.value() or "", {}))


@admin.register(Post)
class PostAdmin(TextSearchAdmin, OwnedAdmin):
    """The items of a lifestream. A post is removed, not deleted: a deleted one would come back once a rule changes."""

    owner_path = "lifestream__owner"
    list_display = ("item_title", "site", "date", "state", "lifestream")
    list_filter = (ShownFilter, "date", ("lifestream", OwnLifestreamsFilter))
    search_fields = ("item__title", "item__link", "item__author")
    list_select_related = ("lifestream", "subscription__feed", "item")
    # By key, the latest first: to order them by date, the database would sort the posts of all lifestreams.
    ordering = ("-pk",)
    actions = ("hide", "publish", "remove", "keep", "let_go")
    fields = ("item_title", "site", "lifestream", "date", "page", "hidden", "removed", "kept")
    readonly_fields = ("item_title", "site", "lifestream", "date", "page")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return posts with their items, but without the bodies. One query does that, since an item may be deleted at
        any time.
        """
        heavy = ("content", "text", "enclosures", "media", "episode", "card")
        posts: QuerySet[Any] = super().get_queryset(request).select_related(*self.list_select_related)
        return posts.defer(*(f"item__{name}" for name in heavy), "subscription__feed__icon")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: posts come from feeds."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether the user may delete posts. Only a superuser may, to delete a user together with the user's
        posts.
        """
        return is_superuser(request)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Return all actions except the one that deletes. *action_location* is new in Django 6.1."""
        place = {} if action_location is None else {"action_location": action_location}
        actions = super().get_actions(request, **place)
        actions.pop("delete_selected", None)
        return actions

    @admin.display(description=gettext_lazy("item"), ordering="item__title")
    def item_title(self, post: Post) -> str:
        """Return the title of the item, or the beginning of its summary."""
        return isolated(post.item.display_title[:140]) or str(post.item_id)

    @admin.display(description=gettext_lazy("site"))
    def site(self, post: Post) -> str:
        """Return the name of its site in the lifestream."""
        return isolated(post.subscription.display_name[:80])

    @admin.display(description=gettext_lazy("state"))
    def state(self, post: Post) -> SafeString:
        """Return whether it is shown."""
        name, kind = (
            (gettext("removed"), "gone") if post.removed
            else (gettext("hidden"), "paused") if post.hidden
            else (gettext("hidden by a rule"), "paused") if post.ruled
            else (gettext("shown"), "ok")
        )  # fmt: skip
        return format_html('<span class="lifestream-health is-{}">{}</span>', kind, name)

    @admin.display(description=gettext_lazy("page"))
    def page(self, post: Post) -> SafeString:
        """Return a link to its page."""
        address = reverse("lifestream:item", kwargs={"slug": post.lifestream.slug, "pk": post.item_id})
        return format_html('<a href="{}">{}</a>', address, gettext("Open"))

    @admin.action(description=gettext_lazy("Hide"), permissions=["change"])
    def hide(self, request: HttpRequest, posts: QuerySet[Post]) -> None:
        """Hide the selected posts until they are published again."""
        count = Post.objects.filter(pk__in=posts.values("pk")).update(hidden=True)
        self._tell(request, ngettext("{} post was hidden.", "{} posts were hidden.", count), count)

    @admin.action(description=gettext_lazy("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, posts: QuerySet[Post]) -> None:
        """Show the selected posts again, including removed ones. Those that a rule hides stay hidden."""
        ruled = Post.objects.filter(pk__in=posts.values("pk"), ruled=True).count()
        count = Post.objects.filter(pk__in=posts.values("pk")).update(hidden=False, removed=False)
        self._tell(request, ngettext("{} post was published.", "{} posts were published.", count), count)
        if ruled:
            text = ngettext("A rule still hides {} of them.", "Rules still hide {} of them.", ruled)
            self.message_user(request, text.format(ruled), messages.WARNING)

    @admin.action(description=gettext_lazy("Remove"), permissions=["change"])
    def remove(self, request: HttpRequest, posts: QuerySet[Post]) -> None:
        """Remove the selected posts from the lifestream, until somebody publishes them."""
        count = Post.objects.filter(pk__in=posts.values("pk")).update(removed=True)
        self._tell(request, ngettext("{} post was removed.", "{} posts were removed.", count), count)

    @admin.action(description=gettext_lazy("Keep for good"), permissions=["change"])
    def keep(self, request: HttpRequest, posts: QuerySet[Post]) -> None:
        """Keep the items of the selected posts from being deleted for their age or their number."""
        count = Post.objects.filter(pk__in=posts.values("pk")).update(kept=True)
        self._tell(request, ngettext("{} post stays for good.", "{} posts stay for good.", count), count)

    @admin.action(description=gettext_lazy("Keep no longer"), permissions=["change"])
    def let_go(self, request: HttpRequest, posts: QuerySet[Post]) -> None:
        """Let the items of the selected posts be deleted like all others."""
        count = Post.objects.filter(pk__in=posts.values("pk")).update(kept=False)
        self._tell(request, ngettext("{} post may go.", "{} posts may go.", count), count)

    def _tell(self, request: HttpRequest, text: str, count: int) -> None:
        self.message_user(request, text.format(count), messages.SUCCESS)


@admin.register(Item)
class ItemAdmin(TextSearchAdmin, ReadOnlyAdmin):
    """The items, which all lifestreams share. Nobody edits one, and only a superuser deletes one."""

    owner_path = "posts__lifestream__owner"
    list_display = ("heading", "feed", "date", "author")
    list_select_related = ("feed",)
    search_fields = ("title", "link", "author", "guid")
    list_filter = ("date",)
    # In the order of an index, which the filter by date uses, too.
    ordering = ("-date", "-pk")
    fields = (
        "title", "feed", "link", "author", "date", "updated", "first_seen", "guid", "language", "summary",
        "enclosures", "media", "episode",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return items without their bodies."""
        return (
            super()
            .get_queryset(request)
            .defer("content", "text", "enclosures", "media", "episode", "card", "feed__icon")
        )

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def heading(self, item: Item) -> str:
        """Return the title, or the beginning of the summary."""
        return isolated(item.display_title[:140]) or str(item.pk)
