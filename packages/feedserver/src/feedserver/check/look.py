"""`Look`: what was seen of a reader in one round, for all scenarios of a lane; it can be written down as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from feedserver.check.evidence import ExchangeSeen, Row
from feedserver.messages.headers import Headers
from feedserver.messages.send_plan import Ended

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen in a round that began *at* this moved time, in seconds of the epoch.

    *exchanges* are by scenario. *present* are the items that the reader has, as pairs of a scenario's id and a number,
    *rows* is its list; None where it cannot be asked, and *list_trouble* says why it failed to be listed.
    """

    at: float
    was_control_asked: bool
    exchanges: Mapping[str, Sequence[ExchangeSeen]] = field(default_factory=dict)
    present: frozenset[tuple[str, int]] | None = None
    rows: Sequence[Row] | None = None
    list_trouble: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the look as a value for JSON, without the rows of a list."""
        return {
            "at": self.at,
            "was_control_asked": self.was_control_asked,
            "exchanges": {name: [_exchange_as_json(each) for each in seen] for name, seen in self.exchanges.items()},
            "present": None if self.present is None else sorted(map(list, self.present)),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Look:
        """Return the look that `as_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        present = value["present"]
        return cls(
            at=_number(value["at"]),
            was_control_asked=_one_of(bool, value["was_control_asked"]),
            exchanges={
                name: [_exchange_from_json(each) for each in _one_of(list, seen)]
                for name, seen in _one_of(dict, value["exchanges"]).items()
            },
            present=None if present is None else frozenset(map(_item_from_json, _one_of(list, present))),
        )


def _exchange_as_json(seen: ExchangeSeen) -> dict[str, Any]:
    return {
        "path": seen.path,
        "method": seen.method,
        "scheme": seen.scheme,
        "target": seen.target,
        "headers": _headers_as_json(seen.headers),
        "status": seen.status,
        "answered": _headers_as_json(seen.answered),
        "ended": seen.ended,
        "bytes_sent": seen.bytes_sent,
        "time": seen.time,
        "duration": seen.duration,
        "told": seen.told,
    }


def _exchange_from_json(value: Mapping[str, Any]) -> ExchangeSeen:
    ended = value["ended"]
    return ExchangeSeen(
        path=_one_of(str, value["path"]),
        method=_one_of(str, value["method"]),
        scheme=_one_of(str, value["scheme"]),
        target=_one_of(str, value["target"]),
        headers=_headers_from_json(value["headers"]),
        status=_one_of(int, value["status"]),
        answered=_headers_from_json(value["answered"]),
        ended=Ended(ended) if ended is not None else None,
        bytes_sent=_one_of(int, value["bytes_sent"]),
        time=_number(value["time"]),
        duration=_number(value["duration"]),
        told=_one_of(str, value["told"]),
    )


def _item_from_json(pair: Sequence[object]) -> tuple[str, int]:
    scenario, item = pair
    return _one_of(str, scenario), _one_of(int, item)


def _headers_as_json(headers: Headers) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers.raw]


def _headers_from_json(pairs: object) -> Headers:
    fields = (map(partial(_one_of, str), pair) for pair in _one_of(list, pairs))
    return Headers.from_raw((name.encode("latin-1"), value.encode("latin-1")) for name, value in fields)


def _one_of(kind: type[_Kind], value: object) -> _Kind:
    """Return *value*, which is of this *kind*. Raises TypeError: a boolean is no int."""
    if type(value) is not kind:
        raise TypeError(f"a value of type {type(value).__name__} stands where {kind.__name__} is written")
    return value


def _number(value: object) -> float:
    """Return a time or a duration in seconds. Raises ValueError for one that is not finite, and TypeError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a value of type {type(value).__name__} stands where a number is written")
    if not -_LATEST < value < _LATEST:  # NaN, too
        raise ValueError(f"{str(value)[:20]} stands where a time is written")
    return float(value)


_LATEST = 1e15
