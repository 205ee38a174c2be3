"""How a run drives a reader: `Adapter` opens a `Session`, which subscribes, polls and lists.

`PythonAdapter` drives an object of the same process. `commands.CommandAdapter` runs commands. `by_hand.HandAdapter`
lets a person drive the reader.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

from feedserver.check import addresses, peak_memory
from feedserver.check.addresses import NETWORKS, FeedPlace
from feedserver.check.evidence import Poll, Row
from feedserver.check.look import Look
from feedserver.check.moved_clock import MovedClock
from feedserver.check.scenario import Scenario
from feedserver.check.stage import TOKEN
from feedserver.check.verdicts import Kind, ListFailed


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed to subscribe to: its *number*, from 1, its *url*, and its *scenario*, "" for a control feed."""

    number: int
    url: str
    scenario: str


@dataclass(frozen=True, slots=True)
class Watched:
    """A scenario that is under way: the numbers of its *items* so far; *arrivals* returns how many requests came in
    this round.
    """

    scenario: Scenario
    items: Sequence[int]
    arrivals: Callable[[], int]


class Session(ABC):
    """One reader with files of its own."""

    clock: MovedClock
    keeps_what_was_stopped = True
    """Whether what was seen in a poll that was stopped counts as evidence."""

    def place(self, scenario: str, index: int) -> FeedPlace:  # noqa: ARG002 - other adapters use the scenario's id
        """Return where the feeds of a *scenario* shall be; *index* is its number in the lane."""
        return FeedPlace(addresses.host(index))

    def listens(self, scenario: str, port: int) -> None:  # noqa: B027 - most adapters need not know
        """Take note of the *port* at which the server of a *scenario* listens."""

    def watch(  # noqa: B027 - most adapters need not know
        self, number: int, count: int, feeds: Sequence[Subscription], watched: Sequence[Watched]
    ) -> None:
        """Take note of the round that begins: its *number* from 0, of *count*, and the scenarios that are under way."""

    def recorded(self, number: int) -> Look | None:  # noqa: ARG002 - most adapters resume no run
        """Return what an earlier process has seen in the round with this *number*, None if that process did not reach
        it.
        """
        return None

    def record(self, number: int, look: Look) -> None:  # noqa: B027 - most adapters keep nothing
        """Keep what was seen in a round."""

    @abstractmethod
    def add(self, feeds: Sequence[Subscription]) -> Mapping[int, str]:
        """Subscribe to *feeds*. Return what went wrong, by the number of the feed."""

    @abstractmethod
    def poll(self) -> Poll:
        """Let the reader poll its feeds, and return when the poll has ended."""

    def present(self) -> frozenset[tuple[str, int]] | None:
        """Return the items that the reader has, as pairs of a scenario's id and a number; None if `rows` shows them, or
        nothing does.

        Raises ListFailed if the reader's files cannot be looked at.
        """
        return None

    @abstractmethod
    def rows(self) -> Sequence[Row] | None:
        """Return the reader's list of items, None if the reader has no list. Raises ListFailed if listing fails."""

    def is_going_on(self) -> bool:
        """Return whether a process of the reader still runs, so that requests may follow after a poll has ended."""
        return False

    def proves_clock(self) -> bool:
        """Return whether it is proved that the reader goes by the moved clock."""
        return self.clock.can_move

    def close(self) -> None:  # noqa: B027 - most sessions have nothing to end
        """End what the reader left running, and remove its files."""


class Adapter(ABC):
    """A reader, which a run opens once for each lane: a group of scenarios that run together (see `lane`)."""

    name = "reader"
    version = ""
    kind_of_poll = "poll"
    """What a poll of this reader is, in a word or two for the report."""
    has_one_session = False
    """Whether the reader cannot be opened several times: all scenarios then share one lane."""

    def refuses(self, scenario: Scenario) -> str:  # noqa: ARG002 - most adapters refuse nothing
        """Return why *scenario* cannot be shown to this reader, "" if it can."""
        return ""

    @property
    @abstractmethod
    def commands(self) -> Mapping[str, str]:
        """How the reader is driven, for the report: the commands by the names of their options, or a description."""

    @property
    @abstractmethod
    def can_list(self) -> bool:
        """Whether the reader's items can be listed and counted."""

    @property
    def has_guard(self) -> bool:
        """Whether the reader refuses private addresses, and was told to let in `addresses.NETWORKS`."""
        return False

    @property
    @abstractmethod
    def can_show_items(self) -> bool:
        """Whether it can be seen which items the reader has."""

    @abstractmethod
    def reproduce(self, scenario: str) -> str:
        """Return the command or call that runs one scenario alone, with all options that its verdict depends on."""

    def interrupt(self) -> None:  # noqa: B027 - what runs in this process cannot be interrupted
        """End whatever the reader does at the moment: the run is stopped."""

    @abstractmethod
    def open(self, lane: str) -> Session:
        """Open a session; *lane* is its name, which no other session of the run has."""


# From Python


@runtime_checkable
class Client(Protocol):
    """What `check` needs of a client in Python.

    Other methods are optional: `list()` returns the items, as texts (titles) or mappings (`title`, `link`, `author`,
    `content`, `date`, `enclosure`). `move_clock(seconds)` tells the client how many seconds its clock must be ahead of
    the true time. `allow_networks(networks)` tells a client that refuses private addresses which networks
    (`["127.77.0.0/16", …]`) it must let in, and no others.
    """

    def add(self, url: str) -> object:
        """Subscribe to *url*."""

    def poll(self) -> object:
        """Request every feed that is due, and return when all are done."""


