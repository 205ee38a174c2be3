"""Texts that compare the name of a secret with what may be the secret, such as `password eq 'hunter2'`.

Such a text is a secret as a whole, since it is unclear where the secret ends in it. A name that is not compared is no
such text: `?q=password+manager` and `?fields=id,token` are kept, so that they still lead to the same place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote, unquote_plus

from feedserver.record.known_secrets import REPLACEMENT, SHORTEST, SHORTEST_IN_WORDS
from feedserver.record.secret_names import is_secret

_LEVELS = 5
"""How many times the percent-encoding of a value is undone."""

_WORD = re.compile(r"[\w-]+")
_THINGS = frozenset({"key", "keys", "session", "sessions", "ticket", "tickets"})
"""Words that mostly mean other things than secrets, so alone they are not taken for the name of a secret."""

_NO_SECRETS = frozenset(
    {
        *("", REPLACEMENT, "null", "none", "nil", "true", "false", "undefined", "empty", "exists", "present", "pr"),
        *("and", "or", "not", "is", "in", "eq", "ne", "asc", "desc", "ascending", "descending", "order", "by"),
    }
)
"""Words behind a name that are no secret: constants such as "null", and words that compare or sort."""

_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*+:(?://|\\\\)|https?:/|[/?#]|\.{1,2}/|[\w./-]++\?[\w.\[\]%-]++=)[^\s'\"<>`|]*+", re.IGNORECASE
)
"""A URL, or a path: its parameters are searched one by one, and the words of its path are no names."""

_ESCAPED_AMPERSAND = re.compile(r"(?<!\\)\\++(?:u00|x)26")
_ESCAPED = re.compile(r"(?<!\\)\\++(?:u00|x)(?P<digits>[0-9a-fA-F]{2})")
_QUOTE = re.compile("['\"`]")
_SERVICE = re.compile(r"auth[a-z0-9.-]*+:[0-9]{1,5}(?:/|\Z)", re.IGNORECASE)
"""A host and its port, as in `auth:8080`."""

_STRING = re.compile(rf"(?:(?<={REPLACEMENT})|(?<![^\W_]{{3}}))(?P<quote>['\"`])(?P<content>[^'\"`]*+)")
_BETWEEN = re.compile(r"[;?&#]|<(?=[\w/.])|>(?=[ \t]*[;,]|$)")
"""What separates parts of a text that do not belong together, such as a URL and a parameter of a header."""

_OPERATORS = (
    r"(?:is|not|in|has|eq|neq?|g[et]|l[et]|co|sw|ew|[ir]?like|contains|between|regexp?|glob|similar to"
    r"|(?:re_|starts?_|ends?_)?i?match(?:es)?|(?:starts?|begins?|ends?)[ _]?with)"
)
"""Words that compare. Most of them are words of a sentence, too, if no string or list is behind them."""

_BEHIND_NAME = re.compile(
    rf"(?P<joins>(?>(?:\W|\b{_OPERATORS}\b(?![:-]\w)|(?<![\w'\"`])\w(?=['\"`])|(?<=::)\w++|(?<=/)\w++\(\)"
    rf"|{REPLACEMENT}(?=\s?['\"`]\w))*))(?P<word>\w++)",
    re.IGNORECASE,
)
"""The next *word* behind a name that is no operator, and what *joins* the two. That may contain a type
(`password::text`), a letter before a string, a function of XPath, or what replaces a part of the secret.
"""

_SIGN = re.compile(r"[=:~<>]")
_OPERATOR = re.compile(rf"\b{_OPERATORS}\b", re.IGNORECASE)
_OPERATOR_OF_WORDS = re.compile(r"\seq\s|\.(?:n?eq|i?like)\.", re.IGNORECASE)
_STRING_BEFORE_NAME = re.compile(
    rf"['\"`][)\s]*+(?:[=<>!~^$*]{{1,3}}|(?P<of_call>,)|\b(?:not\s++)?{_OPERATORS}\b)[\s(]*+"
    r"(?>(?:\w++[(.])*)(?P<name>[\w-]++)(?(of_call)\))",
    re.IGNORECASE,
)
"""What is behind a string that is compared with a name: `'hunter2' eq password`, `substringof('hunter2',password)`."""

_CALL = re.compile(
    rf"(?<!\w)(?:{_OPERATORS}|(?P<of_strings>\w++))\((?>(?:\w++[(.]){{0,4}})(?P<name>[\w-]++)\)*+\s*+,[\s(]*+"
    r"(?(of_strings)\w?['\"`])(?=[\w'\"`])",
    re.IGNORECASE,
)
"""A call with a name and a value: `startswith(password,'hunter2')`, `eq(password,hunter2)`."""

_BETWEEN_WORDS = re.compile(r"[\s,:;=|'\"`()\[\]{}]+")


def mentioned_in_value(value: str, keep: frozenset[str]) -> str:
    """Return the name of a secret that the *value* of a parameter compares with what may be the secret; "" if there is
    none. A URL is left to the search for its own parameters.
    """
    value = _ESCAPED_AMPERSAND.split(value, maxsplit=1)[0]
    levels = [value]
    while len(levels) <= _LEVELS and (plain := unquote(levels[-1], "latin-1")) != levels[-1]:
        levels.append(plain)
    if _QUOTE.search(levels[-1]) is None and any(map(_URL.fullmatch, levels)):
        return ""
    text = _without_plus(levels[-1])
    document = _document(text)
    if document is not None:
        text = " ".join(each for each in _scalars(document) if not _URL.fullmatch(each))
    text = _unescaped(_as_utf_8(text))
    return "" if _SERVICE.match(text) else _compared(text, keep, is_sentence=False)


def mentioned_in_text(text: str, keep: frozenset[str]) -> str:
    """Return the name of a secret that a *text* compares with a string in quotes, or with anything by `eq` or `in (`;
    "" if there is none.

    No sign of _BETWEEN may stand between them. JSON is left to the search for its own members.
    """
    if _document(text) is not None:
        return ""
    pieces = (_unescaped(_plain(each)) for each in _BETWEEN.split(text))
    return next((name for each in pieces if (name := _compared(each, keep, is_sentence=True))), "")


def parts_beside(value: str, name: str) -> Iterator[str]:
    """Yield what may be the secret in a *value* that mentions *name*: the strings in the value, all that follows the
    name, and those of the words that follow which are not short.
    """
    plain = _as_utf_8(_plain(value))
    yield from (each["content"] for each in _strings(plain) if each["content"] != name)
    _, _, rest = plain.partition(name)
    behind = _BEHIND_NAME.match(rest)
    rest = rest[behind.start("word") :].rstrip("'\"`)]}") if behind is not None else ""
    yield rest
    for each in _BETWEEN_WORDS.split(rest):
        if len(each) >= (SHORTEST_IN_WORDS if each.islower() and each.isalpha() else SHORTEST):
            yield each


def _compared(text: str, keep: frozenset[str], *, is_sentence: bool) -> str:
    """Return the name of a secret that *text* compares, "" if there is none. If *is_sentence*, a sign such as "="
    compares only with a string in quotes.
    """
    for pattern in (_STRING_BEFORE_NAME, _CALL):
        for match in pattern.finditer(text):
            if _is_name(match["name"], keep):
                return match["name"]
    seen = 0  # the names up to here have the same word behind them
    for name in _WORD.finditer(text):
        if name.end() > seen and _is_name(name[0], keep):
            behind = _BEHIND_NAME.match(text, name.end())
            if behind is None:  # no word is behind this name, nor behind one that follows
                return ""
            if _is_compared(behind["joins"], behind["word"], is_sentence):
                return name[0]
            seen = behind.start("word")
    return ""


def _is_compared(joins: str, word: str, is_sentence: bool) -> bool:
    """Return whether *joins*, which is between a name and a *word*, compares them."""
    if word.lower() in _NO_SECRETS:
        return False
    if _OPERATOR_OF_WORDS.search(joins) or (joins.endswith((*"'\"`([",)) and _OPERATOR.search(joins)):
        return True
    return _SIGN.search(joins) is not None and (not is_sentence or joins.endswith((*"'\"`",)))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match["digits"], 16)), text)


def _as_utf_8(text: str) -> str:
    """Return *text*, which was read as ISO-8859-1, as UTF-8 if it is that."""
    with suppress(UnicodeError):
        return text.encode("latin-1").decode("utf-8")
    return text


def _is_name(word: str, keep: frozenset[str]) -> bool:
    lowered = word.lower()
    return lowered not in _THINGS and lowered not in keep and is_secret(word)


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
    """Yield the strings in quotes in *piece* that have a word which may be a secret; the last may lack its end."""
    at = 0
    while (match := _STRING.search(piece, at)) is not None:
        at = match.end() + 1  # behind the quote that closes it
        if any(each.lower() not in _NO_SECRETS for each in _WORD.findall(match["content"])):
            yield match


def _document(text: str) -> object:
    """Return a list of the lists and objects of JSON that *text* consists of, mostly one; None if there are none."""
    stripped = text.strip()
    if stripped[:1] in ("[", "{") and stripped[-1:] in ("]", "}"):
        with suppress(ValueError, RecursionError):
            document: object = json.loads(f"[{stripped}]", strict=False)
            return document
    return None


def _scalars(document: object) -> Iterator[str]:
    """Yield the strings and numbers in a *document* of JSON, but neither names nor the values of names of secrets."""
    rest = [document]  # a stack: the last one is the next
    while rest:
        each = rest.pop()
        if isinstance(each, dict):
            rest += [value for name, value in reversed(each.items()) if not is_secret(name)]
        elif isinstance(each, list):
            rest += reversed(each)
        elif isinstance(each, str):
            yield each
        elif each is not None and not isinstance(each, bool):
            yield str(each)
