"""Checks of the drafts that a plugin's hooks return: values have the declared types, and a size that can be sent to the
process that cleans them. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import astuple, fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from types import NoneType
from typing import Final, TypeAlias, TypeVar

from lifestream.content.plaintext import shorten
from lifestream.entry import Enclosure, Episode, Media, Person, Transcript
from lifestream.plugins.base import ItemDraft

MAX_TEXT: Final = 8 * 1024 * 1024
"""The maximum length of a text that a hook leaves in a draft, in characters."""
MAX_TOTAL: Final = 8 * MAX_TEXT
"""The maximum length of all texts that hooks leave in the drafts of one document, in characters."""
MAX_NUMBER: Final = 2**53
"""Numbers that a hook leaves in a draft must be less than this: JSON holds whole numbers exactly up to here (RFC 8259,
section 6).
"""
LONGEST_ERROR: Final = 1_000
"""How many characters of an exception's type and message are kept: a plugin may quote a whole entry in the message."""


def checked_draft(draft: ItemDraft) -> ItemDraft:
    """Return *draft* in a form that can be sent to the process that cleans it, without its card, which is made after
    cleaning.

    Raises TypeError or ValueError naming the field that can't be sent: a value of the wrong type, a text longer than
    `MAX_TEXT` characters, a number below 0 or not below `MAX_NUMBER`, a date that doesn't exist in UTC.
    """
    draft = ItemDraft(*_VALUES(draft))  # a copy; `replace` would take three times as long
    draft.tags = _listed("tags", draft.tags)
    draft.enclosures = _listed("enclosures", draft.enclosures)
    draft.media = _listed("media", draft.media)
    draft.card = {}
    _check_fields("", ItemDraft, draft, {"tags", "enclosures", "media"})
    if draft.episode is not None:
        draft.episode = _checked_episode(draft.episode)
    draft.published = _in_utc("published", draft.published)
    draft.updated = _in_utc("updated", draft.updated)
    for tag in draft.tags:
        _check("a tag", tag, str)
    for enclosure in draft.enclosures:
        _check("an enclosure", enclosure, Enclosure)
        _check_fields("an enclosure's ", Enclosure, enclosure)
    for medium in draft.media:
        _check("a medium", medium, Media)
        _check_fields("a medium's ", Media, medium)
    return draft


_VALUES: Final = attrgetter(*(field.name for field in fields(ItemDraft)))
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "published": (datetime, NoneType),
    "updated": (datetime, NoneType),
    "length": (int, NoneType),
    "duration": (int, NoneType),
    "card": (dict,),
    "episode": (Episode, NoneType),
    "captions": (bool,),
}
"""The types of those fields of a draft that are neither text nor lists."""
_Typed: TypeAlias = tuple[str, tuple[type, ...]]
"""The name of a field, and its types."""
_Value = TypeVar("_Value")


def size_within_total(draft: ItemDraft, before: int) -> int:
    """Return how many characters *draft* has; the drafts before it in its document have *before* characters.

    Raises ValueError if they are more than `MAX_TOTAL` together.
    """
    size = sum(map(len, _texts_of_draft(draft))) + sum(map(len, draft.tags))
    if draft.enclosures:
        size += sum(len(each.url) + len(each.type) for each in draft.enclosures)
    if draft.media:
        size += sum(len(text) for each in draft.media for text in astuple(each) if isinstance(text, str))
    if draft.episode is not None:
        size += sum(map(len, _texts_of(draft.episode)))
    if before + size > MAX_TOTAL:
        raise ValueError(f"the entries so far have {before + size} characters; at most {MAX_TOTAL} are cleaned")
    return size


_texts_of_draft = attrgetter("guid", "link", "title", "author", "content", "text", "summary", "language", "base")


def _checked_episode(episode: Episode) -> Episode:
    episode = replace(
        episode,
        transcripts=_listed("an episode's transcripts", episode.transcripts),
        persons=_listed("an episode's persons", episode.persons),
    )
    _check_fields("an episode's ", Episode, episode, {"transcripts", "persons"})
    for transcript in episode.transcripts:
        _check("a transcript", transcript, Transcript)
        _check_fields("a transcript's ", Transcript, transcript)
    for person in episode.persons:
        _check("a person", person, Person)
        _check_fields("a person's ", Person, person)
    return episode


def _listed(what: str, values: Iterable[_Value]) -> tuple[_Value, ...]:
    """Return *values* as a tuple. Raises TypeError naming *what* if they are a text, or can't be iterated over."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{what} is {type(values).__name__}, not tuple")
    return tuple(values)


def _texts_of(episode: Episode) -> Iterator[str]:
    for value in astuple(episode):
        for part in value if isinstance(value, tuple) else (value,):
            yield from (text for text in (part if isinstance(part, tuple) else (part,)) if isinstance(text, str))


def _check_fields(of: str, kind: type, value: object, done: Collection[str] = ()) -> None:
    """Check those fields of *value* that the class *kind* has: *value* may be of a derived class, with more fields.
    *of* stands before the name of a field in an error; *done* are the names of fields that are checked elsewhere.
    """
    checked, values_of = _FIELDS[kind]
    for (name, types), found in zip(checked, values_of(value), strict=True):
        if type(found) is str and types is _TEXT and len(found) <= MAX_TEXT:
            continue  # nearly all fields need only this cheap check
        if name not in done:
            _check(f"{of}{name}", found, *types)


_TEXT: Final = (str,)
_FIELDS: Final[dict[type, tuple[list[_Typed], Callable[[object], tuple[object, ...]]]]] = {
    kind: (
        [(field.name, _TYPES.get(field.name, _TEXT)) for field in fields(kind)],
        attrgetter(*(field.name for field in fields(kind))),
    )
    for kind in (ItemDraft, Enclosure, Media, Episode, Transcript, Person)
}


def _in_utc(what: str, date: datetime | None) -> datetime | None:
    """Return *date* in UTC. A date without a zone is taken to be in UTC. Raises ValueError if UTC has no such date, or
    if the zone raises an error.
    """
    if date is None or date.tzinfo is UTC:
        return date
    try:
        if date.utcoffset() is None:
            return date.replace(tzinfo=UTC)
        return date.astimezone(UTC)
    except Exception as error:  # a zone may be of any class
        raise ValueError(f"{what} can't be converted to UTC: {said_by(error)}") from error


def _check(what: str, value: object, *kinds: type) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join("None" if kind is NoneType else kind.__name__ for kind in kinds)
        raise TypeError(f"{what} is {type(value).__name__}, not {wanted}")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ValueError(f"{what} has {len(value)} characters; at most {MAX_TEXT} are cleaned")
    if isinstance(value, int) and not 0 <= value < MAX_NUMBER:
        raise ValueError(f"{what} is {'negative' if value < 0 else f'{MAX_NUMBER} or more'}")


def said_by(error: BaseException) -> str:
    """Return the type and the message of *error*, in at most `LONGEST_ERROR` characters."""
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001  a plugin may have written the method that returns the message
        message = "it can't say why"
    return shorten(f"{type(error).__name__}: {message[:MAX_TEXT]}", LONGEST_ERROR)
