"""Which host a URL names: with its port, as servers are counted, and bare, as sites are known."""

from __future__ import annotations

from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """The host of *url* in lower case, with its port unless that is the scheme's own; "" if there is none."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return ""
    if ":" in host:
        host = f"[{host}]"
    return host if port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f"{host}:{port}"


def domain_of(url: str) -> str:
    """The host of *url* in lower case, without port and leading "www.": plugins and templates go by it."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
    return host.removeprefix("www.")
