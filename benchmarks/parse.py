"""The time and memory that it takes to read a document (bytes to `ParsedFeed`), compared with feedparser.

    python benchmarks/parse.py [--rounds 9] [--quick]

The time is processor time, for a blog of 19 entries in RSS 2.0, Atom 1.0 and RSS 1.0, and one of 52 KB with its
whole posts. feedparser reads the same bytes with its own cleaning on and off; lifestream cleans afterwards, so it is
compared with the latter. A parser's child reads, cleans and writes the answer; the parent reads that. The memory, for
each size of a document, is the peak of a new process (VmHWM, on Linux alone) that has read it, with all that a parser's
child imports.

The exit status is 1 if a bound doesn't hold: 0.2 of feedparser's time to read, 1.0 of it for all that a child does, and
30 MB + 7 times the body; for a body that feedparser has to read, since its root is of no known format, 30 MB + 15
times. With --quick, the program only prints which bounds hold.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final

import feedparser

from feeds import document
from feedserver import Response
from feedserver.feeds import Entry, Feed
from lifestream.content.sanitizer import Sanitizer
from lifestream.parser import ipc, parse
from lifestream.parser.worker import Reader
from lifestream.plugins.registry import Registry
from tables import Bound, Rounds, Sample, interleave, print_table

OURS: Final = "lifestream"
CHILD_OF_OURS: Final = "lifestream, the child whole"
PARENT: Final = "lifestream, what the parent reads of it"
THEIRS: Final = "feedparser, without its cleaning"
CLEANING: Final = "feedparser"
URL: Final = "https://feeds.example/feed"
FASTER: Final = 0.2
NO_SLOWER: Final = 1.0
BASE_MB: Final = 30
PER_BODY: Final = {"strict": 7, "liberal": 15}
"""The memory that each reader may need in addition to BASE_MB, as a multiple of the document's size."""
FLAWS: Final = {"strict": ("",), "liberal": ("", "at its start", "at its end")}
"""Where the documents of each reader are ill-formed, "" if they are not."""
BEGAN: Final = datetime(2026, 3, 1, 8, tzinfo=UTC)


def bodies() -> Mapping[str, bytes]:
    """Return the documents that are read, by their names."""
    paragraph = "<p>The <a href='/about'>river</a> was <em>high</em> in the night, &amp; the <b>ferry</b> waited.</p>"
    feed = Feed(
        title="Harbour",
        link="https://harbour.example/",
        entries=[
            Entry(
                title=f"Day {day}",
                link=f"https://harbour.example/{day}",
                id=f"tag:harbour.example,2026:{day}",
                content=paragraph * 10,
                published=BEGAN + timedelta(days=day),
                updated=BEGAN + timedelta(days=day),
            )
            for day in range(19)
        ],
    )
    found = {"a blog in RSS, 52 KB": document(1)}
    for name in ("rss", "atom", "rdf"):
        found[f"in {name}"] = bytes_of(feed.render(name))
    found["in atom, in windows-1252"] = bytes_of(feed.render("atom", encoding="windows-1252"))
    return found


def bytes_of(response: Response) -> bytes:
    """Return the body of *response*, which has one in memory."""
    assert isinstance(response.body, bytes)
    return response.body


def timed(read: Callable[[], object], times: int) -> Callable[[], Sample]:
    """Return a measurement of the processor time of *read*, in milliseconds."""

    def measure() -> Sample:
        taken = []
        for _ in range(times):
            began = time.process_time()
            read()
            taken.append((time.process_time() - began) * 1000)
        return Sample(min(taken), max(taken))

    return measure


def peers(body: bytes, times: int) -> Mapping[str, Callable[[], Sample]]:
    """Return the measurements of one document."""

    def theirs(*, cleaning: bool) -> object:
        headers = {"content-type": "application/xml", "content-location": URL}
        options = {"sanitize_html": cleaning, "resolve_relative_uris": cleaning}
        return feedparser.parse(io.BytesIO(body), response_headers=headers, **options)

    reader = Reader(Registry(use_entry_points=False), Sanitizer())
    job = {"headers": {"content-type": "application/xml"}, "url": URL, "plugin": ""}

    def child() -> bytes:
        pipe = io.BytesIO()
        ipc.send(pipe, reader.answer(job, body))
        return pipe.getvalue()

    answer = child()

    def parent() -> object:
        message, _ = ipc.receive(io.BytesIO(answer))
        return ipc.PREPARED.unpack(message["prepared"])

    return {
        CHILD_OF_OURS: timed(child, times),
        PARENT: timed(parent, times),
        OURS: timed(lambda: parse(body, {"Content-Type": "application/xml"}, URL), times),
        THEIRS: timed(lambda: theirs(cleaning=False), times),
        CLEANING: timed(lambda: theirs(cleaning=True), times),
    }


