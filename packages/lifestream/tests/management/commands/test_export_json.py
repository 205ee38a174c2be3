"""`export_json`, on standard output and into a file."""

from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from factories import make_lifestream, make_post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def lifestreams() -> None:
    """Make the lifestream `main`, with a post, and an empty one."""
    post = make_post()
    post.lifestream.slug = "main"
    post.lifestream.save()
    make_lifestream("empty")


def test_standard_output_gets_what_a_file_gets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_json", tmp_path / "out.json", lifestream="main")
    call_command("export_json", lifestream="main")
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert len(document["items"]) == 1


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"out\.json can't be written: No such file or directory"):
        call_command("export_json", tmp_path / "nowhere" / "out.json", lifestream="main")


def test_if_the_database_fails_halfway_the_export_of_before_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    call_command("export_json", file, lifestream="main")
    before = file.read_bytes()
    failure = mock.patch("lifestream.refresh.json_export._item", side_effect=OperationalError("disk I/O error"))
    with failure, pytest.raises(CommandError, match="disk I/O error"):
        call_command("export_json", file, lifestream="main")
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
