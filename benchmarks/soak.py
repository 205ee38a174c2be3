"""A soak: feeds that go on publishing, PostgreSQL, Redis, Celery workers, and what goes wrong in operation.

Workers are killed (SIGKILL, with their children) at random; PostgreSQL and then Redis are ended at once and stay away
for a while; with --full-disk the disk of PostgreSQL becomes full; with --clock-jump the clock of one worker is moved.
In the end everything works again, what is due is fetched once more, and the database is compared with all that the
feeds have ever said: no entry may be missing, none may be there twice, each must be in the timeline and in the search
index, and no lease may be left.

    nice python benchmarks/soak.py --minutes 10 --feeds 2000
    nice python benchmarks/soak.py --minutes 60 --feeds 5000 --full-disk --clock-jump 3600

It needs Debian's postgresql and redis-server (see scripts/services.py), and a system where all of 127.0.0.0/8 is
loopback. --full-disk needs the right to mount a tmpfs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publishing import Publication, published
from tables import print_table

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
import services

SETTINGS = {
    "LIFESTREAM_ALLOWED_NETWORKS": "127.0.0.0/8",
    "LIFESTREAM_CHECK_EVERY": "5",
    "LIFESTREAM_MIN_INTERVAL": "60",
    "LIFESTREAM_MAX_INTERVAL": "120",
    "LIFESTREAM_LEASE": "60",
    "LIFESTREAM_PER_HOST_RATE": "0",
}
"""Everything happens in minutes that takes hours in operation."""
DISK = 1024
"""Megabytes of the disk that --full-disk fills."""


@dataclass
class Server:
    """A server of `services`, which can be ended at once and started again where it was."""

    name: str
    folder: Path

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return int(self.folder.with_suffix(".pid").read_text())

    def end(self) -> None:
        """End the server at once."""
        # PostgreSQL's immediate shutdown: it leaves its data as a crash does. Redis saves nothing.
        os.kill(self.pid, signal.SIGQUIT if self.name == "postgres" else signal.SIGKILL)
        while services.is_ours(self.pid, self.folder):
            services.reap(self.pid)
            time.sleep(0.05)

    def start(self) -> None:
        """Start the server again."""
        command = self.folder.with_suffix(".command").read_text().split("\0")
        owner = self.folder.stat()
        as_user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if owner.st_uid else {}
        services.launch(self.folder, [*command], as_user if self.name == "postgres" else {})


@dataclass
class Cluster:
    """Workers and a beat, each a process group of its own, and what was done to them."""

    environment: dict[str, str]
    folder: Path
    groups: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    clocks: dict[str, dict[str, str]] = field(default_factory=dict)
    moved: Any = None  # the clock shim of the worker whose clock is moved
    done: Counter[str] = field(default_factory=Counter)

    def start(self, name: str) -> None:
        """Start the worker or the beat *name*."""
        what = ["beat", "--schedule", str(self.folder / "schedule")] if name == "beat" else [
            "worker", "--concurrency", "1", "--hostname", f"{name}@%h"]  # fmt: skip
        with (self.folder / f"{name}.log").open("ab") as log:
            self.groups[name] = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "lifestream.site", *what, "--loglevel", "WARNING"],
                env=self.environment | self.clocks.get(name, {}),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kill the process *name* and all its children."""
        process = self.groups.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End all processes as an operator does, and kill those that have not ended after a minute."""
        for process in self.groups.values():
            process.terminate()
        for name, process in list(self.groups.items()):
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
            self.kill(name)

    def look_after(self) -> None:
        """Start again what has ended by itself, as a supervisor does."""
        for name, process in list(self.groups.items()):
            if process.poll() is not None:
                self.done["ended by themselves"] += 1
                self.kill(name)
                self.start(name)


@contextmanager
def running_services(disk: bool) -> Iterator[tuple[dict[str, str], Path]]:
    """Run PostgreSQL and Redis. With *disk*, PostgreSQL writes to a small disk of its own."""
    folder = Path(tempfile.mkdtemp(prefix="lifestream-services-"))
    folder.chmod(0o755)
    small = folder / "disk"
    try:
        if disk:
            small.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", str(small)], check=True)
        else:
            small = folder
        redis = services.start_redis(folder / "redis")
        postgres = services.start_postgres(small / "postgres")
        urls = {
            "DATABASE_URL": f"postgresql://lifestream@127.0.0.1:{postgres}/lifestream",
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{redis}/0",
        }
        yield urls, small
    finally:
        for name in (small / "postgres", folder / "redis"):
            if name.with_suffix(".pid").exists():
                with suppress(ProcessLookupError, FileNotFoundError):
                    Server(name.stem, name).end()
        if disk:
            subprocess.run(["umount", str(small)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def command(environment: dict[str, str], *arguments: str) -> str:
    """Run a command of lifestream. Returns what it prints; raises CalledProcessError."""
    argv = [sys.executable, "-m", "lifestream", *arguments]
    return subprocess.run(argv, env=environment, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong at a time, in seconds after the beginning."""

    at: float
    name: str


