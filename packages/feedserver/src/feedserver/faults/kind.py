"""An entry of the catalogue: the name of a kind of fault, and how its directive is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from feedserver.faults.fault import Fault
from feedserver.messages.argument_types import whole
from feedserver.messages.field_types import check_fields


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    *name* is what its directives begin with; *takes* says, in words for people, what may follow. *read* makes the fault
    from what follows the name, and raises ValueError if it cannot. *examples* are whole directives.
    """

    name: str
    takes: str
    read: Callable[[str], Fault]
    examples: tuple[str, ...]

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def usage(self) -> str:
        """The name and what the directive takes after it."""
        return f"{self.name} {self.takes}".rstrip()


def plain(name: str, make: Callable[[], Fault]) -> Kind:
    """Return a kind whose directive takes nothing after its name."""

    def read(rest: str) -> Fault:
        if rest:
            raise ValueError
        return make()

    return Kind(name, "", read, (name,))


def with_number(name: str, takes: str, make: Callable[..., Fault], *numbers: int) -> Kind:
    """Return a kind whose directive may end with one number. *takes* says how that is written, such as "[after N]". An
    example is made for each of *numbers*, and one without a number.
    """
    before, _, after = takes.strip("[]").partition("N")
    pattern = re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}", re.IGNORECASE)

    def read(rest: str) -> Fault:
        if not rest:
            return make()
        match = pattern.fullmatch(rest)
        if match is None:
            raise ValueError
        return make(whole(match[1]))

    return Kind(name, takes, read, (name, *(f"{name} {before}{number}{after}" for number in numbers)))


def check_at_least(least: int, number: int | None, what: str) -> None:
    """Raise ValueError if *number* is less than *least*; None is allowed."""
    if number is not None and number < least:
        raise ValueError(f"{number} is no number of {what}; use {least} or more")


def check_at_most(most: int, number: int, what: str) -> None:
    """Raise ValueError if *number* is more than *most*."""
    if number > most:
        raise ValueError(f"there are too many {what}; use at most {most:,}")
