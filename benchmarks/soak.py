"""A soak: feeds that go on publishing, PostgreSQL, Redis, Celery workers, and what goes wrong in operation.

Workers, their parsers, beat and the web server are killed (SIGKILL) at random. PostgreSQL, Redis, and then both end as
in a crash, and stay down for a while. With --full-disk the disk of PostgreSQL becomes full, and then the one that holds
LIFESTREAM_HOME, the logs and temporary files. With --clock-jump the clock of one worker is wrong for a while, with
--all-jump the clocks of all machines. With --now the soak begins at another time of the calendar, so that daylight
saving time of --zone begins or ends in its middle.

After the feeds have published their last entries, everything runs on without intervention until all entries are stored,
or for --patience seconds. Then the database is compared with all entries that the feeds have ever had: none may be
missing, none may be stored twice, each must be in the timeline and in the search index, and no lease may be left. The
messages that the operator could see about each kind of trouble are listed too.

    nice python benchmarks/soak.py --minutes 10 --feeds 2000
    nice python benchmarks/soak.py --minutes 60 --feeds 5000 --pace 4 --full-disk --clock-jump 3600 \\
        --all-jump 86400 --now 2026-10-25T00:30:00Z

It needs Debian's postgresql and redis-server (see scripts/services.py), a C compiler for the clocks, and a system where
all of 127.0.0.0/8 is loopback. --full-disk needs the right to mount a tmpfs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from publishing import Publication, published
from soak_cluster import Clocks, Cluster, Places, fill, running_services
from soak_watcher import Watcher, print_story, save
from tables import print_table

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from services import free_port

SETTINGS = {
    "LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8",
    "LIFESTREAM_CHECK_EVERY": "5",
    "LIFESTREAM_LEASE": "60",
    "LIFESTREAM_PER_HOST_RATE": "0",
    "LIFESTREAM_MAX_OPML_FEEDS": "1000000",
}
"""Short intervals: what takes hours in operation takes minutes in a soak."""
AFTERWARDS = 45.0
"""For how many seconds after the end of a trouble the messages of the log are attributed to it."""


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong at a time, in seconds after the beginning, and lasts a while."""

    at: float
    name: str
    lasts: float = 0.0


def troubles(options: argparse.Namespace, chance: random.Random) -> list[Trouble]:
    """Return what goes wrong, in order of time: kills at random, everything else at fixed fractions of the soak."""
    length = options.minutes * 60

    def moments(a_minute: float) -> list[float]:
        return [chance.uniform(20, length * 0.95) for _ in range(round(a_minute * options.minutes))]

    planned = [Trouble(at, "kill") for at in moments(options.kills)]
    planned += [Trouble(at, "parser") for at in moments(options.kills)]
    planned += [Trouble(at, chance.choice(("beat", "web"))) for at in moments(options.kills / 8)]
    planned += [Trouble(length * part, "postgres", options.outage) for part in (0.12, 0.78)]
    planned += [Trouble(length * part, "redis", options.outage) for part in (0.22, 0.86)]
    planned += [Trouble(length * 0.4, "both", options.outage)]
    if options.full_disk:
        planned += [Trouble(length * 0.55, "disk", options.outage), Trouble(length * 0.62, "home", options.outage)]
    if options.clock_jump:
        planned += [Trouble(length * 0.28, "clock of one", length * 0.08)]
    if options.all_jump:
        planned += [Trouble(length * 0.7, "clock of all", length * 0.03)]
    return sorted(planned, key=lambda trouble: trouble.at)


