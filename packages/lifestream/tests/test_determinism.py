"""The suite tries the same examples in each run; scripts/search.py tries others, and prints how to reproduce finds."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from programs import PATIENCE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
COMMAND = ROOT / "scripts/search.py"

DRAWING = """\
import random
from pathlib import Path

from hypothesis import given, strategies as st

drawn = []


@given(st.text(), st.integers(), st.binary(), st.floats(allow_nan=False))
def test_draw(text, integer, data, number):
    drawn.append((text, integer, data, number))


def test_note():
    Path(__file__).with_suffix(".txt").write_text(ascii([drawn, random.random()]))
"""

LIMIT = """\
import os

from hypothesis import given, strategies as st
import pytest


@given(st.integers())
def test_all_integers_are_small(number):
    assert number < 1000


@pytest.mark.search
def test_seeds_are_never_4000():
    assert os.environ["LIFESTREAM_FUZZ_SEED"] != "4000"


def test_that_does_not_search():
    raise AssertionError("it ran")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder whose tests run with the `conftest.py` of the repository."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    return tmp_path


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LIFESTREAM_FUZZ"))}
    return subprocess.run(
        [sys.executable, *command],
        env={**clean, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def test_neither_seeds_nor_imported_modules_change_what_a_test_sees(folder: Path) -> None:
    drawing = folder / "test_drawing.py"
    drawing.write_text(DRAWING)
    (folder / "many_constants.py").write_text(f"A = {list(range(10_000, 11_000))}\nB = {list('abcdefgh')}\n")
    seen = []
    for modules, seed in [("", 1), (f"import sys; sys.path.append({str(folder)!r}); import many_constants\n", 2)]:
        drawing.write_text(modules + DRAWING)
        command = ["-m", "pytest", f"--rootdir={folder}", f"--config-file={ROOT / 'pyproject.toml'}", str(drawing)]
        command += ["-p", "randomly", f"--randomly-seed={seed}", "--randomly-dont-reorganize"]
        ran = run(*command, PYTHONHASHSEED=str(seed))
        assert ran.returncode == 0, ran.stdout
        seen.append(drawing.with_suffix(".txt").read_text())
    assert seen[0] == seen[1]
    assert len(seen[0]) > 1000


def test_each_find_is_printed_once_with_the_command_that_reproduces_it(folder: Path) -> None:
    (folder / "test_limit.py").write_text(LIMIT)
    ran = run(str(COMMAND), "--rounds", "2", "--seed", "4", str(folder / "test_limit.py"))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert ran.stdout.count("number=1000,") == 1
    assert "@reproduce_failure(" in ran.stdout
    assert "it ran" not in ran.stdout
    found = re.search(r"^2 found in 2 rounds, with the seeds from 4$(.*)", ran.stdout, re.MULTILINE | re.DOTALL)
    assert found is not None, ran.stdout
    commands = re.findall(r"^    (.*)$", found[1], re.MULTILINE)
    assert sorted(shlex.split(command) for command in commands) == [
        ["LIFESTREAM_FUZZ_SEED=4000", "uv", "run", "pytest", "::test_seeds_are_never_4000"],
        ["uv", "run", "pytest", "::test_all_integers_are_small", "--hypothesis-profile=search", "--hypothesis-seed=4"],
    ]


def test_if_nothing_is_found_the_status_is_0(folder: Path) -> None:
    (folder / "test_limit.py").write_text(LIMIT)
    ran = run(str(COMMAND), "--rounds", "1", "--seed", "5", str(folder / "test_limit.py"), "-k", "seeds")
    assert (ran.returncode, ran.stdout) == (0, "0 found in 1 rounds, with the seeds from 5\n")


def test_a_run_without_tests_is_an_error(folder: Path) -> None:
    (folder / "test_limit.py").write_text(LIMIT)
    ran = run(str(COMMAND), "--rounds", "1", str(folder / "test_limit.py"), "-k", "nothing_of_that_name")
    assert ran.returncode == 2
    assert ran.stderr.endswith("scripts/search.py: pytest ended with status 5, see above\n")
