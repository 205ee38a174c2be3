"""`config`: what holds for the bundled site, and from where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from lifestream.site.configuration import FILE
from own_site import command


def test_the_command_shows_what_holds_and_from_where(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('TIME_ZONE = "Europe/Berlin"\nEMAIL_HOST_PASSWORD = "hunter2"', encoding="utf-8")
    done = command("config", "--json", folder=tmp_path, LIFESTREAM_TIMEOUT="7", DATABASE_URL="postgresql://u:pw@h/n")
    told = json.loads(done.stdout)
    assert told["TIME_ZONE"] == {"value": "Europe/Berlin", "from": str(tmp_path / FILE)}
    assert told["LIFESTREAM_TIMEOUT"] == {"value": 7, "from": "environment"}
    assert told["LIFESTREAM_MAX_BODY"] == {"value": 10485760, "from": "default"}
    assert told["DATABASE_URL"] == {"value": '"postgresql://u:***@h/n"', "from": "environment"}
    assert "hunter2" not in done.stdout
    assert not (tmp_path / "lifestream.sqlite3").exists()
    assert done.stderr == ""


def test_a_site_of_ones_own_has_its_settings_in_its_module() -> None:
    with pytest.raises(CommandError, match="a site of your own"):
        call_command("config")
