"""Authors' names as they were written, without addresses if a name remains (reading.md, rule 11).

RSS has one text for a person: `jane@doe.example (Jane Doe)` by its specification. In practice it is a name, a name and
an address, several of them, or an address alone, which is then used as the name. A handle of the fediverse
(`@jane@doe.example`) is a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from lifestream.content.late_pattern import late
from lifestream.parser.text_constructs import plain
from lifestream.plugins.caps import AUTHOR

LONGEST: Final = 10_000
"""How much of a name is read, in characters."""

# An address by RFC 5322, without quotes, within the limits of RFC 5321 §4.5.3.1; a domain has a dot, or is an address
# in brackets.
_ADDRESS = late(
    r"""
    (?<![\w@.+%/=-])(?:mailto:)?[\w!\#$%&'*+/=?^`{|}~.-]{1,64}+@
    (?:\[[0-9a-fA-F:.]{2,45}\]|(?:[^\W_](?:[\w-]{0,62}\.)){1,10}[^\W_][\w-]{1,62})
    (?:\?subject=[^\s()<>]*+)?(?![\w@])
    """,
    re.VERBOSE,
)
_MARK: Final = "\0"
_EXPLAINED = late(r"\0\s*+\(((?>(?:[^()]++|\([^()]*+\))*))\)")
_OF_NO_DOMAIN = late(r"[\w.+-]{1,64}@[\w-]{1,63}\s?\(([^()]*+)\)")
"""`root@localhost (Jane)`: an address may have no dot in its domain if a name follows it in the form of RSS."""
_EMPTY = late(r"\(\s*+\0?\s*+\)|<\s*+\0?\s*+>|\[\s*+\0?\s*+\]|&lt;\s*+\0?\s*+&gt;")


def name_of(written: str) -> str:
    """Return the name in *written*, which may be HTML. An address in it is left out if there is a name beside it."""
    whole = plain(written[:LONGEST])
    if "@" not in whole:
        return _unquoted(whole)
    text = _ADDRESS.sub(_MARK, whole.replace(_MARK, ""))
    if _MARK not in text:
        local = _OF_NO_DOMAIN.fullmatch(whole)
        return _unquoted((local and local[1].strip()) or whole)
    text = _EMPTY.sub("", _EXPLAINED.sub(r"\1", text)).replace(_MARK, "")
    text = _unquoted(" ".join(text.split()).strip(" ,;:-–|/"), is_beside_address=True)
    if any(letter.isalnum() for letter in text):
        return text
    return ", ".join(dict.fromkeys(found[0].removeprefix("mailto:") for found in _ADDRESS.finditer(whole)))


def person(name: str, address: str) -> str:
    """Return *name* as it is written, or *address* if *name* contains no name (empty quotes, for instance)."""
    return name if name_of(name) else address


def _unquoted(name: str, *, is_beside_address: bool = False) -> str:
    """Return *name* without the quotes or parentheses around all of it, or angle brackets if it was beside an
    address.
    """
    marks = _BESIDE_ADDRESS if is_beside_address else _AROUND
    if len(name) > 1 and (name[0], name[-1]) in marks and not any(mark in name[1:-1] for mark in (name[0], name[-1])):
        return name[1:-1].strip()
    return name


_AROUND: Final = frozenset({('"', '"'), ("(", ")")})
_BESIDE_ADDRESS: Final = _AROUND | {("<", ">")}  # jane@doe.example <Jane>


def joined(written: Iterable[str]) -> str:
    """Return the names in *written*, each of them once, joined by commas; addresses only if there is no name.

    Names after the first AUTHOR.limit characters are not read, since none of them would be kept.
    """
    names: dict[str, None] = {}
    addresses: dict[str, None] = {}
    remaining = AUTHOR.limit
    for name in map(name_of, written):
        if is_address(name):
            addresses[name] = None
        elif name and name not in names:
            names[name] = None
            remaining -= len(name)
            if remaining < 0:
                break
    return ", ".join(names or addresses)


def is_address(name: str) -> bool:
    """Return whether *name* is an address and nothing else."""
    return "@" in name and _ADDRESS.fullmatch(name) is not None
