"""Secrets that the request sent: finds them in what an answer repeats, however they are spelled.

`has_known` finds a secret in a body. It may be encoded as a whole: percent-encoded, as HTML, as JSON, backwards, in
hexadecimal digits or in base 32, and in base 64 alone or as a part of something longer. `without_known`, for texts such
as the values of headers, also replaces a secret of which each character is spelled in another way: in another case,
percent-encoded (several times, too), as an entity of HTML 4 or an escape of JSON or JavaScript. A short secret counts
as a whole word only, since it may be a part of any word by chance.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape
from html.entities import codepoint2name
from urllib.parse import quote, quote_plus

REPLACEMENT = "removed"
"""The text that replaces a secret."""

SHORTEST = 4
"""The least number of characters of a secret that is searched for: shorter ones are in every answer by chance."""

SHORTEST_IN_WORDS = 6
"""The least number of characters of a secret that is found within words, and in base 64."""

_LONGEST_BY_CHARACTER = 128
"""The longest secret, in characters, of which each character is searched for in any spelling."""

_DEEPEST_JSON = 3
"""How often a secret is escaped as JSON, at most: a string of JSON may contain JSON."""

_LARGEST = 64 * 1024 * 1024
"""The most bytes of a decoded body that are searched."""

_GZIP = b"\x1f\x8b"
_MOST_MEMBERS = 16
"""A body in gzip with more members (RFC 1952 §2.2) is not decoded: decoding each one copies the rest of the body."""

_BOUNDARIES = "(?:(?<![^\\W_])|(?<=%[0-9A-Fa-f]{2}))", "(?![^\\W_])"
"""Patterns for the places before and behind a short secret. No letter or digit may be there, but a percent-encoded
character may be before it.
"""


def without_known(text: str, known: Iterable[str], *, short: bool = True) -> str:
    """Return *text* with the secrets in *known* replaced, except those of fewer than 4 characters, or of fewer than 6
    if *short* is false.
    """
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= (SHORTEST if short else SHORTEST_IN_WORDS):
            text = _pattern(secret).sub(REPLACEMENT, text)
    return text


def has_known(data: bytes, known: Iterable[str]) -> bool:
    """Return whether *data*, a body or a file, has one of the secrets in *known*: as it is in UTF-8, UTF-16 or
    ISO-8859-1, or in one of the `_spellings` in UTF-8, both in any case of ASCII letters; or in base 64. A short secret
    counts in UTF-8 only, as a whole word, and one of fewer than 4 characters not at all.
    """
    lowered = data.lower()
    return any(_has_secret(data, lowered, secret) for secret in known)


def decoded_body(body: bytes, coding: str) -> bytes | None:
    """Return a *body* without its content *coding*; None where the coding cannot be undone here.

    Of a body that must be decoded, the first `_LARGEST` bytes are returned.
    """
    if coding.strip().lower() in ("", "identity"):
        return body
    if coding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return None
    decoded = b""
    try:
        for _ in range(_MOST_MEMBERS):
            member = zlib.decompressobj(47)  # with the header of gzip or zlib (RFC 9110 §8.4.1)
            decoded += member.decompress(body, _LARGEST - len(decoded))
            body = member.unused_data
            if not body.startswith(_GZIP) or len(decoded) >= _LARGEST:
                return decoded
    except zlib.error:
        pass
    return None


def _has_secret(data: bytes, lowered: bytes, secret: str) -> bool:
    if len(secret) < SHORTEST:
        return False
    if len(secret) < SHORTEST_IN_WORDS:
        word = re.escape(secret.encode("utf-8", "replace").lower())
        return re.search(rb"(?<![0-9a-z])%b(?![0-9a-z])" % word, lowered) is not None
    spelled = [each.encode("utf-8", "replace") for each in _spellings(secret)]
    spelled += [secret.encode(encoding, "replace") for encoding in ("utf-16-le", "utf-16-be", "latin-1")]
    in_base_64 = (each.encode("ascii") for each in _in_base_64(secret))
    return any(each.lower() in lowered for each in spelled) or any(each in data for each in in_base_64)


def _spellings(secret: str) -> Iterator[str]:
    """Yield a *secret* as it is, percent-encoded, in HTML, in JSON and in JSON within that, backwards, in hexadecimal
    digits and in base 32; in all of them, case does not matter.
    """
    encoded = quote(secret, safe="")
    yield from (secret, encoded, quote_plus(secret), secret[::-1])
    yield from (escape(secret), escape(secret, quote=False))
    for ascii_only in (True, False):
        spelled = secret
        for _ in range(_DEEPEST_JSON):
            spelled = json.dumps(spelled, ensure_ascii=ascii_only)[1:-1]
            yield spelled
    data = secret.encode("utf-8", "replace")
    yield from (data.hex(), base64.b32encode(data).decode("ascii").rstrip("="))


def _in_base_64(secret: str) -> Iterator[str]:
    """Yield what base 64 makes of a *secret*, alone and as a part of something longer; nothing for a short secret.

    In something longer, the first byte of the secret may be the first, second or third of three bytes that become four
    characters (RFC 4648 §4).
    """
    if len(secret) >= SHORTEST_IN_WORDS:
        data = secret.encode("utf-8", "replace")
        for before, own in ((0, 0), (1, 2), (2, 3)):  # *own* is the first character that depends on the secret alone
            coded = base64.b64encode(b"\0" * before + data).decode("ascii")
            whole = (before + len(data)) * 8 // 6
            alone = () if before else (coded, coded.rstrip("="))
            for each in (*alone, coded[own:whole]):
                yield from (each, each.translate(_URL_SAFE))


_URL_SAFE = str.maketrans("+/", "-_")


@lru_cache(maxsize=256)
def _pattern(secret: str) -> re.Pattern[str]:
    """Return a pattern of all spellings of *secret*. Its groups are atomic, so that no text makes it backtrack."""
    spelled = dict.fromkeys(_spellings(secret))
    # A header's UTF-8 is read as ISO-8859-1.
    spelled |= dict.fromkeys(each.encode("utf-8", "replace").decode("latin-1") for each in spelled)
    whole = [re.escape(each) for each in spelled]
    if len(secret) <= _LONGEST_BY_CHARACTER:
        whole.append("".join(map(_any_spelling, secret)))
    in_base_64 = [rf"{re.escape(each)}=*" for each in dict.fromkeys(_in_base_64(secret))]
    either = "|".join([f"(?i:{'|'.join(whole)})", *in_base_64])
    if len(secret) >= SHORTEST_IN_WORDS:
        return re.compile(either)
    before, behind = _BOUNDARIES
    return re.compile(f"{before}(?:{either}){behind}")


def _any_spelling(character: str) -> str:
    data = character.encode("utf-8", "replace")
    units = character.encode("utf-16-be", "replace")
    number = ord(character)
    names = ["apos"] if character == "'" else []
    names += [codepoint2name[number]] if number in codepoint2name else []
    spelled = [
        "".join(f"%(?:25){{0,5}}{_digits(f'{byte:02x}')}" for byte in data),
        f"&#(?:0{{0,5}}{number}|[xX]0{{0,5}}{_digits(f'{number:x}')});?",
        *(f"&{name};" for name in names),
        "".join(rf"\\{{1,16}}u{_digits(units[at : at + 2].hex())}" for at in range(0, len(units), 2)),
        *([rf"\\{{1,16}}x{_digits(f'{number:02x}')}"] if number < 256 else []),
        *([rf"\\{{1,16}}{re.escape(character)}"] if character in "/\"'" else []),
        *([r"\\\\"] if character == "\\" else []),
        *(_utf_8_as_latin_1(character) if len(data) > 1 else []),
        *([r"\+"] if character == " " else []),
        re.escape(character),
    ]
    return f"(?>{'|'.join(spelled)})"


def _utf_8_as_latin_1(character: str) -> Iterator[str]:
    """Yield patterns of the UTF-8 bytes of *character*, and of its lower-case and upper-case forms, when they are read
    as ISO-8859-1, as headers are.
    """
    for each in dict.fromkeys((character, character.lower(), character.upper())):
        yield re.escape(each.encode("utf-8", "replace").decode("latin-1"))


def _digits(text: str) -> str:
    """Return a pattern of hexadecimal digits in any case."""
    return "".join(f"[{each}{each.upper()}]" if each.isalpha() else each for each in text)
