"""The address of a request: proxies are believed if they are trusted, and a site may have one public URL."""

from __future__ import annotations

from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from lifestream.site.public_address import PublicAddress
from lifestream.site.trusted_proxies import trusted
from lifestream.web.proxy_headers import FORWARDED as UNKNOWN

PROXY, VISITOR = "10.0.0.2", "203.0.113.7"


def seen(public_url: str = "", proxies: tuple[str, ...] = ("10.0.0.0/8",), ours: bool = True, **sent: Any) -> Any:
    """Return the environ that the application gets for a request with *sent*, by default from the proxy."""
    environ: dict[str, Any] = {
        "HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": PROXY, "PATH_INFO": "/main/", "SCRIPT_NAME": "", **sent,
    }  # fmt: skip
    setup_testing_defaults(environ)
    found: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: Any) -> list[bytes]:
        found.update(environ)
        return []

    PublicAddress(application, public_url, trusted(proxies), lambda _host: ours)(environ, lambda *_: lambda _: None)
    return found


def address_of(environ: Any) -> tuple[str, str, str]:
    return environ["wsgi.url_scheme"], environ["HTTP_HOST"], environ["REMOTE_ADDR"]


FORWARDED: dict[str, Any] = {
    "HTTP_X_FORWARDED_FOR": VISITOR,
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "planet.example",
}


class TestForwardedHeaders:
    def test_a_trusted_proxy_is_believed(self) -> None:
        assert address_of(seen(**FORWARDED)) == ("https", "planet.example", VISITOR)

    @pytest.mark.parametrize("address", [VISITOR, "127.0.0.1", "", "localhost", "::1", "nonsense"])
    def test_headers_of_a_client_that_is_no_trusted_proxy_are_ignored(self, address: str) -> None:
        environ = seen(**FORWARDED, REMOTE_ADDR=address)
        assert address_of(environ) == ("http", "127.0.0.1:8000", address)
        assert not [name for name in environ if "FORWARDED" in name]

    def test_by_default_no_proxy_is_trusted(self) -> None:
        assert address_of(seen(proxies=(), **FORWARDED)) == ("http", "127.0.0.1:8000", PROXY)

    def test_a_unix_socket_can_be_trusted(self) -> None:
        assert address_of(seen(proxies=("unix",), **FORWARDED, REMOTE_ADDR=""))[:2] == ("https", "planet.example")

    @pytest.mark.parametrize(
        ("chain", "visitor"),
        [
            (f"{VISITOR}, 10.0.0.9", VISITOR),  # two proxies
            (f"1.2.3.4, {VISITOR}", VISITOR),  # the visitor has sent the first itself
            (f"{VISITOR}, 10.0.0.9, 10.0.0.8", VISITOR),
            ("", PROXY),
            ("unknown", PROXY),
            (f"1.2.3.4, unknown, {VISITOR}", VISITOR),
            ("1.2.3.4, unknown, 10.0.0.9", "10.0.0.9"),
            ("2001:db8::7", "2001:db8::7"),
        ],
    )
    def test_the_visitor_is_the_last_address_that_is_no_proxy(self, chain: str, visitor: str) -> None:
        assert seen(HTTP_X_FORWARDED_FOR=chain)["REMOTE_ADDR"] == visitor

    @pytest.mark.parametrize(
        ("sent", "is_unknown"),
        [
            ({}, False),  # this machine asks the site itself
            ({"HTTP_X_FORWARDED_FOR": VISITOR}, False),
            ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),  # a browser on the machine of the proxy
            ({"HTTP_X_FORWARDED_PROTO": "https"}, True),  # the proxy does not say whom it serves
            ({"HTTP_X_FORWARDED_HOST": "planet.example", "HTTP_X_FORWARDED_FOR": ""}, True),
            ({"HTTP_X_FORWARDED_FOR": "127.0.0.1, unknown"}, True),
            ({"HTTP_X_FORWARDED_FOR": "127.0.0.1, 203.0.113.7:4711"}, True),  # as some proxies write it
            ({"HTTP_X_FORWARDED_FOR": "unknown, 127.0.0.1"}, True),
            ({"HTTP_FORWARDED": "for=203.0.113.7"}, True),
            ({"HTTP_VIA": "1.1 proxy"}, True),
            ({"HTTP_X_REAL_IP": VISITOR}, True),
            ({"HTTP_X_REAL_IP": VISITOR, "HTTP_X_FORWARDED_FOR": VISITOR}, False),
        ],
    )
    def test_a_visitor_whom_the_proxy_does_not_name_is_unknown(self, sent: Any, is_unknown: bool) -> None:
        assert seen(proxies=("127.0.0.1",), REMOTE_ADDR="127.0.0.1", **sent)[UNKNOWN] is is_unknown

    def test_an_address_of_ipv4_in_ipv6_is_the_same_proxy(self) -> None:
        assert address_of(seen(**FORWARDED, REMOTE_ADDR=f"::ffff:{PROXY}"))[2] == VISITOR

    def test_of_several_schemes_and_hosts_the_last_is_used(self) -> None:
        environ = seen(HTTP_X_FORWARDED_PROTO="http, https", HTTP_X_FORWARDED_HOST="evil.example, planet.example")
        assert address_of(environ)[:2] == ("https", "planet.example")

    @pytest.mark.parametrize("scheme", ["", "ftp", "javascript"])
    def test_another_scheme_is_ignored(self, scheme: str) -> None:
        assert seen(HTTP_X_FORWARDED_PROTO=scheme)["wsgi.url_scheme"] == "http"


class TestPublicUrl:
    URL = "https://planet.example"

    def test_the_public_url_is_the_address_of_each_request(self) -> None:
        assert address_of(seen(self.URL, proxies=()))[:2] == ("https", "planet.example")

    def test_a_port_stays(self) -> None:
        assert seen("https://planet.example:8443")["HTTP_HOST"] == "planet.example:8443"

    def test_a_host_that_is_not_ours_stays_so_that_django_refuses_it(self) -> None:
        assert address_of(seen(self.URL, ours=False, HTTP_HOST="evil.example"))[:2] == ("http", "evil.example")

    def test_a_trusted_proxy_can_set_the_scheme(self) -> None:
        assert seen(self.URL, HTTP_X_FORWARDED_PROTO="http")["wsgi.url_scheme"] == "http"

    def test_an_untrusted_client_cannot_set_the_scheme(self) -> None:
        assert seen(self.URL, proxies=(), HTTP_X_FORWARDED_PROTO="http")["wsgi.url_scheme"] == "https"

    @pytest.mark.parametrize(
        ("sent", "path"),
        [("/main/", "/main/"), ("/planet/main/", "/main/"), ("/planet", ""), ("/planets/", "/planets/")],
    )
    def test_a_site_below_a_path_is_found_whether_the_proxy_takes_the_path_off_or_not(
        self, sent: str, path: str
    ) -> None:
        environ = seen(f"{self.URL}/planet", PATH_INFO=sent)
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/planet", path)


def test_an_invalid_network_is_refused() -> None:
    with pytest.raises(ValueError, match="nginx"):
        trusted(["nginx"])
