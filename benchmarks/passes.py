"""What a usual pass over many feeds costs: most are not modified, some have the same bytes, few have a new item.

    python benchmarks/passes.py [--feeds 300] [--rounds 5]

Of the feeds, each on a loopback address of its own, 70 % are answered by 304, 20 % have no validators and the same body
as before, 8 % have one new item and 2 % are answered by 500. Each round imports them into an empty database, and
measures the passes that follow, in each of which the same share of the feeds is new, unchanged or broken.

The time is processor time, of this process and of the parsers that it starts; the wall-clock time is printed beside it.
To compare with other code, run it with `PYTHONPATH` naming that code's sources.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from feeds import answer, document, serve, served
from import_feeds import Lifestream
from imports import processor_time
from tables import print_table

PASSES = 3
KINDS = ("304", "same", "new", "error")


def kind_of(number: int, feeds: int) -> str:
    """Return what feed *number*, one of *feeds* in all, answers from its second request on."""
    share = number / feeds
    return "304" if share < 0.7 else "same" if share < 0.9 else "new" if share < 0.98 else "error"


def serve_passes(feeds: int) -> None:
    """Serve the feeds, with what each answers first and in every pass."""
    from feedserver import Response

    timelines = []
    for number in range(feeds):
        kind = kind_of(number, feeds)
        first = answer(number)
        body = document(number)
        bodies = [body]
        for news in range(PASSES):
            item = f"<item><title>News {news}</title><guid isPermaLink='false'>news:{news}</guid></item>".encode()
            bodies.append(bodies[-1].replace(b"<item>", item + b"<item>", 1))
        headers = {"Content-Type": "application/rss+xml"}
        later = {
            "304": [first],
            "same": [Response(body, headers=headers)],
            "new": [Response(each, headers=headers | {"ETag": f'"{place}"'}) for place, each in enumerate(bodies)],
            "error": [first, *[Response("", 500)] * PASSES],
        }
        timelines.append(later[kind])
    serve(timelines)


class Cost(NamedTuple):
    """Milliseconds of a pass: of this process, of the parsers, and on the clock."""

    parent: float
    children: float
    clock: float


def measured(lifestream: Lifestream, feeds: int) -> Cost:
    """Return what a pass costs. Raises SystemExit if it did not find what is served."""
    from lifestream.refresh import refresh

    gc.collect()
    began, parent, children = time.perf_counter(), time.process_time(), processor_time()
    report = refresh(early=True)
    cost = Cost(
        (time.process_time() - parent) * 1000,
        (processor_time() - children) * 1000,
        (time.perf_counter() - began) * 1000,
    )
    kinds = [kind_of(number, feeds) for number in range(feeds)]
    unmodified = sum(row.outcome == "not modified" for row in report.rows)
    if (report.new, unmodified) != (kinds.count("new"), kinds.count("304")):
        raise SystemExit(f"{lifestream.name} found {report.new} new items, and {unmodified} feeds that did not change")
    return cost


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--feeds", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="few feeds, to see that it runs")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_passes(options.serve)
        return
    feeds, rounds = (50, 1) if options.quick else (options.feeds, options.rounds)
    logging.disable(logging.CRITICAL)
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory(prefix="passes-") as named:
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(named) / "bytecode")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        lifestream = Lifestream(Path(named))
        for number in range(rounds):
            folder = Path(named) / str(number)
            folder.mkdir()
            with served(__file__, feeds) as urls:
                lifestream.prepare(folder, urls)
                lifestream.first()
                costs += [measured(lifestream, feeds) for _ in range(PASSES)]
    rows = []
    for name, values in zip(("this process", "its parsers", "on the clock"), zip(*costs, strict=True), strict=True):
        median = statistics.median(values)
        rows.append([name, f"{median:.0f}", f"{median / feeds:.2f}", f"{feeds / median * 1000:.0f}"])
    both = statistics.median(cost.parent + cost.children for cost in costs)
    rows.append(["processor time", f"{both:.0f}", f"{both / feeds:.2f}", f"{feeds / both * 1000:.0f}"])
    print_table(f"a pass over {feeds} feeds", ["", "ms", "ms a feed", "feeds a second"], rows)


if __name__ == "__main__":
    main()
