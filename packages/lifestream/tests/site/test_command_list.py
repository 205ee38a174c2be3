"""The list of commands that a newcomer sees first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from lifestream.site.command_list import Utility, command_list
from programs import run


@pytest.mark.parametrize("columns", [20, 40, 80, 300])
def test_each_command_of_ours_has_a_sentence_and_each_of_django_a_name(columns: int) -> None:
    lines = command_list(columns).splitlines()
    assert max(map(len, lines)) <= max(40, min(columns, 100))
    ours, django = lines.index("Commands of lifestream:"), lines.index("Commands of Django:")
    listed = "\n".join(lines[ours + 1 : django])
    for name, app in get_commands().items():
        if app == "lifestream":
            assert re.search(rf"^  {name} +\w+", listed, re.MULTILINE)
        else:
            assert name in " ".join(lines[django + 1 :]).replace(",", "").split()


def test_a_command_is_described_by_its_first_sentence() -> None:
    lines = [" ".join(line.split()) for line in command_list(100).splitlines()]
    assert "serve Brings the database up to date, serves the pages with a production server, and" in lines
    assert "updates feeds in the background, until Ctrl-C or SIGTERM." in lines


def test_a_shell_completes_the_names_of_commands() -> None:
    assert Utility(["lifestream", "help", "--commands"]).main_help_text(commands_only=True).splitlines() == sorted(
        get_commands()
    )


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"]])
def test_the_list_needs_no_database(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path / "new", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Commands of lifestream:" in done.stdout
    assert not (tmp_path / "new" / "lifestream.sqlite3").exists()
