"""Pages of an owner's own text: their order and their length."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from factories import make_lifestream
from lifestream.models import OwnPage
from lifestream.models.own_pages import LONGEST

pytestmark = pytest.mark.django_db


def test_pages_are_in_the_order_of_their_positions() -> None:
    lifestream = make_lifestream()
    for position, slug in ((2, "b"), (1, "z"), (2, "a")):
        OwnPage.objects.create(lifestream=lifestream, slug=slug, title=slug, position=position)
    assert [str(page) for page in lifestream.own_pages.all()] == ["z", "a", "b"]


def test_a_page_that_is_too_long_is_refused() -> None:
    page = OwnPage(lifestream=make_lifestream(), slug="a", title="A", text="x" * (LONGEST + 1))
    with pytest.raises(ValidationError) as refused:
        page.full_clean()
    assert list(refused.value.message_dict) == ["text"]
