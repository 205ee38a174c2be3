"""Which rows belong to which user: the owner of a row is the owner of a lifestream that the row belongs to.

A superuser sees all rows. Anybody else sees only the rows of their own lifestreams, and forms offer only those.
Django's permissions decide what a user may do with them; see `ReadOnlyAdmin` for rows that nobody may add or change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import Exists, ForeignKey, Model, OuterRef, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext

from lifestream.admin.list_requests import CheckedListAdmin
from lifestream.content.text_direction import isolated
from lifestream.models import Lifestream, fulltext
from lifestream.models.changed_fields import RowGone, save_changed

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


def is_superuser(request: HttpRequest) -> bool:
    """Return whether the visitor is an active superuser."""
    return request.user.is_active and bool(getattr(request.user, "is_superuser", False))


LISTED = 10_000
"""How many rows of a list are counted, and can be paged through. Filters look at all rows."""


CHOICES = 500
"""How many values a filter offers, the first ones. With facets, each is a column of a query, and SQLite allows 2,000,
PostgreSQL 1,664.
"""


class FirstRows(_Paginator):
    """Pages of the first LISTED rows: counting a million rows takes longer than the rest of the page."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most LISTED."""
        rows: Any = self.object_list
        return int(rows.order_by()[:LISTED].count())

    def page(self, number: Any) -> Page[Any]:
        """Return a page. First its keys are read, then the rows with these keys: if the database has to sort a whole
        list, such as the results of a search, it then sorts keys only, not all columns that are shown.
        """
        page = super().page(number)
        rows: Any = self.object_list
        here: Any = page.object_list
        page.object_list = rows.filter(pk__in=list(here.values_list("pk", flat=True)))
        return page


class OwnRows(ChangeList):
    """The list of rows that the user may see.

    If these are few, they are looked up by their keys: otherwise a database would walk through the rows of everybody to
    find them.
    """

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Return the rows of the list, for all of its pages."""
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        if is_superuser(request):
            return rows
        mine = cast("OwnedAdmin", self.model_admin).own_rows(request)
        keys = list(mine.values_list("pk", flat=True)[: LISTED + 1])
        return rows if len(keys) > LISTED else fulltext.among(rows, keys, "pk")


class OwnLifestreamsFilter(admin.RelatedFieldListFilter):
    """A filter by the lifestreams that the user may change. Django's own looks through all rows to find them."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        """Return the choices, at most CHOICES."""
        ordering = self.field_admin_ordering(field, request, model_admin)
        mine = Lifestream.objects.owned_by(request.user).order_by(*ordering)[:CHOICES]
        choices: list[tuple[str, Any]] = field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"pk__in": mine}
        )
        return choices


class OwnedAdmin(CheckedListAdmin):
    """Rows of the user's own lifestreams. *owner_path* is the lookup from a row to its owner."""

    owner_path: ClassVar[str]
    paginator = FirstRows
    # Counting a million rows to show "1,000,000 in all" costs more than the rest of the page.
    show_full_result_count = False

    class Media:
        css = {"all": ["lifestream/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows that the user may see."""
        rows: QuerySet[Any] = super().get_queryset(request)
        if is_superuser(request):
            return rows
        # A subquery: by a join, a feed in two lifestreams of the user would be two rows, and Django does not delete
        # rows after `distinct()`.
        # `EXISTS` is evaluated for each row; for `IN`, SQLite would read all rows of the user.
        return rows.filter(Exists(self.own_rows(request).filter(pk=OuterRef("pk"))))

    def own_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the user's own lifestreams in no order, some of them more than once."""
        rows: QuerySet[Any] = self.model._default_manager.filter(**{self.owner_path: request.user.pk})
        return rows.order_by()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the class of the list."""
        return OwnRows

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list. Raises Http404 if a row is deleted while it is saved."""
        try:
            return _noting_the_limit(super().changelist_view(request, extra_context))
        except RowGone:
            raise _gone() from None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Return the form of a row. Raises Http404 if the row is deleted while it is saved."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except RowGone:
            raise _gone() from None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a new row, or the fields that were changed in the form. Django would also write the other fields, as
        they were when the request began, and so overwrite what a fetch, a page or another user has written since.
        """
        if change:
            save_changed(obj, form.changed_data)
        else:
            super().save_model(request, obj, form, change)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether the list may be narrowed by *lookup*, a parameter of its address.

        Users other than superusers may use the editable columns of the row, and the list's filters. Django also allows
        relations: `/feed/?lifestreams=7` would reveal whether somebody's private lifestream has a feed that the user
        has, too.
        """
        name = lookup.split(LOOKUP_SEP, 1)[0]
        columns = {"pk", *(field.name for field in self.opts.concrete_fields if field.editable)}
        columns |= {field.attname for field in self.opts.concrete_fields if field.editable}
        if not is_superuser(request) and name not in columns and lookup not in self._parameters_of_filters(request):
            return False
        return super().lookup_allowed(lookup, value, request)

    def _parameters_of_filters(self, request: HttpRequest) -> set[str | None]:
        """Return the parameters of those filters that are no columns, such as `health`."""
        filters = (each for each in self.get_list_filter(request) if isinstance(each, type))
        return {each.parameter_name for each in filters if issubclass(each, admin.SimpleListFilter)}

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Return the form field, which offers only lifestreams of the user."""
        if db_field.related_model is Lifestream:
            kwargs["queryset"] = Lifestream.objects.owned_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Return what the page before a deletion lists: only the rows themselves.

        Django would list everything that is deleted with them, and ask for permission: each post of a site, each fetch
        of a feed.
        """
        names = [isolated(str(row)[:200]) for row in objs]
        return names, {str(self.opts.verbose_name_plural): len(names)}, set(), []


def _gone() -> Http404:
    return Http404(gettext("There is no such page."))


def _noting_the_limit(response: HttpResponse) -> HttpResponse:
    """Return *response*. If it is a list that may not show all rows, add a line that says so."""
    context = getattr(response, "context_data", None)
    if context and "cl" in context and context["cl"].result_count >= LISTED:
        text = gettext("The first {} are listed: filters and the search find the others.")
        context["subtitle"] = text.format(number_format(LISTED, force_grouping=True))
    return response


class ReadOnlyAdmin(OwnedAdmin):
    """Rows that nobody adds or edits in the admin, unless a subclass allows it; superusers may delete them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: nobody adds a row by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: nobody edits a row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether the user may delete a row: only superusers may."""
        return is_superuser(request)