def troubles(options: argparse.Namespace, chance: random.Random) -> list[Trouble]:
    """Return what goes wrong, in order: kills at random, the outages at a quarter, a half, and later."""
    length = options.minutes * 60
    found = [Trouble(chance.uniform(20, length * 0.9), "kill") for _ in range(round(options.kills * options.minutes))]
    found += [Trouble(length * 0.25, "postgres"), Trouble(length * 0.5, "redis")]
    if options.full_disk:
        found.append(Trouble(length * 0.65, "disk"))
    if options.clock_jump:
        found += [Trouble(length * 0.35, "clock"), Trouble(length * 0.75, "clock back")]
    return sorted(found, key=lambda trouble: trouble.at)


def cause(trouble: Trouble, cluster: Cluster, folder: Path, options: argparse.Namespace, chance: random.Random) -> None:
    """Let *trouble* happen, and mend it after a while if it is an outage."""
    cluster.done[trouble.name] += 1
    workers = [name for name in cluster.groups if name != "beat"]
    if trouble.name == "kill":
        name = chance.choice(workers)
        cluster.kill(name)
        time.sleep(chance.uniform(0, 5))
        cluster.start(name)
    elif trouble.name in ("postgres", "redis"):
        place = folder if trouble.name == "postgres" else Path(cluster.environment["REDIS_FOLDER"])
        server = Server(trouble.name, place / trouble.name)
        server.end()
        time.sleep(options.outage)
        server.start()
    elif trouble.name == "disk":
        server = Server("postgres", folder / "postgres")
        ballast = folder / "ballast"
        with suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        time.sleep(options.outage)
        ballast.unlink()
        if not services.is_ours(server.pid, server.folder):
            server.start()
    else:
        offset = options.clock_jump if trouble.name == "clock" else 0
        cluster.moved._move(offset)


