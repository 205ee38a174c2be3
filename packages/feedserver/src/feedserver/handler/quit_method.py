"""QUIT: an HTTP method that ends a server, sent from this machine and never by a web page."""

from __future__ import annotations

import contextlib
import re
from functools import lru_cache

from feedserver.messages.request import Request

_OF_A_PROXY = (
    r"forwarded|via|max-forwards|proxy-.*|x-forwarded(?:-.*)?|x-original-.*|x-real-ip|x-envoy-.*|x-amzn-trace-id|cdn-loop"
    r"|(?:x-|cf-|true-|fastly-|x-cluster-|x-azure-|x-appengine-)?(?:client|connecting|remote|proxyuser|user)-?(?:ip|addr)"
)
"""Headers that proxies add (RFC 7239, RFC 9110 §7.6.3): the client is then not the machine that is connected."""

# These patterns are strings, which `re` compiles at their first use: to compile them here would delay the start of each
# server, and QUIT comes seldom.
_HOST = r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]*)?|[0-9a-f]*:[0-9a-f:.]+"


def quit_refusal(request: Request) -> str:
    """Return why a QUIT is refused, "" if it is obeyed.

    A QUIT must come from this machine, and not from a page in a browser. A Host that does not name this machine's
    loopback is a sign of DNS rebinding; a browser adds Origin to every request that a page makes with a method other
    than GET or HEAD. A proxy on this machine may forward requests of other machines; a proxy that adds no header is not
    noticed.
    """
    host = request.headers.get("Host", "").lower()
    parts = re.fullmatch(_HOST, host, re.ASCII)
    host_name = (parts[1] or host) if parts is not None else host
    if not request.target.startswith("/"):
        return "QUIT is obeyed in origin form only, as in 'QUIT / HTTP/1.1'"
    if "Origin" in request.headers:
        return "QUIT is not obeyed when it comes from a web page (it has an Origin)"
    for name in request.headers:
        if re.fullmatch(_OF_A_PROXY, name, re.IGNORECASE):
            return f"QUIT is not obeyed when it comes through a proxy (it has {name})"
    if not is_loopback(request.client):
        return f"QUIT is not obeyed from {request.client}, only from a loopback address of this machine"
    if host_name and not is_loopback(host_name.strip("[]")):
        return f"QUIT is not obeyed for the host {host_name}, only for a loopback address or localhost"
    return ""


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Return whether *host* is a loopback address, or localhost. Cached, since each start of a server calls it."""
    if host in ("127.0.0.1", "::1", "localhost"):
        return True
    import ipaddress  # imported late: most hosts are one of the three

    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        mapped = getattr(address, "ipv4_mapped", None)
        return bool((mapped or address).is_loopback)
    return False
