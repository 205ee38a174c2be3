"""Limits for one request until it is complete: for its head, the framing of its body, and the body.

One thread reads for all connections, so its work for each byte has to be limited. Waitress takes some microseconds for
each empty line, header line and chunk. It also reads a line between two chunks of a body, or the trailer, from the
beginning again with each piece that arrives. A megabyte of chunks of one byte took 0.7 s, one of short header lines
1.4 s. One request line of 16,000 digits took 21 s, and a header field that begins with 32,000 blanks 4 s.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, Final

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.rfc7230 import CHUNK_EXT_RE
from waitress.utilities import BadRequest, Error

from lifestream.fetcher.shortage import shortage_of
from lifestream.page_limits import MOST_LINES
from lifestream.web.shortage_log import ShortageLog

LONGEST_FRAMING: Final = 16 * 1024
"""How many bytes the size of a chunk, the extensions of all chunks of a body, and its trailer may have, each. Usual
clients send neither extensions nor a trailer.
"""
MOST_TINY: Final = 64 * 1024
"""By how many bytes the framing of a body may be longer than the body: chunks of a few bytes cost the most time."""
IN_MEMORY: Final = 64 * 1024
"""How many bytes a body may have that is kept in memory. A longer one is kept in a file."""

_is_valid: Callable[[bytes], object] = CHUNK_EXT_RE.match  # type: ignore[assignment] # its stub has a pattern of text
_SIZE = re.compile(rb"([0-9A-Fa-f]+)(;[^\r\n]*)?\r\n")
_CODINGS = re.compile(rb"^transfer-encoding:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*")
# waitress's own patterns take time that grows with the square of some request lines, and of blanks before a value.
_REQUEST_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [^ ]+(?: HTTP/[0-9]\.[0-9])?")
_BLANKS_BEFORE_VALUE = re.compile(rb"^([^:\s]+:)(?:[ \t]|\r\n(?=[ \t]))+", re.MULTILINE)
_log = logging.getLogger(__name__)
_SHORTAGES: Final = ShortageLog(_log, "bodies of requests can't be kept")  # not translated
_STEP: Final = 256 * 1024  # bytes of a body after which `may_keep_more` is called again


class ServerBusy(Error):
    """The answer to a request whose body cannot be kept for now (RFC 9110 §15.6.4)."""

    code = 503
    reason = "Service Unavailable"  # not translated


class BoundedParser(HTTPRequestParser):
    """A parser that answers 400 to a head of many lines, to a body whose end is ambiguous, and to long framing. It
    answers 503 to a body that it cannot keep, for lack of files or of space on the disk. *may_keep_more* is called for
    each `_STEP` of a body; if it returns False, the answer is 503, too.

    *command* and *path* are empty if the request line is invalid.
    """

    # waitress sets them only when it has read a request line, but its log may name the path of any request. In
    # waitress's stub, they are bytes.
    command = path = ""  # type: ignore[assignment]

    def __init__(self, adj: Any, may_keep_more: Callable[[], bool] = lambda: True) -> None:
        super().__init__(adj)
        self._may_keep_more = may_keep_more

    def received(self, data: bytes) -> int:
        """Read *data*, and return how many bytes of it belong to the request."""
        if self.completed:
            return 0
        blank = 0
        if self.body_rcv is None and not self.header_plus:  # RFC 9112 §2.2: empty lines before a request are ignored
            blank = len(data) - len(data := data.lstrip(b"\r\n"))
            if not data:
                return blank
            if data[:1].isspace():  # waitress skips blanks before a request line, and heads of blanks alone
                data = b"\0" + data[1:]  # no request line begins with NUL, so the request is refused
        before = self.kept
        try:
            consumed = blank + super().received(data)
        except OSError as error:  # the body needs a file, or more space on the disk
            if (shortage := shortage_of(error)) is None:
                raise
            _SHORTAGES.note(shortage)
            self._refuse_for_now("it cannot be kept; try again later")  # not translated
            return blank + len(data)
        if self.completed:
            # waitress would send "100 Continue", and read the next request of the connection as a part of this one.
            self.expect_continue = False
        elif before // _STEP != self.kept // _STEP and not self._may_keep_more():
            self._refuse_for_now("too much is being received; try again later")  # not translated
        return consumed

    def close(self) -> None:
        """Delete the body. If the disk has no space for the last part of it, which is written first, this is only
        logged.
        """
        try:
            super().close()
        except OSError:  # the file is closed anyway; waitress would not go on after an exception here
            _log.debug("a body could not be written to a file", exc_info=True)

    def _refuse_for_now(self, reason: str) -> None:
        self.error = ServerBusy(reason)
        self.expect_continue = False
        self.completed = True

    @property
    def kept(self) -> int:
        """How many bytes of the body are kept."""
        return 0 if self.body_rcv is None else len(self.body_rcv)

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head. Raises ParsingError if it is invalid."""
        if header_plus.count(b"\n") > MOST_LINES:
            raise ParsingError("the head has too many lines")  # not translated
        line, end, fields = header_plus.partition(b"\r\n")
        if not _REQUEST_LINE.fullmatch(line.rstrip()):
            raise ParsingError("the request line is invalid")  # not translated
        try:
            super().parse_header(line + end + _BLANKS_BEFORE_VALUE.sub(rb"\1", fields))
        except ValueError as error:  # for a number of more than 4,300 digits, or for http://[
            raise ParsingError("a number or an address in the head is invalid") from error  # not translated
        headers: Any = self.headers  # its stub has a mapping that can't be changed
        if "close" in (option.strip(" \t").lower() for option in headers.get("CONNECTION", "").split(",")):
            headers["CONNECTION"] = "close"  # waitress recognises it only without other options (RFC 9112 §9.6)
        codings = [value.strip(b" \t").lower() for value in _CODINGS.findall(header_plus)]
        if codings and (codings != [b"chunked"] or self.version != "1.1" or "CONTENT_LENGTH" in self.headers):
            # A proxy may see another end of the body (RFC 9112 §6.1 and §6.3), and the rest as a request of its own.
            raise ParsingError("the end of the body is ambiguous")  # not translated
        if isinstance(self.body_rcv, ChunkedReceiver):
            self.body_rcv = QuickChunks(self.body_rcv.getbuf())


