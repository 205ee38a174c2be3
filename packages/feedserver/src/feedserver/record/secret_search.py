"""Secrets in a text, a URL or the value of a header: finds them, and replaces them.

A secret is the value of a parameter whose name says so (`secret_names`), or what looks like a token (`token_shapes`),
also in JSON and in URLs within URLs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from feedserver.record.known_secrets import REPLACEMENT, without_known
from feedserver.record.secret_names import decoded, is_login, is_secret, login_beside
from feedserver.record.string_notations import (
    ANY_QUOTE,
    OTHER_QUOTE,
    TOKEN,
    StringEnds,
    end_of_container,
    end_of_value,
    string_at,
    unescaped,
)
from feedserver.record.token_shapes import JWT, SHORTEST, looks_labelled, looks_like_credentials, looks_like_token

_NO_VALUES = ("", REPLACEMENT, "null", "true", "false")
_LONGEST_NO_VALUE = max(map(len, _NO_VALUES))
_EMPTY = ("[]", "{}")

DEEPEST = 6
"""How many levels of URLs in the parameters of URLs are searched, and how many times a value is decoded. A value that
is nested more deeply is replaced if it may contain a URL or JSON.
"""

_TOO_DEEP = "value that is nested too deeply"

_PUBLIC_PARAMETERS = re.compile(
    r"boundary|integrity|(?:.*[_-])?(?:channel|playlist|video|etag|md5|sha\d*|hash|checksum|digest|rev|revision|commit)"
    r"(?:[_-]?id)?|v",
    re.IGNORECASE,
)
"""Parameters whose values are random by nature: the ids of YouTube's feeds, the boundary of a multipart body."""

_ASSET = re.compile(r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf)\b", re.IGNORECASE)
"""The suffix that follows a fingerprint in the name of a file that browsers cache without limit."""

_PUBLIC_FOLDER = re.compile(r"/(?:commit|commits|blob|tree|raw|sha\d*|md5|avatar|avatars)/$", re.IGNORECASE)
"""The folder before a hash in a path that names a version or a picture."""

_LONGEST_FOLDER = 12
"""The number of characters before a part of a path in which the name of its folder is looked for, with its slashes."""

# Each pattern takes linear time: most repetitions are possessive (`*+`), so they never backtrack, and a match begins at
# a boundary only.
_USERINFO = re.compile(
    r"(?P<before>(?:(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]*+:|(?<![\w/:.-]))//"
    r"|(?<![A-Za-z0-9+.-])(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp]|[Ww][Ss][Ss]?):[/\\]++)"
    r"(?P<userinfo>[^/\\?#\s\"'<>]+)@"
)
"""User and password in a URL. Browsers read any number of slashes and backslashes as two (WHATWG URL §4.4)."""

_NO_PASSWORDS = ("", "x", "x-oauth-basic", "api_token")
"""What stands for a password where the name is a token."""

_PLAIN_USERINFO = re.compile(
    r"(?<![\w.+%:/-])(?P<before>(?:(?:mailto|sips?|xmpp|acct|im|https?|ftp|wss?|ssh|git):)?)"
    r"(?!(?:mailto|sips?|xmpp|acct|im|pres|urn|tag|cid|mid|news):)"
    r"[\w.+%~-]{1,64}+:(?P<password>[^\s@/,;\"'<>\\]{1,256}+)(?=@(?:[\w-]{1,63}+\.|localhost\b|\[))",
    re.IGNORECASE,
)
"""A name and its password before the host of a mail address, or of a URL without slashes: `mailto:ada:secret@…`."""

