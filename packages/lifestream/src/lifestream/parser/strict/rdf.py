"""Ways of writing a property in RDF/XML (RDF 1.1 XML Syntax): RSS 1.0 uses one of them, RDF libraries use all.

A property may be an attribute (2.5): `<item rss:title="One" dc:date="…"/>`. The type of a node may be a property
(2.13): `<rdf:Description><rdf:type rdf:resource="http://purl.org/rss/1.0/item"/>`.
"""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, SubElement

from lifestream.parser.strict.vocabulary import RDF, RSS_10, XML

_DESCRIPTION: Final = f"{RDF}Description"
_TYPE: Final = f"{RDF}type"
_RESOURCE: Final = f"{RDF}resource"


def write_properties(node: Element) -> None:
    """Write *node*, a child of the root or of a channel, as RSS 1.0 writes it: its properties as children, and its type
    as its name.
    """
    for name, value in node.attrib.items():
        if name.startswith("{") and not name.startswith((RDF, XML)):
            SubElement(node, name).text = value
    if node.tag != _DESCRIPTION:
        return
    kinds = [node.get(_TYPE, ""), *(kind.get(_RESOURCE, "") for kind in node.findall(_TYPE))]
    kind = next((kind for kind in kinds if kind.startswith(RSS_10)), "")
    if kind:
        node.tag = f"{{{RSS_10}}}{kind.removeprefix(RSS_10)}"
