"""Secrets in a text, a URL or the value of a header: finds them, and replaces them.

A secret is the login of a URL, credentials after the name of their scheme, the value of a parameter whose name says so
(`secret_names`), or what looks like a token (`token_shapes`), also in JSON and in URLs within URLs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import unquote, unquote_plus

from feedserver.record.known_secrets import REPLACEMENT, without_known
from feedserver.record.mentions import mentioned_in_text, mentioned_in_value, parts_beside
from feedserver.record.named_values import (
    COLON,
    EMPTY,
    MEMBER,
    NO_VALUES,
    OPENING,
    OPENING_OTHER_QUOTE,
    OPENING_QUOTE,
    PAIR,
    PAIR_IN_BRACKETS,
    PAIR_IN_LIST,
    PAIR_OF_STRINGS,
    PAIR_OUTSIDE_PATH,
    Paths,
    Place,
    Strings,
    container_behind,
    group_of_value,
    is_parameter,
    value_in,
)
from feedserver.record.secret_names import decoded, is_login, is_secret, login_beside
from feedserver.record.string_notations import (
    TOKEN,
    encoded_like,
    end_of_container,
    end_of_value,
    string_at,
    unescaped,
)
from feedserver.record.token_shapes import JWT, SHORTEST, looks_labelled, looks_like_credentials, looks_like_token
from feedserver.record.whole_urls import clean_whole_urls

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

_ASSET = re.compile(r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|onion)\b", re.IGNORECASE)
"""The suffix that follows a fingerprint in the name of a file that browsers cache without limit, and the one of a host
in Tor, whose name is its public key.
"""

_PUBLIC_FOLDER = re.compile(
    r"(?:/(?:commit|commits|blob|tree|raw|sha\d*|md5|avatar|avatars)/|did:plc:)$", re.IGNORECASE
)
"""What is before a hash that names a version or a picture in a path, or an account of Bluesky."""

_LONGEST_FOLDER = 12
"""How many characters before a part of a path are searched for the name of its folder, between slashes."""

# Each pattern takes linear time: most repetitions are possessive (`*+`), so they never backtrack, and a match begins at
# a boundary only.
_BEFORE_USERINFO = (
    r"(?P<before>(?:(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]*+:|(?<![\w/:.-]))//"
    r"|(?<![A-Za-z0-9+.-])(?:[Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp]|[Ww][Ss][Ss]?):[/\\]++)"
)
_USERINFO = re.compile(rf"{_BEFORE_USERINFO}(?P<userinfo>[^/\\?# \t-\r\"'<>]+)@")
"""User and password in a URL. Browsers read any number of slashes and backslashes as two (WHATWG URL §4.4)."""

_USERINFO_WITH_SIGNS = re.compile(
    rf"{_BEFORE_USERINFO}(?P<userinfo>[^/\\?#:@ \t-\r\"'<>\[]{{1,256}}+:(?!\s|[0-9]{{0,5}}(?:\W|$))"
    r"(?>(?:(?!://)[^@<>\r\n]){1,256}))@"
)
"""The same with a blank, a slash or another sign in the password, which does not begin like a port."""

_USERINFO_OF_WHOLE = re.compile(r"\A(?P<before>(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)(?P<userinfo>[^/\\?# \t-\r,]+)@")
"""The same in a text that begins with a URL: there, quotes and angle brackets may be a part of the password."""

NO_PASSWORDS = ("", "x", "x-oauth-basic", "api_token")
"""What stands for a password where the name is a token."""

_PLAIN_USERINFO = re.compile(
    r"(?<![\w.+%:/-])(?P<before>(?:(?:mailto|sips?|xmpp|acct|im|https?|ftp|wss?|ssh|git):)?)"
    r"(?!(?:mailto|sips?|xmpp|acct|im|pres|urn|tag|cid|mid|news):)"
    r"[\w.+%~-]{1,64}+:(?P<password>(?>(?:[^ \t-\r&@/,;\"'<>\\]|&(?![\w.%[\]-]{1,64}+=)){1,256}))"
    r"(?=@(?:[\w-]{1,63}+\.|localhost\b|\[))",
    re.IGNORECASE,
)
"""A name and its password before the host of a mail address, or of a URL without slashes: `mailto:ada:secret@…`.

