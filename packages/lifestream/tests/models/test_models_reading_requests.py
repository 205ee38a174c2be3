"""Requests to see how a feed is read."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from factories import make_feed
from lifestream.models import ReadingRequest

pytestmark = pytest.mark.django_db


def test_there_is_one_request_for_each_feed_and_language() -> None:
    feed = make_feed(title="Small Hours")
    ReadingRequest.objects.create(feed=feed, language="de")
    assert "Small Hours" in str(ReadingRequest.objects.create(feed=feed, language="en"))
    with pytest.raises(IntegrityError):
        ReadingRequest.objects.create(feed=feed, language="en")
