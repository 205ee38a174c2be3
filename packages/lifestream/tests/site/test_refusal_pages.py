"""What the bundled site answers to requests whose bodies its server refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from lifestream.site.refusal_pages import RefusalMiddleware
from lifestream.web.http_channel import REFUSED

pytestmark = pytest.mark.urls("lifestream.site.urls")
PASSED = HttpResponse("passed on")


def answer_to(**environ: Any) -> HttpResponse:
    return RefusalMiddleware(lambda _request: PASSED)(RequestFactory().post("/main/manage/add/", **environ))


def test_what_was_not_refused_is_passed_on() -> None:
    assert answer_to() is PASSED


def test_what_is_too_large_gets_a_page_with_the_remedy() -> None:
    answer = answer_to(**{REFUSED: 413})
    assert answer.status_code == 413
    assert b'class="site-header"' in answer.content and b"LIFESTREAM_MAX_OPML" in answer.content


def test_what_there_is_no_space_for_may_be_sent_again() -> None:
    answer = answer_to(**{REFUSED: 503})
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert b"Send it again in a minute." in answer.content


def test_no_header_of_a_request_is_taken_for_a_refusal() -> None:
    assert answer_to(headers={"lifestream.refused": "413"}) is PASSED
