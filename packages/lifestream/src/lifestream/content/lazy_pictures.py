"""Pictures that a script would load: their sources, their copies in `noscript`, and tracking pixels.

reading.md, rules 15 and 16.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Final

from lifestream.content.html_tokenizer import attributes, name_set
from lifestream.content.late_pattern import late

LAZY: Final = name_set("img source iframe embed video audio")
"""The elements whose sources scripts fill in."""

# Attributes of the commonest plugins (lazysizes, WP Rocket, Jetpack, jquery.lazyload, a3 Lazy Load). The first of them
# that has an address counts.
_SOURCES: Final = ("data-src", "data-lazy-src", "data-original", "data-orig-src", "data-lazyload", "data-ll-src")
_SRCSETS: Final = ("data-srcset", "data-lazy-srcset", "data-original-set", "data-ll-srcset")
_LAZY_CLASS = re.compile(r"(?:^|[\s_-])lazy", re.IGNORECASE)
IS_LAZY = late(rf"[\s/\"'](?:{'|'.join((*_SOURCES, *_SRCSETS, 'data-poster'))})\s*=", re.IGNORECASE)
IS_TINY = late(r"(?:width|height)\s*+[=:]\s*+[\"']?\s*+0*[01](?:\.0+)?(?![\d.])|display\s*+:\s*+none", re.IGNORECASE)
"""If neither IS_LAZY nor IS_TINY is found in a fragment without `noscript`, its pictures need no change (unless sizes
are written with entities).
"""

_SIZE = late(r"\s*+0*([01])(?:\.0+)?(?:px)?\s*+$", re.IGNORECASE)
_STYLE_SIZE = late(r"(?:^|;)\s*+(width|height)\s*+:\s*+([^;]*+)", re.IGNORECASE)
_HIDDEN = late(r"display\s*+:\s*+none", re.IGNORECASE)


@dataclass(slots=True)
class LazyPictures:
    """The pictures that were read from a fragment so far.

    *pieces* holds the fragment as it is rewritten, with each of their tags in a piece of its own. This class replaces
    the tag of a picture with "" if its `noscript` copy is shown.
    """

    pieces: list[str]
    _lazy: set[str] = field(default_factory=set)
    _fallbacks: set[str] = field(default_factory=set)
    # The last lazy picture, if a copy of it may follow: its index in `pieces`, and whether it has its source.
    _waiting: tuple[int, bool] | None = None
    _last_fallback: bool = False

    def text(self) -> None:
        """Note that text was read: a picture before it and one after it are copies only if they share an address."""
        self._waiting = None
        self._last_fallback = False

    def picture(self, source: str, *, in_fallback: bool) -> str:
        """Return the `img` tag *source* with the address that a script would give it, or "" if it is not to be shown.

        If a lazy picture has a copy in `noscript`, only one of the two is shown: the one that has a source.
        """
        attrs = attributes(source)
        if is_pixel(attrs):
            return ""
        filled = with_sources("img", attrs)
        address = (filled or attrs).get("src", "").strip()
        if in_fallback:
            return self._fallback(source, filled, address)
        placeholder = not address or address.lower().startswith("data:")
        lazy = filled is not None or placeholder or bool(_LAZY_CLASS.search(attrs.get("class", "")))
        copied, self._last_fallback = self._last_fallback, False
        if not lazy:
            self._waiting = None
            return source
        if address in self._fallbacks or (copied and filled is None):
            return ""
        self._waiting = (len(self.pieces), filled is not None)
        self._lazy.add(address)
        return source if filled is None else written("img", filled)

    def _fallback(self, source: str, filled: Mapping[str, str] | None, address: str) -> str:
        waiting, self._waiting = self._waiting, None
        if address in self._lazy or (waiting and waiting[1]):
            return ""
        if waiting:
            self.pieces[waiting[0]] = ""
        self._fallbacks.add(address)
        self._last_fallback = True
        return source if filled is None else written("img", filled)


def is_pixel(attrs: Mapping[str, str]) -> bool:
    """Return whether a picture with these attributes is there to count readers: at most one pixel wide and high, or
    hidden without a source for a script to load.
    """
    style = attrs.get("style", "")
    if _HIDDEN.search(style) and with_sources("img", attrs) is None:
        return True
    sizes = {name.lower(): value for name, value in _STYLE_SIZE.findall(style)} if style else {}
    return all(_SIZE.match(attrs.get(side, "") or sizes.get(side, "")) for side in ("width", "height"))


def with_sources(name: str, attrs: Mapping[str, str]) -> dict[str, str] | None:
    """Return the attributes of an element *name* with the sources that a script would give it, or None if there are
    none.
    """
    sources: dict[str, str] = {}
    if source := _first(attrs, _SOURCES):
        sources["src"] = source
    if candidates := _first(attrs, _SRCSETS):
        sources["srcset"] = candidates
    if name == "video" and (poster := _first(attrs, ("data-poster",))):
        sources["poster"] = poster
    return {**attrs, **sources} if sources else None


def _first(attrs: Mapping[str, str], names: tuple[str, ...]) -> str:
    values = (attrs.get(name, "").strip() for name in names)
    return next((value for value in values if value and not value.startswith(("{", "[", "data:"))), "")


def written(name: str, attrs: Mapping[str, str]) -> str:
    """Return the start tag of *name* with those attributes *attrs* whose names can be written in a tag."""
    pairs = (f' {key}="{escape(value)}"' for key, value in attrs.items() if _ATTRIBUTE_NAME.match(key))
    return f"<{name}{''.join(pairs)}>"


_ATTRIBUTE_NAME = re.compile(r"[^\s\"'<>/=]+$")
