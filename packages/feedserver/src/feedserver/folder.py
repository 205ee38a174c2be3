"""From a URL's path to a file below the root, and never above it.

A path is taken apart into names; every name must be an ordinary one, so `..`, separators, drives and NUL have no way
in, however they are encoded. What a link leads to must lie below the root too, unless `follow_links` says otherwise.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from feedserver.fixture import SIDECAR, sidecar_of
from feedserver.safe_open import is_beneath

INDEX_NAMES = ("index.xml", "index.atom", "index.rss", "index.rdf", "index.json", "index.html")
"""What answers for a path that ends in a slash, in this order."""

FEED_SUFFIXES = frozenset({".xml", ".atom", ".rss", ".rdf", ".json", ".html"})
"""The endings with which a folder of numbered files is a timeline."""

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.?", re.IGNORECASE)
_NUMBERED = re.compile(r"\d+\.\w[\w.]*|\d+")


def split_path(path: str) -> list[str] | None:
    """The names in a decoded URL path; None where one of them is no ordinary name.

    A trailing slash gives an empty last name. Names that some system reserves (NUL, CON) are refused on all of them.
    """
    names = path.removeprefix("/").split("/")
    for position, name in enumerate(names):
        if name == "" and position == len(names) - 1:
            continue
        if name in ("", ".", "..") or any(c in name for c in "\\\0") or ":" in name or _RESERVED.fullmatch(name):
            return None
        if name != name.rstrip(". "):  # Windows drops them, and would serve another file
            return None
    return names


def host_folder(host: str) -> str | None:
    """The folder that answers for a proxied request to *host*: its name in lower case without the port; None if odd."""
    name = host.rpartition("@")[2]
    name = re.sub(r":\d*$", "", name)
    return name.rstrip(".").lower() if _HOST.fullmatch(name) else None


class Folder:
    """The root that is served. Raises NotADirectoryError where it is none."""

    def __init__(self, root: Path, *, follow_links: bool = False) -> None:
        if not root.is_dir():
            raise NotADirectoryError(f"{root} is no folder; feedserver serves a folder of feed files")
        self.root = root.absolute()
        self.real_root = os.path.realpath(root)
        self.follow_links = follow_links
        self._identity = (self.root, self.real_root, follow_links)

    @property
    def beneath(self) -> str | None:
        """The resolved path of the folder that no file may lie outside of; None where links are followed."""
        return None if self.follow_links else self.real_root

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folder) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def locate(self, path: str, host: str = "") -> Path | None:
        """Where the file for a URL path lies: a regular file, a `.response` that stands alone, or a timeline's folder.

        A path with a trailing slash leads to the folder's index. None where nothing is there, or nothing that may be
        served: sidecars themselves, other folders, devices, and what links out of the root.
        """
        names = split_path(path)
        if names is None:
            return None
        base = self.root
        if host:
            folder = host_folder(host)
            if folder is None:
                return None
            base = base / folder
        *folders, last = names
        where = base.joinpath(*folders)
        candidates = [where / name for name in INDEX_NAMES] if last == "" else [where / last]
        for candidate in candidates:
            if self._may_be_served(candidate) and is_servable(candidate):
                return candidate
        return None

    def _may_be_served(self, path: Path) -> bool:
        """Return whether *path* is no sidecar, by whatever name, and neither it nor its sidecar leads out of the root.

        This gives a 404 in good time; what keeps everybody inside is `safe_open`, when the file is opened.
        """
        if _is_sidecar(path.name) or _is_sidecar(os.path.basename(os.path.realpath(path))):  # noqa: PTH119
            return False
        return self.beneath is None or all(is_beneath(each, self.beneath) for each in (path, sidecar_of(path)))

    def _lies_inside(self, path: Path) -> bool:
        """Return whether *path*, in a folder that lies inside, is no link out of the root."""
        return self.beneath is None or not path.is_symlink() or is_beneath(path, self.beneath)

    def names(self, limit: int = 2000) -> list[str]:
        """The URL paths that can be asked for, at most *limit*: for the nearest one in a message."""
        found: list[str] = []
        for where, folders, files in os.walk(self.root):
            folders.sort()
            here = Path(where).relative_to(self.root).as_posix()
            prefix = "/" if here == "." else f"/{here}/"
            for folder in list(folders):
                if self._lies_inside(Path(where, folder)) and is_timeline(Path(where, folder)):
                    found.append(prefix + folder)
                    folders.remove(folder)
            inside = [name for name in sorted(files) if self._lies_inside(Path(where, name))]
            found.extend(prefix + without_sidecar(name) for name in inside)
            if len(found) >= limit:
                break
        return list(dict.fromkeys(found))[:limit]


def _is_sidecar(name: str) -> bool:
    # In any case of its letters: on Windows and macOS, `A.XML.RESPONSE` leads to `a.xml.response`, and so does
    # `a.xml.re\u017fponse` on macOS, whose file system folds the long s.
    return name.casefold().endswith(SIDECAR)


def without_sidecar(name: str) -> str:
    """Return the name of the fixture that a file of this *name* belongs to."""
    return name[: -len(SIDECAR)] if _is_sidecar(name) else name


def is_regular(path: Path) -> bool:
    """Whether *path* is a regular file, links followed."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def is_servable(path: Path) -> bool:
    """Whether *path* can be asked for: a regular file, a lone sidecar, or a timeline."""
    if is_regular(path):
        return True
    try:
        is_folder = path.is_dir()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # no file can have this name, and who asked made the mistake
            return False
        raise
    if is_folder:
        return is_timeline(path)
    return is_regular(sidecar_of(path))


def is_timeline(path: Path) -> bool:
    """Whether *path* is a folder with a feed's extension that holds only numbered files."""
    return path.suffix.lower() in FEED_SUFFIXES and path.is_dir() and bool(timeline_files(path))


def timeline_files(path: Path) -> list[Path]:
    """The files of a timeline in the order of their numbers; empty where anything else lies among them."""
    entries = {without_sidecar(entry.name) for entry in path.iterdir() if not entry.name.startswith(".")}
    if not entries or not all(_NUMBERED.fullmatch(name) for name in entries):
        return []
    ordered = sorted(entries, key=lambda name: (int(name.partition(".")[0]), name))
    return [path / name for name in ordered]
