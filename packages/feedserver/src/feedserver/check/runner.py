"""Runs scenarios against a reader: lane by lane, poll by poll, and judges what was seen.

In: an `Adapter` and scenarios. Out: a `Report`. A lane is one reader with files of its own: all calm scenarios share
one, each hostile one has its own. In each round of a lane's timeline the clock is moved, the scenarios that begin a
step serve it, the reader polls, and what the servers saw and the reader imported is written down.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from feedserver.check import addresses
from feedserver.check.adapters import Adapter, Client, PythonAdapter, Session, Subscription
from feedserver.check.evidence import Evidence, StepSeen
from feedserver.check.moved_clock import MovedClock
from feedserver.check.report import Report, Result
from feedserver.check.scenario import Scenario, Serve, Step
from feedserver.check.site import Site
from feedserver.check.timeline import Round, rounds
from feedserver.check.verdicts import Judgement, Kind, Lane, Level, ListFailed, Misfire, Need, Unseen, Verdict

Progress = Callable[[str], None]
"""Called with a line about what the run does."""

MOMENT = 1.0
"""Seconds without a request after which a reader that goes on in the background counts as quiet."""

LONGEST_AFTERMATH = 60.0
"""Seconds that a reader may go on in the background after its command has ended."""

CONTROL = "Z1"
"""The id of the control feed, which is no scenario: a good feed with a new item in each round."""


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
    function that makes one is called for each session: each hostile scenario then has a fresh client. *only* are ids
    (`"V1"`) or letters of groups (`"V"`); what they depend on is run, too. *scenarios* are those of feedserver, unless
    others are given.

    Raises ValueError for an unknown id or kind.
    """
    return run(
        PythonAdapter(client), only=only, kind=Kind(kind), scenarios=scenarios, progress=progress or _say_nothing
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

    *alone* are ids and groups of scenarios that stop this reader, so that each of them has a lane of its own. *workers*
    is how many lanes run at the same time; with more than one, the slow lanes run beside these.
    """
    if scenarios is None:
        from feedserver.check.scenarios import SCENARIOS

        scenarios = SCENARIOS
    started = time.monotonic()
    chosen = choose(scenarios, only)
    apart = _named(scenarios, alone)
    judgements: dict[str, _Judged] = {}
    runnable = []
    for scenario in chosen:
        refused = _refuse(scenario, adapter, kind)
        if refused is not None:
            judgements[scenario.id] = _Judged(refused)
        else:
            runnable.append(scenario)
    stop = threading.Event()
    lanes = [_Lane(name, members, adapter, kind, progress, stop) for name, members in _lanes(runnable, apart)]
    slow = sum(scenario.lane is Lane.SLOW for scenario in runnable)
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
        seconds=time.monotonic() - started,
    )


def choose(scenarios: Sequence[Scenario], only: Iterable[str]) -> list[Scenario]:
    """Return the scenarios that *only* names by id or by the letter of a group, and those that they depend on.

    Raises ValueError for a name that there is not.
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


def _run_lanes(lanes: Sequence[_Lane], workers: int, stop: threading.Event, adapter: Adapter) -> bool:
    """Run *lanes*, at most *workers* at the same time, and return whether all ended: False after Ctrl-C."""
    with ThreadPoolExecutor(workers, "feedserver: lane") as threads:
        running = [threads.submit(lane.run) for lane in lanes]
        try:
            while wait(running, timeout=0.5).not_done:  # on Windows, Ctrl-C does not end a wait without a time-out
                pass
        except KeyboardInterrupt:
            stop.set()
            adapter.interrupt()
        for lane in running:
            lane.result()
    return not stop.is_set()


# What cannot be run


def _refuse(scenario: Scenario, adapter: Adapter, kind: Kind) -> Judgement | None:
    """Return why *scenario* is not run for this reader, None if it is."""
    keeps_nothing = kind is Kind.FETCHER and scenario.needs & {Need.ITEMS, Need.LIST, Need.DETAILS}
    if kind not in scenario.kinds or keeps_nothing:
        return Judgement(Verdict.NOT_FOR_THIS_KIND, reason=f"it does not concern a {kind}")
    if Need.ITEMS in scenario.needs and not adapter.can_show_items:
        return _not_seen("whether an item was imported cannot be seen; give --list or --state")
    if scenario.needs & {Need.LIST, Need.DETAILS} and not adapter.can_list:
        return _not_seen("the reader's items cannot be listed; give --list")
    if (Need.TLS in scenario.needs or scenario.tls) and not _has_tls():
        return _not_seen("feedserver cannot make certificates; install 'feedserver[tls]'")
    if Need.GUARD in scenario.needs and not adapter.has_guard:
        return _not_seen("a reader without a guard against private addresses is not judged; see {networks}")
    if scenario.elsewhere is not None and not addresses.is_available(scenario.elsewhere):
        return _not_seen(f"this system cannot listen at {scenario.elsewhere}")
    return None


def _not_seen(reason: str) -> Judgement:
    return Judgement(Verdict.NOT_SEEN, reason=reason)


def _has_tls() -> bool:
    from importlib.util import find_spec

    return find_spec("trustme") is not None


# Lanes


def _lanes(scenarios: Sequence[Scenario], apart: frozenset[str]) -> list[tuple[str, list[Scenario]]]:
    calm = [scenario for scenario in scenarios if scenario.lane is Lane.CALM and scenario.id not in apart]
    alone = [(scenario.id, [scenario]) for scenario in scenarios if scenario.lane is Lane.CALM and scenario.id in apart]
    slow = [(scenario.id, [scenario]) for scenario in scenarios if scenario.lane is Lane.SLOW]
    hostile = [(scenario.id, [scenario]) for scenario in scenarios if scenario.lane is Lane.HOSTILE]
    return slow + ([("calm", calm)] if calm else []) + alone + hostile


@dataclass(frozen=True, slots=True)
class _Judged:
    judgement: Judgement
    exchanges: tuple[str, ...] = ()
    misfire: str = ""


@dataclass(frozen=True, slots=True)
class _ClockSeen:
    method: str
    is_proved: bool


@dataclass(slots=True)
class _Running:
    """A scenario that is under way in a lane."""

    site: Site
    seen: list[StepSeen] = field(default_factory=list)
    misfire: str = ""
    troubles: list[str] = field(default_factory=list)


class _Lane:
    """One reader, and the scenarios that it goes through together."""

    def __init__(
        self,
        name: str,
        scenarios: Sequence[Scenario],
        adapter: Adapter,
        kind: Kind,
        progress: Progress,
        stop: threading.Event,
    ) -> None:
        self._name = name
        self._scenarios = scenarios
        self._adapter = adapter
        self._progress = progress
        self._with_enclosures = kind is Kind.PODCATCHER
        self._stop = stop
        self.judged: dict[str, _Judged] = {}
        self.clock_seen = _ClockSeen("none", is_proved=False)

    def run(self) -> None:
        """Run the lane; `judged` then has what was judged, by the id of the scenario."""
        if self._stop.is_set():
            return
        session = self._adapter.open(self._name)
        clock = session.clock
        refused = {
            scenario.id: _Judged(_not_seen("the reader's clock cannot be moved"))
            for scenario in self._scenarios
            if Need.CLOCK in scenario.needs and not clock.can_move
        }
        scenarios = [scenario for scenario in self._scenarios if scenario.id not in refused]
        running: dict[str, _Running] = {}
        try:
            for index, scenario in enumerate((*scenarios, _control(rounds(scenarios, moves_clock=clock.can_move)))):
                site = Site(scenario, addresses.host(index), clock, with_enclosures=self._with_enclosures)
                running[scenario.id] = _Running(site)
            self._go(session, clock, scenarios, running)
            self.clock_seen = _ClockSeen(clock.method, session.proves_clock())
            if clock.can_move and not self.clock_seen.is_proved:
                refused |= {
                    scenario.id: _Judged(_not_seen("the reader's clock did not follow: it may be linked statically"))
                    for scenario in scenarios
                    if Need.CLOCK in scenario.needs
                }
        finally:
            for each in running.values():
                each.site.stop()
            session.close()
        self.judged = {scenario.id: self._judge(scenario, running[scenario.id]) for scenario in scenarios} | refused

    def _go(
        self, session: Session, clock: MovedClock, scenarios: Sequence[Scenario], running: dict[str, _Running]
    ) -> None:
        control = running[CONTROL]
        before: Round | None = None
        timeline = rounds(scenarios, moves_clock=clock.can_move)
        for number, each in enumerate(timeline):
            if self._stop.is_set():
                return
            clock.advance(each.at - (before.at if before is not None else 0.0))
            names = [name for name in each.steps if not running[name].misfire]
            for name in names:
                if each.begins(before, name):
                    self._begin_step(running[name], each.steps[name])
                running[name].site.serve()
            control.site.begin_step(number)
            control.site.serve()
            self._progress(f"{self._name}: poll {number} of {len(timeline) - 1}, {len(names)} scenarios under way")
            if before is None:
                self._subscribe(session, scenarios, running)
            else:
                poll = session.poll()
                for name in names:
                    running[name].seen[-1].polls.append(poll)
            self._look(session, running, names)
            before = each

    @staticmethod
    def _begin_step(running: _Running, number: int) -> None:
        running.seen.append(StepSeen(at=time.time()))
        try:
            running.site.begin_step(number)
        except Misfire as misfire:
            running.misfire = str(misfire)

    @staticmethod
    def _subscribe(session: Session, scenarios: Sequence[Scenario], running: dict[str, _Running]) -> None:
        feeds = [Subscription(1, url, "") for url in running[CONTROL].site.urls]
        for scenario in scenarios:
            for url in running[scenario.id].site.urls:
                feeds.append(Subscription(len(feeds) + 1, url, scenario.id))
        troubles = session.add(feeds)
        for feed in feeds:
            if feed.scenario and feed.number in troubles:
                running[feed.scenario].troubles.append(troubles[feed.number])

    @staticmethod
    def _look(session: Session, running: dict[str, _Running], names: Sequence[str]) -> None:
        """Write down what the servers saw and what the reader has, for the scenarios that are under way."""
        _wait_for_quiet(session, [each.site for each in running.values()])
        was_control_asked = bool(running[CONTROL].site.take_exchanges())
        present, rows, trouble = session.present(), None, ""
        try:
            rows = session.rows()
        except ListFailed as error:
            trouble = str(error)
        for name, each in running.items():
            if name == CONTROL:
                continue
            exchanges = each.site.take_exchanges()
            if name not in names or not each.seen:
                continue  # after its last step, nothing belongs to the scenario
            seen = each.seen[-1]
            seen.exchanges += exchanges
            if seen.in_first_poll is None:
                seen.in_first_poll, seen.was_control_asked = len(seen.exchanges), was_control_asked
            seen.list_trouble, seen.present, seen.rows = trouble, None, None
            if present is not None:
                seen.present = frozenset(number for scenario, number in present if scenario == name)
            if rows is not None:
                seen.rows = [row for row in rows if row.scenario == name]
                seen.present = frozenset(row.number for row in seen.rows)

    def _judge(self, scenario: Scenario, running: _Running) -> _Judged:
        told = tuple(
            f"step {number}: {exchange.told}" for number, step in enumerate(running.seen) for exchange in step.exchanges
        )
        misfire = running.misfire
        if self._stop.is_set() and len(running.seen) < len(scenario.steps):
            return _Judged(
                _not_seen(f"the run was stopped after {len(running.seen)} of {len(scenario.steps)} steps"), told
            )
        if not misfire:
            try:
                running.site.verify()
                return _Judged(scenario.judge(Evidence(running.seen, self._adapter.kind_of_poll)), told)
            except Unseen as unseen:
                added = f" ({'; '.join(running.troubles)})" if running.troubles else ""
                return _Judged(_not_seen(f"{unseen}{added}"), told)
            except Misfire as error:
                misfire = str(error)
            except Exception as error:  # noqa: BLE001 - a fault of one scenario must not end the run
                misfire = f"the judge of {scenario.id} raised {error!r}"
        return _Judged(_not_seen(f"feedserver failed: {misfire}"), told, misfire)


def _wait_for_quiet(session: Session, sites: Sequence[Site]) -> None:
    """Wait until every exchange has ended; and, while something of the reader runs, until nothing came for a moment."""
    ends = time.monotonic() + LONGEST_AFTERMATH
    while True:
        for site in sites:
            site.wait_until_over()
        if not session.is_going_on() or time.monotonic() > ends:
            return
        before = sum(site.arrivals for site in sites)
        time.sleep(MOMENT)
        if sum(site.arrivals for site in sites) == before:
            return


def _control(timeline: Sequence[Round]) -> Scenario:
    """Return the control feed: a new item in each round, no validators."""

    def newest(number: int) -> Serve:
        return lambda at: at.feed(*range(number, 0, -1)[:5])

    steps = tuple(Step(newest(number)) for number in range(1, len(timeline) + 1))
    return Scenario(
        id=CONTROL,
        title="Control feed",
        rule="",
        source="",
        level=Level.MUST,
        steps=steps,
        judge=lambda _: _not_seen(""),
        why="",
        advice="",
    )


# Results


def _result(scenario: Scenario, judgements: dict[str, _Judged], adapter: Adapter) -> Result:
    judged = judgements.get(scenario.id) or _Judged(_not_seen("the run was stopped before it"))
    return Result(
        scenario, judged.judgement, judged.exchanges, judged.misfire, reproduce=adapter.reproduce(scenario.id)
    )


def _with_dependencies(results: Sequence[Result]) -> list[Result]:
    """Return *results*, where those that depend on others are *not seen* unless one of these came about."""
    came_about: dict[str, bool] = {}
    done = []
    for judged in results:
        result = judged
        needed = [name for name in result.scenario.depends_on if name in came_about]
        if needed and not any(came_about[name] for name in needed) and result.verdict is not Verdict.NOT_FOR_THIS_KIND:
            reason = f"it depends on {' or '.join(needed)}, which did not come about"
            result = Result(result.scenario, _not_seen(reason), result.exchanges, result.misfire, result.reproduce)
        came_about[result.scenario.id] = result.verdict in (Verdict.PASS, Verdict.NON_STRICT)
        done.append(result)
    return done
