"""Somebody deletes what a request is about, at any moment of the request: the answer is "not found", or the page or
the redirect as it was before, but never an error of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from factories import make_lifestream
from lifestream.models import Item, Lifestream, OwnPage, Subscription, Tag
from shown import make_post, make_site

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"
LOOK = {"title": "Mine", "shown": "summary", "words": "60", "site_order": "name"}
PAGE = {"title": "About us", "slug": "about", "text": "new", "position": "2"}
CASES: dict[str, tuple[type[Any], str, dict[str, str] | None]] = {
    "an icon": (Subscription, "/main/sites/{site}/icon", None),
    "the tags": (Tag, "/main/tags/", None),
    "a site": (Subscription, "/main/manage/sites/{site}/", None),
    "a site that is saved": (Subscription, "/main/manage/sites/{site}/", {"name": "Mine"}),
    "the look": (Lifestream, "/main/manage/look/", None),
    "a look that is saved": (Lifestream, "/main/manage/look/", LOOK),
    "the rules": (Lifestream, "/main/manage/rules/", None),
    "rules that are saved": (Lifestream, "/main/manage/rules/", {"block_rules": "one"}),
    "addresses that are added": (Lifestream, "/main/manage/add/", {"do": "add", "addresses": "https://a.example/"}),
    "a page that is saved": (OwnPage, "/main/manage/pages/{page}/", PAGE),
    "a page of a lifestream": (Lifestream, "/main/manage/pages/{page}/", PAGE),
    "a post in the admin": (Item, "/admin/lifestream/post/{post}/change/", None),
    "the history of a post": (Item, "/admin/lifestream/post/{post}/history/", None),
    "a post that may be deleted": (Item, "/admin/lifestream/post/{post}/delete/", None),
    "a new page": (Lifestream, "/main/manage/pages/new/", {**PAGE, "slug": "new"}),
}


@contextmanager
def before_query(number: int, change: Callable[[], object]) -> Iterator[list[str]]:
    """Call *change* before the query with this *number*, from 1. Queries in a transaction do not count. Yield the list
    of those that count.
    """
    asked: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not connection.in_atomic_block:
            asked.append(sql)
            if len(asked) == number:
                change()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield asked


@pytest.mark.parametrize("name", CASES)
def test_a_row_that_is_deleted_during_a_request_is_no_error_of_the_server(client: Client, name: str) -> None:
    model, address, sent = CASES[name]
    client.raise_request_exception = False
    user = User.objects.create_superuser("ada")
    client.force_login(user)
    answers, number = set(), 0
    while True:
        number += 1
        main = make_lifestream("main", owner=user)
        site = make_site(main, icon=PNG)
        post = make_post(site, "A post", tags=("kites",))
        own_page = OwnPage.objects.create(lifestream=main, slug="about", title="About", text="old")
        here = address.format(site=site.pk, page=own_page.pk, post=post.pk)
        with before_query(number, model.objects.all().delete) as asked:
            answers.add((client.get(here) if sent is None else client.post(here, sent)).status_code)
        main.delete()
        if number > len(asked):
            break
    assert answers <= {200, 302, 404}, answers
    assert number > 3
