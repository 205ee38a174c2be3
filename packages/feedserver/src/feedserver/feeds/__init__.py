"""Feeds by code: describe what is in a feed, and render it as RSS, Atom, RDF or JSON Feed, in any encoding.

    feed = Feed(title="News", entries=[Entry(title="First", link="https://example.org/1")])
    server.add("/feed", feed.render("atom"))

In: titles, texts and dates. Out: a `Response` with the document.

`model` has the content of a feed, `rendering` has the table of formats, and each format has its module: `rss`,
`rss091`, `rdf`, `atom`, `atom03`, `jsonfeed`. These use `markup` (well-formed XML), `dates`, and `modules` (Media RSS,
iTunes and others). `live` is a feed that changes while it is served.

Never imported here: any other package of feedserver but `messages`.
"""

from feedserver.feeds.live import LiveFeed
from feedserver.feeds.model import (
    Category,
    Enclosure,
    Entry,
    Episode,
    Feed,
    Media,
    Person,
    Podcast,
    Text,
    Thumbnail,
)
from feedserver.feeds.rendering import FORMATS, Format, FormatName, RenderOptions

__all__ = [
    "FORMATS",
    "Category",
    "Enclosure",
    "Entry",
    "Episode",
    "Feed",
    "Format",
    "FormatName",
    "LiveFeed",
    "Media",
    "Person",
    "Podcast",
    "RenderOptions",
    "Text",
    "Thumbnail",
]
