"""Addresses of feeds that are to be added."""

from __future__ import annotations

import pytest

from factories import make_lifestream
from lifestream.models import Addition

pytestmark = pytest.mark.django_db


def test_an_addition_is_shown_by_its_address_and_open_until_it_has_a_result() -> None:
    addition = Addition.objects.create(lifestream=make_lifestream(), url="https://a.example/")
    assert str(addition) == "https://a.example/" and addition.state in Addition.OPEN
    assert not {Addition.State.ADDED, Addition.State.FAILED} & set(Addition.OPEN)
