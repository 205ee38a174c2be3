"""`demo`: it needs a database of its own."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError


def test_the_demo_refuses_a_database_that_is_not_its_own(monkeypatch: Any) -> None:
    monkeypatch.delenv("LIFESTREAM_DEMO", raising=False)
    with pytest.raises(CommandError, match=r"^the demo needs a database of its own: run it as `lifestream demo`$"):
        call_command("demo", stdout=sys.stdout)
