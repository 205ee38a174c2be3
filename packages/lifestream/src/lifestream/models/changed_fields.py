"""Saving only the changed fields of a row, so that what others write meanwhile to its other fields is kept."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Model


def save_changed(row: Model, changed: Collection[str]) -> None:
    """Save the fields of *row*, an existing row, that are named in *changed*. Other names, such as those of fields that
    only a form has, are ignored.

    Raises Django's `DatabaseError` if the row was deleted: it is not created again.
    """
    row.save(update_fields=[field.name for field in row._meta.concrete_fields if field.name in changed])
