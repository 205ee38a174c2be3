"""Each path and name of the repository in docs/contributing and CONTRIBUTING.md exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reference_entries import MANUAL, section

ROOT = MANUAL.parent
PAGES = (*sorted((MANUAL / "contributing").glob("*.md")), ROOT / "CONTRIBUTING.md")
FOLDERS = (
    *(ROOT, ROOT / "packages"),
    *(ROOT / f"packages/{name}/src/{name}" for name in ("feedserver", "lifestream")),
    *(ROOT / f"packages/{name}/src" for name in ("feedserver", "lifestream")),
    *(ROOT / f"packages/{name}" for name in ("feedserver", "lifestream")),
)
"""The folders to which a path in these pages may be relative."""
MAP = (MANUAL / "contributing/architecture.md").read_text(encoding="utf-8")
RULES = ROOT / "packages/lifestream/tests/rules"


def paths(text: str) -> set[str]:
    """Return the words in *text*, in code font, that look like paths of the repository."""
    code = re.findall(r"`([^`\n]+)`", text)
    shape = re.compile(r"[\w.*-]+/(?:[\w.*-]+/?)*|[\w-]+\.py")
    found = {word for words in code for word in words.split() if shape.fullmatch(word)}
    return {path for path in found if not path.startswith("/")}


def is_there(path: str) -> bool:
    if path.endswith(".py") and "/" not in path:  # a list of modules names it without its folder
        return any(ROOT.glob(f"packages/*/src/**/{path}")) or any(ROOT.glob(f"packages/*/tests/**/{path}"))
    if "*" in path:
        return any(ROOT.glob(path))
    if any((folder / path).exists() or (folder / f"{path}.py").exists() for folder in FOLDERS):
        return True
    # `views/` in the row of `web/` is a folder within `web/`.
    return re.fullmatch(r"\w+/", path) is not None and any(ROOT.glob(f"packages/*/src/**/{path}"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_each_path_exists(path: Path) -> None:
    named = paths(path.read_text(encoding="utf-8"))
    assert named
    assert sorted(name for name in named if not is_there(name)) == []


def test_a_path_that_does_not_exist_is_reported() -> None:
    assert paths("Write `made/up.py` and `handler/handler`, as of `/etc/passwd`.") == {"made/up.py", "handler/handler"}
    assert not is_there("made/up.py")
    assert is_there("handler/handler")


_ROW = re.compile(r"^\|(?P<folders>[^|]+)\|[^|]+\|(?P<modules>[^|]*)\|$", re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "package"),
    [("feedserver, from the socket inwards", "feedserver"), ("lifestream, as an entry flows", "lifestream")],
)
def test_each_folder_of_a_package_is_on_the_map_with_modules_that_exist(heading: str, package: str) -> None:
    source = ROOT / f"packages/{package}/src/{package}"
    drawn = set()
    for row in _ROW.finditer(section(MAP, heading)):
        folders = [source / name for name in re.findall(r"`(\w+)/`", row["folders"])] or [source]
        drawn |= {folder.name for folder in folders}
        for module in re.findall(r"`(\w+)/?`", row["modules"]):
            drawn.add(module)
            assert any((folder / module).is_dir() or (folder / f"{module}.py").exists() for folder in folders), module
    packages = {path.parent.name for path in source.glob("*/__init__.py")}
    assert sorted(packages - drawn) == []


class TestRulesOfAFeedClient:
    def test_each_mark_of_a_test_names_an_existing_rule(self) -> None:
        from importlib.util import module_from_spec, spec_from_file_location

        spec = spec_from_file_location("rules_command", ROOT / "scripts/rules.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        numbers = {number for rules in module.RULES.values() for number in rules}
        texts = [path.read_text(encoding="utf-8") for path in RULES.rglob("*.py")]
        marked = {int(number) for text in texts for number in re.findall(r"mark\.rule\((\d+)\)", text)}
        assert marked and marked <= numbers
        assert numbers == set(range(1, 41))
