"""The answers of a folder: its files, each of which is read once and after each change, and its timelines."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from feedserver.fixtures.document_root import Folder, host_folder, timeline_files
from feedserver.fixtures.errors import FixtureError, FixtureWarning
from feedserver.fixtures.loader import sidecar_of
from feedserver.handler.fault_injection import never_on_first_request
from feedserver.handler.routes import AnswersTaken, Choice, Found, HostPath
from feedserver.handler.watched_fixtures import FileStamp, WatchedFixture, keep, kept_fixture, load
from feedserver.messages.pacing import RandomDelay
from feedserver.messages.response import Response

_Key = TypeVar("_Key", HostPath, Path)


@dataclass(frozen=True, slots=True)
class _Cached:
    """A loaded fixture, as an answer of one server."""

    loaded: WatchedFixture
    choice: Choice


@dataclass(frozen=True, slots=True)
class _Counted:
    """The *response* of a file, and the count of the requests that it has answered: its *turns*."""

    response: Response
    turns: AnswersTaken


@dataclass(frozen=True, slots=True)
class _Timeline:
    """The *files* of a timeline, valid for as long as its folder keeps its *stamp*."""

    stamp: FileStamp
    folder: Path
    files: list[Path]


MOST_HELD = 256 * 1024 * 1024
"""The most bytes that each of a server's two caches keeps: one has the files of timelines, the other all other files. A
folder may have more, and a client may request all of them.
"""

MOST_TIMELINES = 64
"""The most timelines whose files one server remembers."""


class _AnswerCache(Generic[_Key]):
    """A cache of answers, of at most MOST_HELD bytes; the answers that were added first are dropped first."""

    def __init__(self) -> None:
        self._kept: dict[_Key, _Cached] = {}
        self._size = 0

    def current(self, key: _Key) -> _Cached | None:
        """Return the answer for *key*; None if there is none, or if its files have changed."""
        cached = self._kept.get(key)
        if cached is None or cached.loaded.is_current():
            return cached
        self._drop(key)
        return None

    def keep(self, key: _Key, cached: _Cached) -> None:
        self._drop(key)
        self._kept[key] = cached
        self._size += _size_of(cached)
        while self._size > MOST_HELD:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> None:
        cached = self._kept.pop(key, None)
        if cached is not None:
            self._size -= _size_of(cached)


_COPIES = 3  # the body itself, the whole answer for a connection that stays open, and for one that is closed
_OVERHEAD = 2048  # about how many bytes an answer takes beside its body


def _size_of(cached: _Cached) -> int:
    body = cached.loaded.response.body
    return _OVERHEAD + (_COPIES * len(body) if isinstance(body, bytes) else 0)


class FolderAnswers:
    """The answers of one server's *folder*; warnings about its files are added to *warnings*.

    Runs on the event loop, or in another thread between two turns of the loop (`net.socket_loop`).
    """

    def __init__(self, folder: Folder, warnings: list[FixtureWarning]) -> None:
        self._folder = folder
        self._warnings = warnings
        self._cache: _AnswerCache[HostPath] = _AnswerCache()
        self._timeline_cache: _AnswerCache[Path] = _AnswerCache()
        self._timelines: dict[HostPath, _Timeline] = {}
        self._indices: dict[Path, int] = {}
        self._counted: dict[Path, _Counted] = {}
        self._warned: set[Path] = set()

    def find(self, place: HostPath) -> Found | None:
        """Return the file, or the file of a timeline, that answers *place*; None if no file does.

        Raises FixtureError if the file has a mistake or cannot be read, OSError where the folder cannot be examined.
        """
        if place.host:
            # A host can be written in many ways, such as with another port or user: each would be a place of its own.
            host = host_folder(place.host)
            if host is None:
                return None
            place = HostPath(host, place.path)
        cached = self._cache.current(place)
        if cached is not None:
            return Found(cached.choice)
        timeline = self._timelines.get(place)
        if timeline is not None and timeline.stamp.is_current():
            return self._from_timeline(timeline)
        loaded = kept_fixture(self._folder, place)
        if loaded is None:
            located = self._folder.locate(place.path, place.host)
            if located is None:
                return None
            if located.is_dir():
                return self._from_timeline(self._listed(place, located))
            loaded = load(located, self._folder.beneath)
            if loaded.is_settled():
                keep(self._folder, place, loaded)
        cached = self._cached(loaded)
        if loaded.is_settled():
            self._cache.keep(place, cached)
        return Found(cached.choice)

    def _listed(self, place: HostPath, folder: Path) -> _Timeline:
        """Return the timeline in *folder*, and keep it until the folder changes, unless that has just happened."""
        timeline = _Timeline(FileStamp.of(os.fspath(folder)), folder, timeline_files(folder))
        self._warn_of_sidecar(folder)
        self._timelines.pop(place, None)
        if timeline.stamp.is_settled():
            if len(self._timelines) >= MOST_TIMELINES:
                del self._timelines[next(iter(self._timelines))]
            self._timelines[place] = timeline
        return timeline

    def _warn_of_sidecar(self, folder: Path) -> None:
        """Warn once of a `.response` file beside the folder of a timeline: nothing reads it."""
        sidecar = sidecar_of(folder)
        if folder not in self._warned and os.path.exists(sidecar):  # noqa: PTH110 - False for a name that is too long
            self._warned.add(folder)
            problem = f"it is ignored, since {folder} is a timeline"
            remedy = f"Write a file of that kind beside each file in {folder}."
            self._warnings.append(FixtureWarning(os.fspath(sidecar), None, problem, remedy))

    def _from_timeline(self, timeline: _Timeline) -> Found | None:
        folder, files = timeline.folder, timeline.files
        if not files:  # they were deleted after the folder was found
            return None
        index = min(self._indices.get(folder, 0), len(files) - 1)
        file = files[index]
        is_last = index == len(files) - 1

        def advance() -> None:
            self._indices[folder] = index + 1

        cached = self._timeline_cache.current(file)
        if cached is None:
            cached = self._cached(load(file, self._folder.beneath))
            if cached.loaded.is_settled():
                self._timeline_cache.keep(file, cached)
        fault = None if is_last else never_on_first_request(cached.loaded.response)
        if fault is not None:
            problem = f"the fault '{fault}' is never triggered: this file is sent once, and then the next of {folder}"
            raise FixtureError(cached.loaded.response.source, None, problem, f"Write '{fault.words}'.")
        return Found(cached.choice, advance)

    def _cached(self, loaded: WatchedFixture) -> _Cached:
        self._warnings.extend(loaded.warnings)
        return _Cached(loaded, Choice(loaded.response, self._turns_of(loaded.file, loaded.response), loaded.ready))

    def _turns_of(self, file: Path, response: Response) -> AnswersTaken:
        """Return the count of a file; a file that is read again continues its count if its response is the same."""
        before = self._counted.get(file)
        turns = before.turns if before is not None and before.response == response else AnswersTaken()
        if response.faults or isinstance(response.delay, RandomDelay):
            self._counted[file] = _Counted(response, turns)
        return turns
