"""The configuration of a planet: `config.ini` of Planet and Planet Venus, `planet.ini` of Pluto. This module reads no
file and requests nothing.

Planet Venus names a feed in the head of a section (`[https://blog.example/feed]`), Pluto in its option `feed`. The
name, the site and the filters of a feed are taken: a filter that is a list of words becomes a rule for each of them.
A filter of the section `[Planet]` applies to each feed that does not set the same option, as in Planet Venus. Faces,
themes and filters that are programs have no counterpart. The *note* of a feed names what is left out: its filters that
become no rules, and its options of `_NO_COUNTERPART`. The note of the first feed that is not refused also names the
filters of `[Planet]` that are left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from lifestream.conf import settings
from lifestream.content.filter_rules import MOST_RULES
from lifestream.content.plaintext import one_line, scrub, shorten
from lifestream.fetcher.feed_urls import shown_in_message
from lifestream.message import Number, say
from lifestream.refresh.opml import LONGEST_NAME, NotOpml, Outline, too_large

_SECTION = re.compile(r"^\[[^\]\n]+\]\s*$", re.MULTILINE)
_ADDRESS = re.compile(r"(?:https?|feed)://\S+", re.IGNORECASE)
_WORDS = re.compile(r"(?:\(\?i\))?\(?([\w '|-]+)\)?")
_SIGN = re.compile("[=:]")
_KEEP: Final = ("filter", "include", "includes")
_BLOCK: Final = ("exclude", "excludes")
_LISTS: Final = ("opml", "foaf", "csv", "config")
_NO_COUNTERPART: Final = ("filters", "face", "avatar", "xml_base", "title_type", "summary_type", "content_type")
_OF_ALL: Final = (*_KEEP, *_BLOCK)
"""The options of the section `[Planet]` that become rules of feeds. Of its other options, only `filters` is noted."""
_LONGEST_SHARED: Final = 5_000
"""The most characters of a value that all feeds share, and of a filter that is to become rules."""
_USED: Final = ("feed", "name", "title", "link", *_KEEP, *_BLOCK, *_NO_COUNTERPART)


def is_planet(document: bytes) -> bool:
    """Return whether *document* looks like the configuration of a planet, and not like OPML."""
    start = document[: settings.max_opml].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    return not start.startswith("<") and _SECTION.search(start) is not None


def read(document: bytes) -> list[Outline]:
    """Return the feeds in *document*, in its order. Raises `NotOpml` if it names none or more than
    LIFESTREAM_MAX_OPML_FEEDS, if it has more than LIFESTREAM_MAX_OPML bytes, or if a line of it can't be read.
    """
    most = settings.max_opml_feeds
    if len(document) > settings.max_opml:
        raise NotOpml(too_large())
    sections = _sections(document.decode("utf-8-sig", "replace"))
    defaults = sections.pop("DEFAULT", {})
    planet = sections.pop("Planet", {})  # its option `feed` is the planet's own feed
    whole = {name: _joined(planet.get(name)) for name in (*_OF_ALL, "filters")}
    shared = {name: whole[name] for name in _OF_ALL if _words(whole[name])}
    # A document may name thousands of feeds, and each gets all of these values: so a value is joined once, and cut.
    shared |= {name: _joined(defaults[name])[: _LONGEST_SHARED + 1] for name in _USED if name in defaults}
    found: dict[str, Outline] = {}
    for section, options in sections.items():
        given = {name: _joined(options[name]) if name in options else shared.get(name, "") for name in _USED}
        url = section.strip() if _ADDRESS.fullmatch(section.strip()) else given["feed"]
        if url:
            found.setdefault(url, _outline(url, given))
        if len(found) > most:
            raise NotOpml(say("opml-too-many", most=Number(most)))
    if not found:
        raise NotOpml(say("no-planet"))
    first_accepted = next((outline for outline in found.values() if not outline.refusal), None)
    if first_accepted is not None and (of_planet := _note("Planet", whole)):
        found[first_accepted.url] = replace(
            first_accepted, note="; ".join(filter(None, (of_planet, first_accepted.note)))
        )
    return list(found.values())


def _joined(lines: list[str] | None) -> str:
    return "\n".join(lines or ()).strip()


def _sections(text: str) -> dict[str, dict[str, list[str]]]:
    """Return for each section the lines of each option's value, by the option's name in lower case. Raises `NotOpml`
    for a line without a name.

    The text is read as by `RawConfigParser(strict=False, allow_no_value=True, empty_lines_in_values=False)`, except
    that lines before the first section are ignored. It takes linear time: configparser takes quadratic time for the
    spaces in a line, for lines without a name, and for the options of [DEFAULT] beside many sections.
    """
    sections: dict[str, dict[str, list[str]]] = {}
    options: dict[str, list[str]] = {}  # lines before the first section belong to none
    lines: list[str] | None = None  # the lines of the value that a line with more indentation continues
    indent = 0
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        depth = len(line) - len(line.lstrip())
        if not stripped or stripped[0] in "#;":
            lines = None
        elif lines is not None and depth > indent:
            lines.append(stripped)
        elif stripped[0] == "[" and (end := stripped.rfind("]")) > 1:
            options, lines, indent = sections.setdefault(stripped[1:end], {}), None, depth
        else:
            sign = _SIGN.search(stripped)
            name = stripped[: sign.start()].rstrip() if sign else stripped
            if not name:
                raise NotOpml(say("unreadable-planet", reason=f"line {number}, {stripped[:40]!r}"))
            lines = options[name.lower()] = [stripped[sign.end() :].strip() if sign else ""]
            indent = depth
    return sections


def _outline(url: str, given: dict[str, str]) -> Outline:
    name = shorten(one_line(given.get("name") or given.get("title") or ""), LONGEST_NAME)
    kind = next((kind for kind in _LISTS if kind in given.get("content_type", "").lower()), "")
    if kind:
        return Outline(url, name, refusal=say("list-of-feeds", url=shown_in_message(url), kind=kind))
    keep, block = _rules(given, _KEEP), _rules(given, _BLOCK)
    return Outline(url, name, given.get("link", ""), keep_rules=keep, block_rules=block, note=_note(name or url, given))


def _note(name: str, given: dict[str, str]) -> str:
    """Return which of the options *given* for *name* are left out, "" for none."""
    left_out = [option for option in (*_KEEP, *_BLOCK) if given.get(option) and _words(given[option]) is None]
    left_out += [option for option in _NO_COUNTERPART if given.get(option)]
    options = ", ".join(f"{option} = {shorten(given[option], LONGEST_NAME)}" for option in left_out)
    return scrub(f"{name}: {options}") if left_out else ""


def _rules(given: dict[str, str], options: tuple[str, ...]) -> str:
    """Return the rules for the words in *options*, one per line."""
    return "\n".join(word for option in options for word in _words(given.get(option, "")) or ())


def _words(pattern: str) -> tuple[str, ...] | None:
    """Return the rules for a regular expression that is nothing but words with bars between them; None for any other,
    and for one that has more than _LONGEST_SHARED characters or MOST_RULES words.
    """
    return _words_of_short(pattern) if len(pattern) <= _LONGEST_SHARED else None


@lru_cache(maxsize=16)  # the feeds of a planet share their filters
def _words_of_short(pattern: str) -> tuple[str, ...] | None:
    if not pattern:
        return ()
    found = _WORDS.fullmatch(pattern)
    if found is None:
        return None
    words = [" ".join(word.split()) for word in found[1].split("|")]
    # `filter_rules` uses no more than MOST_RULES.
    if len(words) > MOST_RULES:
        return None
    return tuple(f'"{word}"' if " " in word else word for word in words if word)
