"""What a fixture declares: its lines, one after the other, turn one `Response` into another.

`DIRECTIVES` is the whole vocabulary: a word, and the function that reads its value. A function takes the
response so far and the value's bytes, and gives the next response; it raises ValueError with a text of the
form "problem; remedy", to which `declare` adds file and line. A new directive is one more entry.

- Words are matched without regard to case, as header names are. Blanks around word, colon and value don't
  count. `Header: Status: 301` is another spelling of `Status: 301`.
- Any other `Word: text` is a note. A word one slip from a directive is an error. A word that is a header's
  name is a note and a warning, since comments in real feeds hold such lines.
- Whatever describes the whole response (Status, Delay, …) stands once; Header and Omit may be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TypeAlias, cast

from feedserver import codings
from feedserver.comment import Line
from feedserver.headers import to_text
from feedserver.response import Auth, Conditional, Pace, Response, broken, parse_duration, reason_phrase
from feedserver.terminal import visible

Directive: TypeAlias = Callable[[Response, bytes], Response]


class _Finding(Exception):
    """What a message about a fixture is made of; its `str` is `path:line: problem. Remedy.`"""

    path: str
    line: int | None
    problem: str
    remedy: str

    def __init__(self, path: str, line: int | None, problem: str, remedy: str) -> None:
        super().__init__(path, line, problem, remedy)
        self.path = path
        self.line = line
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return visible(f"{place}: {self.problem}. {self.remedy}", lines=True)


class FixtureError(_Finding):
    """A mistake in a fixture: *path*, *line* (None for the whole file), *problem* and *remedy*."""


class FixtureWarning(_Finding, UserWarning):
    """What is perhaps a mistake in a fixture; it has the same attributes as a `FixtureError`."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What lines made of a *response*. *places* are the lines on which each directive first stands."""

    response: Response
    warnings: tuple[FixtureWarning, ...]
    places: Mapping[str, int]


_LINE = re.compile(rb"(?P<word>[A-Za-z\x80-\xff][\w\x80-\xff-]*)[ \t]*:(?!//)[ \t]*")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_STATUS = re.compile(rb"(?P<code>[1-9][0-9]{2})(?:[ \t]+(?P<reason>.+))?")
_STATUS_AS_HEADER = re.compile(rb"status[ \t]*:[ \t]*", re.IGNORECASE)

_CONDITIONALS = ("rfc", "exact", "off")

# What the server adds unless it is told not to.
_ADDED = (
    *("connection", "content-encoding", "content-length", "content-range", "content-type", "date"),
    *("transfer-encoding", "vary", "www-authenticate"),
)

# Names that mean a header wherever they stand. Date, Server, Link and Age are plain words, too.
_HEADER_NAMES = frozenset(
    {
        *("accept-ranges", "access-control-allow-origin", "cache-control", "content-disposition"),
        *("content-encoding", "content-language", "content-length", "content-location", "content-range"),
        *("content-security-policy", "content-type", "etag", "expires", "last-modified", "location"),
        *("retry-after", "set-cookie", "strict-transport-security", "transfer-encoding", "vary"),
        "www-authenticate",
    }
)


def declare(response: Response, lines: Iterable[Line], path: str, *, strict: bool = False) -> Declared:
    """Applies the directives in *lines* to *response*, in order; messages call the file *path*.

    A line that is no `Word: text` is prose and skipped; in a *strict* file it is a mistake, unless it is
    empty or begins with #. Raises FixtureError at the first mistake.
    """
    warnings: list[FixtureWarning] = []
    notes: list[tuple[str, str]] = []
    places: dict[str, int] = {}
    for line in lines:
        mistake = partial(FixtureError, path, line.number)
        word, value = _word_and_value(line.text)
        name = word.lower()
        if not name:
            if strict and line.text and not line.text.startswith(b"#"):
                remedy = "Write 'Word: text', or begin the line with # for a remark."
                raise mistake(f"{to_text(line.text)!r} is no directive", remedy)
        elif name in DIRECTIVES:
            if name in places and name not in _REPEATABLE:
                problem = f"'{name.capitalize()}:' stands twice, first on line {places[name]}"
                raise mistake(problem, "Keep one of them.")
            places.setdefault(name, line.number)
            response = _apply(name, response, value, mistake)
        elif meant := _one_slip_from(name, DIRECTIVES):
            raise mistake(f"unknown directive '{word}:'", f"Did you mean '{meant.capitalize()}:'?")
        else:
            notes.append((word, to_text(value)))
            if name in _HEADER_NAMES or name.startswith("x-"):
                remedy = f"Write 'Header: {word}: …' to send it."
                warnings.append(FixtureWarning(path, line.number, f"'{word}:' is not sent as a header", remedy))
    return Declared(replace(response, notes=tuple(notes)), tuple(warnings), MappingProxyType(places))


