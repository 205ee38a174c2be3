"""Notes on how a document was understood, for a person who asks (`lifestream read`, the admin's view of what is read).

What cleaning removed from an item is described in words: "<script>", "img onerror", "link: javascript:…". For this, the
tags and attributes are counted before and after cleaning, so that this module needs to know nothing of the rules of
cleaning. Counting takes time linear in the length of the HTML, and is done only for those who ask.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lifestream.content.html_tokenizer import attributes, tokens
from lifestream.plugins.base import ItemDraft

MOST: Final = 50
"""How many kinds of removed things are named."""
LONGEST: Final = 100
"""How much of a removed address is quoted, in characters."""


@dataclass(slots=True)
class Notes:
    """How a document was understood. Readers and cleaning fill it in while they work, if somebody asked for it.

    *encoding_reason* says why the encoding was chosen, *reader* which reader read the document. *dates* has, for each
    moment, the text that a date was read from and the form that it was understood in; *undated* has the texts of dates
    that were not understood. *removed* says for each item what cleaning removed from its HTML.
    """

    encoding_reason: str = ""
    reader: str = ""
    dates: dict[datetime, tuple[str, str]] = field(default_factory=dict)
    undated: list[str] = field(default_factory=list)
    removed: list[tuple[str, ...]] = field(default_factory=list)


def removals(draft: ItemDraft, safe: ItemDraft) -> tuple[str, ...]:
    """Return what is in *draft* and no longer in *safe*, each kind once, with its number if there are several."""
    removed = _parts(draft.content) - _parts(safe.content)
    # The attributes of a tag that is gone are gone with it.
    elements = {name for kind, name in removed if not kind}
    counted = {
        _name(kind, name): number for (kind, name), number in removed.items() if not kind or kind not in elements
    }
    named = [name if number == 1 else f"{name} ({number:,} times)" for name, number in counted.items()]
    if draft.link.strip() and not safe.link:
        named.append(f"link: {draft.link.strip()[:LONGEST]}")
    for what, before, after in (("enclosure", draft.enclosures, safe.enclosures), ("medium", draft.media, safe.media)):
        if (number := len(before) - len(after)) > 0:
            named.append(f"{what} without a safe address" + (f" ({number:,} times)" if number > 1 else ""))
    return (*named[:MOST], f"and {len(named) - MOST:,} more") if len(named) > MOST else tuple(named)


def _name(element: str, name: str) -> str:
    return f"{element} {name}" if element else f"<{name}>"


def _parts(html: str) -> Counter[tuple[str, str]]:
    """Count the tags and comments in *html*, by ("", tag) and ("", "!--"), and the attributes, by (tag, attribute)."""
    found: Counter[tuple[str, str]] = Counter()
    for token in tokens(html):
        if token.kind == "start":
            found["", token.name] += 1
            for name in attributes(token.source):
                found[token.name, name] += 1
        elif token.kind == "hidden" and not token.name:
            found["", "!--"] += 1
    return found
