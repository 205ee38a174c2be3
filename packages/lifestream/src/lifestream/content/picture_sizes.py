"""Several sizes of one picture: which addresses show the same picture, and which of them is the largest.

Sites publish a picture in several sizes, whose addresses differ in one part: Blogger names a thumbnail of 72 pixels
beside the picture in the text, WordPress appends `-150x150`, Flickr a letter. The functions are pure, and take linear
time in the length of the address.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from lifestream.content.late_pattern import late

ORIGINAL: Final = 100_000
"""The size of a picture whose address names none."""

_PARTS = late(r"https?://(?:www\.)?([^/?#]*)([^?#]*)([^#]*)", re.IGNORECASE)
_INSIDE = late(r"/(https?(?:://?|%3A%2F%2F)[^?#]+)", re.IGNORECASE)
_IMAGE_NAME = re.compile(r"\.(?:avif|gif|jpe?g|png|webp)$", re.IGNORECASE)
_GOOGLE_HOSTS: Final = ("blogspot.com", "googleusercontent.com", "ggpht.com")
_GOOGLE = late(r"/[swh](\d{1,5})(?:-[A-Za-z0-9-]{0,40})?(?=/[^/]*\Z)|=[swh](\d{1,5})[A-Za-z0-9-]{0,40}\Z")
_WORDPRESS = late(r"-(?:(\d{2,5})x\d{2,5}|scaled)(?=\.\w{3,4}\Z)")
_PHOTON = late(r"i\d\.wp\.com\Z")
_FLICKR = late(r"_([a-z])(?=\.\w{3,4}\Z)")
_FLICKR_SIZES: Final = {
    "s": 75, "t": 100, "q": 150, "m": 240, "n": 320, "w": 400, "z": 640, "c": 800, "b": 1024, "h": 1600, "k": 2048,
}  # fmt: skip
_FLICKR_MEDIUM: Final = 500
_YOUTUBE = late(r"/vi(?:_webp)?/([\w-]{6,20})/(\w+)\.(?:jpg|webp)\Z")
_YOUTUBE_SIZES: Final = {"default": 120, "mqdefault": 320, "hqdefault": 480, "sddefault": 640}
_MEDIUM = late(r"/(?:max|fit/c|v2/resize:\w+:)/?(\d{1,5})(?:/\d{1,5})?/([^/]+)\Z")
_WIDTH = late(r"(?:[?&](?:w|width)=|[/,]w_)(\d{1,5})(?=[&,/]|\Z)", re.ASCII)


def identity(url: str) -> str:
    """Return a text that addresses share if they are known to show one picture in several sizes, and only then."""
    return _identity_and_size(url)[0]


def size(url: str) -> int:
    """Return the number of pixels that *url* names as the size of its picture, or ORIGINAL if it names none. Without a
    letter, an address of Flickr stands for 500 pixels.

    Only the sizes of one picture can be compared: some sites name a width, others the longer side.
    """
    return _identity_and_size(url)[1]


def _identity_and_size(url: str) -> tuple[str, int]:
    inner = _INSIDE.search(url, len("https://"))
    if inner is None:
        return _identity_and_size_by_host(url)
    # The address of a service that resizes pictures (Substack, Cloudinary) contains the picture's own in its path.
    width = _WIDTH.search(url)
    return _identity_and_size_by_host(unquote(inner[1]))[0], int(width[1]) if width else ORIGINAL


def _identity_and_size_by_host(url: str) -> tuple[str, int]:
    found = _PARTS.match(url)
    if found is None:
        return url, ORIGINAL
    host, path, query = found[1].lower(), found[2], found[3]
    width = _WIDTH.search(query)
    pixels = int(width[1]) if width else ORIGINAL
    if host.endswith(_GOOGLE_HOSTS):
        return _sized(_GOOGLE, host, path, query)
    if host.endswith("staticflickr.com"):
        letter = _FLICKR.search(path)
        name = f"{host}{_FLICKR.sub('', path)}"
        return name, _FLICKR_SIZES.get(letter[1], ORIGINAL) if letter else _FLICKR_MEDIUM
    if host.endswith("ytimg.com") and (video := _YOUTUBE.search(path)):
        return f"youtube {video[1]}", _YOUTUBE_SIZES.get(video[2], ORIGINAL)
    if host.endswith("medium.com") and (picture := _MEDIUM.search(path)):
        return f"medium {picture[2]}", int(picture[1])
    if "/media_attachments/" in path:  # Mastodon
        return host + path.replace("/small/", "/original/"), 400 if "/small/" in path else ORIGINAL
    if _PHOTON.match(host):
        host, _, path = path[1:].partition("/")
        host, path = host.removeprefix("www."), f"/{path}"
    if not _IMAGE_NAME.search(path):
        return f"{host}{path}{query}", pixels  # the query may say which picture it is
    name, pixels_of_path = _sized(_WORDPRESS, host, path, "")
    return name, min(pixels, pixels_of_path)


def _sized(pattern: re.Pattern[str], host: str, path: str, query: str) -> tuple[str, int]:
    found = pattern.search(path)
    if found is None:
        return f"{host}{path}{query}", ORIGINAL
    pixels = next((int(group) for group in found.groups() if group), ORIGINAL)
    return f"{host}{path[: found.start()]}{path[found.end() :]}{query}", pixels or ORIGINAL
