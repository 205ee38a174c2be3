"""Whose is what: each kind of row is reached from the lifestreams of its owner.

A superuser sees and changes all. Anybody else sees only rows of their own lifestreams, and in forms is offered only
those; what they may do with them is for Django's permissions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest

from lifestream.models import Lifestream

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


def is_superuser(request: HttpRequest) -> bool:
    """Whether the visitor is a superuser who may still log in."""
    return request.user.is_active and bool(getattr(request.user, "is_superuser", False))


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
        names = [str(row)[:200] for row in objs]
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
