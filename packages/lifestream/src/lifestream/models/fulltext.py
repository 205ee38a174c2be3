"""Full-text search over items, on SQLite (FTS5) and PostgreSQL (tsvector and GIN).

The results are the same, but for phrases in very long texts: PostgreSQL keeps 256 places of each word, and none after
place 16,383.

Both have a table `lifestream_search` beside the models' tables; a migration creates it. It has the words that
`content.tokenizer` finds in the first TEXT_LENGTH characters of an item's text, and apart from them those of its title,
author and tags. `search_sql` has the SQL of each database.

`storage.item_import` writes the entry of an item together with the item, and `Item.delete` and `ItemQuerySet.delete`
delete the entry. No triggers do this, since a migration that creates a table anew drops them. Entries of items that
were deleted in another way, such as with their feed, lead to no item, and `rebuild` removes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Model, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler

from lifestream.content.tokenizer import Term, terms
from lifestream.models.index_conditions import BooleanLookup
from lifestream.models.search_sql import DIALECTS, Dialect, Indexed
from lifestream.models.time_limit import LOOK, TimeLimit

CHUNK: Final = 500
LONGEST_QUERY: Final = 300
"""How many characters of a query are used."""
RARE: Final = 10_000
"""The words of a query are rare if at most this many items have them."""
SHOWN: Final = 2_000
"""How many of the latest items with a query's words are looked up first if the words are neither rare nor frequent."""
FREQUENT: Final = 10
"""The words of a query are frequent if at least this many of the `search_sql.LATEST` latest items have them."""
MOST_COUNTED: Final = 1_000
"""How many of the rows that a query finds are counted for a page."""
MOST_TERMS: Final = 32
"""How many words of a query are used, those of phrases included. The database reads all occurrences of each word."""

_SHORT_LIST: Final = 400
_TABLE: Final = "lifestream_search"
_Row = TypeVar("_Row", bound=Model)


