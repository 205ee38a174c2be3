"""A lane: one reader with files of its own, and the scenarios that it goes through together, poll by poll.

In each round of the lane's timeline the clock is moved, the scenarios that begin a step serve it, the reader polls, and
what the servers saw and the reader imported is written down.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from feedserver.check.adapters import Adapter, Session, Subscription, Watched
from feedserver.check.evidence import FLOODED, Evidence, Poll, StepSeen
from feedserver.check.look import Look
from feedserver.check.moved_clock import MovedClock
from feedserver.check.scenario import Scenario, Serve, Step
from feedserver.check.site import MOST_BYTES, MOST_REQUESTS, ScenarioSite
from feedserver.check.stage import FEED
from feedserver.check.timeline import Round, rounds
from feedserver.check.verdicts import Judgement, Kind, Level, ListFailed, Misfire, Need, Unseen, Verdict
from feedserver.messages.steady_time import monotonic

Progress = Callable[[str], None]
"""Called with a line about what the run does."""

MOMENT = 1.0
"""Seconds without a request after which a reader that goes on in the background counts as quiet."""

LONGEST_AFTERMATH = 60.0
"""Seconds that a reader may go on in the background after its command has ended."""

CONTROL = "Z1"
"""The id of the control feeds: good feeds with a new item in each round. They are served like a scenario, but not
judged.
"""

LAST = "last.xml"
"""The path of the second control feed. The reader subscribes to the first one before all other feeds, and to this one
after them: a reader that breaks off in the middle of a poll, whatever its exit status, does not request this one.
"""

MOST_TOLD = 20
"""How many exchanges, the last ones, a report shows of a scenario that was flooded with requests."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement of a scenario, the exchanges in words, and the error of feedserver that prevented a verdict."""

    judgement: Judgement
    exchanges: tuple[str, ...] = ()
    misfire: str = ""


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """How the clock was moved, and whether it is proved that the reader followed."""

    method: str
    is_proved: bool


@dataclass(slots=True)
class _Running:
    """A scenario that is under way in a lane."""

    site: ScenarioSite
    seen: list[StepSeen] = field(default_factory=list)
    misfire: str = ""
    subscribe_errors: list[str] = field(default_factory=list)


