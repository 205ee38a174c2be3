"""Recognises tokens by their shape, whatever their name: long, and without the order that words, dates and numbers
have.

A token is drawn at random, so its letters, capitals and digits alternate often, and few of its characters repeat. Words
joined by hyphens, camel case and dates have long runs of one kind. The limits find a random token of 128 bits in at
least nine of ten cases, and one of hexadecimal digits nearly always. Behind words or numbers, as in
`my-podcast-AbC1…`, they find most of those that have small letters, capitals and digits.
`tests/record/test_token_shapes.py` measures that, and has a table of what must not be found.
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from itertools import pairwise

SHORTEST = 20
"""The least number of characters in a token of mixed letters and digits."""

SHORTEST_HEX = 32
"""The least number of digits in a token of hexadecimal digits: 128 bits."""

JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){1,3}")
"""A JSON Web Token, signed or encrypted (RFC 7515 §3.1, RFC 7516 §3.1): its header is the JSON `{"…`."""

_CREDENTIALS = re.compile(r"[\w.@+-]+:[!-~]{3,}", re.ASCII)
_BASE_64 = re.compile(r"[A-Za-z0-9+/]+")
_LEAST_CREDENTIALS = 11
_LABEL = re.compile(
    r"/(?:access|api-?key|api_key|auth|key|passwd|password|private|secret|sess|session|sid|tok|token)/$", re.IGNORECASE
)
_LEAST_LABELLED = 6
_VERSION = re.compile(r"v?[0-9][0-9._]*+[a-z]*+[0-9._]*+", re.IGNORECASE)

_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_RANDOM_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PIECES = re.compile(r"[A-Za-z0-9]+")
_LEAST_ENTROPY = 3.0  # bits per character; hexadecimal digits have at most 4
_LEAST_CHANGES = 0.25
"""The least number of changes between letters, capitals and digits per character. Random base 62 has 0.45 of them,
hexadecimal digits 0.47, base 32 0.30.
"""

_LEAST_CHANGES_IN_ONE_PIECE = 0.15
_LEAST_CHANGES_OF_LETTERS = 0.4
"""The least number of changes per character in text without digits. Random letters have 0.5 of them; camel case has
0.33, since each word counts twice.
"""

_WORD_OR_NUMBER = re.compile("[0-9]{2,}|[a-z]{3,}")
_MOST_IN_ORDER = 0.45
"""The largest part of a token among words that is itself words or numbers. In names of products, such as
`WH1000XM5BlackEU2024NoiseCancel`, it is more than half; in random base 62, a fifth.
"""

_LONG_PIECE = 8
_WHOLE_PIECE = 16


def looks_like_token(text: str) -> bool:
    """Return whether *text* looks like a token: letters and digits, with `-`, `_`, `~`, `+`, `/`, `.` and `=` among
    them. One piece between these signs may be the token, if it has capitals and is more random than names of products.

    Version 4 UUIDs are random, so they count as tokens; other UUIDs are made from a time or a name, and do not.
    """
    if _UUID.fullmatch(text):
        return _RANDOM_UUID.fullmatch(text) is not None
    pieces = _PIECES.findall(text)
    if any(map(_is_random_hex, pieces)):
        return True
    if any(piece != text and _is_random_with_capitals(piece) for piece in pieces):
        return True
    joined, longest = "".join(pieces), max(map(len, pieces), default=0)
    if len(joined) < SHORTEST or longest < _LONG_PIECE or entropy(joined) < _LEAST_ENTROPY:
        return False
    kinds = {_kind(character) for character in joined}
    pairs = [(_kind(one), _kind(other)) for piece in pieces for one, other in pairwise(piece)]
    if "digit" not in kinds:
        return sum(one != other for one, other in pairs) >= _LEAST_CHANGES_OF_LETTERS * len(joined)
    # A capital followed by a letter begins a word, so this change is not counted a second time.
    changes = sum(one != other and (one, other) != ("capital", "letter") for one, other in pairs)
    if changes >= _LEAST_CHANGES * len(joined):
        return True
    return len(kinds) == 2 and longest >= _WHOLE_PIECE and changes >= max(4, _LEAST_CHANGES_IN_ONE_PIECE * len(joined))


def looks_like_credentials(text: str) -> bool:
    """Return whether *text* is a name and a password, `ada:secret`, in base 64 (RFC 7617 §2) or its URL-safe form.

    Of random texts, one in a hundred thousand is mistaken for credentials; the limits are tested with words.
    """
    if len(text.rstrip("=")) < _LEAST_CREDENTIALS:
        return False
    return _CREDENTIALS.fullmatch(credentials_in(text).decode("latin-1")) is not None


def credentials_in(text: str) -> bytes:
    """Return the bytes that *text* stands for in base 64 or its URL-safe form, padded or not, if there is a colon among
    them; otherwise b"".
    """
    letters = text.rstrip("=").replace("-", "+").replace("_", "/")
    if not _BASE_64.fullmatch(letters) or len(letters) % 4 == 1:
        return b""
    plain = base64.b64decode(letters + "=" * (-len(letters) % 4))
    return plain if b":" in plain else b""


def looks_labelled(text: str, before: str) -> bool:
    """Return whether *text* is a short secret in a path because the folder *before* it says so: `/token/a1b2c3/feed`.

    A secret alternates between letters and digits at least twice: `v2`, `oauth2` and `2026` are not secrets. Letters
    alone are none: nothing tells `/password/hunter/` from `/password/reset/`, or `/auth/YoLuTe/` from `/auth/YouTube/`.
    """
    if len(text) < _LEAST_LABELLED or _LABEL.search(before) is None or _VERSION.fullmatch(text):
        return False
    kinds = [_kind(character) == "digit" for piece in _PIECES.findall(text) for character in piece]
    return sum(one != other for one, other in pairwise(kinds)) >= 2


def _is_random_with_capitals(piece: str) -> bool:
    return (
        len(piece) >= SHORTEST
        and entropy(piece) >= _LEAST_ENTROPY
        and {_kind(character) for character in piece} == {"capital", "letter", "digit"}
        and sum(map(len, _WORD_OR_NUMBER.findall(piece))) < _MOST_IN_ORDER * len(piece)
    )


def _is_random_hex(piece: str) -> bool:
    return (
        len(piece) >= SHORTEST_HEX
        and _HEX.fullmatch(piece) is not None
        and not piece.isdigit()
        and entropy(piece) >= _LEAST_ENTROPY
    )


def entropy(text: str) -> float:
    """Return the Shannon entropy of *text*, in bits per character, from how often each of its characters occurs."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "capital" if character.isupper() else "letter"
