"""The static files of the bundled site, which browsers keep for a year if a page names them with their version.

The address of each file, as pages name it, ends with its version, a hash of its content: `theme.css?v=0f3ab2c81d6e`.
`collectstatic` is not needed. Pages name the new address of a file that has changed once somebody has requested the
file, or once the site is started again; until then, browsers show the version that they have.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import stat
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import parse_etags
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]  # it has no types
from whitenoise.responders import NotARegularFileError, Response, SlicedFile, StaticFile  # type: ignore[import-untyped]

_log = logging.getLogger(__name__)
A_YEAR: Final = 365 * 86400
_DIGITS: Final = 12  # of the hash; nobody profits from a collision
_COMPRESSED: Final = {"gzip": ".gz", "br": ".br"}
"""For each encoding, how the name of a compressed copy ends. It is sent to clients that accept the encoding."""
_ENDS: Final = ("", *_COMPRESSED.values())
_TRIES: Final = 5
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.ASCII | re.IGNORECASE)

State: TypeAlias = tuple[tuple[int, int] | None, ...]
"""Of a file and its compressed copies: the size, and when it was changed; None for a file that does not exist."""


def version_of(name: str) -> str:
    """Return the hash of the static file *name*, "" if there is no such file, or if it can't be opened now."""
    try:
        return known_version(name)
    except OSError:
        return ""


@cache
def known_version(name: str) -> str:
    """Return the same as `version_of`. Raises OSError, which is not cached: a later call may open the file."""
    found = _found(name)
    return "" if found is None else _hash(found, state_of(found))


def _found(name: str) -> str | None:
    """Return the path of the regular file that is now served under *name*, None if there is none."""
    try:
        found = finders.find(name)
    except SuspiciousFileOperation:  # such as "/theme.css" or "../theme.css" in a template
        return None
    return found if isinstance(found, str) and is_regular(found) else None


def hashed(path: str, seen: State) -> str:
    """Return the hash of the file at *path*, whose state was *seen*, "" if it can't be opened now."""
    try:
        return _hash(path, seen)
    except OSError:
        return ""


@lru_cache(maxsize=256)
def _hash(path: str, seen: State) -> str:  # noqa: ARG001  it is in the key of the cache
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:_DIGITS]


def is_regular(path: str) -> bool:
    """Return whether a regular file that this process may read is at *path*: reading a pipe could wait for ever, a link
    may lead nowhere, and another user may have made a copy that this process may not read.
    """
    return os.path.isfile(path) and os.access(path, os.R_OK)  # noqa: PTH113  `Path.is_file` raises without access


class VersionedStorage(StaticFilesStorage):
    """Addresses of static files with their version."""

    def url(self, name: str | None) -> str:
        """Return the address of the file *name*. A missing file has no version."""
        address = super().url(name)
        version = version_of(name) if name else ""
        return f"{address}?v={version}" if version else address


class ChangedFileError(Exception):
    """Raised if a file was replaced or removed after its size was read."""


class ConditionalFile(StaticFile):  # type: ignore[misc]
    """A static file as it was when this was made, which answers conditions and ranges as RFC 9110 says. WhiteNoise
    refuses a range of one byte, sends a part although the client has another version of the file (If-Range), and does
    not recognise its own ETag after `CompressionMiddleware` has made it weak.

    *seen* is the state of the file when this was made, as `state_of` returns it.
    """

    def __init__(self, path: str, headers: Any, seen: State) -> None:
        super().__init__(path, headers, encodings={name: path + end for name, end in _COMPRESSED.items()})
        self.path = path
        self.seen = seen

    def get_response(self, method: str, request_headers: Mapping[str, Any]) -> Any:
        """Return the answer with the file. The answer to a GET has only a part of it if a range is asked for, and the
        condition of the range (If-Range) holds. Raises ChangedFileError if another file is there now, or none that can
        be opened.
        """
        condition = request_headers.get("HTTP_IF_RANGE")
        # Only strong ETags, and dates that are the same, fulfil the condition (RFC 9110 §13.1.5).
        known = (self.etag, *(value for name, value in self.alternatives[0][2] if name == "Last-Modified"))
        if method != "GET" or (condition is not None and condition.strip() not in known):
            request_headers = {**request_headers, "HTTP_RANGE": ""}
        try:
            response = super().get_response(method, request_headers)
        except OSError as error:
            raise ChangedFileError(self.path) from error
        opened = getattr(response.file, "fileobj", response.file)  # `fileobj`: the file of which a part is sent
        if opened is not None and _state_of_opened(opened) != self.seen[_ENDS.index(opened.name[len(self.path) :])]:
            opened.close()
            raise ChangedFileError(self.path)
        return response

    def is_not_modified(self, request_headers: Mapping[str, Any]) -> bool:
        """Return whether the client has the file as it is (RFC 9110 §13.1.2 and §13.1.3)."""
        etags = request_headers.get("HTTP_IF_NONE_MATCH")
        if etags is None:
            return bool(super().is_not_modified(request_headers))
        return any(each in ("*", self.etag, f"W/{self.etag}") for each in parse_etags(etags.strip()))

    def get_range_response(self, range_header: str, base_headers: Any, file_handle: Any) -> Any:
        """Return the answer with the part of the file in *range_header*, or 416. Raises ValueError if it does not
        name exactly one part: then the whole file is sent.
        """
        found = _RANGE.fullmatch(range_header.strip())
        if found is None or (found[2] and int(found[2]) < int(found[1])):
            raise ValueError(range_header)
        size = next(int(value) for name, value in base_headers if name == "Content-Length")
        first = max(0, size - int(found[3])) if found[3] else int(found[1])
        last = min(int(found[2] or size), size - 1)
        if first > last:
            return self.get_range_not_satisfiable_response(file_handle, size)
        headers = [(name, value) for name, value in base_headers if name != "Content-Length"]
        headers += [("Content-Range", f"bytes {first}-{last}/{size}"), ("Content-Length", str(last - first + 1))]
        part = None if file_handle is None else SlicedFile(file_handle, first, last)
        return Response(HTTPStatus.PARTIAL_CONTENT, headers, part)


