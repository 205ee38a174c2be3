"""What looks like a token, whatever it is called: long, and without the order that words, dates and numbers have.

A token is drawn at random, so its letters, capitals and digits change places all the time, and few of its characters
repeat. Words joined by hyphens, camel case and dates have long runs of one kind. The limits find a random
token of 128 bits in at least nine of ten cases, and one of hexadecimal digits always; `tests/test_token_shapes.py`
measures that, and has a table of what must not be found.
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from itertools import pairwise

SHORTEST = 20
"""Characters that a token of mixed letters and digits has at least."""

SHORTEST_HEX = 32
"""Hexadecimal digits that a token of those has at least: 128 bits."""

JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){1,3}")
"""A JSON Web Token, signed or encrypted (RFC 7515 §3.1, RFC 7516 §3.1): its header is the JSON `{"…`."""

_CREDENTIALS = re.compile(r"[\w.@+-]+:[!-~]{3,}", re.ASCII)
_BASE_64 = re.compile(r"[A-Za-z0-9+/]{11,}")
_LABEL = re.compile(
    r"/(?:access|api-?key|api_key|auth|key|passwd|password|private|secret|sess|session|sid|tok|token)/$", re.IGNORECASE
)
_LEAST_LABELLED = 6
_VERSION = re.compile(r"v?[0-9][0-9._]*+[a-z]*+[0-9._]*+", re.IGNORECASE)

_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_RANDOM_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PIECES = re.compile(r"[A-Za-z0-9]+")
_LEAST_ENTROPY = 3.0  # bits a character; hexadecimal digits have at most 4
_LEAST_CHANGES = 0.25
_LEAST_CHANGES_IN_ONE_PIECE = 0.15
_LEAST_CHANGES_OF_LETTERS = 0.4
"""Changes of kind a character. Random base 62 has 0.45 of them, hexadecimal digits 0.47, base 32 0.30; letters alone
0.5, and camel case 0.33, where each word counts twice."""

_LONG_PIECE = 8
_WHOLE_PIECE = 16


def looks_like_token(text: str) -> bool:
    """Return whether *text*, letters and digits that may have `-`, `_`, `~`, `+`, `/`, `.` and `=` among them, does.

    Version 4 UUIDs are random, so they do; other UUIDs say when or of what they were made, and do not.
    """
    if _UUID.fullmatch(text):
        return _RANDOM_UUID.fullmatch(text) is not None
    pieces = _PIECES.findall(text)
    if any(_is_random_hex(piece) for piece in pieces):
        return True
    joined, longest = "".join(pieces), max(map(len, pieces), default=0)
    if len(joined) < SHORTEST or longest < _LONG_PIECE or entropy(joined) < _LEAST_ENTROPY:
        return False
    kinds = {_kind(character) for character in joined}
    pairs = [(_kind(one), _kind(other)) for piece in pieces for one, other in pairwise(piece)]
    if "digit" not in kinds:
        return sum(one != other for one, other in pairs) >= _LEAST_CHANGES_OF_LETTERS * len(joined)
    # A capital with a letter behind it begins a word, so that the two count once.
    changes = sum(one != other and (one, other) != ("capital", "letter") for one, other in pairs)
    if changes >= _LEAST_CHANGES * len(joined):
        return True
    return len(kinds) == 2 and longest >= _WHOLE_PIECE and changes >= max(4, _LEAST_CHANGES_IN_ONE_PIECE * len(joined))


def looks_like_credentials(text: str) -> bool:
    """Return whether *text* is a name and a password, `ada:secret`, in base 64 (RFC 7617 §2), or in that for URLs.

    Of random text, one in a hundred thousand is taken for that; the limits are tested with words.
    """
    letters = text.rstrip("=").replace("-", "+").replace("_", "/")
    if not _BASE_64.fullmatch(letters) or len(letters) % 4 == 1:
        return False
    plain = base64.b64decode(letters + "=" * (-len(letters) % 4))
    return _CREDENTIALS.fullmatch(plain.decode("latin-1")) is not None


def looks_labelled(text: str, before: str) -> bool:
    """Return whether *text* is a short secret in a path, for the folder *before* it says so: `/token/a1b2c3/feed`.

    Its letters and digits change places at least twice: `v2`, `oauth2` and `2026` are no secrets.
    """
    if len(text) < _LEAST_LABELLED or _LABEL.search(before) is None or _VERSION.fullmatch(text):
        return False
    kinds = [_kind(character) == "digit" for piece in _PIECES.findall(text) for character in piece]
    return sum(one != other for one, other in pairwise(kinds)) >= 2


def _is_random_hex(piece: str) -> bool:
    return (
        len(piece) >= SHORTEST_HEX
        and _HEX.fullmatch(piece) is not None
        and not piece.isdigit()
        and entropy(piece) >= _LEAST_ENTROPY
    )


def entropy(text: str) -> float:
    """Return the bits a character that *text* has by how often each of its characters occurs (Shannon)."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    return "capital" if character.isupper() else "letter"
