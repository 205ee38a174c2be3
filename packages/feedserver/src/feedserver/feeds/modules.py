"""Modules that several XML formats use: content, Media RSS, iTunes, syndication, and links of WebSub and of paging."""

from __future__ import annotations

from collections.abc import Iterator

from feedserver.feeds.markup import Element, Html, element, optional
from feedserver.feeds.model import Entry, Episode, Feed, Media, Podcast, Thumbnail, text_of


def content(entry: Entry) -> Element | None:
    """Return `content:encoded`, the whole text of an entry, which is read as HTML (RSS 1.0 content module)."""
    if entry.content is None:
        return None
    return element("content:encoded", Html(text_of(entry.content, "html").value))


def atom_links(feed: Feed) -> Iterator[Element]:
    """Return links to the feed itself, to its next page (RFC 5005 §3), and to its hubs (WebSub §4)."""
    if feed.url is not None:
        yield element("atom:link", rel="self", href=feed.url)
    if feed.next_url is not None:
        yield element("atom:link", rel="next", href=feed.next_url)
    for hub in feed.hubs:
        yield element("atom:link", rel="hub", href=hub)


def syndication(feed: Feed) -> Iterator[Element | None]:
    """Return the elements that say how often the feed changes (RSS 1.0 syndication module)."""
    yield optional("sy:updatePeriod", feed.update_period)
    yield optional("sy:updateFrequency", feed.update_frequency)


def media(entry: Entry) -> Iterator[Element]:
    """Return the elements of Media RSS: the files, in a group if there are several (§"media:group"), and the entry's
    picture.
    """
    contents = [_media_content(each) for each in entry.media]
    if len(contents) > 1:
        yield element("media:group", *contents)
    else:
        yield from contents
    if entry.image is not None:
        yield element("media:thumbnail", url=entry.image)


def _media_content(media: Media) -> Element:
    return element(
        "media:content",
        optional("media:title", media.title),
        optional("media:description", media.description),
        *(_thumbnail(each) for each in media.thumbnails),
        url=media.url,
        type=media.type,
        medium=media.medium,
        fileSize=media.length,
        duration=media.duration,
        width=media.width,
        height=media.height,
    )


def _thumbnail(thumbnail: Thumbnail) -> Element:
    return element("media:thumbnail", url=thumbnail.url, width=thumbnail.width, height=thumbnail.height)


def podcast(feed: Feed) -> Iterator[Element | None]:
    """Return the iTunes elements of a feed."""
    podcast = feed.podcast
    if podcast is None:
        return
    yield from _common(podcast)
    if podcast.owner is not None:
        owner = podcast.owner
        yield element("itunes:owner", optional("itunes:name", owner.name), optional("itunes:email", owner.email))
    for category in podcast.categories:
        yield _itunes_category(category)
    yield optional("itunes:type", podcast.type)
    yield optional("itunes:complete", _yes(podcast.complete))
    yield optional("itunes:new-feed-url", podcast.new_feed_url)


def episode(entry: Entry) -> Iterator[Element | None]:
    """Return the iTunes elements of an entry."""
    episode = entry.episode
    if episode is None:
        return
    yield optional("itunes:title", episode.title)
    yield from _common(episode)
    yield optional("itunes:duration", episode.duration)
    yield optional("itunes:episode", episode.episode)
    yield optional("itunes:season", episode.season)
    yield optional("itunes:episodeType", episode.type)


def _common(described: Podcast | Episode) -> Iterator[Element | None]:
    yield optional("itunes:author", described.author)
    yield optional("itunes:subtitle", described.subtitle)
    yield optional("itunes:summary", described.summary)
    if described.image is not None:
        yield element("itunes:image", href=described.image)
    if described.explicit is not None:
        yield optional("itunes:explicit", "true" if described.explicit else "false")
    yield optional("itunes:block", _yes(described.block))


def _yes(flag: bool | None) -> str | None:
    # Apple knows only "Yes"; any other value has the effect of no element.
    return None if flag is None else ("Yes" if flag else "No")


def _itunes_category(path: tuple[str, ...]) -> Element | None:
    if not path:
        return None
    return element("itunes:category", _itunes_category(path[1:]), text=path[0])
