"""What http.client reads but does not report: how the lines of an answer were written, and which ones it discarded.

Pure: the lines are given as they were received.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedserver.final_answers import STATUS_LINE

_BARE_CARRIAGE_RETURN = re.compile(rb"\r(?!\n)")
_LAST_CHUNK = re.compile(rb"0+[ \t]*(?:;.*)?\r?\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class AnswerLines:
    """The lines of an answer: the *interim* statuses before it, its *head*, and the lines *after* the head.

    *after* are, for a chunked body, the lines that give the size of each chunk, and the trailers; else it is empty.
    *bare_carriage_returns* is the number of lines with a CR that is no part of their CR LF. In the fields above, each
    such CR is replaced by a blank.
    """

    interim: tuple[int, ...]
    head: tuple[bytes, ...]
    after: tuple[bytes, ...]
    bare_carriage_returns: int

    @classmethod
    def of(cls, received: Sequence[bytes]) -> AnswerLines:
        """Return the parts of an answer whose lines were *received* in this order, each with its end."""
        lines = [without_bare_carriage_returns(line) for line in received]
        bare = sum(line != other for line, other in zip(lines, received, strict=True))
        interim: list[int] = []
        start = 0
        while True:
            end = next((at for at in range(start, len(lines)) if not lines[at].strip(b"\r\n")), len(lines))
            status = STATUS_LINE.match(lines[start]) if start < len(lines) else None
            if status is None or not 100 <= int(status["status"]) < 200 or int(status["status"]) == 101:
                return cls(tuple(interim), tuple(lines[start : end + 1]), tuple(lines[end + 1 :]), bare)
            interim.append(int(status["status"]))
            start = end + 1

    @property
    def has_status_line(self) -> bool:
        """Whether the first line of the head is a status line (RFC 9112 §4)."""
        return bool(self.head) and STATUS_LINE.match(self.head[0]) is not None

    @property
    def is_whole(self) -> bool:
        """Whether the head came to its end, which is an empty line."""
        return bool(self.head) and self.head[-1] in (b"\r\n", b"\n")

    @property
    def begins_folded(self) -> bool:
        """Whether the first line of the headers is a continuation (obs-fold), with nothing before it to continue."""
        return len(self.head) > 1 and self.head[1][:1] in (b" ", b"\t")

    @property
    def bare_line_feeds(self) -> int:
        """The number of lines that end in LF without CR (RFC 9112 §2.2)."""
        return sum(line.endswith(b"\n") and not line.endswith(b"\r\n") for line in (*self.head, *self.after))

    @property
    def folded(self) -> tuple[str, ...]:
        """The names of the headers whose value continued on another line (obs-fold, RFC 9112 §5.2)."""
        return tuple(dict.fromkeys(self._folded()))

    def _folded(self) -> Iterator[str]:
        name = ""
        for line in self.head[1:]:
            if line[:1] in (b" ", b"\t"):
                yield name
            else:
                name = _name(line)

    @property
    def trailers(self) -> tuple[str, ...]:
        """The names of the fields after the last chunk. A line that begins with a blank continues the field before it
        (obs-fold), and may have a secret in it.
        """
        last = next((at for at, line in enumerate(self.after) if _LAST_CHUNK.fullmatch(line)), len(self.after))
        lines = (line for line in self.after[last + 1 :] if line.strip(b"\r\n"))
        return tuple(_name(line) for line in lines if line[:1] not in (b" ", b"\t"))

    @property
    def has_chunk_extensions(self) -> bool:
        """Whether the size of a chunk is followed by an extension (RFC 9112 §7.1.1)."""
        return any(re.match(rb"[0-9A-Fa-f]+[ \t]*;", line) for line in self.after)


def without_bare_carriage_returns(line: bytes) -> bytes:
    """Return *line* with a blank for each CR that is not a part of its end, as RFC 9112 §2.2 demands.

    http.client takes each CR for the end of a line: it would read a part of a value as a header, or end the head there.
    """
    return _BARE_CARRIAGE_RETURN.sub(b" ", line)


def is_length(value: str) -> bool:
    """Return whether one *value* of Content-Length is a length: nothing but digits (RFC 9110 §8.6)."""
    return value.isdecimal() and value.isascii()


def lengths_in(values: Sequence[str]) -> tuple[str, ...]:
    """Return what the *values* of Content-Length give, each once. One value may be a list of lengths, and lengths that
    are equal count as one (RFC 9110 §8.6). A value may begin on another line (RFC 9112 §5.2).
    """
    return tuple(dict.fromkeys(length.strip(" \t\r\n") for value in values for length in value.split(",")))


def _name(line: bytes) -> str:
    """Return the name of the field in *line*. A line without a colon has none, and may be a secret."""
    name, colon, _ = line.partition(b":")
    return name.strip().decode("latin-1") if colon else "a line without a colon"
