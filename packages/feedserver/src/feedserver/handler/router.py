"""Which response answers a request: scripted routes first, then the folder.

Reads files, opens no socket. Runs on the event loop or between two of its turns, except for `add` and `unused`, which
any thread may use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from feedserver.fixtures.errors import FixtureWarning
from feedserver.handler.conditions import NO_CONDITIONS, Conditions, refuse_two_queries
from feedserver.handler.exchange import Exchange
from feedserver.handler.path_pattern import Pattern
from feedserver.handler.routes import (
    Choice,
    Found,
    HostPath,
    Route,
    RoutePlace,
    Script,
    check_answers,
    check_asterisk,
    check_method,
    check_state,
    host_key,
    nearest,
    shown_state,
    spelled,
)
from feedserver.messages.lasting import Lasting
from feedserver.messages.request import Request, Target, split_target
from feedserver.messages.response import Answer
from feedserver.messages.terminal_text import visible

if TYPE_CHECKING:
    from feedserver.fixtures.document_root import Folder
    from feedserver.handler.folder_answers import FolderAnswers
    from feedserver.handler.missing import Asked


@dataclass(frozen=True, slots=True)
class Missing:
    """No answer was found.

    *status* is what the client gets (404 or 405), *message* says why, with the remedy, and *allow* is the value of an
    Allow header, "" for none.
    """

    status: int
    message: str
    allow: str = ""


class Routes:
    """The scripted routes and the folder of one server. `now` returns the time of its clock, in seconds since the
    epoch.
    """

    def __init__(self, folder: Folder | None = None) -> None:
        self.folder = folder
        self.warnings: list[FixtureWarning] = []
        self.now: Callable[[], float] = time.time
        self.state: dict[str, object] = {}
        self._routes: dict[str, tuple[Route, ...]] = {}  # by the key of their path, see `path_key`
        self._patterned: tuple[Route, ...] = ()
        self._files: FolderAnswers | None = None
        if folder is not None:
            from feedserver.handler.folder_answers import FolderAnswers  # imported late: many servers have no folder

            self._files = FolderAnswers(folder, self.warnings)

    def add(
        self,
        path: str | Pattern,
        answers: tuple[Answer | Lasting, ...],
        method: str | None = None,
        state: Mapping[str, object] | None = None,
        then: Mapping[str, object] | None = None,
        conditions: Conditions = NO_CONDITIONS,
    ) -> None:
        """Answer requests for *path*: a path, with a query string if it has to match; a URL of a proxied host; or a
        pattern.

        Replaces what was added for the same requests. Raises TypeError or ValueError for answers that cannot be given,
        and ValueError if there are no answers.
        """
        spelling = str(path) if isinstance(path, Pattern) else spelled("the path that add() was given", path)
        if method is not None:
            check_method("the method that add() was given", method)
        check_asterisk("the method that add() was given", path, method)
        check_state("state", state)
        check_state("then", then)
        refuse_two_queries(path, conditions)
        check_answers(path, answers)
        target = split_target(spelling)
        choices = [Choice.of(answer, is_for_one_path=isinstance(path, str)) for answer in answers]
        for choice in choices[:-1]:
            choice.is_given_once = choice.lasts is None
        route = Route(
            host_key(target.host, target.scheme),
            target.query if "?" in spelling else None,
            method.upper() if method is not None else None,
            Script(choices),
            conditions,
            dict(state) if state else None,
            dict(then) if then else None,
            path if isinstance(path, Pattern) else None,
            spelling,
            target.scheme,
        )
        # Each tuple is replaced in one step, since the event loop may be reading the old one.
        if isinstance(path, Pattern):
            self._patterned = _with_route(self._patterned, route)
        else:
            self._routes[target.key] = _with_route(self._routes.get(target.key, ()), route)

    def find(
        self, request: Request, own_host: Callable[[str], bool], exchange: Exchange | None = None
    ) -> Found | Missing:
        """Return what answers *request*. *own_host* returns whether a host of an absolute target is this server.

        Conditions are checked on the request of *exchange*, if there is one: unlike *request*, it has the connection
        over which it came. Raises what `FolderAnswers.find` raises for the file that would answer, and whatever a
        function of the test raises.
        """
        target = split_target(request.target)
        host = "" if not target.host or own_host(target.host) else host_key(target.host, target.scheme)
        routes = self._routes.get(target.key)
        route: Route | None
        if routes is not None and not host and len(routes) == 1 and routes[0].fits_all:
            route = routes[0]
        elif routes is None and not self._patterned:
            route = None
        else:
            place = RoutePlace(host, target.query_key, own_host, target.scheme)
            asked = (exchange.request if exchange is not None else None) or request
            route = nearest(routes or (), place, asked, self.state)
            route = route or nearest(self._matching(target), place, asked, self.state)
        if route is not None:
            route.is_used = True
            return route.only or Found(route.script.current(self.now()), partial(self._advance, route))
        found = None
        if self._files is not None and not target.has_encoded_slash and target.path != "*":
            found = self._files.find(HostPath(host, target.path))
        if found is None:
            return self._missing(RoutePlace(host, target.query_key, own_host, target.scheme), target, request)
        if request.method not in ("GET", "HEAD"):
            return Missing(
                405,
                f"{request}: a file answers GET and HEAD only. This would answer:\n"
                f"  {_asked(request, target, host).remedy_for_method()}",
                "GET, HEAD",
            )
        return found

    def needs_body(self, request: Request) -> bool:
        """Return whether the body of *request* must have arrived before it is known which route answers."""
        target = split_target(request.target)
        routes = (*self._routes.get(target.key, ()), *self._matching(target))
        return any(route.conditions.needs_body for route in routes)

    @property
    def unused(self) -> list[Route]:
        """The routes that have answered no request: path by path, in the order in which the paths were first added, and
        patterns last.
        """
        routes = [route for each in self._routes.copy().values() for route in each]
        return [route for route in (*routes, *self._patterned) if not route.is_used]

    def _matching(self, target: Target) -> tuple[Route, ...]:
        """Return the routes whose pattern matches *target*."""
        return tuple(
            route for route in self._patterned if route.pattern and route.pattern.match_key(target.key) is not None
        )

    def _advance(self, route: Route) -> None:
        route.script.advance(self.now())
        if route.then is not None:
            self.state.update(route.then)

    # The message if nothing answers

    def _missing(self, place: RoutePlace, target: Target, request: Request) -> Missing:
        asked = _asked(request, target, place.host)
        method = request.method
        at_path = [
            route for route in (*self._routes.get(target.key, ()), *self._matching(target)) if route.is_at(place)
        ]
        routes = [route for route in at_path if route.is_for(place)]
        fitting = [route for route in routes if route.method_rank(method)]
        if routes and not fitting:
            methods = sorted({route.method for route in routes if route.method is not None})
            return Missing(
                405,
                f"{method} {asked}: the route answers {', '.join(methods)} only. This would answer:\n"
                f"  {asked.remedy_for_method()}",
                ", ".join(methods),
            )
        if fitting:
            lines = [f"{method} {asked}{'?' + visible(target.query) if target.query else ''}: nothing answers."]
            lines += [f"  {route}: {self._why_not(route, request)}" for route in fitting]
            return Missing(404, "\n".join(lines))
        from feedserver.handler.missing import unanswered

        return Missing(404, unanswered(asked, at_path, self._known_paths(), self.folder))

    def _why_not(self, route: Route, request: Request) -> str:
        """Return why a route for the request's path and method does not answer it."""
        if not route.is_in(self.state):
            return f"server.state has {shown_state({name: self.state.get(name) for name in route.state or {}})}."
        return f"it was requested {route.conditions.difference(request)}"

    def _known_paths(self) -> list[str]:
        scripted = [
            (f"{route.scheme}://{route.host}" if route.host else "")
            + (f"{unquote(key)}?{route.query}" if route.query else unquote(key))
            for key, routes in self._routes.copy().items()
            for route in routes
        ]
        return [*scripted, *(self.folder.names() if self.folder is not None else ())]


def _asked(request: Request, target: Target, host: str) -> Asked:
    from feedserver.handler.missing import Asked  # imported late: most tests need no such message

    return Asked(request, target, host)


def _with_route(routes: tuple[Route, ...], route: Route) -> tuple[Route, ...]:
    """Return *routes* with *route* at the end, without the one that it replaces."""
    return (*(other for other in routes if not route.replaces(other)), route)
