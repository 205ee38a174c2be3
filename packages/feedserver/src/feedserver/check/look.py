"""`Look`: what was seen of a reader in one round, for all scenarios of a lane; it can be written down as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from feedserver.check.evidence import ExchangeSeen, Row
from feedserver.messages.headers import Headers
from feedserver.messages.send_plan import Ended


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
            at=float(value["at"]),
            was_control_asked=bool(value["was_control_asked"]),
            exchanges={name: [_exchange_from_json(each) for each in seen] for name, seen in value["exchanges"].items()},
            present=None if present is None else frozenset((str(scenario), int(item)) for scenario, item in present),
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
    fields = dict(value)
    ended = fields.pop("ended")
    headers, answered = (_headers_from_json(fields.pop(name)) for name in ("headers", "answered"))
    return ExchangeSeen(**fields, headers=headers, answered=answered, ended=Ended(ended) if ended is not None else None)


def _headers_as_json(headers: Headers) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers.raw]


def _headers_from_json(pairs: Sequence[Sequence[str]]) -> Headers:
    return Headers.from_raw((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)
