"""Which requests the lists of the admin answer: Django's lists pass on addresses that a database refuses, and regular
expressions that stop a site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ChangeList
from django.db import DataError, NotSupportedError
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from lifestream.models import fulltext

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

_KEY = re.compile(r"[0-9]{1,18}", re.ASCII)
_ID_OF_ROW = re.compile(r"form-[0-9]+-id", re.ASCII)
"""The name of the field with the key of a row that is edited in a list."""

_REFUSED: Final = frozenset({"regex", "iregex", "range"})
"""The lookups of Django that no address may have."""


class CheckedListAdmin(ModelAdmin):
    """Rows whose list answers any address and any form without a server error, and in linear time."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Return the list, or a redirect to the list without filters if their values, or keys of rows, are invalid."""
        edited = [key for name, keys in request.POST.lists() if _ID_OF_ROW.fullmatch(name) for key in keys if key]
        chosen = [*request.POST.getlist(ACTION_CHECKBOX_NAME), *edited]
        if _has_nul(request.GET.lists()) or not all(map(_KEY.fullmatch, chosen)):
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")
        return super().changelist_view(request, extra_context)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the rows of the list, which are counted here. Raises IncorrectLookupParameters if a filter has an
        invalid value.

        Django raises it for values that a filter refuses. For values that only the database refuses, or that cannot be
        sent to it (a number that is too large, the year -1), Django would answer with a server error.
        """
        try:
            return super().get_changelist_instance(request)
        except (DataError, NotSupportedError, OverflowError, ValueError) as error:
            if not set(request.GET) - {ERROR_FLAG}:
                raise
            raise IncorrectLookupParameters(error) from error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows that match the first LONGEST_QUERY characters of a search, for the list and for Django's
        autocompletion. No row matches a search with NUL, which the latter lets pass.

        Django takes quadratic time to find the words of a search with escaped quotes, and SQLite takes no more than
        1,000 words.
        """
        if "\0" in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term[: fulltext.LONGEST_QUERY])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether the list may be narrowed by *lookup*, a parameter of its address.

        Nobody may use regular expressions: SQLite has Python match them, which may take hours, and stop all other
        threads meanwhile. Nor may a range be given: Django takes each letter of its value for an end.
        """
        if lookup.rpartition(LOOKUP_SEP)[2] in _REFUSED:
            return False
        return super().lookup_allowed(lookup, value, request)


def _has_nul(parameters: Iterable[tuple[str, list[Any]]]) -> bool:
    return any("\0" in text for name, values in parameters for text in (name, *values))
