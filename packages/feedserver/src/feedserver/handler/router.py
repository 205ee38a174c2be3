"""Which response answers a request: scripted routes first, then the folder.

Reads files, opens no socket. Runs on the event loop alone, except for `add`, which any thread may call.

A suite has a server a test and one folder for them all, so what was read of a small file is kept for the servers to
come. Each asks the system whether the file is still the same, as it does for every request.
"""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import nlargest
from pathlib import Path
from typing import TypeAlias

from feedserver.fixtures import loader
from feedserver.fixtures.document_root import Folder, timeline_files
from feedserver.fixtures.loader import FixtureError, sidecar_of
from feedserver.handler.fault_injection import never_strikes_first
from feedserver.messages.argument_types import check_name
from feedserver.messages.request import Request, Target, split_target
from feedserver.messages.response import Answer, Response
from feedserver.messages.terminal_text import visible

FRESH = 0.05
"""Seconds after a change during which a file is not cached: a second change might leave the same time stamp."""

ALIKE = 0.6
"""How alike two paths are, from 0 to 1, for one to be named where the other is missing."""

COMPARED = 30
"""Paths that are compared exactly with one that is missing."""

KEPT = 512
"""Fixtures that are kept for the servers to come."""

LARGEST_KEPT = 65_536
"""The largest body, in bytes, that is kept for them."""

Signature: TypeAlias = tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class Turns:
    """How many requests have *taken* an answer."""

    taken: int = 0


@dataclass(slots=True)
class Choice:
    """One answer that can be given again and again; *memo* is for what the layers above derive from it."""

    answer: Answer
    turns: Turns = field(default_factory=Turns)
    memo: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Script:
    """The answers of a path, given one after the other; the last one stays. *position* is the next one's."""

    choices: list[Choice]
    position: int = 0

    @property
    def current(self) -> Choice:
        """The answer whose turn it is."""
        return self.choices[self.position]

    def advance(self) -> None:
        """Moves to the next answer, if there is one."""
        if self.position + 1 < len(self.choices):
            self.position += 1


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a *file* says, and what must not have changed since: *watched* are the paths whose *signature* was taken."""

    file: Path
    watched: tuple[str, ...]
    signature: Signature
    response: Response
    warnings: tuple[loader.FixtureWarning, ...]
    memo: dict[str, object] = field(default_factory=dict)

    def is_current(self) -> bool:
        return signature_of(self.watched) == self.signature

    def is_settled(self) -> bool:
        return max(changed for changed, _, _ in self.signature) / 1e9 < time.time() - FRESH


@dataclass(frozen=True, slots=True)
class _Cached:
    """A loaded fixture, as an answer of one server."""

    loaded: _Loaded
    choice: Choice


_kept: dict[tuple[Folder, str, str], _Loaded] = {}
"""For the servers to come: what answers a host and a path of a folder."""


def _no_advance() -> None:
    """What has one answer has nothing to advance to."""


@dataclass(frozen=True, slots=True)
class Found:
    """The choice that answers, and what to call once it was given to anything but HEAD."""

    choice: Choice
    advance: Callable[[], None] = _no_advance

    @property
    def number(self) -> int:
        """Which request this is that the choice answers, counted from 1."""
        return self.choice.turns.taken + 1

    def take(self) -> None:
        """The choice was given: counts it, and moves on."""
        self.choice.turns.taken += 1
        self.advance()


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing answers:
    *status* is what the client gets (404 or 405), *message* names the nearest path and the remedy.
    """

    status: int
    message: str
    allow: str = ""


