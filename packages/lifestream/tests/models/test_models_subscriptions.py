"""Subscriptions: their names, which rules are refused, and the order in which they are locked."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from factories import make_feed, make_subscription
from lifestream.content.filter_rules import LONGEST_RULES
from lifestream.models import Subscription


@pytest.mark.django_db
def test_a_subscription_is_unique_and_named_by_its_owner_or_its_feed() -> None:
    feed = make_feed(title="Feed")
    subscription = make_subscription(feed, name="Mine")
    assert (str(subscription), str(make_subscription(feed))) == ("Mine", "Feed")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_subscription(feed, subscription.lifestream)


@pytest.mark.django_db
def test_an_invalid_rule_is_a_validation_error() -> None:
    subscription = make_subscription(make_feed())
    subscription.block_rules = "title:"
    with pytest.raises(ValidationError, match="Line 1, 'title:', has nothing to look for"):
        subscription.full_clean()


@pytest.mark.django_db
def test_a_text_of_rules_that_is_too_long_is_a_validation_error() -> None:
    subscription = make_subscription(make_feed())
    for text, field in (("\n" * (LONGEST_RULES + 1), "keep_rules"), (f'"{"a " * LONGEST_RULES}"', "block_rules")):
        setattr(subscription, field, text)
        with pytest.raises(ValidationError, match="at most 100000 characters"):
            subscription.full_clean()
        setattr(subscription, field, f"dog{text}"[:LONGEST_RULES])
        subscription.full_clean()


@pytest.mark.postgres
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
@pytest.mark.django_db
def test_new_folders_of_subscriptions_are_set_after_their_feeds_are_locked() -> None:
    make_subscription(make_feed())
    with CaptureQueriesContext(connection) as queries:
        Subscription.objects.update(folder="News")
    statements = [query["sql"] for query in queries]
    lock = next(at for at, each in enumerate(statements) if "lifestream_feed" in each and each.endswith(" FOR UPDATE"))
    update = next(at for at, each in enumerate(statements) if each.startswith('UPDATE "lifestream_subscription"'))
    assert re.search(r'ORDER BY (?:1|"lifestream_feed"\."id") ASC FOR UPDATE$', statements[lock])
    assert statements[lock].startswith('SELECT "lifestream_feed"."id"')
    assert lock < update
