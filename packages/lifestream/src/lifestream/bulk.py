"""Many rows by their keys in one go, each with values of its own.

Django's `bulk_update` writes one CASE with a branch a row and column, which takes longer to build and to parse than the
updates themselves: a prepared statement that is run for each row is many times as fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connections
from django.db.models import Model


def update_rows(model: type[Model], names: Sequence[str], rows: Iterable[Model], using: str) -> None:
    """Writes the fields *names* of *rows*, which are of *model*, into the rows with their keys in database *using*."""
    connection = connections[using]
    quote = connection.ops.quote_name
    columns = {field.name: field for field in model._meta.concrete_fields}
    fields, primary = [columns[name] for name in names], model._meta.pk
    values = [
        [
            *(field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields),
            primary.get_db_prep_save(row.pk, connection),
        ]
        for row in rows
    ]
    if values:
        settings = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
        table, key = quote(model._meta.db_table), quote(str(primary.column))
        with connection.cursor() as cursor:
            # S608: only names of our own models are put together here.
            cursor.executemany(f"UPDATE {table} SET {settings} WHERE {key} = %s", values)  # noqa: S608
