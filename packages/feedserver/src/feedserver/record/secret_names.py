"""Which names say that what they name is a secret: one list of words, for headers, cookies and parameters alike.

A name is taken apart at everything that is no letter, and at capitals, after its percent-encoding is undone:
`X-AuthKey`, `auth%5Bkey%5D` and `auth_key2` have the same parts. A part that is one of the words makes the name one of
a secret. No word is searched for within a part, so `keyboard`, `monkey` and `author` are none.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

_WORDS = frozenset(
    {
        *("apikey", "assertion", "auth", "authentication", "authkey", "authorization", "bearer", "cookie"),
        *("credential", "credentials", "creds", "csrf", "dpop", "hmac", "jwe", "jws", "jwt", "kennwort", "key", "keys"),
        *(
            "mfa",
            "nonce",
            "oauth",
            "otp",
            "pass",
            "passcode",
            "passkey",
            "passphrase",
            "passwd",
            "password",
            "passwords",
            "passwort",
        ),
        *(
            "pin",
            "psk",
            "pw",
            "pwd",
            "saml",
            "secret",
            "secrets",
            "sess",
            "sessid",
            "session",
            "sessions",
            "sid",
            "sig",
            "signature",
        ),
        *("ticket", "tickets", "tok", "token", "tokens", "totp", "verifier", "xsrf"),
    }
)
_ENDINGS = (
    *("accesskey", "apikey", "appkey", "authkey", "clientkey", "cookie", "credentials", "encryptionkey", "feedkey"),
    *("functionskey", "licensekey", "masterkey", "passphrase", "passwd", "password", "privatekey", "rsskey"),
    *("samlart", "samlrequest", "samlresponse", "secret", "secretkey", "servicekey", "sessid", "sessionid"),
    *("sharedkey", "signature", "signingkey", "streamkey", "subscriptionkey", "token", "tokens", "userkey"),
)
"""What lower-case compounds end in: `phpsessid`, `accesstoken`, `clientsecret`."""

_ASP_SESSION = re.compile(r"aspsessionid[a-z]*")

_NO_SECRET_KEYS = frozenset(
    {
        *("cache", "foreign", "group", "idempotency", "object", "partition", "primary", "public", "row", "sort"),
        *("surrogate", "websocket"),
    }
)
"""What stands beside `key` where it unlocks nothing: Surrogate-Key, sort_key."""

_WHERE_AND_WHAT = frozenset(
    {
        *("alg", "algorithm", "count", "endpoint", "endpoints", "expires", "expiry", "length", "lifetime", "limit"),
        *("method", "methods", "name", "realm", "remaining", "required", "supported", "ttl", "type", "types"),
        *("uri", "uris", "url", "urls"),
    }
)
"""What a name ends in that says where something is had, or of which kind it is: `authorization_uri`, `token_type`. What
stands there is still looked at."""

_LOGIN = "/login"
"""Stands among the names beside a parameter where the path is that of a login's answer; no parameter has a slash."""

_OF_A_LOGIN = re.compile(
    r"/(?:[\w-]*callback|oauth2?|oidc|sso|auth|authorize|authorise|log-?in|sign-?in|saml2?)(?:/[\w.-]*)?\?",
    re.IGNORECASE,
)

_ONLY_BESIDE = {
    # RFC 6749 §4.1.2 and §4.1.3, RFC 9207: the answer of a login, and what it is exchanged with
    "code": frozenset(
        {
            *("state", "session_state", "iss", "client_id", "redirect_uri", "grant_type", "code_verifier", "authuser"),
            _LOGIN,
        }
    ),
    "state": frozenset({"code"}),
    "relaystate": frozenset({"samlresponse", "samlrequest", "samlart"}),
    "policy": frozenset({"signature"}),  # signed URLs of CloudFront and S3
}

_SEPARATED = re.compile(r"[^A-Za-z]+")
_CAPITALS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@lru_cache(maxsize=1024)
def is_secret(name: str, beside: frozenset[str] = frozenset()) -> bool:
    """Return whether the *name* of a header, cookie or parameter says that its value is a secret.

    *beside* are the names, in lower case, of the other parameters: `code` is a secret beside `state` alone.
    """
    pieces = [piece for piece in _SEPARATED.split(decoded(name)) if piece]
    *_, last = ["", *(part.lower() for piece in pieces for part in _CAPITALS.findall(piece))]
    parts = {piece.lower() for piece in pieces} | {
        part.lower() for piece in pieces for part in _CAPITALS.findall(piece)
    }
    words = {part for part in parts if part in _WORDS or part.endswith(_ENDINGS) or _ASP_SESSION.fullmatch(part)}
    if last in _WHERE_AND_WHAT and not words & {"secret", "secrets"} and words:
        return False
    if words and words <= {"key", "keys"} and parts & _NO_SECRET_KEYS:
        return False
    return bool(words) or bool(_ONLY_BESIDE.get(decoded(name).lower(), frozenset()) & beside)


def login_beside(text: str) -> frozenset[str]:
    """Return what stands beside the parameters of a URL in *text*, where its path is that of a login's answer."""
    return frozenset({_LOGIN}) if _OF_A_LOGIN.search(text) else frozenset()


def says_login(name: str) -> bool:
    """Return whether the *name* of a header says that somebody logs in by it."""
    return not {part.lower() for part in _SEPARATED.split(name)}.isdisjoint({"login", "logon", "signin"})


def decoded(text: str, times: int = 5) -> str:
    """Return *text* without its percent-encoding, however often it was encoded, up to so many *times*."""
    for _ in range(times):
        plain = unquote(text, "latin-1")
        if plain == text:
            break
        text = plain
    return text
