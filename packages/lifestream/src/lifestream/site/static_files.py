"""The static files of the bundled site, which browsers keep for a year if a page names them with their version.

The address of each file, as pages name it, ends with its version, a hash of its content: `theme.css?v=0f3ab2c81d6e`. A
file that changes has another address once the site is started again. So `collectstatic` is not needed, and no browser
shows an old version of a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]  # it has no types

A_YEAR: Final = 365 * 86400
_DIGITS: Final = 12  # of the hash; nobody profits from a collision


@cache
def version_of(name: str) -> str:
    """Return the hash of the static file *name*, "" if there is no such file."""
    found = finders.find(name)
    if not isinstance(found, str) or not is_regular(found):
        return ""
    return hashlib.sha256(Path(found).read_bytes()).hexdigest()[:_DIGITS]


def is_regular(path: str) -> bool:
    """Return whether a regular file is at *path*: reading a pipe could wait for ever, and a link may lead nowhere."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


class VersionedStorage(StaticFilesStorage):
    """Addresses of static files with their version."""

    def url(self, name: str | None) -> str:
        """Return the address of the file *name*. A missing file has no version."""
        address = super().url(name)
        version = version_of(name) if name else ""
        return f"{address}?v={version}" if version else address


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Serve static files; a file that is requested with its version never changes (RFC 8246).

    Only regular files are served. WhiteNoise would not start if a symbolic link led nowhere, as those do that editors
    create beside an open file.
    """

    def add_files_from_finders(self) -> None:
        """Add the regular files of all finders, the first of each name."""
        found: dict[str, str] = {}
        for finder in finders.get_finders():
            for name, storage in finder.list(None):
                prefix = (getattr(storage, "prefix", None) or "").strip("/")
                url = self.static_prefix + (f"{prefix}/" if prefix else "") + name.replace("\\", "/")
                path = storage.path(name)
                if url not in found and is_regular(path):
                    found[url] = path
        for url, path in found.items():
            self.add_file_to_dictionary(url, path)

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        """Yield the regular files that *url* may mean. This is called if files are looked up for each request."""
        yield from filter(is_regular, super().candidate_paths_for_url(url))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the file that *request* asks for, or else the answer of the next middleware."""
        response: HttpResponseBase = super().__call__(request)
        if request.path_info in self.files and response.status_code in (200, 206, 304):
            version = version_of(request.path_info.removeprefix(self.static_prefix))
            if version and request.META.get("QUERY_STRING") == f"v={version}":
                response["Cache-Control"] = f"max-age={A_YEAR}, public, immutable"
        return response
