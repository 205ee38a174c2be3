"""Requests with a NUL in their addresses are answered before anything reads the addresses."""

from __future__ import annotations

import pytest
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from lifestream.site.nul import NulMiddleware


def answered(path: str, query: str = "") -> HttpResponse:
    request: HttpRequest = RequestFactory().get("/")
    request.path_info = path
    request.META["QUERY_STRING"] = query
    return NulMiddleware(lambda _: HttpResponse("through"))(request)


def test_an_address_without_a_nul_passes() -> None:
    assert answered("/main/", "q=100%25&before=%2000").content == b"through"


def test_a_path_with_a_nul_is_not_found() -> None:
    with pytest.raises(Http404, match="No address has a NUL in it"):
        answered("/main/\0/")


@pytest.mark.parametrize("query", ["q=a%00b", "q=a\0b"])
def test_a_query_with_a_nul_is_a_bad_request(query: str) -> None:
    with pytest.raises(BadRequest, match="No query has a NUL in it"):
        answered("/main/", query)
