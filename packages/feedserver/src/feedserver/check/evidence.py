"""`Evidence`: what was seen of a reader in each step of a scenario, and the questions that `judge` asks about it.

A question raises `Unseen` where the evidence answers it neither way. So no verdict comes from a lack of evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feedserver.check.stage import FEED
from feedserver.check.verdicts import Unseen
from feedserver.handler.exchange import Exchange
from feedserver.messages.headers import Headers
from feedserver.messages.send_plan import Ended
from feedserver.messages.terminal_text import visible_repr

NOT_EVEN_THE_GOOD = "the reader did not import the good feed either"
"""How the reason for *not seen* begins if the reader lacks the items of the good feed, too."""

SECONDS_BETWEEN_POLLS = 299.0
"""How far apart the requests of two polls are at least, by the moved clock; those of one poll are closer."""

FLOODED = "… more requests than are kept"
"""The `told` of the only `ExchangeSeen` that is returned if exchanges are missing, since there were too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSeen:
    """One request of the reader and its answer, as far as they had come when they were observed.

    *path* is relative to the scenario (a path outside of it begins with a slash), *target* is as it was sent; both are
    "", as *method* and *scheme* are, where the bytes were no request. *headers* are those of the request, *answered*
    those of the answer; *status* is 0 where there was no answer. *ended* is None where the exchange had not ended;
    *bytes_sent* and *duration*, in seconds, are 0 then. *time* is when it began by the moved clock, in seconds since
    the epoch; *told* describes the exchange in a line.
    """

    path: str = ""
    method: str = ""
    scheme: str = ""
    target: str = ""
    headers: Headers = field(default_factory=Headers)
    status: int = 0
    answered: Headers = field(default_factory=Headers)
    ended: Ended | None = None
    bytes_sent: int = 0
    time: float = 0.0
    duration: float = 0.0
    told: str = ""

    __repr__ = visible_repr

    @classmethod
    def of(cls, exchange: Exchange, prefix: str) -> ExchangeSeen:
        """Return what is seen of *exchange* now; *prefix* is the path of the scenario."""
        request, is_over = exchange.request, exchange.is_over
        status = exchange.known_status or 0
        return cls(
            path=exchange.path.removeprefix(prefix) if request is not None else "",
            method=request.method if request is not None else "",
            scheme=request.scheme if request is not None else "",
            target=request.target if request is not None else "",
            headers=request.headers if request is not None else Headers(),
            status=status,
            answered=exchange.response.headers if status else Headers(),
            ended=exchange.ended if is_over else None,
            bytes_sent=exchange.bytes_sent if is_over else 0,
            time=exchange.time,
            duration=exchange.duration if is_over else 0.0,
            told=exchange.describe(),
        )

    @property
    def query(self) -> str:
        """The query string of the request."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Row:
    """One imported item, as the reader lists it: the *scenario* and *number* that its token names, and its fields."""

    scenario: str
    number: int
    title: str
    fields: Mapping[str, str] = field(default_factory=dict)

    __repr__ = visible_repr


@dataclass(frozen=True, slots=True)
class Poll:
    """How a poll ended: *is_good* if the reader ended in time by itself; *detail* says what went wrong, such as an exit
    status other than 0, by which many readers report one bad feed among others.

    *seconds* is how long it took, *peak_memory* the most memory that it used, in bytes; each is 0 if it is not known.
    """

    is_good: bool = True
    detail: str = ""
    seconds: float = 0.0
    peak_memory: int = 0

    __repr__ = visible_repr


@dataclass(slots=True)
class StepSeen:
    """What was seen in one step: the exchanges of all paths, the polls, whether the control feeds were requested in the
    first poll, and what the reader had imported when the last poll had ended.

    *in_first_poll* is the number of exchanges that came until the first poll had ended, None before that. In step 0,
    subscribing counts as the first poll here, though *polls* does not contain it.

    *present* are the numbers of the items that the reader has, *rows* is its list; each is None if the reader cannot be
    asked for it. *list_error* says why listing failed, "" if it did not.
    """

    exchanges: list[ExchangeSeen] = field(default_factory=list)
    in_first_poll: int | None = None
    polls: list[Poll] = field(default_factory=list)
    was_control_asked: bool = False
    present: frozenset[int] | None = None
    rows: Sequence[Row] | None = None
    list_error: str = ""


class Evidence:
    """What was seen, step by step, since the reader subscribed in step 0."""

    def __init__(self, steps: Sequence[StepSeen], kind_of_poll: str = "poll") -> None:
        self.steps = steps
        self.kind_of_poll = kind_of_poll

    # Requests

    def requests(self, step: int, path: str | None = FEED, *, by_any_method: bool = False) -> list[ExchangeSeen]:
        """Return the GET requests of *step* for *path*, relative to the scenario; None is every path.

        With *by_any_method*, those by other methods are among them: a rule that forbids requests forbids HEAD, too.
        """
        return [
            exchange
            for exchange in self.steps[step].exchanges
            if (path is None or exchange.path == path)
            and (exchange.method == "GET" or (by_any_method and exchange.method))
        ]

    def requests_of_first_poll(
        self, step: int, path: str | None = FEED, *, by_any_method: bool = False
    ) -> list[ExchangeSeen]:
        """Return those of `requests` that came in the first poll of *step*: the others may have come days later."""
        seen = self.steps[step]
        early = {id(exchange) for exchange in seen.exchanges[: seen.in_first_poll]}
        return [each for each in self.requests(step, path, by_any_method=by_any_method) if id(each) in early]

    def asked(self, step: int, path: str = FEED) -> list[ExchangeSeen]:
        """Return the requests of *step* for *path*. Raises Unseen where there is none."""
        found = self.requests(step, path)
        if not found:
            self._refuse_bad_polls(step)
            ends = "".join(f"; {poll.detail}" for poll in self.steps[step].polls[-1:] if poll.detail)
            raise Unseen(f"the reader did not request {path} in step {step}{ends}")
        return found

    def seconds_until_asked_again(self, step: int) -> list[float]:
        """Return when later polls of *step* requested the feed, in seconds after the step's first request whose answer
        was sent whole or is still under way.
        """
        asked = self.requests(step)
        first = next((each.time for each in asked if each.ended in (None, Ended.COMPLETE)), None)
        if first is None:
            return []
        after = [each.time - first for each in self.requests(step, by_any_method=True)]
        return [seconds for seconds in after if seconds >= SECONDS_BETWEEN_POLLS]

    def was_quiet(self, step: int, path: str = FEED) -> bool:
        """Return whether the reader left *path* alone in the first poll of *step*.

        Quiet counts only if every poll of the step ended well, the control feeds were requested in the first one, and
        *path* was requested in a later step. Otherwise this raises Unseen.
        """
        if self.requests_of_first_poll(step, path, by_any_method=True):
            return False
        self.expect_polled(step)
        self.expect_asked_after(step, path)
        return True

    def _refuse_bad_polls(self, step: int) -> None:
        for poll in self.steps[step].polls:
            if not poll.is_good:
                raise Unseen(f"a poll in step {step} did not end well: {poll.detail}")

    def expect_polled(self, step: int) -> None:
        """Raise Unseen unless the polls of *step* ended well and both control feeds were requested in its first one."""
        self._refuse_bad_polls(step)
        if not self.steps[step].was_control_asked:
            raise Unseen(f"the reader did not request the control feeds in step {step} either: its poll broke off")

    def expect_asked_after(self, step: int, path: str = FEED) -> None:
        """Raise Unseen unless the polls of *step* ended well and *path* was requested in a later step."""
        self._refuse_bad_polls(step)
        if not any(self.requests(later, path) for later in range(step + 1, len(self.steps))):
            raise Unseen(f"the reader did not request {path} after step {step} any more")

    def ended_well(self, step: int) -> bool:
        """Return whether every poll of *step* ended well."""
        return all(poll.is_good for poll in self.steps[step].polls)

    def poll_problems(self, step: int) -> str:
        """Return what went wrong in the polls of *step*, "" if nothing did."""
        return "; ".join(poll.detail for poll in self.steps[step].polls if not poll.is_good)

    # Items

    def items(self, step: int) -> frozenset[int]:
        """Return the numbers of the items that the reader has after *step*. Raises Unseen if that cannot be seen."""
        present = self.steps[step].present
        if present is None:
            raise Unseen(self.steps[step].list_error or "the reader's items cannot be seen; give --list or --state")
        return present

    def has(self, step: int, number: int) -> bool:
        """Return whether the reader has item *number* after *step*.

        Raises Unseen if that cannot be seen, or if the item is missing and a poll of the step did not end well: the
        reader may then have stored nothing of what it had read.
        """
        if number in self.items(step):
            return True
        self._refuse_bad_polls(step)
        return False

    def expect_subscribed(self, *numbers: int) -> None:
        """Raise Unseen unless the reader had these items after step 0: without them, it did not read the good feed."""
        missing = set(numbers) - self.items(0)
        if missing:
            raise Unseen(f"{NOT_EVEN_THE_GOOD}: item {min(missing)} is missing")

    def rows(self, step: int) -> Sequence[Row]:
        """Return the rows of the scenario's items in the reader's list after *step*. Raises Unseen without a list."""
        rows = self.steps[step].rows
        if rows is None:
            raise Unseen(self.steps[step].list_error or "the reader's items cannot be counted; give --list")
        return rows

    def rows_of(self, step: int, number: int) -> list[Row]:
        """Return the rows of item *number* after *step*."""
        return [row for row in self.rows(step) if row.number == number]

    # Memory

    def peak_memory(self, step: int) -> int:
        """Return the most memory that a poll of *step* used, in bytes. Raises Unseen where that is not known."""
        peak = max((poll.peak_memory for poll in self.steps[step].polls), default=0)
        if not peak:
            raise Unseen("the reader's use of memory cannot be seen")
        return peak
