"""Secrets in a URL whose end is known: a text that is nothing but a URL, and the URLs in a Refresh and a Link.

There a value may contain blanks, quotes, brackets and semicolons, as in `?token=it's`. In other texts, these end a
value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from feedserver.record.known_secrets import REPLACEMENT
from feedserver.record.mentions import mentioned_in_value
from feedserver.record.named_values import AMPERSAND_IN_PATH, NO_VALUES, PAIR
from feedserver.record.secret_names import decoded, is_secret, login_beside
from feedserver.record.string_notations import encoded_like

_BEGINNING_OF_URL = r"(?:(?:[A-Za-z][A-Za-z0-9+.-]*+:)?/|[^ \t-\r?#<>\"'{}\\]*+[?#])"
_BEFORE_URL_OF_REFRESH = r"(?>(?:[0-9.]*+(?:[ \t]*+[;,]|[ \t])[ \t]*+(?>(?:url[ \t]*+=[ \t]*+)?))?)"
_WHOLE_URLS = (
    re.compile(rf"\A(?P<before>{_BEFORE_URL_OF_REFRESH})(?P<url>{_BEGINNING_OF_URL}[^\r\n]*+)\Z", re.IGNORECASE),
    re.compile(
        rf"\A(?P<before>{_BEFORE_URL_OF_REFRESH}(?P<quote>['\"]))"
        rf"(?P<url>{_BEGINNING_OF_URL}(?>(?:(?!(?P=quote))[^\\\r\n])*))(?=(?P=quote)|\Z)",
        re.IGNORECASE,
    ),
    re.compile(rf"(?P<before><)(?P<url>{_BEGINNING_OF_URL}[^<>\r\n]*+)(?=>)"),
)
"""Patterns of URLs whose end is known: one that is the whole text or stands in a Refresh, each in quotes or without
(HTML §4.2.5.3), and those in a Link.
"""

_PARAMETER_OF_PATH = re.compile(r"(?<=;)(?P<name>[^;=]++)=(?P<value>[^;/]++)")
"""A parameter in the path of such a URL: its value ends at `;` or `/`."""

_PARAMETER_OF_QUERY = re.compile(r"(?<=[?&#;])(?P<name>[^?&#;=]++)=(?P<value>[^&#]++)")
"""A parameter in the query or the fragment of such a URL: its value ends at `&` or `#`, as servers read it. A `;` is
before its name if the URL was escaped as HTML, with `&amp;`.
"""

_BEHIND_PATH = re.compile(rf"[?#]|(?!{AMPERSAND_IN_PATH})&")
"""What ends the path: a `&` before a parameter, too, since some links have no `?`."""

_QUERY = re.compile(r"(?<=[?&#])[^&#]++")
_NO_NAME = re.compile(r"[\s+]|(?<!\[)['\"](?!\])")
"""What is never inside the name of a parameter. A part of a query that has one of these before its first `=`, as in a
comparison, or that has no `=`, is searched as a value.
"""

_ENDS_VALUE = re.compile(r"['\"<>;,\s&#]")
"""Where else a value ends in other texts, such as the source of a page, or once its percent-encoding is undone."""


def clean_whole_urls(text: str, keep: frozenset[str], note: Callable[[str, str, str], None], levels: int) -> str:
    """Return *text* without these secrets in its URLs; `secret_search` looks for others.

    - the values of secret parameters, if they have a sign of `_ENDS_VALUE` in them or a name that `PAIR` does not find
    - the values of other parameters that compare the name of a secret with something
    - the parts of a query that are no pair of a name and a value, and compare such a name

    The parameters named in *keep* stay. *note* is called with a description of each secret, the secret, and the name
    that it mentions or "". URLs within the values of parameters are searched, at most *levels* deep.
    """
    if levels < 0:
        return text
    for urls in _WHOLE_URLS:
        text = urls.sub(lambda match: match["before"] + _cleaned(match["url"], keep, note, levels), text)
    return text


def _cleaned(url: str, keep: frozenset[str], note: Callable[[str, str, str], None], levels: int) -> str:
    path = _BEHIND_PATH.split(url, maxsplit=1)[0]
    query = url[len(path) :]
    parameters = (*_PARAMETER_OF_PATH.finditer(path), *_PARAMETER_OF_QUERY.finditer(query))
    names = frozenset(decoded(each["name"]).lower() for each in parameters) | login_beside(url)

    def cleaned(match: re.Match[str]) -> str:
        name, value = decoded(match["name"]), match["value"]
        if name.lower() in keep or value in NO_VALUES:
            return match[0]
        if is_secret(name, names):
            if _ENDS_VALUE.search(unquote(value, "latin-1")) is None and _is_found_as_pair(match[0], names):
                return match[0]
            note(f"parameter {name}", value, "")
            return f"{match['name']}={REPLACEMENT}"
        plain = value if _WHOLE_URLS[0].match(value) else unquote(value, "latin-1")
        inner = clean_whole_urls(plain, keep, note, levels - 1)
        if mentioned := mentioned_in_value(inner, keep):
            note(f"parameter {name}", value, mentioned)
            return f"{match['name']}={REPLACEMENT}"
        if inner == plain:
            return match[0]
        return f"{match['name']}={inner if plain == value else encoded_like(value, plain, inner)}"

    def without_comparison(match: re.Match[str]) -> str:
        name, is_pair, _ = match[0].partition("=")
        if is_pair and _NO_NAME.search(decoded(name).strip(" +")) is None:
            return match[0]
        mentioned = mentioned_in_value(match[0], keep)
        if not mentioned:
            return match[0]
        note("query", match[0], mentioned)
        return REPLACEMENT

    query = _QUERY.sub(without_comparison, query)
    return _PARAMETER_OF_PATH.sub(cleaned, path) + _PARAMETER_OF_QUERY.sub(cleaned, query)


def _is_found_as_pair(parameter: str, names: frozenset[str]) -> bool:
    """Return whether `PAIR` finds the secret in a *parameter*: not if its name has a sign that other texts have between
    names, such as `password<=a` or `token/value=a`.
    """
    return any(is_secret(decoded(pair["name"]), names) for pair in PAIR.finditer(f"?{parameter}"))
