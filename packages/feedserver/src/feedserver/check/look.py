"""`Look`: what was observed of a reader in one round, for all scenarios of a lane. It can be written as JSON."""

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
    """What was observed in a round. *at* is when the round began, in seconds since the epoch, by the clock
    that a check moves for the reader. *was_control_asked* is whether both control feeds were requested.

    *exchanges* maps the id of a scenario to its exchanges. *present* are the items that the reader has, as pairs of a
    scenario's id and an item's number; *rows* is the reader's list of items. Either is None if the reader cannot be
    asked for it. *list_error* says why listing failed, "" if it did not.
    """

    at: float
    was_control_asked: bool
    exchanges: Mapping[str, Sequence[ExchangeSeen]] = field(default_factory=dict)
    present: frozenset[tuple[str, int]] | None = None
    rows: Sequence[Row] | None = None
    list_error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the look as a value for JSON. Only looks at readers that are driven by hand are stored, and these have
        no *rows* and no *list_error*, so both are left out.
        """
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
            was_control_asked=_of_type(bool, value["was_control_asked"]),
            exchanges={
                name: [_exchange_from_json(each) for each in _of_type(list, seen)]
                for name, seen in _of_type(dict, value["exchanges"]).items()
            },
            present=None if present is None else frozenset(map(_item_from_json, _of_type(list, present))),
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
        path=_of_type(str, value["path"]),
        method=_of_type(str, value["method"]),
        scheme=_of_type(str, value["scheme"]),
        target=_of_type(str, value["target"]),
        headers=_headers_from_json(value["headers"]),
        status=_of_type(int, value["status"]),
        answered=_headers_from_json(value["answered"]),
        ended=Ended(ended) if ended is not None else None,
        bytes_sent=_of_type(int, value["bytes_sent"]),
        time=_number(value["time"]),
        duration=_number(value["duration"]),
        told=_of_type(str, value["told"]),
    )


def _item_from_json(pair: Sequence[object]) -> tuple[str, int]:
    scenario, item = pair
    return _of_type(str, scenario), _of_type(int, item)


def _headers_as_json(headers: Headers) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers.raw]


def _headers_from_json(pairs: object) -> Headers:
    fields = (map(partial(_of_type, str), pair) for pair in _of_type(list, pairs))
    return Headers.from_raw((name.encode("latin-1"), value.encode("latin-1")) for name, value in fields)


def _of_type(kind: type[_Kind], value: object) -> _Kind:
    """Return *value*. Raises TypeError if it is not of this *kind*; a boolean is no int."""
    if type(value) is not kind:
        raise TypeError(f"a value has the type {type(value).__name__}, where {kind.__name__} is expected")
    return value


def _number(value: object) -> float:
    """Return *value*, a time or duration in seconds. Raises TypeError if it is no number, and ValueError if it is not
    between -`_LATEST` and `_LATEST`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a value has the type {type(value).__name__}, where a number is expected")
    if not -_LATEST < value < _LATEST:  # NaN, too
        raise ValueError(f"{str(value)[:20]} was found where a time is expected")
    return float(value)


_LATEST = 1e15  # seconds, some 30 million years
