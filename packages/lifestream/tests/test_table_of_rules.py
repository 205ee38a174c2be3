"""The command that prints the rules of a good feed client and of a good reader, each with the tests that show it."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from programs import PATIENCE

COMMAND = Path(__file__).parents[3] / "scripts/rules.py"


def rules(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(COMMAND), *arguments], capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_is_not_that_of_pytest_and_says_which_arguments_pytest_gets(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main = runpy.run_path(str(COMMAND))["main"]
    assert main([option, "-k", "validators"]) == 0
    printed, errors = capsys.readouterr()
    assert printed.startswith("usage: scripts/rules.py [-h] [ARGUMENT ...]\n") and errors == ""
    assert "forty rules" in printed
    assert "passed on to pytest" in printed


def test_the_parameters_of_a_test_are_no_part_of_its_name() -> None:
    name_of = runpy.run_path(str(COMMAND))["name_of"]
    assert name_of("tests/test_a.py::TestCase::test_no_connection_to[http://[::1]/]") == "no connection to"


@pytest.mark.slow
def test_a_rule_without_a_test_that_ran_is_not_counted_as_holding() -> None:
    ran = rules("-k", "test_a_429_without")
    assert ran.returncode == 1
    found = re.findall(r"^ +(\d+)  .*  (yes|NO|not seen) ", ran.stdout, re.MULTILINE)
    numbers = [int(number) for number, _ in found]
    assert numbers[:41] == [*range(1, 41), 1]
    assert numbers[40:] == sorted(set(numbers[40:])), "the rules of reading, in their order"
    assert {verdict for _, verdict in found} == {"not seen"}
    assert f"0 of {len(numbers)} rules hold, by 0 tests." in ran.stdout