CHILD: Final = """
import gc
import sys
gc.disable()  # as a child does while it reads
from lifestream.parser import worker, parse
from lifestream.content.sanitizer import Sanitizer
from lifestream.plugins.reading_notes import Notes
size = int(sys.argv[1])
if size:
    text = "word &lt;b&gt;of&lt;/b&gt; \\n" * 100
    item = f"<item><title>Day</title><guid>#</guid><link>/#</link><description>{text}</description></item>"
    items = "".join(item.replace("#", str(number)) for number in range(size // len(item)))
    # feedparser alone reads a document whose root is of no format.
    root = "rss" if sys.argv[3] == "strict" else "rssfeed"
    head, end = ("<b><i></b></i>" if sys.argv[4] == place else "" for place in ("at its start", "at its end"))
    body = f"<{root} version='2.0'><channel>{head}{items}{end}</channel></{root}>".encode()
    with open(sys.argv[2], "wb") as file:
        file.write(body)
else:
    with open(sys.argv[2], "rb") as file:
        body = file.read()
    notes = Notes()
    assert len(parse(body, {}, "https://feeds.example/", notes).entries) > 0
    assert notes.reader == sys.argv[3], notes.reader
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            print(int(line.split()[1]) / 1024, len(body) / 1024 / 1024)
"""


def memory(folder: Path, megabytes: int, reader: str, flaw: str) -> tuple[float, float]:
    """Return the peak of a process whose *reader* reads a document of *megabytes* that is ill-formed where *flaw* says,
    and the size of that document, in MB.
    """
    path = str(folder / "document.xml")

    def run(size: int) -> str:
        command = [sys.executable, "-c", CHILD, str(size), path, reader, flaw]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    run(megabytes * 1024 * 1024)
    peak, body = map(float, run(0).split())
    return peak, body


def main() -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    options = parser.parse_args()
    rounds = 2 if options.quick else options.rounds
    held = True
    rows: list[list[str]] = []
    verdicts: list[str] = []
    for name, body in bodies().items():
        parse(body, {}, URL)  # imports
        found: Rounds = interleave(peers(body, 2 if options.quick else 5), rounds)
        rows += [
            [f"{peer}: {name}", f"{found.median(peer):.2f}", f"{found.ratio(peer, THEIRS):.2f}"]
            for peer in (OURS, CHILD_OF_OURS, PARENT, THEIRS, CLEANING)
        ]
        for bound in (Bound(OURS, THEIRS, FASTER), Bound(CHILD_OF_OURS, THEIRS, NO_SLOWER)):
            verdicts.append(f"{bound.verdict(found)} ({name})")
            held = held and not verdicts[-1].startswith("NO")
    print_table("Bytes to values", ["", "ms", f"times {THEIRS}"], rows)
    print("\n" + "\n".join(verdicts))
    if not Path("/proc/self/status").exists():
        print("-- memory: not measured, there is no /proc")
        return 0 if held or options.quick else 1
    import tempfile

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for reader, per_body in PER_BODY.items():
            sizes = (1,) if options.quick else (1, 4, 16)
            for flaw, megabytes in product(FLAWS[reader], sizes):
                peak, size = memory(Path(folder), megabytes, reader, flaw)
                most = BASE_MB + per_body * size
                name = f"lifestream, {reader}: {size:.1f} MB{', ill-formed ' * bool(flaw)}{flaw}"
                rows.append([name, f"{peak:.0f}", f"{most:.0f}"])
                verdicts.append(f"{'ok' if peak <= most else 'NO'} memory, {name}: {peak:.0f} MB of {most:.0f}")
                held = held and peak <= most
    print_table("Peak memory of a process that reads a document", ["", "MB", "bound, MB"], rows)
    print("\n" + "\n".join(verdicts[-len(rows) :]))
    return 0 if held or options.quick else 1


if __name__ == "__main__":
    sys.exit(main())