def create(connection: BaseDatabaseWrapper) -> None:
    """Create the table of the index unless it exists, and on PostgreSQL the function that searches it. Other databases
    get no table, and searches in them find nothing.
    """
    if dialect := DIALECTS.get(connection.vendor):
        with connection.cursor() as cursor:
            for statement in dialect.create:
                cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Drop the table of the index, and what belongs to it."""
    if dialect := DIALECTS.get(connection.vendor):
        with connection.cursor() as cursor:
            for statement in dialect.drop:
                cursor.execute(statement)


def matching(queryset: QuerySet[_Row], query: str) -> QuerySet[_Row]:
    """Return the rows of *queryset*, items or posts, that contain all terms of *query*, in their previous order.

    A term is the beginning of a word, a word of one or two letters, or a phrase in double quotes; nothing else in a
    query has a meaning. A query without any letter or digit matches nothing. Of a long query, the first LONGEST_QUERY
    characters and MOST_TERMS words are used. If the time is up (see `time_limit`), older rows are missing.
    """
    return find(query, queryset.db).among(queryset)


@dataclass(frozen=True, slots=True)
class Hits:
    """How many rows a query finds: exactly *count* if *is_all*, else at least *count*."""

    count: int
    is_all: bool


@dataclass(frozen=True, slots=True)
class FoundKeys:
    """The primary keys of rows that a query finds. If *is_cut*, others may be missing, since the time was up."""

    keys: tuple[int, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class FoundItems:
    """The result of `find`.

    *query* is the query as the database understands it, "" for one that finds nothing. *keys* are the primary keys of
    all items found, or, unless they *are_all*, of the latest SHOWN ones. They are None if the words are frequent: then
    no items are looked up first. If *is_cut*, the index was read only for as long as `time_limit` allows, and
    older items were not searched: *keys* are then all that were found in time.
    """

    query: str
    keys: tuple[int, ...] | None = ()
    are_all: bool = True
    is_cut: bool = False

    @property
    def are_looked_up(self) -> bool:
        """Whether all items that are found are known by their keys."""
        return self.keys is not None and self.are_all

    def among(self, queryset: QuerySet[_Row]) -> QuerySet[_Row]:
        """Return the rows of *queryset*, items or posts, that are found, in their previous order."""
        if not self.query:
            return queryset.none()
        if self.keys is None or not self.are_all:
            return queryset.filter(_Matches(F(_item_of(queryset)), Value(self.query), self.keys or ()))
        return among(queryset, self.keys)

    def first_listed(self, queryset: QuerySet[_Row], count: int) -> FoundKeys:
        """Return the primary keys of the first *count* rows of *queryset* that are found. All items that are found are
        looked up once. If few rows are found although the words are frequent, this takes less time than checking row
        after row.
        """
        using = queryset.db
        if self.keys is None:
            every = _matching(DIALECTS[connections[using].vendor], self.query, RARE + 1, using)
            if every.is_cut or len(every.keys) <= RARE:
                keys = among(queryset, every.keys).values_list("pk", flat=True)[:count]
                return FoundKeys(tuple(keys), every.is_cut)
        listed: tuple[int, ...] = ()
        with TimeLimit(connections[using]) as limit:
            rows = queryset.filter(_IsListed(F(_item_of(queryset)), Value(self.query)))
            listed = tuple(rows.values_list("pk", flat=True)[:count])
        return FoundKeys(listed, limit.is_over)

    def latest_among(self, queryset: QuerySet[_Row]) -> QuerySet[_Row] | None:
        """Return the rows of *queryset* that are among the *keys*, if these are only the latest; otherwise None."""
        return among(queryset, self.keys) if self.keys and not self.are_all else None

    def count(self, queryset: QuerySet[Any], most: int) -> Hits:
        """Return how many rows of *queryset*, items or posts, belong to items with the *keys*, counting no further than
        *most*.
        """
        keys = self.keys or ()
        if len(keys) > most:
            # In most lifestreams, the first keys alone give more than *most* rows: the others are not looked up then.
            count = self._count(queryset, keys[: most + 1], most)
            if count > most:
                return Hits(most, is_all=False)
        count = self._count(queryset, keys, most)
        return Hits(min(count, most), is_all=self.are_looked_up and not self.is_cut and count <= most)

    @staticmethod
    def _count(queryset: QuerySet[Any], keys: Sequence[int], most: int) -> int:
        return len(among(queryset.order_by(), keys).values_list("pk")[: most + 1]) if keys else 0


def find(query: str, using: str) -> FoundItems:
    """Return the items in the database *using* that contain all terms of *query*; see `matching`."""
    dialect, wanted = DIALECTS.get(connections[using].vendor), _wanted(query)
    if dialect is None or not wanted:
        return FoundItems("")
    query = dialect.query(wanted)
    # Neither database's planner knows how rare a word is. Some of the latest items have a frequent word, so walking
    # down the timeline finds them soon. For a rare word, that reads the whole timeline, so its items are looked up
    # first.
    if len(_latest(dialect, query, using)) >= FREQUENT:
        return FoundItems(query, None)
    found = _matching(dialect, query, RARE + 1, using)
    if len(found.keys) <= RARE or found.is_cut:
        return FoundItems(query, found.keys, is_cut=found.is_cut)
    # Words that are neither frequent nor rare were frequent in the past: their latest items are far down the timeline.
    return FoundItems(query, found.keys[:SHOWN], are_all=False)


def _latest(dialect: Dialect, query: str, using: str) -> tuple[int, ...]:
    """Return the keys of those of the latest items that match *query*, written for *dialect*, as far as they can be
    read in LOOK seconds.
    """
    keys: list[int] = []
    with TimeLimit(connections[using], LOOK), connections[using].cursor() as cursor:
        cursor.execute(dialect.latest, {"query": query})
        for (item,) in cursor:
            keys.append(item)  # one by one, so that those are kept that were read in time
    return tuple(keys)


def _matching(dialect: Dialect, query: str, most: int, using: str) -> FoundKeys:
    """Return the keys of the latest *most* items that match *query*, written for *dialect*, the latest first."""
    keys: list[int] = []
    with TimeLimit(connections[using]) as limit, connections[using].cursor() as cursor:
        cursor.execute(dialect.matching, {"query": query, "most": most})
        for (item,) in cursor:
            keys.append(item)  # one by one, so that those are kept that were read in time
    return FoundKeys(tuple(keys), limit.is_over)


def condition(queryset: QuerySet[Any], found: FoundItems) -> BooleanLookup:
    """Return the condition that a row of *queryset*, items or posts, is *found*; the database checks it row by row.
    It is for queries within a `TimeLimit` of LOOK seconds: on PostgreSQL, no row fulfils it after that time.
    """
    return _Matches(F(_item_of(queryset)), Value(found.query), found.keys or (), is_limited=True)


@dataclass(frozen=True, slots=True)
class Latest(Generic[_Row]):
    """The rows that belong to the latest items that match a query: those of all such items if *are_all*. If *is_cut*,
    older items were not searched.
    """

    rows: QuerySet[_Row]
    are_all: bool = True
    is_cut: bool = False


def latest_matching(queryset: QuerySet[_Row], query: str, most: int) -> Latest[_Row]:
    """Return the rows of *queryset*, items or posts, that belong to the latest *most* items with all terms of *query*.
    Unlike those of `matching`, these rows can be counted and ordered in any way without delay, even for a frequent
    word.
    """
    dialect, wanted = DIALECTS.get(connections[queryset.db].vendor), _wanted(query)
    if dialect is None or not wanted:
        return Latest(queryset.none())
    found = _matching(dialect, dialect.query(wanted), int(most) + 1, queryset.db)
    return Latest(among(queryset, found.keys[:most]), len(found.keys) <= most and not found.is_cut, found.is_cut)


def among(queryset: QuerySet[_Row], items: Sequence[int], field: str = "") -> QuerySet[_Row]:
    """Return the rows of *queryset*, items or posts, whose item is one of *items* (keys). With *field*, *queryset* may
    have rows of any model, and those whose field of this name is one of *items* are returned.
    """
    field = field or _item_of(queryset)
    # SQLite's planner counts the keys of a short list, but would walk down the timeline for a subquery.
    if len(items) <= _SHORT_LIST or not is_supported(queryset.db):
        return queryset.filter(**{f"{field}__in": items})
    return queryset.filter(_Among(F(field), Value(json.dumps(list(items)))))


def is_supported(using: str) -> bool:
    """Return whether the database *using* has a search index."""
    return connections[using].vendor in DIALECTS


class _Matches(BooleanLookup):
    """The condition that an item matches a query, looked up item by item; *latest* are the keys of the latest items
    that do, if they are known. With *is_limited*, items are looked up for LOOK seconds.
    """

    prepare_rhs = False

    def __init__(self, item: F, query: Value, latest: Sequence[int], *, is_limited: bool = False) -> None:
        super().__init__(item, query)
        self._latest, self._is_limited = latest, is_limited

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the condition in SQL."""
        item, item_params = self.process_lhs(compiler, connection)
        query, query_params = self.process_rhs(compiler, connection)
        dialect = DIALECTS[connection.vendor]
        form = dialect.found_in_time if self._is_limited else dialect.found
        found = form.format(item=item, query=query)
        query_params = query_params * form.count("{query}")
        if not self._latest:
            return found, (*query_params, *item_params)
        # CASE instead of OR, for which SQLite might sort.
        among = dialect.among.format(item=item, items="%s")
        sql = f"CASE WHEN {item} >= {min(self._latest)} THEN {among} ELSE {found} END"
        return sql, (*item_params, *item_params, json.dumps(list(self._latest)), *query_params, *item_params)


