"""Lists of subscriptions as OPML 2.0, which every feed reader writes and reads.

`read` and `render` convert documents to values and back; `subscriptions_of` and `subscribe_to` read from the database
and write to it. A feed with credentials is never written, since its URL is private.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.sax.xmlreader import AttributesImpl

from django.utils.xmlutils import SimplerXMLGenerator

from lifestream.conf import settings
from lifestream.content.html_tokenizer import attributes, tokens
from lifestream.content.plaintext import one_line, scrub, shorten
from lifestream.content.urls import FETCHED, safe_url
from lifestream.entry import Flaw
from lifestream.fetcher.feed_urls import (
    UrlRefused,
    credentials_of,
    request_url,
    shown_in_message,
    url_key,
    without_logins,
)
from lifestream.message import Number, say
from lifestream.models import Lifestream, Subscription, sort_names
from lifestream.parser.encoding import decode
from lifestream.parser.wellformed import flaw_of
from lifestream.plugins.caps import address
from lifestream.plugins.entry_uris import as_iri
from lifestream.storage.bulk_subscriptions import Listed, subscribe_all


class NotOpml(ValueError):
    """The document is no list of subscriptions."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A feed in a list: its URL, its name in the list, its site, the folder it is in ("" for none), and its rules.

    *refusal* is why it can't be subscribed to, "" if it can; *note* names the parts of its entry that are left out.
    """

    url: str
    title: str = ""
    site_url: str = ""
    folder: str = ""
    keep_rules: str = ""
    block_rules: str = ""
    refusal: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The result of importing a list.

    The subscriptions *made*; how many feeds were *known*, from before or from earlier in the list; for each feed that
    was *refused*, the reason; and *notes* of what was left out of the others.
    """

    made: Sequence[Subscription]
    known: int
    refused: Sequence[str]
    notes: Sequence[str] = ()


MAX_DEPTH: Final = 20
"""How deeply folders may be nested."""
_PART: Final = 500
"""How many subscriptions are read together."""
_WRITTEN: Final = 64 * 1024
"""How many characters of a list are written together."""
LONGEST_NAME: Final = 200
"""How many characters the name of a feed may have, and that of a folder with its parents; longer ones are cut, with
"…".
"""


@dataclass(frozen=True, slots=True)
class OpmlList:
    """A list that was read: its *outlines*, where it is ill-formed (*flaw*), and whether its end is missing."""

    outlines: Sequence[Outline]
    flaw: Flaw | None = None
    is_cut_off: bool = False


def read(document: bytes) -> list[Outline]:
    """Return the feeds in *document*, as `read_list` does."""
    return list(read_list(document).outlines)


def read_list(document: bytes) -> OpmlList:
    """Return the list in *document*: its feeds, in its order and each once. The folder of a feed is the one that its
    `category` names, else the outlines around it: a nested folder is named "outer/inner".

    A strict parser finds out whether the list is well-formed, but feeds are found in an ill-formed list, too: many
    programs don't escape `&`. If the list is cut off, an incomplete outline at its end is left out. Takes time linear
    in the length. Raises `NotOpml` if the document is no list, or has more than LIFESTREAM_MAX_OPML bytes,
    LIFESTREAM_MAX_OPML_FEEDS feeds or MAX_DEPTH nested folders.
    """
    most = settings.max_opml_feeds
    if len(document) > settings.max_opml:
        raise NotOpml(too_large())
    text = decode(document).text
    is_list = False
    outlines: dict[str, Outline] = {}
    folders: list[str] = []  # the open folders
    opened: list[int] = []  # for each open outline, how many folders were open when it began
    # Empty title elements are removed: HTML has none, so everything after one would count as its text.
    for kind, name, source in tokens(_EMPTY_TITLE.sub("", text)):
        element = name.rpartition(":")[2]
        is_list = is_list or (kind == "start" and element == "opml")
        # An outline without its `>` is left out: it is the end of a list that is cut off, and half of an address may be
        # the address of another feed.
        if element != "outline" or not source.endswith(">"):
            continue
        if kind == "end":
            if opened:
                del folders[opened.pop() :]
            continue
        given = attributes(source)
        title = _line(given.get("text", "")) or _line(given.get("title", ""))
        purpose = given.get("type", "").strip().lower()
        url = given.get("xmlurl", "").strip() or (given.get("url", "").strip() if purpose in _FEEDS else "")
        if url and purpose != "source":
            folder = _category(given.get("category", "")) or "/".join(folders)
            refusal = _refusal(url, given.get("type", ""))
            site = safe_url(given.get("htmlurl", ""), schemes=FETCHED)
            folder = shorten(folder, LONGEST_NAME)
            outlines.setdefault(url, Outline(url, title, address(site), folder, refusal=refusal))
        if not source.endswith("/>"):
            opened.append(len(folders))
            is_folder = not url and purpose not in ("link", "include")
            folders += [title] if title and is_folder else []
        if len(outlines) > most:
            raise NotOpml(say("opml-too-many", most=Number(most)))
        if len(folders) > MAX_DEPTH:
            raise NotOpml(say("opml-too-deep", most=MAX_DEPTH))
    if not is_list and not outlines:
        raise NotOpml(say("no-opml"))
    flaw = flaw_of(text.encode("utf-8", "replace"))
    return OpmlList(tuple(outlines.values()), flaw, is_list and _END.search(text) is None)


def too_large() -> str:
    """Return why a list of more than LIFESTREAM_MAX_OPML bytes is refused."""
    return say("opml-too-large", size=f"{settings.max_opml / 1024**2:g}")


_END = re.compile(r"</(?:[\w.-]{1,40}:)?opml\s*+>|<(?:[\w.-]{1,40}:)?opml(?:[\s/][^<>]*+)?(?<=/)>", re.IGNORECASE)


