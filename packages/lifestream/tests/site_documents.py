"""Documents like those of real sites, written by hand, and what lifestream's plugins for these sites make of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lifestream.content.sanitizer import Sanitizer
from lifestream.parser import parse
from lifestream.plugins import Registry
from lifestream.plugins.item_pipeline import Prepared, prepare

SITES = Path(__file__).parent / "feeds" / "sites"
SHIPPED = Registry(use_entry_points=False)
SANITIZER = Sanitizer()


def prepared_file(name: str, link: str = "") -> Prepared:
    """Return a file of `feeds/sites`, prepared with its plugin. *link* replaces the feed's link to its site."""
    url = "https://feeds.example/feed"
    feed = parse((SITES / name).read_bytes(), {}, url)
    feed = replace(feed, link=link or feed.link)
    return prepare(feed, SHIPPED.plugin_for(feed, url), SANITIZER)


def link(url: str, text: str) -> str:
    return f'<a href="{url}" rel="noopener noreferrer nofollow ugc">{text}</a>'
