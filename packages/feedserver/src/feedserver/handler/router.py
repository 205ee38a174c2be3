"""Which response answers a request: scripted routes first, then the folder.

Reads files, opens no socket. Runs on the event loop alone, except for `add`, which any thread may call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from heapq import nlargest
from pathlib import Path

from feedserver.fixtures.document_root import Folder, timeline_files
from feedserver.fixtures.loader import FixtureError, FixtureWarning
from feedserver.handler.fault_injection import never_injected_first
from feedserver.handler.routes import (
    Choice,
    HostPath,
    Route,
    Script,
    Turns,
    check_answers,
    check_state,
    host_key,
    nearest,
)
from feedserver.handler.watched_fixtures import WatchedFixture, keep, kept_fixture, load
from feedserver.messages.argument_types import check_name
from feedserver.messages.request import Request, Target, split_target
from feedserver.messages.response import Answer, Response
from feedserver.messages.terminal_text import visible

ALIKE = 0.6
"""How similar two paths must be, from 0 to 1, for the one to be suggested where the other is missing."""

COMPARED = 30
"""Paths that are compared exactly with a missing one, at most."""


@dataclass(frozen=True, slots=True)
class _Cached:
    """A loaded fixture, as an answer of one server."""

    loaded: WatchedFixture
    choice: Choice


@dataclass(frozen=True, slots=True)
class _Counted:
    """The *response* of a file, and the *turns* that it has taken."""

    response: Response
    turns: Turns


def _no_advance() -> None:
    """Do nothing: there is only one answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """The choice that answers, and a function to call once it was given to any request but HEAD."""

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


@dataclass(frozen=True, slots=True)
class Missing:
    """No answer was found.

    *status* is what the client gets (404 or 405), *message* names the nearest path and the remedy.
    """

    status: int
    message: str
    allow: str = ""


