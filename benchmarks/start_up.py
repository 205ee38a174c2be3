"""What it costs to run `lifestream update_feeds` if there is nothing to do, as cron does it every few minutes.

The peer is a bare `django.setup()` with the same apps of Django's and a connection to a SQLite database, in a new
process of the same round. Both are measured twice: with bytecode compiled before, and with none found or written, as
in many containers. A figure is the processor time of the whole process (on Windows its duration).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from imports import processor_time
from tables import Bound, Rounds, Sample, interleave, print_table, print_verdicts

COMMAND = "lifestream update_feeds, no feeds"
IDLE = "lifestream update_feeds, 100 feeds, none due"
SETUP = "bare django.setup(), the same apps, a database"

BARE_SETUP = """
import sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="-" * 50,
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.admin.apps.SimpleAdminConfig", "django.contrib.auth", "django.contrib.contenttypes",
        "django.contrib.humanize", "django.contrib.messages", "django.contrib.sessions", "django.contrib.staticfiles",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
)
django.setup()
from django.db import connection
connection.ensure_connection()
"""
NOT_DUE = """
from datetime import timedelta
from django.utils import timezone
from lifestream.models import Feed
for number in range(100):
    Feed.objects.create(url=f"https://{number}.example/feed", next_fetch=timezone.now() + timedelta(days=365))
"""


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> Sample:
    """Return the milliseconds of processor time that a new interpreter takes with these arguments."""
    began = processor_time()
    silent = subprocess.DEVNULL
    subprocess.run([sys.executable, *arguments], check=True, stdout=silent, stderr=silent, env=dict(environ))
    took = (processor_time() - began) * 1000
    return Sample(took, took)


def inherited() -> dict[str, str]:
    """Return the variables of this process, without those that choose another site's settings or forbid bytecode."""
    others = ("DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if name not in others}


def measure(folder: Path, variables: Mapping[str, str], rounds: int) -> Rounds:
    """Measure the commands and their peer, after one run of each that does not count."""
    command = ("-m", "lifestream", "update_feeds")
    commands = {
        SETUP: (("-c", BARE_SETUP, str(folder / "bare.sqlite3")), folder / "no-feeds"),
        COMMAND: (command, folder / "no-feeds"),
        IDLE: (command, folder / "none-due"),
    }
    measures = {
        name: partial(run, arguments, {**inherited(), **variables, "LIFESTREAM_HOME": str(home)})
        for name, (arguments, home) in commands.items()
    }
    for once in measures.values():
        once()
    return interleave(measures, rounds)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run of a few seconds")
    rounds = 2 if parser.parse_args().quick else 15
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compiled = {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        for home, script in (("no-feeds", "pass"), ("none-due", NOT_DUE)):
            environ = {**inherited(), **compiled, "LIFESTREAM_HOME": str(folder / home)}
            run(("-m", "lifestream", "update_feeds"), environ)  # it makes the tables
            run(("-m", "lifestream", "shell", "--command", script), environ)
        nowhere = {"PYTHONPYCACHEPREFIX": str(folder / "nothing"), "PYTHONDONTWRITEBYTECODE": "1"}
        for title, variables, limit in (
            ("with compiled bytecode", compiled, 1.1),
            ("where no bytecode is found or written", nowhere, 1.5),
        ):
            result = measure(folder, variables, rounds)
            print_table(
                title,
                ["", "ms", "ratio to the bare setup"],
                [[name, f"{result.median(name):.0f}", f"{result.ratio(name, SETUP):.2f}"] for name in result.samples],
            )
            print_verdicts(result, [Bound(COMMAND, SETUP, limit), Bound(IDLE, SETUP, limit)])


if __name__ == "__main__":
    main()
