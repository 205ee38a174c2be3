"""The manual's commands copy a PostgreSQL database that is in use, and restore it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from factories import make_feed, make_item
from lifestream.models import Item

psycopg = pytest.importorskip("psycopg")

RUNNING = (Path(__file__).parents[4] / "docs/lifestream/running.md").read_text("utf-8")

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="it needs a PostgreSQL server"),
    pytest.mark.skipif(shutil.which("pg_dump") is None, reason="it needs pg_dump, of PostgreSQL's client programs"),
]


def command(name: str) -> str:
    """Return the command that follows the mark *name* in the manual."""
    return RUNNING.partition(f"<!-- skip: {name} -->")[2].partition("```sh\n")[2].partition("\n```")[0]


@pytest.fixture
def server() -> dict[str, str]:
    """Return the variables with which PostgreSQL's programs find the server of the tests."""
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    return {ours: str(connection.settings_dict[theirs]) for ours, theirs in names.items()}


@pytest.fixture
def empty_database(transactional_db: None) -> Iterator[str]:
    name = f"restored_{uuid.uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield name
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_copy_is_restored_with_its_items_and_its_search(
    server: dict[str, str], empty_database: str, tmp_path: Path
) -> None:
    item = make_item(make_feed(), title="Kites over the harbour")
    Item.objects.filter(pk=item.pk).update(content="A whole morning of wind.")

    def run(text: str, database: str) -> None:
        # The word `lifestream` alone is the name of the database; as a part of the file's name, it stays.
        script = re.sub(r"(?<=\s)lifestream(?=\s|$)", shlex.quote(database), text)
        done = subprocess.run(
            ["sh", "-euc", script], cwd=tmp_path, env={**os.environ, **server}, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    run(command("pg_dump"), connection.settings_dict["NAME"])
    [copy] = tmp_path.iterdir()
    assert copy.name == "lifestream.dump" and copy.stat().st_mode & 0o077 == 0
    for _ in range(2):  # into an empty database, and over one that has everything already
        run(command("pg_restore"), empty_database)

    keywords: dict[str, Any] = {"host": server["PGHOST"], "port": server["PGPORT"], "user": server["PGUSER"]}
    with psycopg.connect(dbname=empty_database, password=server["PGPASSWORD"], **keywords) as restored:
        assert restored.execute("SELECT title, content FROM lifestream_item").fetchall() == [
            ("Kites over the harbour", "A whole morning of wind.")
        ]
        assert restored.execute("SELECT item_id FROM lifestream_search").fetchall() == [(item.pk,)]
        last = restored.execute("SELECT nextval(pg_get_serial_sequence('lifestream_item', 'id'))").fetchone()
        assert last is not None and last[0] == item.pk + 1
        applied = restored.execute("SELECT count(*) FROM django_migrations WHERE app = 'lifestream'").fetchone()
        assert applied is not None and applied[0] > 0
