"""What the operator can see during a soak: lines of the logs, `/readyz`, `/metrics`, `status` and `doctor`.

Everything is noted with the true time at which it was seen, so that it can be put beside what was caused then.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from soak_cluster import Cluster

SAMPLE_EVERY = 3.0
WATCHED = ("lifestream_feeds_failing", "lifestream_hosts_due", "lifestream_oldest_due_seconds")
_METRIC = re.compile(r"^(\w+) ([\d.eE+-]+)$", re.MULTILINE)
_STAMP = re.compile(r"^\[?\d{4}-\d\d-\d\d[ T][\d:,.]+\s*")
_TOLD = ("WARNING", "ERROR", "CRITICAL")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

MetricValues: TypeAlias = tuple[float, dict[str, float]]
"""A time, and the values of some metrics at that time."""


@dataclass(frozen=True)
class Seen:
    """Something that the operator could see: *source* is a log, a page or a command."""

    at: float
    source: str
    text: str


@dataclass
class Watcher:
    """Watches the logs and the pages for the operator of *cluster* in a thread."""

    cluster: Cluster
    seen: list[Seen] = field(default_factory=list)
    metrics: list[MetricValues] = field(default_factory=list)
    _offsets: dict[Path, int] = field(default_factory=dict)
    _ready: str = ""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to watch."""
        self._threads.append(threading.Thread(target=self._watch, daemon=True))
        self._threads[0].start()

    def stop(self) -> None:
        """Look a last time, and end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(120)
        self._read_logs()

    def ask(self, *commands: str) -> None:
        """Run *commands* of lifestream beside everything else, and note what they say."""
        self._threads.append(threading.Thread(target=self._ask, args=(commands,), daemon=True))
        self._threads[-1].start()

    def _ask(self, commands: tuple[str, ...]) -> None:
        for name in commands:
            done = self.cluster.command(name, check=False)
            text = " / ".join(line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip())
            self.seen.append(Seen(time.time(), name, f"exit {done.returncode}: {text}"))

    def _watch(self) -> None:
        while not self._stopping.wait(SAMPLE_EVERY):
            self._read_logs()
            status, text = self._page("readyz")
            now = f"{status}: {' '.join(text.split())[:300]}"
            if now != self._ready:
                self._ready = now
                self.seen.append(Seen(time.time(), "/readyz", now))
            status, text = self._page("metrics")
            if status == 200:
                values = {name: float(value) for name, value in _METRIC.findall(text)}
                self.metrics.append((time.time(), {name: values[name] for name in WATCHED if name in values}))

    def _page(self, name: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.cluster.port}/{name}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, type(error).__name__

    def _read_logs(self) -> None:
        for path in sorted(self.cluster.folder.glob("*.log")):
            with suppress(OSError), path.open("rb") as file:
                file.seek(self._offsets.get(path, 0))
                found = file.read()
                whole = found[: found.rfind(b"\n") + 1]
                self._offsets[path] = self._offsets.get(path, 0) + len(whole)
                now = time.time()
                for line in whole.decode(errors="replace").splitlines():
                    if line.strip():
                        self.seen.append(Seen(now, path.stem, line))


def condensed(seen: Iterable[Seen]) -> Iterator[str]:
    """Yield what was seen, each kind of line once with the number of times. Lines are of one kind if they begin alike:
    numbers, and what follows the first 80 characters, are not compared.

    Of the logs, only lines that begin with a level of WARNING or higher are used; tracebacks are counted.
    """
    kinds: dict[tuple[str, str], tuple[str, int]] = {}
    for each in seen:
        text = _STAMP.sub("", each.text)
        source = "worker" if each.source.startswith("worker") else each.source
        if source in ("worker", "web", "beat"):
            if text.startswith("Traceback"):
                text = "(a traceback)"
            elif not text.startswith(_TOLD):
                continue
        kind = (source, _NUMBER.sub("N", text)[:80])
        first, count = kinds.get(kind, (text, 0))
        kinds[kind] = (first, count + 1)
    for (source, _), (text, count) in kinds.items():
        yield f"{source}: {text}" + (f" ({count} times)" if count > 1 else "")


def print_story(
    caused: Iterable[tuple[float, float, str]], seen: Iterable[Seen], metrics: Iterable[MetricValues]
) -> None:
    """Print, for each kind of trouble in *caused*, the messages that the operator saw between its beginning and end."""
    windows: dict[str, list[tuple[float, float]]] = {}
    for begin, end, name in caused:
        windows.setdefault(name, []).append((begin, end))
    lines, values = list(seen), list(metrics)
    print("\n## What the operator saw\n")
    for name, times in windows.items():
        print(f"### {name} ({len(times)} times)\n")
        within = [each for each in lines if any(begin <= each.at < end for begin, end in times)]
        for line in sorted(condensed(within)):
            print(f"- {line[:600]}")
        for metric in WATCHED:
            found = [value.get(metric, 0.0) for at, value in values if any(begin <= at < end for begin, end in times)]
            if found:
                print(f"- /metrics: {metric} at most {max(found):,.0f}")
        print()


def save(path: Path, caused: Iterable[tuple[float, float, str]], watcher: Watcher, start: float) -> None:
    """Save all that was caused and seen in *path*, in seconds since *start*."""
    rows: list[list[Any]] = [[begin - start, "caused", [end - start, name]] for begin, end, name in caused]
    rows += [[each.at - start, each.source, each.text] for each in watcher.seen]
    rows += [[at - start, "values", values] for at, values in watcher.metrics]
    rows.sort(key=lambda row: row[0])
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def main() -> None:
    """Print the story of a file that `soak.py --save` has written."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    rows = [json.loads(line) for line in parser.parse_args().file.read_text().splitlines()]
    print_story(
        [(at, *what) for at, source, what in rows if source == "caused"],
        [Seen(at, source, what) for at, source, what in rows if source not in ("caused", "values")],
        [(at, what) for at, source, what in rows if source == "values"],
    )


if __name__ == "__main__":
    main()
