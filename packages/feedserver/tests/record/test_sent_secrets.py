"""The secrets that a request sends: the answer may repeat them, and the recording must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedserver import FeedServer, Response
from feedserver.record import record
from feedserver.record.recording import summary
from feedserver.record.sent_secrets import sent_secrets

URL = "https://h.example/feed"


def sent(name: str, value: str) -> set[str]:
    return sent_secrets(URL, [(name, value)], frozenset())


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("https://h/?token=a%2Fbcd&page=200", {"a%2Fbcd", "a/bcd"}),
        ("https://ada:s3cr@h/", {"s3cr", "YWRhOnMzY3I="}),
        ("https://h/?pin=123", set()),  # too short to be told from anything else
        ("https://h/private/a1b2c3/feed", {"a1b2c3"}),
        ("https://h/?x=user%255Bpassword%255D%253Ds3cret", {"s3cret"}),
        ("https://h/?x=%2526token%253Ds3cret", {"s3cret"}),
        ("https://h/a%3Ftoken%3Ds3cret", {"s3cret"}),
        ("https://h/a%2Ftoken%2Fa1b2c3", {"a1b2c3"}),
        ("https://h/?x=token='s3cret'", {"s3cret"}),
        ("https://h/?login=ada%7Cs3%63ret", {"ada%7Cs3%63ret", "ada|s3cret", "s3cret"}),
        ("https://h/?x=%27token%27%3A%27s3cret%27", {"s3cret"}),
        ("https://h/?x=%7B%22a%22%3A%7B%22password%22%3A%22s3cret%22%7D%7D", {"s3cret"}),
        (
            "https://h/?x=%7B%22tokens%22%3A%5B%22s3cret%22%2C%7B%22name%22%3A%22other%22%7D%5D%7D",
            {"s3cret", "other", '["s3cret",{"name":"other"}]'},
        ),
        ("https://h/?password=[s3cret", {"[s3cret", "s3cret"}),
        ("https://h/?token={%22value%22:%22s3cret%22}", {"{%22value%22:%22s3cret%22}", '{"value":"s3cret"}', "s3cret"}),
        ("https://h/?password=[123456,22]", {"[123456,22]", "123456"}),
        ("https://h/?x={'token':b's3cret'}", {"s3cret"}),
        ("https://h/?x=token:('my s3cret')", {"s3cret", "my s3cret"}),
        ("https://h/?x=user:ada,token:my+s3cret", {"s3cret", "my s3cret"}),
        ("https://h/?x=reset+password", set()),
        ("https://h/?x=token+economics+2026", set()),
        ("https://h/?x=%7B%22token%22:%22a%5C%22bc%22%7D", {"a%5C%22bc", 'a\\"bc', 'a"bc'}),
        ("https://h/?x=%7B%22token%22:%22%5Cu00fc123%22%7D", {"%5Cu00fc123", "\\u00fc123", "\xfc123"}),
        ("https://h/?token=[%22%5Cud83dabcd%22]", {"[%22%5Cud83dabcd%22]", '["\\ud83dabcd"]', "?abcd", "ud83dabcd"}),
        ("https://h/?token=my+s3cret", {"my+s3cret", "my s3cret"}),
        ("https://h/?token=gehe%EDm", {"gehe%EDm", "gehe\ufffdm", "gehe\xedm"}),
        ("https://h/?password=removed", set()),  # it was redacted before
    ],
)
def test_secrets_of_a_url_are_found(url: str, secrets: set[str]) -> None:
    assert sent_secrets(url, [], frozenset()) == secrets


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("Cookie", 'sid="ab12"; theme=dark; lang=en; long=abcde1; nameless', {"ab12", "abcde1", "nameless"}),
        ("Cookie", "cookie_consent=accept; view=public; cookie_notice_accepted=true; theme=default", set()),
        ("Cookie", "session=accept; session_cookie=public; remember=null", {"accept", "public"}),
        ("Cookie", "id=abcdefghijklm; user=Public", {"abcdefghijklm", "Public"}),
        ("Cookie", "sid=ada|s3cret", {"ada|s3cret", "s3cret"}),
        ("Cookie", "sid=ada.1a2b3c.secret", {"ada.1a2b3c.secret", "1a2b3c"}),
        ("Cookie", "a=user:ada|password:s3cret", {"user:ada|password:s3cret", "s3cret"}),
        ("X-Cookies", "sid=ab12; t=1", {"ab12"}),
        ("Authorization", "Bearer s3cret", {"s3cret"}),
        ("Authorization", "Token one1 two2", {"one1", "two2", "one1 two2"}),
        ("Authorization", "Bearer my=s3cret", {"my=s3cret"}),
        ("Authorization", "my=s3cret", {"my=s3cret"}),
        ("Authorization", "Bearer ", set()),
        ("Authorization", "Basic", set()),
        ("Authorization", "Bearer\tmy=s3cret", {"my=s3cret"}),
        ("Authorization", 'Token token="s3cret"', {"s3cret"}),
        ("Authorization", "GoogleLogin auth=s3cret", {"s3cret"}),
        ("Authorization", "Basic YWRhOnMzY3JldA==", {"YWRhOnMzY3JldA==", "s3cret"}),
        ("Authorization", "Basic czNjcmV0dG9rZW46", {"czNjcmV0dG9rZW46", "s3crettoken"}),
        ("Authorization", "Basic czNjcmV0dG9rZW46eA==", {"czNjcmV0dG9rZW46eA==", "s3crettoken"}),
        ("User-Agent", "reader/1 (key=s3cret)", {"s3cret)", "s3cret"}),
        ("Authorization", "AWS KEYID:s3cret", {"KEYID:s3cret", "s3cret"}),
        (
            "Authorization",
            'Digest username="ada-l", realm="h.example", uri="/feed", response="0a1b2c", cnonce="nnnn"',
            {"0a1b2c", "nnnn"},
        ),
        ("Authorization", "Basic YWRhOnMzY3JldA", {"YWRhOnMzY3JldA", "s3cret"}),
        ("Authorization", "Basic YWRhOmdlaO1t", {"YWRhOmdlaO1t", "geh\ufffdm", "geh\xedm"}),
        ("X-Auth", "YWRhOnMzY3JldA==", {"YWRhOnMzY3JldA==", "s3cret"}),
        ("Cookie", "login=YWRhOnMzY3JldA%3D%3D", {"YWRhOnMzY3JldA%3D%3D", "YWRhOnMzY3JldA==", "s3cret"}),
        ("Signature", "sig1=:czNjcmV0:", {"sig1=:czNjcmV0:", ":czNjcmV0:", "czNjcmV0"}),
        ("X-Api-Key", "s3cret", {"s3cret"}),
        ("X-Api-Key", "my s3cret", {"s3cret", "my s3cret"}),
        ("X-Login", "ada:s3cret", {"ada:s3cret", "s3cret"}),
        ("X-Login", "ada|s3cret", {"ada|s3cret", "s3cret"}),
        ("X-Login", "ada|s3,cret", {"ada|s3,cret", "ada|s3", "s3,cret", "cret"}),
        ("X-Login", "ada:s3:cret", {"ada:s3:cret", "s3:cret", "cret"}),
        ("X-Sign-In", "ada:s3cret", {"ada:s3cret", "s3cret"}),
        ("X-Parameters", '{"tokens": ["s3cret", 123456]}', {"s3cret", "123456", '["s3cret", 123456]'}),
        ("X-Parameters", 'password="{s3cret two}"', {"{s3cret two}", "s3cret"}),
        ("Cookie", "token={'value':'s3cret'}", {"{'value':'s3cret'}", "s3cret"}),
        ("If-None-Match", '"5d41402abc4b2a76b9719d911017c592"', set()),
        ("X-Request-ID", "5d41402abc4b2a76b9719d911017c592", set()),
        ("Referer", "https://h/?token=s3cret", {"s3cret"}),
        ("Accept", "application/atom+xml, */*;q=0.1", set()),
        ("User-Agent", "reader/1.0 (+https://h.example/about)", set()),
    ],
)
def test_secrets_of_a_header_are_found(name: str, value: str, secrets: set[str]) -> None:
    assert sent(name, value) == secrets


@pytest.mark.parametrize(
    ("path", "userinfo", "headers", "echo"),
    [
        ("/feed", "ada:ab12@", [], "ab12"),
        ("/feed", "", [("Cookie", "sid=ab12")], "ab12"),
        ("/feed", "", [("X-Api-Key", "my s3cret9")], "bXkgczNjcmV0OQ=="),
        ("/feed", "ada:geh%C3%ADm9@", [], "9m\u00edheg"),
        ("/feed", "", [("X-Login", "ada:s3cret9")], "s3cret9"),
        ("/feed", "", [("Referer", "https://h/?token=s3cret9")], "s3cret9"),
        ("/feed", "ada:s%2Fcret9@", [], "s&#x2f;cret9"),
        ("/feed", "ada:geh%C3%ADm9@", [], "GEH\u00cdM9"),
        ("/token/a1b2c3/feed", "", [], "a1b2c3"),
    ],
)
def test_what_an_answer_repeats_is_neither_written_nor_told(
    tmp_path: Path, path: str, userinfo: str, headers: list[tuple[str, str]], echo: str
) -> None:
    with FeedServer() as origin:
        origin.add(path, Response("<rss/>", headers={"X-Echo": f"saw {echo}!"}))
        url = origin.url(path).replace("://", f"://{userinfo}")
        made = record(url, tmp_path / "feed.xml", headers=headers)
    assert "Header: X-Echo: saw removed!\n" in made.sidecar.read_text()
    assert echo not in made.sidecar.read_text()
    told = "\n".join(summary(made))
    assert "changed: X-Echo (the secret of the request in it is replaced)" in told
    assert echo not in told


@pytest.mark.parametrize(
    ("coding", "body", "note"),
    [
        ("gzip", "<rss>s3cret9</rss>", "a secret of the request is still in the body; look before you commit"),
        ("br", "<rss/>", "the body is coded as 'br', so the secrets of the request were not looked for in it"),
    ],
)
def test_a_note_says_that_a_coded_body_has_a_secret_or_was_not_searched(
    tmp_path: Path, coding: str, body: str, note: str
) -> None:
    with FeedServer() as origin:
        origin.add("/feed?token=s3cret9", Response(body, coding=coding))
        url = origin.url("/feed?token=s3cret9")
        made = record(url, tmp_path / "feed.xml", headers=[("Accept-Encoding", coding)])
    assert made.notes == (note,)
