"""Full-text search over items, on SQLite (FTS5) and PostgreSQL (tsvector and GIN), with the same results.

Both hold a table `lifestream_search` of our own beside the models' (a migration makes it), with the words that
`words` finds in an item: title, author and tags apart from the text. The databases' own parsers are not asked: they
disagree on what a word is and know no Chinese. So SQLite gets words that its `ascii` tokenizer leaves as they are,
and PostgreSQL gets a finished tsvector.

`store` writes the index together with the item, and deleting an item deletes its entry; no trigger does, since a
migration that remakes a table drops them. What is left of items that went otherwise (a feed's, all at once) finds
nothing, and `rebuild` sweeps it out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import FloatField, Model, QuerySet
from django.db.models.expressions import RawSQL

from lifestream.content.tokenizer import Term, terms, words

TEXT_LENGTH: Final = 50_000
"""Characters of a text that are indexed: PostgreSQL refuses a tsvector of more than 1 MB."""
CHUNK: Final = 500
LONGEST_QUERY: Final = 300
"""Characters of a query that are looked at."""
MOST_TERMS: Final = 32
"""Words of a query that are looked for, those of phrases included: for each the database reads all places of it."""

_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Indexed:
    """What the index holds of an item: *item* is its key, *head* its title and the like, *body* its text."""

    item: int
    head: str
    body: str


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a database says it.

    *write* takes the values of a *row*, or many rows as JSON, which is what a driver passes on fastest. ITEM in *rank*
    stands for the column that holds the item's key.
    """

    create: tuple[str, ...]
    write: str
    takes_json: bool
    forget: str
    sweep: str
    matching: str
    rank: str
    row: Callable[[Indexed], Sequence[Any]]
    query: Callable[[Iterable[Term]], str]


def create(connection: BaseDatabaseWrapper) -> None:
    """Makes the index's table, unless it is there. Databases other than the two get none, and find nothing."""
    if dialect := _DIALECTS.get(connection.vendor):
        with connection.cursor() as cursor:
            for statement in dialect.create:
                cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Removes the index's table."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS lifestream_search")


def matching(queryset: QuerySet[_Row], query: str) -> QuerySet[_Row]:
    """Those of *queryset*, which are items or posts, that hold all terms of *query*, in the order that they had.

    A term is a word, or a phrase in double quotes; nothing else in a query has a meaning. A query without any
    letter or digit matches nothing. Of a long query the first LONGEST_QUERY characters and MOST_TERMS words count.
    """
    field, _ = _item_of(queryset)
    dialect, wanted = _DIALECTS.get(connections[queryset.db].vendor), _wanted(query)
    if dialect is None or not wanted:
        return queryset.none()
    return queryset.filter(**{f"{field}__in": RawSQL(dialect.matching, [dialect.query(wanted)])})  # noqa: S611  literal


def by_rank(queryset: QuerySet[_Row], query: str) -> QuerySet[_Row]:
    """The same, the best match first; a word in a title counts more, and of equals the later one comes first."""
    _, column = _item_of(queryset)
    dialect, wanted = _DIALECTS.get(connections[queryset.db].vendor), _wanted(query)
    if dialect is None or not wanted:
        return queryset.none()
    sql = dialect.rank.replace("ITEM", column)
    rank = RawSQL(sql, [dialect.query(wanted)], output_field=FloatField())  # noqa: S611  made of literals
    found: QuerySet[_Row] = matching(queryset, query).alias(search_rank=rank)  # type: ignore[assignment]
    return found.order_by("search_rank", "-date", "-pk")


def _wanted(query: str) -> list[Term]:
    """Return each term of *query* once, until they have MOST_TERMS words; of a phrase that is longer its beginning."""
    found: list[Term] = []
    left = MOST_TERMS
    for term in dict.fromkeys(terms(query[:LONGEST_QUERY])):
        if left:
            found.append(term if len(term.words) <= left else Term(term.words[:left]))
            left -= len(found[-1].words)
    return found


def index(entries: Iterable[Indexed], using: str) -> None:
    """Writes *entries* into the index of the database *using*, in place of what it had of those items."""
    if dialect := _DIALECTS.get(connections[using].vendor):
        rows = [dialect.row(entry) for entry in entries]
        with connections[using].cursor() as cursor:
            if rows and dialect.takes_json:
                cursor.execute(dialect.write, [json.dumps(rows, ensure_ascii=False)])
            elif rows:
                cursor.executemany(dialect.write, rows)


def forget(items: Iterable[int], using: str) -> None:
    """Takes the items with these keys out of the index of the database *using*."""
    if dialect := _DIALECTS.get(connections[using].vendor):
        rows = [(item,) for item in items]
        with connections[using].cursor() as cursor:
            if rows:
                cursor.executemany(dialect.forget, rows)


def rebuild() -> int:
    """Indexes all items anew and sweeps out what is of no item, while searches go on; returns how many there are.

    Each chunk is a transaction of its own, so that an import beside it never waits long.
    """
    from lifestream.models import Item

    using = router.db_for_write(Item)
    create(connections[using])
    count = 0
    items = Item.objects.using(using).only("pk", "title", "author", "text").prefetch_related("tags")
    for chunk in _chunks(items):
        with transaction.atomic(using=using):
            index((indexed(item, (tag.name for tag in item.tags.all())) for item in chunk), using)
        count += len(chunk)
    if dialect := _DIALECTS.get(connections[using].vendor):
        with connections[using].cursor() as cursor:
            cursor.execute(dialect.sweep)
    return count