_NAME = r"[\w.\-~$\[\]%:!*+@)}]++"
_QUOTED = r'"(?P<quoted>(?>(?:[^"\\]|\\.)*))"?'
_PAIR = re.compile(
    rf"(?P<before>^|[?&#,\s\"'<>({{|]|\\u0026|(?P<of_path>[;/]))(?P<name>{_NAME})"
    rf"(?>(?:\\*+['\"](?>(?:\]|%(?>(?:25)*)5[dD])*))?)"  # it may stand in brackets: user['password']
    rf"[ \t]*+(?:=|\\++u003[dD])(?!=++(?:[&#;,\s\"'<>]|$))[ \t]*+(?>(?:\\++(?=['\"]))?)'?+"
    rf"(?:{_QUOTED}|(?P<value>(?(of_path)[^?&#;,/\s\"'<>]++|[^&#;\s\"'<>]++)))"
)
_COLON = re.compile(
    r"(?<![\w.%-])(?P<name>[A-Za-z](?>(?:(?!ï¼\x9a)[\w.-])*))\\*+['\"]?[ \t]*+"
    r"(?::(?:[ \t]++(?:\\*+['\"])?|\\*+['\"])|(?:：|ï¼\x9a)[ \t]*+)"
    r"(?P<value>(?>(?:[^\s,;&'\"<>{}()\\]|\\++(?!['\"]))+))"
)
"""A name and its value as a header or a log has them, with a blank or a quote between: `auth:8080` is a host's port.

A full-width colon, which also stands in a header as the bytes of UTF-8 read as ISO 8859-1, needs no blank. In a string
within JSON, there are backslashes before the quotes.
"""

_BETWEEN = r"(?:[,+|\s]|%(?>(?:25)*)(?:2C|20|7C|3B|26|0[9AD]|2B))(?>(?:[(!-]|%(?>(?:25)*)28)*)"
"""What stands between criteria, with what stands before the second one."""

_COLON_OF_CRITERION = "(?::|%(?>(?:25)*)3A)"
_CRITERION = re.compile(
    rf"(?:^(?>(?:[(!-]|%(?>(?:25)*)28)*)|{_BETWEEN})"
    rf"(?P<name>(?!(?:key|keys|session|sessions|ticket|tickets)(?:[:%]))[A-Za-z][\w.-]*+){_COLON_OF_CRITERION}"
    r"(?!(?:asc|desc|[0-9]{1,5})(?:$|[,+|\s)]|%2[0C])|//|%2F%2F|[0-9]{1,5}(?:/|%2F))"
    rf"(?P<value>(?>(?:(?!\){{0,4}}$|\){{0,4}}{_BETWEEN}[A-Z][\w.-]*+{_COLON_OF_CRITERION})[^&#;\s\"'<>])+))",
    re.IGNORECASE,
)
"""A value of a parameter that is a name and a value itself, or one of several such: `filter=user:ada,password:hunter2`.
What is sorted by (`token:desc`) and a host with its port (`auth:8080`) are none, and a few names are often the kinds of
things that are searched for (`q=session:keynote`).
"""

_COMPARISON = re.compile(
    r"(?:(?<![\w.%-])|(?<=%2[08C])|(?<=%3D))(?P<name>(?!(?:keys?|sessions?|tickets?)[+\s%])[A-Z_][\w.-]*+)"
    r"(?:(?>(?:[+ ]|%20)+)eq(?>(?:[+ ]|%20)+)|%(?>(?:25)*)3D(?=['\"]))(?P<quote>['\"]|%2[27]|)",
    re.IGNORECASE,
)
"""What stands before a value that a parameter compares with, as in `$filter=password eq 'hunter2'`."""

_END_OF_COMPARED = re.compile(r"[&#;\s\"'<>+)]|%2[09]|$", re.IGNORECASE)

_CREDENTIALS = re.compile(
    r"(?<![\w-])(?P<before>(?:basic|bearer|negotiate|ntlm|token|apikey)[ \t]++)(?P<value>[A-Za-z0-9._~+/-]{4,}+=*+)",
    re.IGNORECASE,
)
_JSON = re.compile(
    # The group is atomic, so each string is read once.
    rf'"(?P<name>(?>(?:[^"\\]|\\.)*))(?:"(?:\s*+:\s*+(?:{_QUOTED}|(?P<value>-?[\w.+-]++)))?)?'
)
_CONTAINER = re.compile(r"[\[{]")

