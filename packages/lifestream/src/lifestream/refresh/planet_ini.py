"""The configuration of a planet: `config.ini` of Planet and Planet Venus, `planet.ini` of Pluto. Pure.

Planet Venus names a feed in the head of a section (`[https://blog.example/feed]`), Pluto in its option `feed`. Of a
feed, its name, its site and its filters are taken: a filter that is a list of words becomes a rule for each of them.
Faces, themes and filters that are programs have no counterpart; what is left out of a feed stands in its *note*.
"""

from __future__ import annotations

import configparser
import re
from typing import Final

from lifestream.content.plaintext import scrub, shorten
from lifestream.message import say
from lifestream.refresh.opml import LONGEST_NAME, MAX_FEEDS, MAX_SIZE, NotOpml, Outline

_SECTION = re.compile(r"^\[[^\]\n]+\]\s*$", re.MULTILINE)
_ADDRESS = re.compile(r"(?:https?|feed)://\S+", re.IGNORECASE)
_WORDS = re.compile(r"(?:\(\?i\))?\(?([\w '|-]+)\)?")
_TOP: Final = "what stands above all sections"
_KEEP: Final = ("filter", "include", "includes")
_BLOCK: Final = ("exclude", "excludes")
_LISTS: Final = ("opml", "foaf", "csv", "config")
_NO_COUNTERPART: Final = ("filters", "face", "avatar", "xml_base", "title_type", "summary_type", "content_type")


def is_planet(document: bytes) -> bool:
    """Return whether *document* looks like the configuration of a planet, and not like OPML."""
    start = document[:MAX_SIZE].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    return not start.startswith("<") and _SECTION.search(start) is not None


def read(document: bytes) -> list[Outline]:
    """Return the feeds in *document*, in its order. Raises `NotOpml` if it names none, or more than MAX_FEEDS."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, empty_lines_in_values=False)
    try:
        parser.read_string(f"[{_TOP}]\n" + document.decode("utf-8-sig", "replace"))
    except configparser.Error as error:
        raise NotOpml(say("unreadable-planet", reason=" ".join(str(error).split()))) from error
    found: dict[str, Outline] = {}
    for section in parser.sections():
        said = {name: (value or "").strip() for name, value in parser.items(section)}
        url = section.strip() if _ADDRESS.fullmatch(section.strip()) else said.get("feed", "")
        if url:
            found.setdefault(url, _outline(url, said))
    if not found:
        raise NotOpml(say("no-planet"))
    if len(found) > MAX_FEEDS:
        raise NotOpml(say("opml-too-many", most=f"{MAX_FEEDS:,}"))
    return list(found.values())


def _outline(url: str, said: dict[str, str]) -> Outline:
    name = shorten(" ".join(scrub(said.get("name") or said.get("title") or "").split()), LONGEST_NAME)
    kind = next((kind for kind in _LISTS if kind in said.get("content_type", "").lower()), "")
    if kind:
        return Outline(url, name, refusal=say("list-of-feeds", url=url, kind=kind))
    keep, block = _rules(said, _KEEP), _rules(said, _BLOCK)
    lost = [option for option in (*_KEEP, *_BLOCK) if said.get(option) and _words(said[option]) is None]
    lost += [option for option in _NO_COUNTERPART if said.get(option)]
    note = f"{name or url}: {', '.join(f'{option} = {said[option]}' for option in lost)}" if lost else ""
    return Outline(url, name, said.get("link", ""), keep_rules=keep, block_rules=block, note=scrub(note))


def _rules(said: dict[str, str], options: tuple[str, ...]) -> str:
    """Return the rules for the words in *options*, one a line."""
    return "\n".join(word for option in options for word in _words(said.get(option, "")) or ())


def _words(pattern: str) -> list[str] | None:
    """Return the rules for a regular expression that is nothing but words with bars between them; None for others."""
    if not pattern:
        return []
    found = _WORDS.fullmatch(pattern)
    if found is None:
        return None
    words = [" ".join(word.split()) for word in found[1].split("|")]
    return [f'"{word}"' if " " in word else word for word in words if word]
