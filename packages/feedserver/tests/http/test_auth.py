"""Logins: who is let in, and how others are answered (sections are those of RFC 9110 unless another is named)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from feedserver.http.negotiation import select
from feedserver.messages.headers import Headers
from feedserver.messages.request import Request
from feedserver.messages.response import Response


def get(*fields: tuple[str, str | bytes], method: str = "GET") -> Request:
    return Request(method, "/feed.xml", headers=Headers(fields))


def feed(*fields: tuple[str, str | bytes], body: bytes = b"0123456789", **options: Any) -> Response:
    return Response(body, headers=Headers(fields), **options)


def status(request: Request, response: Response) -> int:
    return select(request, response).status


class TestAuth:
    """§11.6, RFC 7617 for Basic, RFC 6750 for Bearer."""

    BASIC = 'Basic realm="feedserver", charset="UTF-8"'
    BEARER = 'Bearer realm="feedserver"'
    WRONG_TOKEN = 'Bearer realm="feedserver", error="invalid_token"'

    @pytest.mark.parametrize(
        ("auth", "authorization"),
        [
            pytest.param("Basic user:pass", "Basic dXNlcjpwYXNz", id="Basic"),
            pytest.param("Basic user:pass", "bAsIc   dXNlcjpwYXNz ", id="a scheme has no case (§11.1)"),
            pytest.param("Basic user:", "Basic dXNlcjo=", id="an empty password"),
            pytest.param("Basic u:a:b", "Basic dTphOmI=", id="a colon in the password (RFC 7617 §2)"),
            pytest.param("Basic jörg:süß", f"Basic {b64encode('jörg:süß'.encode()).decode()}", id="UTF-8"),
            pytest.param("Bearer abc.def-1~+/=", "Bearer abc.def-1~+/=", id="Bearer"),
            pytest.param("Bearer abc", "bearer abc", id="Bearer in lower case"),
            pytest.param("Bearer abc", "\tBearer abc\t", id="white space around it (§5.5)"),
        ],
    )
    def test_lets_the_right_credentials_in(self, auth: str, authorization: str) -> None:
        response = feed(auth=auth)

        assert select(get(("Authorization", authorization)), response) is response

    @pytest.mark.parametrize(
        ("auth", "fields", "challenge"),
        [
            pytest.param("Basic user:pass", [], BASIC, id="nothing"),
            pytest.param("Basic user:pass", ["Basic dXNlcjp3cm9uZw=="], BASIC, id="another password"),
            pytest.param("Basic user:pass", ["Basic user:pass"], BASIC, id="no base64"),
            pytest.param("Basic user:pass", ["Basic dXNlcjpwYXNz dXNlcjpwYXNz"], BASIC, id="two words"),
            pytest.param("Basic user:pass", ["Basic"], BASIC, id="a scheme alone"),
            pytest.param("Basic user:pass", ["Bearer dXNlcjpwYXNz"], BASIC, id="another scheme"),
            pytest.param("Basic user:pass", ["Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"], BASIC, id="twice"),
            pytest.param(
                "Basic jörg:x",
                [f"Basic {b64encode('jörg:x'.encode('latin-1')).decode()}"],
                BASIC,
                id="not UTF-8",
            ),
            pytest.param("Bearer abc", [], BEARER, id="no token: no error is named (RFC 6750 §3.1)"),
            pytest.param("Bearer abc", ["Basic dXNlcjpwYXNz"], BEARER, id="Basic where Bearer is due"),
            pytest.param("Bearer abc", ["Bearer"], BEARER, id="an empty token"),
            pytest.param("Bearer abc", ["Bearer abd"], WRONG_TOKEN, id="a wrong token"),
            pytest.param("Bearer abc", ["Bearer ABC"], WRONG_TOKEN, id="a token has case"),
        ],
    )
    def test_answers_401_with_a_challenge_to_others(self, auth: str, fields: list[str], challenge: str) -> None:
        answer = select(get(*[("Authorization", value) for value in fields]), feed(auth=auth))

        assert (answer.status, answer.reason) == (401, "Unauthorized")
        assert answer.headers.get_all("WWW-Authenticate") == [challenge]
        assert answer.body == b"401 Unauthorized: the request lacks the credentials that this resource asks for\n"

    def test_comes_before_conditions_and_reveals_nothing_about_the_resource(self) -> None:
        response = feed(("ETag", '"v1"'), ("Set-Cookie", "a=1"), auth="Basic user:pass", coding="gzip")

        answer = select(get(("If-None-Match", '"v1"')), response)

        assert answer.status == 401
        assert answer.coding is None
        assert sorted(answer.headers) == ["Content-Type", "WWW-Authenticate"]

    def test_protects_a_redirect_too(self) -> None:
        assert status(get(), feed(("Location", "/new"), status=301, auth="Basic user:pass")) == 401

    def test_sends_the_declared_challenges(self) -> None:
        response = feed(("www-authenticate", "Digest x"), ("WWW-Authenticate", "Basic y"), auth="Basic user:pass")

        assert select(get(), response).headers.get_all("WWW-Authenticate") == ["Digest x", "Basic y"]

    def test_omits_the_challenge_if_it_is_to_be_omitted(self) -> None:
        response = feed(auth="Basic user:pass", omit=["WWW-Authenticate"])

        assert "WWW-Authenticate" not in select(get(), response).headers