def _refusal(url: str, kind: str) -> str:
    """Return why no feed reader can read the address *url*, "" if it may be a feed. FreshRSS makes feeds of web
    pages and other documents, and writes the rules for that into the type of the outline.
    """
    kind = _line(kind)
    if not _SCRAPED.search(kind):
        return ""
    return say("scraped", url=shown_in_message(url), kind=kind)


_FEEDS: Final = frozenset({"rss", "atom", "feed"})
"""Types of outlines that are feeds. Some programs write the address of such a feed into `url` instead of `xmlUrl`."""
_SCRAPED = re.compile(r"\b(?:xpath|dotnotation|dotpath)\b", re.IGNORECASE)
_EMPTY_TITLE = re.compile(r"<(?:\w{1,20}:)?title\s*+/>", re.IGNORECASE)


def _line(text: str) -> str:
    """Return the name *text* in one line, cut if it is too long."""
    return shorten(one_line(text), LONGEST_NAME)


def _category(text: str) -> str:
    """Return the folder that a `category` names; "" if it names none. "/News/World,/Europe" is "News/World"."""
    paths = ("/".join(filter(None, map(_line, path.split("/")))) for path in text.split(","))
    return next(filter(None, paths), "")


def render(title: str, outlines: Iterable[Outline]) -> bytes:
    """Return the document that lists *outlines* under *title*, in UTF-8."""
    ordered = sorted(outlines, key=lambda outline: (outline.folder, outline.title.casefold(), outline.url))
    return b"".join(_rendered(title, ordered))


def _rendered(title: str, outlines: Iterable[Outline]) -> Iterator[bytes]:
    """Yield the document in parts. In *outlines*, those of a folder must follow each other."""
    out = io.StringIO()

    def written() -> bytes:
        part = out.getvalue()
        out.seek(0)
        out.truncate()
        return part.encode("utf-8")

    xml = SimplerXMLGenerator(out, "utf-8", short_empty_elements=True)
    xml.startDocument()
    xml.startElement("opml", AttributesImpl({"version": "2.0"}))
    xml.startElement("head", AttributesImpl({}))
    xml.addQuickElement("title", scrub(title))
    xml.endElement("head")
    xml.startElement("body", AttributesImpl({}))
    for folder, inside in groupby(outlines, key=lambda outline: outline.folder):
        if folder:
            xml.startElement("outline", AttributesImpl({"text": scrub(folder), "title": scrub(folder)}))
        for outline in inside:
            name = scrub(outline.title or outline.url)
            site = {"htmlUrl": as_iri(scrub(outline.site_url))} if outline.site_url else {}
            # The address of the feed is in ASCII, and is written as it is: feed readers, this one too, compare it with
            # those that they have.
            feed = {"type": "rss", "text": name, "title": name, "xmlUrl": scrub(outline.url), **site}
            xml.addQuickElement("outline", attrs=feed)
            if out.tell() > _WRITTEN:
                yield written()
        if folder:
            xml.endElement("outline")
    xml.endElement("body")
    xml.endElement("opml")
    xml.endDocument()
    yield written()


def write(lifestream: Lifestream) -> Iterator[bytes]:
    """Yield the subscriptions of *lifestream* as OPML, in parts: no more than a few hundred are held in memory."""
    return _rendered(lifestream.title, subscriptions_of(lifestream))


def subscriptions_of(lifestream: Lifestream) -> Iterator[Outline]:
    """Yield the subscriptions of *lifestream* by folder and name, without feeds that have credentials."""
    sites = lifestream.subscriptions.filter(feed__credentials="").order_by("sort_folder", "sort_name", "pk")
    columns = (
        "pk", "sort_folder", "sort_name", "folder", "name", "feed__title", "feed__domain", "feed__url",
        "feed__site_url",
    )  # fmt: skip
    rows = sites.values_list(*columns, named=True)
    part = list(rows[:_PART])
    while part:
        for row in part:
            url = row.feed__url
            yield Outline(url, row.name or row.feed__title or row.feed__domain or url, row.feed__site_url, row.folder)
        # The parts are found by keyset, as those of pages are, so that no cursor of the database stays open between
        # them: not every connection pool allows open cursors.
        last = part[-1]
        part = list(rows.filter(sort_names.after(last.sort_folder, last.sort_name, last.pk))[:_PART])


def subscribe_to(
    lifestream: Lifestream, outlines: Iterable[Outline], progress: Callable[[int], object] | None = None
) -> Subscribed:
    """Subscribe *lifestream* to all of *outlines*; nothing is fetched, the new feeds are due at once.

    A feed keeps the name that it has in the list, since the owner of the list may have chosen it. URLs that no feed can
    have, or that carry a login, are refused: the first are mistakes, and feeds with a login have to be added one by
    one. *progress* is called with how many more feeds are subscribed to.
    """
    listed: dict[str, Listed] = {}
    refused: list[str] = []
    notes: list[str] = []
    again = 0
    for outline in outlines:
        if outline.refusal:
            refused.append(outline.refusal)
            continue
        try:
            url = request_url(outline.url.strip())
        except UrlRefused as error:
            refused.append(str(error))
            continue
        if credentials_of(outline.url):
            refused.append(say("has-login", url=url))
            continue
        key = url_key(url)
        again += key in listed
        # Some programs write the URL of a feed where a name is missing.
        name, folder = without_logins(outline.title), without_logins(outline.folder)
        listed.setdefault(key, Listed(url, name, folder, outline.keep_rules, outline.block_rules))
        notes += [outline.note] if outline.note else []
    created = subscribe_all(lifestream, listed.values(), progress)
    return Subscribed(created, again + len(listed) - len(created), refused, notes)