class QuickChunks(ChunkedReceiver):
    """Reads a chunked body (RFC 9112 §7.1) as waitress does, but the content of each chunk once, and joins small chunks
    that arrive together into one piece. It refuses empty lines between chunks, which waitress skips, and lines of the
    trailer that are no header fields.

    *pending* are the bytes of a line, or of the trailer, whose end has not arrived yet. Whether a body is refused, why,
    and after how many of its bytes, does not depend on how these arrive.
    """

    def __init__(self, buf: Any) -> None:
        super().__init__(buf)
        self.pending = b""
        self._left = 0  # bytes of a chunk that are to come
        self._is_end_due = False  # the line end of a chunk is to come
        self._extensions = 0  # bytes of all extensions
        self._excess = 0  # by how many bytes the framing so far is longer than the content

    def received(self, s: bytes) -> int:
        """Read the bytes *s*, and return how many of them belong to the body, up to the end or the mistake in it."""
        if self.completed:
            return 0
        text, pending_size = self.pending + s, len(self.pending)
        pieces: list[bytes] = []
        at = 0 if self.all_chunks_received else self._read_chunks(text, pieces)
        if pieces:
            self.buf.append(b"".join(pieces))
        if self._is_last_chunk_read() and not self._has_failed():
            at = self._read_trailer(text, at)
        if self._is_complete() or self._has_failed():
            self.pending = b""
            return at - pending_size
        self.pending = text[at:]
        return len(s)

    def _read_chunks(self, text: bytes, pieces: list[bytes]) -> int:
        """Add the contents of the chunks in *text* to *pieces*, and return how far *text* was read."""
        at = 0
        while self.error is None and not self.all_chunks_received:
            if self._left:
                piece = text[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    break
                self._is_end_due = True
            if self._is_end_due:
                end = text[at : at + 2]
                if end != b"\r\n":
                    if not b"\r\n".startswith(end):
                        at += 2 if end[:1] == b"\r" else 1
                        return self._refuse("Chunk not properly terminated", at)  # not translated
                    break
                at += 2
                self._is_end_due = False
            at = self._read_whole_chunks(text, at, pieces)
            if not self._left:
                break
        return at

    def _read_whole_chunks(self, text: bytes, at: int, pieces: list[bytes]) -> int:
        """Add the contents of the whole chunks in *text*, from *at* on, to *pieces*, and return how far *text* was
        read. If the size of another chunk follows, `_left` is set to this size.
        """
        size_of, keep = _SIZE.match, pieces.append
        while (line := size_of(text, at)) is not None:
            begin, at = at, line.end()
            if at - begin > LONGEST_FRAMING:
                return self._refuse_long(begin)
            if line[2] and not self._is_extension(line[2]):
                return self._refuse("Invalid chunk extension", at)  # not translated
            self._excess += at - begin + 2
            if self._excess > MOST_TINY:
                return self._refuse("the chunks are too small", at)  # not translated
            size = int(line[1], 16)
            if not size:
                self.all_chunks_received = True
                return at
            self._excess -= size
            end = at + size
            if text[end : end + 2] != b"\r\n":
                self._left = size
                return at
            keep(text[at:end])
            at = end + 2
        end = text.find(b"\r\n", at) + 2
        if (end if end >= 2 else len(text)) - at > LONGEST_FRAMING:
            return self._refuse_long(at)
        return self._refuse("Invalid chunk size", end) if end >= 2 else at  # not translated

    # Methods, since a type checker does not see that `_read_chunks` and `_read_trailer` change the attributes.
    def _is_complete(self) -> bool:
        return self.completed

    def _has_failed(self) -> bool:
        return self.error is not None

    def _is_last_chunk_read(self) -> bool:
        return self.all_chunks_received

    def _is_extension(self, text: bytes) -> bool:
        self._extensions += len(text)
        return self._extensions <= LONGEST_FRAMING and _is_valid(text) is not None

    def _refuse(self, reason: str, at: int) -> int:
        """Refuse the body for a mistake that ends *at* this place of the text, and return the place."""
        self.error = BadRequest(reason)
        return at

    def _refuse_long(self, begin: int) -> int:
        return self._refuse("a chunk's size or the trailer is too long", begin + LONGEST_FRAMING + 1)  # not translated

    def _read_trailer(self, text: bytes, at: int) -> int:
        """Read the trailer in *text*, from *at* on, and return how far *text* was read."""
        if text.startswith(b"\r\n", at):
            self.completed = True
            return at + 2
        end = text.find(b"\r\n\r\n", at) + 4
        if (end if end >= 4 else len(text)) - at > LONGEST_FRAMING:
            return self._refuse_long(at)
        if end < 4:
            return at
        self.trailer = text[at:end]
        if not all(map(_FIELD.fullmatch, self.trailer[:-4].split(b"\r\n"))):
            return self._refuse("the trailer is invalid", end)  # not translated
        self.completed = True
        return end
