"""Reads which names the manual has entries for, for the tests that check that it is complete.

An entry is an `auto…` directive of Sphinx (`.. autoclass:: feedserver.Response`), or a row of a table whose first cell
names the thing in code font (`` | `LIFESTREAM_TIMEOUT` | 30 s | … | ``).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

MANUAL = Path(__file__).parent

_DIRECTIVE = re.compile(
    r"^\.\. auto(?:class|data|exception|function)::\s+(?P<name>\S+)\n(?P<options>(?:[ ]{3,}\S.*\n)*)", re.MULTILINE
)
_MEMBERS = re.compile(r"^\s*:members:(?P<names>.*(?:\n\s{10,}\S.*)*)", re.MULTILINE)
_ROW = re.compile(r"^\|\s*(?P<names>(?:`[^`\n]+`(?:,\s*)?)+)\s*\|", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass
class Entries:
    """The objects that have a directive: *names* as the pages have them, and which *members* of a class are shown."""

    names: set[str] = field(default_factory=set)
    members: dict[int, set[str]] = field(default_factory=dict)
    objects: set[int] = field(default_factory=set)

    def add(self, name: str, members: Iterable[str] = ()) -> None:
        """Add the entry of an object. Raises AttributeError or ModuleNotFoundError where there is no such object."""
        found = named(name)
        self.names.add(name)
        if inspect.isclass(found) or inspect.isfunction(found):  # the same object under each of its names
            self.objects.add(id(found))
        self.members.setdefault(id(found), set()).update(members)

    def missing(self, module: str, names: Iterable[str]) -> list[str]:
        """Return those public *names* of *module* that have no entry, not even under another name of the object."""
        return sorted(
            f"{module}.{name}"
            for name in names
            if f"{module}.{name}" not in self.names and id(named(f"{module}.{name}")) not in self.objects
        )

    def missing_members(self, cls: type[Any]) -> list[str]:
        """Return the public methods and properties of *cls* that neither its entry nor that of a base class shows.

        The docstring of a class describes its fields. Methods of a private base class are a contract between its
        subclasses. A method that overrides one of another package, such as `setUp`, is described in the manual of that
        package.
        """
        shown = set().union(*(self.members.get(id(base), set()) for base in cls.__mro__))
        package = cls.__module__.partition(".")[0]
        public = set()
        for base in cls.__mro__:
            for name, value in vars(base).items():
                defined = next(other for other in reversed(cls.__mro__) if name in vars(other))
                is_ours = defined.__module__.partition(".")[0] == package and not defined.__name__.startswith("_")
                if is_ours and not name.startswith("_") and _is_api(value):
                    public.add(name)
        return sorted(f"{cls.__name__}.{name}" for name in public - shown)


def _is_api(value: object) -> bool:
    return inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)


def named(name: str) -> object:
    """Return the object of a dotted *name*. Raises AttributeError or ModuleNotFoundError where there is none."""
    module, _, rest = name.rpartition(".")
    return getattr(import_module(module), rest)


def public_names(module: str) -> list[str]:
    """Return the names in `__all__` of *module*; without it, its own functions and classes without an underscore."""
    loaded = import_module(module)
    listed: Iterable[str] | None = getattr(loaded, "__all__", None)
    if listed is None:
        own = [name for name, value in vars(loaded).items() if getattr(value, "__module__", None) == module]
        listed = (name for name in own if not name.startswith("_"))
    found = sorted(listed)
    if not found:
        raise LookupError(f"{module} has no public name")
    return found


def page(name: str) -> str:
    """Return the text of a page of the manual, such as "lifestream/reference.md"."""
    return (MANUAL / name).read_text(encoding="utf-8")


def entries(folder: str) -> Entries:
    """Return the entries of all pages in *folder* of the manual."""
    found = Entries()
    for path in sorted((MANUAL / folder).glob("*.md")):
        for directive in _DIRECTIVE.finditer(path.read_text(encoding="utf-8")):
            members = _MEMBERS.search(directive["options"])
            names = re.split(r"[,\s]+", members["names"].strip()) if members and members["names"].strip() else []
            found.add(directive["name"], names)
    return found


def tabled(text: str) -> frozenset[str]:
    """Return what the first cells of table rows in *text* have in code font, if they hold nothing else."""
    return frozenset(name for row in _ROW.finditer(text) for name in _CODE.findall(row["names"]))


def section(text: str, heading: str) -> str:
    """Return the part of *text* below the *heading* (its words, of any level), up to the next heading of the same or a
    higher level.
    Raises ValueError where there is no such heading.
    """
    start = re.search(rf"^(?P<level>#+) {re.escape(heading)}\n", text, re.MULTILINE)
    if start is None:
        raise ValueError(f"the page has no heading {heading!r}")
    rest = text[start.end() :]
    end = re.search(rf"^#{{1,{len(start['level'])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest
