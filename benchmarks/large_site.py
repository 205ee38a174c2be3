"""The bundled site with an empty database, filled with feeds, items and posts by the fastest way there is.

The database is a new SQLite file, or one that is made and dropped in the PostgreSQL server that
LIFESTREAM_TEST_DATABASE_URL names. Times are taken in processor time, PostgreSQL's own for our connection included.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django

TOGETHER = 20
"""The hosts with keys up to this one have three tenths of all feeds (only six of them have any). Of the hosts after it,
each has at most four.
"""
FEW = 100
"""How many subscriptions the second lifestream has; the first one has all feeds."""
WORDS = 20_000
BODIES = 4000
TAGS = 2000
FETCHES = 3
"""How many rows the log has of each feed."""
NOW = datetime.now(UTC).replace(microsecond=0)


@contextmanager
def site(keep: str = "") -> Iterator[None]:
    """Set up the bundled site with an empty database that is dropped afterwards. With *keep*, the path of a SQLite file
    or the name of a database of the PostgreSQL server, that database is used, and is not dropped.
    """
    import psycopg

    server = os.environ.get("LIFESTREAM_TEST_DATABASE_URL", "")
    postgres = server.startswith("postgres")
    with tempfile.TemporaryDirectory() as folder:
        name = keep or f"lifestream_large_{os.getpid()}"
        if postgres:
            url = urlsplit(server)._replace(path=f"/{name}").geturl()
            with psycopg.connect(server, autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                    connection.execute(f"CREATE DATABASE {name}")
        else:
            url = f"sqlite:///{Path(keep) if keep else Path(folder) / 'large.sqlite3'}"
        os.environ |= {"LIFESTREAM_HOME": folder, "DATABASE_URL": url}
        os.environ["DJANGO_SETTINGS_MODULE"] = "lifestream.site.settings"
        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        try:
            yield
        finally:
            connections.close_all()
            if postgres and not keep:
                with psycopg.connect(server, autocommit=True) as connection:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def processor_time() -> float:
    """Return the seconds of processor time that this process and PostgreSQL's process for its connection have used;
    wall-clock time if the latter's cannot be read.
    """
    from django.db import connection

    if connection.vendor == "sqlite":
        return time.process_time()
    connection.ensure_connection()
    try:
        taken = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0]
    except OSError:  # The server is on another machine, or on another system.
        return time.perf_counter()
    return time.process_time() + int(taken) / 1e9


def host_of(number: int) -> int:
    """Return the primary key of the host of the feed *number*."""
    return number % TOGETHER + 1 if number % 10 < 3 else TOGETHER + 1 + number // 4


def fill(feeds: int, items: int) -> None:
    """Write *feeds* feeds with *items* items in all. Each item is posted in a lifestream of all feeds, and also in a
    small one if its feed is one of the first FEW.
    """
    from django.db import connection

    from lifestream.models import due_hosts

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -500000")  # 500 MB, in which the index of many texts is merged
    if connection.vendor == "postgresql":
        with _no_indexes():
            _fill_tables(feeds, items)
    else:
        _fill_tables(feeds, items)
    due_hosts.mend("default")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("ANALYZE")


def _fill_tables(feeds: int, items: int) -> None:
    """Write all rows, those of the search index included."""
    from django.contrib.auth.models import User
    from django.db import connection

    from lifestream.content.item_card import of
    from lifestream.models import Feed, Fetch, Host, Item, Lifestream, Post, Subscription, Tag

    for name in ("root", "owner"):
        User.objects.create_user(name, is_superuser=name == "root", is_staff=True)
    owner = User.objects.get(username="owner")
    every = Lifestream.objects.create(pk=1, slug="every", title="Every feed", owner=owner)
    Lifestream.objects.create(pk=2, slug="few", title="A few feeds", owner=owner)
    numbers = range(1, feeds + 1)
    hosts = sorted({host_of(number) for number in numbers})
    _write(Host(), ("id", "name"), ((key, f"host{key}.example") for key in hosts))
    _write(
        Feed(created=NOW, last_fetch=NOW, last_success=NOW, last_status="not modified", icon_checked=NOW),
        ("id", "host", "url", "url_hash", "title", "domain", "next_fetch", "etag"),
        (
            (number, host_of(number), url, _hash(number), title, domain, due, f'"{number}"')
            for number in numbers
            for due in [NOW + timedelta(seconds=900 + number % 86400)]
            for domain in [f"host{host_of(number)}.example"]
            for url, title in [(f"https://{domain}/feeds/{number}.xml", f"{_NAMES[number % 97]} site {number}")]
        ),
    )  # fmt: skip
    few = range(1, min(FEW, feeds) + 1)
    _write(
        Subscription(created=NOW),
        ("id", "lifestream", "feed", "folder"),
        chain(
            ((number, every.pk, number, f"Folder {number % 40}") for number in numbers),
            ((feeds + number, 2, number, "") for number in few),
        ),
    )
    _write(
        Fetch(outcome="not modified", status=304, duration=0.12, reason="the feed's own rhythm", next_fetch=NOW),
        ("feed", "started"),
        ((number, NOW - timedelta(hours=age)) for age in range(FETCHES, 0, -1) for number in numbers),
    )
    bodies = _bodies()
    sample = Item(title="A title", link="https://host.example/1", summary=bodies[0][2], content=bodies[0][1])
    card = of(sample).as_json()
    keys = range(1, items + 1)

    def date_of(key: int) -> datetime:
        return NOW - timedelta(seconds=30 * (items - key))

    _write(
        Item(author="An author", card=card, first_seen=NOW, language="en"),
        ("id", "feed", "key_hash", "link_hash", "content_hash", "fingerprint", "guid", "link", "title", "date",
         "content", "text", "summary"),
        (
            (
                key, feed, _hash(key), _hash(-key), _hash(2 * key), _hash(3 * key), link, link,
                f"{_NAMES[key % 97]} {_NAMES[key % 89]} number {key}", date_of(key),
                f"{html}<p>rare{key}</p>", f"{text} rare{key}", summary,
            )
            for key in keys
            for feed in [key % feeds + 1]
            for link in [f"https://host{host_of(feed)}.example/posts/2026/{key}/a-post-of-ours"]
            for text, html, summary in [bodies[key * 7919 % BODIES]]
        ),
    )  # fmt: skip
    _write(
        Post(),
        ("id", "lifestream", "subscription", "item", "date"),
        chain(
            ((key, 1, key % feeds + 1, key, date_of(key)) for key in keys),
            (
                (items + key, 2, feeds + key % feeds + 1, key, date_of(key))
                for key in keys
                if key % feeds + 1 in few
            ),
        ),
    )  # fmt: skip
    # Tag 1 is on each second item, tag 2 on each fourth, and so on: tag 20 is on one in a million. Each tag from 30 to
    # TAGS - 1 is on about one in 2,000.
    _write(Tag(), ("id", "name", "slug"), ((key, f"Tag {key}", f"tag-{key}") for key in range(1, TAGS + 1)))
    _write(
        Item.tags.through(),
        ("item", "tag"),
        ((key, tag) for key in keys for tag in {1 + (key & -key).bit_length() - 1, 30 + key * 31 % (TAGS - 30)}),
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _fill_search_index(cursor, items, bodies)
            for model in (Host, Feed, Subscription, Fetch, Item, Post, Tag, Item.tags.through):
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), "
                    f"max(id)) FROM {model._meta.db_table}"
                )
        else:
            cursor.execute(
                "INSERT INTO lifestream_search (rowid, head, body) "
                "SELECT id, title || ' ' || author, text FROM lifestream_item"
            )


def _fill_search_index(cursor: Any, items: int, bodies: Sequence[tuple[str, str, str]]) -> None:
    """Write PostgreSQL's search index as imports build it: the words in lower case with their positions, each with the
    segment of its item in front of it. Words of title and author weigh more.

    The words of a text are those of its body, which many items have, and the one word at its end.
    """
    from lifestream.models.search_sql import SEGMENT

    cursor.execute("CREATE TEMPORARY TABLE body (number int PRIMARY KEY, words text)")
    cursor.executemany(
        "INSERT INTO body VALUES (%s, %s)",
        [
            (number, " ".join(f"/{word}:{place}" for place, word in enumerate(text.split(), 1)))
            for number, (text, *_) in enumerate(bodies)
        ],
    )
    cursor.execute("CREATE TEMPORARY TABLE body_in_segment (number int PRIMARY KEY, words tsvector)")
    for segment in range(items // SEGMENT + 1):
        cursor.execute("TRUNCATE body_in_segment")
        cursor.execute(
            "INSERT INTO body_in_segment SELECT number, replace(words, '/', %s)::tsvector FROM body", [f"{segment}/"]
        )
        cursor.execute(
            "INSERT INTO lifestream_search (item_id, words) SELECT id, "
            "(SELECT string_agg(%s || word || ':' || place || 'A', ' ') "
            "FROM unnest(string_to_array(lower(title || ' ' || author), ' ')) WITH ORDINALITY AS head(word, place)"
            ")::tsvector || body_in_segment.words || (%s || id || ':1')::tsvector "
            f"FROM lifestream_item JOIN body_in_segment ON body_in_segment.number = id::bigint * 7919 %% {BODIES} "
            "WHERE id BETWEEN %s AND %s ORDER BY id",
            [f"{segment}/", f"{segment}/rare", segment * SEGMENT, (segment + 1) * SEGMENT - 1],
        )


@contextmanager
def _no_indexes() -> Iterator[None]:
    """Drop PostgreSQL's indexes and unique constraints of our tables, but for primary keys, and make them again
    afterwards, sorted, which takes a fraction of the time. Foreign keys are not checked meanwhile.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', conrelid::regclass, conname), "
            "format('ALTER TABLE %I ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) "
            "FROM pg_constraint WHERE contype = 'u' AND conrelid::regclass::text LIKE 'lifestream\\_%'"
        )
        changes = cursor.fetchall()
        cursor.execute(
            "SELECT format('DROP INDEX %I', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid::regclass::text LIKE 'lifestream\\_%' "
            "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
        )
        changes += cursor.fetchall()
        for drop, _ in changes:
            cursor.execute(drop)
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '4GB'")
        yield
        for _, make in changes:
            began = time.perf_counter()
            cursor.execute(make)
            if time.perf_counter() - began > 10:
                print(f"{time.perf_counter() - began:.0f} s: {make}", file=sys.stderr, flush=True)
        cursor.execute("RESET session_replication_role")


