"""Fetches a URL once, and writes the answer as a fixture.

The body goes into a file, byte for byte, as it came: in its content coding, if it has one. Status and headers go into
`NAME.response` beside it, since a comment in the file would change its bytes. A redirect is not followed but recorded.
What does not belong in a fixture is left out, and reported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult

from feedserver.fixtures.document_root import is_sidecar, why_unportable
from feedserver.fixtures.loader import LARGEST_SIDECAR, sidecar_of
from feedserver.messages.argument_types import check_bool, check_is, check_name, check_seconds, named
from feedserver.messages.field_types import fits
from feedserver.messages.headers import TCHARS, Headers, to_text
from feedserver.messages.placeholders import has_placeholders
from feedserver.messages.response import has_content, reason_phrase
from feedserver.messages.safe_open import check_overwritable, create_file
from feedserver.messages.terminal_text import visible, visible_repr
from feedserver.record.known_secrets import decoded_body, has_known
from feedserver.record.raw_client import RawAnswer, RecordingError, checked, fetch, in_words
from feedserver.record.redaction import LeftOut, redact
from feedserver.record.secret_search import without_secrets
from feedserver.record.sent_secrets import sent_secrets

if TYPE_CHECKING:
    import ssl

TIMEOUT = 30.0
"""Seconds that a whole answer may take."""

HEADER = re.compile(rf"(?P<name>{TCHARS}):[ \t]*(?P<value>[^\r\n\0]*)")
"""A header that can be sent, as `NAME: VALUE`."""

MOST_HEADERS = 1024 * 1024
"""The most bytes of headers that are searched for secrets. What remains after the search must fit into a fixture."""

_TOKEN = re.compile(TCHARS.encode("ascii"))
_NOT_ON_WINDOWS = re.compile(r'[*?<>|"\x01-\x1f]')
"""A character that may be in the name of a served file here, but that Windows allows in no file name."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was written: the *file* with the body of *size* bytes, and the *sidecar* with the directives.

    *url* is as the first line of the directives has it: with its secrets replaced, unless the argument `keep` of
    `record` had "URL". *left_out* is what the fixture lacks of the answer, and the secrets that were replaced in it and
    in the URL; *notes* are for people to read before they commit it.
    """

    url: str
    file: Path
    sidecar: Path
    status: int
    reason: str
    size: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    __repr__ = visible_repr


def record(
    url: str,
    file: str | Path,
    *,
    headers: Iterable[tuple[str, str]] = (),
    keep: Iterable[str] = (),
    force: bool = False,
    timeout: float = TIMEOUT,
    context: ssl.SSLContext | None = None,
) -> Recording:
    """Fetch *url* with one GET, and write the answer's body to *file* and its directives to a file beside it.

    *headers* are sent with the request; each replaces the default of the same name. *keep* names headers and parameters
    that stay although they look like secrets; "URL" in it keeps the URL in the first line of the directives as it is.
    *force* overwrites existing files. *timeout* is in seconds, for the whole answer. *context* has the TLS settings;
    by default the certificate authorities of the system are trusted.

    Raises TypeError for an argument of a wrong type and for a header that is not on one line; ValueError if *url* is
    not an http or https URL, if *file* has a name that is not served or that Windows does not allow, if *timeout* is
    not above 0, or if a name in *keep* is empty; FileExistsError if one of the files exists and *force* is false,
    another OSError if they cannot be written, and RecordingError if no complete answer came, or one that cannot be
    recorded.
    """
    parts = checked(url)
    url = parts.geturl()  # without the line breaks and tabs that urlsplit leaves out: one may be within a secret
    check_is("file", file, (str, Path), "give the path of a file, such as 'feed.xml'")
    check_bool("force", force)
    check_seconds("timeout", timeout, above_zero=True)
    sent, kept = _headers_to_send(headers), _names_to_keep(keep)
    if context is not None:
        import ssl

        check_is("context", context, ssl.SSLContext, "give an ssl.SSLContext, or None")
    file = Path(file)
    if is_sidecar(file.name):
        raise ValueError(f"{file} is where the directives would be; name the file for the body, such as feed.xml")
    if why := why_unportable(file.name):
        raise ValueError(f"{file} could not be served: {why}; name it otherwise, such as feed.xml")
    if refused := _NOT_ON_WINDOWS.search(file.name):
        raise ValueError(
            f"{visible(str(file))} could not be copied to Windows, where no file has {refused[0]!r} in its name; "
            "name it otherwise, such as feed.xml"
        )
    sidecar = sidecar_of(file)
    _refuse_where_no_file_can_be(file, sidecar)
    if not force:
        _refuse_to_overwrite(file, sidecar)
    secrets = sent_secrets(url, sent, kept)
    try:
        answer = fetch(parts, sent, timeout, context)
    except RecordingError as error:  # the error may quote the server
        raise RecordingError(visible(without_secrets(str(error), known=secrets)[0])) from None
    _refuse_many(sum(len(name) + len(value) for name, value in answer.headers.raw), MOST_HEADERS)
    lines = ((name, _unfolded(value)) for name, value in answer.headers.raw)
    redacted = redact(lines, keep=kept, known=secrets)
    fields, unwritable = _writable(redacted.fields)
    clean_url, replaced_in_url = (url, ()) if "url" in kept else _clean_url(parts, url, kept)
    reason, replaced_in_reason = _clean(answer.reason, secrets)
    date, replaced_in_date = _clean(_unfolded(answer.headers.get_raw(b"date") or b""), secrets)
    answer = replace(answer, reason=reason)
    text = directives(answer, fields, clean_url, date)
    _refuse_many(len(text), LARGEST_SIDECAR)
    _write({sidecar: text, file: answer.body}, overwrite=force)
    return Recording(
        url=clean_url,
        file=file,
        sidecar=sidecar,
        status=answer.status,
        reason=to_text(_unfolded(answer.reason)),
        size=len(answer.body),
        left_out=(
            *(LeftOut("URL", f"the {secret} in it is replaced") for secret in replaced_in_url),
            *(LeftOut("reason phrase", f"the {secret} in it is replaced") for secret in replaced_in_reason),
            *(LeftOut("Date", f"the {secret} in it is replaced") for secret in replaced_in_date),
            *(_with_right_reason(each, answer) for each in redacted.left_out),
            *unwritable,
            *_unread_lines(answer, secrets),
            *_around_the_answer(answer, secrets),
        ),
        notes=tuple(_notes(answer, Headers.from_raw(fields), text, secrets)),
    )


def _clean_url(parts: SplitResult, url: str, keep: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """Return *url* with its secrets replaced, and a description of each of them; *parts* are those of the URL.

    A login is removed before the search: it may contain any character, so `without_secrets` may not recognise it.
    """
    login, _, host = parts.netloc.rpartition("@")
    cleaned, found = without_secrets(parts._replace(netloc=host).geturl() if login else url, keep=keep)
    return cleaned, tuple(dict.fromkeys(("password", *found))) if login else found


def _refuse_many(size: int, most: int) -> None:
    """Raise RecordingError if headers of *size* bytes are more than *most*."""
    if size > most:
        limit = f"{LARGEST_SIDECAR // 1024} KiB"
        raise RecordingError(
            f"the answer has {size:,} bytes of headers, and a fixture may have {limit}; nothing was written"
        )


# Checks of the arguments


def _headers_to_send(headers: object) -> tuple[tuple[str, str], ...]:
    if isinstance(headers, str | bytes | Mapping) or not isinstance(headers, Iterable):
        raise TypeError(f"headers is {named(headers)}; give pairs, such as [('Accept', 'application/rss+xml')]")
    pairs = tuple(headers)
    for pair in pairs:
        if not fits(pair, tuple[str, ...]) or len(pair) != 2 or not HEADER.fullmatch(": ".join(pair)):
            raise TypeError("a pair in headers is no name and value on one line; give ('Accept', 'text/xml')")
    return pairs


def _names_to_keep(keep: object) -> frozenset[str]:
    if isinstance(keep, str | bytes) or not isinstance(keep, Iterable):
        raise TypeError(f"keep is {named(keep)}; give names, such as ['ETag']")
    names = tuple(keep)
    for name in names:
        check_name("a name in keep", name, "ETag")
    return frozenset(name.lower() for name in names)


# The files


def _refuse_to_overwrite(*files: Path) -> None:
    for file in files:
        if file.exists():
            raise FileExistsError(
                f"{file} is there already; choose another name, or overwrite it by force=True or --force"
            )


def _refuse_where_no_file_can_be(*files: Path) -> None:
    for file in files:
        if not file.parent.is_dir():
            raise NotADirectoryError(f"{file} cannot be written: there is no folder {file.parent}; make it first")
        if file.is_dir():
            raise IsADirectoryError(f"{file} cannot be written: it is a folder; name a file, such as feed.xml")


def _write(contents: Mapping[Path, bytes], *, overwrite: bool) -> None:
    """Write all files or none, since half a fixture would be served as a whole one.

    If only the renaming of the second file fails, the first is new and the second is old.
    """
    begun: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            if overwrite:
                check_overwritable(path)
            # An existing file is replaced only when all are written: the disk may be full.
            written = path.with_name(f".{path.name}.{os.getpid()}.new") if overwrite else path
            with create_file(written) as file:
                begun[written] = path
                file.write(data)
        for written, path in begun.items() if overwrite else ():
            written.replace(path)
    except BaseException:
        for written in begun:
            written.unlink(missing_ok=True)
        raise


def directives(answer: RawAnswer, fields: Iterable[tuple[bytes, bytes]], url: str, date: bytes = b"") -> bytes:
    """Return the content of `NAME.response`: the status, the header *fields*, and what the server is not to add.

    Its first line is a comment for people: the URL of the answer, and its *date*, if it has one.
    """
    # What a server sends may contain line breaks: what follows one would become a directive of its own.
    when = f", answered {to_text(date)}" if date else ""
    lines = [_unfolded(f"# {url}{when}".encode("utf-8", "replace"))]
    lines.append((b"Status: %d %b" % (answer.status, _unfolded(answer.reason))).rstrip())
    lines += [b"Header: %b: %b" % field for field in fields]
    absent = [name for name in ("Date", "Content-Type") if name not in answer.headers]
    if answer.framing != "length":
        absent.append("Content-Length")
    if answer.framing == "close":
        absent.append("Transfer-Encoding")
    if absent:
        lines.append(f"Omit: {', '.join(absent)}".encode("ascii"))
    return b"\n".join(lines) + b"\n"


def _writable(fields: Iterable[tuple[bytes, bytes]]) -> tuple[list[tuple[bytes, bytes]], list[LeftOut]]:
    """Return the fields that a directive can express, and those that it cannot."""
    kept: list[tuple[bytes, bytes]] = []
    left_out: list[LeftOut] = []
    for name, value in fields:
        if not _TOKEN.fullmatch(name):
            left_out.append(LeftOut(repr(name.decode("latin-1")), "it is no name of a header"))
        elif name.lower() == b"status":
            left_out.append(LeftOut(name.decode("ascii"), "a directive of that name gives the status"))
        elif has_placeholders(Headers.from_raw([(name, value)])):
            left_out.append(LeftOut(name.decode("ascii"), "its braces would be filled in"))
        else:
            kept.append((name, value))
    return kept, left_out


def _unfolded(text: bytes) -> bytes:
    """Return *text* as one line: old servers fold a field's value into several (RFC 9112 §5.2)."""
    return re.sub(rb"[\r\n]+[ \t]*", b" ", text)


