"""feedparser's own suite: the expectations of its documents, for all fields that lifestream has.

The documents are part of feedparser's source distributions: FEEDPARSER_TESTS names the folder `tests` of an unpacked
6.0.x. Each document has its expectation in its first comment, such as `not bozo and entries[0]['title'] == 'x'`. Each
field of lifestream that the expectation names is compared; texts are compared without their markup, since feedparser
cleans HTML while it reads, and lifestream later.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from lifestream.content.plaintext import text_of
from lifestream.entry import Entry, ParsedFeed
from lifestream.parser import NotAFeed, parse

FOLDER: Final = Path(os.environ.get("FEEDPARSER_TESTS") or "no-such-folder").absolute()
URL: Final = "http://127.0.0.1:8097/feed.xml"
NOT_OURS: Final = frozenset({"http", "encoding", "compression", "sanitize", "cdf", "geo", "psc"})
"""Folders of features that lifestream has no field for, or tests elsewhere: fetching, cleaning, places, chapters."""

pytestmark = [
    pytest.mark.costly,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="FEEDPARSER_TESTS does not name the tests of feedparser's sources"),
]


MEANT_OTHERWISE: Final[dict[str, str]] = {
    "HTML 5 has other characters for the entities lang and rang": "entities/lang.xml entities/rang.xml",
    "a mail address is dropped if there is a name (rule 11)": (
        "wellformed/atom/entry_author_map_author.xml wellformed/atom/feed_author_map_author.xml "
        "wellformed/atom10/entry_author_map_author.xml wellformed/atom10/feed_author_map_author.xml "
        "wellformed/rss/channel_author.xml"
    ),
    "a title is plain text, without the markup that it came in (rule 12)": (
        "wellformed/atom/entry_title_inline_markup_2.xml wellformed/atom/feed_tagline_inline_markup_2.xml "
        "wellformed/atom/feed_title_inline_markup_2.xml wellformed/atom10/entry_title_base64_2.xml "
        "wellformed/atom10/entry_title_inline_markup_2.xml wellformed/atom10/feed_subtitle_base64_2.xml "
        "wellformed/atom10/feed_subtitle_inline_markup_2.xml wellformed/atom10/feed_title_base64_2.xml "
        "wellformed/atom10/feed_title_inline_markup_2.xml"
    ),
    "text of the type text/plain is text, and is stored as HTML (rule 13)": (
        "wellformed/atom/entry_summary_base64.xml wellformed/atom/entry_summary_base64_2.xml "
        "wellformed/atom10/entry_content_text_plain_brackets.xml"
    ),
    "text in HTML that only looks like markup is escaped (rule 13)": (
        "wellformed/rss/item_description_not_a_doctype.xml wellformed/rss/item_description_not_a_doctype2.xml"
    ),
    "the first date that is understood counts (rule 20)": "wellformed/atom/entry_updated_multiple_values.xml",
    "the fields of a medium are kept with it (rule 10)": ("wellformed/media-rss/media_group.xml"),
    "the summary of an item is no content (rule 13)": (
        "wellformed/rss/item_description_and_summary.xml wellformed/rss/item_summary_and_description.xml"
    ),
    "lengths are numbers here": "wellformed/rss/item_enclosure_multiple.xml",
}
LISTED: Final = frozenset(" ".join(MEANT_OTHERWISE.values()).split())
LEAST: Final = 450
"""The least number of compared fields: if there are fewer, this test no longer finds the expectations."""


def view(feed: ParsedFeed) -> dict[str, Any]:
    """Return the fields of *feed* by the names that feedparser has for them."""
    return {
        "feed": {
            "title": feed.title,
            "link": feed.link,
            "subtitle": feed.subtitle,
            "tagline": feed.subtitle,
            "description": feed.subtitle,
            "author": feed.author,
            "language": feed.language,
            "icon": feed.icon,
            "generator": feed.generator,
        },
        "entries": [entry_view(entry) for entry in feed.entries],
        "version": feed.format,
    }


def entry_view(entry: Entry) -> dict[str, Any]:
    """Return the fields of *entry* by the names that feedparser has for them."""
    date = {"published_parsed": entry.published, "updated_parsed": entry.updated, "date_parsed": entry.updated}
    return {
        "title": entry.title,
        "link": entry.link,
        "id": entry.guid,
        "guid": entry.guid,
        "author": entry.author,
        "summary": entry.summary or entry.content,
        "description": entry.summary or entry.content,
        "content": [{"value": entry.content or entry.summary}],
        "category": entry.tags[0] if entry.tags else "",
        "enclosures": [{"href": each.url, "url": each.url, "type": each.type} for each in entry.enclosures],
        **date,
    }


def expectations(path: Path) -> Iterator[tuple[list[str | int], Any]]:
    """Yield the keys of each field that the document at *path* names, and the literal that is expected there."""
    found = re.search(rb"Expect:\s*(.*?)\s*-->", path.read_bytes(), re.DOTALL)
    try:
        tree = ast.parse(found[1].decode("utf-8") if found else "None", mode="eval").body
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]:
        if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
            continue
        try:
            yield _keys(node.left), ast.literal_eval(node.comparators[0])
        except ValueError:
            continue


def _keys(node: ast.expr) -> list[str | int]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Subscript):
        return [*_keys(node.value), ast.literal_eval(node.slice)]
    if isinstance(node, ast.Attribute):
        return [*_keys(node.value), node.attr]
    raise ValueError("not a path")


def at(result: Any, keys: list[str | int]) -> Any:
    """Return the value at *keys* in *result*. Raises LookupError or TypeError if there is no such field."""
    for key in keys:
        result = result[key]
    return result


def is_same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, datetime):
        return ours.timetuple()[:6] == tuple(theirs)[:6]
    if isinstance(ours, str) and isinstance(theirs, str):
        return " ".join(text_of(ours).split()) == " ".join(text_of(theirs).split()) or ours == " ".join(theirs.split())
    return bool(ours == theirs)


def compared() -> Iterator[tuple[str, str, Any, Any]]:
    """Yield the document, the field, the value that is found, and the expected value of each comparison."""
    for path in sorted(FOLDER.rglob("*.xml")):
        name = path.relative_to(FOLDER).as_posix()
        if NOT_OURS & set(path.parts) or path.name.startswith("http_"):
            continue
        wanted = list(expectations(path))
        if not wanted:
            continue
        try:
            result = view(parse(path.read_bytes(), {}, URL))
        except NotAFeed:
            result = {}
        for keys, theirs in wanted:
            try:
                yield name, ".".join(map(str, keys)), at(result, keys), theirs
            except (LookupError, TypeError):
                continue


def test_each_field_is_as_feedparsers_suite_expects_or_is_listed_with_the_reason() -> None:
    found = list(compared())
    otherwise = {f"{name}: {field}": (ours, theirs) for name, field, ours, theirs in found if not is_same(ours, theirs)}

    assert {key: values for key, values in otherwise.items() if key.partition(":")[0] not in LISTED} == {}
    assert {key.partition(":")[0] for key in otherwise} == LISTED, "these are listed, but the values are the same"
    assert len(found) >= LEAST
