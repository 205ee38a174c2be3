"""Scripted routes: the answers of a path, given one after the other, and the requests that they answer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

from feedserver.handler.conditions import NO_CONDITIONS, Conditions, Including
from feedserver.handler.fault_injection import never_on_first_request
from feedserver.handler.path_pattern import Pattern, has_placeholder, without_types
from feedserver.handler.ready_answers import ReadyAnswer
from feedserver.messages.argument_types import check_given, check_is, check_name, named, takes_arguments
from feedserver.messages.headers import check_token
from feedserver.messages.lasting import Lasting
from feedserver.messages.request import Request, query_key, split_target
from feedserver.messages.response import Answer, Response


@dataclass(slots=True)
class AnswersTaken:
    """The number of requests that have *taken* an answer."""

    taken: int = 0


@dataclass(slots=True)
class Choice:
    """One answer that can be given again and again.

    *ready* is the answer in bytes, keyed by whether the connection is kept alive after it; None where `make_ready`
    returns None. With *is_for_one_path*, all its requests have the same path. *lasts* is for how many seconds it
    is given, None if no time was set; it was first given at the time *since*. *is_given_once* is whether it is given to
    one request only, and then the next answer to the next request.
    """

    answer: Answer
    turns: AnswersTaken = field(default_factory=AnswersTaken)
    ready: dict[bool, ReadyAnswer | None] = field(default_factory=dict)
    is_for_one_path: bool = True
    lasts: float | None = None
    since: float | None = None
    is_given_once: bool = False

    @classmethod
    def of(cls, answer: Answer | Lasting, *, is_for_one_path: bool) -> Choice:
        """Return the choice of what `add` was given, for one path or for a pattern."""
        if isinstance(answer, Lasting):
            return cls(answer.answer, is_for_one_path=is_for_one_path, lasts=answer.seconds)
        return cls(answer, is_for_one_path=is_for_one_path)

    def is_over(self, now: float) -> bool:
        """Return whether the time of the answer has passed at *now*, in seconds of the server's clock."""
        return self.lasts is not None and self.since is not None and now >= self.since + self.lasts


@dataclass(slots=True)
class Script:
    """The answers of a path, given one after the other; the last one stays. *index* is that of the next answer."""

    choices: list[Choice]
    index: int = 0

    def current(self, now: float) -> Choice:
        """Return the answer that a request gets at *now*, in seconds of the server's clock."""
        choice = self.choices[self.index]
        if choice.is_over(now) and self.index + 1 < len(self.choices):
            self.index += 1
            choice = self.choices[self.index]
        return choice

    def advance(self, now: float) -> None:
        """Move to the next answer, if there is one, or begin the time of an answer that lasts."""
        choice = self.choices[self.index]
        if choice.lasts is not None:
            choice.since = now if choice.since is None else choice.since
        elif self.index + 1 < len(self.choices):
            self.index += 1


class HostPath(NamedTuple):
    """The key to the file for a request: the decoded *path*, and the *host*, which is "" for this server."""

    host: str
    path: str


_ANY_QUERY, _SOME_FIELDS, _ALL_FIELDS, _QUERY_AS_SENT = range(4)


def _no_advance() -> None:
    """Do nothing: there is only one answer."""


@dataclass(slots=True)
class Found:
    """The *choice* that answers, and *advance*, which moves to the next choice of its route, if there is one.

    `take` is called when the choice was given to a request that counts: HEAD does not count, nor does a request that
    gets the 401 of a `Response` with a login. If the answer is a callable, each request except HEAD counts, whatever
    the callable returns. For a GET that gets an answer made in advance (`Choice.ready`), `advance` alone is called:
    such an answer does not depend on `number`.
    """

    choice: Choice
    advance: Callable[[], None] = _no_advance

    @property
    def number(self) -> int:
        """The number of the request among those that the choice answers, counted from 1."""
        return self.choice.turns.taken + 1

    def take(self) -> None:
        """Count the request that was given the choice, and advance to the next one."""
        self.choice.turns.taken += 1
        self.advance()


