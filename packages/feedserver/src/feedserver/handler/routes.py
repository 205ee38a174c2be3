"""Scripted routes: the answers of a path, given one after the other, and the requests that they answer."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from feedserver.handler.fault_injection import never_injected_first
from feedserver.handler.ready_answers import ReadyAnswer
from feedserver.messages.argument_types import check_is, check_name
from feedserver.messages.response import Answer, Response


@dataclass(slots=True)
class Turns:
    """The number of requests that have *taken* an answer."""

    taken: int = 0


@dataclass(slots=True)
class Choice:
    """One answer that can be given again and again.

    *ready* is the answer in bytes, keyed by whether the connection is kept alive after it; None where requests may get
    different answers.
    """

    answer: Answer
    turns: Turns = field(default_factory=Turns)
    ready: dict[bool, ReadyAnswer | None] = field(default_factory=dict)


@dataclass(slots=True)
class Script:
    """The answers of a path, given one after the other; the last one stays. *index* is that of the next one."""

    choices: list[Choice]
    index: int = 0

    @property
    def current(self) -> Choice:
        """The answer that the next request gets."""
        return self.choices[self.index]

    def advance(self) -> None:
        """Move to the next answer, if there is one."""
        if self.index + 1 < len(self.choices):
            self.index += 1


_NO_STATE: Mapping[str, object] = {}


class HostPath(NamedTuple):
    """The place that a request asks for: a decoded *path* of a *host*; the host "" is this server itself."""

    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Route:
    """A *script* for the requests of one *host*, of one *query* string or all, and of one *method* or all (None).

    The host "" is the server itself. A route with a *state* answers only while the server's state has these values; an
    answer changes the state to the values of *then*.
    """

    host: str
    query: str | None
    method: str | None
    script: Script
    state: Mapping[str, object] | None = None
    then: Mapping[str, object] | None = None

    def replaces(self, other: Route) -> bool:
        """Return whether *other* answers the same requests."""
        return (self.host, self.query, self.method, self.state) == (other.host, other.query, other.method, other.state)

    def is_in(self, state: Mapping[str, object]) -> bool:
        """Return whether the route answers in this *state* of the server; a name that has no value there is None."""
        return self.state is None or all(state.get(name) == value for name, value in self.state.items())

    def rank(self, host: str, query: str, method: str) -> int | None:
        """Return how closely the route fits a request, 0 is best; None where it does not answer it.

        A query string counts for more than a method. The route of GET answers HEAD before a route of all methods does.
        """
        if self.host != host or (self.query is not None and self.query != query):
            return None
        rank = 0 if self.query is not None else 3
        if self.method == method:
            return rank
        if self.method is None:
            return rank + 2
        return rank + 1 if method == "HEAD" and self.method == "GET" else None


def host_key(host: str) -> str:
    """Return *host* in a form in which equal hosts are equal text: case and port 80 do not matter (RFC 9110 §4.2.3)."""
    return host.lower().removesuffix(":80")


def nearest(
    routes: tuple[Route, ...], host: str, query: str, method: str, state: Mapping[str, object] = _NO_STATE
) -> Route | None:
    """Return the route that fits a request most closely in this *state* of the server; None where none does.

    Of two that fit equally, the one with a state of its own wins, and then the later one.
    """
    nearest, least = None, 12
    for route in routes:
        rank = route.rank(host, query, method)
        if rank is None:
            continue
        rank = 2 * rank + (route.state is None)
        if rank <= least and route.is_in(state):
            nearest, least = route, rank
    return nearest


def check_answers(target: str, answers: tuple[Answer, ...]) -> None:
    """Raise TypeError for an answer that can answer no request, ValueError for a fault that is never triggered.

    Raises ValueError where there are no *answers* at all.
    """
    if not answers:
        raise ValueError(f"add({target!r}) was given no response; pass at least one, such as Response(status=204)")
    for answer in answers:
        _check_answer(target, answer)
    for answer in answers[:-1]:
        _check_triggers(target, answer)


def check_state(what: str, values: object) -> None:
    """Raise TypeError where *values* are no mapping of names to values, ValueError for an empty name."""
    if values is not None:
        check_is(what, values, Mapping, "give a mapping, such as {'login': 'done'}")
        for name in values if isinstance(values, Mapping) else ():
            check_name(f"a name in {what}", name, "login")


def _check_triggers(target: str, answer: Answer) -> None:
    """Raise ValueError for a fault that waits for a later request, in an answer that is given only once."""
    fault = never_injected_first(answer) if isinstance(answer, Response) else None
    if fault is not None:
        raise ValueError(
            f"add({target!r}): the fault '{fault}' is never triggered, since its response is given once, and then the "
            f"next; leave '{fault.when}' out, or give the response as often as it is to be sent before"
        )


def _check_answer(target: str, answer: object) -> None:
    """Raise TypeError for what can answer no request; otherwise only its first request would show the mistake."""
    given = f"add({target!r}) was given {answer!r}"
    if isinstance(answer, Response):
        return
    if not callable(answer):
        raise TypeError(f"{given}; pass a Response or a callable that makes one")
    if isinstance(answer, type) and issubclass(answer, Response):
        raise TypeError(f"{given}, the class; pass an instance, such as Response('<rss/>')")
    for call in (answer, type(answer).__call__):
        if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call):
            raise TypeError(f"{given}, which is async; pass a plain function: it runs on a thread, and may block there")
        if inspect.isgeneratorfunction(call):
            raise TypeError(f"{given}, which yields; pass a function that returns a Response")
