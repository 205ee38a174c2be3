"""The results of reading the pages of items."""

from __future__ import annotations

import pytest

from factories import NOW, make_feed, make_item
from lifestream.models import Article


@pytest.mark.django_db
def test_the_result_for_a_page_is_deleted_with_its_item() -> None:
    item = make_item(make_feed(), "one")
    page = Article.objects.create(item=item, fetched=NOW, message="no article")
    assert str(page) == str(item)
    item.delete()
    assert not Article.objects.exists()
