"""The players of other sites that a page may embed once a reader has asked for it, and their addresses.

A page names a player in a link. When the reader clicks it, a script puts the player in its place; until then the page
loads nothing from that site. `ORIGINS` is for `frame-src` in a Content-Security-Policy.
"""

from __future__ import annotations

import re
from typing import Final

ORIGINS: Final = ("https://www.youtube-nocookie.com", "https://player.vimeo.com")

_PLAYERS: Final = (
    (
        re.compile(
            r"https?://(?:(?:www\.|m\.)?youtube(?:-nocookie)?\.com/(?:watch\?(?:[^#]*&)?v=|v/|embed/|shorts/|live/)"
            r"|youtu\.be/)([\w-]{6,20})(?![\w-])",
            re.ASCII | re.IGNORECASE,
        ),
        "https://www.youtube-nocookie.com/embed/{}?autoplay=1",
    ),
    (
        re.compile(
            r"https?://(?:www\.)?(?:vimeo\.com/|player\.vimeo\.com/video/)(\d+)(?!\w)", re.ASCII | re.IGNORECASE
        ),
        "https://player.vimeo.com/video/{}?autoplay=1&dnt=1",
    ),
)


def player_of(*urls: str) -> str:
    """Return the address of a player for the first of *urls* that is a video's page or player on a known site,
    or "".
    """
    for url in urls:
        for pattern, player in _PLAYERS:
            if found := pattern.match(url):
                return player.format(found[1])
    return ""
