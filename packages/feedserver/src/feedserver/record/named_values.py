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

# Each pattern takes linear time: most repetitions are possessive (`*+`), so they never backtrack, and a match begins at
# a boundary only.

_NAME = r"(?>(?:[\w.\-~$\[\]%:!*+@)}]++|(?<=[ÃÄÅÌÍ])[\x80-\xbf])+)"
"""A name. Its letters with accents, and accents alone, may be in UTF-8 that is read as ISO 8859-1, as headers are."""

_QUOTED = r'"(?P<quoted>(?>(?:[^"\\]|\\.)*))"?'
PAIR = re.compile(
    rf"(?P<before>^|[?&#,\s\"'<>({{|]|\\u0026|(?P<of_path>[;/]))(?P<name>{_NAME})"
    rf"(?>(?:\\*+['\"](?>(?:\]|%(?>(?:25)*)5[dD])*))?)"  # it may stand in brackets: user['password']
    rf"[ \t]*+(?:=|\\++u003[dD])(?!=++(?:[&#;,\s\"'<>]|$))[ \t]*+(?>(?:\\++(?=['\"]))?)'?+"
    rf"(?:{_QUOTED}|(?P<value>(?(of_path)[^?&#;,/\s\"'<>]++|[^&#;\s\"'<>]++)))"
)
"""A name and its value as the parameters of a URL have them, with `=` between."""

COLON = re.compile(
    r"(?<![\w.%-])(?P<name>[A-Za-z](?>(?:(?!ï¼\x9a)[\w.-])*))\\*+['\"]?[ \t]*+"
    r"(?::(?:[ \t]++(?:\\*+['\"])?|\\*+['\"])|(?:：|ï¼\x9a)[ \t]*+)"
    r"(?P<value>(?>(?:[^\s,;&'\"<>{}()\\]|\\++(?!['\"]))+))"
)
"""A name and its value as a header or a log has them, with a blank or a quote between: `auth:8080` is a host's port.

A full-width colon (in a header, its bytes of UTF-8 read as ISO 8859-1) needs no blank. In a string within JSON, there
are backslashes before the quotes.
"""

_BETWEEN = r"(?:[,+|\s]|%(?>(?:25)*)(?:2C|20|7C|3B|26|0[9AD]|2B))(?>(?:[(!-]|%(?>(?:25)*)28)*)"
"""What stands between criteria, with what stands before the second one."""

_COLON_OF_CRITERION = "(?::|%(?>(?:25)*)3A)"
CRITERION = re.compile(
    rf"(?:^(?>(?:[(!-]|%(?>(?:25)*)28)*)|{_BETWEEN})"
    rf"(?P<name>(?!(?:key|keys|session|sessions|ticket|tickets)(?:[:%]))[A-Za-z][\w.-]*+){_COLON_OF_CRITERION}"
    r"(?!(?:asc|desc|[0-9]{1,5})(?:$|[,+|\s)]|%2[0C])|//|%2F%2F|[0-9]{1,5}(?:/|%2F))"
    rf"(?P<value>(?>(?:(?!\){{0,4}}$|\){{0,4}}{_BETWEEN}[A-Z][\w.-]*+{_COLON_OF_CRITERION})[^&#;\s\"'<>])+))",
    re.IGNORECASE,
)
"""A value of a parameter that is a name and a value itself, or one of several such: `filter=user:ada,password:hunter2`.
What to sort by (`token:desc`) and a host with its port (`auth:8080`) are not found, nor are a few names that are often
the kinds of things that are searched for (`q=session:keynote`).
"""

_BLANKS = r"(?>(?:[+ ]|%20)+)"
_COMPARED_NAME = r"(?P<name>(?!(?:keys?|sessions?|tickets?)(?:[+\s%,)]|[!=<]=|<>))[A-Z_][\w.-]*+)"
_QUOTE_OF_COMPARED = r"(?P<quote>['\"]|%2[27])"
_SIGN_OF_COMPARISON = "(?:[!=<>]|%21|%3[CDE])(?:[=>]|%3[DE])"

