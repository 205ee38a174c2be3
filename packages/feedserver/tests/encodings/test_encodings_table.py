"""The manual's table of the charset matrix: it agrees with the matrix, and the program that writes it runs."""

from __future__ import annotations

import re

import pytest

from feedserver.encodings import RULES, TEXT, case, matrix

pytest.importorskip("lxml")
import encodings_table

ROW = re.compile(r"\| (\S+) \| (\S+) \| (read|garbled|refused|open) \| ([^|]+) \|")


def test_the_tables_of_the_manual_agree_with_the_matrix() -> None:
    page = encodings_table.PAGE.read_text(encoding="utf-8")
    sections = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    assert len(sections) == 16
    rows = []
    for section in sections:
        title = section.partition("\n")[0]
        found = re.fullmatch(r"(XML types|text/html): (\S+?)(, after a byte order mark)?", title)
        assert found is not None, title
        for charset, declaration, verdict, rules in ROW.findall(section):
            rows.append((found[1], found[2].lower(), bool(found[3]), charset, declaration, verdict, rules))
    for types, media_type in (("XML types", "text/xml"), ("text/html", "text/html")):
        expected = [
            (
                types,
                each.true_encoding,
                each.bom,
                each.charset or "-",
                each.declaration or "-",
                each.outcome.verdict,
                ", ".join(rule.name for rule in each.outcome.rules),
            )
            for each in matrix(media_type)
        ]
        assert sorted(row for row in rows if row[0] == types) == sorted(expected)
    assert all(f"| {rule.name} | {rule.says} | {rule.sections} |" in page for rule in RULES)


@pytest.mark.slow
def test_readers_are_measured_over_http() -> None:
    plain = case("text/xml", None, "utf-8", "utf-8", bom=False)
    ignored = case("text/xml", "windows-1251", None, "windows-1251", bom=False)
    measured = encodings_table.measure([plain, ignored])
    assert measured[plain]["feedparser"] == measured[plain]["fastfeedparser"] == ("read", True)
    assert measured[ignored]["lxml"] == ("refused", False)  # lxml is given the bytes alone
    assert measured[ignored]["requests"] == ("read", True)


def test_writing_a_page_twice_changes_nothing() -> None:
    page = f"before\n{encodings_table.BEGIN}old\n{encodings_table.END}after {TEXT}\n"
    once = encodings_table.replaced(page, "| new |")
    assert once == f"before\n{encodings_table.BEGIN}\n| new |\n{encodings_table.END}after {TEXT}\n"
    assert encodings_table.replaced(once, "| new |") == once
