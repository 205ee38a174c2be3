"""A form saves only the fields that were changed in it. Fields that others write during the request stay as written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.db.models.signals import pre_save
from django.test import Client

from factories import NOW
from lifestream.models import Article, Feed, Item, Lifestream, OwnPage, Post, ReadingRequest, Subscription
from lifestream.models.changed_fields import RowGone, save_changed
from owners import owned
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
LOOK = {"title": "Mine", "shown": "summary", "words": "60", "site_order": "name"}


@contextmanager
def meanwhile(model: type[Model], change: Callable[[], object]) -> Iterator[None]:
    """Call *change*, a change by somebody else, just before the next row of *model* is saved."""
    left = [change]

    def change_first(**_: Any) -> None:
        if left:
            left.pop()()

    pre_save.connect(change_first, sender=model, weak=False)
    try:
        yield
    finally:
        pre_save.disconnect(change_first, sender=model)
    assert not left, "nothing was saved"


@dataclass(frozen=True)
class Page:
    """A form at *address*: the values that are *sent*, and *theirs*, which somebody else writes meanwhile."""

    model: type[Model]
    address: str
    sent: dict[str, Any]
    theirs: dict[str, Any]


def pages() -> dict[str, Page]:
    later, admin = NOW + timedelta(hours=1), "/admin/lifestream"
    rules = {"keep_rules": "kites", "block_rules": "bugs"}
    return {
        "look": Page(Lifestream, "/main/manage/look/", LOOK, rules),
        "rules": Page(Lifestream, "/main/manage/rules/", {"block_rules": "one"}, {"title": "Theirs", "words": 7}),
        "one rule": Page(Lifestream, "/main/manage/rules/", {"block_rules": "one"}, {"keep_rules": "kites"}),
        "site": Page(Subscription, "/main/manage/sites/{site}/", {"name": "Mine"}, {"paused": True, "backlog": 5}),
        "own page": Page(
            OwnPage,
            "/main/manage/pages/{page}/",
            {"title": "Mine", "slug": "about", "text": "old", "position": "1"},
            {"text": "new", "position": 2},
        ),
        "lifestream": Page(
            Lifestream,
            f"{admin}/lifestream/{{stream}}/change/",
            {**LOOK, "slug": "main", "owner": "", "block_rules": ""},
            {"keep_rules": "kites", "tagline": "Theirs"},
        ),
        "subscription": Page(
            Subscription, f"{admin}/subscription/{{site}}/change/", {"name": "Mine"}, {"folder": "F", "backlog": 5}
        ),
        "folders": Page(
            Subscription,
            f"{admin}/subscription/",
            {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": "{site}", "form-0-folder": "Mine",
             "_save": "Save"},
            {"name": "Theirs", "paused": True},
        ),
        "feed": Page(
            Feed,
            f"{admin}/feed/{{feed}}/change/",
            {"title": "Mine", "site_url": "https://mine.example/", "new_url": "{url}"},
            {"etag": '"v2"', "failures": 3, "next_fetch": later, "claim_token": "held"},
        ),
        "post": Page(
            Post, f"{admin}/post/{{post}}/change/", {"hidden": "on"}, {"ruled": True, "pinned": later, "kept": True}
        ),
    }  # fmt: skip


def filled_in(client: Client, page: Page) -> tuple[Any, str, dict[str, Any]]:
    """Make the rows of *page*; their owner, a superuser, logs in. Return the queryset of its row, its address, and what
    is sent.
    """
    stream = owned(client)
    User.objects.filter(lifestreams=stream).update(is_superuser=True, is_staff=True)
    site = make_site(stream, "Site", site_url="https://site.example/")
    post = make_post(site, "Post")
    own_page = OwnPage.objects.create(lifestream=stream, slug="about", title="About", text="old", position=1)
    keys = {"stream": stream.pk, "site": site.pk, "page": own_page.pk, "feed": site.feed_id, "post": post.pk,
            "url": site.feed.url}  # fmt: skip
    row: Any = {Lifestream: stream, Subscription: site, OwnPage: own_page, Feed: site.feed, Post: post}[page.model]
    rows = page.model._base_manager.filter(pk=row.pk)
    sent = {field: value.format(**keys) if isinstance(value, str) else value for field, value in page.sent.items()}
    return rows, page.address.format(**keys), sent


@pytest.mark.parametrize("name", pages())
def test_a_form_does_not_overwrite_fields_that_were_not_changed_in_it(client: Client, name: str) -> None:
    page = pages()[name]
    rows, address, sent = filled_in(client, page)
    before = rows.values().get()
    with meanwhile(page.model, lambda: rows.update(**page.theirs)):
        answer = client.post(address, sent)
    assert answer.status_code == 302, answer.content.decode()
    after = rows.values().get()
    assert {field: after[field] for field in page.theirs} == page.theirs
    mine = {field for field in before if before[field] != after[field]} - page.theirs.keys()
    assert mine, "the fields that were changed in the form are saved"
    assert {after[field] for field in mine} & {"Mine", "one", True}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", pages())
def test_a_form_of_a_row_that_is_deleted_meanwhile_is_answered_with_404(client: Client, name: str) -> None:
    rows, address, sent = filled_in(client, page := pages()[name])
    with meanwhile(page.model, rows.delete):
        assert client.post(address, sent).status_code == 404


def test_a_row_that_was_deleted_is_not_made_again(client: Client) -> None:
    stream = owned(client)
    stream.title = "Mine"
    Lifestream.objects.all().delete()
    with pytest.raises(RowGone, match="the lifestream was deleted"):
        save_changed(stream, ["title"])
    assert not Lifestream.objects.exists()


def test_a_row_can_be_shown_as_text_after_a_row_that_it_refers_to_was_deleted(client: Client) -> None:
    """When a row is deleted in Django's admin, the admin lists the rows that are deleted with it."""
    post = make_post(make_site(owned(client)), "A post")
    feed = post.item.feed
    Article.objects.create(item=post.item, fetched=NOW)
    ReadingRequest.objects.create(feed=feed, language="de")
    rows = [model.objects.get() for model in (Post, Article, Subscription, ReadingRequest)]
    Post.objects.all().delete()
    Item.objects.all().delete()
    feed.delete()
    post_row, article, site, request = rows
    assert [str(each) for each in rows] == [str(post_row.pk), str(article.pk), str(site.pk), f"{request.pk}, de"]
