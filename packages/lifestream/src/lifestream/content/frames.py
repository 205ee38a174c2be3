"""Frames of other sites, which no page shows: each becomes a link, and the frame of a known player becomes a card.

The card is a link to the page of the film or sound. Its attribute `data-player` has the address of the player: a
page's script puts the player in the place of the card when the card is clicked (`players`). Without a script, and in
any other reader, it is a link (reading.md, rule 17).
"""

from __future__ import annotations

from html import escape
from typing import Final

from lifestream.content.html_tokenizer import attributes, name_set, tokens, unescape
from lifestream.content.lazy_pictures import with_sources
from lifestream.content.players import player_at
from lifestream.content.urls import FETCHED, safe_url

FRAMES: Final = name_set("iframe embed object")
PLAYER: Final = "data-player"
_MOST_TOKENS: Final = 20  # how many tokens of a player's content are searched for a link


class Frames:
    """Turns the frames of a fragment into links. Their addresses are relative to *base_url*."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._linked: set[str] = set()
        self._last = ""

    def link(self, name: str, source: str, content: str, *, in_fallback: bool) -> str:
        """Return a link in place of the frame with the start tag *source*, or "" if the frame has no address, or that
        of the frame just before it. *content* is the content of the frame for browsers that show none. A frame
        *in_fallback* (in `noscript`, for instance) becomes "" also if it has the address of any frame before it.
        """
        attrs = attributes(source)
        attrs = with_sources(name, attrs) or attrs
        address = safe_url(attrs.get("data" if name == "object" else "src", ""), self._base_url, FETCHED)
        player = player_at(address)
        target = player.url if player else address
        # An object often contains an embed of the same address, for old browsers.
        if not address or target == self._last or (in_fallback and target in self._linked):
            return ""
        self._last = target
        self._linked.add(target)
        title = " ".join(attrs.get("title", "").split())
        if player is None:
            return f'<a href="{escape(address)}">{escape(title or address)}</a>'
        page, words = _linked(content, self._base_url) if player.page == player.url else ("", "")
        return (
            f'<a href="{escape(page or player.page)}" {PLAYER}="{escape(player.url)}">'
            f"{escape(title or words or player.site)}</a>"
        )


def _linked(content: str, base_url: str) -> tuple[str, str]:
    """Return the address and the text of the first link in *content*, which a player has for old browsers."""
    page, words = "", ""
    for number, (kind, name, source) in enumerate(tokens(content)):
        if number >= _MOST_TOKENS:
            break
        if kind == "start" and name == "a" and not page:
            page = safe_url(attributes(source).get("href", ""), base_url, FETCHED)
        elif kind == "end" and name == "a":
            break
        elif kind == "text" and page:
            words += source
    return page, " ".join(unescape(words).split())
