"""A file and its directives, as a response.

    atom.xml              the body, byte for byte, its first comment included
    atom.xml.response     directives beside it; alone, it is a response without a body

Where a `.response` file stands, it is read and the comment is not, so a response is described in one place.
What the comment of a captured feed happens to say is put out of force by an empty file beside it; directives
in a comment that are passed over for such a file are told by a warning.

A body of more than 1 MiB stays on disk and is streamed; only its head is read here.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path

from feedserver.comment import HEAD_SIZE, Comment, ascii_compatible, first_comment, split_lines
from feedserver.content_types import can_hold_comment, content_type_for
from feedserver.directives import Declared, FixtureError, FixtureWarning, declare, first_attempt
from feedserver.response import Body, FileBody, Response
from feedserver.safe_open import NotServable, open_file

__all__ = [
    "LARGEST_HELD",
    "SIDECAR",
    "FixtureError",
    "FixtureWarning",
    "LoadedFixture",
    "content_type_for",
    "load",
    "read",
    "sidecar_of",
]

SIDECAR = ".response"
"""What the name of the file beside a fixture ends in."""

LARGEST_HELD = 1024 * 1024
"""The largest body, in bytes, that is held in memory; a larger one becomes a `FileBody`."""


@dataclass(frozen=True, slots=True)
class LoadedFixture:
    """The *response* that a file describes, and the *warnings* about it, for the caller to hand on."""

    response: Response
    warnings: tuple[FixtureWarning, ...] = ()


def load(path: Path, name: str | None = None, *, beneath: str | None = None) -> Response:
    """Reads the fixture at *path*, and issues what is doubtful about it as a `FixtureWarning`.

    *name* is what messages and `Response.source` call it, *path* itself if not given. *beneath* is the resolved path of
    the folder that links must not lead out of, None if they may. Raises FixtureError.
    """
    fixture = read(path, name, beneath=beneath)
    for warning in fixture.warnings:
        warnings.warn(warning, stacklevel=2)
    return fixture.response


def read(path: Path, name: str | None = None, *, beneath: str | None = None) -> LoadedFixture:
    """Reads the fixture at *path* as `load` does, but hands its warnings over instead of issuing them."""
    name = str(path) if name is None else name
    name_beside = f"{name}{SIDECAR}"
    content = _content(path, name, beneath)
    beside = _content(sidecar_of(path), name_beside, beneath)
    if content is None and beside is None:
        raise FixtureError(
            name, None, "there is no such file", f"Write it, or {name_beside} for a response without a body."
        )
    comment = first_comment(content.head) if content and can_hold_comment(path.name) else None
    response = Response(content.body, source=name) if content else Response(source=name_beside)
    if beside is None:
        declared = _declared_in(comment, response, name)
        passed_over: tuple[FixtureWarning, ...] = ()
    else:
        declared = _declared_beside(beside, response, name_beside)
        passed_over = _passed_over(comment, name)
    response = declared.response
    if content and "Content-Type" not in response.headers and "content-type" not in response.omit:
        headers = response.headers.added("Content-Type", content_type_for(path.name))
        response = replace(response, headers=headers)
    return LoadedFixture(response, (*declared.warnings, *passed_over))


def sidecar_of(path: Path) -> Path:
    """Where the directives of the fixture at *path* stand if not in a comment: `NAME.response` beside it."""
    return Path(f"{path}{SIDECAR}")


@dataclass(frozen=True, slots=True)
class _Content:
    body: Body
    head: bytes


def _content(path: Path, name: str, beneath: str | None) -> _Content | None:
    """Reads a file, or only the head of a large one; None where there is none."""
    try:
        with open_file(path, beneath) as file:
            status = os.fstat(file.fileno())
            if status.st_size > LARGEST_HELD:
                body = FileBody(path, status.st_size, stamp=status.st_mtime_ns, beneath=beneath)
                return _Content(body, file.read(HEAD_SIZE))
            data = file.read()
            return _Content(data, data[:HEAD_SIZE])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except NotServable as error:
        raise FixtureError(name, None, error.problem, error.remedy) from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        problem = f"the file cannot be read ({error})"
        raise FixtureError(name, None, problem, "Check its name, its links and its permissions.") from error


def _declared_in(comment: Comment | None, response: Response, name: str) -> Declared:
    if comment is None:
        return declare(response, (), name)
    if not comment.closed and (attempt := first_attempt(comment.lines)):
        problem = f"the comment with this directive does not end within the first {HEAD_SIZE // 1024} KiB"
        remedy = f"Close it with '-->', or write the directives in {name}{SIDECAR}."
        raise FixtureError(name, attempt.number, problem, remedy)
    return declare(response, comment.lines, name)


def _declared_beside(content: _Content, response: Response, name: str) -> Declared:
    if isinstance(content.body, FileBody):
        raise FixtureError(name, None, "these are more directives than 1 MiB", "Write fewer, or shorter ones.")
    return declare(response, split_lines(ascii_compatible(content.body)), name, strict=True)


def _passed_over(comment: Comment | None, name: str) -> tuple[FixtureWarning, ...]:
    """Warns of directives in a comment that a `.response` file puts out of force."""
    try:
        places = declare(Response(), comment.lines if comment else (), name).places
    except FixtureError:  # prose that only looks like directives: the reason why the other file was written
        return ()
    if not places:
        return ()
    word, line = min(places.items(), key=itemgetter(1))
    problem = f"'{word.capitalize()}:' is passed over, since {name}{SIDECAR} is read in its place"
    return (FixtureWarning(name, line, problem, "Move it, or remove it."),)
