"""The words of docstrings and pages: a function is described by what it does, a part of the code by its usual term."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = [
    path
    for package in ("feedserver", "lifestream")
    for path in sorted((ROOT / "packages" / package / "src").rglob("*.py"))
    if "migrations" not in path.parts
]
TEXTS: Final = [
    path
    for folder in ("packages", "docs", "scripts", "benchmarks")
    for suffix in ("py", "md", "html", "css", "js", "po", "toml")
    for path in sorted((ROOT / folder).rglob(f"*.{suffix}"))
]
PAGES: Final = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

VERBS: Final = frozenset(
    """
    Abandon Abort Accept Add Admit Advance Allow Answer Append Apply Ask Assert Assign Attach Begin Bind Break Build
    Call Cancel Carry Change Check Choose Claim Clean Clear Close Collect Compare Compute Continue Convert Copy Correct
    Count Create Cut Deal Decide Declare Decode Delete Deliver Derive Describe Detach Do Draw Drop Echo Encode
    Encrypt End Enter Escape Exclude Expect Explain Fail Feed Fetch Fill Find Finish Follow Forget Format Free
    Generate Get Give Go Group Hand Handle Have Hide Hold Honour Ignore Import Index Inflate Inject Insert Iterate
    Join Keep Kill Leave Let Link List Listen Load Lock Log Look Make Map Mark Match Measure Mend Merge Mount Move
    Name Note Notify Offer Open Parse Pass Pause Percent-encode Place Play Post Prepare Print Process Promise
    Publish Pull Push Put Queue Raise Read Receive Record Redirect Refresh Refuse Register Release Remember Remove
    Render Renew Repair Replace Report Request Reset Resolve Restore Restrict Resume Retry Return Revive Rewrite Run
    Save Say Schedule Search See Send Serve Set Show Shut Skip Sort Split Start Stop Store Stream Strip Subscribe
    Swap Switch Take Tell Test Throw Touch Trim Try Turn Undo Unescape Unpack Unsubscribe Update Use Verify Wait
    Wake Warn Watch Withdraw Wrap Write Yield
    """.split()  # noqa: SIM905 - a list of them would fill a page
)

FORBIDDEN: Final = {
    r"\brooms?\b": "module",
    r"\bwings?\b": "package",
    r"\bdoors?\b": "integration",
    r"\bstrangers?\b": "untrusted input, or who wrote it",
    r"\bamiss\b": "wrong",
    r"\bfares?\b": "state",
}
"""Words from talk about the design that code and manual do not use, and what they use instead."""


@cache
def tree_of(source: str) -> ast.Module:
    return ast.parse(source)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions and methods that are called by name: no properties, no fixtures, no special methods."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("__"):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            if not any("property" in each or "fixture" in each for each in decorators):
                yield node


def not_imperative(source: str) -> list[str]:
    """Return the functions of *source* whose docstring does not begin with an imperative, with their lines."""
    found = []
    for node in functions(tree_of(source)):
        words = (ast.get_docstring(node) or "Return").split()
        if words[0].rstrip(".,:;") not in VERBS:
            found.append(f"{node.name}, line {node.lineno}: {' '.join(words[:6])}")
    return found


def texts(source: str) -> Iterator[str]:
    """Yield the docstrings and comments of *source*."""
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
    yield from re.findall(r"#[^\n]*", source)


def metaphors(text: str) -> dict[str, str]:
    """Return the words of *text* that are forbidden, with what to use instead of each."""
    return {each[0]: better for word, better in FORBIDDEN.items() for each in re.finditer(word, text, re.IGNORECASE)}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.slow
def test_docstrings_of_functions_begin_with_an_imperative() -> None:
    found = {name_of(path): not_imperative(path.read_text(encoding="utf-8")) for path in SOURCES}

    assert len(found) > 300
    assert {path: functions for path, functions in found.items() if functions} == {}


@pytest.mark.slow
def test_parts_are_called_by_the_terms_of_the_field() -> None:
    found: dict[tuple[str, str], str] = {}
    for path in (*SOURCES, *PAGES):
        text = path.read_text(encoding="utf-8")
        said = "\n".join(texts(text)) if path.suffix == ".py" else text
        found |= {(name_of(path), word): better for word, better in metaphors(said).items()}

    assert found == {}, "use the words that the values give"


_COLUMNS: Final = re.compile(r"^\S+.*\S {3,}\S.*", re.MULTILINE)


def unindented_columns(source: str) -> list[str]:
    """Return the lines of the module's docstring that have columns but no indent: editors join such lines."""
    if not _COLUMNS.search(source):
        return []
    return _COLUMNS.findall(ast.get_docstring(tree_of(source), clean=False) or "")


TWO_OF_A_NAME: Final = {
    "feedserver": {
        "FeedServerTestCase",  # one for unittest and one for Django, both public
        "Kind",  # one of readers and one of faults, both public
    },
    "lifestream": {"Command"},  # Django finds a command by this name
}


@pytest.mark.parametrize("package", TWO_OF_A_NAME)
def test_no_two_classes_of_a_package_have_the_same_name(package: str) -> None:
    sources = (path.read_text("utf-8") for path in SOURCES if package in path.parts)
    names = (name for source in sources for name in re.findall(r"^class (\w+)", source, re.MULTILINE))
    assert {name for name, count in Counter(names).items() if count > 1} == TWO_OF_A_NAME[package]


@pytest.mark.slow
def test_tables_and_drawings_in_docstrings_are_indented() -> None:
    found = {
        name_of(path): unindented_columns(path.read_text(encoding="utf-8")) for path in TEXTS if path.suffix == ".py"
    }

    assert unindented_columns('"""Words.\n\nclaim    a lease\n    claim    a lease\n"""\n') == ["claim    a lease"]
    assert {path: lines for path, lines in found.items() if lines} == {}


def missing_pages(source: str) -> set[str]:
    """Return the names of pages in docstrings and comments of *source* that the project does not have."""
    if ".md" not in source:
        return set()
    return {name for text in texts(source) for name in re.findall(r"\b[A-Za-z][\w-]*\.md\b", text)} - _PAGE_NAMES


_PAGE_NAMES: Final = {path.name for path in TEXTS if path.suffix == ".md"} | {path.name for path in ROOT.glob("*.md")}


@pytest.mark.slow
def test_pages_that_docstrings_name_exist() -> None:
    found = {name_of(path): missing_pages(path.read_text(encoding="utf-8")) for path in TEXTS if path.suffix == ".py"}

    assert missing_pages('"""See reading.md and reading-list.md."""\n') == {"reading-list.md"}
    assert {path: names for path, names in found.items() if names} == {}


def test_no_file_has_the_marks_of_a_merge_that_nobody_finished() -> None:
    unfinished = [
        name_of(path) for path in TEXTS if re.search(r"^(?:<{7}|>{7}) ", path.read_text("utf-8"), re.MULTILINE)
    ]

    assert len(TEXTS) > 1000
    assert unfinished == []


def test_a_description_and_a_metaphor_are_noticed() -> None:
    assert not_imperative('def f():\n    """The rest."""\n\n\ndef g():\n    """Return it."""\n') == [
        "f, line 1: The rest."
    ]
    assert list(texts('"""A room."""\nx = 1  # a door\n')) == ["A room.", "# a door"]
    assert metaphors("A room has Doors, but no doorbell.") == {"room": "module", "Doors": "integration"}
