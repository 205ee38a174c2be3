"""Lists and forms of the admin that no request can break. Django's own lists pass values of a URL's query to the
database that it refuses, and regular expressions that stop a site. Its forms fail if another request has stored the
same name meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, SEARCH_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db import DataError, IntegrityError, NotSupportedError, OperationalError
from django.db.models import BinaryField, Field, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from lifestream.models import fulltext
from lifestream.storage.deadlocks import is_deadlock

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

_KEY = re.compile(r"[0-9]{1,18}", re.ASCII)
_ID_OF_ROW = re.compile(r"form-[0-9]+-id", re.ASCII)
"""The name of the field with the key of a row that is edited in a list."""

_REFUSED: Final = frozenset({"regex", "iregex", "range"})
"""The lookups of Django that no URL of a list may have."""
_DEEPEST: Final = 20
"""How many parts the name of a lookup may have: Django calls itself once for each part below a column with JSON."""
_MOST_VALUES: Final = 100
"""How many values the query of a URL may have: SQLite takes no condition of over 1,000 parts."""
_LONGEST_VALUE: Final = 10_000
"""How many characters a value may have. SQLite takes no pattern of over 50,000 bytes, and Django puts a
backslash before some characters of a pattern.
"""
_LONGEST_PARAMETERS: Final = 10_000
"""How many characters the query of a URL may have: a list repeats them in some 400 links."""
_TRIES: Final = 5
"""How often, at most, work is tried that fails since other processes store something at the same time."""

_T = TypeVar("_T")


class CheckedListAdmin(ModelAdmin):
    """An admin whose list answers every URL and every form without a server error, and in linear time. Forms that are
    sent at the same time cause no server error, either.
    """

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list. If the search has more than LONGEST_QUERY characters, return a redirect to the list with the
        first LONGEST_QUERY of them: only these are used. If the values of filters are invalid, too long or too many, or
        if the key of a row is invalid, return a redirect to the list without filters.
        """
        edited = [key for name, keys in request.POST.lists() if _ID_OF_ROW.fullmatch(name) for key in keys if key]
        chosen = [*request.POST.getlist(ACTION_CHECKBOX_NAME), *edited]
        if not _may_be_read(request.GET.lists()) or not all(map(_KEY.fullmatch, chosen)):
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        parameters = request.GET.copy()
        if len(search := parameters.get(SEARCH_VAR, "")) > fulltext.LONGEST_QUERY:
            parameters[SEARCH_VAR] = search[: fulltext.LONGEST_QUERY]
            return HttpResponseRedirect(f"{request.path}?{parameters.urlencode()}")
        if len(parameters.urlencode()) > _LONGEST_PARAMETERS:
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        view = super().changelist_view
        return _tried_again(lambda: view(request, extra_context))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Return the form of a row, or save it. If another request has stored a row with the same name since the form
        was checked, as when the button is pressed twice, the form is checked again, and shows the error.
        """
        view = super().changeform_view
        return _tried_again(lambda: view(request, object_id, form_url, extra_context))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Return the page that asks whether to delete a row. Once the user has confirmed it, delete the row and
        all that refers to it, also what another request adds at the same time.
        """
        view = super().delete_view
        return _tried_again(lambda: view(request, object_id, extra_context))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the rows that were chosen in the list, and all that refers to them, also what another request adds at
        the same time.
        """
        delete = super().delete_queryset
        _tried_again(lambda: delete(request, queryset))

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list with its filters; its rows are counted in the database. Raises IncorrectLookupParameters if a
        filter has an invalid value.

        Django raises it for values that a filter refuses. For values that only the database refuses, or that cannot be
        sent to it (a number that is too large, the year -1), Django would answer with a server error.
        """
        try:
            return super().get_changelist_instance(request)
        except (DataError, NotSupportedError, OverflowError, ValueError) as error:
            if not set(request.GET) - {ERROR_FLAG}:
                raise
            raise IncorrectLookupParameters(error) from error

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row of a form, None if there is none. For `?_to_field=`, Django would look for a field without a
        name.
        """
        return super().get_object(request, object_id, from_field or None)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Return whether `?_to_field=` may name *to_field*. It may not name a relation from another model: such a
        relation has no `primary_key`, which Django's own method reads.
        """
        try:
            field = self.opts.get_field(to_field)
        except FieldDoesNotExist:
            return False
        return isinstance(field, Field) and super().to_field_allowed(request, to_field)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that match the first LONGEST_QUERY characters of a search, for the list and for Django's
        autocompletion. No row matches a search with NUL: the autocompletion passes such searches on.

        Django takes quadratic time to find the words of a search with escaped quotes, and SQLite takes no more than
        1,000 words.
        """
        if "\0" in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term[: fulltext.LONGEST_QUERY])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether the list may be narrowed by *lookup*, a parameter of its address.

        Nobody may use regular expressions: SQLite has Python match them, which may take hours, and stop all other
        threads meanwhile. Nor may a range be given: Django reads the letters of its value as the two bounds. Bytes
        can't be compared with the text of an address: psycopg raises TypeError.

        Only superusers may use relations from other models: `/auth/user/?lifestreams=7` would reveal who owns a private
        lifestream.
        """
        parts = lookup.split(LOOKUP_SEP)
        if not getattr(request.user, "is_superuser", False) and _leads_to_others(self.opts, parts[0]):
            return False
        if parts[-1] in _REFUSED or len(parts) > _DEEPEST or _has_bytes(self.opts, parts):
            return False
        return super().lookup_allowed(lookup, value, request)


def _has_bytes(options: Options[Any], parts: Iterable[str]) -> bool:
    """Return whether *parts*, the names of a lookup from the model with these *options*, lead to a field of bytes."""
    for name in parts:
        try:
            field = options.get_field(name)
        except FieldDoesNotExist:  # "pk", or a lookup
            return False
        if isinstance(field, BinaryField):
            return True
        if field.related_model is None:
            return False
        options = field.related_model._meta
    return False


def _leads_to_others(options: Options[Any], name: str) -> bool:
    """Return whether *name* is a relation from another model to the model with these *options*."""
    try:
        return not options.get_field(name).concrete
    except FieldDoesNotExist:  # "pk", or a filter
        return False


def _tried_again(work: Callable[[], _T]) -> _T:
    """Return what *work* returns. If another process has stored something that conflicts with what *work* was writing,
    or if both waited for each other, everything was undone, and *work* is called again. That happens on PostgreSQL;
    SQLite writes for one process at a time. Raises the last IntegrityError or deadlock.
    """
    for _ in range(_TRIES - 1):
        try:
            return work()
        except IntegrityError:
            continue
        except OperationalError as error:
            if not is_deadlock(error):
                raise
    return work()


def _may_be_read(parameters: Iterable[tuple[str, list[Any]]]) -> bool:
    """Return whether the parameters of an address have no NUL, and are neither too many nor too long. A search may have
    any length.
    """
    pairs = [(name, value) for name, values in parameters for value in values]
    return len(pairs) <= _MOST_VALUES and not any(
        "\0" in name + value or (len(value) > _LONGEST_VALUE and name != SEARCH_VAR) for name, value in pairs
    )
