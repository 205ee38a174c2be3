"""The pages of the rules are what `docs/check_rules.py` writes."""

from __future__ import annotations

from check_rules import FOLDER, pages


def test_each_rule_has_its_page() -> None:
    wanted = pages()

    assert {path.name for path in FOLDER.glob("*.md")} == {path.name for path in wanted}, "run docs/check_rules.py"
    for path, text in wanted.items():
        assert path.read_text("utf-8") == text, f"{path.name} is outdated; run docs/check_rules.py"
