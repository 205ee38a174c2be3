"""Checks of arguments at the call that passes them: the error shows the test's own line, not one in the server.

Each message names the bad argument and what to write in its place.
"""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final

MOST_DIGITS: Final = 18
"""The most digits of a whole number: far more than anything needs, and few enough to fit into 64 bits."""

MOST_SECONDS: Final = 10**9
"""The longest timeout: 30 years, since locks and sockets refuse one of 300 years."""


def why_no_body(body: object) -> str:
    """Return a message for a *body* that no Response can have, with the remedy."""
    return f"a Response has a body of bytes or text, not {named(body)}; {_remedy_for_body(body)}"


def _remedy_for_body(body: object) -> str:
    if body is None:
        return "leave the body out for an empty one"
    if isinstance(body, os.PathLike):
        return "give path.read_bytes(), or server.fixture(name) for the response that a file of the server describes"
    if isinstance(body, bool | int | float):
        return f"give text, such as '{shown(body)}'"
    if isinstance(body, list | tuple) and body and all(isinstance(part, bytes | bytearray) for part in body):
        return "give b''.join(…)"
    if isinstance(body, dict | list | tuple):
        return "give json.dumps(…)"
    for method, remedy in (
        ("render", "give what its method render returns"),
        ("with_headers", "that is a Response already"),
        ("read", "give what its method read returns"),
        ("__await__", "await it, and give what it returns"),
    ):
        if hasattr(body, method):
            return remedy
    if isinstance(body, Iterator | AsyncIterator):  # after those with a method: a file is an iterator, too
        return (
            "a Response is used again for each request, so give the generator function itself, without calling it, or "
            "bytes, such as b''.join(…)"
        )
    if callable(body):
        return "give a function that yields the parts of the body, or pass a function that returns a Response to add()"
    return "give its bytes"


def check_status(status: object) -> None:
    """Raise TypeError for a *status* that is no int, and ValueError for one that no status line can have."""
    if isinstance(status, bool) or not isinstance(status, int):
        remedy = f", such as {status}" if isinstance(status, str) and status.isdecimal() else ", such as 200"
        raise TypeError(f"a status is an int{remedy}, not {named(status)}")
    if not 100 <= status <= 999:
        raise ValueError(f"status {shown(status)} cannot be sent; a status has three digits (RFC 9110 §15)")


def check_text(what: str, value: object, *, or_none: bool = False) -> None:
    """Raise TypeError for a *value* that is not text, and ValueError for text with a lone surrogate that stands for no
    byte. With *or_none*, None is allowed too.
    """
    if value is None and or_none:
        return
    if not isinstance(value, str):
        raise TypeError(f"{what} is text, not {named(value)}")
    check_encodable(what, value)


def check_encodable(what: str, text: str) -> None:
    """Raise ValueError where *text* has a lone surrogate that stands for no byte, so that nothing can send or match it.

    Surrogates from U+DC80 to U+DCFF stand for bytes that are not UTF-8 (PEP 383), and are allowed.
    """
    if text.isascii():
        return
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        surrogate = f"U+{ord(text[error.start]):04X}"
        raise ValueError(f"{what} is {named(text)}, and {surrogate} in it is no character; leave it out") from error


def check_is(what: str, value: object, wanted: type | tuple[type, ...], remedy: str) -> None:
    """Raise TypeError where *value* is not of a type in *wanted*, and for a bool where *wanted* has number types only.

    The message begins with *what* and ends with *remedy*.
    """
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted in (int, (int, float))):
        raise TypeError(f"{what} is {named(value)}; {remedy}")


def check_plain_function(what: str, value: object, remedy: str) -> None:
    """Raise TypeError for a *value* that is not callable, and for an async function or a generator function: a call
    would run nothing of it, and what it returns would count as True. The message has *remedy*; for an async or
    generator function, it says that the function must be one without async and yield.
    """
    if not callable(value):
        raise TypeError(f"{what} is {named(value)}; {remedy}")
    for call in (value,) if isinstance(value, type) else (value, type(value).__call__):
        for is_other, kind in _NOT_PLAIN:
            if is_other(call):
                raise TypeError(f"{what} is {named(value)}, {kind}; {remedy} (without async and yield)")


_NOT_PLAIN: Final[tuple[tuple[Callable[[object], bool], str], ...]] = (
    (inspect.iscoroutinefunction, "an async function"),
    (inspect.isgeneratorfunction, "a generator function"),
    (inspect.isasyncgenfunction, "an async generator function"),
)


def takes_arguments(function: Callable[..., object], count: int) -> bool:
    """Return whether *function* can be called with *count* arguments, all without a name; True if that is unknown."""
    try:
        # The arguments of a wrapper are its own: a decorator may pass the wrapped function others.
        inspect.signature(function, follow_wrapped=False).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # some callables that are written in C have no signature
        return True
    return True


def check_has_run(what: str, result: object) -> None:
    """Raise TypeError for a *result* of the function *what* that is a coroutine or the like: the code in it has not
    run, and it would count as True.
    """
    if inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
        if inspect.iscoroutine(result):
            result.close()  # without this, Python warns later that nothing awaited it
        raise TypeError(f"{what} returned {named(result)}, which has not run; give a function without async and yield")


def check_bool(what: str, value: object) -> None:
    """Raise TypeError for a *value* that is neither True nor False: the text "no" would count as True."""
    if value is not True and value is not False:
        check_is(what, value, bool, "give True or False")