class Soak:
    """One soak: what runs, what is published, and which troubles were caused when."""

    def __init__(self, options: argparse.Namespace, stack: ExitStack) -> None:
        self.options = options
        self.chance = random.Random(options.seed)
        tools = Path(stack.enter_context(TemporaryDirectory()))
        tools.chmod(0o755)
        base = datetime.fromisoformat(options.now).timestamp() - time.time() if options.now else 0.0
        clocks = Clocks(tools, base, stack)
        # PostgreSQL's clock is moved, too: before lifestream corrects times that a wrong clock has stored, it compares
        # its own clock with PostgreSQL's.
        clock = clocks.environment("postgres")
        self.places: Places = stack.enter_context(running_services(clock, small_disks=options.full_disk))
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("LIFESTREAM_", "DJANGO_"))}
        (self.places.home / "tmp").mkdir()
        environment = ours | SETTINGS | self.places.urls | {
            "LIFESTREAM_HOME": str(self.places.home),
            "TMPDIR": str(self.places.home / "tmp"),
            "TIME_ZONE": options.zone,
            "TZ": options.zone,
            "LIFESTREAM_MIN_INTERVAL": str(options.interval),
            "LIFESTREAM_MAX_INTERVAL": str(options.interval * 2),
        }  # fmt: skip
        self.cluster = Cluster(environment, self.places.home, clocks, free_port())
        self.watcher = Watcher(self.cluster)
        self.caused: list[tuple[float, float, str]] = []
        self.pending: list[tuple[float, Callable[[], None]]] = []
        self.cluster.command("migrate", "-v", "0")
        self.start = time.time()
        self.publication = Publication(
            self.start, self.start + options.minutes * 60, options.pace, max(20, round(options.minutes / options.pace))
        )
        addresses, self.feeds = stack.enter_context(published(self.publication, options.feeds))
        outlines = "".join(f'<outline type="rss" text="" xmlUrl="{address}"/>' for address in addresses)
        (tools / "list.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
        self.cluster.command("import_opml", str(tools / "list.opml"), "--no-update")

    def run(self) -> None:
        """Run the processes and cause the troubles, until all published entries are stored or `--patience` is over."""
        try:
            for name in ("beat", "web", *(f"worker{number}" for number in range(self.options.workers))):
                self.cluster.start(name)
            self.watcher.start()
            for trouble in troubles(self.options, self.chance):
                self.wait_until(self.start + trouble.at)
                self.say(trouble.name)
                self.cause(trouble)
            self.wait_until(self.publication.end)
            self.say("the feeds have published their last entries")
            while self.pending:
                self.wait_until(self.pending[0][0] + 0.1)
            until = time.time() + self.options.patience
            while (counts := self.compare())["MUST BE 0: lost"] and time.time() < until:
                self.say(f"{counts['MUST BE 0: lost']} of {counts['entries published']} entries are still to come")
                self.wait_until(time.time() + 20)
            self.say("status: " + " ".join(self.cluster.command("status", check=False).stdout.split()))
        finally:
            self.cluster.stop()
            self.watcher.stop()

    def say(self, text: str) -> None:
        """Print *text* with the time."""
        print(f"{time.time() - self.start:5.0f} s: {text}", flush=True)

    def wait_until(self, moment: float) -> None:
        """Wait until *moment*; meanwhile restart processes that ended, and end the troubles whose time is over."""
        while time.time() < moment:
            time.sleep(0.5)
            self.cluster.look_after()
            while self.pending and self.pending[0][0] <= time.time():
                self.pending.pop(0)[1]()

    def cause(self, trouble: Trouble) -> None:
        """Cause *trouble*, and schedule its end."""
        cluster, name, now = self.cluster, trouble.name, time.time()
        if name == "kill":
            self._kill(self.chance.choice(cluster.workers))
        elif name in ("beat", "web"):
            self._kill(name)
        elif name == "parser":
            if not cluster.kill_parser(self.chance):
                return
        else:
            for outage in ("postgres", "redis") if name == "both" else (name,):
                self.pending.append((now + trouble.lasts, self._begin(outage)))
            self.pending.sort(key=lambda pair: pair[0])
            self.wait_until(now + min(trouble.lasts / 2, 15))
            self.watcher.ask("status", "doctor")
        cluster.done[name] += 1
        self.caused.append((now, now + trouble.lasts + AFTERWARDS, name))

    def _kill(self, name: str) -> None:
        if name in self.cluster.groups:
            self.cluster.kill(name)
            time.sleep(self.chance.uniform(0, 4))
            self.cluster.start(name)

    def _begin(self, name: str) -> Callable[[], None]:
        """Begin the trouble *name*. Returns a function that ends it."""
        server = self.places.postgres if name in ("postgres", "disk") else self.places.redis
        if name in ("postgres", "redis"):
            server.end()
            return server.start
        if name in ("disk", "home"):
            ballast = fill(server.folder.parent if name == "disk" else self.places.home)

            def empty() -> None:
                ballast.unlink()
                if not server.runs:
                    self.cluster.done[f"{server.name} ended by itself"] += 1
                    server.start()

            return empty
        names = ["worker0"] if name == "clock of one" else []
        by = self.options.clock_jump if names else self.options.all_jump
        self.cluster.clocks.move(by, *names)
        return lambda: self.cluster.clocks.move(0, *names)

    def compare(self, *more: str) -> dict[str, int]:
        """Compare the database with what was published."""
        publication = self.publication
        program = str(Path(__file__).with_name("soak_comparison.py"))
        figures = (publication.start, publication.end, publication.pace, publication.window, self.options.feeds)
        values = [str(figure) for figure in figures]
        environment = self.cluster.environment | self.cluster.clocks.environment("operator")
        command = [sys.executable, program, *values, *more]
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        counts: dict[str, int] = json.loads(done.stdout)
        return counts

    def answers(self) -> dict[str, int]:
        """End the feeds' server. Returns how many requests it has answered, by the kind of answer."""
        assert self.feeds.stdin and self.feeds.stdout
        self.feeds.stdin.close()
        counts: dict[str, int] = json.loads(self.feeds.stdout.readline())
        return counts


def soak(options: argparse.Namespace) -> bool:
    """Run the soak and print its result. Returns whether all counts that must be 0 are 0."""
    with ExitStack() as stack:
        the_soak = Soak(options, stack)
        the_soak.run()
        took = time.time() - the_soak.publication.end
        alone = the_soak.compare()
        after = the_soak.compare("--fetch") if options.last_look else {}
        answered = the_soak.answers()
        if options.save is not None:
            save(options.save, the_soak.caused, the_soak.watcher, the_soak.start)
    counts = alone | {
        f"{name}, after one more fetch": count for name, count in after.items() if name.startswith("MUST BE 0: ")
    }
    counts |= {"seconds until all of it was stored": round(took)}
    counts |= {f"requests: {name}": count for name, count in answered.items()}
    print_story(the_soak.caused, the_soak.watcher.seen, the_soak.watcher.metrics)
    return tell(counts, the_soak)


def tell(counts: dict[str, int], the_soak: Soak) -> bool:
    """Print *counts*. Returns whether all counts that must be 0 are 0."""
    options = the_soak.options
    rows: list[Sequence[str]] = [
        [f"lifestream, {name.removeprefix('MUST BE 0: ')}", f"{count:,}"] for name, count in counts.items()
    ]
    rows += [[f"caused: {name}", str(count)] for name, count in sorted(the_soak.cluster.done.items())]
    print_table(
        f"A soak of {options.minutes:g} minutes with {options.feeds:,} feeds, seed {options.seed}", ["", ""], rows
    )
    print()
    bad = {name: count for name, count in counts.items() if name.startswith("MUST BE 0: ") and count}
    for name, count in bad.items():
        print(f"NO {name.removeprefix('MUST BE 0: ')}: 0, measured {count}")
    if not bad:
        print("ok nothing was lost or stored twice")
    return not bad


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="for how long the feeds publish")
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--pace", type=float, default=1, help="factor of the 40 to 240 s between a feed's entries")
    parser.add_argument("--interval", type=float, default=60, help="LIFESTREAM_MIN_INTERVAL; the maximum is twice it")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=float, default=1, help="workers killed per minute, and as many parsers")
    parser.add_argument("--outage", type=float, default=15, help="for how many seconds a server is down")
    parser.add_argument("--full-disk", action="store_true", help="fill the disks of PostgreSQL and of LIFESTREAM_HOME")
    parser.add_argument("--clock-jump", type=float, default=0, help="seconds by which one worker's clock is set ahead")
    parser.add_argument("--all-jump", type=float, default=0, help="by how many seconds all clocks are set ahead")
    parser.add_argument("--now", help="when the soak begins for lifestream, as 2026-10-25T00:30:00Z")
    parser.add_argument("--zone", default="Europe/Berlin", help="TIME_ZONE and TZ")
    parser.add_argument("--patience", type=float, default=600, help="seconds to wait after the last entry is published")
    parser.add_argument("--last-look", action="store_true", help="fetch all feeds once more by hand, and compare again")
    parser.add_argument("--save", type=Path, help="write all that the operator could see to a file, as JSON lines")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random times of the kills")
    sys.exit(0 if soak(parser.parse_args()) else 1)


if __name__ == "__main__":
    main()
