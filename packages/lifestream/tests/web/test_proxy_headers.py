"""A request that a proxy has passed on is recognised by its headers."""

from __future__ import annotations

import pytest

from lifestream.web.proxy_headers import came_through_proxy


@pytest.mark.parametrize(
    "header",
    [
        "FORWARDED", "VIA", "MAX_FORWARDS", "PROXY_CONNECTION", "X_FORWARDED", "X_FORWARDED_FOR", "X_FORWARDED_PROTO",
        "X_ORIGINAL_HOST", "X_REAL_IP", "X_ENVOY_ATTEMPT_COUNT", "X_AMZN_TRACE_ID", "CDN_LOOP", "CLIENT_IP",
        "X_CLIENT_IP", "CF_CONNECTING_IP", "TRUE_CLIENT_IP", "FASTLY_CLIENT_IP", "X_CLUSTER_CLIENT_IP",
        "X_AZURE_CLIENTIP", "X_APPENGINE_USER_IP", "X_REMOTE_ADDR", "X_PROXYUSER_IP",
    ],
)  # fmt: skip
def test_headers_of_proxies_are_recognised(header: str) -> None:
    assert came_through_proxy({f"HTTP_{header}": "x"})
    assert not came_through_proxy({f"HTTP_{header}": ""})


def test_headers_of_a_browser_are_not_taken_for_those_of_a_proxy() -> None:
    sent = ("HOST", "USER_AGENT", "ACCEPT", "X_REQUESTED_WITH", "CONNECTION", "COOKIE", "DNT", "IF_NONE_MATCH")
    environ = {f"HTTP_{name}": "x" for name in sent}
    assert not came_through_proxy({**environ, "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0)})
