"""Transactions that are tried again after a deadlock.

Two transactions that wait for each other's rows are a deadlock, and PostgreSQL ends one of them. Rows are locked in one
order where that is possible (see `lock_feeds`), but a new row is locked when it is inserted, before its key is known.
The transaction that was ended has written nothing, so it can begin again, and the other one is no longer in its way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from django.db import OperationalError, transaction

TRIES: Final = 5
"""How often a transaction is tried. Each try that ends in a deadlock takes a second, PostgreSQL's deadlock_timeout."""
_DEADLOCK: Final = "40P01"

_T = TypeVar("_T")


def in_transaction(work: Callable[[], _T], using: str) -> _T:
    """Call *work* in a transaction on the database *using*, and return what it returns. After a deadlock it is called
    again, in a new transaction. Raises what *work* and the database raise otherwise, and the last deadlock.
    """

    def transact() -> _T:
        with transaction.atomic(using=using):
            return work()

    return tried_again(transact)


def tried_again(work: Callable[[], _T]) -> _T:
    """Call *work*, which begins its own transactions, and return what it returns. After a deadlock it is called again,
    and finds what it has committed before. Raises what *work* and the database raise otherwise, and the last deadlock.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return work()
        except OperationalError as error:
            if not tries_left or not is_deadlock(error):
                raise
    raise AssertionError("the last try returns or raises")


def is_deadlock(error: Exception) -> bool:
    """Return whether *error*, raised by Django, means that PostgreSQL has ended the transaction in a deadlock."""
    return getattr(error.__cause__, "sqlstate", None) == _DEADLOCK
