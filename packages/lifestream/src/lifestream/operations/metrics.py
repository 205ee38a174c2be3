"""The numbers of `health` in the text format of Prometheus, version 0.0.4
(prometheus.io/docs/instrumenting/exposition_formats).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lifestream.operations.health import Health

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_COUNTERS: Final = {
    "fetches": ("lifestream_fetches_total", "Fetches by outcome.", "outcome"),
    "answers": ("lifestream_answers_total", "Answers by HTTP status.", "status"),
    "bytes": ("lifestream_body_bytes_total", "Bytes of documents, as they were sent.", ""),
    "parsers": ("lifestream_parser_restarts_total", "Processes that were started to replace a parser.", ""),
    "items": ("lifestream_items_total", "Items that were imported, by what was done.", "change"),
    "runs": ("lifestream_runs_total", "Refreshes.", ""),
    "cleaned": ("lifestream_cleaned_total", "Rows that were deleted to keep the database within bounds.", "kind"),
}


def exposition(health: Health) -> str:
    """Return all metrics as text."""
    return "".join(f"{line}\n" for line in _lines(health))


def _lines(health: Health) -> Iterator[str]:
    yield from _gauge("lifestream_feeds", "Feeds by status.", {f'status="{k}"': v for k, v in health.feeds.items()})
    yield from _gauge("lifestream_feeds_failing", "Active feeds that failed the last time.", {"": health.failing})
    yield from _gauge("lifestream_hosts_due", "Hosts with feeds that are due.", {"": health.due_hosts})
    late = {"": health.late_by.total_seconds()}
    yield from _gauge("lifestream_oldest_due_seconds", "For how long the oldest feed has been due.", late)
    if health.last_run is not None:
        yield from _gauge("lifestream_last_run_timestamp_seconds", "When a refresh ended last.",
                          {"": health.last_run.timestamp()})  # fmt: skip
    yield from _gauge("lifestream_items", "Items in the database (an estimate if there are many).", {"": health.items})
    yield from _gauge("lifestream_posts", "Posts in the database (an estimate if there are many).", {"": health.posts})
    yield from _gauge("lifestream_database_bytes", "Size of the database.", {"": health.size})
    for prefix, (name, text, label) in _COUNTERS.items():
        found = {
            f'{label}="{each.partition(":")[2]}"' if label else "": value
            for each, value in health.tallies.items()
            if each.partition(":")[0] == prefix
        }
        if found:
            yield from _metric(name, text, "counter", found)
    if "milliseconds" in health.tallies:
        took = {"": health.tallies["milliseconds"] / 1000}
        yield from _metric("lifestream_fetch_seconds_total", "Time that requests took.", "counter", took)


def _gauge(name: str, text: str, values: Mapping[str, float]) -> Iterator[str]:
    return _metric(name, text, "gauge", values)


def _metric(name: str, text: str, kind: str, values: Mapping[str, float]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values.items():
        yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"
