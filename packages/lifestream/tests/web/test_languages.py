"""The pages in other languages: German, which is shipped, and Arabic, a catalogue of these tests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils.translation import ngettext, override

from factories import make_feed, make_item, make_lifestream, make_post, make_subscription
from lifestream.message import Duration, say
from lifestream.templatetags.lifestream import day_name
from lifestream.wording import worded


@pytest.fixture
def shown(client: Client, db: None) -> Client:
    """Return the client of a visitor to a site with one post."""
    site = make_subscription(make_feed(title="A feed"), make_lifestream("main", title="Planet"))
    make_post(
        make_item(site.feed, "An item", date=datetime(2024, 3, 5, 12, tzinfo=UTC), link="https://a.example/1"), site
    )
    return client


def test_german_has_its_words_and_its_order_of_a_date(shown: Client) -> None:
    with override("de"):
        page = shown.get("/main/").content.decode()
    assert '<html lang="de">' in page
    assert "Zeitleiste" in page and "Zum Inhalt springen" in page
    assert "Dienstag, 5. März 2024" in page
    assert "Timeline" not in page and "Skip to content" not in page


def test_arabic_is_written_from_the_right(shown: Client) -> None:
    with override("ar"):
        page = shown.get("/main/").content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert "الخط الزمني" in page and "انتقل إلى المحتوى" in page
    assert "اقرأ في a.example" in page
    assert "الثلاثاء" in page


def test_arabic_chooses_among_its_plurals_by_the_number() -> None:
    with override("ar"):
        texts = [ngettext("{} feed asked", "{} feeds asked", count) for count in (0, 1, 2, 3, 11, 100)]
    assert len(set(texts)) == 5  # those for 11 and for 100 are written alike here
    assert texts[2] == "طُلبت خلاصتان ({})"


def test_a_stored_reason_is_reported_in_arabic() -> None:
    with override("ar"):
        assert worded(say("own-interval", wait=Duration(3 * 3600))) == "فترتنا الخاصة: 3 ساعات"


def test_a_day_is_named_in_the_language() -> None:
    with override("de"):
        assert day_name(datetime(2001, 1, 9, tzinfo=UTC).date()) == "Dienstag, 9. Januar 2001"
