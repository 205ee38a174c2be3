"""The command that changes core modules in small ways, and reports which changes no test notices."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.costly

ROOT = Path(__file__).parents[3]
COMMAND = ROOT / "scripts/mutate.py"
MODULE = "packages/feedserver/src/feedserver/messages/terminal_text.py"
SURVIVOR = """
[[module.survivor]]
function = "visible"
was = "return text"
becomes = "return None"
reason = "none"
"""

pytest.importorskip("cosmic_ray", reason="the group `mutation` of pyproject.toml is not installed")


def mutate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a newcomer would, without the options of the test run around it."""
    # The tests that the command runs do not use Django, which pytest-django would set up for each run.
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "DJANGO_SETTINGS_MODULE": "bare_settings"}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(
        [sys.executable, str(COMMAND), *map(str, arguments)],
        capture_output=True, encoding="utf-8", env=environment, timeout=900, check=False,
    )  # fmt: skip


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], int]:
    """Return the command as a function of this process, for what needs no run of tests."""
    monkeypatch.syspath_prepend(str(COMMAND.parent))
    main: Callable[[list[str]], int] = importlib.import_module("mutate").main
    return main


def row(printed: str) -> list[int]:
    """Return the numbers of the module's row: mutants, killed, timeouts, survived, listed."""
    found = re.search(rf"^{re.escape(MODULE)}((?: +\d+){{5}})", printed, re.MULTILINE)
    assert found, printed
    return [int(number) for number in found[1].split()]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Return the file of a list with one module, whose tests notice each change."""
    tests = tmp_path / "test_tiny.py"
    tests.write_text(
        "from dataclasses import make_dataclass\n"
        "from feedserver.messages.terminal_text import visible, visible_json, visible_repr\n"
        "def test_escape():\n"
        "    assert visible('a\\x1b\\n') == 'a\\\\x1b\\\\n'\n"
        "def test_plain():\n"
        "    text = 'ab'\n"
        "    assert visible(text) is text\n"
        "def test_json():\n"
        '    assert visible_json(\'"\U000e0041"\\n"b"\') == \'"\\\\udb40\\\\udc41"\\n"b"\'\n'
        "def test_repr():\n"
        "    assert visible_repr(make_dataclass('Row', ['cell'])('\u0301' * 9)) == "
        "\"Row(cell='\" + '\u0301' * 8 + \"\\\\u0301')\"\n"
        "def test_lines():\n"
        "    assert visible('a\\x1b\\nb', lines=True) == 'a\\\\x1b\\nb'\n"
        "def test_marks():\n"
        "    for before, after in [('', ''), ('\\x1b', '\\\\x1b')]:\n"
        "        assert visible(before + '\\u0301' * 10) == after + '\\u0301' * 8 + '\\\\u0301' * 2\n"
        "    assert visible('a\\u0301b' * 9) == 'a\\u0301b' * 9\n"
        "    assert visible('\\x1b' + 'a\\u0301b' * 9) == '\\\\x1b' + 'a\\u0301b' * 9\n",
        encoding="utf-8",
    )
    file = tmp_path / "mutation.toml"
    file.write_text(f"[[module]]\npath = '{MODULE}'\ntests = ['{tests.as_posix()}']\n", encoding="utf-8")
    return file


def test_a_module_whose_tests_notice_each_change_passes(settings: Path) -> None:
    source = (ROOT / MODULE).read_bytes()

    done = mutate("--settings", settings)

    assert done.returncode == 0, done.stdout + done.stderr
    mutants, killed, timeouts, survived, listed = row(done.stdout)
    assert mutants == killed + timeouts > 5
    assert (survived, listed) == (0, 0)
    assert (ROOT / MODULE).read_bytes() == source


def test_a_survivor_is_shown_and_an_entry_that_is_not_needed_is_named(settings: Path, tmp_path: Path) -> None:
    with settings.open("a", encoding="utf-8") as file:
        file.write(SURVIVOR)
    tests = tmp_path / "test_tiny.py"
    tests.write_text(tests.read_text("utf-8").partition("def test_lines")[0], encoding="utf-8")

    done = mutate("terminal_text", "--settings", settings)

    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(
        rf"^survived, in visible: {re.escape(MODULE)}:\d+\n- .*\n\+ .*return None$", done.stdout, re.MULTILINE
    )
    assert "listed, but no such mutant survives; remove it from the list:" in done.stdout
    assert re.search(r" FAILS$", done.stdout, re.MULTILINE)


def test_tests_that_fail_on_the_unchanged_code_are_an_error(settings: Path, tmp_path: Path) -> None:
    (tmp_path / "test_tiny.py").write_text("def test_it():\n    assert False\n", encoding="utf-8")

    done = mutate("--settings", settings)

    assert done.returncode == 2
    assert f"scripts/mutate.py: the tests of {MODULE} fail on the code as it is:" in done.stderr


def test_a_survivor_without_a_reason_is_refused(
    settings: Path, command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with settings.open("a", encoding="utf-8") as file:
        file.write(SURVIVOR.replace('"none"', '" "'))

    with pytest.raises(SystemExit, match="2"):
        command(["--settings", str(settings)])

    assert capsys.readouterr().err.endswith("has no reason; say why it may survive\n")


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        (MODULE, "packages/no/such/module.py", "there is no file packages/no/such/module.py"),
        ("tests = ", "test = ", "an entry has no 'tests'"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(
    was: str,
    becomes: str,
    message: str,
    settings: Path,
    command: Callable[[list[str]], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.write_text(settings.read_text(encoding="utf-8").replace(was, becomes), encoding="utf-8")

    with pytest.raises(SystemExit, match="2"):
        command(["--settings", str(settings)])

    assert capsys.readouterr().err.endswith(f"{settings}: {message}\n")


def test_a_list_that_does_not_exist_is_refused(
    tmp_path: Path, command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command(["--settings", str(tmp_path / "none.toml")])

    assert "No such file or directory" in capsys.readouterr().err


def test_zero_jobs_are_refused(command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command(["--jobs", "0"])

    assert capsys.readouterr().err.endswith("--jobs must be at least 1\n")


def test_a_module_that_is_not_named_in_the_list_is_refused(
    command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command(["no/such/module"])

    assert "has no/such/module in its path; try --list" in capsys.readouterr().err


def test_text_that_no_mutant_has_is_refused(
    settings: Path, command: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["--settings", str(settings), "--only", "no such text"]) == 2
    assert f"no mutant of {MODULE} has 'no such text' in its function or lines" in capsys.readouterr().err


def test_each_module_is_tried_with_all_tests_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of tests may be split: `test_subscribe.py`, `test_subscribe_pages.py`, in the folder of the module."""
    monkeypatch.syspath_prepend(str(COMMAND.parent))
    mutate = importlib.import_module("mutate")
    targets = mutate.read_settings(mutate.SETTINGS)
    found = 0
    for target in targets:
        package, _, module = target.path.partition("/src/")
        name = Path(module)
        folder = ROOT / package / "tests" / Path(*name.parts[1:-1])
        own = [*folder.glob(f"test_{name.stem}.py"), *folder.glob(f"test_{name.stem}_*.py")]
        found += len(own)
        missing = {path.relative_to(ROOT).as_posix() for path in own} - set(target.tests)
        assert not missing, f"{target.path} lacks {', '.join(sorted(missing))} in scripts/mutation.toml"
    assert found >= len(targets) > 0, "the folders of the tests were not found"


