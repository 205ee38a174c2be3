"""The log of fetches in the admin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django.fixtures import Settings

from admin_users import listed
from factories import make_feed
from lifestream.message import say
from lifestream.models import Fetch
from lifestream.wording import worded

pytestmark = pytest.mark.django_db


def test_fetches_with_the_same_result_are_one_line_with_their_number(admin_client: Client) -> None:
    now = timezone.now()
    hour = timedelta(hours=1)
    fields = {"outcome": "not modified", "status": 304, "reason": "the feed publishes twice a week"}
    Fetch.objects.create(feed=make_feed(), started=now - 30 * hour, latest=now - hour, count=30, **fields)
    page = listed(admin_client, "fetch").replace("\xa0", " ")
    assert "30 times, first 1 day ago" in page
    assert "the feed publishes twice a week" in page


def test_a_fetch_is_reported_in_the_language_of_the_admin(admin_client: Client, settings: Settings) -> None:
    settings.LANGUAGE_CODE, settings.TIME_ZONE = "de", "Europe/Berlin"
    started = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    fetch = Fetch.objects.create(
        feed=make_feed(), started=started, outcome="failed", message=say("cut-short"), reason=say("resumed")
    )
    page = admin_client.get(f"/admin/lifestream/fetch/{fetch.pk}/change/").content.decode()
    with translation.override("de"):
        assert str(fetch) == "02.03.2026 00:30, fehlgeschlagen"
        for code in ("cut-short", "resumed"):
            assert worded(say(code)) in page and say(code) not in page, code
