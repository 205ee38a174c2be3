"""What `read` prints of a document: one object of JSON, or a text for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lifestream.entry import Enclosure, Media, ParsedFeed
from lifestream.management.output import drawn
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.item_pipeline import Prepared
from lifestream.plugins.reading_notes import Notes
from lifestream.refresh.documents import Reading
from lifestream.terminal import Visible, visible

FORMATS: Final = {
    "rss090": "RSS 0.90",
    "rss091n": "RSS 0.91 (Netscape)",
    "rss091u": "RSS 0.91",
    "rss092": "RSS 0.92",
    "rss093": "RSS 0.93",
    "rss094": "RSS 0.94",
    "rss10": "RSS 1.0 (RDF)",
    "rss20": "RSS 2.0",
    "rss": "RSS",
    "atom03": "Atom 0.3",
    "atom10": "Atom 1.0",
    "atom": "Atom",
    "json10": "JSON Feed 1.0",
    "json11": "JSON Feed 1.1",
    "json": "JSON Feed",
}
_FEED: Final = ("title", "link", "subtitle", "author", "language", "icon", "self_url", "hub_url", "generator")
_MOST_SHOWN: Final = 20
"""How many files, pictures and removed things of an item are shown."""


def json_of(reading: Reading) -> Visible:
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
    # JSON escapes all that a terminal may obey but U+007F, and each character beyond ASCII.
    return Visible(json.dumps(document, separators=(",", ":")).replace("\x7f", "\\u007f"))


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


def text_of(reading: Reading, stream: TextIO) -> Visible:
    """Return *reading*, which has been prepared with notes, for a person at *stream*."""
    prepared = reading.prepared
    if prepared is None:
        raise ValueError(f"{reading.name} could not be read: {reading.error}")
    notes = prepared.notes or Notes()
    parts: list[Any] = [_heading(reading.name), _facts(_document(reading, prepared, notes), "  ")]
    for number, item in enumerate(prepared.items):
        removed = notes.removed[number] if number < len(notes.removed) else ()
        title = _text(item.title) if item.title else Text(gettext("no title"), "dim")
        parts.append(Text.assemble(("\n" + str(number + 1), "cyan"), " ", Text.assemble(title, style="bold")))
        parts.append(_facts(_about(item, removed, notes), "  "))
    return drawn(Group(*parts), stream)


def _heading(name: str) -> Text:
    return Text(visible(name, lines=False), "bold underline")


def _text(value: str) -> Text:
    return Text(visible(value, lines=False))


def _facts(facts: Iterator[tuple[str, str | Text]], margin: str) -> Padding:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim", min_width=11)
    table.add_column(overflow="fold")
    for label, value in facts:
        if value:
            table.add_row(label, value if isinstance(value, Text) else _text(value))
    return Padding(table, (0, 0, 0, len(margin)))


def _document(reading: Reading, prepared: Prepared, notes: Notes) -> Iterator[tuple[str, str | Text]]:
    feed = prepared.feed
    if reading.url and reading.url != reading.name:
        yield gettext("address"), reading.url
    yield gettext("format"), FORMATS.get(feed.format, feed.format)
    yield gettext("encoding"), f"{feed.encoding}: {notes.encoding_reason}" if notes.encoding_reason else feed.encoding
    yield gettext("well-formed"), _flaw(feed)
    for complaint in feed.complaint.split("; "):
        if feed.flaw is None or complaint != str(feed.flaw):
            yield gettext("complaint"), Text(visible(complaint, lines=False), "yellow")
    yield (
        gettext("read by"),
        gettext("the {reader} reader, then the plugin {plugin}").format(reader=notes.reader, plugin=prepared.plugin),
    )
    yield gettext("title"), feed.title
    yield gettext("site"), feed.link
    yield gettext("about"), feed.subtitle
    yield gettext("author"), feed.author
    yield gettext("language"), feed.language
    yield gettext("picture"), feed.icon
    yield gettext("itself"), feed.self_url
    yield gettext("hub"), feed.hub_url
    yield gettext("generator"), feed.generator
    for text in dict.fromkeys(notes.undated):
        yield (
            gettext("no date"),
            Text(gettext("{date}: not understood").format(date=visible(text, lines=False)), "yellow"),
        )
    for note in prepared.capped:
        yield gettext("too much"), Text(visible(note, lines=False), "yellow")
    for problem in prepared.problems:
        yield gettext("problem"), Text(visible(" ".join(str(problem).split()), lines=False), "red")
    if prepared.left_out:
        yield (
            gettext("left out"),
            gettext("{count} by the plugin {plugin}").format(count=_number(prepared.left_out), plugin=prepared.plugin),
        )
    yield gettext("items"), _number(len(prepared.items))


def _flaw(feed: ParsedFeed) -> Text:
    flaw = feed.flaw
    if flaw is None:
        return Text(gettext("yes"), "green")
    place = {"line": flaw.line, "column": flaw.column, "message": visible(flaw.message, lines=False)}
    if flaw.mended:
        text = gettext("no, from line {line}, column {column}: {message}; mended, nothing is lost")
        return Text(text.format(**place), "yellow")
    damaged = len(flaw.damaged)
    if not damaged:
        text = gettext("no, from line {line}, column {column}: {message}; what could be read was read")
        return Text(text.format(**place), "red")
    text = ngettext(
        "no, from line {line}, column {column}: {message}; {count} item may be incomplete",
        "no, from line {line}, column {column}: {message}; {count} items may be incomplete",
        damaged,
    )
    return Text(text.format(**place, count=_number(damaged)), "red")


def _about(item: ItemDraft, removed: tuple[str, ...], notes: Notes) -> Iterator[tuple[str, str | Text]]:
    yield (
        gettext("published"),
        _date(item.published, notes) or Text(gettext("no date: when it was first seen counts"), "yellow"),
    )
    if item.updated != item.published:
        yield gettext("updated"), _date(item.updated, notes)
    yield gettext("author"), item.author
    yield gettext("link"), item.link or Text(gettext("none"), "yellow")
    if item.guid != item.link:
        yield gettext("GUID"), item.guid
    yield gettext("language"), item.language
    if item.content:
        size = len(item.content)
        text = ngettext("{text} ({count} character of HTML)", "{text} ({count} characters of HTML)", size)
        yield gettext("text"), text.format(text=item.summary, count=_number(size))
    else:
        yield gettext("text"), item.summary
    yield gettext("tags"), ", ".join(item.tags)
    for label, values in (
        (gettext("file"), [_file(each) for each in item.enclosures]),
        (gettext("media"), [_medium(each) for each in item.media]),
        (gettext("removed"), list(removed)),
    ):
        for value in values[:_MOST_SHOWN]:
            yield label, value
        if len(values) > _MOST_SHOWN:
            more = len(values) - _MOST_SHOWN
            yield "", ngettext("and {} more", "and {} more", more).format(_number(more))


def _date(date: datetime | None, notes: Notes) -> Text:
    if date is None:
        return Text()
    shown = Text(f"{date.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    if date in notes.dates:
        written, form = notes.dates[date]
        text = gettext("from {written} ({form})").format(written=visible(written, lines=False), form=form)
        shown.append(f"  {text}", "dim")
    return shown


def _number(count: int) -> str:
    return str(number_format(count, force_grouping=True))


def _file(file: Enclosure) -> str:
    return "  ".join(filter(None, (file.type, _size(file.length), _length(file.duration), file.url)))


def _medium(medium: Media) -> str:
    pictures = () if medium.thumbnail in ("", medium.url) else (gettext("thumbnail {}").format(medium.thumbnail),)
    player = gettext("player {}").format(medium.player) if medium.player else ""
    return "  ".join(filter(None, (medium.type, medium.title or medium.description, medium.url, *pictures, player)))


def _size(length: int | None) -> str:
    return filesizeformat(length).replace("\xa0", " ") if length else ""


def _length(seconds: int | None) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds else ""
