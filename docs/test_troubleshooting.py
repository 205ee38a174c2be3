"""The messages that the pages "Troubleshooting by message" explain are messages of the packages, word for word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

DOCS: Final = Path(__file__).parent
PACKAGES: Final = {name: DOCS.parent / "packages" / name / "src" / name for name in ("feedserver", "lifestream")}
GAP: Final = "…"


@cache
def messages(package: str) -> list[str]:
    """Return every text in the sources of *package*, with GAP for each value that an f-string fills in."""
    found = []
    for path in PACKAGES[package].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"%[sdrg]|%\.\df", GAP, node.value))
    return found


def explained(package: str) -> Iterator[str]:
    """Yield the messages that the page of *package* has a section for."""
    page = DOCS / package / "troubleshooting.md"
    yield from re.findall(r"^### `(.+)`$", page.read_text(encoding="utf-8"), re.MULTILINE)


def is_said(message: str, sources: list[str]) -> bool:
    """Return whether one of *sources* contains the parts of *message* between its gaps, in their order."""
    parts = [part.strip() for part in message.split(GAP) if part.strip(" .;:,'")]
    pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    return any(pattern.search(source) for source in sources)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "message"), [(package, message) for package in PACKAGES for message in explained(package)]
)
def test_a_message_that_is_explained_is_in_the_sources(package: str, message: str) -> None:
    sources = messages(package)
    number = message.removeprefix("lifestream.")

    assert is_said(message, sources) or number in sources or f"lifestream.{number}" in sources


def test_each_package_has_messages_that_are_explained() -> None:
    assert [package for package in PACKAGES if not list(explained(package))] == []


def test_every_check_of_lifestream_is_explained() -> None:
    numbers = {
        found for text in messages("lifestream") for found in re.findall(r"^(?:lifestream\.)?([EW]\d{3})$", text)
    }

    assert numbers
    assert not {f"lifestream.{number}" for number in numbers} - set(explained("lifestream"))


def test_a_message_that_no_source_has_is_noticed() -> None:
    assert not is_said("the moon … is full", messages("lifestream"))
    assert is_said("port … is taken", ["port {} is taken", "port … is taken"])
