"""Where the report of a run goes, and in which formats: `-o report.html -o report.json`, or standard output."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from feedserver.check.badge import as_badge
from feedserver.check.html_report import as_html
from feedserver.check.junit import as_junit
from feedserver.check.report import Report
from feedserver.check.table import as_table
from feedserver.check.verdicts import Level
from feedserver.messages.terminal_text import visible
from feedserver.standard_output import show

_BY_ENDING: Mapping[str, str] = MappingProxyType({".json": "json", ".xml": "junit", ".html": "html", ".svg": "badge"})
"""The format of a report, by the ending of its file's name; any other file gets the table."""

Target: TypeAlias = tuple[str, Path | None]
"""The format of a report and its file; None is standard output."""


def targets(formats: Sequence[str], files: Sequence[Path]) -> list[Target]:
    """Return what is written: the *formats* of `--format` and the *files* of `-o`, in the order in which they were
    given.

    Without `--format`, the ending of each file's name gives its format. Raises ValueError if formats and files don't
    fit together, if a file is a folder or its own folder is missing, or if a file is named twice: this is called before
    a run, so that no result is lost.
    """
    for file in files:
        if file.is_dir():
            raise ValueError(f"-o {file} is a folder; give the name of a file")
        if not file.parent.is_dir():
            raise ValueError(f"-o {file}: there is no folder {file.parent}; make it first")
    if len({file.resolve() for file in files}) < len(files):
        raise ValueError("-o names the same file twice; give each report a file of its own")
    if not files and len(formats) < 2:
        return [(format_name, None) for format_name in formats or ("table",)]
    chosen = formats or [_BY_ENDING.get(file.suffix.lower(), "table") for file in files]
    if len(chosen) != len(files):
        raise ValueError(
            f"--format was given {len(chosen)} times and -o {len(files)} times; give one --format for each -o, in the "
            "same order, or none: the ending of the name then gives the format"
        )
    return list(zip(chosen, files, strict=True))


def deliver(report: Report, chosen: Sequence[Target], fail_under: Level | None) -> None:
    """Write *report* to each target, and its summary to standard output where that has no report. Raises OSError."""
    for format_name, file in chosen:
        text = text_of(report, format_name, file, fail_under)
        if file is None:
            if format_name != "table" and isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
                sys.stdout.reconfigure(encoding="utf-8")  # JSON and XML do not have the escapes of `show`
            show(text, sys.stdout)
        else:
            file.write_text(text, "utf-8")
    if all(file is not None for _, file in chosen):
        show(as_table(report).rpartition("\n\n")[2], sys.stdout)


def text_of(report: Report, format_name: str, output: Path | None, fail_under: Level | None) -> str:
    """Return *report* in the format *format_name*; *output* is the file that it is for, *fail_under* is for JUnit."""
    if format_name == "json":
        return report.to_json()
    if format_name == "table":
        if output is not None or not sys.stdout.isatty():
            return as_table(report)
        return as_table(
            report, colours=not os.environ.get("NO_COLOR"), width=shutil.get_terminal_size((100, 24)).columns
        )
    text = (
        as_junit(report, fail_under)
        if format_name == "junit"
        else {"html": as_html, "badge": as_badge}[format_name](report)
    )
    # The evidence is what a reader sent and printed, which may contain bytes that are not UTF-8, escape sequences, and
    # characters that reverse the direction of text.
    return visible(text, lines=True)
