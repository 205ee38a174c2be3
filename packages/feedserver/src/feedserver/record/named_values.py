"""Names that have values, in the notations of URLs, headers, logs, JSON and programs: patterns that find them, and
functions that find where a value begins and ends. `secret_search` decides which of them are secrets.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from feedserver.record.known_secrets import REPLACEMENT
from feedserver.record.string_notations import ANY_QUOTE, OTHER_QUOTE, StringEnds, end_of_container

NO_VALUES = ("", REPLACEMENT, "null", "true", "false")
"""What stands where a name has no value, or none any more: it is never replaced."""

_LONGEST_NO_VALUE = max(map(len, NO_VALUES))

EMPTY = ("[]", "{}")
"""A list and an object that have no values."""

# Values end at a blank of ASCII, not at `\s`: a header's UTF-8 is read as ISO 8859-1, where `à` ends with U+00A0.

# Each pattern takes linear time: most repetitions are possessive (`*+`), so they never backtrack, and a match begins at
# a boundary only.

_NAME = r"(?>(?:[\w.\-~$\[\]%:!*+@)}]++|(?<=[ÃÄÅÌÍ])[\x80-\xbf])+)"
"""A name. In a header, which is read as ISO 8859-1, a letter with an accent, or a combining accent, is two characters:
the two bytes of its UTF-8.
"""

_QUOTED = r'"(?P<quoted>(?>(?:[^"\\]|\\.)*))"?'

_BEFORE_PAIR = r"^|[?&#, \t-\r\"'<>({|]|(?<![ÃÄÅÌÍ])\s|\\(?:u00|x)26"
_PAIR = (
    rf"(?P<name>{_NAME})"
    rf"(?>(?:\\*+['\"](?>(?:\]|%(?>(?:25)*)5[dD])*))?)"  # it may stand in brackets: user['password']
    rf"[ \t]*+(?:=|\\++(?:u00|x)3[dD])(?!=++(?:[&#;,\s\"'<>]|$))[ \t]*+(?>(?:\\++(?=['\"]))?)'?+(?:{_QUOTED}|"
    rf"(?P<value>(?(of_path)/?+[^?&#;,/ \t-\r\"'<>]++|[^&#; \t-\r\"'<>]++(?>(?:(?<==)\"[^\"&]*\"?)?))))"
)
PAIR = re.compile(rf"(?P<before>{_BEFORE_PAIR}|(?P<of_path>[;/])){_PAIR}")
"""A name and its value as the parameters of a URL have them, with `=` between. Behind `;` and `/`, the value also ends
at `/`, `?` and `,`.
"""

PAIR_OUTSIDE_PATH = re.compile(rf"(?P<before>{_BEFORE_PAIR}|;|(?P<of_path>/)){_PAIR}")
"""The same where `;` separates pairs that are not in a path, as in `a=b;token=c/d` or `?a=b&amp;token=c/d`."""

PAIR_IN_LIST = re.compile(
    r"(?<=[,|])(?P<name>[\w.~$\[\]%!*+-]++)=(?P<value>[^,|;&# \t-\r\"'<>%]*+%[^,|;&# \t-\r\"'<>]*+)"
)
"""A name and its percent-encoded value behind another pair without a blank between, as in a Baggage (W3C Baggage §3.2).

`PAIR` takes all of the list for the value of its first name, in which a blank would end the value once it is decoded.
"""

AMPERSAND_IN_PATH = r"&(?=(?!amp;)[\w.-]*+[;/])"
"""The pattern of a `&` that is not before a parameter, as in `/R&D/list;sid=a`, nor escaped as HTML."""

_PATH = re.compile(
    r"(?:(?<![^ \t-\r\"'<>(,=])(?:[A-Za-z][A-Za-z0-9+.-]*+:/|\.{0,2}/(?!;))|\A[\w%~-]++\.[A-Za-z]\w*+(?=;)"
    r"|(?:(?<![^<])|(?<=[Uu][Rr][Ll]=)|(?<=[Uu][Rr][Ll]=['\"]))"
    r"[\w.%~+/-]*+(?=(?>(?:;[\w.-]++=[^?&#;, \t-\r\"'<>]++){1,8})\?[\w.:%~\[\]-]++=))"
    rf"(?>(?:[^?&# \t-\r\"'<>]++|{AMPERSAND_IN_PATH})*)"
)
"""The path of a URL, with what is before it in an absolute one.

One that begins with a name, as in `list;sid=a?page=2`, is found at the beginning of a text, in a Link and in a Refresh,
if it is the name of a file or has a query.
"""

COLON = re.compile(
    r"(?<![\w.%-])(?P<name>[A-Za-z](?>(?:(?!ï¼[\x9a\x9d])[\w.-])*))\\*+['\"]?[\])}>]?[ \t]*+"
    r"(?::(?:[ \t]++(?:\\*+['\"])?|\\*+['\"])|(?:[：＝]|ï¼[\x9a\x9d])[ \t]*+|(?<=[ \t])=[ \t]++)"
    r"(?P<value>(?>(?:[^ \t-\r,;&'\"<>{}()\\]|\\++(?!['\"]))+))"
)
"""A name and its value as a header or a log has them, with a blank or a quote between: `auth:8080` is a host's port.