class Lane:
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
        self._running: dict[str, _Running] = {}
        self.judged: dict[str, Judged] = {}
        self.clock_seen = ClockSeen("none", is_proved=False)

    def run(self) -> None:
        """Run the lane; `judged` then has the judgements, by the id of the scenario."""
        if self._stop.is_set():
            return
        session = self._adapter.open(self._name)
        clock = session.clock
        reason = "the reader's clock cannot be moved" + (f": {clock.problem}" if clock.problem else "")
        refused = {
            scenario.id: Judged(not_seen(reason))
            for scenario in self._scenarios
            if Need.CLOCK in scenario.needs and not clock.can_move
        }
        scenarios = [scenario for scenario in self._scenarios if scenario.id not in refused]
        try:
            for index, scenario in enumerate((*scenarios, _control(rounds(scenarios, moves_clock=clock.can_move)))):
                place = session.place(scenario.id, index)
                site = ScenarioSite(scenario, place, clock, with_enclosures=self._with_enclosures)
                self._running[scenario.id] = _Running(site)
                session.listens(scenario.id, site.server.port)
            self._go(session, clock, scenarios)
            self.clock_seen = ClockSeen(clock.method, session.proves_clock())
            if clock.can_move and not self.clock_seen.is_proved:
                refused |= {
                    scenario.id: Judged(
                        not_seen("the reader's clock did not follow: the reader may be linked statically")
                    )
                    for scenario in scenarios
                    if Need.CLOCK in scenario.needs
                }
        finally:
            for each in self._running.values():
                each.site.stop()
            session.close()
        self.judged = {scenario.id: self._judge(scenario, self._running[scenario.id]) for scenario in scenarios}
        self.judged |= refused

    def _go(self, session: Session, clock: MovedClock, scenarios: Sequence[Scenario]) -> None:
        """Go through the rounds. What an earlier process has recorded of a round is used instead of a poll."""
        feeds = self._feeds(scenarios)
        before: Round | None = None
        timeline = rounds(scenarios, moves_clock=clock.can_move)
        for number, each in enumerate(timeline):
            if self._stop.is_set():
                return
            clock.advance(each.at - (before.at if before is not None else 0.0))
            look = session.recorded(number)
            at = look.at if look is not None else clock.time()
            names = [name for name in each.steps if not self._running[name].misfire]
            begun = [name for name in names if each.begins(before, name)]
            for name in begun:
                self._begin_step(self._running[name], each.steps[name], at)
            self._running[CONTROL].site.begin_step(number, at)
            if look is None:
                for name in (*names, CONTROL):
                    self._running[name].site.serve()
                self._progress(f"{self._name}: poll {number} of {len(timeline) - 1}, {len(names)} scenarios under way")
                session.watch(number, len(timeline), feeds, [self._watched(name) for name in names])
                poll = self._subscribe(session, feeds) if before is None else session.poll()
                if self._stop.is_set() and not session.keeps_what_was_stopped:
                    for name in begun:
                        self._running[name].seen.pop()
                    return
                look = self._look(session, at)
                session.record(number, look)
            else:
                poll = Poll()
            for name in names:
                if before is not None:
                    self._running[name].seen[-1].polls.append(poll)
                _note(look, name, self._running[name].seen[-1])
            before = each

    def _feeds(self, scenarios: Sequence[Scenario]) -> list[Subscription]:
        first, last = self._running[CONTROL].site.urls
        feeds = [Subscription(1, first, "")]
        for scenario in scenarios:
            for url in self._running[scenario.id].site.urls:
                feeds.append(Subscription(len(feeds) + 1, url, scenario.id))
        return [*feeds, Subscription(len(feeds) + 1, last, "")]

    @staticmethod
    def _begin_step(running: _Running, number: int, at: float) -> None:
        running.seen.append(StepSeen())
        try:
            running.site.begin_step(number, at)
        except Misfire as misfire:
            running.misfire = str(misfire)

    def _watched(self, name: str) -> Watched:
        site = self._running[name].site
        return Watched(site.scenario, site.items, lambda: site.new_arrivals)

    def _subscribe(self, session: Session, feeds: Sequence[Subscription]) -> Poll:
        errors = session.add(feeds)
        for feed in feeds:
            if feed.scenario and feed.number in errors:
                self._running[feed.scenario].subscribe_errors.append(errors[feed.number])
        return Poll()

    def _look(self, session: Session, at: float) -> Look:
        """Return what the servers saw and what the reader has."""
        _wait_for_quiet(session, [each.site for each in self._running.values()])
        exchanges = {name: each.site.take_exchanges() for name, each in self._running.items()}
        present, rows, list_error = None, None, ""
        try:
            present = session.present()
            rows = session.rows()
        except ListFailed as error:
            list_error = str(error)
        was_control_asked = {exchange.path for exchange in exchanges.pop(CONTROL)} >= {FEED, LAST}
        return Look(
            at=at,
            was_control_asked=was_control_asked,
            exchanges=exchanges,
            present=present,
            rows=rows,
            list_error=list_error,
        )

    def _judge(self, scenario: Scenario, running: _Running) -> Judged:
        exchanges = tuple(
            f"step {number}: {exchange.told}" for number, step in enumerate(running.seen) for exchange in step.exchanges
        )
        misfire = running.misfire
        if self._stop.is_set() and len(running.seen) < len(scenario.steps):
            return Judged(
                not_seen(f"the run was stopped after {len(running.seen)} of {len(scenario.steps)} steps"), exchanges
            )
        if FLOODED in {exchange.told for step in running.seen for exchange in step.exchanges}:
            kept = f"{MOST_REQUESTS:,}, or {MOST_BYTES // 1024**2} MiB"
            reason = f"the reader sent more requests than are kept of a scenario ({kept})"
            return Judged(not_seen(reason), exchanges[-MOST_TOLD:])
        if not misfire:
            try:
                running.site.verify()
                return Judged(scenario.judge(Evidence(running.seen, self._adapter.kind_of_poll)), exchanges)
            except Unseen as unseen:
                added = f" ({'; '.join(running.subscribe_errors)})" if running.subscribe_errors else ""
                return Judged(not_seen(f"{unseen}{added}"), exchanges)
            except Misfire as error:
                misfire = str(error)
            except Exception as error:  # noqa: BLE001 - an error in one scenario must not end the run
                misfire = f"the judge of {scenario.id} raised {error!r}"
        return Judged(not_seen(f"feedserver failed: {misfire}"), exchanges, misfire)


def not_seen(reason: str) -> Judgement:
    """Return the verdict *not seen*, with the *reason*."""
    return Judgement(Verdict.NOT_SEEN, reason=reason)


def _note(look: Look, name: str, seen: StepSeen) -> None:
    """Add what was seen of the scenario *name* in a round to *seen*, its current step."""
    seen.exchanges += look.exchanges.get(name, ())
    if seen.in_first_poll is None:
        seen.in_first_poll, seen.was_control_asked = len(seen.exchanges), look.was_control_asked
    seen.list_error, seen.present, seen.rows = look.list_error, None, None
    if look.present is not None:
        seen.present = frozenset(number for scenario, number in look.present if scenario == name)
    if look.rows is not None:
        seen.rows = [row for row in look.rows if row.scenario == name]
        seen.present = frozenset(row.number for row in seen.rows)


def _wait_for_quiet(session: Session, sites: Sequence[ScenarioSite]) -> None:
    """Wait until every exchange has ended, for EXCHANGE_TIMEOUT at most at each site. While a process of the reader
    runs, go on until no request has come for MOMENT seconds, or LONGEST_AFTERMATH has passed.
    """
    ends = monotonic() + LONGEST_AFTERMATH
    while True:
        for site in sites:
            site.wait_until_over()
        if not session.is_going_on() or monotonic() > ends:
            return
        before = sum(site.arrivals for site in sites)
        time.sleep(MOMENT)
        if sum(site.arrivals for site in sites) == before:
            return


def _control(timeline: Sequence[Round]) -> Scenario:
    """Return the control feeds: a new item in each round, no validators."""

    def newest(number: int) -> Serve:
        return lambda stage: stage.feed(*range(number, 0, -1)[:5])

    steps = tuple(Step(dict.fromkeys((FEED, LAST), newest(number))) for number in range(1, len(timeline) + 1))
    return Scenario(
        id=CONTROL,
        title="Control feeds",
        rule="",
        source="",
        level=Level.MUST,
        steps=steps,
        judge=lambda _: not_seen(""),
        why="",
        advice="",
        feeds=(FEED, LAST),
    )