def test_each_listed_survivor_quotes_lines_that_are_still_in_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(COMMAND.parent))
    scripts_mutate = importlib.import_module("mutate")
    missing = []
    for target in scripts_mutate.read_settings(scripts_mutate.SETTINGS):
        tree = ast.parse(source := (ROOT / target.path).read_text("utf-8"))
        functions: dict[str, list[str]] = {"": source.splitlines()}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                assert node.end_lineno is not None
                lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
                functions.setdefault(node.name, []).extend(lines)
        for place in target.allowed:
            lines = functions.get(place.function.rpartition(".")[2], [])
            if _squeezed(place.was) not in _squeezed("\n".join(lines)):
                missing.append(f"{target.path}: {place.function}: {place.was}")
    assert missing == []


def _squeezed(text: str) -> str:
    """Return *text* without white space."""
    return "".join(text.split())


def test_our_own_operators_make_the_changes_that_their_examples_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(COMMAND.parent))
    import mutants

    mutants.check_operators()


def test_the_place_of_a_mutant_stays_the_same_when_lines_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(COMMAND.parent))
    import mutants

    source = "def f(a: int | None) -> int:\n    return a + 1\n"
    moved = f"# A remark.\n\n\n{source}"
    places = [mutant.place for mutant in mutants.mutants_of(source, "x.py")]
    assert places == [mutant.place for mutant in mutants.mutants_of(moved, "x.py")]
    assert {place.becomes for place in places} == {
        "return a - 1",
        "return a + 2",
        "return a + 0",
        "return None",
    }
