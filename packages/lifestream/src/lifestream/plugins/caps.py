"""The caps: how much of each field of a feed and its entries is kept, and what happens to the rest.

Nothing that is kept is cut silently: a `CapTally` counts the values that exceeded a cap, and its notes go into the log
of the fetch. An item keeps only the beginning of a summary's plain text; `SUMMARY` is how much HTML is read for it.
Plain text is cut between two words if possible, and ends with "…"; HTML is cut before a tag or a reference that would
be incomplete. A list keeps its first values, and a document its latest entries. An address, a media type and a language
are dropped whole, since a part of an address means something else. A guid is replaced by its hash, so that it still
distinguishes its entry from others.

`bounded` and `bounded_feed` apply the caps to what a parser read and to what a plugin returned, `content` to the HTML
of an item when the sanitizer cleans it. All of them take time linear in their input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from lifestream.content.clean_html import CleanHtml
from lifestream.content.plaintext import scrub, shorten
from lifestream.content.sanitizer import Beginning
from lifestream.entry import Enclosure, Entry, Episode, Media, ParsedFeed, Person, Source
from lifestream.message import Message, Number, say
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.entry_keys import LONGEST_GUID, guid_form


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap: its *limit*, and the *code* of the message that says what is limited, and what happens to the rest. The
    length of a text is counted in bytes of UTF-8 if *in_bytes*, otherwise in characters.
    """

    code: str
    limit: int
    in_bytes: bool = False

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> Message:
        """The message about this cap."""
        return say(self.code, limit=Number(self.limit))


ENTRIES: Final = Cap("cap-entries", 10_000)
ENCLOSURES: Final = Cap("cap-enclosures", 100)
MEDIA: Final = Cap("cap-media", 100)
TAGS: Final = Cap("cap-tags", 100)
TRANSCRIPTS: Final = Cap("cap-transcripts", 100)
PERSONS: Final = Cap("cap-persons", 100)
PERSONS_OF_ALL: Final = Cap("cap-persons-of-all", 50_000)
GUID: Final = Cap("cap-guid", LONGEST_GUID, in_bytes=True)
LINK: Final = Cap("cap-address", 8 * 1024, in_bytes=True)
BASE: Final = Cap("cap-base", 2 * 1024, in_bytes=True)
TITLE: Final = Cap("cap-title", 2_000)
AUTHOR: Final = Cap("cap-author", 1_000)
EPISODE: Final = Cap("cap-episode", 1_000)
TAG: Final = Cap("cap-tag", 1_000)
CONTENT: Final = Cap("cap-content", 1024 * 1024)
SUMMARY: Final = Cap("cap-summary", 64 * 1024)
DESCRIPTION: Final = Cap("cap-description", 4_000)
GENERATOR: Final = Cap("cap-generator", 1_000)
COMPLAINT: Final = Cap("cap-complaint", 1_000)
LANGUAGE: Final = Cap("cap-language", 100)
TYPE: Final = Cap("cap-type", 255)

ALL: Final = (
    ENTRIES, ENCLOSURES, MEDIA, TAGS, TRANSCRIPTS, PERSONS, PERSONS_OF_ALL, GUID, LINK, BASE, TITLE, AUTHOR, TAG,
    EPISODE, CONTENT, SUMMARY, DESCRIPTION, GENERATOR, COMPLAINT, LANGUAGE, TYPE,
)  # fmt: skip
"""Every cap, in the order in which the manual lists them."""

_EXPANDED: Final = 16 * CONTENT.limit
"""How many characters a content may have while it is cleaned, once every relative address in it is absolute."""

_END_TAGS: Final = 4096
"""How many characters a cut leaves free for the end tags of open elements, so that the result is not cut again."""


class CapTally:
    """A count, for one document, of the values that exceeded each cap."""

    def __init__(self) -> None:
        self._times: Counter[Cap] = Counter()

    def over(self, cap: Cap) -> None:
        """Count one more value that exceeded *cap*."""
        self._times[cap] += 1

    @property
    def count(self) -> int:
        """How many values have exceeded a cap."""
        return self._times.total()

    @property
    def notes(self) -> tuple[Message, ...]:
        """A message for each cap that was exceeded, in the order of `ALL`."""
        return tuple(say("capped", count=self._times[cap], cap=cap.message) for cap in ALL if self._times[cap])


