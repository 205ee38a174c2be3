"""The readable parts of an ill-formed document: its head and each of its entries by itself.

A parser that continues after a flaw takes what follows for a part of the element that was open there: a title that
never ends contains all later entries. So the document is split where its entries begin. Entries that are well-formed
from start tag to end tag are as their publisher wrote them, wherever the flaw is. The others are mended or left out;
all that remain are read together.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final
from xml.parsers import expat

from lifestream.parser.balanced_tags import balanced
from lifestream.parser.expat_reading import SEPARATOR, read_to_end
from lifestream.parser.missing_ends import with_ends
from lifestream.parser.second_reading import Scan
from lifestream.parser.wellformed import end_of_element, is_cut_off, literals


@dataclass(frozen=True, slots=True)
class Salvage:
    """What an ill-formed document still has: *whole*, a document of its entries, as far as they are well-formed or
    could be mended.

    *count* is the number of entries in *whole*. *mended* are the indices of those that were mended, are a part of an
    entry that has a start tag or an end tag too many, or have a name that is none (Namespaces in XML 1.0, section 7).
    *cut_off* says that the last entry was left out, since the document ends inside it: the part that is there may lack
    its guid or link, and the whole entry would come as another one later.
    """

    whole: bytes
    count: int
    mended: tuple[int, ...]
    cut_off: bool


def salvage(document: bytes, scanned: Scan) -> Salvage:
    """Split the ill-formed *document*, in which *scanned* has found the beginning of an entry.

    *document* has been through `wellformed.mend`, so `balanced` makes nearly every piece well-formed. A piece that is
    still ill-formed is left out. It could be read only in a document of its own, with the head: then the head would be
    read again for each such piece.
    """
    head = document[: scanned.head]
    close = "".join(f"</{name}>" for name in reversed(scanned.open)).encode("utf-8")
    pieces = _pieces(document[scanned.head :], scanned.name)
    name = scanned.name.encode("utf-8")
    names = (scanned.name, *scanned.open)
    prefixes = {*_DECLARED.findall(document)} - {b"xml", b"xmlns"}
    cut_off = bool(pieces) and _end_of_element(pieces[-1]) == 0 and is_cut_off(pieces[-1], names)
    whole: list[bytes] = []
    mended: list[int] = []
    unended: set[bytes] = set()  # the names in the entry before, if it has no end
    for piece in pieces[:-1] if cut_off else pieces:
        names_before, unended = unended, set()
        end = _end_of_element(piece)
        has_names = end > 0 and _has_names(piece[:end], prefixes)
        is_rest = bool(names_before) and names_before.isdisjoint(_names_in(piece, name))
        if not end:
            unended = _names_in(piece, name)
        element = piece[:end] if has_names else _mended(piece[:end] or piece)
        if not element:
            continue
        # It is ill-formed, or its flaw is in a name, it began too late, or it ended too early.
        if not has_names or is_rest or _has_rest(piece[end:], name):
            mended.append(len(whole))
        whole.append(element)
    return Salvage(b"".join([head, *whole, close]), len(whole), tuple(mended), cut_off)


def _pieces(entries: bytes, name: str) -> list[bytes]:
    """Return *entries* cut where each entry begins, each with the text that follows it until the next one."""
    start = re.compile(rb"<%s(?=[\s/>])" % re.escape(name.encode("utf-8")))
    hidden = literals(entries)
    starts: list[int] = []
    for found in start.finditer(entries):
        while hidden and hidden[0][1] <= found.start():
            hidden.popleft()
        if not hidden or found.start() < hidden[0][0]:
            starts.append(found.start())
    return [entries[begin:end] for begin, end in pairwise([*starts, len(entries)])]


def _names_in(piece: bytes, name: bytes) -> set[bytes]:
    """Return the names of the elements in an entry, without *name*, its own.

    If an entry has no end, and shares no name with the entry after it, both are probably parts of a single entry, which
    has a start tag too many.
    """
    return set(re.findall(rb"<([^\s/>!?]+)", piece)) - {name}


def _has_rest(following: bytes, name: bytes) -> bool:
    """Return whether what is *following* an entry has another end of an entry, with something before it. Comments and
    CDATA sections don't count.
    """
    if b"</" + name not in following:
        return False
    bounds = [0, *chain.from_iterable(literals(following)), len(following)]
    plain = b"".join(following[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True))
    found = re.search(rb"</%s\s*+>" % re.escape(name), plain)
    return found is not None and plain[: found.start()].strip() != b""


def _has_names(element: bytes, prefixes: set[bytes]) -> bool:
    """Return whether *element*, which is well-formed, is also namespace-well-formed where *prefixes* are declared."""
    used = prefixes.intersection(_USED.findall(element))
    declared = b"".join(b" xmlns:%s='u:%s'" % (prefix, prefix) for prefix in used)
    parser = expat.ParserCreate("utf-8", SEPARATOR)
    parser.UseForeignDTD(True)  # entities that the document declares are not known here
    try:
        parser.Parse(b"<x%s>%s</x>" % (declared, element), True)
    except expat.ExpatError:
        return False
    return True


_PREFIX: Final = rb"([A-Za-z_][\w.-]*+)"
_DECLARED: Final = re.compile(rb"\sxmlns:%s\s*+=" % _PREFIX)
_USED: Final = re.compile(rb"[<\s]%s:" % _PREFIX)


def _mended(piece: bytes) -> bytes:
    """Return the entry at the beginning of *piece*, mended, or b"" if it is still ill-formed."""
    found = balanced(with_ends(_without_endless_section(piece)))
    return found[: _end_of_element(found)]


def _without_endless_section(piece: bytes) -> bytes:
    """Return *piece* without the start of a CDATA section that has no end in *piece*: it would hide what follows."""
    before, _, after = piece.rpartition(_SECTION)
    return piece if b"]]>" in after else before + after


_SECTION: Final = b"<![CDATA["


def _end_of_element(piece: bytes) -> int:
    """Return the end of the element at the beginning of *piece*, or 0 if it is not well-formed or doesn't end."""
    parser = expat.ParserCreate("utf-8")
    parser.UseForeignDTD(True)  # entities that the document declares are not known here
    depth = end = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1

    def close(name: str) -> None:
        nonlocal depth, end
        depth -= 1
        if not depth:
            end = end_of_element(piece, parser.CurrentByteIndex, name)

    parser.StartElementHandler, parser.EndElementHandler = start, close
    with suppress(expat.ExpatError):
        read_to_end(parser, piece)
    return end
