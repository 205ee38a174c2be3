"""The rules of a whole lifestream, in its owner's pages."""

from __future__ import annotations

import pytest
from django.test import Client

from lifestream.models import Lifestream, Post
from owners import owned, submitted
from shown import make_post, make_site

pytestmark = pytest.mark.django_db
HERE = "/main/manage/rules/"


@pytest.fixture
def lifestream(client: Client) -> Lifestream:
    lifestream = owned(client)
    for title in ("a cat", "a dog"):
        make_post(make_site(lifestream), title, text=title)
    return lifestream


def test_a_preview_changes_nothing(client: Client, lifestream: Lifestream) -> None:
    assert "Of 2 posts, these rules would hide 1." in submitted(client, HERE, block_rules="cat", do="preview")
    lifestream.refresh_from_db()
    assert not lifestream.block_rules and Post.objects.visible().count() == 2


def test_rules_are_saved_applied_and_removed(client: Client, lifestream: Lifestream) -> None:
    assert "Saved." in submitted(client, HERE, block_rules="cat", do="save")
    assert Post.objects.visible().get().item.title == "a dog"
    assert "Rules hide 1 more." in client.get("/main/manage/hidden/").content.decode()
    submitted(client, HERE, block_rules="", do="save")
    assert Post.objects.visible().count() == 2


@pytest.mark.parametrize("name", ["keep_rules", "block_rules"])
def test_a_rule_that_cannot_be_read_is_refused_at_its_field(client: Client, lifestream: Lifestream, name: str) -> None:
    answer = client.post(HERE, {name: "cat\ntag:", "do": "save"})
    assert list(answer.context["form"].errors) == [name] and b"line 2" in answer.content.lower()
    assert Post.objects.visible().count() == 2