EntryOrDraft = TypeVar("EntryOrDraft", Entry, ItemDraft)
_T = TypeVar("_T")


def bounded(entry: EntryOrDraft, tally: CapTally) -> EntryOrDraft:
    """Return *entry*, an entry or a draft, with its fields cut to their caps. Count in *tally* the values that exceeded
    them.

    The content is not cleaned here, only cut; `content` bounds the result of cleaning it.
    """
    if isinstance(entry, Entry):
        entry = _with_bounded_source(entry, tally)
    if _is_within(entry):
        return entry
    return replace(
        entry,
        guid=_guid(entry.guid, tally),
        link=_whole(entry.link, LINK, tally),
        title=_short(entry.title, TITLE, tally),
        author=_short(entry.author, AUTHOR, tally),
        content=_cut(entry.content, CONTENT, tally),
        summary=_cut(entry.summary, CONTENT, tally),
        tags=tuple(_short(tag, TAG, tally) for tag in _first(dict.fromkeys(entry.tags), TAGS, tally)),
        enclosures=tuple(_enclosure(each, tally) for each in _first(entry.enclosures, ENCLOSURES, tally)),
        media=tuple(_medium(each, tally) for each in _first(entry.media, MEDIA, tally)),
        language=_whole(entry.language, LANGUAGE, tally),
        base=_whole(entry.base, BASE, tally),
        episode=None if entry.episode is None else _episode(entry.episode, tally),
    )


def _with_bounded_source(entry: Entry, tally: CapTally) -> Entry:
    """Return *entry* with the caps applied to two fields that plugins may read, although no item keeps them: its source
    and its `summary_base`.
    """
    source = entry.source
    if source is not None and (len(source.title) > TITLE.limit or len(source.url) > _SHORT_ENOUGH):
        source = Source(_short(source.title, TITLE, tally), _whole(source.url, LINK, tally))
        entry = replace(entry, source=source)
    if len(entry.summary_base) > _SHORT_ENOUGH:
        entry = replace(entry, summary_base=_whole(entry.summary_base, BASE, tally))
    return entry


def _is_within(entry: Entry | ItemDraft) -> bool:
    """Return whether nothing in *entry* can exceed its cap: a quick check, which nearly all entries pass."""
    return (
        len(entry.title) <= TITLE.limit
        and len(entry.author) <= AUTHOR.limit
        and len(entry.content) <= CONTENT.limit
        and len(entry.summary) <= CONTENT.limit
        and len(entry.language) <= LANGUAGE.limit
        and len(entry.tags) <= TAGS.limit
        and len(entry.enclosures) <= ENCLOSURES.limit
        and len(entry.media) <= MEDIA.limit
        and (not entry.tags or max(map(len, entry.tags)) <= TAG.limit)
        and len(entry.guid) + len(entry.link) + len(entry.base) <= _SHORT_ENOUGH
        and entry.episode is None
        and (
            not entry.enclosures
            or all(len(each.url) <= _SHORT_ENOUGH and len(each.type) <= TYPE.limit for each in entry.enclosures)
        )
        and (
            not entry.media
            or all(
                len(each.url) + len(each.thumbnail) + len(each.player) <= _SHORT_ENOUGH
                and len(each.type) <= TYPE.limit
                and len(each.title) <= TITLE.limit
                and len(each.description) <= DESCRIPTION.limit
                for each in entry.media
            )
        )
    )


_SHORT_ENOUGH: Final = min(BASE.limit, LINK.limit, GUID.limit) // 4
"""How many characters several addresses may have together so that none of them can exceed its cap, even in UTF-8."""


