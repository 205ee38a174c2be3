"""The enclosures of an entry, in whichever element it has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from lifestream.parser.strict.constructs import text_of
from lifestream.parser.strict.fields import Fields, elements
from lifestream.parser.strict.links import Link, links_of, plain_address
from lifestream.parser.strict.scope import Scope
from lifestream.parser.strict.vocabulary import Names
from lifestream.parser.text_constructs import TextKind, kind_of


def files_of(fields: Fields, names: Names, scope: Scope, links: list[Link]) -> list[Link]:
    """Return the files of the entry whose children are *fields*, and whose *links* were read before its base was known.

    They are enclosures of RSS and of Atom, and content of Atom that is a file elsewhere (RFC 4287, 4.1.3.2). Alternate
    enclosures of a podcast are usually beside the main one, so they count only if there is no other. A file that is
    named twice is returned once, with the type and the length that either place gives. The addresses that FeedBurner
    made are replaced by the original ones, if there is one for each file.
    """
    files = links_of(fields.get("enclosure", ()), scope) if "enclosure" in fields else []
    if any(link.relation == "enclosure" for link in links):
        atom_links = links_of(elements(fields, "link", "atom:link"), scope)
        files += [link for link in atom_links if link.relation == "enclosure"]
    if "atom:content" in fields:
        files += _contents(fields["atom:content"], scope)
    if not files and "podcast:alternateenclosure" in fields:
        files += _alternate(fields["podcast:alternateenclosure"], names, scope)
    if files and "feedburner:origenclosurelink" in fields:
        files = _originals(files, fields["feedburner:origenclosurelink"], scope)
    return _once(files) if len(files) > 1 else files


def _contents(contents: Iterable[Element], scope: Scope) -> Iterator[Link]:
    for element in contents:
        kind = element.get("type", "").strip().lower()
        address = scope.of(element).absolute(element.get("src"))
        if address and kind_of(kind) is TextKind.OTHER:
            yield Link(address, "enclosure", kind)


def _alternate(alternates: list[Element], names: Names, scope: Scope) -> Iterator[Link]:
    """Yield the first source of the alternate enclosure that is the default, or else of the first one."""
    element = next((each for each in alternates if each.get("default", "").lower() == "true"), alternates[0])
    sources = [child for child in element if names[child.tag] == "podcast:source"]
    for link in links_of(sources, scope)[:1]:
        yield Link(link.address, "enclosure", element.get("type", "").strip().lower(), element.get("length", ""))


def _originals(files: list[Link], originals: list[Element], scope: Scope) -> list[Link]:
    """Return *files* with the addresses that FeedBurner replaced, if there is one for each file."""
    addresses = [scope.absolute(plain_address(text_of(element))) for element in originals]
    if len(addresses) != len(files):
        return files
    return [link._replace(address=address or link.address) for link, address in zip(files, addresses, strict=True)]


def _once(files: list[Link]) -> list[Link]:
    found: dict[str, Link] = {}
    for file in files:
        known = found.setdefault(file.address, file)
        if known is not file:
            length = known.length if known.length.strip(" 0") else file.length
            found[file.address] = known._replace(type=known.type or file.type, length=length)
    return list(found.values())