class Routes:
    """The scripted routes and the folder of one server."""

    def __init__(self, folder: Folder | None = None) -> None:
        self.folder = folder
        self.warnings: list[FixtureWarning] = []
        self.state: dict[str, object] = {}
        self._routes: dict[str, tuple[Route, ...]] = {}
        self._cache: dict[HostPath, _Cached] = {}
        self._episodes: dict[Path, _Cached] = {}
        self._indices: dict[Path, int] = {}
        self._counted: dict[Path, _Counted] = {}

    def add(
        self,
        target: str,
        answers: tuple[Answer, ...],
        method: str | None = None,
        state: Mapping[str, object] | None = None,
        then: Mapping[str, object] | None = None,
    ) -> None:
        """Answer *target* (a path, with a query string if that matters, or a whole URL for a proxied host).

        Replaces what was added for the same target, method and state. Raises TypeError or ValueError for answers
        that cannot be given, and ValueError for none.
        """
        check_name("the path that add() was given", target, "/feed")
        check_name("the method that add() was given", method, "POST", or_none=True)
        check_state("state", state)
        check_state("then", then)
        check_answers(target, answers)
        parts = split_target(target if target.startswith("/") or "://" in target else f"/{target}")
        query = parts.query if "?" in target else None
        method = method.upper() if method is not None else None
        route = Route(
            host_key(parts.host),
            query,
            method,
            Script([Choice(answer) for answer in answers]),
            dict(state) if state is not None else None,
            dict(then) if then is not None else None,
        )
        others = [other for other in self._routes.get(parts.path, ()) if not route.replaces(other)]
        self._routes[parts.path] = (*others, route)  # in one step: the event loop may be reading the old tuple

    def find(self, request: Request, own_host: Callable[[str], bool]) -> Found | Missing:
        """Return what answers *request*. *own_host* returns whether a host of an absolute target is this server.

        Raises FixtureError where the file that would answer has a mistake.
        """
        target = split_target(request.target)
        host = "" if not target.host or own_host(target.host) else target.host
        host = host_key(host) if host else ""
        routes = self._routes.get(target.path)
        route = nearest(routes, host, target.query, request.method, self.state) if routes is not None else None
        if route is not None:
            script = route.script
            if route.then is not None:
                return Found(script.current, partial(self._advance, route))
            return Found(script.current, script.advance) if len(script.choices) > 1 else Found(script.current)
        found = self._from_folder(HostPath(host, target.path))
        if found is None:
            return self._missing(host, target, request.method)
        if request.method not in ("GET", "HEAD"):
            return Missing(
                405,
                f"{request}: a file answers GET and HEAD only. This would answer:\n"
                f"  server.add({target.path!r}, Response(…), method={request.method!r})",
                "GET, HEAD",
            )
        return found

    def _advance(self, route: Route) -> None:
        route.script.advance()
        self.state.update(route.then or {})

    # The folder

    def _from_folder(self, place: HostPath) -> Found | None:
        if self.folder is None:
            return None
        cached = self._cache.get(place)
        if cached is not None and cached.loaded.is_current():
            return Found(cached.choice)
        self._cache.pop(place, None)
        loaded = kept_fixture(self.folder, place)
        if loaded is None:
            located = self.folder.locate(place.path, place.host)
            if located is None:
                return None
            if located.is_dir():
                return self._from_timeline(located)
            loaded = load(located, self.folder.beneath)
            if loaded.is_settled():
                keep(self.folder, place, loaded)
        cached = self._cached(loaded)
        if loaded.is_settled():
            self._cache[place] = cached
        return Found(cached.choice)

    def _from_timeline(self, folder: Path) -> Found:
        files = timeline_files(folder)
        index = min(self._indices.get(folder, 0), len(files) - 1)
        file = files[index]
        is_last = index == len(files) - 1

        def advance() -> None:
            self._indices[folder] = index + 1

        cached = self._episodes.get(file)
        if cached is None or not cached.loaded.is_current():
            cached = self._cached(load(file, self.folder.beneath if self.folder is not None else None))
            if cached.loaded.is_settled():
                self._episodes[file] = cached
        fault = None if is_last else never_injected_first(cached.loaded.response)
        if fault is not None:
            problem = f"the fault '{fault}' is never triggered: this file is sent once, and then the next of {folder}"
            raise FixtureError(cached.loaded.response.source, None, problem, f"Write '{fault.words}'.")
        return Found(cached.choice, advance)

    def _cached(self, loaded: WatchedFixture) -> _Cached:
        self.warnings.extend(loaded.warnings)
        return _Cached(loaded, Choice(loaded.response, self._turns_of(loaded.file, loaded.response), loaded.ready))

    def _turns_of(self, file: Path, response: Response) -> Turns:
        """Return the count of a file; a file that is read again continues its count where its response is the same."""
        before = self._counted.get(file)
        turns = before.turns if before is not None and before.response == response else Turns()
        if response.faults:
            self._counted[file] = _Counted(response, turns)
        return turns

    # The message where nothing answers

    def _missing(self, host: str, target: Target, method: str) -> Missing:
        asked = f"http://{host}{target.path}" if host else target.path
        shown = visible(asked)  # escaped: a client must not write lines of its own into a message
        routes = self._routes.get(target.path, ())
        waiting = [route for route in routes if route.rank(host, target.query, method) is not None]
        if waiting:
            return Missing(404, f"{method} {shown}: {self._why_none_answers(waiting)}")
        methods = sorted({route.method or "any" for route in routes if route.host == host})
        if methods and "any" not in methods:
            return Missing(
                405,
                f"{method} {shown}: the route answers {', '.join(methods)} only. This would answer:\n"
                f"  server.add({asked!r}, Response(…), method={method!r})",
                ", ".join(methods),
            )
        lines = [f"{method} {shown}{'?' + visible(target.query) if target.query else ''}: nothing answers."]
        near = _nearest(target.path, self._known_paths())
        if near:
            lines.append(f"Near it: {', '.join(map(visible, near))}.")
        if self.folder is not None:
            where = self.folder.root / host if host else self.folder.root
            lines.append(f"This would answer: a file {visible(str(where / target.path.strip('/')))}, or")
        else:
            lines.append("This would answer:")
        lines.append(f"  server.add({asked!r}, Response(…))")
        return Missing(404, "\n".join(lines))

    def _why_none_answers(self, waiting: list[Route]) -> str:
        wanted = " or ".join(_shown(route.state or {}) for route in waiting)
        names = dict.fromkeys(name for route in waiting for name in route.state or {})
        now = _shown({name: self.state.get(name) for name in names})
        return f"its routes answer in the state {wanted}, and server.state has {now}."

    def _known_paths(self) -> list[str]:
        scripted = [
            f"{path}?{route.query}" if route.query else path
            for path, routes in self._routes.copy().items()
            for route in routes
        ]
        return [*scripted, *(self.folder.names() if self.folder is not None else ())]


def _shown(state: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in state.items())


def _nearest(path: str, known: Iterable[str]) -> list[str]:
    """Return up to three *known* paths that are similar to *path*, the most similar first.

    The cost of the exact comparison is the product of the lengths, so it is made with a few likely paths only.
    """
    import difflib  # most tests miss nothing, and need not load it

    matcher = difflib.SequenceMatcher(b=path)
    likely: list[tuple[float, str]] = []
    for each in known:
        matcher.set_seq1(each)
        if matcher.real_quick_ratio() >= ALIKE and (ratio := matcher.quick_ratio()) >= ALIKE:
            likely.append((ratio, each))
    likeliest = [each for _, each in nlargest(COMPARED, likely)]
    return difflib.get_close_matches(path, likeliest, n=3, cutoff=ALIKE)