COMPARISON = re.compile(
    rf"(?:(?<![\w.%-])|(?<=%2[08C])|(?<=%3D)){_COMPARED_NAME}"
    rf"(?:{_BLANKS}eq{_BLANKS}|%(?>(?:25)*)3D(?=['\"])"
    rf"|(?:{_BLANKS}(?:not{_BLANKS})?(?:ne|g[et]|l[et]|co|sw|ew|i?like){_BLANKS}"
    rf"|{_BLANKS}?{_SIGN_OF_COMPARISON}{_BLANKS}?)(?=['\"]|%2[27]))(?:{_QUOTE_OF_COMPARED}|)",
    re.IGNORECASE,
)
"""What stands before a value that a parameter compares with, as in `$filter=password eq 'hunter2'`. Only behind `eq`
may the value stand without quotes.
"""

COMPARING_CALL = re.compile(
    rf"(?<!\w)(?:starts?_?with|ends?_?with|contains|indexof|i?like|equals)(?:\(|%28)(?>(?:\w++(?:\(|%28)){{0,4}})"
    rf"{_COMPARED_NAME}(?>(?:\)|%29){{0,4}})(?:,|%2C){_BLANKS}?{_QUOTE_OF_COMPARED}",
    re.IGNORECASE,
)
"""The same of a function: `startswith(password,'hunter2')`."""

_END_OF_COMPARED = re.compile(r"[&#;\s\"'<>+)]|%2[09]|$", re.IGNORECASE)

MEMBER = re.compile(
    # The group is atomic, so each string is read once.
    rf'"(?P<name>(?>(?:[^"\\]|\\.)*))(?:"(?:\s*+:\s*+(?:{_QUOTED}|(?P<value>-?[\w.+-]++)))?)?'
)
"""A string of JSON, and if it is the name of a member, its value, which is a string, a number or a word."""

OPENING = re.compile(r"(?<![\w.%-])(?P<name>[A-Za-z][\w.-]*+)\\*+['\"]?\s*+:\s*+(?=[\[{])")
"""A name before a list or an object, in JSON whose quotes are escaped, or in the notation of JavaScript or Python."""

OPENING_QUOTE = re.compile(
    r"(?<![\w.\-~$\[\]%+])(?P<name>[\w.\-~$\[\]%+]++)\\*+(?P<quote>['\"]?)"
    r"[ \t]*+(?P<sign>:=?+|=>|=(?![ \t]*+\"))[ \t]*+"
    r"(?P<before>(?P<bracket>(?>(?:[\w.]{0,16}+[(\[{]\s*+){0,4}))[bflnrux@$*]{0,2}+)(?=\\*+['\"])",
    re.IGNORECASE,
)
"""A name before a string in quotes, which may have blanks in it. Before the string, there may be letters, brackets and
names of functions, in the notation of Python or another language. What stands behind `="` is found as a pair.
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
    """Finds the strings behind matches in *text*, which are given in their order."""

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
        """Return what `behind` returns, unless further strings follow: a list of names has no values."""
        value = self.behind(text, match)
        return value if value is not None and _CLOSING_BRACKET.match(text, value.end) else None


def container_behind(text: str, match: re.Match[str]) -> Place | None:
    """Return the place of the list or object that begins behind a match."""
    start, end = match.end(), end_of_container(text, match.end())
    return None if text[start:end] in EMPTY else Place(start, end)


def compared_with(text: str, match: re.Match[str]) -> Place | None:
    """Return the place of the value behind a comparison."""
    start = match.end()
    if match["quote"]:
        quote = match["quote"]
        end = text.find(quote, start)
        while end >= 0 and text.startswith(quote, end + len(quote)):  # SQL doubles a quote within a string
            end = text.find(quote, end + 2 * len(quote))
        end = end if end >= 0 else len(text)
    else:
        found = _END_OF_COMPARED.search(text, start)
        end = found.start() if found is not None else len(text)
    is_value = end - start > _LONGEST_NO_VALUE or text[start:end] not in NO_VALUES
    return Place(start, end) if is_value else None


def group_of_value(match: re.Match[str]) -> str:
    """Return the name of the group that has the value in a match of `PAIR` or `MEMBER`."""
    return "value" if match["quoted"] is None else "quoted"
