"""`serve --reload`: templates are read anew for each request, and the server restarts after a change of the settings
and for a new static file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from django.template import engines
from django.template.loader import render_to_string

from lifestream.management.reloading import files_of_settings, reading_templates_anew, serve_again, state_of


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = tmp_path
    return tmp_path


def state() -> Any:
    return state_of(files_of_settings())


def test_a_change_of_the_settings_is_seen(home: Path) -> None:
    file, before = home / "lifestream.toml", state()
    file.write_text('LIFESTREAM_TITLE = "A"')
    made = state()
    assert made != before
    assert made == {**before, str(file): made[str(file)]}
    file.write_text('LIFESTREAM_TITLE = "AB"')
    assert state() != made


def test_only_a_new_static_file_needs_a_restart_not_a_changed_one_or_a_template(home: Path) -> None:
    (home / "static").mkdir()
    before = state()
    (home / "static" / "custom.css").write_text("a {}")
    after = state()
    assert after != before
    (home / "static" / "custom.css").write_text("body {}")
    (home / "templates").mkdir()
    (home / "templates" / "x.html").write_text("x")
    assert state() == after


def test_of_very_many_static_files_only_some_are_watched(home: Path) -> None:
    (home / "static").mkdir()
    for number in range(1500):
        (home / "static" / f"{number}.png").touch()
    assert len(state()) < 1010


@pytest.mark.slow
def test_the_server_is_started_again_after_each_change_even_if_it_has_failed(home: Path) -> None:
    # The first run changes a setting and keeps running, as a server does. The second fails, as a server with wrong
    # settings does; its child corrects them once it has ended. The third ends.
    program = f"""
import pathlib, subprocess, sys, time, os
assert os.environ["LIFESTREAM_RELOADED"] == "1"
home = pathlib.Path({str(home)!r})
runs = home / "runs"
count = len(runs.read_text()) if runs.exists() else 0
runs.write_text("x" * (count + 1))
settings = home / "lifestream.toml"
if count == 0:
    settings.write_text("# wrong")
    time.sleep(600)
if count == 1:
    correct = "import sys, time; sys.stdin.read(); time.sleep(0.1); open(sys.argv[1], 'w').write('# correct')"
    subprocess.Popen([sys.executable, "-S", "-c", correct, settings], stdin=subprocess.PIPE)
sys.exit(0 if settings.read_text() == "# correct" else 1)
"""
    serve_again([sys.executable, "-S", "-c", program], pause=0.01)
    assert (home / "runs").read_text() == "xxx"
    assert "LIFESTREAM_RELOADED" not in os.environ, "only the server has the variable"


def test_templates_are_read_anew_for_each_request(tmp_path: Path, settings: Any) -> None:
    engine = {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}
    settings.TEMPLATES = [engine]
    assert engines.all()
    page = tmp_path / "page.html"
    page.write_text("one")

    def application(environ: Any, start_response: Any) -> str:
        return render_to_string("page.html")

    assert application({}, None) == "one"
    page.write_text("two")
    assert application({}, None) == "one", "without --reload, templates are cached"
    assert reading_templates_anew(application)({}, None) == "two"
