"""Checks of the fields of dataclasses against their annotations, for values that tests make.

A field that is annotated `int | None` takes whole numbers and None; the message for other values says so. `True` is no
number, a single text is no sequence, and each item of a tuple is checked. A form of annotation that is not known here
accepts every value.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime as dt
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from feedserver.messages.argument_types import named

_WORDS: dict[object, str] = {
    str: "text",
    bytes: "bytes",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    NoneType: "None",
    dt.datetime: "a datetime with its time zone",
}


def check_fields(instance: object) -> None:
    """Check the fields of a dataclass: for the first value that is not allowed, raise what `check_fits` raises."""
    kind: type = type(instance)
    for name, hint, obvious, choices in _fields_of(kind):
        value = getattr(instance, name)
        if type(value) not in obvious and not (type(value) is str and value in choices):
            check_fits(f"{kind.__name__}({name}=…)", value, hint)


def check_fits(what: str, value: object, hint: object) -> None:
    """Raise TypeError where *hint* does not allow *value*; the message begins with *what*.

    Raises ValueError instead for text, where *hint* allows certain texts.
    """
    if not fits(value, hint):
        kind = ValueError if isinstance(value, str) and _allowed_at_once(hint)[1] else TypeError
        raise kind(f"{what} is {named(value)}; give {in_words(hint)}")


def fits(value: object, hint: Any) -> bool:
    """Return whether the annotation *hint* allows *value*."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in arguments)
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in arguments)
    if origin is tuple and arguments[-1:] == (...,):
        return isinstance(value, tuple) and all(fits(item, arguments[0]) for item in value)
    if origin is collections.abc.Callable:
        return callable(value)
    if origin in (collections.abc.Sequence, collections.abc.Iterable):
        return isinstance(value, origin) and not isinstance(value, str | bytes)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    try:
        return isinstance(value, hint) if isinstance(hint, type) else True
    except TypeError:  # `Any`, a protocol or a `TypedDict`: a class that no value can be compared with
        return True


def in_words(hint: Any) -> str:
    """Return a description of the values that the annotation *hint* allows, for a message."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(in_words, arguments)))
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if origin is collections.abc.Callable:
        return "a function"
    if origin is tuple or origin in (collections.abc.Sequence, collections.abc.Iterable):
        return f"a {'tuple' if origin is tuple else 'list'} of which each is {in_words(arguments[0])}"
    return _WORDS.get(hint, f"a {getattr(hint, '__name__', hint)}")


@lru_cache(maxsize=256)
def _fields_of(kind: type) -> tuple[tuple[str, object, frozenset[type], frozenset[str]], ...]:
    """Return the fields of a dataclass: the name, the annotation, and what `_allowed_at_once` returns for it.

    For a class whose annotations cannot be read, return no fields: their values are not checked.
    """
    try:
        hints = get_type_hints(kind)
    except Exception:  # noqa: BLE001 - names that only its author's type checker knows
        hints = {}
    return tuple(
        (field.name, hints[field.name], *_allowed_at_once(hints[field.name]))
        for field in dataclasses.fields(kind)
        if field.name in hints
    )


def _allowed_at_once(hint: Any) -> tuple[frozenset[type], frozenset[str]]:
    """Return the types of which *hint* allows every value, and the texts that its `Literal`s list.

    `check_fields` needs no other check for such a value, and so stays fast: it runs for each request.
    """
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    types = {each for each in parts if isinstance(each, type) and get_origin(each) is None}
    texts = {text for each in parts if get_origin(each) is Literal for text in get_args(each) if isinstance(text, str)}
    return frozenset(types | {int} if float in types else types), frozenset(texts)
