"""How many posts rules would hide, before they are saved."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from factories import make_lifestream
from lifestream.models import Item, Lifestream, Post
from lifestream.owner import rule_preview
from lifestream.owner.rule_preview import preview_of
from lifestream.storage import backfill
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def lifestream() -> Lifestream:
    """Return a lifestream with three posts. Another one has a post, too."""
    lifestream = make_lifestream()
    make_post(make_site(), "a dog elsewhere", text="a dog elsewhere")
    for title in ("a cat", "a dog", "a cat and a dog"):
        make_post(make_site(lifestream), title, text=title)
    return lifestream


def test_a_preview_shows_the_posts_that_keep_and_block_rules_would_hide(lifestream: Lifestream) -> None:
    found = preview_of(lifestream, "cat", "dog")
    assert (found.posts, found.hidden, found.is_partial) == (3, 2, False)
    assert {post.item.title for post in found.examples} == {"a dog", "a cat and a dog"}
    assert preview_of(lifestream, "", "").hidden == 0


def test_posts_that_the_present_rules_hide_are_counted_as_well(lifestream: Lifestream) -> None:
    lifestream.block_rules = "dog"
    lifestream.save()
    assert preview_of(lifestream, "", "dog").hidden == 2 and preview_of(lifestream, "", "").posts == 3


def test_posts_that_are_hidden_by_hand_are_not_counted(lifestream: Lifestream) -> None:
    Post.objects.filter(item__title="a dog").update(hidden=True)
    assert preview_of(lifestream, "", "dog").hidden == 1


def test_the_preview_for_a_site_applies_the_rules_of_its_lifestream_too(lifestream: Lifestream) -> None:
    Lifestream.objects.update(block_rules="cat")
    site = lifestream.subscriptions.select_related("lifestream").get(posts__item__title="a cat")
    found = preview_of(site, "", "dog")
    assert (found.posts, found.hidden) == (1, 1)


def test_only_the_latest_posts_are_looked_at(lifestream: Lifestream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_preview, "LOOKED_AT", 2)
    found = preview_of(lifestream, "nothing", "")
    assert (found.posts, found.hidden, found.is_partial) == (2, 2, True)
    assert [post.item.title for post in found.examples] == ["a cat", "a dog"]


def test_only_a_limited_amount_of_text_is_read(lifestream: Lifestream, monkeypatch: pytest.MonkeyPatch) -> None:
    Item.objects.update(link="")
    monkeypatch.setattr(backfill, "TEXT_AT_ONCE", 1_020)
    found = preview_of(lifestream, "", "a")
    assert (found.posts, found.hidden, found.is_partial) == (2, 2, True)
    assert [post.item.title for post in found.examples] == ["a cat", "a dog"]
    monkeypatch.setattr(backfill, "TEXT_AT_ONCE", 1)
    assert preview_of(lifestream, "", "a").posts == 1


def test_few_texts_are_in_memory_at_the_same_time(lifestream: Lifestream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "_PORTION", 1)
    loaded: list[int] = []

    def without_tags(items: Sequence[Item], using: str) -> dict[int, list[str]]:
        loaded.append(len(items))
        return {}

    monkeypatch.setattr(backfill, "_tags_of", without_tags)
    assert preview_of(lifestream, "", "dog").hidden == 2
    assert loaded == [1, 1, 1]
