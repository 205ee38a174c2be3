"""Faults: ways to break an answer. Each is a small frozen class, and each file contains a family of them. To add
a family, copy `template.py`.

The families: `head` (what comes before the body), `body` (wrong codings, endless bodies), `framing` (wrong or unusual
lengths and chunks), `ends` (the connection is reset, closed or silent, also within the body), `timing` (slow answers),
`redirects`. They share `fault` (the base class), `places` (the points of an answer at which a fault can break it),
`kind` (an entry of the catalogue) and `directive_fields` (header fields in a directive). `messages.triggers` and
`handler.fault_injection` decide when a fault is injected. `net.http1` sends the broken answer, `net.connection` resets
or closes the connection, and `net.answer_under_way` notes in the journal that the fault was injected, and after how
many bytes. Broken TLS, such as an expired certificate, is an option of a server, not a fault of an answer: see
`net.tls`.

In: the arguments of a class, or the text of a directive. Out: a fault, which changes the plan that sends a response.
Never imported here: any other package of feedserver but `messages`.

`parse` reads a fault in a directive, and suggests the nearest name for a misspelled one. `KINDS` is the whole
catalogue, from which directives, messages and tests are made. A new fault also goes into `__all__` and the manual; a
test says if it is missing there.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from feedserver.faults import body, ends, framing, head, redirects, template, timing
from feedserver.faults.body import Bomb, CorruptGzip, EndlessBody, FalseCoding, TruncatedGzip
from feedserver.faults.directive_fields import FIELDS
from feedserver.faults.ends import Close, Reset, Stall
from feedserver.faults.fault import Fault, Layer, Shaped
from feedserver.faults.framing import (
    BadChunkSize,
    ChunkExtensions,
    LengthWithChunks,
    LongLength,
    MissingLastChunk,
    ShortLength,
    Trailers,
    TwoLengths,
)
from feedserver.faults.head import BadStatusLine, EndlessHeaders, Garbage, Http09, Interim, OddHeader
from feedserver.faults.kind import Kind
from feedserver.faults.redirects import RedirectLoop, RedirectToAddress, RedirectToFile, RedirectToPort
from feedserver.faults.template import Nothing
from feedserver.faults.timing import EarlyAnswer, SlowBody, SlowHeaders
from feedserver.messages.triggers import FromRequest, OnEvery, OnRequest, When, WithProbability, split_when

__all__ = [
    "KINDS",
    "BadChunkSize",
    "BadStatusLine",
    "Bomb",
    "ChunkExtensions",
    "Close",
    "CorruptGzip",
    "EarlyAnswer",
    "EndlessBody",
    "EndlessHeaders",
    "FalseCoding",
    "Fault",
    "FromRequest",
    "Garbage",
    "Http09",
    "Interim",
    "Kind",
    "Layer",
    "LengthWithChunks",
    "LongLength",
    "MissingLastChunk",
    "Nothing",
    "OddHeader",
    "OnEvery",
    "OnRequest",
    "RedirectLoop",
    "RedirectToAddress",
    "RedirectToFile",
    "RedirectToPort",
    "Reset",
    "Shaped",
    "ShortLength",
    "SlowBody",
    "SlowHeaders",
    "Stall",
    "Trailers",
    "TruncatedGzip",
    "TwoLengths",
    "When",
    "WithProbability",
    "parse",
]

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name.lower(): kind
        for family in (ends, framing, body, head, redirects, timing, template)
        for kind in family.KINDS
    }
)
"""Every kind of fault, by its name in lower case."""


_MOST_WORDS = max(name.count(" ") + 1 for name in KINDS)
_MOST_COMPARED = 60
"""How many characters of a misspelled name are compared with the names of faults."""


def parse(text: str) -> Fault:
    """Return the fault that a directive's value describes, such as "reset after 512 on request 2".

    Raises TypeError if *text* is no text; ValueError if it names no fault, or the arguments are wrong: the message has
    the nearest name, or all names, or what the fault takes.
    """
    directive, when = split_when(text)
    words = directive.split()
    for count in range(min(len(words), _MOST_WORDS), 0, -1):  # the longest name that matches
        kind = KINDS.get(" ".join(words[:count]).lower())
        if kind is not None:
            rest = "".join(directive.split(maxsplit=count)[count:])
            if FIELDS not in kind.takes:  # only the values of header fields keep their blanks
                rest = " ".join(rest.split())
            return replace(_read(kind, rest, directive), when=when)
    starts = [" ".join(words).lower()[:_MOST_COMPARED], *(word.lower()[:_MOST_COMPARED] for word in words[:1])]
    near = [name for start in starts for name in difflib.get_close_matches(start, KINDS, n=1)]
    if near:
        raise ValueError(f"{directive!r} is no fault; write {KINDS[near[0]].usage!r}")
    raise ValueError(f"{directive!r} is no fault; write one of {', '.join(kind.name for kind in KINDS.values())}")


def _read(kind: Kind, rest: str, text: str) -> Fault:
    try:
        return kind.read(rest)
    except ValueError as error:
        if error.args:
            raise
        raise ValueError(f"{text!r} is no directive of this fault; write {kind.usage!r}") from None
