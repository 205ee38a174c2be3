"""Runs scenarios against a reader, lane by lane, and makes the report.

In: an `Adapter` and scenarios. Out: a `Report`. A lane is one reader with files of its own: all scenarios of
`LaneKind.SHARED` use one, except for those that are to run *alone*. Each of these, and each hostile one, has its own.
If the adapter has one session only, all scenarios share one lane.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from feedserver.check import addresses
from feedserver.check.adapters import Adapter, Client, PythonAdapter
from feedserver.check.lane import Judged, Lane, Progress, not_seen
from feedserver.check.report import Report, Result
from feedserver.check.scenario import Scenario
from feedserver.check.verdicts import Judgement, Kind, LaneKind, Need, Verdict
from feedserver.messages.steady_time import monotonic


def check(
    client: Client | Callable[[], Client],
    *,
    only: Iterable[str] = (),
    kind: Kind | str = Kind.STORE,
    scenarios: Sequence[Scenario] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run the scenarios against *client* and return the report.

    *client* has the methods `add(url)` and `poll()`, and optionally `list()` and `move_clock(seconds)`; see `Client`. A
    function that makes a client is called once to see which methods the client has, and then for each session: each
    hostile scenario has a fresh client. An object is the one client of all sessions. *only* are ids (`"V1"`) or letters
    of groups (`"V"`); what they depend on is run, too. *scenarios* are those of feedserver, unless others are given.

    Raises ValueError for an unknown id or kind, and TypeError if *client* lacks `add` or `poll`.
    """
    kind = Kind(kind)
    return run(
        PythonAdapter(client, kind), only=only, kind=kind, scenarios=scenarios, progress=progress or _say_nothing
    )


def run(
    adapter: Adapter,
    *,
    only: Iterable[str] = (),
    kind: Kind = Kind.STORE,
    scenarios: Sequence[Scenario] | None = None,
    progress: Progress = lambda _: None,
    workers: int = 1,
    alone: Iterable[str] = (),
) -> Report:
    """Run the scenarios with *adapter* and return the report; see `check`. After Ctrl-C the report is partial.

    *alone* are ids and groups of scenarios that hold this reader up, so that each of them has a lane of its own.
    *workers* is how many lanes run at the same time; with more than one, the slow lanes run beside these.
    """
    if scenarios is None:
        from feedserver.check.scenarios import SCENARIOS

        scenarios = SCENARIOS
    started = monotonic()
    chosen = choose(scenarios, only)
    apart = _named(scenarios, alone)
    judgements: dict[str, Judged] = {}
    runnable = []
    for scenario in chosen:
        refused = _refuse(scenario, adapter, kind, is_only=len(chosen) == 1)
        if refused is not None:
            judgements[scenario.id] = Judged(refused)
        else:
            runnable.append(scenario)
    stop = threading.Event()
    lanes = [Lane(name, members, adapter, kind, progress, stop) for name, members in _lanes(runnable, adapter, apart)]
    slow = sum(scenario.lane is LaneKind.SLOW for scenario in runnable)
    is_partial = not _run_lanes(lanes, workers + slow if workers > 1 else 1, stop, adapter)
    for lane in lanes:
        judgements |= lane.judged
    clocks = [lane.clock_seen for lane in lanes]
    results = [_result(scenario, judgements, adapter) for scenario in chosen]
    return Report(
        _with_dependencies(results),
        reader=adapter.name,
        version=adapter.version,
        commands=adapter.commands,
        kind=kind,
        clock_method=next((seen.method for seen in clocks if seen.method != "none"), "none"),
        clock_proved=any(seen.is_proved for seen in clocks),
        poll=adapter.kind_of_poll,
        is_partial=is_partial,
        seconds=monotonic() - started,
    )


def choose(scenarios: Sequence[Scenario], only: Iterable[str]) -> list[Scenario]:
    """Return the scenarios that *only* names by id or by the letter of a group, and those that they depend on; all if
    *only* names none.

    Raises ValueError for an unknown name.
    """
    known = {scenario.id: scenario for scenario in scenarios}
    ids = set(_named(scenarios, only))
    if not ids:
        return list(scenarios)
    waiting = list(ids)
    while waiting:
        for needed in known[waiting.pop()].depends_on:
            if needed in known and needed not in ids:
                ids.add(needed)
                waiting.append(needed)
    return [scenario for scenario in scenarios if scenario.id in ids]