class Routes:
    """The scripted routes and the folder of one server."""

    def __init__(self, folder: Folder | None = None) -> None:
        self.folder = folder
        self.warnings: list[loader.FixtureWarning] = []
        self._scripts: dict[tuple[str, str, str | None, str | None], Script] = {}
        self._cache: dict[tuple[str, str], _Cached] = {}
        self._episodes: dict[Path, _Cached] = {}
        self._positions: dict[Path, int] = {}
        self._turns: dict[Path, tuple[Response, Turns]] = {}

    def add(self, target: str, answers: tuple[Answer, ...], method: str | None = None) -> None:
        """Answers *target* (a path, with a query string if that matters, or a whole URL for a proxied host).

        Replaces what was added for the same target and method. Raises ValueError where there is nothing to answer with.
        """
        check_name("the path that add() was given", target, "/feed")
        check_name("the method that add() was given", method, "POST", or_none=True)
        if not answers:
            raise ValueError(f"add({target!r}) was given no response; pass at least one, such as Response(status=204)")
        for answer in answers:
            _check_answer(target, answer)
        for answer in answers[:-1]:
            _check_triggers(target, answer)
        parts = split_target(target if target.startswith("/") or "://" in target else f"/{target}")
        query = parts.query if "?" in target else None
        method = method.upper() if method is not None else None
        key = (_host_key(parts.host), parts.path, query, method)
        self._scripts[key] = Script([Choice(answer) for answer in answers])

    def find(self, request: Request, own_host: Callable[[str], bool]) -> Found | Missing:
        """What answers *request*. *own_host* tells whether an absolute target's host is this server itself.

        Raises FixtureError where the file that would answer has a mistake.
        """
        target = split_target(request.target)
        host = "" if not target.host or own_host(target.host) else target.host
        script = self._script(host, target, request.method) if self._scripts else None
        if script is not None:
            return Found(script.current, script.advance) if len(script.choices) > 1 else Found(script.current)
        found = self._from_folder(host, target.path)
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

    def _script(self, host: str, target: Target, method: str) -> Script | None:
        name = _host_key(host)
        for query in (target.query, None):
            for wanted in (method, "GET" if method == "HEAD" else None, None):
                script = self._scripts.get((name, target.path, query, wanted))
                if script is not None:
                    return script
        return None

    # The folder.

    def _from_folder(self, host: str, path: str) -> Found | None:
        if self.folder is None:
            return None
        key = (host, path)
        cached = self._cache.get(key)
        if cached is not None and cached.loaded.is_current():
            return Found(cached.choice)
        self._cache.pop(key, None)
        kept = _kept.get((self.folder, host, path))
        if kept is not None and kept.is_current():
            loaded = kept
        else:
            located = self.folder.locate(path, host)
            if located is None:
                return None
            if located.is_dir():
                return self._from_timeline(located)
            loaded = _load(located, self.folder.beneath)
            if loaded.is_settled():
                _keep((self.folder, host, path), loaded)
        cached = self._cached(loaded)
        if loaded.is_settled():
            self._cache[key] = cached
        return Found(cached.choice)

    def _from_timeline(self, folder: Path) -> Found:
        files = timeline_files(folder)
        position = min(self._positions.get(folder, 0), len(files) - 1)
        file = files[position]
        is_last = position == len(files) - 1

        def advance() -> None:
            self._positions[folder] = position + 1

        cached = self._episodes.get(file)
        if cached is None or not cached.loaded.is_current():
            cached = self._cached(_load(file, self.folder.beneath if self.folder is not None else None))
            if cached.loaded.is_settled():
                self._episodes[file] = cached
        fault = None if is_last else never_strikes_first(cached.loaded.response)
        if fault is not None:
            problem = f"the fault '{fault}' never strikes, since this file is sent once, and then the next of {folder}"
            raise FixtureError(cached.loaded.response.source, None, problem, f"Write '{fault.words}'.")
        return Found(cached.choice, advance)

    def _cached(self, loaded: _Loaded) -> _Cached:
        self.warnings.extend(loaded.warnings)
        return _Cached(loaded, Choice(loaded.response, self._turns_of(loaded.file, loaded.response), loaded.memo))

    def _turns_of(self, file: Path, response: Response) -> Turns:
        """A file that is read again and says the same as before goes on counting."""
        before, turns = self._turns.get(file, (None, None))
        if turns is None or before != response:
            turns = Turns()
        if response.faults:
            self._turns[file] = (response, turns)
        return turns

    # What to say when nothing answers.

    def _missing(self, host: str, target: Target, method: str) -> Missing:
        asked = f"http://{host}{target.path}" if host else target.path
        shown = visible(asked)  # who asks must not write lines of its own into a message
        methods = sorted({key[3] or "any" for key in list(self._scripts) if key[:2] == (_host_key(host), target.path)})
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

    def _known_paths(self) -> list[str]:
        scripted = [f"{path}?{query}" if query else path for _, path, query, _ in list(self._scripts)]
        return [*scripted, *(self.folder.names() if self.folder is not None else ())]


def _nearest(path: str, known: Iterable[str]) -> list[str]:
    """Return up to three *known* paths that are like *path*, the likest first.

    Where many are, the exact comparison, whose cost is the product of their lengths, is made with a few of them.
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


def _check_answer(target: str, answer: object) -> None:
    """Raise TypeError for what can answer no request: it would only be told by the first one."""
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


def _check_triggers(target: str, answer: Answer) -> None:
    """Raise ValueError for a fault that waits for a later request of an answer that is given once."""
    fault = never_strikes_first(answer) if isinstance(answer, Response) else None
    if fault is not None:
        raise ValueError(
            f"add({target!r}): the fault '{fault}' never strikes, since its response is given once, and then the next; "
            f"leave '{fault.when}' out, or give the response as often as it is to be sent before"
        )


def _load(file: Path, beneath: str | None) -> _Loaded:
    """Loads a fixture. The folder is watched too: it tells when a sidecar appears, without asking each time."""
    sidecar = sidecar_of(file)
    watched = tuple(os.fspath(path) for path in (file, file.parent, sidecar) if path.exists())
    signature = signature_of(watched)
    loaded = loader.read(file, beneath=beneath)
    return _Loaded(file, watched, signature, loaded.response, loaded.warnings)


def _keep(key: tuple[Folder, str, str], loaded: _Loaded) -> None:
    body = loaded.response.body
    if isinstance(body, bytes) and len(body) <= LARGEST_KEPT:
        _kept.pop(key, None)
        if len(_kept) >= KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = loaded


def signature_of(watched: tuple[str, ...]) -> Signature:
    """What changes when a file does: its time, size and number, for each path."""
    return tuple([_stamp(path) for path in watched])


def _stamp(path: str) -> tuple[int, int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - this is asked at every request, and Path.stat costs twice as much
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def _host_key(host: str) -> str:
    return host.lower().removesuffix(":80")
