"""Where the body of a request ends, and which framings are refused (RFC 9112 §6)."""

from __future__ import annotations

import pytest

from feedserver.http.body_framing import Refused, framing_of

LENGTH = (b"Content-Length", b"5")
CHUNKED = (b"Transfer-Encoding", b"Chunked")


@pytest.mark.parametrize(
    ("fields", "framing"),
    [([], 0), ([(b"Host", b"h")], 0), ([LENGTH], 5), ([(b"content-LENGTH", b"007")], 7), ([CHUNKED], "chunked")],
)
def test_the_framing_is_a_length_or_chunks(fields: list[tuple[bytes, bytes]], framing: int | str) -> None:
    assert framing_of(fields, "1.1") == framing


@pytest.mark.parametrize(
    ("fields", "version", "status", "problem"),
    [
        ([LENGTH, LENGTH], "1.1", 400, "at most one Content-Length"),
        ([(b"Content-Length", b"-5")], "1.1", 400, "is no number of bytes"),
        ([(b"Content-Length", b"5, 5")], "1.1", 400, "is no number of bytes"),
        ([(b"Content-Length", b"+5")], "1.1", 400, "is no number of bytes"),
        ([(b"Content-Length", b"")], "1.1", 400, "is no number of bytes"),
        ([LENGTH, CHUNKED], "1.1", 400, "not both"),
        ([CHUNKED], "1.0", 400, "not known to HTTP/1.0"),
        ([CHUNKED, CHUNKED], "1.1", 400, "does not end in one 'chunked'"),
        ([(b"Transfer-Encoding", b"chunked, gzip")], "1.1", 400, "does not end in one 'chunked'"),
        ([(b"Transfer-Encoding", b"gzip, chunked")], "1.1", 501, "is not supported"),
    ],
)
def test_ambiguous_or_unknown_framing_is_refused(
    fields: list[tuple[bytes, bytes]], version: str, status: int, problem: str
) -> None:
    with pytest.raises(Refused) as refused:
        framing_of(fields, version)
    assert refused.value.status == status
    assert problem in refused.value.problem
