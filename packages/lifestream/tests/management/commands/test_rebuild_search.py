"""`rebuild_search`: build the search index again."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from factories import make_item
from lifestream.models import Item, fulltext

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("verbosity", "printed"), [(1, "Indexed 1 item.\n"), (0, "")])
def test_an_item_that_the_index_has_lost_is_found_again(verbosity: int, printed: str) -> None:
    item = make_item(title="Kites")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM lifestream_search")
    assert not fulltext.matching(Item.objects.all(), "kites")
    out = StringIO()
    call_command("rebuild_search", verbosity=verbosity, stdout=out)
    assert list(fulltext.matching(Item.objects.all(), "kites")) == [item]
    assert out.getvalue() == printed