def first_attempt(lines: Iterable[Line]) -> Line | None:
    """The first of *lines* that is a directive, or one slip from one, however wrong its value may be."""
    for line in lines:
        name = _word_and_value(line.text)[0].lower()
        if name in DIRECTIVES or _one_slip_from(name, DIRECTIVES):
            return line
    return None


def _word_and_value(text: bytes) -> tuple[str, bytes]:
    match = _LINE.match(text)
    if match is None:
        return "", b""
    word, value = to_text(match["word"]), text[match.end() :]
    if word.lower() == "header" and (status := _STATUS_AS_HEADER.match(value)):
        return "Status", value[status.end() :]  # feedparser's way to write it
    return word, value


def _apply(name: str, response: Response, value: bytes, mistake: Callable[[str, str], FixtureError]) -> Response:
    try:
        return DIRECTIVES[name](response, value)
    except ValueError as error:
        problem, _, remedy = str(error).rpartition("; ")
        raise mistake(problem, f"{remedy[:1].upper()}{remedy[1:]}.") from error


def _one_slip_from(word: str, known: Iterable[str]) -> str | None:
    """Which of the *known* words becomes *word* by one letter more, one less, another one, or two swapped."""
    for other in known:
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


def _header(response: Response, value: bytes) -> Response:
    name, colon, text = value.partition(b":")
    if not colon:
        raise ValueError(f"{to_text(value)!r} is no header; write 'Header: Name: value'")
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{to_text(name)!r} is no header's name; write letters, digits and hyphens, then a colon")
    return replace(response, headers=response.headers.added(name, text.strip(b" \t")))


def _status(response: Response, value: bytes) -> Response:
    match = _STATUS.fullmatch(value)
    if match is None:
        raise ValueError(f"{to_text(value)!r} is no status; write three digits, as in '404' or '404 Not Here'")
    # A surrogate stands for a byte that is not UTF-8, so that the reason leaves in the bytes of the file.
    reason = match["reason"].decode("utf-8", "surrogateescape") if match["reason"] else None
    status = int(match["code"])
    return replace(response, status=status, reason=reason_phrase(status) if reason is None else reason)


def _delay(response: Response, value: bytes) -> Response:
    return replace(response, delay=parse_duration(to_text(value)))


def _pace(response: Response, value: bytes) -> Response:
    return replace(response, pace=Pace.parse(to_text(value)))


def _coding(response: Response, value: bytes) -> Response:
    text = to_text(value)
    if text.lower() == "auto":
        return replace(response, coding="auto")
    return replace(response, coding=", ".join(codings.parse(text)) or None)  # "identity" is no coding


def _omit(response: Response, value: bytes) -> Response:
    names = [name.strip(b" \t") for name in value.split(b",")]
    for name in names:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{to_text(name)!r} is no header's name; write 'Omit: Date' or 'Omit: Date, Content-Type'")
        text = to_text(name)
        if meant := _one_slip_from(text.lower(), _ADDED):
            raise ValueError(f"{text!r} is never added, so it cannot be omitted; write {meant.title()!r}")
    return replace(response, omit=response.omit.union(map(to_text, names)))


def _conditional(response: Response, value: bytes) -> Response:
    conditional = to_text(value).lower()
    if conditional not in _CONDITIONALS:
        raise ValueError(f"{to_text(value)!r} is no way to compare validators; write one of {', '.join(_CONDITIONALS)}")
    return replace(response, conditional=cast("Conditional", conditional))


def _auth(response: Response, value: bytes) -> Response:
    return replace(response, auth=Auth.parse(to_text(value)))


def _fault(response: Response, value: bytes) -> Response:
    from feedserver import faults  # most fixtures have none, so most tests need not load them

    return broken(response, faults.parse(to_text(value)))


DIRECTIVES: Mapping[str, Directive] = MappingProxyType(
    {
        "header": _header,
        "status": _status,
        "delay": _delay,
        "pace": _pace,
        "coding": _coding,
        "omit": _omit,
        "conditional": _conditional,
        "auth": _auth,
        "fault": _fault,
    }
)
"""Every directive: its word in lower case, and the function that applies its value to a response."""

_REPEATABLE = frozenset({"header", "omit", "fault"})
