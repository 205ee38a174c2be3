"""The docstring of each package's `__init__` names each module of the package. The modules of other packages that it
names exist.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = {name: ROOT / "packages" / name / "src" / name for name in ("feedserver", "lifestream")}
WITHOUT_MAP: Final = frozenset({"migrations", "commands", "templatetags", "recipes"})
"""Folders whose docstring need not name the modules: Django finds them by name, or each is a script for one reader."""


def packages() -> list[Path]:
    """Return the folders within both packages; `docs/contributing/architecture.md` names the modules at their tops."""
    found = (path.parent for source in SOURCES.values() for path in sorted(source.rglob("*/__init__.py")))
    return [folder for folder in found if folder.name not in WITHOUT_MAP and folder not in SOURCES.values()]


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py") if not path.stem.startswith("__")}


def named(folder: Path) -> set[str]:
    """Return the names that the docstring has in code font, and the words of its drawings, which are indented."""
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    drawings = "\n".join(re.findall(r"^ {4}.*", docstring, re.MULTILINE))
    return {
        name.removesuffix(".py") for name in [*re.findall(r"`(\w[\w.]*)`", docstring), *re.findall(r"\w+", drawings)]
    }


def test_the_docstring_of_a_package_names_each_of_its_modules() -> None:
    missing = {folder.relative_to(ROOT).as_posix(): sorted(modules(folder) - named(folder)) for folder in packages()}

    assert len(missing) > 20
    assert {folder: names for folder, names in missing.items() if names} == {}


def test_the_docstring_of_a_package_says_what_comes_in_what_goes_out_and_what_is_never_imported() -> None:
    wings = [folder for folder in packages() if folder.parent in SOURCES.values()]
    parts = {"In:": r"\bIn: ", "Out:": r"\bOut: ", "never imports": r"[Nn]ever import"}
    lacking = {
        folder.relative_to(ROOT).as_posix(): [part for part, pattern in parts.items() if not re.search(pattern, text)]
        for folder in wings
        for text in [(folder / "__init__.py").read_text(encoding="utf-8")]
    }

    assert len(lacking) > 20
    assert {folder: words for folder, words in lacking.items() if words} == {}


def test_a_module_of_another_package_that_a_docstring_names_exists() -> None:
    unknown = []
    for folder in packages():
        source = next(source for source in SOURCES.values() if source in folder.parents)
        for name in sorted(named(folder)):
            package, dot, rest = name.partition(".")
            if dot and (source / package).is_dir() and not (source / package / rest).with_suffix(".py").exists():
                unknown.append(f"{folder.name}: {name}")

    assert unknown == []


def test_the_architecture_names_each_module_at_the_top_of_a_package() -> None:
    text = (ROOT / "docs/contributing/architecture.md").read_text(encoding="utf-8")
    missing = {name: sorted(modules(source) - set(re.findall(r"`(\w+)`", text))) for name, source in SOURCES.items()}

    assert missing == {"feedserver": [], "lifestream": []}
