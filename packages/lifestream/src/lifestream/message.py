"""Messages to people: each is the code of a sentence, and the values in it.

    say("feed-publishes", often=Gap(302400.0), wait=Duration(43200.0))

Code that has something to tell people creates such a message; the database stores its code and values; and `wording`
turns it into a sentence when somebody reads it, in that reader's language. So a reason that a worker stored once is
read in German by one reader and in English by another. `sentences` has the sentence of each code.

A `Message` is text, too: the English sentence, for logs and tracebacks. Other text, such as a server's own words or
text that older versions have stored, is neither translated nor stored in another form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Self, TypeAlias

from lifestream.sentences import SENTENCES, Counted
from lifestream.time_words import ENGLISH, Language, how_often, in_words

_START: Final = '{"say":'
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)  # json.dumps would make one for each message
_DEEPEST: Final = 8  # how deep the values of a message may nest, when it is read from the database


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, which is worded as "1 hour 30 minutes"."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Gap:
    """The time between two events in *seconds*, which is worded as "twice a week"."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number that may be large. It is worded with its thousands apart: "2,000", or "2.000" in German."""

    value: int


Value: TypeAlias = "str | int | float | Duration | Gap | Number | tuple[str, ...]"
"""What a message may contain: text, which may be another message, numbers, times; or several texts."""


class Message(str):
    """A sentence as its *code* and *values*; as text, it is in English.

    The attribute *stored* keeps the result of the function `stored`, since the reason for a fetch is stored three
    times; it is "" before the first call.
    """

    code: str
    values: Mapping[str, Value]
    stored: str
    __slots__ = ("code", "stored", "values")

    def __new__(cls, code: str, values: Mapping[str, Value]) -> Self:
        self = super().__new__(cls, _worded(code, values, ENGLISH))
        self.code, self.values, self.stored = code, values, ""
        return self

    def __str__(self) -> str:
        # `str` returns this very object, so `str(error)` of an exception is still the message.
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Message, (self.code, self.values)


def say(code: str, /, **values: Value) -> Message:
    """Return the message with this *code*, one of `SENTENCES`, and the *values* that its sentence names."""
    # Messages whose values are all times are cached, since many feeds have equal ones. Messages with texts are not: a
    # text that is a message compares as its English sentence, so the cache could return one with other values.
    shared = all(type(value) in _TIMES for value in values.values())
    return _shared(code, **values) if shared else Message(code, values)


_TIMES: Final = (Duration, Gap)


@lru_cache(256)
def _shared(code: str, /, **values: Value) -> Message:
    return Message(code, values)


def in_language(text: str, language: Language) -> str:
    """Return *text* in *language* if it is a message, otherwise unchanged."""
    return _worded(text.code, text.values, language) if isinstance(text, Message) else text


def joined(parts: Iterable[str]) -> str:
    """Return *parts*, without those that are empty, as one text or message with semicolons between them."""
    texts = tuple(filter(None, parts))
    if len(texts) < 2:
        return texts[0] if texts else ""
    if not any(isinstance(text, Message) for text in texts):
        return "; ".join(texts)
    return say("several", parts=texts)


def edited(text: str, edit: Any) -> str:
    """Return *text* as changed by *edit*, a function that takes and returns text; of a message, the texts in it are
    changed.
    """
    if not isinstance(text, Message):
        return str(edit(text))
    return Message(text.code, {name: _edited(value, edit) for name, value in text.values.items()})


def _edited(value: Value, edit: Any) -> Value:
    if isinstance(value, tuple):
        return tuple(edited(part, edit) for part in value)
    return edited(value, edit) if isinstance(value, str) else value


def stored(text: str) -> str:
    """Return *text* as the database stores it: a message as JSON, any other text unchanged."""
    if not isinstance(text, Message):
        return text
    if not text.stored:
        text.stored = _ENCODER.encode(_as_json(text))
    return text.stored


def from_stored(text: str) -> str:
    """Return the message that `stored` has turned into *text*. Any text that is no message known to this version is
    returned unchanged.
    """
    if not text.startswith(_START):
        return text
    try:
        found = _from_json(json.loads(text), _DEEPEST)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError):
        return text
    return found if isinstance(found, str) else text


def _as_json(value: Value) -> Any:
    match value:
        case Message(code=code, values=values):
            return {"say": code, **{name: _as_json(each) for name, each in values.items()}}
        case Duration(seconds):
            return {"seconds": seconds}
        case Gap(seconds):
            return {"gap": seconds}
        case Number(number):
            return {"number": number}
        case tuple():
            return [_as_json(part) for part in value]
        case _:
            return value


def _from_json(value: Any, depth: int) -> Value:
    if not depth:
        raise ValueError("messages in messages are nested too deeply")
    match value:
        case {"say": str(code), **values}:
            return Message(code, {str(name): _from_json(each, depth - 1) for name, each in values.items()})
        case {"seconds": int() | float() as seconds}:
            return Duration(float(seconds))
        case {"gap": int() | float() as seconds}:
            return Gap(float(seconds))
        case {"number": int(number)}:
            return Number(number)
        case list():
            return tuple(str(_from_json(part, depth - 1)) for part in value)
        case str() | int() | float():
            return value
        case _:
            raise TypeError(f"{type(value).__name__} cannot be a value of a message")


def _worded(code: str, values: Mapping[str, Value], language: Language) -> str:
    sentence = SENTENCES[code]
    if isinstance(sentence, Counted):
        count = values["count"]
        text = language.ngettext(sentence.one, sentence.many, count if isinstance(count, int) else 0)
    else:
        text = language.gettext(sentence)
    return text.format_map({name: _value_in_words(value, language) for name, value in values.items()})


def _value_in_words(value: Value, language: Language) -> str:
    match value:
        case Duration(seconds):
            return in_words(seconds, language)
        case Gap(seconds):
            return how_often(seconds, language)
        case Number(number):
            return language.number(number)
        case tuple():
            return "; ".join(in_language(part, language) for part in value)
        case str():
            return in_language(value, language)
        case _:
            return str(value)