def _with_right_reason(left_out: LeftOut, answer: RawAnswer) -> LeftOut:
    """Return *left_out* with the right reason for a Content-Length that did not say where the answer ended.

    For such an answer, the server does not add a Content-Length of its own.
    """
    if left_out.name.lower() == "content-length" and (answer.framing != "length" or not has_content(answer.status)):
        return LeftOut(left_out.name, "it did not tell where the answer ended")
    return left_out


def _unread_lines(answer: RawAnswer, secrets: set[str]) -> Iterable[LeftOut]:
    """Yield the lines among the headers that are no headers, and the lines that come after such a line."""
    for index, line in enumerate(answer.unread):
        name, _ = without_secrets(line, known=secrets)
        yield LeftOut(in_words(name), "it comes after that" if index else "it is no name of a header")


def _around_the_answer(answer: RawAnswer, secrets: set[str]) -> Iterable[LeftOut]:
    """Yield what a fixture cannot contain: interim answers, trailers, and extensions of chunks."""
    for status in answer.lines.interim:
        yield LeftOut(str(status), "it is an interim answer; Fault: interim sends one")
    for name in dict.fromkeys(answer.lines.trailers):
        shown, _ = without_secrets(name, known=secrets)
        yield LeftOut(shown, "it came after the body, as a trailer; Fault: trailers sends one")
    if answer.lines.has_chunk_extensions:
        yield LeftOut("the extensions of its chunks", "Fault: chunk extensions sends some")