def check_whole(what: str, value: object, least: int, example: int) -> None:
    """Raise TypeError for a *value* that is not a whole number, and ValueError for one below *least* or of more than 18
    digits.
    """
    check_is(what, value, int, f"give a whole number, such as {example}")
    if isinstance(value, int) and value < least:
        raise ValueError(f"{what} is {shown(value)}; give {least} or more")
    if isinstance(value, int) and value >= 10**MOST_DIGITS:
        raise ValueError(f"{what} is {shown(value)}; give a number of at most {MOST_DIGITS} digits")


def whole(digits: str) -> int:
    """Return the whole number that *digits* of a directive mean, with its sign if it has one.

    Raises ValueError for more than 18 digits. Python's own message, for more than 4,300, names no remedy.
    """
    if len(digits.lstrip("-")) > MOST_DIGITS:
        raise ValueError(f"{digits[:10]}… has {len(digits.lstrip('-')):,} digits; write at most {MOST_DIGITS}")
    return int(digits)


def is_whole(text: str, least: int, most: int = 10**MOST_DIGITS - 1) -> bool:
    """Return whether *text*, from a command line, is a whole number from *least* to *most*."""
    return text.isdecimal() and len(text) <= MOST_DIGITS and least <= int(text) <= most


def check_name(what: str, value: object, example: str, *, or_none: bool = False) -> None:
    """Raise TypeError for a *value* that is not text, and ValueError for text that is empty, and for text with a lone
    surrogate that stands for no byte. With *or_none*, None is allowed too.
    """
    if value is None and or_none:
        return
    check_given(what, value, example)
    if isinstance(value, str):
        check_encodable(what, value)


def check_given(what: str, value: object, example: str) -> None:
    """Raise TypeError for a *value* that is not text, and ValueError for empty text."""
    check_is(what, value, str, f"give text, such as {example!r}")
    if not value:
        raise ValueError(f"{what} is ''; give text, such as {example!r}")


def check_choice(what: str, value: object, choices: Iterable[object]) -> None:
    """Raise ValueError for a *value* that is not among *choices*, and TypeError where no choice has its type."""
    known = tuple(choices)
    if not any(value == each and type(value) is type(each) for each in known):
        kind = ValueError if type(value) in map(type, known) else TypeError
        raise kind(f"{what} is {named(value)}; give {' or '.join(map(repr, known))}")


def check_seconds(what: str, value: object, *, above_zero: bool = False) -> float:
    """Return *value* as a number of seconds.

    Raises TypeError for another type, ValueError for a negative or infinite number, for NaN, for more than
    MOST_SECONDS, and with *above_zero* for 0.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what} is {named(value)}; give a number of seconds, such as 2.5")
    if not is_finite(value) or value < 0 or (above_zero and not value):
        raise ValueError(f"{what} is {shown(value)}; give {'more than 0' if above_zero else '0 or more'} seconds")
    if value > MOST_SECONDS:
        raise ValueError(f"{what} is {shown(value)}; give at most {MOST_SECONDS} seconds")
    return float(value)


def seconds_of(what: str, value: object) -> float:
    """Return the duration *value*, a number of seconds or a `timedelta`, in seconds.

    Raises TypeError for another type, ValueError for a negative or infinite duration and for NaN.
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what} is a number of seconds, a timedelta or text such as '250ms', not {named(value)}")
    if not is_finite(value) or value < 0:
        raise ValueError(f"{what} of {shown(value)} s cannot be waited for; give 0 or more seconds")
    return float(value)


def is_finite(number: float) -> bool:
    """Return whether *number* is a finite float, or an int that fits into a float."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def shown(number: float) -> str:
    """Return *number* as a message shows it: for an int of more than 60 digits only how many bits it has."""
    most = 60
    if isinstance(number, int) and abs(number) >= 10**most:
        # `str` refuses an int of more than 4,300 digits.
        return f"an int of {number.bit_length()} bits"
    return str(number)


def named(value: object) -> str:
    """Return *value* as a message shows it: shortened, and with its type where that is not obvious."""
    if value is None:
        return "None"
    text = shown(value) if type(value) is int else _repr(value)
    if len(text) > 60:
        text = f"{text[:57]}..."
    return (
        text
        if isinstance(value, str | bytes | bool | int | float | dict | list | tuple | os.PathLike)
        else (f"{text} ({type(value).__qualname__})")
    )


def _repr(value: object) -> str:
    """Return `repr(value)`, or text such as "a dict" where that raises: *value* contains a number of more than 4,300
    digits, is nested too deeply, or has a repr of its own that fails.
    """
    try:
        return repr(value)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - the message must be made all the same
        return f"a {type(value).__name__}"


def one_slip_from(word: str, known: Iterable[str]) -> str | None:
    """Return which of the *known* words becomes *word* by adding, removing or replacing one letter, or by swapping two
    neighbours.
    """
    for other in known:
        if abs(len(word) - len(other)) > 1:
            continue
        start = next(
            (i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b),
            min(len(word), len(other)),
        )
        ours, theirs = word[start:], other[start:]
        changed = ours[1:] == theirs[1:] or ours[1:] == theirs or ours == theirs[1:]
        swapped = ours[:2] == theirs[1::-1] and ours[2:] == theirs[2:]
        if ours != theirs and (changed or swapped):
            return other
    return None