A full-width colon or equals sign needs no blank. In a header, such a sign is the bytes of UTF-8, read as ISO 8859-1.
In a string within JSON, there are backslashes before the quotes.
"""

MEMBER = re.compile(
    # The group is atomic, so each string is read once.
    rf'"(?P<name>(?>(?:[^"\\]|\\.)*))(?:"(?:\s*+:\s*+(?:{_QUOTED}|(?P<value>-?[\w.+-]++)))?)?'
)
"""A string of JSON, and if it is the name of a member, its value, which is a string, a number or a word."""

OPENING = re.compile(r"(?<![\w.%-])(?P<name>[A-Za-z][\w.-]*+)\\*+['\"]?\s*+:\s*+(?=[\[{])")
"""A name before a list or an object, in JSON whose quotes are escaped, or in the notation of JavaScript or Python."""

OPENING_QUOTE = re.compile(
    r"(?<![\w.\-~$\[\]%+])(?P<name>[\w.\-~$\[\]%+]++)(?>\){0,4})\\*+(?P<quote>['\"]?)"
    r"[ \t]*+(?P<sign>:=?+|=>|=(?![ \t]*+\"))[ \t]*+"
    r"(?P<before>(?P<bracket>(?>(?:[\w.]{0,16}+[(\[{]\s*+){0,4}))[beflnrux@$*]{0,2}+)(?=\\*+['\"])",
    re.IGNORECASE,
)
"""A name before a string in quotes, which may have blanks in it. Before the string, there may be letters, brackets and
names of functions, in the notation of Python or another language. A string behind `="` is found by `PAIR` instead.
"""

OPENING_OTHER_QUOTE = re.compile(
    r"(?:(?<![A-Za-z0-9_.%-])|(?<=%22)|(?<=%27)|(?<=%60))(?P<name>[A-Za-z_][A-Za-z0-9_.-]*+)"
    rf"(?>(?:\\*+(?:{ANY_QUOTE}))?)[ \t]*+(?::=?+|=>?+|%3[AaDd])[ \t]*+(?P<quote>{OTHER_QUOTE})"
)
"""A name, which may be in quotes, before a string in other quotes than `'` and `"`."""

PAIR_OF_STRINGS = re.compile(
    rf"(?:{ANY_QUOTE})(?P<name>[A-Za-z_][A-Za-z0-9_.-]*+)(?:{ANY_QUOTE})[ \t]++(?P<quote>{ANY_QUOTE})"
)
"""A name in quotes before a string in quotes, with blanks alone between."""

PAIR_IN_BRACKETS = re.compile(
    rf"(?<=[(\[{{])[ \t]*+(?:{ANY_QUOTE})(?P<name>[A-Za-z_][A-Za-z0-9_.-]*+)(?:{ANY_QUOTE})[ \t]*+,[ \t]*+"
    rf"(?P<quote>{ANY_QUOTE})"
)
"""A name in quotes, a comma and a string in quotes at the beginning of a list, as in `("token", "a8f5")`."""

_CLOSING_BRACKET = re.compile(rf"(?:{ANY_QUOTE})?[ \t]*+,?[ \t]*+(?:[)\]}}]|$)")


class Place(NamedTuple):
    """Where a value begins and ends in a text, and the *quote* to write on both sides of what replaces it."""

    start: int
    end: int
    quote: str = ""


def is_parameter(text: str, match: re.Match[str]) -> bool:
    """Return whether the name that was found is that of a parameter of a URL, whose value ends with the next `&`."""
    return text[max(0, match.start() - 1) : match.start()] in ("?", "&")


class Strings:
    """Finds the strings behind matches in *text*. The matches must be given in the order in which they stand there."""

    def __init__(self, text: str) -> None:
        self._ends = StringEnds(text)

    def behind(self, text: str, match: re.Match[str]) -> Place | None:
        """Return the place of the string that begins behind a match; None for a URL's parameter, and for NO_VALUES."""
        if is_parameter(text, match):
            return None
        start, end = match.end(), self._ends.after(match["quote"], match.end())
        is_value = end - start > _LONGEST_NO_VALUE or text[start:end] not in NO_VALUES
        return Place(start, end) if is_value else None

    def second_of_two(self, text: str, match: re.Match[str]) -> Place | None:
        """Return what `behind` returns if a closing bracket or the end of *text* follows the string, else None: in a
        list of more strings, none is the value of another.
        """
        value = self.behind(text, match)
        return value if value is not None and _CLOSING_BRACKET.match(text, value.end) else None


class Paths:
    """Finds the paths of the URLs in *text*."""

    def __init__(self, text: str) -> None:
        self._paths = _PATH.finditer(text)
        self._path = next(self._paths, None)

    def has(self, place: int) -> bool:
        """Return whether *place* is in a path. No call has a smaller *place* than the one before it."""
        while self._path is not None and self._path.end() <= place:
            self._path = next(self._paths, None)
        return self._path is not None and self._path.start() <= place


def value_in(_: str, match: re.Match[str]) -> Place:
    """Return the place of the value in a match that has one."""
    return Place(*match.span("value"))


def container_behind(text: str, match: re.Match[str]) -> Place | None:
    """Return the place of the list or object that begins behind a match; None if it is empty."""
    start, end = match.end(), end_of_container(text, match.end())
    return None if text[start:end] in EMPTY else Place(start, end)


def group_of_value(match: re.Match[str]) -> str:
    """Return the name of the group that has the value in a match of `PAIR` or `MEMBER`."""
    return "value" if match["quoted"] is None else "quoted"
