"""Into which files the report of a run is written, and in which forms."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from feedserver.check import Report
from feedserver.check.delivery import deliver, targets
from feedserver.check.verdicts import Level


@pytest.mark.parametrize(
    ("forms", "files", "expected"),
    [
        ([], [], [("table", None)]),
        (["json"], [], [("json", None)]),
        (
            [],
            ["a.json", "a.XML", "a.html", "a.svg", "a.txt", "a"],
            ["json", "junit", "html", "badge", "table", "table"],
        ),
        (["junit", "table"], ["a.html", "a.json"], ["junit", "table"]),
    ],
)
def test_the_name_of_a_file_decides_its_form_unless_format_does(
    forms: list[str], files: list[str], expected: list[object], tmp_path: Path
) -> None:
    paths = [tmp_path / file for file in files]

    assert targets(forms, paths) == (list(zip(expected, paths, strict=True)) if files else expected)


@pytest.mark.parametrize(
    ("forms", "files", "message"),
    [
        (["json", "html"], [], "--format was given 2 times and -o 0 times; give one --format for each -o"),
        (["json"], ["a", "b"], "--format was given 1 times and -o 2 times"),
        ([], ["a.json", "a.json"], "-o names the same file twice; give each report a file of its own"),
    ],
)
def test_forms_and_files_that_do_not_fit_are_refused(
    forms: list[str], files: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        targets(forms, [tmp_path / file for file in files])


def test_each_file_gets_its_report_and_standard_output_the_summary(
    report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(report, targets([], [tmp_path / "a.json", tmp_path / "a.html"]), Level.MUST)

    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == report.as_json()
    assert (tmp_path / "a.html").read_text("utf-8").startswith("<!doctype html>")
    assert capsys.readouterr().out.startswith("must    1 passed of 2 judged")


@pytest.mark.parametrize("form", ["json", "junit", "html"])
def test_a_report_for_another_program_is_in_utf_8_whatever_the_encoding_of_the_output(
    form: str, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="cp1252") as stream:  # as that of a pipe on Windows
        monkeypatch.setattr(sys, "stdout", stream)
        deliver(replace(report, reader="😀 Grüße"), targets([form], []), Level.MUST)
        assert "😀 Grüße".encode() in written.getvalue()
