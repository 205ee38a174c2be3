"""Players of other sites that a page may embed, once a reader has asked for it: the addresses they stand at.

A page names them in a link, and a script puts the player in its place on a click: until then nothing is asked of them.
`ORIGINS` is for a Content-Security-Policy's `frame-src`.
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
    """The address of a player for the first of *urls* that is a film's page or player on a known site, else ""."""
    for url in urls:
        for pattern, player in _PLAYERS:
            if found := pattern.match(url):
                return player.format(found[1])
    return ""
