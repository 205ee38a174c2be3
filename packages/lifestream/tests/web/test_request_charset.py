"""Requests that name a charset: the bundled site reads all of them as UTF-8, and none is an error of the server."""

from __future__ import annotations

import io
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from factories import make_lifestream
from lifestream.site import wsgi
from lifestream.web.request_charset import LONGEST, in_utf8
from lifestream.web.wsgi_server import serve

# Codecs that are not for text, that decode nothing, and that turn harmless bytes into NULs and lone surrogates.
CHARSETS = (
    "rot13", "hex", "base64", "zlib", "bz2", "uu", "quopri", "idna", "punycode", "undefined", "unicode_escape",
    "raw_unicode_escape", "utf_7", "utf-16", "no-such", "",
)  # fmt: skip

HANDLER = WSGIHandler()


def answered(method: str, address: str, content_type: str, body: bytes = b"") -> str:
    """Return the status of the answer to a request that comes as from a WSGI server."""
    path, _, query = address.partition("?")
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    environ |= {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    setup_testing_defaults(environ)

    def django(environ: dict[str, Any], _start: object) -> str:
        # As WSGIHandler does, except for the signals, which would close the connection of the test.
        return str(HANDLER.get_response(WSGIRequest(environ)).status_code)

    status: str = in_utf8(django)(environ, print)
    return status


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("written", ["{}", '"{}"', "{}; a=b", "CHARSET"])
def test_no_charset_is_an_error_of_the_server(charset: str, written: str) -> None:
    make_lifestream("main")
    named = f"Charset*=utf-8''{charset}" if written == "CHARSET" else f"charset={written.format(charset)}"
    for address in ("/main/?a=%ff&before=", "/main/search/?q=%5cud800%5cx00+AAA-%ff", "/push/" + "k" * 43 + "?a=%ff"):
        assert answered("GET", address, f"text/plain;{named}")[0] in "24", address
    form = b'--B\r\nContent-Disposition: form-data; name="username"\r\n\r\na\\ud800\\x00+AAA-\r\n--B--\r\n'
    for content_type, body in (
        (f"multipart/form-data; boundary=B; {named}", form),
        (f"multipart/form-data; {named}; boundary=B", form),
        (f"application/x-www-form-urlencoded; {named}", b"username=%5cud800%ff"),
    ):
        assert answered("POST", "/admin/login/?next=%5cud800", content_type, body)[0] in "24"


@pytest.mark.parametrize(
    ("content_type", "left"),
    [
        ("", ""),
        ("text/plain", "text/plain"),
        ("multipart/form-data; charset=hex; boundary=B", "multipart/form-data; boundary=B"),
        ('multipart/form-data;boundary="a b" ;charset="x;y"', 'multipart/form-data;boundary="a b" '),
        ("text/plain; charset=a; CHARSET*0*=utf-8''hex;charset=b", "text/plain"),
        ("application/x-charset=1; a=b", "application/x-charset=1; a=b"),
    ],
)
def test_nothing_else_of_a_content_type_is_touched(content_type: str, left: str) -> None:
    received: list[str] = []

    def application(environ: dict[str, Any], _start: object) -> list[bytes]:
        received.append(environ["CONTENT_TYPE"])
        return []

    in_utf8(application)({"CONTENT_TYPE": content_type}, lambda *_: None)
    assert received == [left]


def test_every_way_to_serve_the_bundled_site_reads_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wsgi.application.__qualname__.startswith("in_utf8.")
    served: list[Any] = []

    def noted(application: Any, **_: Any) -> Any:
        served.append(application)
        raise ValueError

    monkeypatch.setattr("lifestream.web.wsgi_server.create_server", noted)
    with pytest.raises(OSError, match="no such address"):
        serve(WSGIHandler(), "127.0.0.1", 0, print)
    assert served[0].__qualname__.startswith("in_utf8.")


def test_a_content_type_that_is_too_long_counts_as_none() -> None:
    seen: list[str] = []

    def noting(environ: dict[str, Any], _start: object) -> None:
        seen.append(WSGIRequest(environ).environ["CONTENT_TYPE"])

    for content_type in (f'a="{";" * LONGEST}"', 'a="' + ";" * 600_000, ";" * 60_000, "a" * LONGEST):
        environ: dict[str, Any] = {"CONTENT_TYPE": content_type, "wsgi.input": io.BytesIO()}
        setup_testing_defaults(environ)
        in_utf8(noting)(environ, print)  # Django would take minutes for the second one
    assert seen == ["", "", "", "a" * LONGEST]
    assert answered("POST", "/account/login/", f"multipart/form-data; boundary={'B' * LONGEST}", b"--B") == "403"
