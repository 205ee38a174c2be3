"""The id of an entry, and whether the id is also the entry's link."""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element

from lifestream.content.late_pattern import late
from lifestream.parser.strict.fields import Fields, elements, first_text
from lifestream.parser.strict.vocabulary import RDF

LOOKS_LIKE_ADDRESS: Final = late(r"[a-z][a-z0-9+.-]*://|/|\.\.?/|\?", re.IGNORECASE)
_PATH: Final = re.compile(r"[^\s:/?#]+/\S*+")


def guid_of(element: Element, fields: Fields) -> str:
    """Return the id of the entry *element*, whose children are *fields*."""
    for found in elements(fields, "guid", "atom:id", "id"):
        if text := "".join(found.itertext()).strip():
            return text
    abouts = (value for name, value in element.attrib.items() if _is_about(name))
    about = element.get(f"{RDF}about") or next(filter(None, abouts), "") or element.get(f"{RDF}ID") or ""
    return about.strip() or first_text(fields, "dc:identifier")


def _is_about(name: str) -> bool:
    """Return whether *name* is RDF's attribute `about`, even if its namespace is misspelled, or its prefix is declared
    nowhere. The attribute `about` of another vocabulary names a topic, which many items may have.
    """
    namespace, _, local = name.rpartition("}")
    return local == "about" and (not namespace or "rdf" in namespace.lower())


def is_link(guid: str, fields: Fields) -> bool:
    """Return whether *guid*, the id of an entry, is also the entry's link (RSS 2.0).

    By the specification it is, unless `isPermaLink` is false. But many ids without `isPermaLink` are no links, so
    *guid* must look like an address; if `isPermaLink` is true, a path is enough.
    """
    permalinks = [_is_permalink(found) for found in fields.get("guid", ())]
    if False in permalinks:
        return False
    return LOOKS_LIKE_ADDRESS.match(guid) is not None or (True in permalinks and _PATH.fullmatch(guid) is not None)


def _is_permalink(guid: Element) -> bool | None:
    written = next((value for name, value in guid.attrib.items() if name.lower() == "ispermalink"), "").strip().lower()
    return None if written not in ("true", "false") else written == "true"