def state_of(path: str) -> State:
    """Return the state of the file at *path* and of its compressed copies."""
    state: list[tuple[int, int] | None] = []
    for end in _ENDS:
        try:
            found = os.stat(path + end)  # noqa: PTH116  `Path` would cost each request more
        except OSError:
            state.append(None)
        else:
            state.append((found.st_size, found.st_mtime_ns))
    return tuple(state)


def _state_of_opened(file: IO[bytes]) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _names_in(storage: Any, folder: str = "", above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the names of the files of *storage* below *folder*, and log what can't be read. A link to a folder *above*
    is not followed. Django's `get_files` would raise an error, and the site would not start.
    """
    here = storage.path(folder)
    real = os.path.realpath(here)
    if real in above or not os.path.isdir(real):  # noqa: PTH112  as in `is_regular`
        return
    try:
        names = sorted(os.listdir(here))  # noqa: PTH208
    except OSError as error:
        _log.warning("the static files in %s are left out: %s", here, error.strerror)
        return
    for each in names:
        name = f"{folder}/{each}" if folder else each
        path = storage.path(name)
        try:
            # A link may lead round in circles or into an unreadable folder, and a mounted folder may be away.
            is_folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116
        except FileNotFoundError:
            continue
        except OSError as error:
            _log.warning("the static file %s is left out: %s", path, error.strerror)
            continue
        if is_folder:
            yield from _names_in(storage, name, (*above, real))
            continue
        if os.path.isfile(path) and not os.access(path, os.R_OK):  # noqa: PTH113
            _log.warning("the static file %s is left out: this user may not read it", path)
        yield name


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Serve static files; a file that is requested with its version never changes (RFC 8246).

    Only regular files are served. WhiteNoise would not start if a symbolic link led nowhere: some editors create such a
    link beside an open file.
    """

    def add_files_from_finders(self) -> None:
        """Add the regular files of all finders, the first of each name."""
        found: dict[str, str] = {}
        for finder in finders.get_finders():
            for storage in getattr(finder, "storages", {}).values():
                prefix = (getattr(storage, "prefix", None) or "").strip("/")
                for name in _names_in(storage):
                    url = self.static_prefix + (f"{prefix}/" if prefix else "") + name
                    path = storage.path(name)
                    if url not in found and is_regular(path):
                        found[url] = path
        for url, path in found.items():
            self.add_file_to_dictionary(url, path)

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        """Yield the regular files that *url* may mean. This is called if files are looked up for each request."""
        yield from filter(is_regular, super().candidate_paths_for_url(url))

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> ConditionalFile:
        """Return the file at *path*. Raises NotARegularFileError if there is none."""
        seen = state_of(path)
        made = super().get_static_file(path, url, stat_cache)
        headers = next(headers for _, of, headers in made.alternatives if of == path)
        return ConditionalFile(path, headers, seen)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the file that *request* asks for, or else the answer of the next middleware. A file that was changed
        is looked at again: WhiteNoise would send the new bytes with the old length. A file is also looked at again if
        another version of it is requested: since the start, a file of the same name may have been added to a folder
        that comes first.

        If the file can't be opened, or is replaced each time that it is opened, the answer is 503 after five tries.
        """
        query = request.META.get("QUERY_STRING", "")
        for _ in range(_TRIES):
            known = self._file_of(request)
            if not isinstance(known, ConditionalFile):
                next_answer: HttpResponseBase = self.get_response(request)
                return next_answer
            try:
                response: HttpResponseBase = self.serve(known, request)
            except ChangedFileError:
                continue
            if response.status_code in (200, 206, 304):
                version = hashed(known.path, known.seen)
                if version and query == f"v={version}":
                    response["Cache-Control"] = f"max-age={A_YEAR}, public, immutable"
            return response
        return HttpResponse(status=503, headers={"Retry-After": "1"})

    def _file_of(self, request: HttpRequest) -> Any:
        """Return the file that *request* asks for, as it is now, None if there is none."""
        if self.autorefresh:
            return self.find_file(request.path_info)
        known, query = self.files.get(request.path_info), request.META.get("QUERY_STRING", "")
        if isinstance(known, ConditionalFile):
            has_changed = known.seen != state_of(known.path)
            if has_changed or (query.startswith("v=") and query != f"v={hashed(known.path, known.seen)}"):
                return self._looked_at_again(request.path_info, known, has_changed=has_changed)
        return known

    def _looked_at_again(self, url: str, known: ConditionalFile, *, has_changed: bool) -> ConditionalFile | None:
        """Return the file that is at *url* now, None if there is none. *known* is the file that was there before."""
        path = _found(url.removeprefix(self.static_prefix))
        if path == known.path and not has_changed:
            return known
        known_version.cache_clear()
        try:
            self.add_file_to_dictionary(url, path or known.path)
        except NotARegularFileError:  # it was removed
            return None
        found = self.files[url]
        return found if isinstance(found, ConditionalFile) else None
