"""How many posts rules would hide, before they are saved."""

from __future__ import annotations

import pytest

from factories import make_lifestream
from lifestream.models import Lifestream, Post
from lifestream.owner import rule_preview
from lifestream.owner.rule_preview import preview_of
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def lifestream() -> Lifestream:
    lifestream = make_lifestream()
    for title in ("a cat", "a dog", "a cat and a dog"):
        make_post(make_site(lifestream), title, text=title)
    return lifestream


def test_what_keep_and_block_rules_would_hide(lifestream: Lifestream) -> None:
    found = preview_of(lifestream, "cat", "dog")
    assert (found.posts, found.hidden, found.is_partial) == (3, 2, False)
    assert {post.item.title for post in found.examples} == {"a dog", "a cat and a dog"}
    assert preview_of(lifestream, "", "").hidden == 0


def test_what_the_present_rules_hide_is_counted_as_well(lifestream: Lifestream) -> None:
    lifestream.block_rules = "dog"
    lifestream.save()
    assert preview_of(lifestream, "", "dog").hidden == 2 and preview_of(lifestream, "", "").posts == 3


def test_what_is_hidden_by_hand_is_not(lifestream: Lifestream) -> None:
    Post.objects.filter(item__title="a dog").update(hidden=True)
    assert preview_of(lifestream, "", "dog").hidden == 1


def test_a_site_is_looked_at_within_the_rules_of_its_lifestream(lifestream: Lifestream) -> None:
    Lifestream.objects.update(block_rules="cat")
    site = lifestream.subscriptions.select_related("lifestream").get(posts__item__title="a cat")
    found = preview_of(site, "", "dog")
    assert (found.posts, found.hidden) == (1, 1)


def test_only_the_latest_are_looked_at(lifestream: Lifestream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_preview, "LOOKED_AT", 2)
    found = preview_of(lifestream, "nothing", "")
    assert (found.posts, found.hidden, found.is_partial) == (2, 2, True)
