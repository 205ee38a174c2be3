"""Limits for the parts of a form that has files (multipart/form-data, RFC 7578).

Django reads such a form before it knows who has sent it. It counts the fields and the files, but not the parts that
name a file without naming a field. It reads the head of each part with `email`, and looks up each charset that a head
names (RFC 2231). A megabyte of heads took 0.8 s; with unknown charsets it took 1.3 s, and 10 MB that are never freed,
since Python remembers the names of unknown charsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from django.core.exceptions import TooManyFieldsSent
from django.http.multipartparser import MultiPartParserError

LONGEST_HEADS: Final = 256 * 1024
"""How many bytes the heads of all parts may have, each with its boundary and _EACH more. Django takes at most 1,000
fields and 100 files, whose heads have some 100 bytes.
"""
_EACH: Final = 64
_HEAD: Final = 1024  # Django refuses a part with a longer head (`multipartparser.MAX_TOTAL_HEADER_SIZE`)
# An encoded parameter (RFC 2231), unless it is whole and in a charset that programs use in the names of files.
_OTHER_CHARSET = re.compile(rb"\*[0-9]*+\*?+[^!-~]*+=(?!(?:utf-8|us-ascii|iso-8859-1)'[a-z-]*+')", re.IGNORECASE)


class BoundedParts:
    """The body of a form, which comes from *stream* and whose parts are separated by *boundary*.

    Its methods are those of `wsgi.input` (PEP 3333). They raise TooManyFieldsSent if the heads of the parts are longer
    together than LONGEST_HEADS, and MultiPartParserError if one names an unusual charset.
    """

    def __init__(self, stream: Any, boundary: str) -> None:
        self._stream = stream
        self._delimiter = b"--" + boundary.encode("utf-8", "replace")
        self._pending = b""
        self._is_head = True  # Django also looks for a head before the first boundary
        self._heads = 0

    def read(self, size: int = -1) -> bytes:
        """Return up to *size* bytes, or all that are left."""
        return self._checked(self._stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        """Return one line, or its first *size* bytes."""
        return self._checked(self._stream.readline(size))

    def readlines(self, hint: int = -1) -> list[bytes]:
        """Return the lines that are left, or, with a *hint*, the first of them, with about that many bytes."""
        lines: list[bytes] = []
        taken = 0
        for line in self:
            lines.append(line)
            taken += len(line)
            if 0 < hint <= taken:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _checked(self, data: bytes) -> bytes:
        """Return *data*, the next bytes of the body, once the heads in it were checked."""
        text, at = self._pending + data, 0
        while True:
            if self._is_head:
                end = text.find(b"\r\n\r\n", at, at + _HEAD)
                if end < 0 and len(text) - at < _HEAD:
                    break  # the rest of the head is still to come
                self._check(text[at:end] if end >= 0 else b"")
                self._is_head = False
            if (found := text.find(self._delimiter, at)) < 0:
                at = max(at, len(text) - len(self._delimiter) + 1)
                break
            at = found + len(self._delimiter)
            self._is_head = True
        self._pending = text[at:]
        return data

    def _check(self, head: bytes) -> None:
        self._heads += len(self._delimiter) + len(head) + _EACH
        if self._heads > LONGEST_HEADS:
            raise TooManyFieldsSent("the heads of the parts are too long")  # not translated
        if _OTHER_CHARSET.search(head):
            raise MultiPartParserError("a part names another charset than UTF-8")  # not translated
