"""The feed and the lifestream that the arguments of a command name."""

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
    make_feed("https://blog.example/feed")

    with pytest.raises(CommandError, match=r"did you mean https://blog\.example/feed\?$"):
        feeds_at("https://blog.example/fed")


def test_a_first_lifestream_is_made_if_there_is_none() -> None:
    assert chosen_lifestream(None) == chosen_lifestream("main") == Lifestream.objects.get()


def test_the_only_lifestream_and_main_need_no_name_and_one_of_several_others_does() -> None:
    one = make_lifestream("one")
    assert chosen_lifestream(None) == one

    make_lifestream("two")
    assert chosen_lifestream("one") == one
    with pytest.raises(CommandError, match="there are several lifestreams; choose one with --lifestream: one, two"):
        chosen_lifestream(None)

    main = make_lifestream("main")
    assert chosen_lifestream(None) == main
