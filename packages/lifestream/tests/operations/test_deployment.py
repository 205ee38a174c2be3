"""The files of the manual's page "Running it": they start existing commands and use existing metrics and settings."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from django.core.management import get_commands

from factories import NOW, make_feed, make_subscription
from lifestream.models import Tally
from lifestream.operations.health import health
from lifestream.operations.metrics import exposition
from lifestream.site.options import OPTIONS
from own_site import command

MANUAL = Path(__file__).parents[4] / "docs/lifestream"
DEPLOY = MANUAL / "deploy"
RUNNING = (MANUAL / "running.md").read_text("utf-8")
ALERTS = [
    rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))["groups"] for rule in group["rules"]
]
PANELS = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))["panels"]
ASKED = [rule["expr"] for rule in ALERTS] + [target["expr"] for panel in PANELS for target in panel["targets"]]
FROM_PROMETHEUS = {"up"}


@pytest.fixture
def measured(db: None) -> set[str]:
    """Return the names of all metrics, of a site on which every kind of event has happened."""
    make_subscription(make_feed(next_fetch=NOW))
    counted = ("runs", "bytes", "milliseconds", "parsers", "fetches:new", "answers:200", "items:new", "cleaned:items")
    Tally.objects.add(dict.fromkeys(counted, 1), NOW)
    return {line.split()[2] for line in exposition(health(NOW)).splitlines() if line.startswith("# TYPE")}


def names_in(expression: str) -> Iterator[str]:
    """Yield the metrics in *expression*. Raises ValueError if Prometheus' own grammar does not allow the expression."""
    promql_parser.parse(expression)
    yield from re.findall(r"\b(lifestream_[a-z_]+|up)\b", expression)


@pytest.mark.parametrize("expression", ASKED)
def test_each_expression_is_valid_and_uses_existing_metrics(expression: str, measured: set[str]) -> None:
    names = set(names_in(expression))
    assert names
    assert names <= measured | FROM_PROMETHEUS


def test_an_invalid_expression_is_an_error() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        list(names_in("sum(lifestream_feeds"))


def test_each_metric_is_in_the_manual_and_on_the_dashboard_or_an_alert(measured: set[str]) -> None:
    described = set(re.findall(r"`(lifestream_[a-z_]+)", RUNNING))
    assert measured == described
    assert measured <= {name for expression in ASKED for name in names_in(expression)}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_names_the_problem_and_the_remedy(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["remedy"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    for named in re.findall(r"\blifestream ([a-z]+)", rule["annotations"]["remedy"]):
        assert named in get_commands()


def starts(words: list[str]) -> None:
    """Assert that a command line starts a command or a worker of lifestream."""
    program, *arguments = words
    name = program.rpartition("/")[2]
    if name == "lifestream":
        assert arguments[0] in get_commands()
    else:
        assert name == "celery"
        assert arguments[:2] == ["--app", "lifestream.site"]
        assert arguments[2] in {"worker", "beat"}


@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("*.service")), ids=lambda unit: unit.name)
def test_each_unit_starts_a_command_or_worker_of_lifestream(unit: Path) -> None:
    found = ConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read(unit, "utf-8")
    starts(found["Service"]["ExecStart"].split())
    assert found["Service"]["Environment"] == "LIFESTREAM_HOME=/var/lib/lifestream"
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, encoding="utf-8", check=False
        )
        mine = [line for line in done.stderr.splitlines() if unit.name in line and "is not executable" not in line]
        assert mine == []


def test_the_services_of_compose_start_commands_or_workers_with_existing_settings() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    known = {option.name for option in OPTIONS}
    ours = [service for service in services.values() if "build" in service]
    assert len(ours) == 3
    for service in ours:
        starts(service["command"])
        assert set(service["environment"]) <= known
        assert set(service["depends_on"]) <= set(services)
    arguments = (DEPLOY / "Containerfile").read_text("utf-8").rpartition("CMD ")[2]
    starts(json.loads(arguments))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")
def test_a_backup_that_is_interrupted_leaves_no_file_that_others_can_read(tmp_path: Path) -> None:
    program = RUNNING.partition("<!-- skip: backup -->")[2].partition("```python\n")[2].partition("```")[0]
    home, backup = tmp_path / "home", tmp_path / "backup"
    home.mkdir()
    backup.mkdir(mode=0o755)
    (home / "secret_key").touch(mode=0o600)
    with sqlite3.connect(home / "lifestream.sqlite3") as database:
        database.execute("CREATE TABLE secrets (hash)")
    database.close()
    # As if it were killed before it has set any mode.
    interrupted = f"import os\nos.umask(0o022)\nos.chmod = lambda *_args, **_options: None\n{program}"
    environ = {**os.environ, "LIFESTREAM_HOME": str(home), "BACKUP": str(backup)}
    subprocess.run([sys.executable, "-c", interrupted], env=environ, timeout=60, check=True)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in backup.iterdir()}
    assert modes == {"secret_key": 0o600, "lifestream.sqlite3": 0o600}


@pytest.mark.costly
def test_a_backup_of_a_site_at_work_is_restored_with_its_key(site_home: Path, tmp_path: Path) -> None:
    program = RUNNING.partition("<!-- skip: backup -->")[2].partition("```python\n")[2].partition("```")[0]
    backup = tmp_path / "backup"
    with sqlite3.connect(site_home / "lifestream.sqlite3") as writer:
        writer.execute("INSERT INTO lifestream_host (name, token) VALUES ('kept.example', '')")
        writer.commit()
        # The site is in use: this transaction is not committed yet, and the -wal file exists.
        writer.execute("INSERT INTO lifestream_host (name, token) VALUES ('later.example', '')")
        environ = {**os.environ, "LIFESTREAM_HOME": str(site_home), "BACKUP": str(backup)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environ, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        writer.rollback()
    writer.close()
    assert (backup / "secret_key").read_bytes() == (site_home / "secret_key").read_bytes()
    assert (backup / "lifestream.sqlite3").stat().st_mode & 0o077 == 0 or os.name == "nt"
    status = command("status", "--json", folder=backup)
    assert json.loads(status.stdout)["feeds"] == {}
    with sqlite3.connect(backup / "lifestream.sqlite3") as restored:
        assert restored.execute("SELECT name FROM lifestream_host").fetchall() == [("kept.example",)]
    restored.close()
