"""Which Content-Type a file is sent with when its author declares none: a table of our own.

The standard library's `mimetypes` reads the machine's files and the Windows registry, so the same fixture
would go out with another type elsewhere. The table looks at the extension and nothing else. No root element
is sniffed, so `feed.xml` is application/xml whether it holds RSS or Atom. No charset is added: what a reader
makes of its absence is for tests to find out. Who wants another type declares it:
`Header: Content-Type: application/atom+xml; charset=utf-8`.

A type is the registered one (https://www.iana.org/assignments/media-types) where there is one. RSS, OPML,
SubRip and BitTorrent have none; theirs are those that files in the wild are served with.
"""

from __future__ import annotations

DEFAULT = "application/octet-stream"
"""The type of a file whose extension says nothing (RFC 2046 §4.5.1)."""

_TYPES = {
    # Feeds, and what stands around them.
    ".xml": "application/xml",  # RFC 7303; text/xml would mean US-ASCII to readers that follow RFC 3023
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    ".rdf": "application/rdf+xml",
    ".json": "application/json",  # a JSON Feed, too: most are served so, and not as application/feed+json
    ".opml": "text/x-opml",
    ".xsl": "application/xslt+xml",
    ".xslt": "application/xslt+xml",
    # Pages.
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".js": "text/javascript",
    # Text.
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".ics": "text/calendar",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    # Pictures.
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
    ".ico": "image/vnd.microsoft.icon",
    # Sound and film.
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/vnd.wave",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".ogv": "video/ogg",
    ".webm": "video/webm",
    # The rest of what enclosures are.
    ".pdf": "application/pdf",
    ".epub": "application/epub+zip",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".torrent": "application/x-bittorrent",
}

_BINARY = (
    "image/",
    "audio/",
    "video/",
    "application/pdf",
    "application/epub+zip",
    "application/zip",
    "application/gzip",
)


def content_type_for(name: str) -> str:
    """The Content-Type of a file called *name*, by its last extension in any case; `DEFAULT` for others."""
    stem, dot, extension = name.rstrip("/").rpartition("/")[2].rpartition(".")
    return _TYPES.get(f".{extension.lower()}", DEFAULT) if dot and stem else DEFAULT


def can_hold_comment(name: str) -> bool:
    """Whether a file called *name* may hold `<!-- … -->`: any may that is not known as JSON or binary.

    What looks like a comment in those is a string of theirs, and no directive of ours.
    """
    kind = content_type_for(name)
    return kind == "image/svg+xml" or not (kind == "application/json" or kind.startswith(_BINARY))
