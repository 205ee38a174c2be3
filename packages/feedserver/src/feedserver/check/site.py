"""The server of one scenario: what it answers in each step, and which requests it gets.

Each scenario has a server of its own, on a loopback address of its own if the system has several: readers limit
requests by host, and pause a whole host. If the reader runs on another machine, all scenarios share one server.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from feedserver.check.addresses import FeedPlace
from feedserver.check.evidence import FLOODED, ExchangeSeen
from feedserver.check.moved_clock import MovedClock
from feedserver.check.reader_files import new_file, remove_tree
from feedserver.check.scenario import Scenario, Serve
from feedserver.check.stage import Stage
from feedserver.check.verdicts import Misfire
from feedserver.handler.exchange import Exchange
from feedserver.messages.response import Answer, Response
from feedserver.messages.terminal_text import visible
from feedserver.server import FeedServer, VerificationError

EXCHANGE_TIMEOUT = 20.0
"""Seconds that an exchange may go on after the reader's command has ended."""

MOST_REQUESTS = 10_000
"""The most requests of a scenario that its server keeps. If more come, it forgets all of them, and the scenario is not
judged. A shared server keeps this number of requests of all scenarios together, and drops the oldest.
"""

MOST_BYTES = 8 * 1024 * 1024
"""The most bytes of targets, headers and bodies of these requests. If more come, the same happens as for too many
requests. The bytes that a shared server receives are not counted.
"""

LARGEST_BODY = 65_536
"""The most bytes of a request's body; no scenario asks for one."""

NOT_BROKEN = "was not injected: (the answer to (GET .* was a 304|HEAD .* has no body)|it has no place in .*, a 412 of )"
"""The pattern of problems that are no errors of feedserver. A reader may keep the validators of a broken answer: its
next poll then gets a 304, and no broken answer. It may ask by HEAD, too, whose answer has no body to break, or by
If-Match for what the server does not have.
"""


