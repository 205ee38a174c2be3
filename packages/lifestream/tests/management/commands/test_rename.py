"""`rename`: the name of a feed in a lifestream."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from factories import make_feed, make_lifestream, make_subscription
from lifestream.models import Subscription

pytestmark = pytest.mark.django_db
URL = "https://a.example/feed"


def renamed(*arguments: str) -> str:
    out = StringIO()
    call_command("rename", *arguments, stdout=out)
    return out.getvalue()


def test_a_feed_gets_a_name_in_one_lifestream_and_loses_it_again() -> None:
    feed = make_feed(URL, title="Its own")
    for slug in ("main", "other"):
        make_subscription(feed, make_lifestream(slug))
    assert renamed(URL, " A  name ", "--lifestream", "main") == f"{URL} is called “A name” in the lifestream 'main'.\n"
    assert dict(Subscription.objects.values_list("lifestream__slug", "name")) == {"main": "A name", "other": ""}
    assert renamed(URL, "--lifestream", "main") == f"{URL} is called “Its own” in the lifestream 'main'.\n"


def test_a_feed_that_is_not_in_the_lifestream_cannot_be_renamed() -> None:
    make_feed(URL)
    make_lifestream("main")
    with pytest.raises(CommandError, match="is not in the lifestream 'main'"):
        renamed(URL, "x")
