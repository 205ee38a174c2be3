"""The field of messages: text that may be a code with values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import TextField

from lifestream.message import from_stored, stored


class MessageField(TextField):  # type: ignore[type-arg]  # its parameters are for type checkers, and default to str
    """Text, or a `lifestream.message.Message`, which is stored as its code and values and is one again when read.

    For migrations it is a TextField, since the column of either is the same.
    """

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Return what makes the same column."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """Return the message in a column."""
        return value if value is None else from_stored(value)

    def get_prep_value(self, value: Any) -> Any:
        """Return what stands in the column for *value*."""
        return stored(value) if isinstance(value, str) else super().get_prep_value(value)
