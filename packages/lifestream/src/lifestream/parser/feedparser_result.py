"""feedparser's result → `ParsedFeed`, which is not safe to show yet. This module doesn't read the document itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, repeat
from typing import Any, Final, TypeAlias
from urllib.parse import urljoin

from lifestream.content.urls import has_impossible_host
from lifestream.entry import Enclosure, Entry, Media, ParsedFeed, Rhythm, Source
from lifestream.parser import people
from lifestream.parser.dates import Calendar
from lifestream.parser.preprocessing import ASIDE
from lifestream.parser.relative_addresses import base_of_links, base_of_text
from lifestream.parser.rhythm import number, rhythm, seconds
from lifestream.parser.second_reading import Scan, ScannedEntry
from lifestream.parser.strict.guids import LOOKS_LIKE_ADDRESS
from lifestream.parser.strict.links import OTHER_PURPOSES
from lifestream.parser.text_constructs import (
    TextKind,
    as_html,
    html,
    html_or_text,
    kind_of,
    names,
    one_line,
    plain,
    plain_of_html,
    unwrapped,
)
from lifestream.plugins.reading_notes import Notes

Found: TypeAlias = dict[str, Any]
"""A FeedParserDict. A feed or an entry is read with `_get`, since the dict's own `get` returns another field in place
of some, such as `published` for `updated`, with a warning.
"""

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_MOST_MEDIA: Final = 100


def feed_of(result: Found, scanned: Scan, url: str, notes: Notes | None = None) -> ParsedFeed:
    """Return the feed made from feedparser's *result* and from *scanned*, the result of our own scan; *url* is the
    address of the document.
    """
    found: Found = _get(result, "feed", {})
    version = str(_get(result, "version", ""))
    link = _absolute(url, _get(found, "link"))
    atom = version.startswith("atom")
    author = _author(found)
    entries: Sequence[Found] = _get(result, "entries", [])
    site = base_of_links(link, url)
    context = _Context(
        version, site, url, _text(_get(found, "language")), author if atom else "", _calendar(found, entries, notes)
    )
    return ParsedFeed(
        title=_title(found, version),
        link=link,
        subtitle=_plain(found, "subtitle", version)
        or _text(_get(found, f"itunes_{ASIDE}summary"))
        or _text(_get(found, f"itunes_{ASIDE}subtitle")),
        author=author,
        language=context.language,
        icon=_absolute(site, _icon(found)),
        self_url=_absolute(url, _related(found, "self")),
        hub_url=_absolute(url, _related(found, "hub")),
        generator=_text(_get(found, "generator")),
        format=version,
        rhythm=_rhythm(found, scanned),
        entries=tuple(context.entry(entry, extra) for entry, extra in _with_extras(entries, scanned)),
    )


class _Context:
    """What the entries of one feed share."""

    def __init__(self, version: str, site: str, url: str, language: str, author: str, calendar: Calendar) -> None:
        self.version, self.site, self.url, self.language, self.author = version, site, url, language, author
        self.calendar = calendar

    def entry(self, found: Found, extra: ScannedEntry) -> Entry:
        guid = extra.guid or _text(_get(found, "id"))
        link = _absolute(self.site, self._link(found))
        content, own_base = self._content(found)
        summary = self._summary(found)
        own_base = _absolute(self.url, own_base)
        based = own_base not in ("", self.url)
        base = own_base if based else base_of_text(link, self.site, self.url)
        return Entry(
            guid=guid,
            link=link,
            title=_title(found, self.version),
            author=_author(found) or _author(_get(found, "source", {})) or self.author,
            published=self._date(found, "published") or self._date(found, "created"),
            updated=self._date(found, "updated"),
            content=content,
            summary="" if summary == content else summary,
            tags=_tags(found),
            enclosures=tuple(self._enclosures(found, base)),
            media=tuple(self._media(found, extra, base)),
            language=self._language(found),
            base=base,
            based=based,
            source=self._source(_get(found, "source", {})),
        )

    def _link(self, found: Found) -> str:
        """Return the address of an entry's page: its link, or else the first of its links without another purpose."""
        link = _text(_get(found, "link"))
        if link and link == _text(_get(found, "id")) and not LOOKS_LIKE_ADDRESS.match(link):
            # feedparser takes each guid without isPermaLink="false" for a link (RSS 2.0), whatever its form.
            link = ""
        others = (other for other in _get(found, "links", []) if other.get("rel") not in OTHER_PURPOSES)
        return link or next((_text(other.get("href")) for other in others if other.get("href")), "")

    def _content(self, found: Found) -> tuple[str, str]:
        """Return the content as HTML, and its base by `xml:base`; without a content, "" and the base of the summary.

        Prefer HTML, then the longest content.
        """
        bodies = [body for body in _get(found, "content", []) if body.get("value")]
        bodies = [body for body in bodies if kind_of(body.get("type", "text/html")) is not TextKind.OTHER]
        if not bodies:
            return "", str((_get(found, "summary_detail") or {}).get("base") or "")
        best = max(bodies, key=lambda body: (kind_of(body.get("type", "")) is TextKind.HTML, len(body["value"])))
        return _as_html(best), str(best.get("base") or "")

    def _summary(self, found: Found) -> str:
        detail = _get(found, "summary_detail")
        if detail and detail.get("value"):
            return _as_html(detail)
        if (summary := _get(found, "summary")) and not _get(found, "content"):
            return html(str(summary))
        # A summary without a detail is feedparser's copy of the content.
        written = (
            _get(found, f"itunes_{ASIDE}summary")
            or _get(found, "googleplay_description")
            or _get(found, f"itunes_{ASIDE}subtitle")
        )
        return html_or_text(str(written or ""))

    def _source(self, found: Found) -> Source | None:
        source = Source(_title(found, self.version), _absolute(self.site, _get(found, "href") or _get(found, "link")))
        return source if source.title or source.url else None

    def _date(self, found: Found, name: str) -> datetime | None:
        return self.calendar.read(_text(_get(found, name)))

    def _enclosures(self, found: Found, base: str) -> Iterator[Enclosure]:
        duration = seconds(_text(_get(found, "itunes_duration")))
        seen: set[str] = set()
        for link in _get(found, "links", []):
            url = _absolute(base, link.get("href")) if link.get("rel") == "enclosure" else ""
            if url and url not in seen:
                seen.add(url)
                kind = _text(link.get("type")).lower()
                if kind == "text/html":  # feedparser's default for a link of Atom without a type
                    kind = ""
                playable = kind.startswith(("audio/", "video/")) or not kind
                yield Enclosure(url, kind, number(link.get("length")) or None, duration if playable else None)

    def _language(self, found: Found) -> str:
        details = [*_get(found, "content", []), _get(found, "summary_detail"), _get(found, "title_detail")]
        languages = (_text(detail.get("language")) for detail in details if detail)
        return _text(_get(found, "language")) or next(filter(None, languages), "") or self.language

    def _media(self, found: Found, extra: ScannedEntry, base: str) -> Iterator[Media]:
        media = extra.media or _ungrouped_media(found)
        picture = _get(found, "image", {}).get("href")
        if not media and picture:
            media = [Media(type="image/*", thumbnail=picture)]
        for medium in media:
            yield replace(
                medium,
                url=_absolute(base, medium.url),
                thumbnail=_absolute(base, medium.thumbnail),
                player=_absolute(base, medium.player),
            )


