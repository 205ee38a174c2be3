"""The text of the manual names each file of its examples: readers do not see the HTML comments that name it, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("docs/*/*.md"), *ROOT.glob("packages/*/README.md"), ROOT / "README.md"]
_FILE = re.compile(r"\n\n<!-- (?:file|pytest|pytest django|pytest fails): (?P<name>.+?) -->\n")


def unnamed(page: str) -> list[str]:
    """Return the files of *page* whose names are missing from the paragraph before them."""
    return [
        found["name"]
        for found in _FILE.finditer(page)
        if f"`{found['name']}`" not in page[: found.start()].rpartition("\n\n")[2]
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_name_of_each_file_is_shown_to_readers(page: Path) -> None:
    assert unnamed(page.read_text(encoding="utf-8")) == []


def test_a_file_without_a_name_is_noticed() -> None:
    page = "A feed:\n\n<!-- file: feed.xml -->\n```xml\n```\n\n`a.py`:\n\n<!-- pytest: a.py -->\n```python\n```\n"
    assert unnamed(page) == ["feed.xml"]
