"""The shape of a page: all of it but its words. Two pages of one shape give a script the same chances to run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from lifestream.content.html_tokenizer import name_set

Shape = tuple[tuple[str, ...], ...]

WORDS: Final = name_set("alt content datetime label lang placeholder title value aria-label data-title")
"""The attributes whose values no browser opens or runs: they are part of a page's words."""
WHOLE: Final = name_set("style srcdoc class rel target type http-equiv")
"""The attributes whose whole values are part of a page's shape, as are those of `on…`."""
_ADDRESS = re.compile(r"[\x00-\x20]*([a-z][a-z0-9+.\x00-\x20-]*:)?[\x00-\x20]*(//)?", re.IGNORECASE)


def shape_of(page: str) -> Shape:
    """Return the elements of *page* in their order, each with its attributes. Comments count as elements.

    The value of an attribute counts whole if the attribute is in WHOLE or begins with "on", and not at all if it is in
    WORDS. Of any other value, the scheme counts, and whether it names a host. What a script, a style or a template
    contains counts whole. The page is read as the HTML standard says, by a parser that lifestream itself does not use.
    """
    root = LexborHTMLParser(page).root
    assert root is not None
    shape = []
    for node in root.traverse():
        tag = node.tag or ""
        parts = [tag]
        for name, value in sorted(node.attributes.items()):
            if name in WORDS:
                parts.append(name)
            elif name.startswith("on") or name in WHOLE:
                parts.append(f"{name}={value}")
            else:
                found = _ADDRESS.match(value or "")
                parts.append(f"{name}={''.join(found[0].split()).lower() if found else ''}")
        if tag in ("script", "style", "template"):  # what a template contains is in no other node
            parts.append(node.html or "")
        shape.append(tuple(parts))
    return tuple(shape)


def one_of_each_shape(addresses: Iterable[str], get: Callable[[str], str]) -> Iterator[str]:
    """Yield those *addresses* whose pages, which *get* returns, have a shape that no earlier one had."""
    known: set[Shape] = set()
    for address in addresses:
        shape = shape_of(get(address))
        if shape not in known:
            known.add(shape)
            yield address
