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
    rf"(?P<before>^|[?&#,\s\"'<>({{|]|\\(?:u00|x)26|(?P<of_path>[;/]))(?P<name>{_NAME})"
    rf"(?>(?:\\*+['\"](?>(?:\]|%(?>(?:25)*)5[dD])*))?)"  # it may stand in brackets: user['password']
    rf"[ \t]*+(?:=|\\++(?:u00|x)3[dD])(?!=++(?:[&#;,\s\"'<>]|$))[ \t]*+(?>(?:\\++(?=['\"]))?)'?+"
    rf"(?:{_QUOTED}|(?P<value>(?(of_path)[^?&#;,/\s\"'<>]++|[^&#;\s\"'<>]++(?>(?:(?<==)\"[^\"&]*\"?)?))))"
)
"""A name and its value as the parameters of a URL have them, with `=` between."""

COLON = re.compile(
    r"(?<![\w.%-])(?P<name>[A-Za-z](?>(?:(?!ï¼[\x9a\x9d])[\w.-])*))\\*+['\"]?[ \t]*+"
    r"(?::(?:[ \t]++(?:\\*+['\"])?|\\*+['\"])|(?:[：＝]|ï¼[\x9a\x9d])[ \t]*+)"
    r"(?P<value>(?>(?:[^\s,;&'\"<>{}()\\]|\\++(?!['\"]))+))"
)
"""A name and its value as a header or a log has them, with a blank or a quote between: `auth:8080` is a host's port.

A full-width colon or equals sign needs no blank. In a header, such a sign is the bytes of UTF-8, read as ISO 8859-1.
In a string within JSON, there are backslashes before the quotes.
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
_COMPARED_NAME = r"(?P<name>(?!(?:keys?|sessions?|tickets?)(?![\w.-]))[A-Z_][\w.-]*+)"
_ENDS_CALLS = r"(?>(?:\)|%29){0,4})"
"""The end of functions around a name: `tolower(password) eq 'hunter2'`."""

_QUOTE_OF_COMPARED = r"(?P<quote>['\"]|%2[27])"
_BEFORE_QUOTE = r"(?=['\"]|%2[27])"
_BEGINS_NAME = r"(?:(?<![\w.%-])|(?<=%2[08C])|(?<=%3D))"
_SIGN_OF_COMPARISON = r"(?:(?>(?:[!=<>~*^$]|%21|%3[CDE]|%7E|%2A|%5E|%24){2,4})|[<>~]|%3[CE]|%7E)"
_WORD_OF_COMPARISON = (
    rf"(?:(?:is{_BLANKS})?not{_BLANKS})?"
    rf"(?:ne|g[et]|l[et]|co|sw|ew|i?like|is(?:{_BLANKS}not)?|has|contains|(?:i|re|starts_?|ends_?)?match(?:es)?|glob|regexp?|rlike"
    rf"|similar{_BLANKS}to|(?:starts?|begins?|ends?)(?:{_BLANKS}|_?)with)"
)

COMPARISON = re.compile(
    rf"{_BEGINS_NAME}{_COMPARED_NAME}{_ENDS_CALLS}"
    rf"(?:{_BLANKS}eq{_BLANKS}|%(?>(?:25)*)3D(?=['\"])"
    rf"|(?:{_BLANKS}{_WORD_OF_COMPARISON}{_BLANKS}|{_BLANKS}?{_SIGN_OF_COMPARISON}{_BLANKS}?|{_BLANKS}(?:=|%3D){_BLANKS})"
    rf"{_BEFORE_QUOTE})(?:{_QUOTE_OF_COMPARED}|)",
    re.IGNORECASE,
)
"""What stands before a value that a parameter compares with, as in `$filter=password eq 'hunter2'`. Only behind `eq`
may the value stand without quotes.
"""

COMPARISON_IN_REVERSE = re.compile(
    rf"{_QUOTE_OF_COMPARED}(?P<compared>(?>(?:(?!%2[27])[^'\"])+))(?P=quote)"
    rf"(?:{_BLANKS}(?:eq|ne){_BLANKS}|{_BLANKS}?(?:(?>(?:!|%21)?(?:=|%3D){{1,3}})|<>){_BLANKS}?"
    rf"|(?:,|%2C){_BLANKS}?(?=(?>(?:\w++(?:\(|%28)){{0,4}})[\w.]++(?:\)|%29))"
    rf"(?>(?:\w++(?:\(|%28)){{0,4}}))"
    rf"{_COMPARED_NAME}(?![\w.(=:%'\"-]|%3D|%28)",
    re.IGNORECASE,
)
"""A value and the name that it is compared with: `'hunter2' eq password`, `substringof('hunter2',password)`."""

COMPARING_CALL = re.compile(
    rf"(?<!\w)(?:(?:starts?_?with|ends?_?with|contains|indexof|i?like|equals|any|(?:regex_?)?match(?:es)?)(?:\(|%28)"
    rf"|(?P<bare>(?:eq|ne|in|out|g[et]|l[et])(?:\(|%28)))(?>(?:\w++(?:\(|%28)){{0,4}})"
    rf"{_COMPARED_NAME}(?>(?:\)|%29){{0,4}})(?:,|%2C){_BLANKS}?(?:{_QUOTE_OF_COMPARED}|(?(bare)))",
    re.IGNORECASE,
)
"""The same of a function: `startswith(password,'hunter2')`. In RQL, values need no quotes: `eq(password,hunter2)`."""

MEMBERSHIP = re.compile(
    rf"{_BEGINS_NAME}{_COMPARED_NAME}{_ENDS_CALLS}{_BLANKS}(?:not{_BLANKS})?"
    rf"(?:in{_BLANKS}?(?P<bracket>[(\[]|%28|%5B)|between{_BLANKS}{_BEFORE_QUOTE})",
    re.IGNORECASE,
)
"""What stands before several values that are compared: `password in ('a', 'b')`, `password between 'a' and 'b'`."""

_RANGE = re.compile(rf"{_QUOTE_OF_COMPARED}[^'\"&]*?(?P=quote)(?:{_BLANKS}and{_BLANKS}{_BEFORE_QUOTE})?", re.IGNORECASE)
_END_OF_LIST = re.compile(r"\)|%29|\]|%5D|&|$", re.IGNORECASE)
_END_OF_COMPARED = re.compile(r"[&#;\s\"'<>+)]|%2[09]|$", re.IGNORECASE)

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


def compared_before(text: str, match: re.Match[str]) -> Place | None:  # noqa: ARG001 - `compared_with` needs it
    """Return the place of the value before the name that it is compared with."""
    return None if match["compared"] in NO_VALUES else Place(*match.span("compared"))


def compared_with_each(text: str, match: re.Match[str]) -> Place | None:
    """Return the place of the values in a list, or of both ends of a range."""
    start = end = match.end()
    if match["bracket"] is None:
        while (found := _RANGE.match(text, end)) is not None:
            end = found.end()
    elif match["bracket"] in ("(", "["):
        end = end_of_container(text, start - 1)
        end -= text[start - 1 : end].endswith((")", "]"))
    else:
        found = _END_OF_LIST.search(text, start)
        end = found.start() if found is not None else len(text)
    return Place(start, end) if text[start:end].strip("'\"") not in NO_VALUES else None


def group_of_value(match: re.Match[str]) -> str:
    """Return the name of the group that has the value in a match of `PAIR` or `MEMBER`."""
    return "value" if match["quoted"] is None else "quoted"
