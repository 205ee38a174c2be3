"""The content of a feed document as values: no ORM, no parser, no I/O.

Every value comes from the feed, and is untrusted until `plugins.draft_cleaning` has cleaned it. Missing text is "", a
missing date is None; dates are aware and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that belongs to an entry: audio, video, a document. *length* is in bytes, *duration* in seconds."""

    url: str
    type: str = ""
    length: int | None = None
    duration: int | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, sound, video or document shown with an entry (Media RSS): *url* is its file, *player* a page that
    plays it, *thumbnail* a picture of it. *length* is in bytes, *duration* in seconds.
    """

    url: str = ""
    type: str = ""
    thumbnail: str = ""
    player: str = ""
    title: str = ""
    description: str = ""
    length: int | None = None
    duration: int | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of an episode, in the file *url* of the media type *type*. *captions* is True if they have times."""

    url: str
    type: str = ""
    language: str = ""
    captions: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part in an episode. *role* is "host" unless the feed names another role; *url* is their page,
    *picture* their portrait.
    """

    name: str
    role: str = "host"
    url: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """What a podcast says about an entry besides its audio (Podcasting 2.0, and the tags of iTunes).

    *season* and *number* are as written, since episodes may be numbered 3.5; *season_name* and *number_name* are shown
    in their place. *chapters* is the address of a list of chapters.
    """

    season: str = ""
    season_name: str = ""
    number: str = ""
    number_name: str = ""
    chapters: str = ""
    transcripts: tuple[Transcript, ...] = ()
    persons: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """The feed from which a planet or a link blog took an entry: its *title* and its *url*."""

    title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed.

    *guid* is the entry's own id as the document spells it, without the spaces around it. *link* and all other addresses
    are absolute if they could be resolved. *content* and *summary* are HTML, in which addresses may still be relative
    to *base*; *title* and *author* are plain text with entities resolved once.

    *based* is True if an `xml:base` set *base*; otherwise *base* is the entry's link, the feed's link or the document's
    address (see `parser.relative_addresses`). *summary_base* is the address that addresses in the summary are relative
    to, if it is not *base*.
    """

    guid: str = ""
    link: str = ""
    title: str = ""
    author: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    content: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    media: tuple[Media, ...] = ()
    language: str = ""
    base: str = ""
    based: bool = False
    summary_base: str = ""
    source: Source | None = None
    episode: Episode | None = None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How seldom a feed asks to be fetched.

    *ttl* and *update_interval* (`sy:updatePeriod` divided by `sy:updateFrequency`) are the shortest times between two
    fetches, in seconds. The feed is not to be fetched in *skip_hours* (hours of the day in UTC, 0 to 23) and on
    *skip_days* (0 for Monday to 6 for Sunday).
    """

    ttl: int | None = None
    update_interval: int | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where a document stops being well-formed (XML 1.0, section 2.1), and what is wrong there.

    *line* and *column* count from 1, in characters of the document as it was received. *mended* is True if there was
    only one way to understand that place, so that nothing of the document is lost. Otherwise, the entries at the
    positions *damaged* were read as far as possible and may be incomplete; the others are well-formed from their start
    to their end.
    """

    message: str
    line: int
    column: int
    mended: bool = False
    damaged: tuple[int, ...] = ()

    def __str__(self) -> str:
        mended = MENDED if self.mended else ""
        return f"not well-formed at line {self.line}, column {self.column}: {self.message}{mended}"


MENDED: Final = " (mended: nothing of the document is lost)"
"""How the text of a flaw ends if it was mended."""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """One feed document.

    *format* is the parser's name of its format ("rss20", "atom10", "json11", …). *complaint* says what was wrong with
    the document, or is "". *flaw* is the place where the document is ill-formed, or None. *self_url* and *hub_url* come
    from links in the document, *generator* is the program that wrote it.
    """

    title: str = ""
    link: str = ""
    subtitle: str = ""
    author: str = ""
    language: str = ""
    icon: str = ""
    self_url: str = ""
    hub_url: str = ""
    generator: str = ""
    format: str = ""
    encoding: str = ""
    complaint: str = ""
    flaw: Flaw | None = None
    rhythm: Rhythm = Rhythm()
    entries: tuple[Entry, ...] = ()

    @property
    def well_formed(self) -> bool:
        """Whether the document is well-formed XML, or JSON."""
        return self.flaw is None

    @property
    def is_complete(self) -> bool:
        """Whether the whole content of the document was read: it is well-formed, or could be mended."""
        return self.flaw is None or self.flaw.mended