def _with_extras(entries: Sequence[Found], scanned: Scan) -> Iterator[tuple[Found, ScannedEntry]]:
    """Yield each entry of feedparser with the scan's entry, or with an empty one if they may not be the same entry."""
    aligned = scanned.broken or len(entries) == len(scanned.entries)
    extras = chain(scanned.entries if aligned else (), repeat(ScannedEntry()))
    for entry, extra in zip(entries, extras, strict=False):
        yield entry, extra if _is_same_guid(extra.guid, _text(_get(entry, "id"))) else ScannedEntry()


def _is_same_guid(written: str | None, found: str) -> bool:
    """Return whether feedparser's id *found* can come from the guid *written* in the document: feedparser resolves it
    against `xml:base`.
    """
    return written is None or not found or found.endswith(_text(written).lstrip("./"))


def _get(found: Found, name: str, default: Any = None) -> Any:
    return dict.get(found, name, default)


def _text(value: object) -> str:
    """Return *value* in one line, or "" if it is no text."""
    return one_line(value) if isinstance(value, str) else ""


def _as_html(detail: Found) -> str:
    return as_html(str(detail["value"]), kind_of(detail.get("type", "text/html")))


def _title(found: Found, version: str) -> str:
    return _plain(found, "title", version)


def _plain(found: Found, name: str, version: str) -> str:
    """Return the text of a title or subtitle, which in RSS may be HTML or not."""
    detail = _get(found, f"{name}_detail") or {"value": _get(found, name) or ""}
    value = str(detail.get("value") or "")
    if detail.get("type") in _HTML:
        return plain_of_html(value)
    return one_line(unwrapped(value.strip())) if version.startswith("atom") else plain(value)


