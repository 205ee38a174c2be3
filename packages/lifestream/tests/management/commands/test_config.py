"""`config`: the settings of the bundled site, and where each was set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from lifestream.site.configuration import FILE
from lifestream.site.options import OPTIONS
from own_site import command


@pytest.mark.slow
def test_each_setting_is_shown_with_its_source(tmp_path: Path) -> None:
    folder = tmp_path / "Grüße"
    folder.mkdir()
    (folder / FILE).write_text('TIME_ZONE = "Europe/Berlin"\nEMAIL_HOST_PASSWORD = "hunter2"', encoding="utf-8")
    done = command("config", "--json", folder=folder, LIFESTREAM_TIMEOUT="7", DATABASE_URL="postgresql://u:pw@h/n")
    assert done.stdout.isascii()  # so that it can be printed in any encoding
    shown = json.loads(done.stdout)
    assert list(shown) == [each.name for each in OPTIONS]
    assert shown["TIME_ZONE"] == {"value": "Europe/Berlin", "from": str(folder / FILE)}
    assert shown["LIFESTREAM_TIMEOUT"] == {"value": 7, "from": "environment"}
    assert shown["LIFESTREAM_MAX_BODY"] == {"value": 10485760, "from": "default"}
    assert shown["LIFESTREAM_SERVE_PICTURES"] == {"value": False, "from": "default"}
    without_default = {name for name, each in shown.items() if each["value"] is None}
    assert without_default == {
        "LIFESTREAM_LOG_LEVEL", "LIFESTREAM_REPORT_TO", "LIFESTREAM_VALID_TAGS", "LIFESTREAM_VALID_STYLES",
    }  # fmt: skip
    assert shown["DATABASE_URL"] == {"value": '"postgresql://u:***@h/n"', "from": "environment"}
    assert "hunter2" not in done.stdout
    assert not (folder / "lifestream.sqlite3").exists()
    assert done.stderr == ""


def test_on_another_site_than_the_bundled_one_config_is_an_error() -> None:
    with pytest.raises(CommandError, match="a site of your own"):
        call_command("config")
