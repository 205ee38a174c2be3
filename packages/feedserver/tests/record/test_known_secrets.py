"""A secret of the request is found in the usual spellings in which an answer repeats it."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable

import pytest

from feedserver.record.known_secrets import decoded_body, has_known, without_known

SECRET = 'pa/ss w"ü&1'


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        "pa%2Fss%20w%22%C3%BC%261",
        "pa%2fss+w%22%c3%bc&1",
        "p%61/ss w%22ü%261",
        "pa%252Fss%2520w%2522%25C3%25BC%25261",
        "pa%2525252Fss w&quot;&uuml;&amp;1",
        "pa&#47;ss&#32;w&#034;&#xFC;&#x26;1",
        'pa\\u002Fss w\\"\\u00fc&1',
        'pa\\\\/ss w\\\\\\"ü\\\\u00261',
        SECRET.encode().decode("latin-1"),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET.upper(),
        SECRET.swapcase(),
        "PA%2FSS%20W%22%C3%BC%261",
        SECRET[::-1],
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        base64.b32encode(SECRET.encode()).decode().rstrip("="),
        base64.b32encode(SECRET.encode()).decode().rstrip("=").lower(),
        "".join(f"%25{byte:02x}" for byte in SECRET.encode()),
        "pa\\x2Fss\\x20w\\x22\\xFC\\x261",
    ],
)
def test_a_secret_is_replaced_in_each_usual_spelling(spelled: str) -> None:
    assert without_known(f"/x/{spelled}/y", [SECRET]) == "/x/removed/y"
    assert without_known(f"a{spelled}b", [SECRET]) == "aremovedb"


@pytest.mark.parametrize("secret", ["pass\\w\xf6rd", "pass\\\\w\xf6rd", "pass\tw\xf6rd"])
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_a_secret_with_a_backslash_or_a_tab_is_found_in_json_within_json(secret: str, depth: int) -> None:
    spelled = secret
    for _ in range(depth):
        spelled = json.dumps(spelled)[1:-1]
    assert without_known(f"/x/{spelled}/y", [secret]) == "/x/removed/y"
    assert has_known(f"<rss>{spelled}</rss>".encode(), [secret])


@pytest.mark.parametrize("before", ["", "a", "ab", 'abc{"token": "'])
@pytest.mark.parametrize("behind", ["", "a", "ab", '"}'])
@pytest.mark.parametrize("secret", ["s3cret", "s3cret7", "s3cret78", "~~?~~?>>\u00fc"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_found_in_the_base_64_of_something_longer(
    before: str, behind: str, secret: str, encode: Callable[[bytes], bytes]
) -> None:
    text = encode(f"{before}{secret}{behind}".encode()).decode()
    assert "removed" in without_known(text, [secret])
    assert has_known(text.encode(), [secret])


def test_a_secret_is_replaced_in_both_alphabets_of_base_64() -> None:
    secret = "~~?~~?>>ab"
    assert base64.b64encode(secret.encode()) != base64.urlsafe_b64encode(secret.encode())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert without_known(encode(secret.encode()).decode(), [secret]) == "removed"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("ab12", "removed"),
        ("x=ab12; y", "x=removed; y"),
        ("_ab12_", "_removed_"),
        ("AB12 21ba", "removed removed"),
        ("61623132", "removed"),
        ("/x?u=http%3A%2F%2Fh%3Dab12%26", "/x?u=http%3A%2F%2Fh%3Dremoved%26"),
        ("xab12 ab123 1ab12", "xab12 ab123 1ab12"),
        ("YWIxMg==", "YWIxMg=="),
    ],
)
def test_a_short_secret_is_found_only_as_a_whole_word(text: str, cleaned: str) -> None:
    assert without_known(text, ["ab12"]) == cleaned
    assert without_known(text, ["ab12"], short=False) == text


def test_a_secret_of_three_characters_is_not_looked_for() -> None:
    assert without_known("abc", ["abc"]) == "abc"
    assert not has_known(b"abc", ["abc"])


def test_a_secret_that_begins_with_another_is_replaced_whole() -> None:
    assert without_known("s3cret-long", ["s3cret", "s3cret-long"]) == "removed"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"<a>s3cret9</a>", True),
        ("<a>s3cret9</a>".encode("utf-16"), True),
        ("<a>s3cret9".encode("utf-16-be"), True),  # within a text, these are the bytes of UTF-16-LE, too
        (b"<a>czNjcmV0OQ</a>", True),
        (b"<a>S3CRET9</a>", True),
        (b"<a>9terc3s</a>", True),
        (b"<a>733363726574390a</a>", True),
        (b"<a>s3cret</a>", False),
    ],
)
def test_a_body_is_searched_in_several_encodings(body: bytes, found: bool) -> None:
    assert has_known(body, ["s3cret9"]) is found


def test_a_short_secret_is_found_only_as_a_whole_word_of_a_body_too() -> None:
    assert has_known(b"<a>ab12</a>", ["ab12"])
    assert not has_known(b"<a>ab123</a>", ["ab12"])


def test_a_short_secret_with_a_capital_outside_of_ascii_is_found_in_a_body() -> None:
    assert has_known("<a>ÄB12</a>".encode(), ["ÄB12"])
    assert has_known("<a>Äb12</a>".encode(), ["ÄB12"])


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


@pytest.mark.parametrize(
    ("coding", "encode", "is_known"),
    [
        ("", bytes, True),
        ("identity", bytes, True),
        ("GZIP", gzip.compress, True),
        ("x-gzip", gzip.compress, True),
        ("deflate", zlib.compress, True),
        ("deflate", raw_deflate, False),
        ("br", bytes, False),
        ("gzip", bytes, False),
    ],
)
def test_codings_that_are_known_are_undone(coding: str, encode: Callable[[bytes], bytes], is_known: bool) -> None:
    assert decoded_body(encode(b"<rss/>"), coding) == (b"<rss/>" if is_known else None)


def test_up_to_16_members_of_a_body_in_gzip_are_decoded() -> None:
    member = gzip.compress(b"abc")
    assert decoded_body(member * 3 + b"rest", "gzip") == b"abc" * 3
    assert decoded_body(member * 16, "gzip") == b"abc" * 16
    assert decoded_body(member * 17, "gzip") is None
