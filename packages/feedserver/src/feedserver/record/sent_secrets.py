"""Which secrets a request sends: in its URL, and in its headers. An answer may repeat each of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import unquote, unquote_plus, urlsplit

from feedserver.record.known_secrets import SHORTEST, SHORTEST_IN_WORDS
from feedserver.record.mentions import mentioned_in_value, parts_beside
from feedserver.record.named_values import NO_VALUES
from feedserver.record.redaction import is_random_by_nature
from feedserver.record.secret_names import is_secret, says_login
from feedserver.record.secret_search import NO_PASSWORDS, contents, secrets_in
from feedserver.record.string_notations import unescaped
from feedserver.record.token_shapes import credentials_in

_ITEM = re.compile(
    r"(?P<name>[\w.~$%!#&*+^`|-]++)[ \t]*+=(?P<value>[ \t]*+\"[^\"]*\"|[^\s,;=][^\s,;]*)|(?P<word>[^\s,;]+)"
)
_LOGIN_SEPARATORS = re.compile("[:|]")
_PARTS = re.compile(r"[^\w+/=~-]+")
"""What joins the parts of a cookie, such as a name, a time and a signature."""

_CHOICE = re.compile("[a-z]{1,12}")
"""The value of a cookie that keeps a choice, such as `theme=dark` or `cookie_consent=accept`. Headers have such words,
too: `Vary: Accept-Encoding`.
"""
_COOKIE = re.compile("cookies?", re.IGNORECASE)
_SCHEMES = frozenset({"basic", "bearer", "digest", "negotiate", "token"})

_PROOFS = frozenset({"cnonce", "mac", "opaque", "response"})
"""Parameters of an Authorization that are secrets although their names do not say so (RFC 7616 §3.4)."""


def sent_secrets(url: str, headers: Iterable[tuple[str, str]], keep: frozenset[str]) -> set[str]:
    """Return the secrets in the *url* of a request and in its *headers*, as they are and with their encoding undone.

    The values of parameters in *keep* are not secrets. Secrets of fewer than 4 characters are left out.
    """
    values = {*secrets_in(url, keep), *_credentials_of(url)}
    for name, sent in headers:
        is_cookie = "cookie" in name.lower()
        value = _without_choices(sent) if is_cookie else sent
        values.update(secrets_in(value, keep, shapes=not is_random_by_nature(name)))
        if is_cookie:
            values.update(_in_cookies(value))
        elif is_secret(name) or says_login(name):
            values.update(_in_credentials(value))
            if not name.lower().endswith("authorization"):  # the first word of an Authorization is no secret
                values.update(contents(value.strip()))
    values.update([password for each in values for password in _passwords_in(each)])
    # A comment in parentheses, as in a User-Agent, may end behind the secret.
    values.update([each.removesuffix(")") for each in values if "(" not in each])
    decoded = {value for each in values for value in _decodings(each)}
    # An escape of JSON, or an argument that is no UTF-8, may stand for a half of a character, which nothing can send.
    sendable = {each.encode("utf-8", "replace").decode() for each in decoded}
    return {each for each in sendable if len(each) >= SHORTEST and each.lower() not in NO_VALUES}


def _decodings(value: str) -> Iterator[str]:
    """Yield *value* as it is, without its percent-encoding, and without the escapes of JSON in it; in the encoding of a
    form, `+` stands for a blank. UTF-8 that was read as ISO-8859-1, as headers are, is read as UTF-8, too.
    """
    undone = [undo(value, *encoding) for undo in (unquote, unquote_plus) for encoding in ((), ("latin-1",))]
    for each in dict.fromkeys((value, *undone)):
        yield each
        yield unescaped(each)
        with suppress(UnicodeError):
            yield each.encode("latin-1").decode("utf-8")


def _passwords_in(value: str) -> Iterator[str]:
    """Yield the password in *value* if that is a name and a password in base 64 (RFC 7617 §2). If the name is the
    secret, yield the name instead.
    """
    credentials = credentials_in(unquote(value))
    if credentials:
        name, _, password = credentials.partition(b":")
        secret = name if password.decode("latin-1") in NO_PASSWORDS else password
        yield secret.decode("utf-8", "replace")
        yield secret.decode("latin-1")


def _credentials_of(url: str) -> Iterator[str]:
    """Yield user and password of a *url* as they are sent, in base 64 (RFC 7617 §2), if it has a password."""
    parts = urlsplit(url)
    if parts.password:
        credentials = f"{unquote(parts.username or '')}:{unquote(parts.password)}"
        yield base64.b64encode(credentials.encode("utf-8", "replace")).decode("ascii")


def _without_choices(cookies: str) -> str:
    """Return *cookies* without those whose values are choices, unless the name says that the value is a secret."""

    def is_choice(pair: str) -> bool:
        name, is_pair, content = pair.partition("=")
        return bool(is_pair and _CHOICE.fullmatch(content.strip())) and not is_secret(_COOKIE.sub("", name))

    return ";".join(pair for pair in cookies.split(";") if not is_choice(pair))


def _in_cookies(value: str) -> Iterator[str]:
    for pair in value.split(";"):
        name, is_pair, content = pair.partition("=")
        content = (content if is_pair else name).strip().strip('"')  # a cookie may have no name
        if is_secret(name):
            yield from contents(content)
            parts = _PARTS.split(unquote(content))
            yield from (each for each in parts if len(each) >= SHORTEST_IN_WORDS and not each.isalpha())
            yield _LOGIN_SEPARATORS.split(content)[-1].strip("'\"}]")
        elif len(content) >= SHORTEST_IN_WORDS:
            yield content
        if mentioned := mentioned_in_value(content, frozenset()):
            yield from parts_beside(content, mentioned)


def _in_credentials(value: str) -> Iterator[str]:
    """Yield the secrets in the value of an Authorization or the like (RFC 9110 §11.4), whose first word is a scheme if
    more words follow.
    """
    scheme, _, rest = " ".join(value.split(None, 1)).partition(" ")
    if not rest and scheme.lower() in _SCHEMES:  # without a secret, as where a variable of the shell is empty
        return
    names_secrets = False
    for match in _ITEM.finditer(rest or scheme):
        if match["name"] is None:
            word = match["word"]
            yield word.strip('"')
            yield _LOGIN_SEPARATORS.split(word)[-1]
        elif match["name"].lower() in _PROOFS or is_secret(match["name"]):
            names_secrets = True
            yield match["value"].strip().strip('":')  # a value between colons is in base 64 (RFC 9651 §3.3.5)
    if not names_secrets:  # a token may have any sign in it, and look like a parameter or like two words
        whole = (rest or scheme).strip()
        yield whole
        yield _LOGIN_SEPARATORS.split(whole, maxsplit=1)[-1].strip(' ":')  # so may a password
