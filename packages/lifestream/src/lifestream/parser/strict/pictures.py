"""The picture of a feed or of an entry, outside of Media RSS."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from lifestream.parser.strict.constructs import text_of
from lifestream.parser.strict.fields import Fields, fields_of, first_text
from lifestream.parser.strict.vocabulary import RDF, Names


def picture_of(image: Element, names: Names) -> str:
    """Return the address in an `image` of RSS, iTunes or Google Play: in an attribute, a child or its text."""
    found = image.get("href") or image.get("url") or first_text(fields_of(image, names), "url", "atom:url")
    return found or image.get(f"{RDF}resource") or text_of(image)


def linked_picture(fields: Fields) -> str:
    """Return the address in the first `itunes:link` to an image, or "" if there is none."""
    links = (link for link in fields.get("itunes:link", ()) if link.get("rel") == "image")
    return next((link.get("href", "") for link in links), "")
