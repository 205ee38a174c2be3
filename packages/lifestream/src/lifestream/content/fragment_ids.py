"""The ids in an item's HTML, and the references to them: prefixed when HTML is cleaned, and unique on every page.

An id in an item may also be one of the page around it, or of other items (`fn:1`). So cleaning gives each id and
each reference to one a fixed prefix, and a page that shows an item puts the item's key after it (reading.md, rule 14).
A feed that writes the prefix itself gains nothing: its id gets the key too.
"""

from __future__ import annotations

from typing import Final

from lifestream.content.html_tokenizer import name_set
from lifestream.content.late_pattern import late

PREFIX: Final = "entry-"

REFERENCES: Final = name_set(
    "headers for itemref list aria-activedescendant aria-controls aria-describedby aria-details aria-errormessage "
    "aria-flowto aria-labelledby aria-owns popovertarget commandfor form"
)
"""Attributes that hold ids, one or several with spaces between."""

NAMED: Final = name_set("a map")
"""Elements whose `name` is an id."""

# nh3 writes values in double quotes, with each double quote in them escaped.
_TAG = late(r"<[a-z](?>(?>[^<>\"]++|\"[^\"]*+\")*)>")
_ID = late(rf"(\s(?:id|name)=\"|\s(?:href|usemap)=\"#){PREFIX}")
_LIST = late(rf"\s(?:{'|'.join(sorted(REFERENCES))})=\"[^\"]*+\"")
_LISTED = late(rf"(?<=[ \t\n\f\r\"]){PREFIX}")
_WORD = late(r"[^ \t\n\f\r]++")  # only ASCII white space separates ids


def prefixed(value: str) -> str | None:
    """Return the id *value* with the prefix, and without ASCII white space around it. Return None if it is no id: an id
    has no such space within (HTML, 3.2.6).
    """
    words: list[str] = _WORD.findall(value)
    if len(words) != 1:
        return None
    return words[0] if words[0].startswith(PREFIX) else PREFIX + words[0]


def all_prefixed(value: str) -> str | None:
    """Return the ids in *value*, each with the prefix, or None if there are none."""
    return " ".join(filter(None, map(prefixed, _WORD.findall(value)))) or None


def local(value: str) -> str | None:
    """Return *value*, a reference that begins with `#`, with the prefix in it, or None if it names no id."""
    name = prefixed(value[1:].replace(" ", "%20"))
    return f"#{name}" if name else None


def with_key(clean: str, key: object) -> str:
    """Return *clean*, HTML of an item that has been cleaned, with the item's *key* in its ids and references."""
    if PREFIX not in clean:
        return clean
    return _TAG.sub(lambda found: _with_key(found[0], key), clean)


def _with_key(tag: str, key: object) -> str:
    if PREFIX not in tag:
        return tag
    tag = _ID.sub(rf"\g<1>{PREFIX}{key}-", tag)
    return _LIST.sub(lambda found: _LISTED.sub(f"{PREFIX}{key}-", found[0]), tag)
