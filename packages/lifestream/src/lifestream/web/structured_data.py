"""What search engines and messengers read about an item: a picture, and its facts as JSON-LD (schema.org/Article)."""

from __future__ import annotations

import json
from typing import Any

from lifestream.models import Post
from lifestream.web.presenters import Card

_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def picture_of(card: Card) -> str:
    """Return the address of the picture that stands for an item, "" if there is none."""
    if card.lead is not None:
        return card.lead.url
    return card.pictures[0].url if card.pictures else card.poster


def json_ld(post: Post, card: Card) -> str:
    """Return the facts about *post* as JSON that can be put into a `<script>`: nothing in it ends the element."""
    item, site = post.item, post.subscription
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": item.display_title[:110],  # search engines accept no more
        "datePublished": post.date.isoformat(),
        "publisher": {"@type": "Organization", "name": site.display_name},
    }
    if item.updated is not None:
        facts["dateModified"] = item.updated.isoformat()
    if card.author:
        facts["author"] = {"@type": "Person", "name": card.author}
    if picture := picture_of(card):
        facts["image"] = picture
    if card.link:
        facts["url"] = facts["mainEntityOfPage"] = card.link
    if card.language:
        facts["inLanguage"] = card.language
    return json.dumps(facts).translate(_ESCAPES)  # in ASCII, so that no character reverses the text
