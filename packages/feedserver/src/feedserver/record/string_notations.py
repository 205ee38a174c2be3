"""The notations in which strings, lists and objects stand in a text, and where each of them ends.

If a text is cut within a string, a list or an object, then the string, the list or the object ends with the text.
"""

from __future__ import annotations

import json
import re
from itertools import takewhile
from urllib.parse import quote, quote_plus

_SAME_AT_BOTH_ENDS = (
    *('"""', "'''", '"', "'", "`"),
    *("&quot;", "&apos;", "&#34;", "&#39;", "&#034;", "&#039;", "&#x22;", "&#x27;"),
)
"""Quotes that close the strings that they open. A pattern takes the first that fits, so the longer ones come first."""

_ENCODED = ("%22", "%27", "%60")
"""Percent-encoded quotes. If one is escaped, so that it does not close the string, its backslash is encoded, too."""

_OPENING_AND_CLOSING = (("“„”", "“”"), ("‘‚’", "‘’"), ("«»", "«»"), ("‹›", "‹›"))


def _end_of_string(closing: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\\)(?:{closing})")


def _quotes() -> dict[str, re.Pattern[str]]:
    """Return each quote that may open a string, and the pattern of what ends the string.

    A header is read as ISO 8859-1, so a typographic quote also stands there as the bytes of UTF-8 or Windows-1252. A
    string ends in the encoding in which it begins.
    """
    quotes = {each: _end_of_string(re.escape(each)) for each in _SAME_AT_BOTH_ENDS}
    quotes |= {each: re.compile(rf"(?<!%5[Cc])(?>(?:%5[Cc]%5[Cc])*){each}") for each in _ENCODED}
    for openings, closings in _OPENING_AND_CLOSING:
        no_apostrophe = r"(?!\w)" if "’" in closings else ""
        for encoding in ("cp1252", "utf-8", ""):
            closing = "|".join(_as_header(each, encoding) for each in closings)
            end = _end_of_string(rf"(?:{closing}){no_apostrophe}")
            quotes |= dict.fromkeys([_as_header(each, encoding) for each in openings], end)
    return quotes


def _as_header(sign: str, encoding: str) -> str:
    return sign.encode(encoding).decode("latin-1") if encoding else sign


_ENDS = _quotes()
ANY_QUOTE = "|".join(map(re.escape, _ENDS))
"""The pattern of a quote that opens a string."""

OTHER_QUOTE = "|".join(re.escape(each) for each in _ENDS if each not in ('"', "'"))
"""The pattern of a quote that opens a string and is neither `"` nor `'`."""

TOKEN = re.compile(r'"(?P<string>(?>(?:[^"\\]|\\.)*))(?:"(?P<colon>\s*+:\s*+)?)?|[\[\]{}]')
"""A bracket, or a string of JSON. If the string is a name, the colon behind it belongs to the token."""

_QUOTE_OR_BRACKET = re.compile(r"(?<!\\)\\*+['\"]|[\[\]{}]")
_BRACKET = re.compile(r"[(\[{]")
_QUOTE_OR_PARENTHESIS = re.compile(r"(?<!\\)\\*+['\"]|[()]")
_SCALAR = re.compile(r"[^ \t-\r,\]}]*+")


class StringEnds:
    """Where the strings of *text* end, without their closing quotes.

    Each part of the text is searched once for each closing quote, so the time is linear however many strings begin.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[re.Pattern[str], int] = {}

    def after(self, quote: str, start: int) -> int:
        """Return where the string ends that *quote* has opened before *start*. No call has a smaller *start* than the
        one before it.
        """
        closing = _ENDS[quote]
        end = self._found.get(closing, -1)
        if end < start:
            found = closing.search(self._text, start)
            end = self._found[closing] = found.start() if found is not None else len(self._text)
        return end


def string_at(text: str, start: int) -> tuple[str, str, int]:
    """Return the quote at *start*, the string in it, and where the string ends with its closing quote.

    The quote is `"` or `'`, with any number of backslashes before it. The string ends with the same quote, with as many
    backslashes.
    """
    signs = _QUOTE_OR_BRACKET.finditer(text, start)
    opening = next(signs)
    closing = next((sign for sign in signs if sign[0] == opening[0]), None)
    if closing is None:
        return opening[0], text[opening.end() :], len(text)
    return opening[0], text[opening.end() : closing.start()], closing.end()


def end_of_container(text: str, start: int) -> int:
    """Return where the list, object, parenthesis or call ends that begins at *start*. A call begins with its function.

    A string in it ends with the same quote that begins it, with as many backslashes.
    """
    level = 0
    quote_ahead = ""
    opening = _BRACKET.search(text, start)
    signs = _QUOTE_OR_PARENTHESIS if opening is not None and opening[0] == "(" else _QUOTE_OR_BRACKET
    for match in signs.finditer(text, start):
        sign = match[0]
        if sign[-1] in "'\"":
            quote_ahead = "" if sign == quote_ahead else quote_ahead or sign
        elif not quote_ahead:
            level += 1 if sign in "([{" else -1
            if level == 0:
                return match.end()
    return len(text)


def end_of_value(text: str, start: int) -> int:
    """Return where the value of JSON ends that begins at *start*."""
    level = 0
    for match in TOKEN.finditer(text, start):
        if match.start() > start and not level:
            break  # the value is neither a string nor a list nor an object
        if match[0] in ("[", "{"):
            level += 1
        elif match[0] in ("]", "}"):
            level -= 1
        if level <= 0:
            return match.end() if match["colon"] is None else match.start("colon")
    if level:
        return len(text)
    scalar = _SCALAR.match(text, start)
    return scalar.end() if scalar is not None else start


def unescaped(string: str) -> str:
    """Return what a string of JSON stands for, given without its quotes; the string itself for a wrong escape."""
    try:
        return str(json.loads(f'"{string}"', strict=False))
    except ValueError:
        return string


_SIGN = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
"""A sign of a text that may be percent-encoded: each stands for one of the decoded text."""


def as_bytes(text: str) -> bytes:
    """Return the bytes of *text*, which was read as ISO 8859-1; a letter that a string of JSON added becomes UTF-8."""
    return b"".join(each.encode("latin-1" if each <= "ÿ" else "utf-8", "surrogatepass") for each in text)


def encoded_like(value: str, plain: str, cleaned: str, *, plus_is_blank: bool = False) -> str:
    """Return *cleaned* percent-encoded like *value*; *plain* is *value* decoded, as ISO 8859-1.

    Where *cleaned* begins and ends like *plain*, it is spelled as in *value*, since `/` and `%2F` differ in a URL. In
    between, signs of ASCII stay unencoded if *value* has them so. If *plus_is_blank*, a `+` in *value* became a blank,
    and the blanks behind the beginning become `+`, where no value ends for a search of the result.
    """
    signs = _SIGN.findall(value)
    start = _same_at_the_beginning(plain, cleaned)
    end = _same_at_the_beginning(plain[start:][::-1], cleaned[start:][::-1])
    between = as_bytes(cleaned[start : len(cleaned) - end])
    unencoded = "".join({sign for sign in signs if sign.isascii() and not sign.startswith("%")})
    encode, safe = (quote_plus, unencoded.replace("+", "")) if plus_is_blank else (quote, unencoded)
    behind = "".join(signs[len(signs) - end :])
    if plus_is_blank:
        behind = behind.replace("%20", "+").replace(" ", "+")
    return "".join((*signs[:start], encode(between, safe=safe), behind))


def _same_at_the_beginning(one: str, other: str) -> int:
    """Return how many characters at the beginning of two texts are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
