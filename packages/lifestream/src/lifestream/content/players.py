"""The players of other sites that a page may embed once a reader has asked for it, and their addresses.

A page names a player in a link. When the reader clicks it, a script puts the player in its place; until then the page
loads nothing from that site. `ORIGINS` is for `frame-src` in a Content-Security-Policy.

An address is that of a player only if it has exactly the form that this module writes (`is_player`). A feed that writes
such a link itself gains nothing by it: a frame of the same site would have become the same link (`frames`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from lifestream.content.late_pattern import late

PEERTUBE: Final = (
    "https://diode.zone",
    "https://framatube.org",
    "https://makertube.net",
    "https://peertube.tv",
    "https://spectra.video",
    "https://tilvids.com",
    "https://video.blender.org",
)
"""Some large sites that run PeerTube. Videos of other PeerTube sites get a player, too; if the page's policy forbids
its frame, the page of the video opens instead.
"""

ORIGINS: Final = (
    "https://www.youtube-nocookie.com",
    "https://player.vimeo.com",
    "https://w.soundcloud.com",
    "https://open.spotify.com",
    "https://bandcamp.com",
    *PEERTUBE,
)


@dataclass(frozen=True, slots=True)
class Player:
    """A player on another *site*: its own address (*url*), and the *page* where the same can be seen or heard."""

    site: str
    url: str
    page: str


@dataclass(frozen=True, slots=True)
class _Site:
    """How the addresses of a site's films or sounds look. *player* returns the `url` and the `page` of the `Player` for
    a match of *address*, or None if it names none. *films* says that an item with a link to such a page is a video.
    """

    name: str
    address: re.Pattern[str]
    player: Callable[[re.Match[str]], tuple[str, str] | None]
    films: bool = True


def _youtube(found: re.Match[str]) -> tuple[str, str]:
    film = found[1]
    return f"https://www.youtube-nocookie.com/embed/{film}?autoplay=1", f"https://www.youtube.com/watch?v={film}"


def _youtube_list(found: re.Match[str]) -> tuple[str, str]:
    return (
        f"https://www.youtube-nocookie.com/embed/videoseries?list={found[1]}&autoplay=1",
        f"https://www.youtube.com/playlist?list={found[1]}",
    )


def _vimeo(found: re.Match[str]) -> tuple[str, str]:
    film, key = found[1], found[2] or found[3] or ""  # the key of a film that is not listed
    return (
        f"https://player.vimeo.com/video/{film}?{f'h={key}&' if key else ''}autoplay=1&dnt=1",
        f"https://vimeo.com/{film}{f'/{key}' if key else ''}",
    )


def _peertube(found: re.Match[str]) -> tuple[str, str]:
    host, kind, film = found[1].lower(), found[2].lower(), found[3]
    page = f"https://{host}/w/{'p/' if kind == 'video-playlists' else ''}{film}"
    return f"https://{host}/{kind}/embed/{film}?autoplay=1", page


def _soundcloud(found: re.Match[str]) -> tuple[str, str] | None:
    try:
        sound = parse_qs(urlsplit(found[0]).query, max_num_fields=100).get("url", [""])[0]
    except ValueError:
        return None
    if (page := _SOUND.match(sound)) is None:
        return None
    player = f"https://w.soundcloud.com/player/?url={quote(sound, safe='')}&auto_play=true"
    return player, player if page[1] else sound


def _spotify(found: re.Match[str]) -> tuple[str, str]:
    what = f"{found[1].lower()}/{found[2]}"
    return f"https://open.spotify.com/embed/{what}", f"https://open.spotify.com/{what}"


def _bandcamp(found: re.Match[str]) -> tuple[str, str] | None:
    parts = re.findall(r"(?:^|/)((?:album|track)=\d{1,15})(?=/|$)", found[1], re.ASCII)
    if not parts:
        return None
    player = f"https://bandcamp.com/EmbeddedPlayer/{'/'.join(parts[:2])}/size=large/artwork=small/"
    return player, player


_FLAGS: Final = re.ASCII | re.IGNORECASE
_YOUTUBE_LIST = late(
    r"https?://(?:www\.)?youtube(?:-nocookie)?\.com/(?:embed/videoseries|playlist)"
    r"\?(?:[^#&]*+&)*?list=([\w-]{10,64})(?![\w-])",
    _FLAGS,
)
_YOUTUBE = late(
    r"https?://(?:(?:www\.|m\.)?youtube(?:-nocookie)?\.com/"
    r"(?:watch\?(?:[^#]*&)?v=|v/|embed/(?!videoseries)|shorts/|live/)"
    r"|youtu\.be/)([\w-]{6,20})(?![\w-])",
    _FLAGS,
)
_VIMEO = late(
    r"https?://(?:www\.)?(?:vimeo\.com/|player\.vimeo\.com/video/)(\d{1,15})(?!\w)"
    r"(?:/([0-9a-f]{6,20})(?!\w)|\?(?:[^#&]*+&)*?h=([0-9a-f]{6,20})(?!\w))?",
    _FLAGS,
)
# The host is a name, without a port, and not one of those that are kept for the reader's own machine or network, or
# that are in use there (RFC 6762, appendix G).
_OWN: Final = "localhost|localdomain|local|lan|internal|arpa|intranet|private|corp|home"
_PEERTUBE = late(
    rf"https://((?:[a-z0-9-]{{1,63}}\.){{1,8}}(?!(?:{_OWN})/)[a-z][a-z0-9-]{{1,62}})/"
    r"(videos|video-playlists)/embed/"
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[1-9A-HJ-NP-Za-km-z]{22})(?![\w/-])",
    _FLAGS,
)
_SOUNDCLOUD = late(r"https?://w\.soundcloud\.com/player/?\?[^#]{1,2000}+", _FLAGS)
# Nothing but these characters may follow the host: after a backslash, browsers read a path, Python more of the host.
_SOUND = late(r"https?://(?:(api\.)|www\.)?soundcloud\.com(?=[/?#]|\Z)", _FLAGS)
_SPOTIFY = late(
    r"https?://open\.spotify\.com/embed(?:-podcast)?/(track|album|playlist|artist|show|episode)/"
    r"([0-9a-z]{10,40})(?![\w/-])",
    _FLAGS,
)
_BANDCAMP = late(r"https?://(?:www\.)?bandcamp\.com/EmbeddedPlayer/([^?#]{1,500})", _FLAGS)

_SITES: Final = (
    _Site("YouTube", _YOUTUBE_LIST, _youtube_list, films=False),
    _Site("YouTube", _YOUTUBE, _youtube),
    _Site("Vimeo", _VIMEO, _vimeo),
    _Site("PeerTube", _PEERTUBE, _peertube),
    _Site("SoundCloud", _SOUNDCLOUD, _soundcloud, films=False),
    _Site("Spotify", _SPOTIFY, _spotify, films=False),
    _Site("Bandcamp", _BANDCAMP, _bandcamp, films=False),
)


def player_at(url: str) -> Player | None:
    """Return the player for *url*, None if there is none. *url* may be a frame of a known site, or a page of YouTube or
    Vimeo.
    """
    for site in _SITES:
        if (found := site.address.match(url)) and (addresses := site.player(found)):
            return Player(site.name, *addresses)
    return None


def is_player(url: str) -> bool:
    """Return whether *url* is the address of a player, written as this module writes it."""
    player = player_at(url)
    return player is not None and player.url == url


def player_of(*urls: str) -> str:
    """Return the address of a player for the first of *urls* that is a video for which `player_at` has one, or ""."""
    for url in urls:
        for site in _SITES:
            if site.films and (found := site.address.match(url)) and (addresses := site.player(found)):
                return addresses[0]
    return ""
