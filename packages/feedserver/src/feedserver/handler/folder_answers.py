"""The answers of a folder: its files, read once and again when they change, and its timelines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from feedserver.fixtures.document_root import Folder, timeline_files
from feedserver.fixtures.errors import FixtureError, FixtureWarning
from feedserver.handler.fault_injection import never_injected_first
from feedserver.handler.routes import Choice, Found, HostPath, Turns
from feedserver.handler.watched_fixtures import WatchedFixture, keep, kept_fixture, load
from feedserver.messages.pacing import RandomDelay
from feedserver.messages.response import Response


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


class FolderAnswers:
    """The answers of one server's *folder*; what is doubtful about a file is added to *warnings*.

    Runs on the event loop alone.
    """

    def __init__(self, folder: Folder, warnings: list[FixtureWarning]) -> None:
        self._folder = folder
        self._warnings = warnings
        self._cache: dict[HostPath, _Cached] = {}
        self._episodes: dict[Path, _Cached] = {}
        self._indices: dict[Path, int] = {}
        self._counted: dict[Path, _Counted] = {}

    def find(self, place: HostPath) -> Found | None:
        """Return the file, or the file of a timeline, that answers *place*; None where none does.

        Raises FixtureError where it has a mistake.
        """
        cached = self._cache.get(place)
        if cached is not None and cached.loaded.is_current():
            return Found(cached.choice)
        self._cache.pop(place, None)
        loaded = kept_fixture(self._folder, place)
        if loaded is None:
            located = self._folder.locate(place.path, place.host)
            if located is None:
                return None
            if located.is_dir():
                return self._from_timeline(located)
            loaded = load(located, self._folder.beneath)
            if loaded.is_settled():
                keep(self._folder, place, loaded)
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
            cached = self._cached(load(file, self._folder.beneath))
            if cached.loaded.is_settled():
                self._episodes[file] = cached
        fault = None if is_last else never_injected_first(cached.loaded.response)
        if fault is not None:
            problem = f"the fault '{fault}' is never triggered: this file is sent once, and then the next of {folder}"
            raise FixtureError(cached.loaded.response.source, None, problem, f"Write '{fault.words}'.")
        return Found(cached.choice, advance)

    def _cached(self, loaded: WatchedFixture) -> _Cached:
        self._warnings.extend(loaded.warnings)
        return _Cached(loaded, Choice(loaded.response, self._turns_of(loaded.file, loaded.response), loaded.ready))

    def _turns_of(self, file: Path, response: Response) -> Turns:
        """Return the count of a file; a file that is read again continues its count where its response is the same."""
        before = self._counted.get(file)
        turns = before.turns if before is not None and before.response == response else Turns()
        if response.faults or isinstance(response.delay, RandomDelay):
            self._counted[file] = _Counted(response, turns)
        return turns
