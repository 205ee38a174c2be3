"""Saving what one person has changed of a row, and nothing else of it: what others write meanwhile is theirs."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Model


def save_changed(row: Model, changed: Collection[str]) -> None:
    """Save those fields of *row*, which exists, that *changed* names. Names of anything else, such as of fields that
    only a form has, are passed over.

    Raises Django's `DatabaseError` if the row was deleted: it is not made again.
    """
    row.save(update_fields=[field.name for field in row._meta.concrete_fields if field.name in changed])
