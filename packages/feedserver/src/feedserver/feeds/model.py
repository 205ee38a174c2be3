"""The content of a feed, independent of any format: frozen values from which every format is written.

A field that is not given is not written, so a feed without dates has none in any format. There are three exceptions:
the id of a feed or an entry, in formats that require one (see `identity`), the date of the last change in Atom, for
which another date is used, and the type and length of an enclosure, which have defaults. A date may be a `str`, which
is written as it is, so that a test can have a wrong date. In a format without types of text, such as RSS, text is
written as it is given.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from feedserver.messages.field_types import check_fields, check_fits, fits

if TYPE_CHECKING:
    from typing import Unpack

    from feedserver.feeds.rendering import FormatName, RenderOptions
    from feedserver.messages.response import Response

Date: TypeAlias = datetime | str
"""A moment with its time zone, or text that is written as it is."""


@dataclass(frozen=True, slots=True)
class Text:
    """A *value* with the *type* that Atom gives it (RFC 4287 §3.1.1): "text", "html" or "xhtml".

    The value of "xhtml" is a well-formed fragment of XHTML.
    """

    value: str
    type: Literal["text", "html", "xhtml"] = "text"

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Person:
    """An author or owner: a *name*, an optional *email* address and an optional *uri* of a page."""

    name: str
    email: str | None = None
    uri: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Category:
    """A tag: its *term*, the *scheme* (a URI) that it belongs to, and a *label* for people."""

    term: str
    scheme: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that belongs to an entry.

    *length* is in bytes, *duration* in seconds. Only Atom 1.0 and JSON Feed have a *title* for it, and only
    JSON Feed a *duration*.
    """

    url: str
    type: str = "application/octet-stream"
    length: int = 0
    title: str | None = None
    duration: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture: `media:thumbnail` of Media RSS. Sizes are in pixels."""

    url: str
    width: int | None = None
    height: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, sound or film: `media:content` of Media RSS. *length* is in bytes, *duration* in seconds."""

    url: str
    type: str | None = None
    medium: str | None = None
    length: int | None = None
    duration: int | None = None
    width: int | None = None
    height: int | None = None
    title: str | None = None
    description: str | None = None
    thumbnails: Sequence[Thumbnail] = ()

    def __post_init__(self) -> None:
        _freeze(self, "thumbnails", Thumbnail)
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What the iTunes module says of an entry. *duration* is in seconds, or text such as "1:02:03"."""

    title: str | None = None
    author: str | None = None
    subtitle: str | None = None
    summary: str | None = None
    duration: int | str | None = None
    explicit: bool | None = None
    episode: int | None = None
    season: int | None = None
    type: Literal["full", "trailer", "bonus"] | None = None
    image: str | None = None
    block: bool | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Podcast:
    """What the iTunes module says of a feed. A category is a tuple: its name, and optionally that of a subcategory."""

    author: str | None = None
    owner: Person | None = None
    subtitle: str | None = None
    summary: str | None = None
    image: str | None = None
    categories: Sequence[tuple[str, ...]] = ()
    explicit: bool | None = None
    type: Literal["episodic", "serial"] | None = None
    block: bool | None = None
    complete: bool | None = None
    new_feed_url: str | None = None

    def __post_init__(self) -> None:
        _freeze(self, "categories", tuple)
        for category in self.categories:
            check_fits("each of Podcast(categories=[…])", category, tuple[str, ...])
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed.

    A `str` is plain text in *title* and *rights*, and HTML in *summary* and *content*; a `Text` states its type. *link*
    is the page of the entry, *comments* the page of its discussion, *image* the URL of a picture of it.

    Raises ValueError for a date without time zone, and TypeError for a value of a wrong type, in a sequence too.
    """

    title: str | Text | None = None
    link: str | None = None
    id: str | None = None
    summary: str | Text | None = None
    content: str | Text | None = None
    published: Date | None = None
    updated: Date | None = None
    authors: Sequence[Person] = ()
    categories: Sequence[Category] = ()
    enclosures: Sequence[Enclosure] = ()
    media: Sequence[Media] = ()
    episode: Episode | None = None
    image: str | None = None
    comments: str | None = None
    rights: str | Text | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        _freeze(self, "authors", Person)
        _freeze(self, "categories", Category)
        _freeze(self, "enclosures", Enclosure)
        _freeze(self, "media", Media)
        _check_dates(self, "published", "updated")
        check_fields(self)

    @property
    def identity(self) -> str:
        """The id, else the link, else a URN that is derived from title and dates, and is the same each time.

        Formats that require an id (Atom, RDF, JSON Feed) have this one, and `LiveFeed` finds an entry by it.
        """
        return self.id or self.link or _urn(text_of(self.title).value, self.published, self.updated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed and its *entries*, in the order in which they are written.

    A `str` is plain text in *title*, *subtitle* and *rights*; a `Text` states its type. *link* is the page of the site,
    *url* the address of the feed itself, *next_url* that of its next page (RFC 5005), *hubs* those of its WebSub hubs.
    *image* and *icon* are URLs of a large and a small picture.

    These say how often a client should ask: *ttl* in minutes; *skip_hours* (0 to 23) and *skip_days* (English names);
    *update_period* ("hourly", "daily", …) with *update_frequency*.

    Raises ValueError for a date without time zone, and TypeError for a value of a wrong type, in a sequence too.
    """

    title: str | Text | None = None
    entries: Sequence[Entry] = ()
    link: str | None = None
    id: str | None = None
    subtitle: str | Text | None = None
    url: str | None = None
    next_url: str | None = None
    hubs: Sequence[str] = ()
    authors: Sequence[Person] = ()
    categories: Sequence[Category] = ()
    published: Date | None = None
    updated: Date | None = None
    language: str | None = None
    rights: str | Text | None = None
    generator: str | None = None
    image: str | None = None
    icon: str | None = None
    ttl: int | None = None
    skip_hours: Sequence[int] = ()
    skip_days: Sequence[str] = ()
    update_period: str | None = None
    update_frequency: int | None = None
    podcast: Podcast | None = None

    def __post_init__(self) -> None:
        _freeze(self, "entries", Entry)
        _freeze(self, "hubs", str)
        _freeze(self, "authors", Person)
        _freeze(self, "categories", Category)
        _freeze(self, "skip_hours", int)
        _freeze(self, "skip_days", str)
        _check_dates(self, "published", "updated")
        check_fields(self)

    @property
    def identity(self) -> str:
        """The id, else the address of the feed, else that of its site, else a URN that is derived from its title."""
        return self.id or self.url or self.link or _urn(text_of(self.title).value)

    @property
    def newest(self) -> datetime | None:
        """The newest date in the feed, or None if there is none. Dates that are text are ignored."""
        return max(self._dates(), default=None)

    def _dates(self) -> Iterator[datetime]:
        dates = [self.published, self.updated]
        for entry in self.entries:
            dates += [entry.published, entry.updated]
        yield from (date for date in dates if isinstance(date, datetime))

    def render(self, format: FormatName = "rss", **options: Unpack[RenderOptions]) -> Response:  # noqa: A002 - as usual
        """Return a response with the feed as a document: "rss" (2.0), "atom" (1.0), "rdf" (RSS 1.0), "json" (JSON Feed
        1.1), "rss091" or "atom03".

        The options are those of `feedserver.feeds.RenderOptions`. Raises TypeError for an unknown option and for one of
        a wrong type; ValueError for an unknown format or encoding, for a character that the format cannot contain, and
        in Atom for text of the type "xhtml" that is not well-formed.
        """
        from feedserver.feeds.rendering import render  # Imported here, since the formats import this module.

        return render(self, format, **options)


def text_of(value: str | Text | None, type: Literal["text", "html"] = "text") -> Text:  # noqa: A002 - Atom's word
    """Return *value* as a `Text`. A `str` gets *type*, the type of its field; None becomes an empty text."""
    if isinstance(value, Text):
        return value
    return Text(value or "", type)


def _urn(*parts: object) -> str:
    name = "\n".join(str(part) for part in parts).encode("ascii", "backslashreplace").decode("ascii")
    return uuid.uuid5(uuid.NAMESPACE_URL, name).urn


def _freeze(owner: object, name: str, kind: type) -> None:
    """Turn the sequence in the field *name* into a tuple. Raises TypeError unless each value in it is of *kind*."""
    given = getattr(owner, name)
    is_single = isinstance(given, str) or not isinstance(given, Iterable)
    values = () if is_single else tuple(given)  # Read only once: it may be a generator.
    wrong = [given] if is_single else [value for value in values if not fits(value, kind)]
    if wrong:
        field = f"{type(owner).__name__}({name}=[…])"
        raise TypeError(f"{field} takes a sequence of {kind.__name__}, not {wrong[0] if is_single else wrong!r}")
    object.__setattr__(owner, name, values)


def _check_dates(owner: object, *names: str) -> None:
    for name in names:
        date = getattr(owner, name)
        if not isinstance(date, datetime | str | None):
            wanted = "a datetime with its time zone, or text that is written as it is"
            raise TypeError(f"{type(owner).__name__}({name}=…) takes {wanted}, not {date!r}")
        if isinstance(date, datetime) and date.utcoffset() is None:
            example = date.replace(tzinfo=UTC)
            raise ValueError(f"{name}={date!r} has no time zone; say which one is meant, as in {example!r}")