def indexed(item: Any, tags: Iterable[str]) -> Indexed:
    """What the index is to hold of *item*, which has the *tags* of these names."""
    return Indexed(item.pk, " ".join([item.title, item.author, *tags]), item.text)


def _chunks(queryset: QuerySet[_Row]) -> Iterator[list[_Row]]:
    last = 0
    while rows := list(queryset.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield rows
        last = rows[-1].pk


def _item_of(queryset: QuerySet[Any]) -> tuple[str, str]:
    """The field and the column of *queryset*'s model that tell the item."""
    from lifestream.models import Item, Post

    if queryset.model is Item:
        return "pk", '"lifestream_item"."id"'
    if queryset.model is Post:
        return "item", '"lifestream_post"."item_id"'
    raise TypeError(f"{queryset.model.__name__} can't be searched; give items or posts.")


# How SQLite says it (sqlite.org/fts5.html).


def _sqlite_row(entry: Indexed) -> tuple[int, str, str]:
    return entry.item, _line(entry.head), _line(entry.body)


def _line(text: str) -> str:
    text = text[:TEXT_LENGTH]
    # In plain ASCII, which most text is, the `ascii` tokenizer finds the same words as we do.
    if text.isascii() and "+" not in text and "#" not in text:
        return text
    return " ".join(words(text))


def _sqlite_query(wanted: Iterable[Term]) -> str:
    """Phrases, all of them needed; words hold no quotes."""
    return " ".join(f'"{" ".join(term.words)}"{"*" if term.prefix else ""}' for term in wanted)


# How PostgreSQL says it (postgresql.org/docs/current/datatype-textsearch.html).

_LEXEME_LENGTH = 500  # characters, of at most 2046 bytes


def _postgresql_row(entry: Indexed) -> tuple[int, str]:
    """A tsvector as text. PostgreSQL gathers the places of a word by itself, and keeps as many as it can."""
    head, body = _lexemes(entry.head), _lexemes(entry.body)
    places = [f"{word}:{place}A" for place, word in enumerate(head, 1)]
    # A place is left out between them, so that no phrase begins in the head and ends in the body.
    places += [f"{word}:{place}" for place, word in enumerate(body, len(head) + 2)]
    return entry.item, " ".join(places)


def _lexemes(text: str) -> list[str]:
    return [word[:_LEXEME_LENGTH] for word in words(text[:TEXT_LENGTH])]


def _postgresql_query(wanted: Iterable[Term]) -> str:
    """Phrases with <->, all of them needed; words hold no quotes."""
    phrases = []
    for term in wanted:
        lexemes = [f"'{word[:_LEXEME_LENGTH]}'" for word in term.words]
        lexemes[-1] += ":*" if term.prefix else ""
        phrases.append(f"({' <-> '.join(lexemes)})")
    return " & ".join(phrases)


_DIALECTS: Final = {
    "sqlite": _Dialect(
        create=("CREATE VIRTUAL TABLE IF NOT EXISTS lifestream_search USING fts5(head, body, tokenize = 'ascii')",),
        write="INSERT OR REPLACE INTO lifestream_search (rowid, head, body) VALUES (%s, %s, %s)",
        takes_json=False,
        forget="DELETE FROM lifestream_search WHERE rowid = %s",
        sweep="DELETE FROM lifestream_search WHERE rowid NOT IN (SELECT id FROM lifestream_item)",
        matching="SELECT rowid FROM lifestream_search WHERE lifestream_search MATCH %s",
        rank="(SELECT bm25(lifestream_search, 8.0, 1.0) FROM lifestream_search"
        " WHERE lifestream_search MATCH %s AND rowid = ITEM)",
        row=_sqlite_row,
        query=_sqlite_query,
    ),
    "postgresql": _Dialect(
        create=(
            "CREATE TABLE IF NOT EXISTS lifestream_search (item_id bigint PRIMARY KEY, words tsvector NOT NULL)",
            "CREATE INDEX IF NOT EXISTS lifestream_search_words ON lifestream_search USING gin (words)",
        ),
        write="INSERT INTO lifestream_search (item_id, words)"
        " SELECT (entry->>0)::bigint, (entry->>1)::tsvector FROM json_array_elements(%s::json) AS entry"
        " ON CONFLICT (item_id) DO UPDATE SET words = EXCLUDED.words",
        takes_json=True,
        forget="DELETE FROM lifestream_search WHERE item_id = %s",
        sweep="DELETE FROM lifestream_search WHERE item_id NOT IN (SELECT id FROM lifestream_item)",
        matching="SELECT item_id FROM lifestream_search WHERE words @@ %s::tsquery",
        rank="(SELECT -ts_rank_cd(words, %s::tsquery) FROM lifestream_search WHERE item_id = ITEM)",
        row=_postgresql_row,
        query=_postgresql_query,
    ),
}
