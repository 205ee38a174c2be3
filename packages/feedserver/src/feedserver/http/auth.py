"""Compare the Authorization field of a request with the credentials that a response requires.

Credentials are compared in the form in which a client sends them, so nothing that it sends can fail to decode, and in
constant time, as real servers do.
"""

from __future__ import annotations

from binascii import b2a_base64

from feedserver.messages.headers import to_bytes
from feedserver.messages.request import Request
from feedserver.messages.response import Auth

REALM = "feedserver"


def challenge(request: Request, auth: Auth) -> str | None:
    """Return the WWW-Authenticate value for a request without these credentials, or None for one with them.

    Basic credentials are expected in UTF-8, and the challenge says so (RFC 7617 §2.1). The error of a wrong Bearer
    token is "invalid_token"; if no token was sent, no error is named (RFC 6750 §3.1).
    """
    from hmac import compare_digest  # which loads OpenSSL: a server without credentials does not need it

    scheme, sent = _sent(request)
    if scheme == auth.scheme.lower().encode("ascii") and compare_digest(sent, _expected(auth)):
        return None
    if auth.scheme == "Basic":
        return f'Basic realm="{REALM}", charset="UTF-8"'
    error = ', error="invalid_token"' if scheme == b"bearer" and sent else ""
    return f'Bearer realm="{REALM}"{error}'


def _sent(request: Request) -> tuple[bytes, bytes]:
    """Return the scheme in lower case, since its case does not matter (RFC 9110 §11.1), and the credentials as sent.

    Authorization is no list: if a request has two such fields, neither is accepted.
    """
    values = [value for name, value in request.headers.raw if name.lower() == b"authorization"]
    if len(values) != 1:
        return b"", b""
    scheme, _, credentials = values[0].strip(b" \t").partition(b" ")
    return scheme.lower(), credentials.strip(b" ")


def _expected(auth: Auth) -> bytes:
    credentials = to_bytes(auth.credentials)
    return b2a_base64(credentials, newline=False) if auth.scheme == "Basic" else credentials
