"""How the database would run the queries of some code: EXPLAIN, with the parameters of that code."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db import connection

_WHOLE = {
    # Tables that a query makes itself may be read as a whole: "SCAN (subquery-2)", "SCAN json_each VIRTUAL TABLE".
    "sqlite": re.compile(r"SCAN (?!CONSTANT|json_each|latest|walked|.*VIRTUAL TABLE)\w"),
    "postgresql": re.compile(r"Seq Scan on lifestream_"),
}

# PostgreSQL's options for plans that do without an index or its order: a scan of a bitmap of an index needs a sort.
_WITHOUT_INDEX = ("enable_seqscan", "enable_sort")


def plans_of(work: Callable[[], object]) -> list[tuple[str, str]]:
    """Run *work*. Return its queries, each with the plan that the database has for it now.

    PostgreSQL reads a small table as a whole, or sorts its rows, rather than use an index. Here it must not do so if an
    index can be used, so that no plan depends on the current statistics.
    """
    asked = _asked(work)
    assert asked, "no query"
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    found = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for way in _WITHOUT_INDEX:
                cursor.execute(f"SET LOCAL {way} = off")
        for sql, params in asked:
            cursor.execute(f"{explain} {sql}", params)
            found.append((sql, "\n".join(str(row[-1]) for row in cursor.fetchall())))
        if connection.vendor == "postgresql":
            for way in _WITHOUT_INDEX:
                cursor.execute(f"SET LOCAL {way} = on")
    return found


def journaled(work: Callable[[], object]) -> list[str]:
    """Run *work*. Return those of its updates for which SQLite first copies each page that changes into a temporary
    file, so that a failed update can be undone while its transaction goes on. In the bytecode, such an update has a
    Halt with ABORT (2).
    """
    found = []
    updates = [(sql, params) for sql, params in _asked(work) if re.match(r"\s*UPDATE", sql)]
    assert updates
    with connection.cursor() as cursor:
        for sql, params in updates:
            cursor.execute(f"EXPLAIN {sql}", params)
            if any(name in ("Halt", "HaltIfNull") and p2 == 2 for _, name, _, p2, *_ in cursor.fetchall()):
                found.append(sql)
    return found


def _asked(work: Callable[[], object]) -> list[tuple[str, Any]]:
    """Run *work*. Return its queries with their parameters."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)", sql):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return asked


def whole_tables(work: Callable[[], object], *but: str) -> list[str]:
    """Run *work*. Return those of its queries, with their plans, that read a whole table or index of lifestream.

    A query whose plan contains one of *but* is left out.
    """
    whole = _WHOLE[connection.vendor]
    return [
        f"{sql}\n{plan}" for sql, plan in plans_of(work) if whole.search(plan) and not any(part in plan for part in but)
    ]
