"""The feed or lifestream that an argument of a command names."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from factories import make_feed, make_lifestream
from lifestream.management.lookup import chosen_lifestream, feeds_at
from lifestream.models import Lifestream

pytestmark = pytest.mark.django_db


def test_a_feed_is_found_as_people_write_its_url() -> None:
    feed = make_feed("https://blog.example/feed")
    secret = make_feed("https://blog.example/feed", credentials="sealed")

    assert feeds_at("https://blog.example/feed#top") == [feed.pk, secret.pk]
    assert feeds_at("https://name:password@blog.example/feed") == [feed.pk, secret.pk]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://name:password@blog.example/fed", "https://blog.example/fed"),
        ("https://feed://name:password@blog.example/fed", "http://blog.example/fed"),
        ("name:password@blog.example/fed", "…@blog.example/fed"),
        ("https://name:pass/word@blog.example/fed", "https://…@blog.example/fed"),
    ],
)
def test_an_unknown_feed_is_named_without_its_password(url: str, shown: str) -> None:
    make_feed("https://blog.example/feed")

    with pytest.raises(CommandError) as error:
        feeds_at(url)

    assert str(error.value).partition("; did you mean ")[0] == f"there is no feed {shown}; add it with add_feed"


def test_the_nearest_feed_is_named_for_an_unknown_one() -> None:
    for path in ("news", "feed", "rss"):
        make_feed(f"https://blog.example/{path}")

    with pytest.raises(CommandError, match=r"did you mean https://blog\.example/feed\b"):
        feeds_at("https://blog.example/fed")


def test_a_first_lifestream_is_made_if_there_is_none() -> None:
    assert chosen_lifestream(None) == chosen_lifestream("main") == Lifestream.objects.get()


def test_a_lifestream_must_be_named_unless_it_is_the_only_one_or_is_called_main() -> None:
    one = make_lifestream("one")
    assert chosen_lifestream(None) == one

    two = make_lifestream("two")
    assert (chosen_lifestream("one"), chosen_lifestream("two")) == (one, two)
    with pytest.raises(CommandError, match="there are several lifestreams; choose one with --lifestream: one, two"):
        chosen_lifestream(None)

    main = make_lifestream("main")
    assert chosen_lifestream(None) == main
