"""Subscriptions at hubs: each feed has at most one that it wants, and keys can't be guessed."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction

from factories import make_feed
from lifestream.models import HubSubscription
from lifestream.models.hubs import make_key

State = HubSubscription.State


def test_a_key_fits_into_a_path_and_is_never_the_same() -> None:
    keys = {make_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", key) for key in keys)


@pytest.mark.django_db
def test_a_feed_has_one_wanted_subscription_and_may_be_leaving_others() -> None:
    feed = make_feed()
    for state in (State.LEAVING, State.LEAVING, State.ACTIVE):
        HubSubscription.objects.create(feed=feed, hub="https://hub.example/", topic=feed.url, state=state)
    with pytest.raises(IntegrityError), transaction.atomic():
        HubSubscription.objects.create(feed=feed, hub="https://other.example/", topic=feed.url)
    assert str(HubSubscription.objects.first()) == f"{feed.url} at https://hub.example/"
