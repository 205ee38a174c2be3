"""Texts that mention the name of a secret beside something that may be the secret, such as `password eq 'hunter2'`.

Such a text is a secret as a whole: queries and logs have more notations than anybody can list, and one that is replaced
without need is reported. In the value of a parameter, any other word may be the secret; in a sentence, such as the
value of a header, only a string in quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote, unquote_plus

from feedserver.record.known_secrets import REPLACEMENT, SHORTEST, SHORTEST_IN_WORDS
from feedserver.record.secret_names import is_secret, says_what

_LEVELS = 5
"""How many times the percent-encoding of a value is undone."""

_WORD = re.compile(r"[\w-]+")
_PROSE = re.compile(r"[^\W\d_]+(?:[ -]+[^\W\d_]+)*")
_THINGS = frozenset({"key", "keys", "session", "sessions", "ticket", "tickets"})
"""Words that are mostly other things than secrets, so that alone they are no names."""

_IN_PROSE = frozenset(
    {"assertion", "bearer", "clave", "cookie", "crumb", "pass", "passe", "pat", "pin", "signature", *_THINGS}
)
"""Words that mean something else in a text of nothing but words, as in "how to pass an exam"."""

_NO_SECRETS = frozenset(
    {
        *("", REPLACEMENT, "null", "none", "nil", "true", "false", "undefined", "empty", "exists", "present", "pr"),
        *("and", "or", "not", "is", "in", "eq", "ne", "asc", "desc", "ascending", "descending", "order", "by"),
    }
)
"""Words beside a name that are no secret: what is no value, and what compares or sorts."""

_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*+:(?://|\\\\)|https?:/|[/?#]|\.{1,2}/|[\w./-]++\?[\w.\[\]%-]++=)[^\s'\"<>`|]*+", re.IGNORECASE
)
"""A URL, or a path: its parameters are searched one by one, and the words of its path are no names."""

_ESCAPED_AMPERSAND = re.compile(r"(?<!\\)\\++(?:u00|x)26")
_ESCAPED = re.compile(r"(?<!\\)\\++(?:u00|x)(?P<digits>[0-9a-fA-F]{2})")
_QUOTE = re.compile("['\"`]")
_NAMES = re.compile(r"[\w|, .+-]*+")
_ORDER = re.compile(r"(?>(?:(?:^|[ ,]++)[+-]?[\w.]++[: ]++(?:asc|desc)\b)+)", re.IGNORECASE)
_SERVICE = re.compile(r"auth[a-z0-9.-]*+:[0-9]{1,5}(?:/|\Z)", re.IGNORECASE)
"""A host and its port, as in `auth:8080`."""

_DOTTED = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_STRING = re.compile(rf"(?:(?<={REPLACEMENT})|(?<![^\W_]{{3}}))(?P<quote>['\"`])(?P<content>[^'\"`]*+)")
_BETWEEN = re.compile(r"[;?&#]|<(?=[\w/.])|>(?=[ \t]*[;,]|$)")
"""What is between two parts of a sentence that do not belong together: a URL, a parameter of a header."""

_RESOLVED = re.compile(rf"[^\w&;]{{1,16}}(?:{REPLACEMENT}|null|true|false)\b(?!\s?['\"`]\w)", re.IGNORECASE)
_COMPARES = re.compile(r"[\s)\]'\"`]{1,8}(?:eq\s|in\s{0,2}[(\[]\s{0,2}[^\s)\]])", re.IGNORECASE)
_AFTER_NAME = re.compile(r"[\W_]+")
_BETWEEN_WORDS = re.compile(r"[\s,:;=|'\"`()\[\]{}]+")


def mentioned_in_value(value: str, keep: frozenset[str], parameter: str = "") -> str:
    """Return the name of a secret that the *value* of a *parameter* mentions beside something that may be the secret;
    "" if there is none. A URL is left to the search for its own parameters.
    """
    value = _ESCAPED_AMPERSAND.split(value, maxsplit=1)[0]
    levels = [value]
    while len(levels) <= _LEVELS and (plain := unquote(levels[-1], "latin-1")) != levels[-1]:
        levels.append(plain)
    if (_QUOTE.search(levels[-1]) is None and any(map(_URL.fullmatch, levels))) or (
        says_what(parameter) and _NAMES.fullmatch(value)
    ):
        return ""
    return _mentioned(_without_plus(levels[-1]), keep)


def mentioned_in_text(text: str, keep: frozenset[str]) -> str:
    """Return the name of a secret that a *text* mentions beside a string in quotes, or before `eq` or `in (`; "" if
    there is none.

    No sign of _BETWEEN may stand between them. JSON is left to the search for its own members.
    """
    if _document(text) is not None:
        return ""
    for piece in map(_plain, _BETWEEN.split(text)):
        strings = [each.span("content") for each in _strings(piece)]
        for name in _WORD.finditer(piece) if strings or _COMPARES.search(piece) else ():
            is_resolved = _RESOLVED.match(piece, name.end()) is not None
            if is_resolved or not _is_name(name[0], keep, _THINGS):
                continue
            is_beside = any(not start <= name.start() < end for start, end in strings[:2])
            if is_beside or _COMPARES.match(piece, name.end()):
                return name[0]
    return ""


def parts_beside(value: str, name: str) -> Iterator[str]:
    """Yield what may be the secret in a *value* that mentions *name*: the strings in it, all that follows the name, and
    each word of that which is not short. In a list of names, as in `fields=token,title`, a plain word is no secret.
    """
    plain = _as_utf_8(_plain(value))
    yield from (each["content"] for each in _strings(plain) if each["content"] != name)
    _, _, rest = plain.partition(name)
    between = _AFTER_NAME.match(rest)
    rest = rest[between.end() :].rstrip("'\"`)]}") if between is not None else ""
    yield rest
    words = _BETWEEN_WORDS.split(rest)
    is_list = between is not None and not between[0].strip(", ") and words[0].lower() not in _NO_SECRETS
    for each in words:
        least = SHORTEST if not each.islower() or not each.isalpha() else 0 if is_list else SHORTEST_IN_WORDS
        if least and len(each) >= least:
            yield each


def _mentioned(text: str, keep: frozenset[str]) -> str:
    document = _document(text)
    if document is not None:
        text = "\n".join(each for each in _scalars(document) if not _URL.fullmatch(each))
    text = _ESCAPED.sub(lambda match: chr(int(match["digits"], 16)), _as_utf_8(text))
    if _ORDER.fullmatch(text) or _SERVICE.match(text):
        return ""
    if _DOTTED.fullmatch(text) and is_secret(text.rpartition(".")[2]):
        return ""  # one name, such as `user.password`
    words = _WORD.findall(text)
    no_names = _IN_PROSE if _PROSE.fullmatch(text) else _THINGS
    name = next((each for each in words if _is_name(each, keep, no_names)), "")
    others = {each.lower() for each in words} - _NO_SECRETS - {name.lower()}
    return name if name and others else ""


def _as_utf_8(text: str) -> str:
    """Return *text*, which was read as ISO-8859-1, as UTF-8 if it is that."""
    with suppress(UnicodeError):
        return text.encode("latin-1").decode("utf-8")
    return text


def _is_name(word: str, keep: frozenset[str], no_names: frozenset[str]) -> bool:
    lowered = word.lower()
    return lowered not in no_names and lowered not in keep and is_secret(word)


def _plain(text: str) -> str:
    """Return *text* without its percent-encoding, and with a blank for each `+`."""
    plain = _without_plus(text)
    for _ in range(_LEVELS if "%" in plain else 0):
        plain = unquote(plain, "latin-1")
    return plain


def _without_plus(text: str) -> str:
    """Return *text* with a blank for each `+`, as in the encoding of a form."""
    return unquote_plus(text.replace("%", "%25"), "latin-1")


def _strings(piece: str) -> Iterator[re.Match[str]]:
    """Yield the strings in quotes in *piece* that have a word; the last may be cut."""
    at = 0
    while (match := _STRING.search(piece, at)) is not None:
        at = match.end() + 1  # behind the quote that closes it
        if any(each.lower() not in _NO_SECRETS for each in _WORD.findall(match["content"])):
            yield match


def _document(text: str) -> object:
    """Return the list or object of JSON that *text* is, or several of them in a list; None if it is none."""
    stripped = text.strip()
    if stripped[:1] in ("[", "{") and stripped[-1:] in ("]", "}"):
        with suppress(ValueError, RecursionError):
            document: object = json.loads(f"[{stripped}]", strict=False)
            return document
    return None


def _scalars(document: object) -> Iterator[str]:
    """Yield the strings and numbers in a *document* of JSON, but neither names nor the values of names of secrets."""
    rest = [document]
    while rest:
        each = rest.pop()
        if isinstance(each, dict):
            rest += [value for name, value in each.items() if not is_secret(name)]
        elif isinstance(each, list):
            rest += each
        elif isinstance(each, str):
            yield each
        elif each is not None and not isinstance(each, bool):
            yield str(each)
