"""A cache of bodies in their content coding, so that a body is not coded for each request."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from feedserver.http import content_codings
from feedserver.messages.gate import end_if_dropped
from feedserver.messages.made_body import MadeBody
from feedserver.messages.response import Body, FileBody, Response
from feedserver.scratch_folder import ScratchFolder

KEPT = 128
"""The most coded bodies that are kept."""


@dataclass(frozen=True, slots=True)
class _Key:
    coding: str
    body: Body


class CodedBodies:
    """The coded bodies of one server. Large ones are files of a temporary folder, which `close` removes."""

    def __init__(self) -> None:
        self._coded: dict[_Key, Body] = {}
        self._scratch: ScratchFolder | None = None
        self._lock = threading.Lock()

    def has(self, response: Response) -> bool:
        """Return whether the cache has the body of *response* in the coding that *response* names."""
        return _key(response) in self._coded

    def code(self, response: Response) -> Response:
        """Return *response* with its body in the coding that it names.

        Any thread may call it. Raises what `content_codings.parse` raises, ValueError for a body that is made while it
        is sent, OSError for a file that can't be read, and NoLongerWanted where the answer is dropped while a large
        file is coded.
        """
        key = _key(response)
        coded = self._coded.get(key)
        if coded is None:
            body = response.body
            if isinstance(body, MadeBody):
                raise ValueError(f"the body that {body} makes while it is sent cannot be coded; yield coded parts")
            coded = (
                content_codings.encode(body, key.coding)
                if isinstance(body, bytes)
                else self._code_file(body, key.coding)
            )
            if len(self._coded) >= KEPT:
                self._coded.pop(next(iter(self._coded)), None)
            self._coded[key] = coded
        return response.changed(body=coded, coding=None)

    def _code_file(self, body: FileBody, coding: str) -> FileBody:
        import tempfile  # needed for large bodies only

        with self._lock:
            if self._scratch is None:
                self._scratch = ScratchFolder("feedserver-")
            folder = self._scratch.path
        descriptor, name = tempfile.mkstemp(dir=folder)
        from pathlib import Path  # few bodies are that large

        try:
            with os.fdopen(descriptor, "wb") as target:
                for part in content_codings.encoded_file(body, coding):
                    end_if_dropped()
                    target.write(part)
                return FileBody(Path(name), target.tell())
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Remove the temporary files. A server that starts again codes large bodies again."""
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None
            self._coded = {key: body for key, body in self._coded.items() if isinstance(body, bytes)}


def _key(response: Response) -> _Key:
    return _Key(response.coding or "identity", response.body)
