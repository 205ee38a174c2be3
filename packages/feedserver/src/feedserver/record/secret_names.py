"""Recognises the names of secrets: one list of words, for headers, cookies and parameters alike.

The percent-encoding of a name is undone, and variants of ASCII letters become ASCII. The name is split at everything
that is no letter, and at capitals: `X-AuthKey`, `auth%5Bkey%5D` and `auth_key2` have the parts `auth` and `key`. The
name is that of a secret if one of its parts

- is a word of the list;
- joins two words of the list, as `sesskey` does;
- joins a word of `_OWNERS` and a word of the list, as `userpwd` does;
- ends with one of `_ENDINGS`, as `phpsessid` does.

`is_secret` knows the exceptions, and some names that are secrets without such a part. Words of the list are compared
with whole parts, so `keyboard`, `monkey` and `author` are not names of secrets.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache
from itertools import pairwise
from urllib.parse import unquote

_WORDS = frozenset(
    {
        *("adgangskode", "apikey", "assertion", "auth", "authentication", "authkey", "authorization", "bearer"),
        *("contrasena", "cookie", "cred", "credential", "credentials", "creds", "crumb", "csrf", "dpop", "geheim"),
        *("geheimnis", "geslo", "haslo", "hdnea", "hdnts", "heslo", "hmac", "jelszo", "jwe", "jws", "jwt", "kennwort"),
        *("key", "keys", "losenord", "lozinka", "mdp", "mfa", "mnemonic", "motdepasse", "nonce", "oauth", "otp"),
        *("parola", "parool", "pass", "passcode", "passe", "passkey", "passord", "passphrase", "passwd", "password"),
        *(
            "passw",
            "passwords",
            "passwort",
            "passwrd",
            "psswd",
            "pswrd",
            "pword",
            "clave",
            "contrasenya",
            "pat",
            "pin",
            "pincode",
            "psk",
            "psw",
            "pswd",
            "pw",
            "pwd",
            "salasana",
            "saml",
        ),
        *("secret", "secrets", "senha", "sess", "sessid", "session", "sessions", "sid", "sifre", "sig", "signature"),
        *("ticket", "tickets", "tkn", "tok", "token", "tokens", "totp", "verifier", "wachtwoord", "xsrf"),
    }
)
_ENDINGS = (
    *("accesscode", "accesskey", "adminpw", "apikey", "appkey", "authcode", "authkey", "challengekey", "clientkey"),
    *("cookie", "credentials", "downloadkey", "encryptionkey", "feedkey", "functionskey", "invitecode", "licensekey"),
    *("loginkey", "masterkey", "nonce", "passphrase", "passwd", "password", "privatekey", "resourcekey", "rsskey"),
    *("samlart", "samlrequest", "samlresponse", "secret", "secretkey", "servicekey", "sessid", "sessionid"),
    *("sessionkey", "sharedkey", "sharekey", "signature", "signingkey", "streamkey", "subscriptionkey", "token"),
    *("tokens", "uploadkey", "userkey"),
)
"""The endings of lower-case compounds: `phpsessid`, `accesstoken`, `clientsecret`."""

_OWNERS = frozenset(
    {
        *("access", "admin", "api", "app", "basic", "client", "db", "ftp", "http", "ldap", "login", "mail", "my"),
        *("account", "aes", "gpg", "keystore", "link", "member", "mysql", "new", "old", "pgp", "priv", "proxy"),
        *("reset", "root", "rsa", "smtp", "ssh", "subscriber", "temp", "trust", "user", "web", "wifi"),
    }
)
"""Words before a word of the list in a lower-case compound: `userpwd`, `dbpass`, `proxyauth`."""

_CODES = frozenset(
    {
        *("access", "activation", "authorisation", "backup", "confirmation", "device", "fa", "invitation", "invite"),
        *(
            "door",
            "factor",
            "login",
            "one",
            "onetime",
            "recovery",
            "reset",
            "security",
            "sms",
            "unlock",
            "user",
            "verification",
            "verify",
        ),
    }
)
"""Words that make a `code` in the same name a secret: `X-Recovery-Code`, `invite_code`."""

_OTHER_SCRIPTS = re.compile("парол|секрет|токен|密码|密碼|口令|令牌|κωδικ|סיסמ", re.IGNORECASE)
"""Words for passwords and tokens in other scripts than Latin, without accents."""

_LONGEST = max(map(len, _WORDS | _OWNERS))

_ASP_SESSION = re.compile(r"aspsessionid[a-z]*")

_NO_SECRET_KEYS = frozenset(
    {
        *("cache", "foreign", "group", "idempotency", "object", "partition", "primary", "public", "row", "sort"),
        *("surrogate", "websocket"),
    }
)
"""Words that make a `key` in the same name harmless: Surrogate-Key, sort_key."""

_WHERE_AND_WHAT = frozenset(
    {
        *("alg", "algorithm", "count", "enabled", "endpoint", "endpoints", "expiration", "expires", "expiry", "length"),
        *("lifetime", "limit", "method", "methods", "name", "realm", "remaining", "required", "scope", "scopes"),
        *("status", "supported", "ttl", "type", "types"),
        *("uri", "uris", "url", "urls"),
    }
)
"""The last words of names whose values are a place, a kind, a number or a time, and no secrets: `authorization_uri`,
`token_type`, `session_ttl`.
These values are still searched for secrets.
"""

_LOGINS = frozenset({"login", "logon", "signin", "signon"})

_NAME_AND_PASSWORD = re.compile(
    r"(?!(?:acct|did|mailto|sips?|urn|xmpp):|(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T)?[0-9]{1,2}:[0-9]{2}(?:[:.,+Z-][0-9:.,+Z-]*+)?$)"
    r"[^ \t-\r:|/,;]+[:|](?!//)[^ \t-\r]+"
)
"""A name and a password, as in `ada:secret`, but no URI and no time of a login. The UTF-8 of `à`, read as ISO 8859-1,
has a U+00A0 in it, which is no blank here.
"""

_LOGIN = "/login"
"""A mark that is added to the names of a URL's parameters if logins redirect to the URL's path. The slash tells it from
the names of parameters.
"""

_OF_A_LOGIN = re.compile(
    r"/(?:[\w-]*callback|oauth2?|oidc|sso|auth|authorize|authorise|log-?in|sign-?in|saml2?)(?:/[\w.-]*)?\?",
    re.IGNORECASE,
)

_ONLY_BESIDE = {
    # RFC 6749 §4.1.2 and §4.1.3, RFC 9207: the redirect of a login, and the request that exchanges its code for a token
    "code": frozenset(
        {
            *("state", "session_state", "iss", "client_id", "redirect_uri", "grant_type", "code_verifier", "authuser"),
            _LOGIN,
        }
    ),
    "state": frozenset({"code"}),
    "relaystate": frozenset({"samlresponse", "samlrequest", "samlart"}),
    "policy": frozenset({"signature"}),  # signed URLs of CloudFront and S3
    # Links that expire, such as those of nginx's module secure_link, or that belong to a key, as in Full-Text RSS: the
    # hash is the signature.
    **dict.fromkeys(("hash", "md5", "sha1", "sha256"), frozenset({"e", "exp", "expire", "expires", "expiry", "key"})),
}

_WITH_A_STROKE = str.maketrans("łŁøØđĐı", "lLoOdDi")
"""Letters that Unicode does not decompose, and the letters of ASCII that replace them."""

_SEPARATED = re.compile(r"[^A-Za-z]+")
_CAPITALS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@lru_cache(maxsize=1024)
def is_secret(name: str, beside: frozenset[str] = frozenset()) -> bool:
    """Return whether the *name* of a header, cookie or parameter says that its value is a secret.

    *beside* are the names, in lower case, of the other parameters: `code` is a secret only beside `state` and the like.
    """
    name = _in_ascii(decoded(name))
    if _OTHER_SCRIPTS.search(name):
        return True
    pieces = [piece for piece in _SEPARATED.split(name) if piece]
    *_, last = ["", *(part.lower() for piece in pieces for part in _CAPITALS.findall(piece))]
    parts = {piece.lower() for piece in pieces} | {
        part.lower() for piece in pieces for part in _CAPITALS.findall(piece)
    }
    words = {
        part
        for part in parts
        if part in _WORDS or part.endswith(_ENDINGS) or _ASP_SESSION.fullmatch(part) or _joins_words(part)
    }
    if last in _WHERE_AND_WHAT and not words & {"secret", "secrets"} and words:
        return False
    if words and words <= {"key", "keys"} and parts & _NO_SECRET_KEYS:
        return False
    if last in ("code", "codes") and parts & _CODES:
        return True
    return bool(words) or bool(_ONLY_BESIDE.get(name.lower(), frozenset()) & beside)


def _joins_words(part: str) -> bool:
    if len(part) > 2 * _LONGEST:
        return False
    return any(part[at:] in _WORDS and (part[:at] in _WORDS or part[:at] in _OWNERS) for at in range(2, len(part)))


def login_beside(text: str) -> frozenset[str]:
    """Return the mark of a login, for the *beside* of `is_secret`, if a URL in *text* has a path to which logins
    redirect.
    """
    return frozenset({_LOGIN}) if _OF_A_LOGIN.search(text) else frozenset()


def is_login(name: str, value: str) -> bool:
    """Return whether the *name* of a header or a parameter says that its *value* is used to log in, and the value
    contains a password.
    """
    return says_login(decoded(name)) and _NAME_AND_PASSWORD.fullmatch(unquote(value.strip())) is not None


def says_login(name: str) -> bool:
    """Return whether the *name* of a header or a parameter says that its value is used to log in."""
    parts = [part.lower() for part in _CAPITALS.findall(name)]
    if parts and parts[-1] in _WHERE_AND_WHAT:
        return False
    pairs = ["".join(pair) for pair in pairwise(parts)]
    return not _LOGINS.isdisjoint((*parts, *pairs))


def _in_ascii(name: str) -> str:
    """Return *name* with the letters of ASCII in place of their variants, such as full-width ones or `ñ`. UTF-8 that
    was read as ISO-8859-1, as headers and URLs are, is read as UTF-8.
    """
    if name.isascii():
        return name
    with suppress(UnicodeError):
        name = name.encode("latin-1").decode("utf-8")
    # Each character is normalized by itself: to sort the marks of a long name would take time quadratic in their
    # number.
    letters = "".join(unicodedata.normalize("NFKD", character) for character in name.translate(_WITH_A_STROKE))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def decoded(text: str, times: int = 5) -> str:
    """Return *text* with its percent-encoding undone: at most *times* times, if it was encoded repeatedly."""
    for _ in range(times):
        plain = unquote(text, "latin-1")
        if plain == text:
            break
        text = plain
    return text
