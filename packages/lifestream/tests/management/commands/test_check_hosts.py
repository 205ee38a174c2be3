"""`check_hosts`: report hosts that aren't due when their feeds are, and repair them."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from factories import NOW, make_feed
from lifestream.models import Host


def output(*options: str) -> str:
    out = StringIO()
    call_command("check_hosts", *options, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_wrong_host_is_reported_and_repaired() -> None:
    make_feed("https://a.example/"), make_feed("https://b.example/")
    assert output() == "Each of 2 hosts is due when its feeds are.\n"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lifestream_host SET next_due = NULL WHERE name = 'a.example'")
    told = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("check_hosts", stderr=told)
    assert told.getvalue() == "1 of 2 hosts are not due when their feeds are; --repair corrects this.\n"
    assert output("--repair") == "Repaired 1 of 2 hosts.\n"
    assert set(Host.objects.values_list("next_due", flat=True)) == {NOW}
