"""The attributes of HTML that nh3 has cleaned: addresses, ids and styles are checked, and some attributes are set.

nh3 keeps the attributes that the rules allow. It knows only some of those that hold an address (it passes
`cite="javascript:…"`), and makes none absolute. So each value is read once more here: an address is checked and made
absolute, `srcset` is filtered candidate by candidate, ids get a prefix (`fragment_ids`), and style declarations that
could load or hide something are removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from lifestream.content import fragment_ids
from lifestream.content.frames import PLAYER
from lifestream.content.html_tokenizer import name_set
from lifestream.content.late_pattern import late
from lifestream.content.players import is_player
from lifestream.content.sanitizer_rules import SanitizerRules
from lifestream.content.tracking import without_tracking
from lifestream.content.urls import FETCHED, NOISE_AROUND_URL, safe_url

LINK_REL: Final = "noopener noreferrer nofollow ugc"
SET: Final[Mapping[str, Mapping[str, str]]] = {
    "a": {"rel": LINK_REL},
    # Media load only when a reader looks at them or plays them: a page requests as little as possible from other sites.
    "img": {"loading": "lazy"},
    "audio": {"preload": "none"},
    "video": {"preload": "none"},
}
"""Attributes that each of these tags gets, replacing its own."""

URL_ATTRIBUTES: Final = name_set(
    "background cite classid codebase data href icon longdesc manifest poster profile src usemap xlink:href"
)
_STYLE_DANGER = late(
    r"url\s*\(|image-set|image\s*\(|expression|\\|@import|behaviou?r|-moz-binding|javascript:|/\*",
    re.IGNORECASE,
)
_LINES: Final = name_set("none underline overline line-through solid double dotted dashed wavy inherit")
# An address in a srcset may contain commas; a descriptor ends at the next comma outside parentheses
# (HTML, 4.8.4.2.1).
_SRCSET_URL = re.compile(r"[ \t\n\f\r,]*+([^ \t\n\f\r]++)")
_SRCSET_REST = late(r"((?>(?>[^,(]++|\([^)]*+\)?+)*))(?:,|\Z)")
_SRCSET_DESCRIPTOR = re.compile(r"\d+(?:\.\d+)?[wx](?:\s+\d+h)?", re.ASCII)


def checked(tag: str, attributes: Mapping[str, str], rules: SanitizerRules, base_url: str) -> dict[str, str]:
    """Return those *attributes* of a *tag* that are harmless, with addresses absolute (against *base_url*), and those
    that each such tag gets (`SET`).
    """
    found = {}
    for name, value in attributes.items():
        kept = _value(tag, name, value, rules, base_url)
        if kept is not None:
            found[name] = kept
    return {**found, **SET.get(tag, {})}


def _value(tag: str, name: str, value: str, rules: SanitizerRules, base_url: str) -> str | None:
    """Return the new value of an attribute that nh3 has let pass; None removes the attribute."""
    if name in URL_ATTRIBUTES:
        return _address(tag, value, rules, base_url) or None
    if name == "id" or (name == "name" and tag in fragment_ids.NAMED):
        return fragment_ids.prefixed(value)
    if name in fragment_ids.REFERENCES:
        return fragment_ids.all_prefixed(value)
    if name == PLAYER:
        return value if is_player(value) else None
    if name == "srcset":
        return candidates(value, base_url) or None
    if name == "style":
        return declarations(value, rules.styles) or None
    return value


def _address(tag: str, value: str, rules: SanitizerRules, base_url: str) -> str | None:
    bare = value.strip(NOISE_AROUND_URL)
    if bare.startswith("#"):
        return fragment_ids.local(bare)
    return link(value, rules, base_url) if tag == "a" else safe_url(value, base_url, FETCHED)


def link(url: str, rules: SanitizerRules, base_url: str = "") -> str:
    """Return *url* as an absolute address of a scheme that *rules* allow, or "" if it can't be one. Tracking parameters
    are removed if *rules* say so.
    """
    address = safe_url(url, base_url, rules.url_schemes)
    return without_tracking(address) if rules.strip_tracking else address


def candidates(value: str, base_url: str) -> str:
    """Return the harmless candidates of a srcset, with absolute addresses: a comma inside one stays, as in browsers."""
    kept = []
    for address, descriptor in in_srcset(value):
        url = safe_url(address, base_url, FETCHED)
        if url and (not descriptor or _SRCSET_DESCRIPTOR.fullmatch(descriptor)):
            kept.append(f"{url} {descriptor}".strip())
    return ", ".join(kept)


def in_srcset(value: str) -> Iterator[tuple[str, str]]:
    """Yield the address and the descriptor of each candidate of a srcset, as they are written; "" for no descriptor."""
    position = 0
    while found := _SRCSET_URL.match(value, position):
        position = found.end()
        address, descriptor = found[1], ""
        if address.endswith(","):
            address = address.rstrip(",")
        elif rest := _SRCSET_REST.match(value, position):
            position = rest.end()
            descriptor = rest[1].strip()
        yield address, descriptor


def declarations(value: str, properties: frozenset[str]) -> str:
    """Return those declarations of a style attribute that are among *properties*, and load, hide and run nothing. Of
    `text-decoration`, only the lines and their style are kept.
    """
    kept = []
    for declaration in (part.strip() for part in value.split(";")):
        name = declaration.partition(":")[0].strip().lower()
        if name in properties and not _STYLE_DANGER.search(declaration):
            kept.append(_without_thickness(declaration) if name == "text-decoration" else declaration)
    return ";".join(filter(None, kept))  # as nh3 writes them


def _without_thickness(declaration: str) -> str:
    """Return a *declaration* of `text-decoration` without the thickness and the colour of its lines, or "" if nothing
    is left: a line of any thickness would cover what is around the text.
    """
    name, _, value = declaration.partition(":")
    words = [word for word in value.partition("!")[0].split() if word.lower() in _LINES]
    return f"{name}:{' '.join(words)}" if words else ""