def _named(scenarios: Sequence[Scenario], names: Iterable[str]) -> frozenset[str]:
    """Return the ids of the scenarios that *names* gives by id or by group. Raises ValueError for an unknown name."""
    wanted = {name.strip().upper() for name in names if name.strip()}
    ids = {scenario.id for scenario in scenarios}
    groups = {scenario.group for scenario in scenarios}
    if unknown := wanted - ids - groups:
        raise ValueError(
            f"there is no scenario {', '.join(sorted(unknown))}; give a group ({', '.join(sorted(groups))}) or an id, "
            f"such as {scenarios[0].id}"
        )
    return frozenset(scenario.id for scenario in scenarios if scenario.id in wanted or scenario.group in wanted)


def _say_nothing(_: str) -> None:
    """Ignore a line of progress."""


def _run_lanes(lanes: Sequence[Lane], workers: int, stop: threading.Event, adapter: Adapter) -> bool:
    """Run *lanes*, at most *workers* at the same time, and return whether all ended: False after Ctrl-C."""
    with ThreadPoolExecutor(workers, "feedserver: lane") as threads:
        running = [threads.submit(lane.run) for lane in lanes]
        try:
            while wait(running, timeout=0.5).not_done:  # on Windows, Ctrl-C does not end a wait without a time-out
                pass
        except KeyboardInterrupt:
            stop.set()
            adapter.interrupt()
        for future in running:
            future.result()
    return not stop.is_set()


# What cannot be run


def _refuse(scenario: Scenario, adapter: Adapter, kind: Kind, *, is_only: bool) -> Judgement | None:
    """Return the judgement of a *scenario* that is not run for this reader, None if it is run.

    *is_only* is whether no other scenario was chosen.
    """
    if not scenario.is_for(kind):
        return Judgement(Verdict.NOT_FOR_THIS_KIND, reason=f"it does not concern a {kind}")
    if Need.ITEMS in scenario.needs and not adapter.can_show_items:
        return not_seen("whether an item was imported cannot be seen; give --list or --state")
    if scenario.needs & {Need.LIST, Need.DETAILS} and not adapter.can_list:
        return not_seen("the reader's items cannot be listed; give --list")
    if adapter.refuses(scenario):
        return not_seen(adapter.refuses(scenario))
    if adapter.has_one_session and scenario.lane is not LaneKind.SHARED and not is_only:
        return not_seen(f"it may stop the reader; run it by itself with --only {scenario.id}")
    if (Need.TLS in scenario.needs or scenario.tls) and not _has_tls():
        return not_seen("feedserver cannot make certificates; install 'feedserver[tls]'")
    if Need.GUARD in scenario.needs and not adapter.has_guard:
        return not_seen("only a reader with a guard against private addresses is judged; give the guard {networks}")
    if scenario.elsewhere is not None and not addresses.is_available(scenario.elsewhere):
        return not_seen(f"this system cannot listen at {scenario.elsewhere}")
    return None


def _has_tls() -> bool:
    from importlib.util import find_spec

    return find_spec("trustme") is not None


# Lanes


def _lanes(scenarios: Sequence[Scenario], adapter: Adapter, apart: frozenset[str]) -> list[tuple[str, list[Scenario]]]:
    if adapter.has_one_session:
        return [("all", list(scenarios))] if scenarios else []
    shared = [scenario for scenario in scenarios if scenario.lane is LaneKind.SHARED and scenario.id not in apart]
    others = [scenario for scenario in scenarios if scenario not in shared]
    slow = [(scenario.id, [scenario]) for scenario in others if scenario.lane is LaneKind.SLOW]
    alone = [(scenario.id, [scenario]) for scenario in others if scenario.lane is not LaneKind.SLOW]
    return slow + ([("shared", shared)] if shared else []) + alone


# Results


def _result(scenario: Scenario, judgements: dict[str, Judged], adapter: Adapter) -> Result:
    judged = judgements.get(scenario.id) or Judged(not_seen("the run was stopped before this scenario"))
    return Result(
        scenario, judged.judgement, judged.exchanges, judged.misfire, reproduce=adapter.reproduce(scenario.id)
    )


def _with_dependencies(results: Sequence[Result]) -> list[Result]:
    """Return *results*. A scenario for this kind of reader becomes *not seen* if it depends on others in *results*, and
    none of these is a pass or *non-strict*.
    """
    passed: dict[str, bool] = {}
    done = []
    for judged in results:
        result = judged
        needed = [name for name in result.scenario.depends_on if name in passed]
        if needed and not any(passed[name] for name in needed) and result.verdict is not Verdict.NOT_FOR_THIS_KIND:
            reason = f"it depends on {' or '.join(needed)}, which did not pass"
            result = Result(result.scenario, not_seen(reason), result.exchanges, result.misfire, result.reproduce)
        passed[result.scenario.id] = result.verdict in (Verdict.PASS, Verdict.NON_STRICT)
        done.append(result)
    return done
