"""The children of an element by their names."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from lifestream.parser.strict.constructs import text_of
from lifestream.parser.strict.vocabulary import Names

Fields = dict[str, list[Element]]
"""The children of an element by their names, in the document's order."""


def fields_of(element: Element, names: Names) -> Fields:
    """Return the children of *element* by name."""
    fields: Fields = {}
    for child in element:
        name = names[child.tag]
        if name in fields:
            fields[name].append(child)
        else:
            fields[name] = [child]
    return fields


def elements(fields: Fields, *names: str) -> Iterator[Element]:
    """Yield the elements in *fields* that have one of these *names*, in the order of *names*."""
    for name in names:
        yield from fields.get(name, ())


def first_text(fields: Fields, *names: str) -> str:
    """Return the first text in *fields* under these *names*, in the order of *names*."""
    for name in names:
        for element in fields.get(name, ()):
            if text := text_of(element):
                return text
    return ""