def bounded_feed(feed: ParsedFeed, tally: CapTally) -> ParsedFeed:
    """Return *feed* with each field cut to its cap, and its entries bounded too."""
    kept = _latest(feed.entries, tally)
    flaw = feed.flaw
    if flaw is not None:
        flaw = replace(flaw, damaged=tuple(at - kept.start for at in flaw.damaged if kept.start <= at < kept.stop))
    return replace(
        feed,
        flaw=flaw,
        title=_short(feed.title, TITLE, tally),
        link=_whole(feed.link, LINK, tally),
        subtitle=_short(feed.subtitle, DESCRIPTION, tally),
        author=_short(feed.author, AUTHOR, tally),
        language=_whole(feed.language, LANGUAGE, tally),
        icon=_whole(feed.icon, LINK, tally),
        self_url=_whole(feed.self_url, LINK, tally),
        hub_url=_whole(feed.hub_url, LINK, tally),
        generator=_short(feed.generator, GENERATOR, tally),
        complaint=_short(feed.complaint, COMPLAINT, tally),
        entries=tuple(bounded(entry, tally) for entry in _with_few_persons(feed.entries[kept], tally)),
    )


def _with_few_persons(entries: Sequence[Entry], tally: CapTally) -> Sequence[Entry]:
    """Return *entries* with so few persons each that all together have at most PERSONS_OF_ALL. A short document can
    exceed that: each episode that names nobody has the persons of the whole podcast.
    """
    if sum(len(entry.episode.persons) for entry in entries if entry.episode) <= PERSONS_OF_ALL.limit:
        return entries
    tally.over(PERSONS_OF_ALL)
    most = PERSONS_OF_ALL.limit // len(entries)
    return [
        replace(entry, episode=replace(entry.episode, persons=entry.episode.persons[:most])) if entry.episode else entry
        for entry in entries
    ]


