"""The text of a JSON document → its value, mended, or its readable items if it can't be mended.

Some flaws can be mended in only one way: control characters in strings, backslashes that escape nothing, commas after
the last element, and what a server has printed before or after the value. If a document is otherwise damaged, or cut
off, its items are read one by one, so that a bad item doesn't affect the others (reading.md, rule 7).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from lifestream.content.late_pattern import late
from lifestream.entry import Flaw
from lifestream.message import say
from lifestream.parser.errors import NotAFeed
from lifestream.parser.preprocessing import OVERWRITTEN

_BLANK: Final = "\ufeff \t\r\n\0"
_WRAPPED = late(
    r"""
    (?:\)\]\}'?,?\s*+|while\s?\(1\);\s*+|for\s?\(;;\);\s*+)?  # against pages that include it as a script
    (?:/\*(?:(?!\*/).){0,200}\*/\s*+)?
    (?:typeof\s[\w.$]{1,100}\s?===?\s?['"]function['"]\s?&&\s?)?
    (?:(?:(?:var|let|const)\s)?[\w.$\[\]]{1,100}\s?[(=]\s*+)?  # a call or an assignment of JavaScript
    (?=\{\s*+["}])
    """,
    re.VERBOSE | re.DOTALL,
)
_OBJECT = late(r'\{\s*+"')
_OTHER_ROOT = late(r"<(?:\?xml\s|!doctype|html|head|body|rss|rdf|channel|(?:\w{1,20}:)?feed)\b", re.IGNORECASE)
_LONGEST_OUTPUT: Final = 64 * 1024


def start_of(text: str, content_type: str) -> int | None:
    """Return where the JSON in *text*, served with the Content-Type *content_type*, begins, or None if it is no JSON.

    A call or an assignment of JavaScript may be around the JSON. What a program printed before the JSON is skipped only
    if the Content-Type is that of JSON: a web page may quote JSON.
    """
    start = len(text) - len(text.lstrip(_BLANK))
    if text.startswith(("{", "["), start):
        return start
    if found := _WRAPPED.match(text, start):
        return found.end()
    if "json" in content_type.lower() and (found := _OBJECT.search(text, start, start + _LONGEST_OUTPUT)):
        return None if _OTHER_ROOT.search(text, start, found.start()) else found.start()
    return None


def loaded(text: str, start: int = 0) -> tuple[Any, Flaw | None]:
    """Return the JSON in *text*, which begins at *start*, and its flaw. Raises `NotAFeed` and `RecursionError`.

    The flaw is None if *text* is well-formed JSON. It is `mended`, unless items may be missing or incomplete.
    """
    start = len(text) - len(text[start:].lstrip(_BLANK))
    json_text = text[start:]
    try:
        value = json.loads(json_text, parse_int=_number)
    except json.JSONDecodeError as error:
        return _mended(json_text, Flaw(error.msg, *_place(text, start + error.pos)), str(error))
    if text[:start].strip(_BLANK):
        return value, Flaw("text before the JSON", *_place(text, 0), mended=True)
    return value, None


def _place(text: str, position: int) -> tuple[int, int]:
    """Return the line and the column of *position*."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _mended(text: str, flaw: Flaw, reason: str) -> tuple[Any, Flaw]:
    has_gap = OVERWRITTEN in text
    decoder = json.JSONDecoder(parse_int=_number, strict=False, object_pairs_hook=_with_gap if has_gap else None)
    mended = _LAST_COMMA.sub(_without_slips, text)
    try:
        found, end = decoder.raw_decode(mended)
    except ValueError as error:
        found, early = _salvaged(mended, decoder)
        if not found.get("items"):
            raise NotAFeed(say("broken-json", reason=reason)) from error
        return found, replace(flaw, damaged=_damaged(found, early, has_gap=has_gap))
    rest = mended[end:]
    if rest.lstrip().startswith(("{", "[")):
        raise NotAFeed(say("broken-json", reason=reason))
    # If an item, or the end of the list of items, follows the value, the value has ended too early. What follows is
    # left out. The last item of the value has ended too early as well, or is a part of the item that has.
    is_early = _ID.search(rest) is not None or rest.lstrip(" \t\r\n,}").startswith("]")
    early = tuple(_last(_items_of(found))) if is_early else ()
    is_whole = not is_early and OVERWRITTEN not in mended[:end]
    return found, replace(flaw, mended=is_whole, damaged=_damaged(found, early, has_gap=has_gap))


def _items_of(found: Any) -> list[dict[str, Any]]:
    items = found.get("items") if isinstance(found, dict) else None
    listed = list(items.values()) if isinstance(items, dict) else items  # PHP writes lists as objects, too
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _last(items: list[dict[str, Any]]) -> range:
    """Return the position of the last of *items*. If that seems to be an attachment or an author, return the positions
    from the item that contains it to the last.
    """
    place = len(items)
    while place:
        place -= 1
        if "id" in items[place] or _OF_PARTS.isdisjoint(items[place]):
            break
    return range(place, len(items))


_OF_PARTS: Final = frozenset({"avatar", "mime_type", "name"})
"""Members of authors and attachments that items don't have."""


def _with_gap(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of *members*. If two have the same name, it may be the beginning of one object with the end of
    another: it gets a gap, as if the overwritten part were still in it.
    """
    found = dict(members)
    return found if len(found) == len(members) else {**found, OVERWRITTEN: ""}


def _damaged(found: Any, early: tuple[int, ...], *, has_gap: bool) -> tuple[int, ...]:
    """Return the positions of items that may be incomplete: those that ended too *early*, and those with a gap. If a
    member beside the items has a gap, return all positions: that member may be the address that links are relative to.
    """
    if not has_gap:
        return early
    items = _items_of(found)
    head = {name: value for name, value in found.items() if name != "items"} if isinstance(found, dict) else {}
    if _has_gap(head):
        return tuple(range(len(items)))
    return tuple(sorted({*early, *(place for place, item in enumerate(items) if _has_gap(item))}))


def _has_gap(value: dict[str, Any]) -> bool:
    return _ESCAPED in json.dumps(value)


_ESCAPED: Final = json.dumps(OVERWRITTEN).strip('"')


def _without_slips(found: re.Match[str]) -> str:
    """Return the found string of JSON with those backslashes escaped that escape nothing, or "" for a found comma."""
    written = found[1] or ""
    return _ESCAPE.sub(lambda escape: escape[0] if escape[1] else "\\\\", written) if "\\" in written else written


_ID = late(r'"id"\s*+:')
_ESCAPE = late(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4}|)')
_LAST_COMMA = late(r'("(?>(?:[^"\\]++|\\.?)*)(?:"|\Z))|(?<![\[{,\s]),(?=\s*+[}\]])', re.DOTALL)


def _salvaged(text: str, decoder: json.JSONDecoder) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Return the members of the object in *text*, and the positions of items that ended too early. The members end
    with the list of items, in which damaged items are left out, or before the first member that is damaged.
    """
    members: dict[str, Any] = {}
    position = 1
    while name := _NAME.match(text, position):
        if name[1] == "items" and text.startswith("[", name.end()):
            found = list(_whole_items(text, name.end() + 1, decoder))
            members["items"] = [item for item, _ in found]
            return members, tuple(place for place, (_, is_early) in enumerate(found) if is_early)
        try:
            members[name[1]], position = decoder.raw_decode(text, name.end())
        except ValueError:
            break
    return members, ()


def _whole_items(text: str, position: int, decoder: json.JSONDecoder) -> Iterator[tuple[Any, bool]]:
    """Yield the items in *text* from *position* on, each with whether it ended too early, so that the rest of it
    follows. After such an item, and after a damaged one, the next object with an id counts as the next item.
    """
    damaged = 0
    is_sure = True  # that an item begins here, not an object inside a damaged one
    while start := _ITEM.match(text, position):
        try:
            item, position = decoder.raw_decode(text, start.end())
        except json.JSONDecodeError as error:
            damaged += 1
            if error.msg.startswith("Unterminated") or damaged > _MOST_DAMAGED:
                return
            position, is_sure = error.pos, False
        else:
            is_sure = is_sure or "id" in item
            if is_sure:
                is_sure = _AFTER_ITEM.match(text, position) is not None
                yield item, not is_sure
        if not is_sure:
            found = _NEXT.search(text, position)
            if found is None:
                return
            position = found.end()


_MOST_DAMAGED: Final = 100
"""How many damaged items are skipped. For each of them, Python counts the lines of the whole document before it."""
_NAME = late(r'[\s,]*+"([^"\\]{0,100})"\s*+:\s*+')
_ITEM = late(r"[\s,}]*+(?=\{)")
_AFTER_ITEM = late(r'[\s,}]*+(?:\{|\]\s*+(?:,\s*+"|\}))')
_NEXT = late(r"\}\s*+,\s*+(?=\{)")


def _number(digits: str) -> int | str:
    """Return the number, or its digits if Python refuses to convert so many (over 4300): the other items must not be
    lost.
    """
    try:
        return int(digits)
    except ValueError:
        return digits
