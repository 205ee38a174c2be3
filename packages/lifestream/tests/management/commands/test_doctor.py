"""`doctor`: report problems and their remedies."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from django.utils.translation import override

from factories import make_feed, make_subscription

pytestmark = pytest.mark.django_db


def test_doctor_exits_with_1_if_it_finds_an_error() -> None:
    make_subscription(make_feed(next_fetch=timezone.now() - timedelta(days=3)))
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out)
    assert ended.value.code == 1
    assert "!!  fetching" in out.getvalue()


def test_doctor_exits_with_0_if_it_finds_no_error() -> None:
    out = StringIO()
    call_command("doctor", "--json", stdout=out)
    findings = json.loads(out.getvalue())
    assert {"subject": "disk", "grade": "ok", "text": "nothing to say", "remedy": ""} in findings


def test_json_can_be_printed_in_any_encoding() -> None:
    make_subscription(make_feed(next_fetch=timezone.now() - timedelta(days=3)))
    out = StringIO()
    with override("de"), pytest.raises(SystemExit):
        call_command("doctor", "--json", stdout=out)
    assert out.getvalue().isascii()
    assert not json.dumps(json.loads(out.getvalue()), ensure_ascii=False).isascii()
