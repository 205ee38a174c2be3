"""Rows that others change meanwhile. Only the changed fields of a row are saved, so what others wrote to its other
fields is kept. And the text of a row can be shown even if the row to which it refers was deleted.
"""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from django.db.models import Model


class RowGone(DatabaseError):
    """The row was deleted before it was saved."""


def save_changed(row: Model, changed: Collection[str]) -> None:
    """Save the fields of *row*, an existing row, that are named in *changed*. Other names are ignored, such as those of
    fields that only a form has; so is the name of the primary key.

    Raises `RowGone` if there is a field to save and the row was deleted: it is not created again.
    """
    fields = row._meta.concrete_fields
    try:
        row.save(update_fields=[each.name for each in fields if each.name in changed and not each.primary_key])
    except DatabaseError as error:
        if error.__cause__ is None:  # raised by Django, not by the database: no row was updated
            raise RowGone(f"the {row._meta.verbose_name} was deleted") from error  # not translated
        raise


def text_of(row: Model, relation: str) -> str:
    """Return the text of the row to which the field *relation* of *row* refers, or the key of *row* if both rows were
    deleted since *row* was read.
    """
    try:
        return str(getattr(row, relation))
    except ObjectDoesNotExist:
        return str(row.pk)