class ScenarioSite:
    """The server of *scenario*; its clock follows *clock*, *place* is where it listens."""

    def __init__(
        self, scenario: Scenario, place: FeedPlace, clock: MovedClock, *, with_enclosures: bool = False
    ) -> None:
        self.scenario = scenario
        self._clock = clock
        self._making_at: float | None = None  # the time at which a step begins, while its answers are made
        self._dates: dict[int, datetime] = {}
        self._with_enclosures = with_enclosures
        self._answers: dict[str, Answer] = {}
        self._taken_up_to = 0  # the serial of the last exchange when `take_exchanges` was last called
        self._taken = 0
        self._bytes = 0
        self._is_flooded = False
        self._items_with_pages: set[int] = set()
        self._folder: Path | None = None
        self._is_shared = place.server is not None
        elsewhere = scenario.elsewhere
        self.server = place.server or self._start(place)
        self._stage = Stage(
            scenario.id,
            place.base or self.server.base_url,
            self._now,
            self._dates,
            with_enclosures=with_enclosures,
            prefix=place.prefix,
            other_base=self.server.url("", host=elsewhere).removesuffix("/") if elsewhere is not None else "",
            make_file=self._make_file,
        )

    def _start(self, place: FeedPlace) -> FeedServer:
        elsewhere = self.scenario.elsewhere
        server = FeedServer(
            host=place.host,
            port=place.port,
            aliases=[elsewhere] if elsewhere is not None else [],
            strict=False,
            tls=self.scenario.tls,
            callable_timeout=30.0,
            max_body=LARGEST_BODY,
            journal_limit=MOST_REQUESTS,
        )
        server.allow(NOT_BROKEN)
        server.journal.listener = self._note_size
        return server.start()

    def _note_size(self, exchange: Exchange) -> None:
        """Count the bytes of *exchange*, which has ended. After too many requests or bytes, forget all exchanges, and
        the problems that they caused.
        """
        request = exchange.request
        if request is not None:
            self._bytes += len(request.target) + len(request.body)
            self._bytes += sum(len(name) + len(value) for name, value in request.headers.raw)
        self._bytes += len(exchange.raw)
        if self.server.journal.recorded > MOST_REQUESTS or self._bytes > MOST_BYTES:
            self._is_flooded = True
            self.server.journal.clear()
            self.server.site.problems.take()

    def _now(self) -> float:
        return self._clock.time() if self._making_at is None else self._making_at

    @property
    def urls(self) -> list[str]:
        """The URLs that the reader subscribes to."""
        return [self._stage.url(path) for path in self.scenario.feeds]

    @property
    def items(self) -> list[int]:
        """The numbers of all items that were made so far."""
        return self._stage.numbers()

    def begin_step(self, number: int, at: float) -> None:
        """Make the answers of the scenario's step *number*, which begins at the time *at* of the moved clock.

        Raises Misfire if an answer cannot be made.
        """
        answers: Mapping[str, Serve] = self.scenario.steps[number].answers_by_path()
        self._making_at = at
        for path, serve in answers.items():
            try:
                self._answers[self._stage.path(path)] = serve(self._stage)
            except Exception as error:
                raise Misfire(f"step {number} of {self.scenario.id} cannot be served: {error!r}") from error
        self._making_at = None
        for item in self.items:
            if item not in self._items_with_pages:
                self._items_with_pages.add(item)
                self._add_pages(item)

    def _make_file(self, name: str, content: bytes) -> Path:
        """Write a file into a folder that belongs to this site, and return its path."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="feedserver-check-files-"))
        path = self._folder / name
        with new_file(path) as file:  # the reader knows the path; a pipe that it put there is replaced
            file.write(content)
        return path

    def _add_pages(self, number: int) -> None:
        page = Response(
            f'<!doctype html><html lang="en"><title>Item {number}</title>', headers={"Content-Type": "text/html"}
        )
        self.server.add(self._stage.path(f"items/{number}.html"), page)
        if self._with_enclosures:
            sound = Response(b"\xff\xfb\x90\x00" + bytes(414), headers={"Content-Type": "audio/mpeg"})
            self.server.add(self._stage.path(f"items/{number}.mp3"), sound)

    def serve(self) -> None:
        """Serve the answers of the current step; the server's clock shows the moved time."""
        self.server.clock.offset = self._clock.offset
        for path, answer in self._answers.items():
            self.server.add(path, answer)

    def wait_until_over(self) -> bool:
        """Wait until every exchange of this scenario has ended, for EXCHANGE_TIMEOUT at most, and return whether all
        have.
        """
        journal = self.server.journal
        return journal.wait_until(lambda: all(exchange.is_over for exchange in self._own(0)), EXCHANGE_TIMEOUT)

    @property
    def arrivals(self) -> int:
        """The number of requests so far."""
        return len(self._own(0)) if self._is_shared else self.server.journal.recorded

    @property
    def new_arrivals(self) -> int:
        """The number of requests since `take_exchanges`."""
        return len(self._own(self._taken_up_to))

    def _own(self, after: int) -> list[Exchange]:
        """Return the exchanges of this scenario that are kept and have a serial greater than *after*."""
        return [each for each in self.server.journal.exchanges if each.serial > after and self._is_own(each)]

    def _is_own(self, exchange: object) -> bool:
        """Return whether *exchange* is one of this scenario: on a shared server, its path tells."""
        request = exchange.request if isinstance(exchange, Exchange) else None
        return not self._is_shared or (request is not None and request.path.startswith(self._stage.path("")))

    def take_exchanges(self) -> list[ExchangeSeen]:
        """Return the exchanges since the last call. If there were too many, so that some are missing, this call and all
        later ones return a single one that is `FLOODED`.
        """
        journal = self.server.journal
        before, self._taken_up_to = self._taken_up_to, journal.recorded
        taken = [exchange for exchange in self._own(before) if exchange.serial <= self._taken_up_to]
        self._taken += len(taken)
        if max(journal.dropped_up_to, journal.cleared_up_to) > before or self._taken > MOST_REQUESTS:
            self._is_flooded = True
        if self._is_flooded:
            return [ExchangeSeen(told=FLOODED)]
        return [ExchangeSeen.of(exchange, self._stage.path("")) for exchange in taken]

    def verify(self) -> None:
        """Raise Misfire if the server did not do what the scenario intends.

        A problem of a shared server stays for the other scenarios, if it is about them.
        """
        if self._is_shared:
            self.server.site.catch_up()
            if problems := self.server.site.problems.about(self._is_own):
                raise Misfire(visible("\n\n".join(dict.fromkeys(problems)), lines=True))
            return
        try:
            self.server.verify()
        except VerificationError as error:
            raise Misfire(str(error)) from error

    def stop(self) -> None:
        """Stop the server, unless it is shared, and remove the local files."""
        if not self._is_shared:
            self.server.stop()
        if self._folder is not None:
            remove_tree(self._folder)
