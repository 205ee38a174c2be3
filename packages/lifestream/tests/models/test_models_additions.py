"""Addresses that are to be added."""

from __future__ import annotations

import pytest

from factories import make_lifestream
from lifestream.models import Addition

pytestmark = pytest.mark.django_db


def test_one_is_called_by_its_address_and_is_open_until_somebody_has_looked() -> None:
    addition = Addition.objects.create(lifestream=make_lifestream(), url="https://a.example/")
    assert str(addition) == "https://a.example/" and addition.state in Addition.OPEN
    assert not {Addition.State.ADDED, Addition.State.FAILED} & set(Addition.OPEN)
