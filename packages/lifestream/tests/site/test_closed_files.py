"""Static files in LIFESTREAM_HOME that the site's user may not read, such as copies that another user has made, and
links that go round in circles.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from own_site import PATIENCE
from programs import Program, environment, for_another_user

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files"),
]

_USER = 54_321
_BECOME = f"import os\nif os.geteuid() == 0: os.setgroups([]); os.setgid({_USER}); os.setuid({_USER})\n"
_SERVE = f"""{_BECOME}
import runpy, sys
sys.argv[1:] = ["serve", "127.0.0.1:0", "--no-update"]
runpy.run_module("lifestream", run_name="__main__")
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Yield a folder for a site. If root runs the tests, another user runs the site, since root may read every file."""
    probe = [sys.executable, "-c", f"{_BECOME}import runpy, lifestream.site.cli"]
    if subprocess.run(probe, env=for_another_user(os.environ), check=False).returncode:
        pytest.skip("another user may not read this checkout, or this Python")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "static").mkdir()
        yield Path(folder)
        for each in [Path(folder) / "static", *(Path(folder) / "static").iterdir()]:
            if not each.is_symlink():
                each.chmod(0o700)


def asked(home: Path, *paths: str) -> tuple[list[int], str]:
    """Return what a site in *home* answers, and what it has printed."""
    for each in [home, *home.rglob("*")]:
        if os.geteuid() == 0:
            os.chown(each, _USER, _USER, follow_symlinks=False)
    answers = []
    with Program([sys.executable, "-c", _SERVE], for_another_user(environment(home))) as site:
        found = re.search(r":(\d+)/", site.wait_for_line("Lifestream is at"))
        assert found is not None
        for path in paths:
            with closing(HTTPConnection("127.0.0.1", int(found[1]), timeout=PATIENCE)) as connection:
                connection.request("GET", path)
                answers.append(connection.getresponse().status)
        return answers, site.output


def test_files_that_may_not_be_read_are_left_out_and_named(home: Path) -> None:
    for name in ("custom.css", "logo.svg", "other.css", "open.css"):
        (home / "static" / name).write_text("x", encoding="utf-8")
        (home / "static" / name).chmod(0o644 if name == "open.css" else 0)
    answers, printed = asked(home, "/account/login/", "/static/open.css", "/static/other.css", "/static/custom.css")
    assert answers == [200, 200, 404, 404]
    for name in ("custom.css", "logo.svg", "other.css"):
        assert f"the static file {home / 'static' / name} is left out: this user may not read it" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("part", ["static", "static/closed"])
def test_a_folder_that_may_not_be_read_is_left_out_and_named(part: str, home: Path) -> None:
    (home / part).mkdir(exist_ok=True)
    (home / part / "a.css").write_text("a", encoding="utf-8")
    (home / part).chmod(0)
    answers, printed = asked(home, "/account/login/", f"/{part}/a.css", "/static/lifestream/theme.css")
    assert answers == [200, 404, 200]
    assert f"the static files in {home / part} are left out: Permission denied" in printed


def test_a_link_to_its_own_folder_is_not_followed(home: Path) -> None:
    (home / "static" / "a.css").write_text("a", encoding="utf-8")
    for name in ("one", "two", "three"):
        (home / "static" / name).symlink_to(home / "static")
    answers, _ = asked(home, "/static/a.css", "/static/one/a.css", "/static/one/two/a.css")
    assert answers == [200, 404, 404]


def test_a_link_that_cannot_be_followed_is_left_out_alone(home: Path) -> None:
    (home / "static" / "a.css").write_text("a", encoding="utf-8")
    (home / "static" / "round").symlink_to("round")
    (home / "static" / "closed").mkdir()
    (home / "static" / "closed" / "b.css").write_text("b", encoding="utf-8")
    (home / "static" / "into.css").symlink_to(home / "static" / "closed" / "b.css")
    (home / "static" / "closed").chmod(0)
    answers, printed = asked(home, "/static/a.css", "/static/into.css", "/static/round")
    assert answers == [200, 404, 404]
    for name, reason in (("round", "Too many levels of symbolic links"), ("into.css", "Permission denied")):
        assert f"the static file {home / 'static' / name} is left out: {reason}" in printed
    assert f"the static files in {home / 'static' / 'closed'} are left out: Permission denied" in printed