def _author(found: Found) -> str:
    """Return the names of the authors of an entry, of a feed, or of the feed that an entry was taken from."""
    persons = [
        people.person(str(person.get("name") or ""), str(person.get("email") or ""))
        for person in _get(found, "authors", [])
    ]
    return people.joined(persons) or people.joined([_text(_get(found, "author"))])


def _tags(found: Found) -> tuple[str, ...]:
    return names(str(tag.get("label") or tag.get("term") or "") for tag in _get(found, "tags", []))


def _calendar(found: Found, entries: Sequence[Found], notes: Notes | None) -> Calendar:
    fields = ("published", "updated", "created")
    return Calendar(lambda: [_text(_get(each, name)) for each in (found, *entries) for name in fields], notes)


def _ungrouped_media(found: Found) -> list[Media]:
    """Return the media of an entry in a document too ill-formed to tell which of their elements belong together."""
    contents: Sequence[Found] = _get(found, "media_content", [])
    thumbnails = [_text(thumbnail.get("url")) for thumbnail in _get(found, "media_thumbnail", [])]
    player = _text(_get(found, "media_player", {}).get("url"))
    shared: dict[str, Any] = {
        "thumbnail": thumbnails[0] if thumbnails else "",
        "player": player,
        "title": _text(_get(found, f"media_{ASIDE}title")),
        "description": str(_get(found, f"media_{ASIDE}description") or ""),
    }
    media = [
        Media(
            url=_text(content.get("url")),
            type=_text(content.get("type")).lower(),
            length=number(content.get("filesize")) or None,
            duration=seconds(_text(content.get("duration"))),
            **shared,
        )
        for content in contents[:_MOST_MEDIA]
    ]
    return media or ([Media(**shared)] if thumbnails or player else [])


def _icon(found: Found) -> str:
    image = _get(found, "image", {})
    return _text(
        _get(found, "icon")
        or _get(found, "webfeeds_icon")
        or _get(found, "logo")
        or image.get("href")
        or dict.get(image, "url")
    )


def _related(found: Found, rel: str) -> str:
    return next((_text(link.get("href")) for link in _get(found, "links", []) if link.get("rel") == rel), "")


def _absolute(base: str, address: object) -> str:
    """Return *address* resolved against *base*, or "" if there is none or it can't be parsed."""
    text = _text(address)
    if has_impossible_host(text):
        return ""
    try:
        return urljoin(base, text) if text else ""
    except ValueError:
        return ""


def _rhythm(found: Found, scanned: Scan) -> Rhythm:
    return rhythm(
        _text(_get(found, "ttl")),
        _text(_get(found, "sy_updateperiod")),
        _text(_get(found, "sy_updatefrequency")),
        scanned.skip_hours,
        scanned.skip_days,
    )
