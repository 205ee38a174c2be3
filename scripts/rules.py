#!/usr/bin/env python3
"""Runs the tests of forty rules for a feed client and of 23 rules for reading documents, and prints a table of them.

    uv run python scripts/rules.py

Each rule has one line for each test that shows it. The exit status is 1 if a test fails, or if a rule was not seen: a
test of it did not run, or none passed. Arguments are passed on to pytest: `scripts/rules.py -k validators`. `--help`
explains the arguments and the exit status.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = {
    "rule": ROOT / "packages/lifestream/tests/rules",
    "reading": ROOT / "packages/lifestream/tests/reading",
}
"""Where the tests of each kind of rule are, by the mark that names its number."""
RULES = {
    "Validators": {
        1: "ETag and Last-Modified go back byte for byte",
        2: "both validators are sent if there are both, none if there is none",
        3: "a validator that was changed, dropped or is another URL's is not sent",
        4: "a 304's new validator and max-age replace the old ones",
        5: "the same body writes no item",
        6: "validators of a body that can't be parsed are not kept",
    },
    "Timing": {
        7: "max-age, less Age, is waited for",
        8: "Expires alone counts from Date; 0 is stale",
        9: "an absurd max-age is capped, 0 means our own minimum",
        10: "429: Retry-After is waited for, in seconds or as a date",
        11: "503: Retry-After is waited for as well",
        12: "429 without Retry-After: growing gaps, no immediate retry",
        13: "429: the host's other feeds pause too, if the setting says so",
        14: "errors: growing gaps, reset by a success; polling never ends",
        15: "ttl, skipHours, skipDays and sy:update… are minimums",
        16: "fifty feeds of one host: bounded concurrency and rate",
        17: "a restart or an import makes no burst",
        18: "two workers or subscribers: one request",
    },
    "Redirects": {
        19: "301 and 308 are saved once they last; items never move to another feed",
        20: "302, 303 and 307 are not saved",
        21: "the permanent redirects at the beginning of a chain are saved",
        22: "a loop is bounded; a log-in page takes neither URL nor items",
        23: "410 ends the polling and says so; 404 backs off",
    },
    "Requests": {
        24: "a stable User-Agent that names the client; gzip; no Cookie, Referer or query",
        25: "adding a feed is one GET of it",
    },
    "Hostile servers": {
        26: "no connection to loopback, private and such addresses, in any form",
        27: "connections go to the address that was checked",
        28: "no redirect to another scheme than http and https",
        29: "a cap on the size of the inflated body",
        30: "a deadline for the whole request",
        31: "entities: bounded, and nothing read from elsewhere",
        32: "javascript:, data:, file: and scripts are made harmless",
    },
    "Items": {
        33: "a BOM wins over the charset; text/xml needs none",
        34: "one guid on every item: they stay apart",
        35: "relative guids survive a move of the feed",
        36: "a new guid with the same link: one item",
        37: "no guid, link or date: nothing grows",
        38: "edits in place, capped; an item that left stays, a deleted one stays away",
        39: "no date: first seen; future: clamped; UTC; bad entries apart",
    },
    "Push": {
        40: "WebSub: own topic, signed, renewed, polling goes on",
    },
}
READING = {
    "Reading: characters": {
        1: "a label means what the Encoding Standard says",
        2: "the first candidate without errors, else the one with the fewest",
        3: "UTF-8 under a single-byte label, beyond chance",
        4: "a label of UTF-16 on other bytes is ignored",
        5: "C1 controls are windows-1252; surrogates in pairs",
    },
    "Reading: structure": {
        6: "namespaces decide; an element describes its parent only",
        7: "ill-formed XML is read as far as possible, and says where it breaks",
        8: "every format, entities, depth, and what is cheap to mend",
        9: "Atom: every type of text is kept, xml:base counts at every level",
        10: "RSS: encoded content, enclosures, media, permalinks, the original link",
    },
    "Reading: people and words": {
        11: "an author is the name as written: the entry's, its source's, the feed's",
        12: "titles, names and tags are unescaped once",
        13: "a summary is HTML only where it is HTML",
    },
    "Reading: addresses": {
        14: "what an address is relative to; #x stays inside the entry",
        15: "what is legal in an address stays; tracking is removed",
    },
    "Reading: HTML of feeds": {
        16: "self-closed, noscript, lazy pictures, and < that begins no tag",
        17: "players are cards in their place, frames are links, MathML stays",
        18: "cleaning twice is cleaning once, in linear time",
    },
    "Reading: time": {
        19: "dates in the forms and languages of feeds",
        20: "what isn't understood is no date",
    },
    "Reading: media": {
        21: "all that can be seen, heard or downloaded is shown once",
        22: "what a card has no space for is counted, and on the item's page",
        23: "caps, each of which is reported",
    },
}
KINDS = {"rule": RULES, "reading": READING}


HELP = """\
usage: scripts/rules.py [-h] [ARGUMENT ...]

