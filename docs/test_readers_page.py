"""The page of scores is what `benchmarks/readers.py` writes, and the rows of readers that were not run are kept."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from feedserver.check.readers import READERS
from feedserver.check.report import RULES_VERSION

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program `benchmarks/readers.py`, as a module."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("readers")


def test_the_page_is_what_the_program_writes(readers: ModuleType) -> None:
    text = readers.PAGE.read_text("utf-8")

    assert readers.page(readers.rows_of(text)) == text


def test_one_reader_is_scored_again_and_the_others_keep_their_rows(readers: ModuleType) -> None:
    rows = {name: f"| {READERS[name].title} | 1.0 | old |" for name in ("curl", "newsboat", "reader")}

    kept = readers.rows_of(readers.page(rows))
    text = readers.page({**kept, "reader": "| lemon24/reader | 2.0 | new |"})

    assert kept == rows
    assert "| Newsboat | 1.0 | old |\n| lemon24/reader | 2.0 | new |\n\n## Libraries" in text
    assert "Wget" in next(line for line in text.splitlines() if line.startswith("Not run so far: "))


def test_no_row_of_another_version_of_the_rules_is_kept(readers: ModuleType) -> None:
    text = readers.page({"curl": "| curl | 1.0 |"})

    assert readers.rows_of(text.replace(f"version {RULES_VERSION} of", f"version {RULES_VERSION + 1} of")) == {}
