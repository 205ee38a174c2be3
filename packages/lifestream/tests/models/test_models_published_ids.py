"""The rows of published ids: each item has one, and no two items share one."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from factories import make_item
from lifestream.models import PublishedId, Tombstone

pytestmark = pytest.mark.django_db


def test_ids_are_unique_and_the_id_of_a_deleted_item_is_kept_in_its_tombstone() -> None:
    first, second = make_item(), make_item()
    uris = dict(PublishedId.objects.values_list("item_id", "uri"))
    assert set(uris) == {first.pk, second.pk}
    with pytest.raises(IntegrityError), transaction.atomic():
        PublishedId.objects.filter(item=second).update(uri=uris[first.pk])
    assert str(PublishedId.objects.get(item=first)) == uris[first.pk]
    gone = first.pk
    first.delete()
    assert not PublishedId.objects.filter(item=gone).exists()
    assert Tombstone.objects.get().uri == uris[gone]