@dataclass(slots=True, eq=False)
class Route:
    """A *script* for the requests of one *host* that fit a *query* string, a *method* (None: any) and *conditions*.

    The host "" is the server itself, and then *scheme* is "", too; for a URL of another host, *scheme* is that of the
    URL. *pattern* is the route's pattern, None where it has one path. A route with a *state* answers only while the
    server's state has these values; an answer changes the state to the values of *then*. *spelling* is the path as it
    was given, `is_used` whether the route has answered a request.
    """

    host: str
    query: str | None
    method: str | None
    script: Script
    conditions: Conditions = NO_CONDITIONS
    state: Mapping[str, object] | None = None
    then: Mapping[str, object] | None = None
    pattern: Pattern | None = None
    spelling: str = ""
    scheme: str = ""
    is_used: bool = False
    query_key: str | None = field(init=False)
    """The query in a form in which equal queries are equal text."""
    fits_all: bool = field(init=False)
    """Whether it answers every request for its path on the server itself."""
    specificity: tuple[int, int, int] = field(init=False)
    """How specific the route is: of two routes of the same path, or two with patterns, that fit a request, the one with
    the higher value answers. A route of one path comes before all patterns.
    """
    only: Found | None = field(init=False)
    """What every request gets, if there is only one answer and it changes no state; otherwise None."""

    def __post_init__(self) -> None:
        self.query_key = query_key(self.query) if self.query is not None else None
        choices = self.script.choices
        self.only = Found(choices[0]) if len(choices) == 1 and self.then is None else None
        self.fits_all = (
            not self.host
            and self.query is None
            and self.method is None
            and self.conditions.is_empty
            and self.state is None
        )
        query = _ANY_QUERY
        if self.query is not None:
            query = _QUERY_AS_SENT
        elif self.conditions.query is not None:
            query = _SOME_FIELDS if isinstance(self.conditions.query, Including) else _ALL_FIELDS
        literal = self.pattern.literal_size if self.pattern is not None else 0
        self.specificity = (literal, query, self.conditions.weight + (self.state is not None))

    def replaces(self, other: Route) -> bool:
        """Return whether *other* answers the same requests; both routes are of one path, or both have a pattern."""
        return self._requests() == other._requests()

    def _requests(self) -> tuple[object, ...]:
        return self.scheme, self.host, self.query_key, self.method, self.conditions, self.state, self.pattern

    def __str__(self) -> str:
        words = [self.method or "", self.spelling, *self.conditions.words()]
        words += [f"in the state {shown_state(self.state)}"] if self.state is not None else []
        return " ".join(word for word in words if word)

    def method_rank(self, method: str) -> int:
        """Return how closely the route's method fits, 3 is best and 0 means that it does not.

        The route of GET answers HEAD before a route of all methods does.
        """
        if self.method == method:
            return 3
        if self.method is None:
            return 1
        return 2 if method == "HEAD" and self.method == "GET" else 0

    def is_for(self, place: RoutePlace) -> bool:
        """Return whether the route is for this place, whatever else it asks of a request."""
        return self.is_at(place) and (self.query is None or self.query_key == place.query_key)

    def is_at(self, place: RoutePlace) -> bool:
        """Return whether the route is for the host of this place, whatever its query."""
        if not place.host:
            return not self.host or place.is_own(self.host)
        return self.host == place.host and self.scheme == place.scheme

    def is_in(self, state: Mapping[str, object]) -> bool:
        """Return whether the route answers in this *state* of the server; a name that has no value there is None."""
        return self.state is None or all(state.get(name) == value for name, value in self.state.items())


@dataclass(slots=True)
class RoutePlace:
    """What decides, beside the path of a request, which route is for it: a *host* ("": the server itself) with the
    *scheme* of the URL, and a query, of which *query_key* is the form in which equal queries are equal text.

    *is_own* returns whether a host, with its port, is this server.
    """

    host: str
    query_key: str
    is_own: Callable[[str], bool]
    scheme: str = ""


def host_key(host: str, scheme: str = "http") -> str:
    """Return *host* in a form in which equal hosts are equal text: neither case nor the default port of *scheme* nor a
    login matters.

    See RFC 9110 §4.2.3.
    """
    return host.rpartition("@")[2].lower().removesuffix(":443" if scheme.lower() == "https" else ":80")


def spelled(what: str, path: object) -> str:
    """Return the *path* that a test names, with its first slash, as a request target: a path, a whole URL, or "*".

    Raises TypeError for what is not text, ValueError for text that no request can have as its target. The message
    begins with *what*.
    """
    check_name(what, path, "/feed")
    # Surrogates that stand for the bytes of a character become that character, as in a request.
    text = str(path).partition("#")[0].encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    before, _, query = text.partition("?")
    if "<" in before and has_placeholder(before):  # most paths have no bracket, and each exchange is compared
        raise ValueError(
            f"{what} is {named(path)}, text with a placeholder; give Pattern({named(without_types(str(path)))}), or "
            "write %3C and %3E for plain brackets"
        )
    if bad := _NOT_IN_QUERY.search(query):
        raise ValueError(
            f"{what} is {named(path)}, and no query contains {bad[0]!r}; give {quote(bad[0])!r} in its place, or the "
            "query as query={…}"
        )
    if text.startswith("/") or text == "*":
        return text
    if "://" not in before:
        return f"/{text}"
    host = split_target(text).host
    if not host or _NOT_IN_QUERY.search(host):
        raise ValueError(
            f"{what} is {named(path)}, which no request is for; give a path, or a URL of http with its host"
        )
    if not host.isascii():
        raise ValueError(
            f"{what} is {named(path)}, and clients write such a host in ASCII; give it as 'xn--…' (RFC 5890)"
        )
    return text