def _clean(value: bytes, secrets: Iterable[str]) -> tuple[bytes, tuple[str, ...]]:
    """Return *value* with its secrets replaced, and a description of each of them."""
    text, replaced = without_secrets(value.decode("latin-1"), known=secrets, mentions=True)
    return text.encode("latin-1", "replace"), replaced


def _notes(answer: RawAnswer, headers: Headers, text: bytes, secrets: set[str]) -> Iterable[str]:
    coding = headers.get("Content-Encoding", "")
    body = decoded_body(answer.body, coding)
    for place, data in (("body", answer.body if body is None else body), ("headers", text)):
        if has_known(data, secrets):
            yield f"a secret of the request is still in the {place}; look before you commit"
    if secrets and body is None:
        yield f"the body is coded as {coding!r}, so the secrets of the request were not looked for in it"
    if "://" in headers.get("Location", ""):
        yield "Location leads to the real address, where a client would follow it; write {base}/… to keep it here"
    if not answer.reason and reason_phrase(answer.status):
        yield f"the answer had no reason phrase; {reason_phrase(answer.status)!r} is sent"
    if answer.version != 11:
        yield "the answer was HTTP/1.0; it is sent as HTTP/1.1"
    if answer.extra:
        extra = f"{answer.extra:,} {'bytes' if answer.extra > 1 else 'byte'}"
        yield f"{extra} or more came after the end that Content-Length gives; Fault: short content-length sends some"
    for name in answer.lines.folded:
        if name in headers:  # the others are left out
            yield f"the value of {name} came folded over several lines; it is sent on one line"
    if count := answer.lines.bare_line_feeds:
        yield f"{count:,} {'lines' if count > 1 else 'line'} of the answer ended in a bare LF; CR LF is sent"
    if count := answer.lines.bare_carriage_returns:
        yield f"{count:,} {'lines' if count > 1 else 'line'} of the answer had a CR within; a blank is sent"


def summary(recording: Recording) -> Iterable[str]:
    """Yield lines for people that say what was written, and what was left out.

    They quote what a server has sent, with escapes for control characters.
    """
    return map(visible, _summary(recording))


def _summary(recording: Recording) -> Iterable[str]:
    yield f"{recording.file}: {recording.size:,} bytes"
    yield f"{recording.sidecar}: {recording.status} {recording.reason}".rstrip()
    reasons: dict[str, dict[str, None]] = {}
    for each in recording.left_out:
        reasons.setdefault(each.why, {})[each.name] = None
    for why, names in reasons.items():
        yield (
            f"left out: {', '.join(names)} ({why})" if "replaced" not in why else f"changed: {', '.join(names)} ({why})"
        )
    for note in recording.notes:
        yield f"note: {note}"
