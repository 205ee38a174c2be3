"""What `read` prints about a document: one JSON object, or text for people."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final, TextIO

from django.utils.translation import gettext
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lifestream.entry import ParsedFeed
from lifestream.management.output import drawn
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.item_pipeline import Prepared
from lifestream.refresh.documents import DocumentReading
from lifestream.refresh.reading_facts import Fact, of_document, of_item
from lifestream.terminal import Visible, visible, visible_json

_FEED: Final = ("title", "link", "subtitle", "author", "language", "icon", "self_url", "hub_url", "generator")
_COLOURS: Final = {"good": "green", "doubtful": "yellow", "bad": "red"}


def json_of(reading: DocumentReading) -> Visible:
    """Return *reading* as one line of JSON in ASCII. The manual names its keys (`docs/lifestream/reading.md`)."""
    prepared = reading.prepared or Prepared(ParsedFeed())
    feed = prepared.feed
    document: dict[str, Any] = {
        "url": reading.url or reading.name,
        "format": feed.format,
        "encoding": feed.encoding,
        "well_formed": reading.prepared is not None and feed.well_formed,
        "feed": {name: getattr(feed, name) for name in _FEED},
        "items": [_item(item) for item in prepared.items],
    }
    if reading.prepared is None:
        document["error"] = reading.error
    return visible_json(json.dumps(document, separators=(",", ":")))


def _item(item: ItemDraft) -> dict[str, Any]:
    return {
        "guid": item.guid,
        "link": item.link,
        "title": item.title,
        "author": item.author,
        "published": item.published.isoformat() if item.published else None,
        "updated": item.updated.isoformat() if item.updated else None,
        "content": item.content,
        "summary": item.summary,
        "tags": list(item.tags),
        "enclosures": [asdict(each) for each in item.enclosures],
        "media": [asdict(each) for each in item.media],
        "language": item.language,
    }


def text_of(reading: DocumentReading, stream: TextIO) -> Visible:
    """Return *reading*, which must have been prepared with notes, as text for people, drawn for *stream*. Raises
    ValueError if the document could not be read.
    """
    prepared = reading.prepared
    if prepared is None:
        raise ValueError(f"{reading.name} could not be read: {reading.error}")
    address = reading.url if reading.url != reading.name else ""
    parts: list[Any] = [_text(reading.name, "bold underline"), _table(of_document(address, prepared))]
    for number, item in enumerate(prepared.items):
        title = _text(item.title, "bold") if item.title else Text(gettext("no title"), "dim")
        parts.append(Text.assemble(("\n" + str(number + 1), "cyan"), " ", title))
        parts.append(_table(of_item(prepared, number)))
    return drawn(Group(*parts), stream)


def _text(value: str, style: str = "") -> Text:
    return Text(visible(value, lines=False), style)


def _table(facts: list[Fact]) -> Padding:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim", min_width=11)
    table.add_column(overflow="fold")
    for fact in facts:
        value = _text(fact.value, _COLOURS.get(fact.tone, ""))
        if fact.aside:
            value = Text.assemble(value, "  ", _text(fact.aside, "dim"))
        table.add_row(fact.label, value)
    return Padding(table, (0, 0, 0, 2))
