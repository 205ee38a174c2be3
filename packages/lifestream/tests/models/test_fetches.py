"""The log of fetches: a row is shown with the local time and the outcome in words."""

from __future__ import annotations

import pytest
from django.utils import timezone, translation

from factories import NOW, make_feed
from lifestream.models import Fetch
from lifestream.models.fetches import outcome_in_words


@pytest.mark.parametrize("outcome", Fetch.Outcome.values)
def test_each_outcome_has_words_in_the_language_of_the_reader(outcome: str) -> None:
    with translation.override("en"):
        english = outcome_in_words(outcome)
    with translation.override("de"):
        assert outcome_in_words(outcome) not in ("", english)


def test_an_empty_or_unknown_outcome_is_shown_as_it_is() -> None:
    assert (outcome_in_words(""), outcome_in_words("later")) == ("", "later")


@pytest.mark.django_db
def test_a_row_is_named_by_its_local_time_and_its_outcome() -> None:
    fetch = Fetch.objects.create(feed=make_feed(), started=NOW, outcome="not modified")
    with timezone.override("Asia/Kolkata"):
        assert timezone.localtime(NOW).strftime("%H:%M") != NOW.strftime("%H:%M")
        with translation.override("de"):
            assert str(fetch) == f"{timezone.localtime(NOW):%d.%m.%Y %H:%M}, {outcome_in_words('not modified')}"
