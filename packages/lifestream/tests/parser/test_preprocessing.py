"""Entities and characters that a document may not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from parsed import only_entry, rss


def test_entities_do_not_grow_and_read_no_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2", encoding="utf-8")
    bombs = [
        '<!ENTITY a "0123456789"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">',
        f'<!ENTITY c SYSTEM "{secret.as_uri()}">',
        f'<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p; <!ENTITY c "x">',
        f'<!ENTITY c "{"A" * 100_000}">',
        '<!ENTITY b "&c;"><!ENTITY c "&b;">',
        '<!ENTITY x "<a>"><!ENTITY b "&x;&x;"><!ENTITY c "&b;&b;&b;&b;">',
    ]
    for entities in bombs:
        item = f"<item><title>{'&c;' * 1000}</title><guid>1</guid></item>"
        entry = only_entry(rss(item, head=f"<?xml version='1.0'?><!DOCTYPE rss [{entities}]>"))

        assert "hunter2" not in entry.title
        assert len(entry.title) <= 3000


def test_a_short_entity_is_resolved() -> None:
    head = "<?xml version='1.0'?>\n<!DOCTYPE rss [<!ENTITY copy '&#169;'> <!ENTITY name \"Ada's\">]>"

    assert only_entry(rss("<item><title>&copy; &name; &amp;</title></item>", head=head)).title == "© Ada's &"


@pytest.mark.parametrize(
    "reference", ["&#0;", "&#xD800;", "&#xDFFF;", "&#x110000;", "&#99999999999999999999;", "&#xFFFF;", "\0", "\x1b"]
)
@pytest.mark.parametrize("broken", ["", "<broken>"], ids=["well-formed", "ill-formed"])
def test_characters_that_are_none_affect_nothing_else(reference: str, broken: str) -> None:
    entry = only_entry(rss(f"<item><title>a{reference}b</title><guid>1</guid></item>{broken}"))

    assert (entry.title, entry.guid) == ("ab", "1")
