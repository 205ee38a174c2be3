"""Items and tags: their keys, their size, their names."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from factories import make_item
from lifestream.models import Item
from lifestream.models.items import tag_slug


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Django", "django"),
        ("#Django", "django"),
        ("  Free \n Software ", "free-software"),
        ("C", "c"),
        ("C++", "cplusplus"),
        ("C#", "csharp"),
        ("Straße", "strasse"),
        ("日本語", "日本語"),
        (".NET", "net"),
    ],
)
def test_a_tag_has_one_slug_however_it_is_written(name: str, slug: str) -> None:
    assert tag_slug(name) == slug


def test_an_item_without_a_title_is_named_by_its_text_and_a_long_text_is_cut_with_an_ellipsis() -> None:
    text = "A note without a title, as they are written on small sites, with a link and nothing else."
    assert (
        Item(summary=text).display_title
        == "A note without a title, as they are written on small sites, with a link and…"
    )
    assert Item(summary="Short.", link="https://a.example/").display_title == "Short."
    assert Item(link="https://a.example/", guid="1").display_title == "https://a.example/"
    assert Item(title="Title", summary=text).display_title == "Title"


@pytest.mark.django_db
class TestItems:
    def test_an_item_is_unique_by_feed_and_key(self) -> None:
        item = make_item()
        make_item(key_hash=item.key_hash)
        with pytest.raises(IntegrityError), transaction.atomic():
            make_item(item.feed, key_hash=item.key_hash)

    def test_text_that_is_too_long_for_an_index_is_stored(self) -> None:
        item = make_item(title="t" * 10_000, guid="g" * 5000, link="l" * 5000, author="a" * 5000)
        item.refresh_from_db()
        assert (len(item.title), len(item.guid), len(item.link), len(item.author)) == (10_000, 5000, 5000, 5000)

    @pytest.mark.parametrize("column", ["key_hash", "link_hash", "content_hash"])
    def test_each_key_of_an_item_has_an_index_within_its_feed(self, column: str) -> None:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, Item._meta.db_table)
        beginnings = [each["columns"][:2] for each in found.values() if each["index"] or each["unique"]]
        assert ["feed_id", column] in beginnings
