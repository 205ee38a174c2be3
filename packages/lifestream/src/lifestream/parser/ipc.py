"""The protocol between a parser's child process and its parent: frames of JSON and bytes over a pipe.

Messages are JSON, not pickles: a hostile document may take over the parser in the child, and a pickle from there could
make the parent run anything. A frame is two lengths and the number of its parts, the JSON in UTF-8, the bytes, and the
parts. Each item or entry of a message is a part: two lengths, its JSON, and the long texts that belong in this JSON. As
strings of the JSON, these texts would be read and written character by character. A dataclass is sent as the list of
its fields. Each field's type is checked when the field is unpacked, so false data from a parser that was taken over
spoils only the result of its own document.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from struct import Struct
from types import UnionType
from typing import Any, BinaryIO, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.entry import (
    Enclosure,
    Entry,
    Episode,
    Flaw,
    Media,
    ParsedFeed,
    Person,
    Rhythm,
    Source,
    Transcript,
)
from lifestream.message import from_stored, stored
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.item_pipeline import PluginProblem, Prepared
from lifestream.plugins.reading_notes import Notes

MAX_FRAME: Final = 512 * 1024 * 1024
"""The maximum length of a frame that is read, in bytes: far more than the largest feed needs, and small enough for the
memory.
"""

_HEAD: Final = Struct(">III")
_LENGTHS: Final = Struct(">II")
_LONG: Final = 200
"""A text of a part that has at least this many characters is sent after the part's JSON."""


def send(pipe: BinaryIO, message: Any, data: bytes = b"") -> None:
    """Write a frame of *message* and *data*. Raises OSError if the other end no longer reads.

    The items or entries in a message follow it one by one, so that neither process holds the JSON of all of them at
    once.
    """
    message, parts = _divided(message)
    text = _text_of(message)
    pipe.write(_HEAD.pack(len(text), len(data), len(parts)) + text)
    if data:
        pipe.write(data)
    for part in parts:
        row = [*part]
        places, texts = [], []
        for place, value in enumerate(row):
            if isinstance(value, str) and len(value) >= _LONG:
                texts.append(value.encode("utf-8", "surrogatepass"))
                places.append([place, len(texts[-1])])
                row[place] = ""
        text = _text_of([row, places])
        pipe.write(_LENGTHS.pack(len(text), sum(map(len, texts))) + text)
        pipe.writelines(texts)
    pipe.flush()


def receive(pipe: BinaryIO) -> tuple[Any, bytes]:
    """Return the message and the data of the next frame. Raises EOFError at the end, ValueError for an invalid
    frame.
    """
    json_size, size, count = _HEAD.unpack(_exactly(pipe, _HEAD.size))
    remaining = MAX_FRAME - json_size - size - count * _LENGTHS.size
    if remaining < 0:
        raise ValueError(f"a frame of {json_size + size} bytes and {count} parts")
    message, data = _json(_exactly(pipe, json_size)), _exactly(pipe, size)
    parts = []
    for _ in range(count):
        json_size, size = _LENGTHS.unpack(_exactly(pipe, _LENGTHS.size))
        remaining -= json_size + size
        if remaining < 0:
            raise ValueError(f"a frame of more than {MAX_FRAME} bytes")
        parts.append(_part(_json(_exactly(pipe, json_size)), _exactly(pipe, size)))
    if parts:
        _join(message, parts)
    return message, data


def _json(written: bytes) -> Any:
    try:
        return json.loads(written)
    except RecursionError as error:
        raise ValueError("a frame of JSON that is nested too deep") from error


def _part(message: Any, texts: bytes) -> Any:
    """Return a part, with its long *texts* where they belong. Raises ValueError for an invalid one."""
    try:
        row, places = message
        position = 0
        for place, length in places:
            row[place] = texts[position : position + length].decode("utf-8", "surrogatepass")
            position += length
    except (TypeError, LookupError) as error:
        raise ValueError(f"a part whose texts have no place: {error}") from error
    return row


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _text_of(message: Any) -> bytes:
    # A lone surrogate is sent too: what a plugin receives, and what it returns, has not been cleaned.
    return _ENCODER.encode(message).encode("utf-8", "surrogatepass")


def _divided(message: Any) -> tuple[Any, list[Any]]:
    """Return *message* without its items or entries, and the list of these."""
    for name, place in _IN_PARTS.items():
        if isinstance(message, dict) and name in message:
            row = [*message[name]]
            parts, row[place] = row[place], []
            return {**message, name: row}, parts
    return message, []


def _join(message: Any, parts: list[Any]) -> None:
    """Put *parts* back into *message*. Raises ValueError if it has no place for them."""
    for name, place in _IN_PARTS.items():
        if isinstance(message, dict) and name in message:
            row = message[name]
            if isinstance(row, list) and place < len(row):
                row[place] = parts
                return
    raise ValueError(f"{len(parts)} parts of a message that can have none")


