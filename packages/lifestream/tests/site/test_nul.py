"""Requests with a NUL in their addresses or cookies are answered before anything reads these."""

from __future__ import annotations

import pytest
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from lifestream.site.nul import NulMiddleware


def answered(path: str, query: str = "", **cookies: str) -> HttpResponse:
    request: HttpRequest = RequestFactory().get("/")
    request.path_info = path
    request.COOKIES.update(cookies)
    request.META["QUERY_STRING"] = query
    return NulMiddleware(lambda _: HttpResponse("through"))(request)


def test_a_request_without_a_nul_passes() -> None:
    assert answered("/main/", "q=100%25&before=%2000", sessionid="a").content == b"through"


def test_a_path_with_a_nul_is_not_found() -> None:
    with pytest.raises(Http404, match="No address has a NUL in it"):
        answered("/main/\0/")


@pytest.mark.parametrize("query", ["q=a%00b", "q=a\0b"])
def test_a_query_with_a_nul_is_a_bad_request(query: str) -> None:
    with pytest.raises(BadRequest, match="No query has a NUL in it"):
        answered("/main/", query)


@pytest.mark.parametrize("cookies", [{"sessionid": "a\0b"}, {"session\0id": "a"}])
def test_a_cookie_with_a_nul_is_a_bad_request(cookies: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match="No cookie has a NUL in it"):
        answered("/main/", **cookies)