class _IsListed(BooleanLookup):
    """The condition that an item is one of those that match a query; the database lists them first."""

    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the condition in SQL."""
        item, item_params = self.process_lhs(compiler, connection)
        query, query_params = self.process_rhs(compiler, connection)
        return DIALECTS[connection.vendor].listed.format(item=item, query=query), (*item_params, *query_params)


class _Among(BooleanLookup):
    """The condition that an item is one of those in a JSON list. SQLite limits the number of parameters."""

    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the condition in SQL."""
        item, item_params = self.process_lhs(compiler, connection)
        items, items_params = self.process_rhs(compiler, connection)
        return DIALECTS[connection.vendor].among.format(item=item, items=items), (*item_params, *items_params)


def _wanted(query: str) -> list[Term]:
    """Return each term of *query* once, until they have MOST_TERMS words; a phrase that exceeds this is cut off."""
    found: list[Term] = []
    left = MOST_TERMS
    for term in dict.fromkeys(terms(query[:LONGEST_QUERY], beginnings=True)):
        if left:
            found.append(term if len(term.words) <= left else Term(term.words[:left]))
            left -= len(found[-1].words)
    return found


def index(entries: Iterable[Indexed], using: str) -> None:
    """Write *entries* into the index of the database *using*, in place of its previous entries for these items."""
    if dialect := DIALECTS.get(connections[using].vendor):
        rows = [dialect.row(entry) for entry in entries]
        with connections[using].cursor() as cursor:
            if rows and dialect.takes_json:
                cursor.execute(dialect.write, [json.dumps(rows, ensure_ascii=False)])
            elif rows:
                cursor.executemany(dialect.write, rows)


def forget(items: Iterable[int], using: str) -> None:
    """Remove the items with these primary keys from the index of the database *using*."""
    if dialect := DIALECTS.get(connections[using].vendor):
        rows = [(item,) for item in items]
        with connections[using].cursor() as cursor:
            if rows:
                cursor.executemany(dialect.forget, rows)


def is_there(using: str) -> bool:
    """Return whether the database *using* has the table of the index."""
    return _TABLE in connections[using].introspection.table_names()


def empty(using: str) -> None:
    """Remove all entries from the index of the database *using*."""
    if dialect := DIALECTS.get(connections[using].vendor):
        with connections[using].cursor() as cursor:
            for statement in dialect.empty:
                cursor.execute(statement)


def rebuild() -> int:
    """Index all items again and remove entries of items that no longer exist. Searches keep working. Returns the number
    of items.

    Each chunk is a transaction of its own, so that an import at the same time never waits long.
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
    if dialect := DIALECTS.get(connections[using].vendor):
        with connections[using].cursor() as cursor:
            cursor.execute(dialect.sweep)
    return count


def indexed(item: Any, tags: Iterable[str]) -> Indexed:
    """Return the entry of *item* for the index; *tags* are the names of its tags."""
    return Indexed(item.pk, " ".join([item.title, item.author, *tags]), item.text)


def _chunks(queryset: QuerySet[_Row]) -> Iterator[list[_Row]]:
    last = 0
    while rows := list(queryset.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield rows
        last = rows[-1].pk


def _item_of(queryset: QuerySet[Any]) -> str:
    """Return the field of *queryset*'s model that identifies the item."""
    from lifestream.models import Item, Post

    if queryset.model is Item:
        return "pk"
    if queryset.model is Post:
        return "item"
    raise TypeError(f"{queryset.model.__name__} can't be searched; give items or posts.")
