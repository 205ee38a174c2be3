"""Hypothesis strategies: feeds, and documents together with the feed that a right parser must find in them.

    @given(documents("rss"))
    def test_my_parser_finds_what_is_there(document):
        response, feed = document
        assert [entry.title for entry in my_parser(response.body)] == [entry.title for entry in feed.entries]

The values are difficult but unambiguous: every script, characters beyond the Basic Multilingual Plane, references,
"]]>". There is no leading, trailing or repeated white space, which readers trim. Plain text contains nothing that would
be a tag or a reference in HTML, since RSS does not say whether a title is HTML. Nothing looks like UTF-8 that was
decoded as ISO-8859-1 ("Ã©"), which feedparser repairs. Dates have whole seconds.

Needs Hypothesis: `pip install feedserver[hypothesis]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import escape
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from feedserver.feeds.model import Category, Enclosure, Entry, Episode, Feed, Media, Person, Podcast
from feedserver.feeds.rendering import FormatName
from feedserver.messages.argument_types import check_is, check_name, check_whole
from feedserver.messages.field_types import check_fits
from feedserver.messages.response import Response

__all__ = ["CARRIED", "Carried", "documents", "entries", "feeds", "html", "texts", "urls"]


@dataclass(frozen=True, slots=True)
class Carried:
    """The fields that are drawn for a format, which can express all of them: those of a *feed*, an *entry*, a *person*,
    a *category* and an *enclosure*.
    """

    feed: frozenset[str]
    entry: frozenset[str]
    person: frozenset[str] = frozenset()
    category: frozenset[str] = frozenset()
    enclosure: frozenset[str] = frozenset()


def _carried(feed: str, entry: str, person: str = "", category: str = "", enclosure: str = "") -> Carried:
    return Carried(*(frozenset(names.split()) for names in (feed, entry, person, category, enclosure)))


CARRIED: Mapping[str, Carried] = MappingProxyType(
    {
        "rss": _carried(
            "title link subtitle url language rights updated authors categories image ttl podcast",
            "title link id summary content published updated authors categories enclosures comments episode image media"
            " rights",
            "name email",
            "term scheme",
            "url type length",
        ),
        "atom": _carried(
            "title link id subtitle url language rights updated authors categories icon image podcast",
            "title link id summary content published updated authors categories enclosures comments episode image media"
            " rights",
            "name email uri",
            "term scheme label",
            "url type length title",
        ),
        "rdf": _carried(
            "title link subtitle url language rights updated authors categories",
            "title link id summary content published updated authors categories image media rights",
            "name",
            "term",
        ),
        "json": _carried(
            "title link subtitle url language authors icon image",
            "title link id summary content published updated authors categories enclosures image language",
            "name uri",
            "term",
            "url type length title duration",
        ),
        "rss091": _carried("title link subtitle language rights updated", "title link summary"),
        "atom03": _carried(
            "title link id subtitle language rights updated authors",
            "title link id summary content published updated authors",
            "name email uri",
        ),
    }
)
"""The fields that these strategies draw for each format; some formats can express more."""

_WORDS = ("]]>", "AT&T", "1 < 2", "a<", '"', "'", "%20", "{base}", "&", "-->")
_EVERY = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
_TAG_OR_REFERENCE = re.compile(r"<[^\W\d_!/?]|<[!/?]|&#?\w*;")


def texts() -> SearchStrategy[str]:
    """Return a strategy for plain text: not empty, trimmed, with single blanks, and without anything that is markup in
    HTML.
    """
    words = st.one_of(st.sampled_from(_WORDS), st.text(_EVERY, min_size=1, max_size=12))
    return (
        st.lists(words, min_size=1, max_size=5)
        .map(lambda drawn: " ".join(" ".join(drawn).split()))
        .filter(lambda text: bool(text) and not _TAG_OR_REFERENCE.search(text) and not _looks_garbled(text))
    )


def _looks_garbled(text: str) -> bool:
    try:
        return text.encode("latin-1").decode("utf-8") != text
    except UnicodeError:
        return False


def html() -> SearchStrategy[str]:
    """Return a strategy for HTML: paragraphs with text, links and references in them."""
    inline = st.one_of(
        texts().map(lambda text: escape(text, quote=False)),
        st.builds("<b>{}</b>".format, texts().map(escape)),
        st.builds('<a href="{}">{}</a>'.format, urls().map(escape), texts().map(escape)),
        st.sampled_from(("&nbsp;&#8212;&amp;lt;", "<br>", "]]>", '<img src="/a.png" alt="">')),
    )
    paragraph = st.lists(inline, min_size=1, max_size=3).map(lambda parts: f"<p>{' '.join(parts)}</p>")
    return st.lists(paragraph, min_size=1, max_size=2).map("".join)


def urls() -> SearchStrategy[str]:
    """Return a strategy for absolute URLs, http or https, with realistic paths, queries and fragments."""
    word = st.text("abcXYZ019-_.~", min_size=1, max_size=8)
    segment = st.one_of(word, st.sampled_from(("%D0%BF", "a%20b", "x;y", "(1)", "@me", "$,'")))
    query = st.one_of(st.just(""), st.builds("?{}={}&amp={}".format, word, segment, word))
    return st.builds(
        "{}://{}/{}{}{}".format,
        st.sampled_from(("http", "https")),
        st.sampled_from(("example.org", "www.example.com:8080", "xn--e1afmkfd.example")),
        st.lists(segment, max_size=3).map("/".join),
        query,
        st.one_of(st.just(""), word.map("#{}".format)),
    )


def _ids() -> SearchStrategy[str]:
    return st.one_of(
        urls(),
        st.uuids().map(lambda uuid: uuid.urn),
        st.builds("tag:example.org,2026:{}".format, st.text("abcXYZ019/-", min_size=1, max_size=12)),
    )


def _dates() -> SearchStrategy[datetime]:
    return st.builds(
        lambda moment, minutes: moment.replace(microsecond=0, fold=0, tzinfo=timezone(timedelta(minutes=minutes))),
        st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)),  # noqa: DTZ001 - the zone is drawn beside it
        st.sampled_from((0, 0, 60, -300, 330, 845)),
    )


def _updated(format: FormatName) -> SearchStrategy[datetime | None]:  # noqa: A002 - as below
    # Atom requires this date (RFC 4287 §4.1.1, §4.1.2), and `Feed.render` would write another for a missing one.
    return _dates() if format in ("atom", "atom03") else _maybe(_dates())


def _languages() -> SearchStrategy[str]:
    return st.sampled_from(("en", "de-AT", "zh-Hant", "ru"))


def _emails() -> SearchStrategy[str]:
    return st.builds("{}@example.org".format, st.text("abcxyz019._-", min_size=1, max_size=8).map(lambda s: f"a{s}z"))


def _names() -> SearchStrategy[str]:
    # RSS writes "address (name)", and readers of Atom parse that, too, so a name has no such characters and no address.
    names = texts().map(lambda text: " ".join(re.sub(r"[()@<>,;:]", "", text).split()))
    return names.filter(lambda name: bool(name) and not _looks_garbled(name))


def _people(carried: Carried) -> SearchStrategy[Person]:
    fields = {"name": _names(), "email": _maybe(_emails()), "uri": _maybe(urls())}
    return _only(Person, fields, carried.person)


def _categories(carried: Carried) -> SearchStrategy[Category]:
    fields = {"term": texts(), "scheme": _maybe(urls()), "label": _maybe(texts())}
    return _only(Category, fields, carried.category)


def _enclosures(carried: Carried) -> SearchStrategy[Enclosure]:
    fields: dict[str, SearchStrategy[Any]] = {
        "url": urls(),
        "type": st.sampled_from(("audio/mpeg", "video/mp4", "image/png")),
        "length": st.integers(1, 2**40),
        "title": _maybe(texts()),
        "duration": _maybe(st.integers(1, 100_000)),
    }
    return _only(Enclosure, fields, carried.enclosure)


def _media() -> SearchStrategy[Media]:
    sizes = _maybe(st.integers(1, 10_000))
    kinds = st.sampled_from(("image/png", "video/mp4", None))
    return st.builds(Media, url=urls(), type=kinds, width=sizes, height=sizes)


def _episodes() -> SearchStrategy[Episode]:
    return st.builds(
        Episode,
        duration=st.one_of(st.integers(0, 100_000), st.just("1:02:03")),
        episode=_maybe(st.integers(1, 999)),
        season=_maybe(st.integers(1, 99)),
        type=st.sampled_from(("full", "trailer", "bonus", None)),
        image=_maybe(urls()),
    )


def _podcasts() -> SearchStrategy[Podcast]:
    return st.builds(Podcast, image=_maybe(urls()), type=st.sampled_from(("episodic", "serial", None)))


def entries(format: FormatName = "atom") -> SearchStrategy[Entry]:  # noqa: A002 - as in `Feed.render`
    """Return a strategy for entries with the fields of `CARRIED` for *format*.

    The title is always there. So is each field that `Feed.render` would otherwise fill in itself: the id, except in
    RSS, and in Atom the date of the last change.
    """
    carried = _carried_by(format)
    fields: dict[str, SearchStrategy[Any]] = {
        "title": texts(),
        "link": _maybe(urls()),
        "id": _maybe(_ids()) if format == "rss" else _ids(),
        "summary": _maybe(texts() if format == "json" else html()),
        "content": _maybe(html()),
        "published": _maybe(_dates()),
        "updated": _updated(format),
        "authors": st.lists(_people(carried), max_size=2),
        "categories": st.lists(_categories(carried), max_size=3, unique=True),
        "enclosures": st.lists(_enclosures(carried), max_size=2),
        "comments": _maybe(urls()),
        "episode": _maybe(_episodes()),
        "image": _maybe(urls()),
        "media": st.lists(_media(), max_size=2),
        "rights": _maybe(texts()),
        "language": _maybe(_languages()),
    }
    return _only(Entry, fields, carried.entry)


def feeds(format: FormatName = "atom", *, max_entries: int = 3) -> SearchStrategy[Feed]:  # noqa: A002 - as above
    """Return a strategy for feeds with the fields of `CARRIED` for *format*.

    A feed has up to *max_entries* entries, each with another `Entry.identity`.
    """
    carried = _carried_by(format)
    check_whole("max_entries", max_entries, 0, 3)
    fields: dict[str, SearchStrategy[Any]] = {
        "title": texts(),
        "link": urls(),
        "id": _ids(),
        "subtitle": _maybe(texts()),
        "url": _maybe(urls()),
        "language": _maybe(_languages()),
        "rights": _maybe(texts()),
        "updated": _updated(format),
        "authors": st.lists(_people(carried), max_size=2),
        "categories": st.lists(_categories(carried), max_size=2, unique=True),
        "icon": _maybe(urls()),
        "image": _maybe(urls()),
        "ttl": _maybe(st.integers(1, 10_000)),
        "podcast": _maybe(_podcasts()),
    }
    drawn = st.lists(entries(format), max_size=max_entries, unique_by=lambda entry: entry.identity)
    return _only(Feed, fields, carried.feed, entries=drawn)


def documents(
    format: FormatName,  # noqa: A002 - as above
    *,
    encodings: Sequence[str] = ("utf-8", "utf-16", "iso-8859-1", "us-ascii"),
    max_entries: int = 3,
) -> SearchStrategy[tuple[Response, Feed]]:
    """Return a strategy for documents in a format, as responses, each with the feed that a right parser must find in
    it.

    *encodings* are those that the documents are in; JSON is always in UTF-8 (RFC 8259 §8.1).
    """
    check_fits("encodings", encodings, Sequence[str])
    for encoding in encodings:
        check_name("an encoding in encodings", encoding, "utf-8")
    if format == "json":
        return feeds(format, max_entries=max_entries).map(lambda feed: (feed.render("json"), feed))

    def render(feed: Feed, encoding: str, cdata: bool, with_bom: bool) -> tuple[Response, Feed]:
        bom = True if with_bom and encoding.lower() == "utf-8" else None
        return feed.render(format, encoding=encoding, cdata=cdata, bom=bom), feed

    drawn = feeds(format, max_entries=max_entries)
    return st.builds(render, drawn, st.sampled_from(list(encodings)), st.booleans(), st.booleans())


def _carried_by(format: str) -> Carried:  # noqa: A002 - as above
    check_is("the format of a feed", format, str, "give text, such as 'atom'")
    if format not in CARRIED:
        raise ValueError(f"{format!r} is no format of a feed; there are {', '.join(CARRIED)}")
    return CARRIED[format]


def _maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _only(
    kind: Callable[..., Any],
    fields: Mapping[str, SearchStrategy[Any]],
    carried: frozenset[str],
    **always: SearchStrategy[Any],
) -> SearchStrategy[Any]:
    """Return a strategy that builds *kind* from those *fields* that are in *carried*, and from *always*."""
    return st.builds(kind, **{name: fields[name] for name in sorted(carried)}, **always)
