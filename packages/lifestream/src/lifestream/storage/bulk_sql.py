"""Read, insert, update or delete many rows at once, each with its own values, without the cost of model instances.

Django's `bulk_create` needs a model instance for every row, and makes an expression for every cell. `bulk_update` makes
a CASE with a branch for every row and column. An import writes a hundred rows for a feed; with this module the whole
import is a third faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from itertools import chain, islice
from operator import attrgetter
from typing import Any, Final, TypeVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    FloatField,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    TextField,
)

from lifestream.message import stored
from lifestream.models.message_field import MessageField

LOOKUP: Final = 400
"""How many values an IN has: SQLite may be built with a limit of 999 in a statement."""

_T = TypeVar("_T")


def batches(values: Iterable[_T], size: int = LOOKUP) -> Iterator[list[_T]]:
    """Yield *values* in lists of at most *size*, by default as many as one statement may look up."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


def insert_rows(
    model: type[Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    using: str,
    *,
    returning: Sequence[str] = (),
    existing: bool | None = None,
) -> list[tuple[Any, ...]]:
    """Insert *rows*, with values for the fields *names* of *model*, into the database *using*.

    Returns for each row that was inserted the values of the fields *returning*, in the order of *rows*. If *existing*
    is True, which is the default without *returning*, rows that exist already (by a unique constraint) are left as they
    are.
    """
    connection = connections[using]
    fields = _fields(model, names)
    prepare = _preparer(fields, connection)
    into = f"INSERT INTO {_quoted(connection, model._meta.db_table)} ({_columns(connection, fields)})"
    mark = f"({', '.join(['%s'] * len(fields))})"
    end = "ON CONFLICT DO NOTHING" if (not returning if existing is None else existing) else ""
    if returning:
        end = f"{end} RETURNING {_columns(connection, _fields(model, returning))}"
    values = map(prepare, rows)
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite" and not returning:
            # Single statements cost nothing extra in SQLite, which may be built to take only 999 values a statement.
            if batch := list(values):
                cursor.executemany(f"{into} VALUES {mark} {end}", batch)
            return found
        size = (connection.features.max_query_params or 30_000) // len(fields)
        for batch in batches(values, size):
            marks = ", ".join([mark] * len(batch))
            cursor.execute(f"{into} VALUES {marks} {end}", list(chain.from_iterable(batch)))
            found += cursor.fetchall() if returning else []
    return found


def insert_numbered(model: type[Model], names: Sequence[str], rows: Sequence[Sequence[Any]], using: str) -> list[int]:
    """Insert *rows*, with values for the fields *names* of *model*, into the database *using*. None of these rows may
    exist already.

    Returns their keys, in the order of *rows*. It runs in the caller's transaction.
    """
    key = str(model._meta.pk.name)
    # On SQLite, a statement for many rows that returns their keys takes twice as long. So only the first row gets its
    # key from SQLite, and the other rows get the keys that follow: no other transaction can write meanwhile, and a new
    # key is higher than all others.
    numbered_by_database = 1 if connections[using].vendor == "sqlite" else len(rows)
    # Django's `bulk_create` relies on the order of what is returned, too.
    keys = [pk for (pk,) in insert_rows(model, names, rows[:numbered_by_database], using, returning=(key,))]
    if rest := rows[numbered_by_database:]:
        more = range(keys[0] + 1, keys[0] + len(rows))
        numbered = ((pk, *row) for pk, row in zip(more, rest, strict=True))
        insert_rows(model, (key, *names), numbered, using, existing=False)
        keys += more
    return keys


def insert_new(model: type[Model], rows: Iterable[Mapping[str, Any]], using: str) -> None:
    """Insert *rows*, each with values for the same fields of *model*, by the names of their attributes; all other
    fields have their defaults, which are computed once.

    Rows that exist already (by a unique constraint) are left as they are.
    """
    rows = list(rows)
    if not rows:
        return
    blank = model()
    names = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    others = [name for name in names if name not in rows[0]]
    same = [getattr(blank, name) for name in others]
    insert_rows(model, [*rows[0], *others], ([*row.values(), *same] for row in rows), using)


def update_rows(model: type[Model], names: Sequence[str], rows: Iterable[object], using: str) -> None:
    """Write the fields *names* of *rows* to the rows of *model* with the same keys, in the database *using*.

    *rows* are instances of *model*, or of a type that has those fields and the key by the same names.
    """
    rows = list(rows)
    if not rows:
        return
    connection = connections[using]
    fields = _fields(model, [*names, model._meta.pk.name])
    prepare = _preparer(fields, connection)
    values_of = attrgetter(*(field.attname for field in fields))
    quoted = [_quoted(connection, str(field.column)) for field in fields]
    assignments = ", ".join(f"{column} = %s" for column in quoted[:-1])
    table = _quoted(connection, model._meta.db_table)
    with connection.cursor() as cursor:
        # S608: only names of our own models are joined here.
        update = f"UPDATE {table} SET {assignments} WHERE {quoted[-1]} = %s"  # noqa: S608
        cursor.executemany(update, [prepare(values_of(row)) for row in rows])


def find_rows(
    model: type[Model], names: Sequence[str], owner: tuple[str, int], among: tuple[str, Sequence[Any]], using: str
) -> list[tuple[Any, ...]]:
    """Return the fields *names* of those rows of *model* in the database *using* that match *owner* (a field and its
    value) and *among* (a field and the values that it may have).

    An import makes three such queries for each feed, and Django takes longer to build one than the database to answer
    it. Values that the database returns in another type are converted as Django does.
    """
    if not among[1]:
        return []
    connection = connections[using]
    fields = _fields(model, names)
    of, found_by = (_quoted(connection, str(field.column)) for field in _fields(model, [owner[0], among[0]]))
    table = _quoted(connection, model._meta.db_table)
    marks = ", ".join(["%s"] * len(among[1]))
    # S608: only names of our own models are joined here.
    select = f"SELECT {_columns(connection, fields)} FROM {table} WHERE {of} = %s AND {found_by} IN ({marks})"  # noqa: S608
    return _selected(select, [owner[1], *among[1]], model, fields, connection)


def last_rows(
    model: type[Model], names: Sequence[str], owner: str, owners: Sequence[int], using: str
) -> list[tuple[Any, ...]]:
    """Return, for each of *owners* that has rows of *model* in the database *using*, the fields *names* of its row with
    the highest key. *owner* names the foreign key to the owners. Values are converted as by `find_rows`.
    """
    if not owners:
        return []
    connection = connections[using]
    fields = _fields(model, names)
    of, pk = (_quoted(connection, str(field.column)) for field in _fields(model, [owner, model._meta.pk.name]))
    table = _quoted(connection, model._meta.db_table)
    marks = ", ".join(["%s"] * len(owners))
    # S608: only names of our own models are joined here.
    last = f"SELECT max({pk}) FROM {table} WHERE {of} IN ({marks}) GROUP BY {of}"  # noqa: S608
    select = f"SELECT {_columns(connection, fields)} FROM {table} WHERE {pk} IN ({last})"  # noqa: S608
    return _selected(select, owners, model, fields, connection)


def _selected(
    select: str, values: Sequence[Any], model: type[Model], fields: Sequence[Field[Any, Any]], connection: Any
) -> list[tuple[Any, ...]]:
    """Return the rows that *select* finds with *values*, each with the *fields* of *model*."""
    with connection.cursor() as cursor:
        cursor.execute(select, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    if not rows:
        return rows
    columns = [field.get_col(model._meta.db_table) for field in fields]
    converted = [
        (place, column, converters)
        for place, column in enumerate(columns)
        if (converters := connection.ops.get_db_converters(column) + column.get_db_converters(connection))
    ]
    return [_converted(row, converted, connection) for row in rows] if converted else rows


def _converted(row: Sequence[Any], converted: Iterable[tuple[int, Any, Any]], connection: Any) -> tuple[Any, ...]:
    values = [*row]
    for place, column, converters in converted:
        if values[place] is not None:
            for convert in converters:
                values[place] = convert(values[place], column, connection)
    return tuple(values)


def delete_all_but(model: type[Model], owner: str, owners: Iterable[int], kept: int, using: str) -> None:
    """Delete rows of *model* in the database *using*: of each of *owners*, all but the *kept* with the highest keys.

    *owner* names the foreign key to the owners. Nothing may refer to the rows: references are not followed.
    """
    owners = list(owners)
    if not owners:
        return
    connection = connections[using]
    of, pk = (_quoted(connection, str(field.column)) for field in _fields(model, [owner, model._meta.pk.name]))
    table = _quoted(connection, model._meta.db_table)
    # S608: only names of our own models are joined here.
    surplus = f"SELECT {pk} FROM {table} WHERE {of} = %s ORDER BY {pk} DESC LIMIT 1 OFFSET %s"  # noqa: S608
    delete = f"DELETE FROM {table} WHERE {of} = %s AND {pk} <= ({surplus})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(delete, [(each, each, kept) for each in owners])


def _fields(model: type[Model], names: Sequence[str]) -> list[Field[Any, Any]]:
    fields = _fields_of(model)
    return [fields[name] for name in names]


@cache
def _fields_of(model: type[Model]) -> dict[str, Field[Any, Any]]:
    """Return the fields of *model* by their names, and by those of their attributes."""
    return {name: field for field in model._meta.concrete_fields for name in (field.name, field.attname)}


# Fields whose values any driver takes as they are: text, numbers, truth values, keys. A JSONField is none of them, even
# if its value is a number.
_PLAIN: Final = (BooleanField, CharField, TextField, IntegerField, FloatField, ForeignKey)


def _preparer(
    fields: Sequence[Field[Any, Any]], connection: BaseDatabaseWrapper
) -> Callable[[Sequence[Any]], list[Any]]:
    """Return a function that converts values of *fields* into those that the database's driver takes."""
    others: list[tuple[int, Callable[[Any], Any]]] = []
    adapted = cache(_date_adapter(connection))  # many rows have the same time
    for index, field in enumerate(fields):
        if isinstance(field, DateTimeField):
            # All times stored here are aware; Django's own conversion checks that three times for each value.
            others.append((index, adapted))
        elif isinstance(field, MessageField):
            others.append((index, stored))
        elif isinstance(field, JSONField):
            others.append((index, _json(partial(connection.ops.adapt_json_value, encoder=field.encoder))))
        elif not isinstance(field, _PLAIN):
            others.append((index, partial(field.get_db_prep_save, connection=connection)))
    if not others:
        return list

    def prepare(values: Sequence[Any]) -> list[Any]:
        prepared = list(values)
        for index, convert in others:
            if (value := prepared[index]) is not None:
                prepared[index] = convert(value)
        return prepared

    return prepare


def _date_adapter(connection: BaseDatabaseWrapper) -> Callable[[datetime], Any]:
    """Return Django's function that converts times for the driver. If SQLite stores times in UTC, return one that is
    faster for times in UTC, and calls Django's for others.
    """
    adapted = connection.ops.adapt_datetimefield_value
    if connection.vendor != "sqlite" or connection.timezone is not UTC:
        return adapted
    return lambda time: str(time.replace(tzinfo=None)) if time.tzinfo is UTC else adapted(time)


def _json(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return *convert* with a stored result for the empty list: most items have several empty lists."""
    nothing = convert([])
    return lambda value: nothing if value == [] else convert(value)


def _columns(connection: BaseDatabaseWrapper, fields: Sequence[Field[Any, Any]]) -> str:
    return ", ".join(_quoted(connection, str(field.column)) for field in fields)


def _quoted(connection: BaseDatabaseWrapper, name: str) -> str:
    return str(connection.ops.quote_name(name))