def content(source: str, base: str, clean: Callable[[str, int], Beginning], tally: CapTally) -> CleanHtml:
    """Return the HTML *source*, cleaned by *clean* and cut to the maximum length of a content.

    *clean* takes a fragment and the maximum length of its result, as `Sanitizer.beginning` does. Cleaning makes text
    longer: `&` becomes `&amp;`, and addresses become absolute (against *base*). So only a part of
    *source* is cleaned if all of it, or what it would become, is too long.
    """
    grown = _length_with_base(source, base)
    fits = len(source) <= CONTENT.limit and grown <= _EXPANDED
    if not fits:
        kept = CONTENT.limit - (_END_TAGS if "<" in source else 0)
        source = _before_markup(source, min(kept, len(source) * _EXPANDED // max(grown, 1)))
    cleaned = clean(source, CONTENT.limit)
    if not (fits and cleaned.whole):
        tally.over(CONTENT)
    return cleaned.clean


def _length_with_base(source: str, base: str) -> int:
    """Return how long the HTML *source* may become once *base* is put before each of its relative addresses."""
    grown = len(source) + (source.count("=") + source.count(",")) * len(base)
    if grown > _EXPANDED and "srcset" not in source.lower():  # only there a comma separates addresses
        grown -= source.count(",") * len(base)
    return grown


def text(value: str) -> str:
    """Return *value*, the plain text of a content, cut to the maximum length of a content."""
    return shorten(value, CONTENT.limit)


def start_of_summary(summary: str, tally: CapTally) -> str:
    """Return as much of the HTML *summary* as is read for the plain text that an item keeps. Count *summary* in *tally*
    if it is longer.
    """
    if len(summary) > SUMMARY.limit:
        tally.over(SUMMARY)
    return summary[: SUMMARY.limit]


def address(url: str, tally: CapTally | None = None) -> str:
    """Return *url*, which is absolute, or "" if it is too long for an address. In that case count it in *tally*."""
    return _whole(url, LINK, tally or CapTally())


def _latest(entries: Sequence[Entry], tally: CapTally) -> slice:
    """Return the slice of the latest of *entries*: the first ones, unless their dates show that the document lists the
    oldest first.
    """
    if len(entries) <= ENTRIES.limit:
        return slice(0, len(entries))
    tally.over(ENTRIES)
    dates = [date for entry in entries if (date := entry.published or entry.updated)]
    oldest_first = len(dates) > 1 and dates[0] < dates[-1]
    return slice(len(entries) - ENTRIES.limit, len(entries)) if oldest_first else slice(0, ENTRIES.limit)


def _guid(guid: str, tally: CapTally) -> str:
    if len(guid) * 4 <= GUID.limit:
        return guid
    formed = guid_form(scrub(guid).strip())
    if len(formed) < len(guid) and formed != scrub(guid).strip():
        tally.over(GUID)
        return formed
    return guid


def _short(value: str, cap: Cap, tally: CapTally) -> str:
    if len(value) <= cap.limit:
        return value
    tally.over(cap)
    return shorten(value, cap.limit)


def _cut(value: str, cap: Cap, tally: CapTally) -> str:
    if len(value) <= cap.limit:
        return value
    tally.over(cap)
    return _before_markup(value, cap.limit)


def _whole(value: str, cap: Cap, tally: CapTally) -> str:
    size = _size(value, cap.limit) if cap.in_bytes else len(value)
    if size <= cap.limit:
        return value
    tally.over(cap)
    return ""


def _size(value: str, limit: int) -> int:
    """Return the length of *value* in UTF-8, or in characters if there are more of them than *limit*."""
    return len(value) if len(value) > limit or value.isascii() else len(value.encode("utf-8", "surrogatepass"))


def _first(values: Iterable[_T], cap: Cap, tally: CapTally) -> Sequence[_T]:
    kept = tuple(values)
    if len(kept) <= cap.limit:
        return kept
    tally.over(cap)
    return kept[: cap.limit]


def _enclosure(enclosure: Enclosure, tally: CapTally) -> Enclosure:
    return replace(enclosure, url=_whole(enclosure.url, LINK, tally), type=_whole(enclosure.type, TYPE, tally))


def _medium(medium: Media, tally: CapTally) -> Media:
    return replace(
        medium,
        url=_whole(medium.url, LINK, tally),
        type=_whole(medium.type, TYPE, tally),
        thumbnail=_whole(medium.thumbnail, LINK, tally),
        player=_whole(medium.player, LINK, tally),
        title=_short(medium.title, TITLE, tally),
        description=_short(medium.description, DESCRIPTION, tally),
    )


def _episode(episode: Episode, tally: CapTally) -> Episode:
    return Episode(
        season=_short(episode.season, EPISODE, tally),
        season_name=_short(episode.season_name, EPISODE, tally),
        number=_short(episode.number, EPISODE, tally),
        number_name=_short(episode.number_name, EPISODE, tally),
        chapters=_whole(episode.chapters, LINK, tally),
        transcripts=tuple(
            replace(
                each,
                url=_whole(each.url, LINK, tally),
                type=_whole(each.type, TYPE, tally),
                language=_whole(each.language, LANGUAGE, tally),
            )
            for each in _first(episode.transcripts, TRANSCRIPTS, tally)
        ),
        persons=tuple(
            Person(
                _short(each.name, EPISODE, tally),
                _short(each.role, EPISODE, tally),
                _whole(each.url, LINK, tally),
                _whole(each.picture, LINK, tally),
            )
            for each in _first(episode.persons, PERSONS, tally)
        ),
    )


_LIKELY_TAG: Final = 64 * 1024
"""A "<" that is at most so many characters before the end may begin a tag that was cut."""
_LONGEST_REFERENCE: Final = 40


def _before_markup(source: str, length: int) -> str:
    """Return the first *length* characters of HTML, without an incomplete tag or entity at the end."""
    head = source[:length]
    last_tag = head.rfind("<")
    # A browser drops a tag that does not end, with all that follows. Far from the end, a "<" begins such a tag only if
    # a letter follows it: in "a < b", it is text.
    may_be_tag = last_tag >= length - _LIKELY_TAG or head[last_tag + 1 : last_tag + 2].isalpha()
    if last_tag > head.rfind(">") and may_be_tag:
        head = head[:last_tag]
    reference = head.rfind("&", max(0, len(head) - _LONGEST_REFERENCE))
    return head[:reference] if reference >= 0 and ";" not in head[reference:] else head
