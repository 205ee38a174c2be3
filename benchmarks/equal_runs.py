"""Check one reader again and again, and verify that every run gives the same verdicts.

    uv run python benchmarks/equal_runs.py              ten runs of the script with feedparser
    uv run python benchmarks/equal_runs.py NAME         ten runs of another known reader
    … --runs 3 --only V,I                               three runs, of these rules
    … --quick                                           two runs of three rules

The exit status is 1 if a verdict differs, or if a scenario got none because of an error of feedserver.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence

from feedserver.check.commands import CommandAdapter
from feedserver.check.readers import READERS
from feedserver.check.report import Report
from feedserver.check.runner import run


def check_once(name: str, only: Sequence[str]) -> Report:
    """Return the report of a known reader."""
    known = READERS[name]
    adapter = CommandAdapter(known.commands, name=known.title, kind=known.kind, reproduce=f"--reader {name}")
    try:
        adapter.set_up()
        return run(adapter, only=only, kind=known.kind, workers=2, alone=known.alone)
    finally:
        adapter.close()


def differences(reports: Sequence[Report]) -> list[str]:
    """Return a line for each scenario whose verdict was not the same in all *reports*, with every observation."""
    lines = []
    for first in reports[0]:
        name = first.scenario.id
        results = [report[name] for report in reports]
        if len({result.verdict for result in results}) > 1:
            lines.append(f"{name}: {', '.join(str(result.verdict) for result in results)}")
            lines += [
                f"    run {number}: {result.judgement.observed or result.judgement.reason}"
                for number, result in enumerate(results, 1)
            ]
    return lines


def main() -> int:
    """Run the check, and print a table. Return the exit status: 1 if verdicts differ or are missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", nargs="?", default="feedparser", choices=sorted(READERS))
    parser.add_argument("--runs", type=int, default=10, help="how often (default: %(default)s)")
    parser.add_argument("--only", default="", help="these rules, such as V,T4")
    parser.add_argument("--quick", action="store_true", help="two runs of three rules")
    options = parser.parse_args()
    runs, only = (2, ["V1", "I1", "B1"]) if options.quick else (options.runs, options.only.split(","))
    reports = []
    for number in range(runs):
        reports.append(check_once(options.name, only))
        print(f"run {number + 1}: {reports[-1].count()} in {reports[-1].seconds:.0f} s", file=sys.stderr)
    wrong = differences(reports)
    seconds = statistics.median(report.seconds for report in reports)
    print("| feedserver check of | runs | rules | verdicts that differ | seconds of a run (median) |")
    print("|---|---|---|---|---|")
    differing = sum(not line.startswith(" ") for line in wrong)
    print(f"| {reports[0].reader} | {runs} | {len(reports[0].results)} | {differing} | {seconds:.0f} |")
    print("\n".join(wrong))
    is_equal = not wrong and not any(report.misfires for report in reports)
    print(f"{'ok' if is_equal else 'NO'} every run gives the same verdicts")
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
