"""Score every known reader that is installed, and write the table of the manual.

    uv run --group bench python benchmarks/readers.py            run all, write docs/feedserver/readers.md
    uv run --group bench python benchmarks/readers.py NAME …     run these, print the table
    … NAME … --update                                           run these, write their rows into the page
    … --quick                                                   one rule of one reader, print the table

The readers come from Debian (newsboat, sfeed, rss2email, feed2exec, feed2imap, elpa-elfeed, gpodder, curl, wget; and
liferea with xvfb, dbus and libglib2.0-bin), PyPI (reader, feedparser, fastfeedparser, django-lifestream) and npm
(rss-parser, feedsub; NODE_PATH names their folder). Those that are not installed are skipped, with a message. The page
keeps the rows of readers that were not run, unless they were scored by another version of the rules. No score is set
by hand.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from feedserver.check.commands import CommandAdapter, SetupError
from feedserver.check.readers import READERS, KnownReader
from feedserver.check.report import RULES_VERSION, Report
from feedserver.check.runner import run
from feedserver.check.verdicts import Level, Verdict

PATIENCE = 75.0
"""Seconds that a command may take. A command that takes longer is ended, and what it did until then is judged."""

PAGE = Path(__file__).parent.parent / "docs" / "feedserver" / "readers.md"

RULES = f"version {RULES_VERSION} of [the rules](rules/index.md)"
"""The words by which the page names the rules that its rows were scored by."""

ANSWER = (
    "Authors may answer a table, and their answer is added to it: see [Disputing a rule](check.md#disputing-a-rule)"
)


def score(name: str, known: KnownReader, only: Sequence[str]) -> Report | None:
    """Return the report of a reader, None where it could not be run; then standard error says why."""
    if missing := known.missing():
        print(f"{known.title} is skipped: {missing} is not installed", file=sys.stderr)
        return None
    commands = replace(known.commands, patience=PATIENCE)
    adapter = CommandAdapter(commands, name=known.title, kind=known.kind, reproduce=f"--reader {name}")
    try:
        adapter.set_up()
        report = run(adapter, only=only, kind=known.kind, workers=2, alone=known.alone)
    except SetupError as error:
        print(f"{known.title} is skipped: {error}", file=sys.stderr)
        return None
    finally:
        adapter.close()
    for result in report.misfires:
        print(f"{known.title}, {result.scenario.id}: {result.misfire}", file=sys.stderr)
    print(f"{known.title}: {report.count()} in {report.seconds:.0f} s", file=sys.stderr)
    return report


def row(known: KnownReader, whole: Report, day: dt.date) -> str:
    """Return the row of a reader that ran on *day*, in Markdown. Withheld scenarios are neither named nor counted."""
    report = whole.published()
    counts = " | ".join(f"{report.count(level).passed}/{report.count(level).judged}" for level in Level)
    failed = [each.scenario for each in report.of(Verdict.FAIL)]
    links = ", ".join(f"[{each.id}](rules/{each.id.lower()}.md)" for each in failed if each.level is Level.MUST)
    unjudged = report.count().all - report.count().judged
    number = re.search(r"\d+(\.\w+)+(-[\w.+~]+)?", report.version)
    version = number[0] if number is not None else report.version
    return f"| {known.title} | {version} | {counts} | {links or 'none'} | {unjudged} | {known.note} | {day} |"


def table(rows: Iterable[str]) -> list[str]:
    """Return the lines of the table of *rows*."""
    return [
        "| reader | version | must | should | nice | rules of level must that it breaks | not judged | configuration "
        "| run on |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
    ]


def rows_of(text: str) -> dict[str, str]:
    """Return the rows of a page by the names of their readers; none if the page is of another version of the rules."""
    if RULES not in text:
        return {}
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in text.splitlines() if line.startswith("| ")}
    return {name: rows[known.title] for name, known in READERS.items() if known.title in rows}


def page(rows: Mapping[str, str]) -> str:
    """Return the page of the manual with *rows*, by the names of their readers."""
    left_out = [known.title for name, known in READERS.items() if name not in rows]
    readers = [rows[name] for name in sorted(rows) if not READERS[name].is_recipe]
    recipes = [rows[name] for name in sorted(rows) if READERS[name].is_recipe]
    return "\n".join(
        [
            "# How readers score",
            "",
            "This page shows authors and users of feed readers which rules known readers follow.",
            f"`benchmarks/readers.py` wrote these tables. It judges by {RULES}, and runs",
            "`feedserver check --reader NAME` for each reader that it finds. The rows may come from different runs:",
            "the last column says when each reader was run. Every verdict comes from a run, none is set by hand.",
            "A cell says how many of the judged rules were passed. Old versions from Debian are listed,",
            "since everybody can run them; newer versions may do better. A command that took longer than",
            f"{PATIENCE:g} s was ended. Rules whose breach harms people are counted in no cell, passed or broken: "
            "the reader's",
            "author is told first, and [the pages of these rules](rules/index.md) say so.",
            "",
            f"{ANSWER}.",
            "",
            *([f"Not run so far: {', '.join(left_out)}.", ""] if left_out else []),
            "## Readers",
            "",
            *table(readers),
            "",
            "## Libraries and programs, as short scripts use them",
            "",
            "These rows judge the usual way to use each of them, which its manual shows; a caller can do better.",
            "",
            *table(recipes),
            "",
        ]
    )


def main() -> int:
    """Run the readers, and write or print the tables. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *sorted(READERS)], metavar="NAME")
    parser.add_argument("--update", action="store_true", help="write the rows of NAME … into the page")
    parser.add_argument("--quick", action="store_true", help="one rule of one reader")
    parser.add_argument("--skip", action="append", default=[], choices=sorted(READERS), help="do not run this reader")
    options = parser.parse_args()
    os.environ["PATH"] = (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # lifestream's command
    )
    names = options.names or (["curl"] if options.quick else sorted(set(READERS) - set(options.skip)))
    scored = {
        name: report
        for name in names
        if (report := score(name, READERS[name], ["V1"] if options.quick else [])) is not None
    }
    today = dt.datetime.now(dt.UTC).date()
    rows = {name: row(READERS[name], report, today) for name, report in scored.items()}
    if options.quick or (options.names and not options.update):
        print("\n".join(table(rows.values())))
    else:
        PAGE.write_text(page({**rows_of(PAGE.read_text("utf-8")), **rows}), "utf-8")
    return 1 if any(report.misfires for report in scored.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
