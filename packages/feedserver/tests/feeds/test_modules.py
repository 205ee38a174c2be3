"""Modules of RSS and Atom: podcasts, media and the rest."""

from __future__ import annotations

import pytest

from feedserver.feeds import (
    Entry,
    Episode,
    Feed,
    FormatName,
    Media,
    Person,
    Podcast,
    Thumbnail,
)
from whole_feed import said

PODCAST = Feed(
    podcast=Podcast(
        author="Ada",
        owner=Person("Bob", "bob@example.org"),
        image="https://example.org/cover.jpg",
        categories=[("Society & Culture", "Documentary"), ("Arts",)],
        explicit=False,
        type="serial",
        complete=True,
        new_feed_url="https://example.org/new",
    ),
    entries=[
        Entry(
            episode=Episode(duration=61, explicit=True, episode=3, season=2, type="bonus", block=False),
            media=[
                Media(
                    url="https://example.org/1.mp4",
                    type="video/mp4",
                    medium="video",
                    length=5,
                    duration=61,
                    width=640,
                    height=480,
                    title="A film",
                    thumbnails=[Thumbnail("https://example.org/1.jpg", 64, 48)],
                ),
                Media(url="https://example.org/2.mp4"),
            ],
        )
    ],
)
MODULES = [
    ("itunes:author", ["Ada"]),
    ("itunes:owner/itunes:email", ["bob@example.org"]),
    ("itunes:image/@href", ["https://example.org/cover.jpg"]),
    ("itunes:category/@text", ["Society & Culture", "Arts"]),
    ("itunes:category/itunes:category/@text", ["Documentary"]),
    ("itunes:explicit", ["false"]),
    ("itunes:type", ["serial"]),
    ("itunes:complete", ["Yes"]),
    ("itunes:new-feed-url", ["https://example.org/new"]),
    ("ENTRY/itunes:duration", ["61"]),
    ("ENTRY/itunes:explicit", ["true"]),
    ("ENTRY/itunes:episode", ["3"]),
    ("ENTRY/itunes:season", ["2"]),
    ("ENTRY/itunes:episodeType", ["bonus"]),
    ("ENTRY/itunes:block", ["No"]),
    ("ENTRY/media:group/media:content/@url", ["https://example.org/1.mp4", "https://example.org/2.mp4"]),
    ("ENTRY/media:group/media:content/@fileSize", ["5", None]),
    ("ENTRY/media:group/media:content/media:title", ["A film"]),
    ("ENTRY/media:group/media:content/media:thumbnail/@width", ["64"]),
]


@pytest.mark.parametrize(("kind", "root", "entry"), [("rss", "channel/", "item"), ("atom", "", "a:entry")])
@pytest.mark.parametrize(("path", "texts"), MODULES, ids=[path for path, _ in MODULES])
def test_modules_are_the_same_in_rss_and_atom(
    kind: FormatName, root: str, entry: str, path: str, texts: list[str]
) -> None:
    assert said(PODCAST, kind, root + path.replace("ENTRY", entry)) == texts