def soak(options: argparse.Namespace) -> bool:
    """Run the soak and print what came of it. Returns whether nothing was lost or doubled."""
    chance = random.Random(options.seed)
    with ExitStack() as stack:
        urls, folder = stack.enter_context(running_services(options.full_disk))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("LIFESTREAM_", "DJANGO_"))}
        environment = ours | SETTINGS | urls | {"LIFESTREAM_HOME": str(home)}
        environment["REDIS_FOLDER"] = str(folder.parent if options.full_disk else folder)
        start = time.time()
        publication = Publication(start, start + options.minutes * 60)
        addresses, feeds = stack.enter_context(published(publication, options.feeds))
        outlines = "".join(f'<outline type="rss" text="" xmlUrl="{address}"/>' for address in addresses)
        (home / "list.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
        command(environment, "migrate", "-v", "0")
        command(environment, "import_opml", str(home / "list.opml"), "--no-update")
        cluster = Cluster(environment, home)
        if options.clock_jump:
            _move_clock_of(cluster, stack, home)
        try:
            for name in ("beat", *(f"worker{number}" for number in range(options.workers))):
                cluster.start(name)
            for trouble in troubles(options, chance):
                while time.time() < min(start + trouble.at, publication.end):
                    time.sleep(1)
                    cluster.look_after()
                print(f"{time.time() - start:5.0f} s: {trouble.name}", flush=True)
                cause(trouble, cluster, folder, options, chance)
            while time.time() < publication.end:
                time.sleep(1)
                cluster.look_after()
        finally:
            cluster.stop()
        os.environ |= {**environment, "DJANGO_SETTINGS_MODULE": "lifestream.site.settings"}
        found = compare(publication, options.feeds)
        assert feeds.stdin and feeds.stdout
        feeds.stdin.close()
        found |= {f"requests: {name}": count for name, count in json.loads(feeds.stdout.readline()).items()}
        return tell(found, cluster.done, options)


def _move_clock_of(cluster: Cluster, stack: ExitStack, home: Path) -> None:
    """Let the clock of the first worker be moved."""
    from feedserver.check.moved_clock import ClockShim

    shim = ClockShim(home)
    loaded = shim.load(home)
    if loaded is None:
        raise SystemExit(shim.problem)
    stack.callback(loaded.close)
    cluster.clocks["worker0"] = loaded.environment
    cluster.moved = loaded


def compare(publication: Publication, feeds: int) -> dict[str, int]:
    """Fetch all feeds once more, and compare the database with what they have published."""
    import django

    django.setup()
    from django.db import connection
    from django.db.models import Count
    from django.utils import timezone

    from lifestream.models import Feed, Fetch, Host, Item, Post, due_hosts
    from lifestream.refresh import refresh

    began = time.time()
    patience = 2 * float(SETTINGS["LIFESTREAM_LEASE"])
    while Host.objects.filter(held_until__gt=timezone.now()).exists() and time.time() < began + patience:
        time.sleep(1)  # until the leases of those that were killed have ended
    waited = time.time() - began
    # A worker that was killed while its clock was wrong holds feeds for as long as its clock was ahead.
    ahead = Feed.objects.held(timezone.now()).update(claim_token="", claimed_until=None)
    Host.objects.update(not_before=None)
    Feed.objects.update(next_fetch=timezone.now(), not_before=None)
    refresh()
    expected = {f"{number}-{entry}" for number in range(feeds)
                for entry in range(1, 1 + publication.entries(number, publication.end))}  # fmt: skip
    stored = Counter(Item.objects.values_list("guid", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM lifestream_search")
        [[indexed]] = cursor.fetchall()
    fetches = dict(Fetch.objects.order_by().values_list("outcome").annotate(Count("pk")))
    return {
        "entries published": len(expected),
        "items stored": sum(stored.values()),
        "NOT lost": len(expected - stored.keys()),
        "NOT invented": len(stored.keys() - expected),
        "NOT doubled": sum(stored.values()) - len(stored),
        "NOT without a post": Item.objects.filter(posts=None).count(),
        "NOT posts doubled": Post.objects.count() - Post.objects.values("item", "lifestream").distinct().count(),
        "NOT without index": sum(stored.values()) - indexed,
        "NOT leases left": Feed.objects.exclude(claim_token="").count() + Host.objects.exclude(token="").count(),
        "NOT hosts wrong": len(due_hosts.wrong("default")),
        "NOT failing": Feed.objects.filter(failures__gt=0).count(),
        "waited for leases of the dead, in s": round(waited),
        "held by a wrong clock": ahead,
        **{f"fetches logged: {name}": count for name, count in fetches.items()},
    }


def tell(found: dict[str, int], done: Counter[str], options: argparse.Namespace) -> bool:
    """Print the figures. Returns whether all that must be nothing is nothing."""
    rows: list[Sequence[str]] = [
        [f"lifestream, {name.removeprefix('NOT ')}", f"{count:,}"] for name, count in found.items()
    ]
    rows += [[f"caused: {name}", str(count)] for name, count in done.items()]
    print_table(
        f"A soak of {options.minutes:g} minutes with {options.feeds:,} feeds, seed {options.seed}", ["", ""], rows
    )
    print()
    bad = {name: count for name, count in found.items() if name.startswith("NOT ") and count}
    for name, count in bad.items():
        print(f"NO {name.removeprefix('NOT ')}: 0, measured {count}")
    if not bad:
        print("ok nothing was lost or doubled")
    return not bad


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=float, default=1, help="how many workers are killed a minute")
    parser.add_argument("--outage", type=float, default=15, help="for how many seconds a server is away")
    parser.add_argument("--full-disk", action="store_true", help="let the disk of PostgreSQL become full")
    parser.add_argument("--clock-jump", type=float, default=0, help="by how many seconds one worker's clock is moved")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    sys.exit(0 if soak(parser.parse_args()) else 1)


if __name__ == "__main__":
    main()