_NOT_IN_QUERY = re.compile(r"[\x00-\x20\x7f]")


def check_method(what: str, method: object) -> None:
    """Raise TypeError for a *method* that is not text, ValueError for one that no request in the journal has, and that
    no route answers. The message begins with *what*.
    """
    check_token(what, method, "GET")
    if isinstance(method, str) and method.upper() == "CONNECT":
        raise ValueError(
            f"{what} is {method!r}, which is always refused with 501; leave it out: verify() reports each CONNECT to a "
            "strict server"
        )


def check_asterisk(what: str, path: object, method: str | None) -> None:
    """Raise ValueError for the *path* "*" with another *method* than OPTIONS, which is always refused with 400."""
    if path == "*" and method is not None and method.upper() != "OPTIONS":
        raise ValueError(
            f"{what} is {method!r}, and a request for '*' has the method OPTIONS; give that, or Pattern('/<path:any>') "
            "for each path below '/'"
        )


def nearest(
    routes: tuple[Route, ...], place: RoutePlace, request: Request, state: Mapping[str, object]
) -> Route | None:
    """Return the route that fits a request most closely in this *state* of the server; None if no route fits.

    The most specific wins: its pattern has the most literal text, then it has the narrowest query, then the most other
    conditions, then the request's own method. Of two that fit equally, the later one wins.
    """
    nearest, highest = None, (-1, 0, 0, 0)
    for route in routes:
        method = route.method_rank(request.method)
        rank = (*route.specificity, method)
        may_win = method and rank >= highest and route.is_for(place) and route.is_in(state)
        if may_win and (route.conditions.is_empty or route.conditions.are_met_by(request)):
            nearest, highest = route, rank
    return nearest


def check_answers(target: object, answers: tuple[Answer | Lasting, ...]) -> None:
    """Raise TypeError for an answer that can answer no request, ValueError for a fault that is never triggered.

    Raises ValueError where there are no *answers* at all, and where the last one is given for a limited time.
    """
    if not answers:
        raise ValueError(f"add({target!r}) was given no response; pass at least one, such as Response(status=204)")
    for answer in answers:
        _check_answer(target, answer.answer if isinstance(answer, Lasting) else answer)
    last = answers[-1]
    if isinstance(last, Lasting):
        raise ValueError(  # noqa: TRY004 - the type is right, its place is not
            f"add({target!r}): the last answer stays, so it cannot end after {last.seconds:g} s; give an "
            "answer after it, or leave lasting() out"
        )
    for answer in answers[:-1]:
        _check_triggers(target, answer)


def shown_state(state: Mapping[str, object]) -> str:
    """Return a state in words, for messages."""
    return ", ".join(f"{name}={value!r}" for name, value in state.items())


def check_state(what: str, values: object) -> None:
    """Raise TypeError where *values* are no mapping of names to values, ValueError for an empty name."""
    if values is not None:
        check_is(what, values, Mapping, "give a mapping, such as {'login': 'done'}")
        for name in values if isinstance(values, Mapping) else ():
            check_given(f"a name in {what}", name, "login")


def _check_triggers(target: object, answer: Answer | Lasting) -> None:
    """Raise ValueError for a fault that waits for a later request, in an answer that is given only once."""
    fault = never_on_first_request(answer) if isinstance(answer, Response) else None
    if fault is not None:
        raise ValueError(
            f"add({target!r}): the fault '{fault}' is never triggered, since its response is given once, and then the "
            f"next; leave '{fault.when}' out, and put answers without the fault before it, one for each request that "
            "must not get the fault"
        )


def _check_answer(target: object, answer: object) -> None:
    """Raise TypeError for what can answer no request; otherwise only its first request would show the mistake."""
    if isinstance(answer, Response):
        return
    given = f"add({target!r}) was given {answer!r}"
    if isinstance(answer, list | tuple):
        raise TypeError(f"add({target!r}) was given a {type(answer).__name__}; pass its answers one by one: *answers")
    if not callable(answer):
        raise TypeError(f"{given}; pass a Response or a callable that makes one")
    if isinstance(answer, type) and issubclass(answer, Response):
        raise TypeError(f"{given}, the class; pass an instance, such as Response('<rss/>')")
    for call in (answer, type(answer).__call__):
        if inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call):
            raise TypeError(
                f"{given}, which yields; pass Response(…) whose body is a generator function without arguments, or a "
                "function of the request that returns such a Response"
            )
    if not takes_arguments(answer, 1):
        raise TypeError(f"{given}, which cannot be called with the request alone; let it take one argument")