Runs the tests of the forty rules of a good feed client, and those of how a good reader reads a document, and prints
them as a table: each rule, whether it holds, and the tests that show it. The exit status is 0 if all of them hold, and
1 if a test fails, or if a rule is "not seen": a test of it did not run, or none passed.

  -h, --help   print this and run nothing
  ARGUMENT     passed on to pytest, as these (`pytest --help` has all of them):
               -k WORDS           only the tests with WORDS in their names; the other rules are "not seen"
               -x                 stop at the first test that fails
               --count N          run each test N times
               -p no:randomly     in the order of the files\
"""


class Seen:
    """A pytest plugin for one run, which collects the tests of each rule and their outcomes."""

    def __init__(self) -> None:
        self.tests: dict[tuple[str, int], list[str]] = defaultdict(list)
        self.ended: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Collect the tests of each rule, also those that `-k` will leave out."""
        for item in sorted(items, key=lambda item: (item.path, item.location[1] or 0)):
            for kind in KINDS:
                for mark in item.iter_markers(kind):
                    self.tests[kind, mark.args[0]].append(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of a test or a phase of it; a failed test stays failed."""
        before = self.ended.get(report.nodeid)
        if report.failed or (before != "failed" and (report.when == "call" or report.skipped)):
            self.ended[report.nodeid] = report.outcome
        if sys.stderr.isatty():
            print(f"\r{len(self.ended)} tests", end="", file=sys.stderr, flush=True)

    def verdict(self, rule: tuple[str, int]) -> str:
        """Return whether the rule holds: "yes", "NO" if a test failed, or "not seen" if none of its tests has passed,
        or if not all of them have run.
        """
        ended = {self.ended.get(test, "not run") for test in self.tests[rule]}
        if "failed" in ended:
            return "NO"
        return "yes" if "passed" in ended and ended <= {"passed", "skipped"} else "not seen"


def main(arguments: list[str]) -> int:
    """Run the tests and print the table. Return the exit status."""
    if {"-h", "--help"} & set(arguments):
        print(HELP)
        return 0
    seen, output = Seen(), io.StringIO()
    with contextlib.redirect_stdout(output):
        where = [f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}", *map(str, TESTS.values())]
        status = pytest.main([*where, "-m", " or ".join(KINDS), *arguments], plugins=[seen])
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    held = print_table(seen)
    if status != pytest.ExitCode.OK:
        print(f"\n{output.getvalue()}")
    return 0 if held and status == pytest.ExitCode.OK else 1


def print_table(seen: Seen) -> bool:
    """Print the rules, each with its verdict and its tests. Return whether all of them hold."""
    sections = [(kind, section, rules) for kind, table in KINDS.items() for section, rules in table.items()]
    width = max(len(words) for _, _, rules in sections for words in rules.values())
    verdicts = []
    for kind, section, rules in sections:
        print(f"\n{section}")
        for rule, words in rules.items():
            verdicts.append(seen.verdict((kind, rule)))
            tests = [name_of(test) for test in seen.tests[kind, rule]] or ["no test"]
            for number, test in enumerate(dict.fromkeys(tests)):
                head = f"{rule:>4}  {words:<{width}}  {verdicts[-1]:<8}" if number == 0 else " " * (width + 16)
                print(f"{head}  {test}")
    print(f"\n{verdicts.count('yes')} of {len(verdicts)} rules hold, by {len(seen.ended)} tests.")
    return set(verdicts) == {"yes"}


def name_of(test: str) -> str:
    """Return a test's name as a sentence, without its parameters."""
    return test.partition("[")[0].rpartition("::")[2].removeprefix("test_").replace("_", " ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
