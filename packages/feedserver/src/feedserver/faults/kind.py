"""A line of the catalogue: how a kind of fault is called, and how its directive is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from feedserver.faults.fault import Fault
from feedserver.messages.field_types import check_fields


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    *name* is what its directives begin with, and *takes* what may follow, in words for people. *read* makes the fault
    of what follows; it raises ValueError where that is nothing it knows. *examples* are whole directives.
    """

    name: str
    takes: str
    read: Callable[[str], Fault]
    examples: tuple[str, ...]

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def usage(self) -> str:
        """The name with what it takes."""
        return f"{self.name} {self.takes}".rstrip()


def plain(name: str, make: Callable[[], Fault]) -> Kind:
    """Return a kind that takes nothing."""

    def read(rest: str) -> Fault:
        if rest:
            raise ValueError
        return make()

    return Kind(name, "", read, (name,))


def with_number(name: str, takes: str, make: Callable[..., Fault], *numbers: int) -> Kind:
    """Return a kind that takes one number or none, in words such as "[after N]"; *numbers* are the examples."""
    before, _, after = takes.strip("[]").partition("N")
    pattern = re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}", re.IGNORECASE)

    def read(rest: str) -> Fault:
        if not rest:
            return make()
        match = pattern.fullmatch(rest)
        if match is None:
            raise ValueError
        return make(int(match[1]))

    return Kind(name, takes, read, (name, *(f"{name} {before}{number}{after}" for number in numbers)))


def check_at_least(least: int, number: int | None, what: str) -> None:
    """Raise ValueError where *number* is smaller than makes sense; None is not looked at."""
    if number is not None and number < least:
        raise ValueError(f"{number} is no number of {what}; use {least} or more")
