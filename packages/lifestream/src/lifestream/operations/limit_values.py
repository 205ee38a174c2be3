"""A limit as a value: what it bounds, the reason for its default, and its number as people read it, with its unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from django.utils.translation import gettext

from lifestream.wording import in_words


class Unit(Enum):
    """What the number of a limit counts."""

    COUNT = auto()
    BYTES = auto()
    SECONDS = auto()
    DAYS = auto()
    PART = auto()
    """A part of a whole, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with its *value* now, in its *unit*. *setting* is the name of its setting, "" if it is fixed. *bounds* is
    what it bounds, and *why* the reason for its *default*. 0 means no limit if it is *optional*.
    """

    setting: str
    bounds: str
    why: str
    unit: Unit
    value: float
    default: float
    optional: bool = False

    @property
    def differs(self) -> bool:
        """Whether the value is not the default."""
        return self.value != self.default

    @property
    def shown(self) -> str:
        """The value for people, with its unit, in the active language."""
        return self._shown(self.value)

    @property
    def default_shown(self) -> str:
        """The default for people, with its unit, in the active language."""
        return self._shown(self.default)

    def _shown(self, value: float) -> str:
        if self.optional and not value:
            return gettext("no limit")
        match self.unit:
            case Unit.BYTES:
                return _in_bytes(value)
            case Unit.SECONDS:
                return in_words(value) if value == round(value) else f"{value:g} s"
            case Unit.DAYS:
                return in_words(value * 86400.0)
            case Unit.PART:
                return f"{100 * value:g} %"
            case Unit.COUNT:
                return f"{value:,g}" if value < 1000 else f"{value:,.0f}"


def _in_bytes(value: float) -> str:
    """Return a number of bytes in its largest unit of IEC 80000-13: "10 MiB"."""
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.4g} {unit}"
        value /= 1024
    return f"{value:,.4g} GiB"