_OPENING = re.compile(r"(?<![\w.%-])(?P<name>[A-Za-z][\w.-]*+)\\*+['\"]?\s*+:\s*+(?=[\[{])")
"""A name before a list or an object, in JSON whose quotes are escaped, or in the notation of JavaScript or Python."""

_OPENING_QUOTE = re.compile(
    r"(?<![\w.\-~$\[\]%+])(?P<name>[\w.\-~$\[\]%+]++)\\*+(?P<quote>['\"]?)"
    r"[ \t]*+(?P<sign>:=?+|=>|=(?![ \t]*+\"))[ \t]*+"
    r"(?P<before>(?P<bracket>(?>(?:[\w.]{0,16}+[(\[{]\s*+){0,4}))[bflnrux@$*]{0,2}+)(?=\\*+['\"])",
    re.IGNORECASE,
)
"""A name before a string in quotes, which may have blanks in it. Before the string, there may be letters, brackets and
names of functions, in the notation of Python or another language. What stands behind `="` is found as a pair.
"""

_OPENING_OTHER_QUOTE = re.compile(
    r"(?:(?<![A-Za-z0-9_.%-])|(?<=%22)|(?<=%27)|(?<=%60))(?P<name>[A-Za-z_][A-Za-z0-9_.-]*+)"
    rf"(?>(?:\\*+(?:{ANY_QUOTE}))?)[ \t]*+(?::=?+|=>?+|%3[AaDd])[ \t]*+(?P<quote>{OTHER_QUOTE})"
)
"""A name, which may be in quotes, before a string in other quotes than `'` and `"`."""

_PAIR_OF_STRINGS = re.compile(
    rf"(?:{ANY_QUOTE})(?P<name>[A-Za-z_][A-Za-z0-9_.-]*+)(?:{ANY_QUOTE})[ \t]++(?P<quote>{ANY_QUOTE})"
)
"""A name in quotes before a string in quotes, with blanks alone between."""

_PAIR_IN_BRACKETS = re.compile(
    rf"(?<=[(\[{{])[ \t]*+(?:{ANY_QUOTE})(?P<name>[A-Za-z_][A-Za-z0-9_.-]*+)(?:{ANY_QUOTE})[ \t]*+,[ \t]*+"
    rf"(?P<quote>{ANY_QUOTE})"
)
"""A name in quotes, a comma and a string in quotes at the beginning of a list, as in `("token", "a8f5")`."""

_CLOSING_BRACKET = re.compile(rf"(?:{ANY_QUOTE})?[ \t]*+,?[ \t]*+(?:[)\]}}]|$)")

_OPENED = re.compile(r"\\*+['\"]")
_SURROUNDED = re.compile(r"[\w.$@*]{0,16}\\*+[\[{(\"'`]")
_SINGLE_QUOTED = re.compile(r"'(?P<string>(?>(?:[^'\\]|\\.)*))(?:'(?P<colon>\s*+:)?)?")
"""A string in single quotes, with the colon behind it if it is a name."""

_WORD_WITHIN = re.compile(r"(?<![^\s,:;\"'`()\[\]{}\\])[^\s,:;\"'`()\[\]{}\\]{6,}+(?!\\*+[\"']?\s*+:)")
"""A word or a number within brackets or quotes, in any notation, that is not the name of a member, and not short."""

_RUN_IN_PATH = re.compile(r"(?:[A-Za-z0-9_~+-]|%[0-9A-Fa-f]{2})+={0,2}")
_RUN = re.compile(r"(?:[A-Za-z0-9_~+/-]|%[0-9A-Fa-f]{2})+={0,2}")
_WORD_OF_PATH = re.compile(r"(?:^|/)(?:[A-Z]?[a-z]{3,}|\d+(?:\.\d+)+|[a-z]+[.-][a-z.-]+)(?:/|$)")
_STRUCTURE = re.compile(r"[/?&=:\"]")


