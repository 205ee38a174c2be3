"""Whose is what: each kind of row is reached from the lifestreams of its owner.

A superuser sees and changes all. Anybody else sees only rows of their own lifestreams, and in forms is offered only
those; what they may do with them is for Django's permissions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ERROR_FLAG
from django.db import DataError
from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from lifestream.content.text_direction import isolated
from lifestream.models import Lifestream

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


def is_superuser(request: HttpRequest) -> bool:
    """Whether the visitor is a superuser who may still log in."""
    return request.user.is_active and bool(getattr(request.user, "is_superuser", False))


_KEY = re.compile(r"[0-9]{1,18}", re.ASCII)


class OwnedAdmin(ModelAdmin):
    """Rows of the visitor's own lifestreams. *owner_path* leads from a row to the owner."""

    owner_path: ClassVar[str]
    # Counting a million rows for "1,000,000 in all" costs more than the page.
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows that the visitor may see."""
        rows: QuerySet[Any] = super().get_queryset(request)
        if is_superuser(request):
            return rows
        mine = self.model._default_manager.filter(**{self.owner_path: request.user.pk})
        # In a subquery: a feed in two of one's lifestreams is still one row, and actions may change and delete it.
        return rows.filter(pk__in=mine.values("pk"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; without its filters where they are none.

        Django answers so to what a filter refuses. What only the database refuses, or can't be sent to it (NUL, a
        number that is too large, the year -1), it would answer by an error of the server.
        """
        without_filters = HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if _has_nul(request.GET.lists()) or not all(map(_KEY.fullmatch, chosen)):
            return without_filters
        try:
            return super().changelist_view(request, extra_context)
        except (DataError, OverflowError, ValueError):
            if request.method == "POST" or not set(request.GET) - {ERROR_FLAG}:
                raise
            return without_filters

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What a search finds, for the list and for Django's autocompletion, which passes on a NUL."""
        if "\0" in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Whether the list may be narrowed by *lookup*, a parameter of its address.

        Others than superusers narrow it by the columns of the row itself, and by its filters. Django also lets pass
        the relations that lead to it: `/feed/?lifestreams=7` would tell whether somebody's private lifestream has a
        feed that the visitor has too.
        """
        name = lookup.split(LOOKUP_SEP, 1)[0]
        columns = {"pk", *(field.name for field in self.opts.concrete_fields if field.editable)}
        columns |= {field.attname for field in self.opts.concrete_fields if field.editable}
        if not is_superuser(request) and name not in columns:
            return False
        return super().lookup_allowed(lookup, value, request)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offers only lifestreams of the visitor."""
        if db_field.related_model is Lifestream:
            kwargs["queryset"] = Lifestream.objects.owned_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """What the page before a deletion lists: the rows themselves.

        Django would list, and ask permission for, all that goes along: each post of a site, each fetch of a feed.
        """
        names = [isolated(str(row)[:200]) for row in objs]
        return names, {str(self.opts.verbose_name_plural): len(names)}, set(), []


class ReadOnlyAdmin(OwnedAdmin):
    """Rows that are read here and written elsewhere."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds one by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only superusers delete one."""
        return is_superuser(request)


def _has_nul(parameters: Iterable[tuple[str, list[Any]]]) -> bool:
    return any("\0" in text for name, values in parameters for text in (name, *values))
