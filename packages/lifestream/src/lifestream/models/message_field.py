"""The field of messages: text that may be a code with values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import TextField

from lifestream.message import from_stored, stored


class MessageField(TextField):  # type: ignore[type-arg]  # its parameters are for type checkers, and default to str
    """Text, or a `lifestream.message.Message`, which is stored as its code and values, and read as a Message again.

    For migrations it is a TextField, since both have the same column.
    """

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Return the arguments for migrations: those of a TextField."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """Return the message in a column."""
        return value if value is None else from_stored(value)

    def get_prep_value(self, value: Any) -> Any:
        """Return the text that the column stores for *value*."""
        return stored(value) if isinstance(value, str) else super().get_prep_value(value)