_RANDOM = random.Random(1)
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is")]


def _word(rank: int) -> str:
    """Return the word of this *rank* by frequency: frequent words are short."""
    word, rank = "", rank + 7
    while rank:
        rank, rest = divmod(rank, len(_SYLLABLES))
        word += _SYLLABLES[rest]
    return word


_NAMES = [_word(rank).title() for rank in range(300, 400)]


def _bodies() -> list[tuple[str, str, str]]:
    """Return texts of about 1 KB, each as plain text, as HTML, and its first 40 words. How frequent a word is follows
    from its rank by Zipf's law.
    """
    weights = [1 / (rank + 2.7) for rank in range(WORDS)]
    words = [_word(rank) for rank in range(WORDS)]
    made = []
    for _ in range(BODIES):
        chosen = _RANDOM.choices(words, weights, k=_RANDOM.randint(120, 280))
        parts = [" ".join(chosen[start : start + 50]) for start in range(0, len(chosen), 50)]
        html = "".join(f'<p>{part} <a href="https://host.example/{part[:20]}">{part[:9]}</a></p>' for part in parts)
        made.append(("\n".join(parts), html, " ".join(chosen[:40])))
    return made


def _hash(number: int) -> str:
    return _RANDOM.randbytes(4).hex() + f"{number & 0xFFFFFFFFFFFFFF:056x}"


def _write(row: Any, names: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    """Write rows with *values* in the columns of the fields *names*; all other columns have the values of *row*."""
    from django.db import connection, transaction

    fields = {field.name: field for field in row._meta.concrete_fields}
    others = [field for name, field in fields.items() if name not in names and not field.primary_key]
    columns = [fields[name].column for name in names] + [field.column for field in others]
    same = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in others]
    table = row._meta.db_table
    rows = ([*each, *same] for each in values)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Rows that are frozen need no vacuum, which would write all of them again. FREEZE needs a table that this
            # transaction has truncated. CASCADE also empties the tables that refer to this one, which are filled later.
            cursor.execute(f"TRUNCATE {table} CASCADE")
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN WITH (FREEZE)") as copy:
                for each in rows:
                    copy.write_row(each)
            return
        dates = [place for place, name in enumerate(names) if fields[name].get_internal_type() == "DateTimeField"]
        marks = ", ".join(["?"] * len(columns))

        def adapted() -> Iterator[list[Any]]:
            for each in rows:
                for place in dates:
                    each[place] = connection.ops.adapt_datetimefield_value(each[place])
                yield each

        # Not Django's cursor, which keeps all rows that it has seen.
        cursor.connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", adapted())
