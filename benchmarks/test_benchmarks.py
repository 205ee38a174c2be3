"""The programs in PROGRAMS still run (`uv run pytest benchmarks`). Their figures are not checked: other tests run at
the same time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = [
    "start_stop.py",
    "pytest_fixture.py",
    "throughput.py",
    "imports.py",
    "start_up.py",
    "cycles.py",
    "hostile_mix.py",
    "hostile_pages.py",
    "hostile_constructs.py",
    "parse.py",
    "claims.py",
    "pages.py",
    "first_view.py",
    "first_byte.py",
    "mix.py",
    "capacity.py",
    "peer_features.py",
    "equal_runs.py",
]
OURS = dict.fromkeys(
    (
        "start_up.py",
        "hostile_mix.py",
        "hostile_pages.py",
        "hostile_constructs.py",
        "parse.py",
        "claims.py",
        "pages.py",
        "first_view.py",
        "first_byte.py",
        "mix.py",
        "capacity.py",
    ),
    "lifestream",
)
"""Which of our packages a program's table has a line for, if not for feedserver."""
NEEDS = {
    "throughput.py": ["wrk", "ps"],
    "cycles.py": ["ps"],
    "first_view.py": ["chromium"],
    "first_byte.py": ["chromium"],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_prints_a_table_with_our_package_and_says_which_bounds_hold(program: str) -> None:
    missing = [name for name in NEEDS.get(program, ()) if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")

    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(program)), "--quick"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    for reason in (line for line in lines if line.startswith("skipped: ")):
        print(reason)
    assert any(OURS.get(program, "feedserver") in line for line in lines if line.startswith("|"))
    assert any(line.startswith(("ok ", "NO ", "-- ")) for line in lines)


def test_a_program_that_cannot_serve_its_feeds_is_not_waited_for(tmp_path: Path) -> None:
    program = tmp_path / "serves_nothing.py"
    program.write_text("", encoding="utf-8")
    code = f"from feeds import served\nwith served({str(program)!r}, 1): pass"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "the feeds can't be served" in done.stderr
