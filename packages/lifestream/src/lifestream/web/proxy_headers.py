"""The headers by which a request shows that a proxy has passed it on (RFC 7239, RFC 9110 §7.6.3, and what proxies add).

A visitor behind a proxy is not the machine that is connected. A proxy that adds no header is not noticed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FORWARDED = "lifestream.forwarded"
"""In the environment of a request: whether a proxy has passed it on and the visitor's own address is not known."""

_OF_A_PROXY = re.compile(
    r"HTTP_(?:FORWARDED|VIA|MAX_FORWARDS|PROXY_.*|X_FORWARDED(?:_.*)?|X_ORIGINAL_.*|X_REAL_IP|X_ENVOY_.*|X_AMZN_TRACE_ID"
    r"|CDN_LOOP|(?:X_|CF_|TRUE_|FASTLY_|X_CLUSTER_|X_AZURE_|X_APPENGINE_)?"
    r"(?:CLIENT|CONNECTING|REMOTE|PROXYUSER|USER)_?(?:IP|ADDR))"
)


def came_through_proxy(environ: Mapping[str, Any]) -> bool:
    """Return whether the request with this *environ* (WSGI, PEP 3333) has a header of a proxy."""
    return any(environ[name] and _OF_A_PROXY.fullmatch(name) for name in environ if name.startswith("HTTP_"))
