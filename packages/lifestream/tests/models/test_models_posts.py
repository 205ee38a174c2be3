"""Posts: which of them are visible."""

from __future__ import annotations

import itertools

import pytest

from lifestream.models import Post
from shown import make_post, make_site

pytestmark = pytest.mark.django_db


def test_a_post_is_visible_unless_it_is_hidden_removed_or_ruled_out() -> None:
    site = make_site()
    for flags in itertools.product((False, True), repeat=3):
        post = make_post(site, str(flags))
        Post.objects.filter(pk=post.pk).update(**dict(zip(("hidden", "removed", "ruled"), flags, strict=True)))
    assert Post.objects.visible().get().item.title == "(False, False, False)"
