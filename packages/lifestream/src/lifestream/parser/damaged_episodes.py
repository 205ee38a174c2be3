"""The episodes in a document that feedparser reads: it doesn't know the elements of Podcasting 2.0.

These elements are simple: a tag with attributes, and text. So each can be found in the text of its entry, no matter
where the document is damaged. The strict reader's `episodes` makes an `Episode` of them. An entry's text reaches from
its start tag to that of the next entry. Elements in CDATA sections and comments don't count; the text of an element may
be a CDATA section.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final
from xml.etree.ElementTree import Element

from lifestream.content.html_tokenizer import attributes, unescape
from lifestream.entry import Entry
from lifestream.parser.strict.episodes import MOST, NAMES, Fields, episode_of, persons_of
from lifestream.parser.strict.scope import Scope
from lifestream.parser.strict.vocabulary import prefix_of
from lifestream.parser.wellformed import literals

_MAX_NAMESPACES: Final = 1000
_DECLARED = re.compile(r"""xmlns:([\w.-]+)\s*=\s*["']([^"'<>\s]+)["']""")
_LOCAL: Final = "|".join(sorted({name.partition(":")[2] for name in NAMES}))
_ELEMENT = re.compile(
    rf"""<([\w.-]+):({_LOCAL})(?=[\s/>])((?>(?>[^<>"']++|"[^"<]*+"|'[^'<]*+')*))>([^<]*+)""", re.IGNORECASE
)
_SECTION: Final = b"<![CDATA["
_ENTRY = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)(?=[\s/>])", re.IGNORECASE)


def with_episodes(entries: Sequence[Entry], text: str) -> tuple[Entry, ...]:
    """Return *entries*, which are all entries read from the document *text*, with the episodes that it describes. They
    are returned unchanged if the number of entries found in *text* differs from theirs.

    Persons named before the first entry are the hosts of the podcast: they take part in each episode that names none.
    """
    head, *pieces = _pieces(text)
    if len(pieces) != len(entries):  # it is not known which piece belongs to which entry
        return tuple(entries)
    declared = islice(_DECLARED.findall(text), _MAX_NAMESPACES)
    prefixes = {prefix: prefix_of(namespace) or "" for prefix, namespace in declared}
    for usual in ("podcast", "itunes"):
        if f"{usual}:" not in prefixes.values():
            prefixes[usual] = f"{usual}:"
    hosts = persons_of(_fields(head, prefixes), Scope(""))
    return tuple(
        replace(entry, episode=episode_of(_fields(piece, prefixes), Scope(entry.base), hosts))
        for entry, piece in zip(entries, pieces, strict=True)
    )


def _fields(piece: str, prefixes: Mapping[str, str]) -> Fields:
    fields: Fields = {}
    for prefix, local, written, text in islice(_ELEMENT.findall(piece), 4 * MOST):
        name = prefixes.get(prefix, "") + local.lower()
        if name in NAMES:
            element = Element(name, attributes(f"<a {written.rstrip('/')}>"))
            element.text = "" if written.endswith("/") else unescape(text)
            fields.setdefault(name, []).append(element)
    return fields


def _pieces(text: str) -> Iterator[str]:
    """Yield *text* without comments, processing instructions and CDATA sections, cut before each entry: its head first,
    then the entries. A CDATA section without `<` becomes text.
    """
    document = text.encode("utf-8", "replace")
    kept, position = [], 0
    for start, end in literals(document):
        kept.append(document[position:start])
        literal = document[start:end]
        if literal.startswith(_SECTION) and b"<" not in literal[len(_SECTION) :]:
            kept.append(literal[len(_SECTION) :].removesuffix(b"]]>").replace(b"&", b"&amp;"))
        position = end
    seen = b"".join([*kept, document[position:]]).decode("utf-8", "replace")
    position = 0
    for found in _ENTRY.finditer(seen):
        yield seen[position : found.start()]
        position = found.start()
    yield seen[position:]
