"""Row values are compared in the order of an index: by the first column that differs."""

from __future__ import annotations

import pytest
from django.db.models import Value

from lifestream.models import Tag
from lifestream.models.row_values import greater, less

pytestmark = pytest.mark.django_db

ROWS = [("a", "z"), ("b", "a"), ("b", "b"), ("c", "a")]


@pytest.mark.parametrize("place", range(len(ROWS)))
def test_less_and_greater_find_the_rows_before_and_after_a_row(place: int) -> None:
    for number, (name, slug) in enumerate(ROWS):
        Tag.objects.create(name=name, slug=f"{slug}-{number}")
    stored = list(Tag.objects.order_by("name", "slug").values_list("name", "slug"))
    name, slug = stored[place]
    here = {"name": Value(name), "slug": Value(slug)}
    tags = Tag.objects.order_by("name", "slug").values_list("name", "slug")
    assert list(tags.filter(less(here))) == stored[:place]
    assert list(tags.filter(greater(here))) == stored[place + 1 :]
    # The condition can be combined with others.
    assert list(tags.filter(greater(here), name="c")) == [row for row in stored[place + 1 :] if row[0] == "c"]