def without_secrets(
    text: str, *, keep: Iterable[str] = (), known: Iterable[str] = (), shapes: bool = True, words: bool = True
) -> tuple[str, tuple[str, ...]]:
    """Return *text*, a URL or a header's value, with its secrets replaced, and a description of each of them.

    A description is "password", "parameter NAME", "credentials of SCHEME", "secret of the request", "value that is
    nested too deeply", or tells the length of a token, and the beginning of a long one: "token a8f5… (32 characters)".
    The parameters named in *keep* stay. *known* are secrets that are replaced wherever they occur. If *shapes* is
    false, what looks like a token stays, except a JSON Web Token, and so do known secrets of fewer than 6 characters;
    if *words* is false, names of secrets are looked for in the parameters of URLs and in JSON only, and no credentials
    after the name of a scheme.
    """
    search = _Search(frozenset(name.lower() for name in keep), words)
    cleaned = without_known(text, known, short=shapes)
    if cleaned != text:
        search.found.append("secret of the request")
    text = cleaned
    return search.clean(text, shapes), tuple(dict.fromkeys(search.found))


@dataclass(slots=True)
class _Search:
    """The search for secrets in one text. *found* describes each of them, *values* has them as they are spelled there;
    the parameters in *keep* stay. *words* is as in `without_secrets`.
    """

    keep: frozenset[str]
    words: bool = True
    found: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def _note(self, description: str, value: str) -> None:
        self.found.append(description)
        self.values += contents(value)

    def clean(self, text: str, shapes: bool, depth: int = 0) -> str:
        """Return *text* without its secrets. *shapes* is as in `without_secrets`; *depth* is the number of values that
        *text* is nested in.
        """
        text = _USERINFO.sub(self._without_userinfo, text)
        text = _PLAIN_USERINFO.sub(self._without_password, text)
        text = JWT.sub(self._without_token, text)
        if self.words:
            for openings in (_OPENING_OTHER_QUOTE, _PAIR_OF_STRINGS):
                text = self._replace(openings, text, _Strings(text).behind)
            text = self._replace(_PAIR_IN_BRACKETS, text, _Strings(text).second_of_two)
        text = self._replace(_COMPARISON, text, _compared)
        text = self._replace(_OPENING_QUOTE, text, self._value_in_quotes)
        text = self._clean_document(text, shapes, depth)  # first: a value may end at an escape, such as `\u0026`
        text = _JSON.sub(lambda match: self._clean_json(match, shapes, depth), text)
        text = self._replace(_OPENING, text, _container)
        if self.words:
            text = _CREDENTIALS.sub(self._without_credentials, text)
            text = _COLON.sub(self._clean_colon, text)
        pairs = list(_PAIR.finditer(text))
        names = frozenset(decoded(match["name"]).lower() for match in pairs) | login_beside(text)
        runs = _RUN_IN_PATH if _is_path(text) else _RUN
        pieces: list[str] = []
        at = 0
        for match in pairs:
            pieces.append(self._clean_words(runs, text, at, match.start(_group(match)), shapes, depth))
            pieces.append(self._clean_value(match, shapes, depth, names))
            at = match.end(_group(match))
        pieces.append(self._clean_words(runs, text, at, len(text), shapes, depth))
        return "".join(pieces)

    def _clean_document(self, text: str, shapes: bool, depth: int) -> str:
        """Return *text* without the secrets in JSON that `_clean_json` does not find: lists and objects under the names
        of secrets, members whose name is written with escapes, and secrets in strings that contain JSON.

        The text need not be JSON that Python reads: it may be cut, have long numbers, or two members of one name.
        """
        start = _CONTAINER.search(text)
        if start is None:
            return text
        pieces: list[str] = []
        at = start.start()  # what comes before is no JSON
        pieces.append(text[:at])
        tokens = TOKEN.finditer(text, at)
        for match in tokens:
            if match.start() < at or match["string"] is None:
                continue  # a bracket, or a part of a value that was replaced
            if text[match.start() - 1] == "\\":
                break  # the rest is no JSON, but a string of it
            if match["colon"] is None:
                pieces += (text[at : match.start()], self._clean_string(match, shapes, depth))
                at = match.end()
                continue
            name = unescaped(match["string"])
            if name.lower() in self.keep or not is_secret(name):
                continue
            end = end_of_value(text, match.end())
            if text[match.end() : end].strip('"') in _NO_VALUES or text[match.end() : end] in _EMPTY:
                continue
            value = text[match.end() : end].strip('"')
            self._note(f"parameter {name.encode('utf-8', 'backslashreplace').decode()}", unescaped(value))
            pieces += (text[at : match.end()], f'"{REPLACEMENT}"')
            at = end
        return "".join((*pieces, text[at:]))

    def _replace(
        self,
        openings: re.Pattern[str],
        text: str,
        value_after: Callable[[str, re.Match[str]], tuple[int, int, str] | None],
    ) -> str:
        """Return *text* without the values behind the names of secrets that *openings* find.

        *value_after* takes the text and a match of *openings*. It returns where the value begins and ends and what
        replaces it, or None if there is nothing to replace.
        """
        pieces: list[str] = []
        at = 0
        for match in openings.finditer(text):
            name = decoded(match["name"])
            if match.start() < at or name.lower() in self.keep or not is_secret(name):
                continue
            value = value_after(text, match)
            if value is None:
                continue
            start, end, replacement = value
            self._note(f"parameter {name}", _unquoted(text[start:end]))
            pieces += (text[at:start], replacement)
            at = end
        return "".join((*pieces, text[at:]))

    def _value_in_quotes(self, text: str, match: re.Match[str]) -> tuple[int, int, str] | None:
        """Return the place of a string behind a name that `_OPENING_QUOTE` found, and what replaces it."""
        if not self.words and not match["quote"]:
            return None  # it is not JSON
        if match["before"] and _is_parameter(text, match):
            return None  # its last letters stand before the quote that ends the URL
        if match["sign"] == ":" and match["bracket"][:1] in ("[", "{"):
            return None  # `_clean_document` replaces it, or `_container`
        quote_sign, value, end = string_at(text, match.end())
        start = match.start("before")
        if match["bracket"]:
            end = end_of_container(text, start)
            value = text[start:end]
        if value.strip("\\'\"") in _NO_VALUES:  # behind a cut string, the quote of an outer one may stand
            return None
        return start, end, f"{quote_sign}{REPLACEMENT}{quote_sign}"

    def _clean_string(self, match: re.Match[str], shapes: bool, depth: int) -> str:
        """Return the string of JSON in *match* without the secrets in what its escapes stand for: a URL whose `&` is
        written `\\u0026`, or JSON.
        """
        plain = unescaped(match["string"])
        if plain == match["string"]:
            return match[0]
        if depth >= DEEPEST:
            self.found.append(_TOO_DEEP)
            return f'"{REPLACEMENT}"'
        cleaned = self.clean(plain, shapes, depth + 1)
        return match[0] if cleaned == plain else json.dumps(cleaned)

    def _clean_json(self, match: re.Match[str], shapes: bool, depth: int) -> str:
        if match["quoted"] is None and match["value"] is None:
            return match[0]
        group = _group(match)
        before, after = match[0][: match.start(group) - match.start()], match[0][match.end(group) - match.start() :]
        value = self._clean_value(match, shapes, depth, frozenset())
        if group == "value" and value != match["value"]:
            value = f'"{value}"'  # the value was a number, and becomes a string
        return before + value + after

    def _clean_value(self, match: re.Match[str], shapes: bool, depth: int, names: frozenset[str]) -> str:
        name, value = decoded(match["name"]), match[_group(match)]
        if name.lower() in self.keep or value.rstrip("\\") in _NO_VALUES:
            return value
        of_url = match.re is _JSON or match["before"] in ("?", "&", "#", ";", r"\u0026")
        if (self.words or of_url) and is_secret(name, names):
            self._note(f"parameter {name}", value)
            return REPLACEMENT
        if of_url and is_login(name, value):
            self._note(f"parameter {name}", value)
            self.values.append(re.split("[:|]", unquote(value), maxsplit=1)[1])
            return REPLACEMENT
        criteria = [each for each in _CRITERION.finditer(value) if self._is_secret_criterion(each)] if of_url else []
        if any(each["name"].lower() in self.keep for each in criteria):
            return value
        pieces: list[str] = []
        at = 0
        for each in criteria:
            self._note(f"parameter {each['name']}", each["value"])
            pieces += (value[at : each.start("value")], REPLACEMENT)
            at = each.end("value")
        value = "".join((*pieces, value[at:]))
        return self._clean_within(value, shapes and _PUBLIC_PARAMETERS.fullmatch(name) is None, depth)

    @staticmethod
    def _is_secret_criterion(match: re.Match[str]) -> bool:
        return match["value"] not in _NO_VALUES and is_secret(match["name"])

    def _clean_within(self, value: str, shapes: bool, depth: int) -> str:
        """Return a parameter's *value* without the secrets in it; it may be a URL, percent-encoded or not."""
        if depth >= DEEPEST:
            if not _STRUCTURE.search(decoded(value)):
                return value
            self.found.append(_TOO_DEEP)
            return REPLACEMENT
        plain = unquote(value, "latin-1")
        if plain == value or not _STRUCTURE.search(decoded(plain)):
            return self.clean(value, shapes, depth + 1)
        cleaned = self.clean(plain, shapes, depth + 1)
        return value if cleaned == plain else quote(_bytes(cleaned), safe="")

    def _clean_words(self, runs: re.Pattern[str], text: str, start: int, end: int, shapes: bool, depth: int) -> str:
        """Return *text* from *start* to *end*, a path or words between parameters, without what looks like a token."""

        def replaced(match: re.Match[str]) -> str:
            run = match[0]
            if "%" in run and _STRUCTURE.search(decoded(run)):
                return self._clean_within(run, shapes, depth)
            plain = unquote(run, "latin-1")
            if shapes and looks_labelled(plain, text[max(0, match.start() - _LONGEST_FOLDER) : match.start()]):
                return self._without_token(match)
            if not shapes or not (looks_like_token(plain) or looks_like_credentials(plain)):
                return run
            before = text[max(0, match.start() - _LONGEST_FOLDER) : match.start()]
            if _ASSET.match(text, match.end()) or _PUBLIC_FOLDER.search(before):
                return run
            return self._without_token(match)

        pieces: list[str] = []
        for match in runs.finditer(text, start, end):
            pieces += (text[start : match.start()], replaced(match))
            start = match.end()
        return "".join((*pieces, text[start:end]))

    def _without_userinfo(self, match: re.Match[str]) -> str:
        self.found.append("password")
        name, _, password = match["userinfo"].partition(":")
        if password in _NO_PASSWORDS or looks_like_token(name):  # the name is a token: https://TOKEN@example.org/
            self.values.append(name)
        if password not in _NO_PASSWORDS:
            self.values.append(password)
        return match["before"]

    def _without_password(self, match: re.Match[str]) -> str:
        if match["password"] == REPLACEMENT:
            return match[0]
        self._note("password", match["password"])
        return f"{match[0][: -len(match['password'])]}{REPLACEMENT}"

    def _without_credentials(self, match: re.Match[str]) -> str:
        """Return the scheme of credentials (RFC 9110 §11.4) with its value replaced, unless the value is a
        plain word.
        """
        value = match["value"].rstrip("=")
        if (value.islower() or value.istitle()) and not re.search("[0-9]", value):
            return match[0]
        self._note(f"credentials of {match['before'].strip()}", match["value"])
        return match["before"] + REPLACEMENT

    def _clean_colon(self, match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        if name.lower() in self.keep or value in _NO_VALUES or not is_secret(name):
            return match[0]
        self._note(f"parameter {name}", value)
        return match[0][: match.start("value") - match.start()] + REPLACEMENT

    def _without_token(self, match: re.Match[str]) -> str:
        start = f"{match[0][:4]}… " if len(match[0]) >= SHORTEST else ""  # four of six characters would give it away
        self._note(f"token {start}({len(match[0])} characters)", match[0])
        return REPLACEMENT


def _is_parameter(text: str, match: re.Match[str]) -> bool:
    """Return whether the name that was found is that of a parameter of a URL, whose value ends with the next `&`."""
    return text[max(0, match.start() - 1) : match.start()] in ("?", "&")


class _Strings:
    """Finds the strings behind matches in *text*, which are given in their order."""

    def __init__(self, text: str) -> None:
        self._ends = StringEnds(text)

    def behind(self, text: str, match: re.Match[str]) -> tuple[int, int, str] | None:
        """Return the place of the string that begins behind a match, and what replaces it."""
        if _is_parameter(text, match):
            return None
        start, end = match.end(), self._ends.after(match["quote"], match.end())
        is_value = end - start > _LONGEST_NO_VALUE or text[start:end] not in _NO_VALUES
        return (start, end, REPLACEMENT) if is_value else None

    def second_of_two(self, text: str, match: re.Match[str]) -> tuple[int, int, str] | None:
        """Return what `behind` returns, unless further strings follow: a list of names has no values."""
        value = self.behind(text, match)
        return value if value is not None and _CLOSING_BRACKET.match(text, value[1]) else None


def _container(text: str, match: re.Match[str]) -> tuple[int, int, str] | None:
    """Return the place of the list or object that begins behind a match, and what replaces it."""
    start, end = match.end(), end_of_container(text, match.end())
    return None if text[start:end] in _EMPTY else (start, end, REPLACEMENT)


def _compared(text: str, match: re.Match[str]) -> tuple[int, int, str] | None:
    """Return the place of the value behind a comparison, and what replaces it."""
    start = match.end()
    if match["quote"]:
        end = text.find(match["quote"], start)
        end = end if end >= 0 else len(text)
    else:
        found = _END_OF_COMPARED.search(text, start)
        end = found.start() if found is not None else len(text)
    is_value = end - start > _LONGEST_NO_VALUE or text[start:end] not in _NO_VALUES
    return (start, end, REPLACEMENT) if is_value else None


def _unquoted(text: str) -> str:
    """Return *text* without the quotes around it, before which backslashes may stand."""
    opening = _OPENED.match(text)
    return text if opening is None else text[opening.end() :].removesuffix(opening[0])


def contents(value: str) -> list[str]:
    """Return the secrets in *value*, which belongs to the name of a secret: the whole of it, since a password may begin
    with a bracket, and if brackets or quotes surround it, each string, number and word in it that is no name.
    """
    if value in _NO_VALUES:
        return []
    plain = decoded(value)
    if not _SURROUNDED.match(plain):
        return [value]
    strings = [unescaped(each["string"]) for each in TOKEN.finditer(plain) if _is_content(each)]
    strings += [each["string"] for each in _SINGLE_QUOTED.finditer(plain) if each["colon"] is None]
    strings += _WORD_WITHIN.findall(plain)
    return [each for each in (value, *strings) if each not in _NO_VALUES]


def _is_content(token: re.Match[str]) -> bool:
    """Return whether a *token* of JSON is a string, but not the name of a member."""
    return token["string"] is not None and token["colon"] is None


def _bytes(text: str) -> bytes:
    """Return the bytes of *text*, which was read as ISO 8859-1; a letter that a string of JSON added becomes UTF-8."""
    return b"".join(each.encode("latin-1" if each <= "ÿ" else "utf-8", "surrogatepass") for each in text)


def _is_path(text: str) -> bool:
    """Return whether slashes in *text* separate the names of a path; otherwise they may be letters of base 64."""
    return "://" in text or text.startswith(("/", "?", "#", "<", ".")) or _WORD_OF_PATH.search(text) is not None


def _group(match: re.Match[str]) -> str:
    return "value" if match["quoted"] is None else "quoted"


def secrets_in(text: str, keep: frozenset[str] = frozenset(), *, shapes: bool = True) -> tuple[str, ...]:
    """Return the secrets that `without_secrets` replaces in a URL, or in the value of a header, so that other texts can
    be searched for them. *shapes* is as there.

    They are spelled as in the text, but the encoding of a value that they are nested in is undone.
    """
    search = _Search(keep)
    search.clean(text, shapes)
    return tuple(dict.fromkeys(search.values))