def _exactly(pipe: BinaryIO, length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


Value = TypeVar("Value")

NONSENSE: Final = (TypeError, ValueError, LookupError, AttributeError, OverflowError)
"""The exceptions that unpacking raises for data that `pack` has not made."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[Value]):
    """The two conversions of one kind of value: *pack* turns it into JSON values, *unpack* turns these back.

    *unpack* raises one of NONSENSE for data that *pack* has not made.
    """

    pack: Callable[[Value], Any]
    unpack: Callable[[Any], Value]


def record(kind: Callable[..., Value], **inner: Shape[Any]) -> Shape[Value]:
    """Return the shape of a dataclass, packed as the list of its fields. *inner* gives the shapes of those fields whose
    values JSON doesn't have. All others are sent as they are.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # a class, which mypy calls callable
    values = attrgetter(*names)
    places = [(names.index(name), shape) for name, shape in inner.items()]
    hints = get_type_hints(kind)
    plain = [(place, _types(hints[name])) for place, name in enumerate(names) if name not in inner]

    def pack(value: Value) -> list[Any]:
        row = list(values(value))
        for place, shape in places:
            row[place] = shape.pack(row[place])
        return row

    def unpack(row: list[Any]) -> Value:
        for place, shape in places:
            row[place] = shape.unpack(row[place])
        for place, types in plain:
            if not isinstance(row[place], types):
                raise TypeError(f"{names[place]} is {type(row[place]).__name__}")
        return kind(*row)

    return Shape(pack, unpack)


def _types(hint: Any) -> tuple[type, ...]:
    """Return the classes of which a value of the type *hint* is an instance."""
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return tuple(get_origin(part) or part for part in parts)


def many(shape: Shape[Value]) -> Shape[tuple[Value, ...]]:
    return Shape(lambda values: [*map(shape.pack, values)], lambda rows: tuple(map(shape.unpack, rows)))


def _optional(shape: Shape[Value]) -> Shape[Value | None]:
    return Shape(
        lambda value: None if value is None else shape.pack(value),
        lambda packed: None if packed is None else shape.unpack(packed),
    )


def _all_of(kind: type[Value]) -> Shape[tuple[Value, ...]]:
    """Return the shape of a tuple whose values are of *kind*, a type that JSON has."""

    def unpack(values: Any) -> tuple[Value, ...]:
        # A text is iterable too: its characters would pass for a list of texts.
        if isinstance(values, str) or not all(isinstance(value, kind) for value in values):
            raise TypeError(f"these are no list of {kind.__name__}: {str(values)[:100]}")
        return tuple(values)

    return Shape(list, unpack)


def _date(text: str) -> datetime:
    date = datetime.fromisoformat(text)
    if date.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return date


_DATE: Final = _optional(Shape(datetime.isoformat, _date))
NAMES: Final = _all_of(str)
MESSAGES: Final[Shape[tuple[str, ...]]] = Shape(
    lambda messages: [*map(stored, messages)], lambda texts: tuple(map(from_stored, NAMES.unpack(texts)))
)
_NUMBERS: Final = _all_of(int)
_SET: Final[Shape[frozenset[Any]]] = Shape(sorted, frozenset)
_SET_OF_NUMBERS: Final[Shape[frozenset[int]]] = Shape(sorted, lambda values: frozenset(_NUMBERS.unpack(values)))
_SHARED_FIELDS: Final[dict[str, Shape[Any]]] = {
    "published": _DATE,
    "updated": _DATE,
    "tags": NAMES,
    "enclosures": many(record(Enclosure)),
    "media": many(record(Media)),
    "episode": _optional(record(Episode, transcripts=many(record(Transcript)), persons=many(record(Person)))),
}
"""The shapes of the fields that `Entry` and `ItemDraft` share."""
FEED: Final = record(
    ParsedFeed,
    flaw=_optional(record(Flaw, damaged=_NUMBERS)),
    rhythm=record(Rhythm, skip_hours=_SET_OF_NUMBERS, skip_days=_SET_OF_NUMBERS),
    entries=many(record(Entry, source=_optional(record(Source)), **_SHARED_FIELDS)),
)
_DATED: Final[Shape[dict[datetime, tuple[str, str]]]] = Shape(
    lambda dates: [[date.isoformat(), *text_and_form] for date, text_and_form in dates.items()],
    lambda rows: {_date(date): (text, form) for date, text, form in map(NAMES.unpack, rows)},
)
_NOTES: Final = record(
    Notes,
    dates=_DATED,
    undated=Shape(list, lambda names: [*NAMES.unpack(names)]),
    removed=Shape(lambda removed: [*map(list, removed)], lambda rows: [*map(NAMES.unpack, rows)]),
)
PREPARED: Final = record(
    Prepared,
    feed=FEED,
    items=many(record(ItemDraft, **_SHARED_FIELDS)),
    problems=many(record(PluginProblem)),
    damaged=_NUMBERS,
    capped=MESSAGES,
    notes=_optional(_NOTES),
    digests=NAMES,
    known=_NUMBERS,
)
_IN_PARTS: Final = {
    "prepared": [field.name for field in fields(Prepared)].index("items"),
    "clean": [field.name for field in fields(Prepared)].index("items"),
    "feed": [field.name for field in fields(ParsedFeed)].index("entries"),
}
"""The values of a message of which one field is sent in parts: the name of the value, and the index of the field."""

RULES: Final = record(
    SanitizerRules,
    tags=Shape(
        lambda tags: {tag: sorted(names) for tag, names in tags.items()},
        lambda tags: {tag: frozenset(names) for tag, names in tags.items()},
    ),
    styles=_SET,
    url_schemes=_SET,
)