class PythonAdapter(Adapter):
    """Drives *client*: an object with the methods of `Client`, or a callable that makes one for each session.

    The callable is called once more at first, to see which methods its clients have.
    """

    def __init__(self, client: Client | Callable[[], Client], kind: Kind = Kind.STORE) -> None:
        self._kind = kind
        is_client = isinstance(client, Client) and not isinstance(client, type)  # a class has the methods, too
        if not is_client and not callable(client):
            raise TypeError(
                f"{client!r} is no client; give an object with the methods add(url) and poll(), or a function that "
                "makes one"
            )
        self._make: Callable[[], Any] = (lambda: client) if is_client else client  # type: ignore[assignment]
        self._sample = self._make()
        if not isinstance(self._sample, Client):
            raise TypeError(f"{self._sample!r} is no client; it needs the methods add(url) and poll()")
        self.name = type(self._sample).__name__
        self.calls: list[Call] = []
        """How each call of the clients' `add` and `poll` ended, in all sessions."""

    @property
    def commands(self) -> Mapping[str, str]:
        """How the reader is driven, for the report."""
        return {"python": f"{type(self._sample).__module__}.{type(self._sample).__qualname__}"}

    @property
    def can_list(self) -> bool:
        """Whether the client has `list`."""
        return callable(getattr(self._sample, "list", None))

    @property
    def can_show_items(self) -> bool:
        """Whether the client has `list`."""
        return self.can_list

    @property
    def has_guard(self) -> bool:
        """Whether the client has `allow_networks`."""
        return callable(getattr(self._sample, "allow_networks", None))

    def reproduce(self, scenario: str) -> str:
        """Return the call that runs one scenario alone."""
        kind = f", kind={str(self._kind)!r}" if self._kind is not Kind.STORE else ""
        return f"check(client, only=[{scenario!r}]{kind})"

    def open(self, lane: str) -> Session:  # noqa: ARG002 - a client in Python has no use for the name
        """Make a client."""
        return _PythonSession(self._make(), self.calls)

    def why_useless(self) -> str:
        """Return what the first call has raised if every call of `add`, or every call of `poll`, raised; else ""."""
        for method in ("add", "poll"):
            problems = [call.problem for call in self.calls if call.method == method]
            if problems and all(problems):
                return problems[0]
        return ""


@dataclass(frozen=True, slots=True)
class Call:
    """How a call of a client's *method* ended: *problem* is what it has raised, in words, or "" if it ended well."""

    method: str
    problem: str


class _PythonSession(Session):
    def __init__(self, client: Client, calls: list[Call]) -> None:
        self._client = client
        self._calls = calls
        move = getattr(client, "move_clock", None)
        self.clock = MovedClock(move, "the client's move_clock") if callable(move) else MovedClock()
        allow = getattr(client, "allow_networks", None)
        if callable(allow):
            allow(list(NETWORKS))

    def add(self, feeds: Sequence[Subscription]) -> Mapping[int, str]:
        problems: dict[int, str] = {}
        for feed in feeds:
            if problem := self._problem_of("add", partial(self._client.add, feed.url)):
                problems[feed.number] = problem
        return problems

    def _problem_of(self, method: str, call: Callable[[], object]) -> str:
        """Call a *method* of the client, and return what it has raised, "" if it ended well."""
        problem = ""
        try:
            call()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a client may raise anything; the verdict reports it
            problem = f"{method}() raised {_repr_of(error)}"
        self._calls.append(Call(method, problem))
        return problem

    def poll(self) -> Poll:
        can_see_memory = peak_memory.reset()
        detail = self._problem_of("poll", self._client.poll)
        return Poll(is_good=not detail, detail=detail, peak_memory=peak_memory.read() if can_see_memory else 0)

    def rows(self) -> Sequence[Row] | None:
        listing: Callable[[], Iterable[Any]] | None = getattr(self._client, "list", None)
        try:
            return read_rows(listing()) if listing is not None else None
        except (Exception, SystemExit) as error:  # a client may raise anything; the verdict reports it
            raise ListFailed(f"list() raised {_repr_of(error)}") from error


def _repr_of(error: BaseException) -> str:
    try:
        return repr(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - an exception without a repr must be reported, too
        return type(error).__qualname__


# Lists


def read_rows(items: Iterable[Any]) -> list[Row]:
    """Return the rows of *items*: mappings, or texts that are a title or a mapping in JSON.

    Items without a token in their title are left out.
    """
    rows = []
    for item in items:
        fields = _fields(item)
        title = fields.get("title", "")
        found = TOKEN.search(title.encode("utf-8", "replace"))
        if found is not None:
            scenario = f"{found[1].decode().upper()}{int(found[2])}"
            rows.append(Row(scenario, int(found[3]), title, fields))
    return rows


def _fields(item: Any) -> dict[str, str]:
    if isinstance(item, Mapping):
        return {str(name): "" if value is None else str(value) for name, value in item.items()}
    text = str(item)
    if re.match(r"\s*\{", text):
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            return {"title": text}
        if isinstance(read, dict):
            return _fields(read)
    return {"title": text}
