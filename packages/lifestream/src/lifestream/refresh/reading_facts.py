"""What was read from a document, as facts to show: the command `read` and the admin show them.

A fact is a label and a value, both plain text; much of the value is untrusted, so whoever shows it escapes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifestream.combining_marks import without_piles
from lifestream.content.text_direction import isolated
from lifestream.entry import Enclosure, Media, ParsedFeed
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.item_pipeline import Prepared
from lifestream.plugins.reading_notes import Notes
from lifestream.wording import worded

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
MOST_SHOWN: Final = 20
"""How many files, media, transcripts, persons and removed things of an item are shown, and how many dates and problems
of a document.
"""


class Fact(NamedTuple):
    """A *value* and its *label*. *tone* is "good", "doubtful", "bad" or "" (none); *aside* explains the value."""

    label: str
    value: str
    tone: str = ""
    aside: str = ""


def of_document(url: str, prepared: Prepared) -> list[Fact]:
    """Return the facts about the document and its feed. *url* is its address, or "" to leave the address out."""
    return _shown(_document(url, prepared, prepared.notes or Notes()))


def of_item(prepared: Prepared, index: int) -> list[Fact]:
    """Return the facts about the item of *prepared* with this *index*, except its title."""
    notes = prepared.notes or Notes()
    removed = notes.removed[index] if index < len(notes.removed) else ()
    return _shown(_item(prepared.items[index], removed, notes))


def _shown(facts: Iterator[Fact]) -> list[Fact]:
    """Return the *facts* that have a value, without piles of marks, which would be drawn over other facts."""
    without = (Fact(label, without_piles(value), tone, without_piles(aside)) for label, value, tone, aside in facts)
    return [fact for fact in without if fact.value]


def _document(url: str, prepared: Prepared, notes: Notes) -> Iterator[Fact]:
    feed = prepared.feed
    yield Fact(_("address"), url)
    yield Fact(_("format"), FORMATS.get(feed.format, feed.format))
    yield Fact(_("encoding"), f"{feed.encoding}: {notes.encoding_reason}" if notes.encoding_reason else feed.encoding)
    yield _well_formed(feed)
    for complaint in feed.complaint.split("; "):
        if feed.flaw is None or complaint != str(feed.flaw):
            yield Fact(_("complaint"), complaint, "doubtful")
    read_by = _("the {reader} reader, then the plugin {plugin}")
    yield Fact(_("read by"), read_by.format(reader=notes.reader, plugin=prepared.plugin))
    yield Fact(_("title"), feed.title)
    yield Fact(_("site"), feed.link)
    yield Fact(_("about"), feed.subtitle)
    yield Fact(_("author"), feed.author)
    yield Fact(_("language"), feed.language)
    yield Fact(_("picture"), feed.icon)
    yield Fact(_("itself"), feed.self_url)
    yield Fact(_("hub"), feed.hub_url)
    yield Fact(_("generator"), feed.generator)
    undated = [_("{text}: not understood").format(text=isolated(text)) for text in dict.fromkeys(notes.undated)]
    yield from _several(_("no date"), undated, "doubtful")
    for note in prepared.capped:
        yield Fact(_("too much"), worded(note), "doubtful")
    yield from _several(_("problem"), [" ".join(worded(each.message).split()) for each in prepared.problems], "bad")
    if prepared.left_out:
        left_out = _("{count} by the plugin {plugin}").format(count=_number(prepared.left_out), plugin=prepared.plugin)
        yield Fact(_("left out"), left_out)
    yield Fact(_("items"), _number(len(prepared.items)))


def _well_formed(feed: ParsedFeed) -> Fact:
    flaw = feed.flaw
    if flaw is None:
        return Fact(_("well-formed"), _("yes"), "good")
    where = _("no, from line {line}, column {column}: {message}")
    text = where.format(line=flaw.line, column=flaw.column, message=flaw.message)
    if flaw.mended:
        mended = _("mended, nothing is lost")
        return Fact(_("well-formed"), f"{text}; {mended}", "doubtful")
    damaged = len(flaw.damaged)
    items = ngettext("{count} item may be incomplete", "{count} items may be incomplete", damaged)
    loss = items.format(count=_number(damaged)) if damaged else _("what could be read was read")
    return Fact(_("well-formed"), f"{text}; {loss}", "bad")


def _item(item: ItemDraft, removed: tuple[str, ...], notes: Notes) -> Iterator[Fact]:
    if item.published is None:
        yield Fact(_("published"), _("no date: the time at which it was first seen is used"), "doubtful")
    else:
        yield _date(_("published"), item.published, notes)
    if item.updated is not None and item.updated != item.published:
        yield _date(_("updated"), item.updated, notes)
    yield Fact(_("author"), item.author)
    yield Fact(_("link"), item.link) if item.link else Fact(_("link"), _("none"), "doubtful")
    if item.guid != item.link:
        yield Fact("guid", item.guid)
    yield Fact(_("language"), item.language)
    size = _("{count} characters of HTML").format(count=_number(len(item.content)))
    yield Fact(_("text"), f"{isolated(item.summary)} ({size})" if item.content else item.summary)
    yield Fact(_("tags"), ", ".join(item.tags))
    yield from _episode(item)
    yield from _several(_("file"), [_file(each) for each in item.enclosures])
    yield from _several(_("media"), [_medium(each) for each in item.media])
    yield from _several(_("removed"), list(removed))


def _number(value: int) -> str:
    return number_format(value, force_grouping=True)


def _several(label: str, values: list[str], tone: str = "") -> Iterator[Fact]:
    yield from (Fact(label, value, tone) for value in values[:MOST_SHOWN])
    if len(values) > MOST_SHOWN:
        yield Fact("", _("and {count} more").format(count=_number(len(values) - MOST_SHOWN)))


def _date(label: str, date: datetime, notes: Notes) -> Fact:
    written, form = notes.dates.get(date, ("", ""))
    aside = _("from {text} ({form})").format(text=isolated(written), form=form) if written else ""
    return Fact(label, f"{date.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", aside=aside)


def _episode(item: ItemDraft) -> Iterator[Fact]:
    episode = item.episode
    if episode is None:
        return
    yield Fact(_("season"), " ".join(filter(None, (episode.season, episode.season_name))))
    yield Fact(_("episode"), " ".join(filter(None, (episode.number, episode.number_name))))
    yield Fact(_("chapters"), episode.chapters)
    transcripts = ["  ".join(filter(None, (each.type, each.language, each.url))) for each in episode.transcripts]
    yield from _several(_("transcript"), transcripts)
    yield from _several(_("person"), [f"{each.name} ({each.role})" for each in episode.persons])


def _file(file: Enclosure) -> str:
    return "  ".join(filter(None, (file.type, _size(file.length), _length(file.duration), file.url)))


def _medium(medium: Media) -> str:
    parts = (
        medium.type,
        _size(medium.length),
        _length(medium.duration),
        medium.title or medium.description,
        medium.url,
    )
    thumbnail = "" if medium.thumbnail in ("", medium.url) else _("thumbnail {url}").format(url=medium.thumbnail)
    player = _("player {url}").format(url=medium.player) if medium.player else ""
    return "  ".join(filter(None, (*parts, thumbnail, player)))


def _size(length: int | None) -> str:
    return filesizeformat(length).replace("\xa0", " ") if length else ""


def _length(seconds: int | None) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds else ""