No password reaches into the next parameter of a URL, as in `?at=12:30&to=ada@…`.
"""

_CREDENTIALS = re.compile(
    r"(?<![\w-])(?P<before>(?:basic|bearer|negotiate|ntlm|token|apikey)[ \t]++)(?!realm=\")"
    r"(?P<value>[A-Za-z0-9._~+/-]{4,}+=*+)",
    re.IGNORECASE,
)
"""Credentials behind the name of their scheme (RFC 9110 §11.4), but no challenge such as `BASIC REALM="…"`."""

_BEFORE_PARAMETER = ("?", "&", "#", ";", r"\u0026", r"\x26")
_UP_TO_A_QUOTE = re.compile(r"(?>(?:[^?&#;\r\n\"<>'`]*+['`])+)|[ \t]*+[=!~<>]{1,3}[ \t]*+\"[^\"]*+\"?")

_FULL_WIDTH_SIGN = re.compile("[：＝]|ï¼[\x9a\x9d]")
"""The signs of `COLON` that may stand in a value, too."""

_CONTAINER = re.compile(r"[\[{]")

_OPENED = re.compile(r"\\*+['\"]")
_SURROUNDED = re.compile(r"[\w.$@*]{0,16}\\*+[\[{(\"'`]")
_SINGLE_QUOTED = re.compile(r"'(?P<string>(?>(?:[^'\\]|\\.)*))(?:'(?P<colon>\s*+:)?)?")
"""A string in single quotes, with the colon behind it if it is a name."""

_WORD_WITHIN = re.compile(r"(?<![^\s,:;\"'`()\[\]{}\\])[^\s,:;\"'`()\[\]{}\\]{6,}+(?!\\*+[\"']?\s*+:)")
"""A word or a number within brackets or quotes, in any notation, that is not the name of a member, and not short."""

_RUN_IN_PATH = re.compile(r"(?:[A-Za-z0-9_~+-]|%[0-9A-Fa-f]{2})+={0,2}")
_RUN = re.compile(r"(?:[A-Za-z0-9_~+/-]|%[0-9A-Fa-f]{2})+={0,2}")
_ENCODED_IN_PATH = re.compile(r"(?:[A-Za-z0-9_~+-]|%[0-9A-Fa-f]{2}|[.!*'()]{1,4}(?=[\w%/]))+={0,2}")
_ENCODED = re.compile(r"(?:[A-Za-z0-9_~+/-]|%[0-9A-Fa-f]{2}|[.!*'()]{1,4}(?=[\w%/]))+={0,2}")
"""The same with the other signs that encoders of URLs leave as they are, if a word or a folder follows them."""
_NAME_IN_PATH = re.compile(r"(?:[A-Za-z0-9_~+-]|%(?!2[0257F]|3[ADF]|5C)[0-9A-Fa-f]{2})+", re.IGNORECASE)
"""The name of a file or folder, up to a dot, or to a percent-encoded sign of `_STRUCTURE`."""

_BASE_64_IN_PATH = re.compile(r"[A-Za-z0-9+/]+={0,2}(?:\.[a-z]{2,5})?")
"""A name in a path, decoded, whose slashes may be letters of base 64, with an extension such as `.xml`."""

_WORD_OF_PATH = re.compile(r"(?:^|/)(?:[A-Z]?[a-z]{3,}|\d+(?:\.\d+)+|[a-z]+[.-][a-z.-]+)(?:/|$)")
_STRUCTURE = re.compile(r"[/?&=:\"'\\ ]")


def without_secrets(
    text: str,
    *,
    keep: Iterable[str] = (),
    known: Iterable[str] = (),
    shapes: bool = True,
    words: bool = True,
    mentions: bool = False,
) -> tuple[str, tuple[str, ...]]:
    """Return *text*, a URL or a header's value, with its secrets replaced, and a description of each of them.

    A description is "password", "parameter NAME", "text beside NAME", "credentials of SCHEME", "secret of the request",
    "value that is nested too deeply", or tells the length of a token, and the beginning of a long one: "token a8f5… (32
    characters)".

    The parameters named in *keep* stay. *known* are secrets that are replaced wherever they occur, unless they have
    fewer than 4 characters. If *shapes* is false, what looks like a token (except a JSON Web Token) and known secrets
    of fewer than 6 characters stay. If *words* is false, names of secrets are looked for in the parameters of URLs, in
    JSON and before lists and objects only; credentials after the name of a scheme are not looked for. If *mentions* is
    true, a text that compares the name of a secret with a string in quotes is replaced as a whole.
    """
    search = _Search(frozenset(name.lower() for name in keep), words, mentions)
    cleaned = without_known(text, known, short=shapes)
    if cleaned != text:
        search.found.append("secret of the request")
    text = cleaned
    return search.clean(text, shapes), tuple(dict.fromkeys(search.found))


@dataclass(slots=True)
class _Search:
    """The search for secrets in one text. *found* describes each of them, *values* has them as they are spelled there;
    the parameters in *keep* stay. *words* and *mentions* are as in `without_secrets`. *is_form* is True while a value
    is searched in which each `+` was replaced by a blank; the values within that value are not searched then.
    """

    keep: frozenset[str]
    words: bool = True
    mentions: bool = False
    found: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    is_form: bool = False

    def _note(self, description: str, value: str, mentioned: str = "") -> None:
        """Note a secret: the whole *value*, or, with *mentioned*, only what the value has beside that name."""
        self.found.append(description)
        self.values += parts_beside(value, mentioned) if mentioned else contents(value)

    def clean(self, text: str, shapes: bool, depth: int = 0) -> str:
        """Return *text* without its secrets. *shapes* is as in `without_secrets`; *depth* is the number of values that
        *text* is nested in.
        """
        for userinfo in (_USERINFO_OF_WHOLE, _USERINFO, _USERINFO_WITH_SIGNS):
            text = userinfo.sub(self._without_userinfo, text)
        text = _PLAIN_USERINFO.sub(self._without_password, text)
        text = clean_whole_urls(text, self.keep, self._note, DEEPEST)
        text = JWT.sub(self._without_token, text)
        if self.words:
            for openings in (OPENING_OTHER_QUOTE, PAIR_OF_STRINGS):
                text = self._replace(openings, text, Strings(text).behind)
            text = self._replace(PAIR_IN_BRACKETS, text, Strings(text).second_of_two)
            text = self._replace(PAIR_IN_LIST, text, value_in)
        text = self._replace(OPENING_QUOTE, text, self._value_in_quotes)
        text = self._clean_document(text, shapes, depth)  # first: `PAIR` does not end a value at `\u0026`
        text = MEMBER.sub(lambda match: self._clean_json(match, shapes, depth), text)
        text = self._replace(OPENING, text, container_behind)
        if self.words:
            text = _CREDENTIALS.sub(self._without_credentials, text)
            text = self._clean_colons(text)
        pairs = list(PAIR.finditer(text))
        names = frozenset(decoded(match["name"]).lower() for match in pairs) | login_beside(text)
        is_path = _is_path(text)
        paths = Paths(text)
        pieces: list[str] = []
        at = 0
        for pair in pairs:
            if pair.start() < at:
                continue
            match = pair
            if pair["before"] == ";" and is_secret(decoded(pair["name"]), names) and not paths.has(pair.start()):
                match = PAIR_OUTSIDE_PATH.match(text, pair.start()) or pair
            pieces.append(self._clean_words(is_path, text, at, match.start(group_of_value(match)), shapes, depth))
            value, at = self._clean_pair(text, match, shapes, depth, names)
            pieces.append(value)
        pieces.append(self._clean_words(is_path, text, at, len(text), shapes, depth))
        text = "".join(pieces)
        if self.words and self.mentions and (mentioned := mentioned_in_text(text, self.keep)):
            self._note(f"text beside {mentioned}", text, mentioned)
            return REPLACEMENT
        return text

    def _clean_pair(
        self, text: str, match: re.Match[str], shapes: bool, depth: int, names: frozenset[str]
    ) -> tuple[str, int]:
        """Return the value of a pair without its secrets, and where it ends in *text*.

        A value that mentions a secret, as in `?q=password like 'hunter2'`, ends behind the last quote in it.
        """
        start, end = match.span(group_of_value(match))
        rest = _UP_TO_A_QUOTE.match(text, match.end()) if match["before"] in _BEFORE_PARAMETER else None
        if rest is not None:
            name = decoded(match["name"])
            is_searched = name.lower() not in self.keep and not is_secret(name, names)
            if is_searched and self._is_comparison(name, text[start : rest.end()]):
                return REPLACEMENT, rest.end()
        return self._clean_value(match, shapes, depth, names), end

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
            if text[match.end() : end].strip('"') in NO_VALUES or text[match.end() : end] in EMPTY:
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
        place_behind: Callable[[str, re.Match[str]], Place | None],
    ) -> str:
        """Return *text* without the values behind the names of secrets that *openings* find.

        *place_behind* takes the text and a match of *openings*. It returns the place of the value, or None if there is
        nothing to replace.
        """
        pieces: list[str] = []
        at = 0
        for match in openings.finditer(text):
            name = decoded(match["name"])
            if match.start() < at or name.lower() in self.keep or not is_secret(name):
                continue
            place = place_behind(text, match)
            if place is None:
                continue
            self._note(f"parameter {name}", _unquoted(text[place.start : place.end]))
            pieces += (text[at : place.start], f"{place.quote}{REPLACEMENT}{place.quote}")
            at = place.end
        return "".join((*pieces, text[at:]))

    def _value_in_quotes(self, text: str, match: re.Match[str]) -> Place | None:
        """Return the place of a string behind a name that `OPENING_QUOTE` found."""
        if not self.words and not match["quote"]:
            return None  # it is not JSON
        if match["before"] and is_parameter(text, match):
            return None  # the letters before the quote are the value, and the quote ends the URL
        if match["sign"] == ":" and match["bracket"][:1] in ("[", "{"):
            return None  # `_clean_document` replaces it, or `container_behind`
        quote_sign, value, end = string_at(text, match.end())
        start = match.start("before")
        if match["bracket"]:
            end = end_of_container(text, start)
            value = text[start:end]
        if value.strip("\\'\"") in NO_VALUES:  # behind a cut string, the quote of an outer one may stand
            return None
        return Place(start, end, quote_sign)

    def _clean_string(self, match: re.Match[str], shapes: bool, depth: int) -> str:
        """Return the string of JSON in *match* without the secrets that are found once its escapes are undone: in a URL
        whose `&` is written `\\u0026`, or in JSON.
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
        group = group_of_value(match)
        before, after = match[0][: match.start(group) - match.start()], match[0][match.end(group) - match.start() :]
        value = self._clean_value(match, shapes, depth, frozenset())
        if group == "value" and value != match["value"]:
            value = f'"{value}"'  # the value was a number, and becomes a string
        return before + value + after

    def _clean_value(self, match: re.Match[str], shapes: bool, depth: int, names: frozenset[str]) -> str:
        name, value = decoded(match["name"]), match[group_of_value(match)]
        if name.lower() in self.keep or value.rstrip("\\") in NO_VALUES:
            return value
        of_url = match.re is MEMBER or match["before"] in _BEFORE_PARAMETER
        if (self.words or of_url) and is_secret(name, names):
            self._note(f"parameter {name}", value)
            return REPLACEMENT
        if of_url and is_login(name, value):
            self._note(f"parameter {name}", value)
            self.values.append(re.split("[:|]", unquote(value), maxsplit=1)[1])
            return REPLACEMENT
        compared = value if match.re is not MEMBER else value.split(" ", 1)[0]  # a member may be a sentence
        if of_url and self._is_comparison(name, compared):
            return REPLACEMENT
        return self._clean_within(value, shapes and _PUBLIC_PARAMETERS.fullmatch(name) is None, depth)

    def _is_comparison(self, name: str, value: str) -> bool:
        """Return whether the *value* of the parameter *name* mentions a secret, and note it."""
        mentioned = mentioned_in_value(value, self.keep)
        if mentioned:
            self._note(f"parameter {name}", value, mentioned)
            return True
        return False

    def _clean_within(self, value: str, shapes: bool, depth: int) -> str:
        """Return a parameter's *value* without the secrets in it; it may be a URL, percent-encoded or not."""
        if depth >= DEEPEST:
            if not _STRUCTURE.search(decoded(value)):
                return value
            self.found.append(_TOO_DEEP)
            return REPLACEMENT
        if self.is_form:
            return value
        if "+" in value:  # in the encoding of a form, it stands for a blank; but tokens may have a "+" in them
            self.is_form = True
            plain = unquote_plus(value, "latin-1")
            cleaned = self.clean(plain, False, depth + 1)
            self.is_form = False
            value = value if cleaned == plain else encoded_like(value, plain, cleaned, plus_is_blank=True)
        plain = unquote(value, "latin-1")
        cleaned = self.clean(plain, shapes, depth + 1)
        if cleaned == plain:
            return value
        return cleaned if plain == value else encoded_like(value, plain, cleaned)

    def _clean_words(self, is_path: bool, text: str, start: int, end: int, shapes: bool, depth: int) -> str:
        """Return *text* from *start* to *end*, a path or words between parameters, without the secrets in what is
        percent-encoded there, and without what looks like a token. *is_path* is what `_is_path` returns.
        """
        runs, encoded = (_RUN_IN_PATH, _ENCODED_IN_PATH) if is_path else (_RUN, _ENCODED)
        pieces: list[str] = []
        for match in encoded.finditer(text, start, end):
            if "%" in match[0] and _has_structure(decoded(match[0])):
                middle = self._end_of_name(text, match)
                pieces.append(self._clean_runs(runs, text, start, middle, shapes))
                pieces.append(self._clean_part_of_path(text, middle, match.end(), shapes, depth))
                start = match.end()
        pieces.append(self._clean_runs(runs, text, start, end, shapes))
        return "".join(pieces)

    def _end_of_name(self, text: str, match: re.Match[str]) -> int:
        """Return the end of the name at the beginning of *match*, which is percent-encoded, if the folder before it
        says what the name is, as in `/token/a1b2c3.xml%3Fpage%3D2`; otherwise the start of *match*.
        """
        name = _NAME_IN_PATH.match(text, match.start(), match.end())
        if name is None:
            return match.start()
        plain = unquote(name[0], "latin-1")
        before = text[max(0, match.start() - _LONGEST_FOLDER) : match.start()]
        is_public = _PUBLIC_FOLDER.search(before) is not None and looks_like_token(plain)
        return name.end() if is_public or looks_labelled(plain, before) else match.start()

    def _clean_part_of_path(self, text: str, start: int, end: int, shapes: bool, depth: int) -> str:
        """Return *text* from *start* to *end*, which is percent-encoded, without its secrets. If there is a slash
        before it, it is read as a path: `/email%3Aada%40example.com` has no password.
        """
        if start == 0 or text[start - 1] != "/":
            return self._clean_within(text[start:end], shapes, depth)
        return self._clean_within(text[start - 1 : end], shapes, depth).removeprefix("/")

    def _clean_runs(self, runs: re.Pattern[str], text: str, start: int, end: int, shapes: bool) -> str:
        """Return *text* from *start* to *end* without those of its *runs* that look like tokens."""

        def replaced(match: re.Match[str]) -> str:
            run = match[0]
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
        if password in NO_PASSWORDS or looks_like_token(name):  # the name is a token: https://TOKEN@example.org/
            self.values.append(name)
        if password not in NO_PASSWORDS:
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

    def _clean_colons(self, text: str) -> str:
        """Return *text* without the values that `COLON` finds behind names of secrets. What stands behind a name may be
        a name itself, as in `error: token: abc`; if both are names of secrets, the second one and its value are
        replaced. No character is read more than three times.
        """
        pieces: list[str] = []
        at = start = 0
        while (match := COLON.search(text, start)) is not None:
            name, value = match["name"], match["value"]
            is_found = is_secret(name) and name.lower() not in self.keep and value not in NO_VALUES
            if is_found:
                self._note(f"parameter {name}", value)
                pieces += (text[at : match.start("value")], REPLACEMENT)
                at = match.end()
            is_read = is_found or _FULL_WIDTH_SIGN.search(match[0], 0, match.start("value") - match.start())
            start = match.end() if is_read and _FULL_WIDTH_SIGN.search(value) else match.start("value")
        return "".join((*pieces, text[at:]))

    def _without_token(self, match: re.Match[str]) -> str:
        start = f"{match[0][:4]}… " if len(match[0]) >= SHORTEST else ""  # four of six characters would give it away
        self._note(f"token {start}({len(match[0])} characters)", match[0])
        return REPLACEMENT


