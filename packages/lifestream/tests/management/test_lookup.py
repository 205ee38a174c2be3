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


def test_an_unknown_feed_is_named_with_the_nearest_and_without_its_password() -> None:
    make_feed("https://blog.example/feed")

    with pytest.raises(CommandError) as error:
        feeds_at("https://name:password@blog.example/fed")

    assert str(error.value) == (
        "there is no feed https://blog.example/fed; add it with add_feed; did you mean https://blog.example/feed?"
    )


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
