"""The checklist "add a fault" (docs/contributing/checklists.md): each fault is in all the places that it lists."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

import faults_catalogue
import pytest
from reference_entries import page, tabled

import feedserver.faults
from feedserver.faults import KINDS, Fault, Kind, parse

PLACES = (
    "__all__ of feedserver.faults",
    "KINDS",
    "the table of the page faults.md",
    "the measurements of the page faults.md",
)


def defined_faults() -> Iterator[type[Fault]]:
    """Yield every fault that a module of `feedserver.faults` defines, even if it is registered nowhere else."""
    for info in pkgutil.iter_modules(feedserver.faults.__path__):
        module = import_module(f"feedserver.faults.{info.name}")
        for name, value in vars(module).items():
            ours = inspect.isclass(value) and issubclass(value, Fault) and value.__module__ == module.__name__
            if ours and not inspect.isabstract(value) and not name.startswith("_"):
                yield value


def places_without(fault: type[Fault]) -> list[str]:
    """Return which of `PLACES` lack *fault*."""
    text = page("feedserver/faults.md")
    measured = text.partition("<!-- measured -->")[2].partition("<!-- the end of what is measured -->")[0]
    own = [kind for kind in feedserver.faults.KINDS.values() if type(parse(kind.examples[0])) is fault]
    rows = [row for kind in own for row in faults_catalogue.descriptions([kind]) if row.startswith("| `")]
    examples = [example for kind in own for example in kind.examples]
    sound = (
        fault.__name__ in feedserver.faults.__all__,
        bool(own),
        bool(rows) and all(row in measured for row in rows),
        bool(examples) and tabled(measured).issuperset(examples),
    )
    return [place for place, is_listed in zip(PLACES, sound, strict=True) if not is_listed]


def test_each_fault_is_in_all_places() -> None:
    lacking = {fault.__name__: places_without(fault) for fault in defined_faults()}
    assert len(lacking) >= 28
    assert {name: places for name, places in lacking.items() if places} == {}


def test_each_family_of_the_catalogue_has_a_heading() -> None:
    families = {type(parse(kind.examples[0])).__module__.rpartition(".")[2] for kind in KINDS.values()}
    assert families == set(faults_catalogue.FAMILIES)
    for heading in faults_catalogue.FAMILIES.values():
        assert f"\n## {heading}\n" in page("feedserver/faults.md")


def test_each_row_of_the_page_is_a_known_fault() -> None:
    measured = page("feedserver/faults.md").partition("<!-- measured -->")[2]
    known = {kind.usage for kind in KINDS.values()} | {e for kind in KINDS.values() for e in kind.examples}
    shown = {row.replace("\\|", "|") for row in tabled(measured)}
    assert sorted(shown - known) == []


def test_a_fault_that_was_forgotten_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, slots=True)
    class MadeUp(Fault):
        """A fault that is in none of the places."""

        @property
        def words(self) -> str:
            return "made up"

    assert places_without(MadeUp) == list(PLACES)
    entered = Kind("made up", "", lambda _: MadeUp(), ("made up",))
    monkeypatch.setattr(feedserver.faults, "KINDS", {**KINDS, "made up": entered})
    assert places_without(MadeUp) == [PLACES[0], PLACES[2], PLACES[3]]