def _unquoted(text: str) -> str:
    """Return *text* without the quotes around it, before which backslashes may stand."""
    opening = _OPENED.match(text)
    return text if opening is None else text[opening.end() :].removesuffix(opening[0])


def contents(value: str) -> list[str]:
    """Return the secrets in *value*, which belongs to the name of a secret: the whole of it, since a password may begin
    with a bracket. If brackets or quotes surround it, its strings are secrets, too, and its numbers and words that are
    not short; names of members are not.
    """
    if value in NO_VALUES:
        return []
    plain = decoded(value)
    if not _SURROUNDED.match(plain):
        return [value]
    strings = [unescaped(each["string"]) for each in TOKEN.finditer(plain) if _is_content(each)]
    strings += [each["string"] for each in _SINGLE_QUOTED.finditer(plain) if each["colon"] is None]
    strings += _WORD_WITHIN.findall(plain)
    return [each for each in (value, *strings) if each not in NO_VALUES]


def _is_content(token: re.Match[str]) -> bool:
    """Return whether a *token* of JSON is a string, but not the name of a member."""
    return token["string"] is not None and token["colon"] is None


def _has_structure(plain: str) -> bool:
    """Return whether *plain*, which was percent-encoded, may be a path, a query or another notation, or has quotes or
    blanks. In base 64, a slash is no sign of that.
    """
    if "/" in plain and _BASE_64_IN_PATH.fullmatch(plain) and not (_is_path(plain) or _has_telling_folder(plain)):
        return False
    return _STRUCTURE.search(plain) is not None


def _has_telling_folder(path: str) -> bool:
    """Return whether the name of a folder in *path* says that a secret, or a public hash, is in it, as in `KEY/a1b2c3`
    and `md5/…`.
    """
    return any(
        looks_labelled(name, f"/{folder}/") or _PUBLIC_FOLDER.search(f"/{folder}/")
        for folder, name in pairwise(path.split("/"))
    )


def _is_path(text: str) -> bool:
    """Return whether slashes in *text* separate the names of a path; otherwise they may be letters of base 64."""
    return "://" in text or text.startswith(("/", "?", "#", "<", ".")) or _WORD_OF_PATH.search(text) is not None


def secrets_in(text: str, keep: frozenset[str] = frozenset(), *, shapes: bool = True) -> tuple[str, ...]:
    """Return the secrets that `without_secrets` replaces in a URL, or in the value of a header, so that other texts can
    be searched for them. *shapes* is as there.

    They are spelled as in the text, but the encoding of a value that they are nested in is undone.
    """
    search = _Search(keep, mentions=True)
    search.clean(text, shapes)
    return tuple(dict.fromkeys(search.values))
