"""What does not belong in a fixture is left out of a recording, and reported: secrets above all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer, Response
from feedserver.messages.terminal_text import visible
from feedserver.record import RecordingError, record
from feedserver.record.recording import summary
from feedserver.record.redaction import redact
from feedserver.record.secret_search import without_secrets
from saying import saying


@pytest.fixture
def origin() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as running:
        yield running


SECRETS = [
    ("Set-Cookie", "session=abc"),
    ("X-Auth-Token", "abc"),
    ("X-Api-Key", "abc"),
    ("x-csrf-token", "abc"),
    ("X-Amz-Security-Token", "abc"),
    ("Authentication-Info", "nextnonce=abc"),
    ("Cookie", "a=b"),
    ("X-CSRFToken", "abc"),
    ("X-AuthToken", "abc"),
]


KEPT = ["ETag", "X-Author", "Surrogate-Key", "Server", "Cache-Control", "X-Request-Id", "Content-Language", "Vary"]


def test_secrets_and_fields_about_the_connection_are_left_out() -> None:
    fields = [
        *SECRETS,
        *((name, "value") for name in KEPT),
        ("Connection", "close, X-Hop"),
        ("x-hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "7"),
        ("Date", "Sun, 01 Nov 2026 10:00:00 GMT"),
    ]
    redacted = redact((name.encode(), value.encode()) for name, value in fields)
    assert [name.decode() for name, _ in redacted.fields] == KEPT
    why = {each.name: each.why for each in redacted.left_out}
    assert {name for name, reason in why.items() if reason == "it is a secret"} == {name for name, _ in SECRETS}
    assert {name for name, reason in why.items() if reason == "it is about the connection"} == {
        "Connection",
        "x-hop",
        "Keep-Alive",
        "Transfer-Encoding",
    }
    assert {name for name, reason in why.items() if reason == "the server adds its own"} == {"Content-Length", "Date"}


@pytest.mark.parametrize(
    ("challenge", "kept"),
    [
        ('Basic realm="feeds"', True),
        ('bearer realm="feeds", error="invalid_token"', True),
        ('Digest realm="feeds", nonce="abc"', False),
        ("Negotiate YII=", False),
    ],
)
def test_a_challenge_that_can_be_used_again_is_kept(challenge: str, kept: bool) -> None:
    assert bool(redact([(b"WWW-Authenticate", challenge.encode())]).fields) == kept


@pytest.mark.parametrize(
    ("text", "cleaned", "found"),
    [
        ("http://a.example/?token=abc&page=2", "http://a.example/?token=removed&page=2", ["parameter token"]),
        ("/feed?a=b&API_KEY=abc#x", "/feed?a=b&API_KEY=removed#x", ["parameter API_KEY"]),
        ("</?sig=1>, </?x=1&key=2>", "</?sig=removed>, </?x=1&key=removed>", ["parameter sig", "parameter key"]),
        ("https://u:p@example.org/", "https://example.org/", ["password"]),
        ("https://u:p@ss@example.org/@ada", "https://example.org/@ada", ["password"]),
        ("/?X-Amz-Signature=a&X-Amz-Date=1", "/?X-Amz-Signature=removed&X-Amz-Date=1", ["parameter X-Amz-Signature"]),
        ("/feed;jsessionid=0A1?page=2", "/feed;jsessionid=removed?page=2", ["parameter jsessionid"]),
        ("/?PHPSESSID=a&x=1", "/?PHPSESSID=removed&x=1", ["parameter PHPSESSID"]),
        ("/?accessToken=a&x=1", "/?accessToken=removed&x=1", ["parameter accessToken"]),
        ("/?u['password']=a&x=1", "/?u['password']=removed&x=1", ["parameter password"]),
        ("/?u%255B'password'%255D=a&x=1", "/?u%255B'password'%255D=removed&x=1", ["parameter password"]),
        ("/?x=%7B%22token%22%3A%22a%5C%22b%22%7D", "/?x=%7B%22token%22%3A%22removed%22%7D", ["parameter token"]),
        ("/?x=%7B%22token%22:%22a%5C%5C%5C%22b%22%7D", "/?x=%7B%22token%22:%22removed%22%7D", ["parameter token"]),
        (
            "/?x=%22token%22:%22a%5c%5c%22&y=%22b%22",
            "/?x=removed&y=%22b%22",
            ["parameter x"],
        ),
        ("/#access_token=a&x=1", "/#access_token=removed&x=1", ["parameter access_token"]),
        ("/feed?page=2&keyword=a&monkey=b", "/feed?page=2&keyword=a&monkey=b", []),
        ("max-age=60; token=abc", "max-age=60; token=removed", ["parameter token"]),
    ],
)
def test_secrets_in_urls_are_replaced(text: str, cleaned: str, found: list[str]) -> None:
    assert without_secrets(text) == (cleaned, tuple(found))


def test_no_secret_of_the_request_is_written_to_the_file_beside_the_body(origin: FeedServer, tmp_path: Path) -> None:
    origin.add(
        "/feed?token=s3cr3t-t0k3n",
        Response("<link>?token=s3cr3t-t0k3n</link>", headers={"X-Echo": "s3cr3t-t0k3n, c00kie, pa/ss, YWRhOnBhL3Nz"}),
    )
    url = origin.url("/feed?token=s3cr3t-t0k3n").replace("http://", "http://ada:pa%2Fss@")
    made = record(url, tmp_path / "feed.xml", headers=[("Cookie", "id=c00kie")])
    assert origin.requests[0].headers["Authorization"] == "Basic YWRhOnBhL3Nz"
    written = made.sidecar.read_text()
    assert made.url == f"http://127.0.0.1:{origin.port}/feed?token=removed"
    assert not any(secret in written for secret in ("s3cr3t", "c00kie", "pa%2Fss", "pa/ss", "YWRh"))
    assert made.notes == ("a secret of the request is still in the body; look before you commit",)


@pytest.mark.parametrize(
    ("userinfo", "headers"),
    [
        ("l0ng-t0ken@", []),
        ("ada:l0ng-t0ken@", []),
        ("", [("Cookie", "sid=l0ng-t0ken; theme=dark")]),
        ("", [("Authorization", "Bearer l0ng-t0ken")]),
        ("", [("X-Api-Key", "l0ng-t0ken")]),
    ],
)
def test_a_secret_that_comes_back_is_reported(
    origin: FeedServer, tmp_path: Path, userinfo: str, headers: list[tuple[str, str]]
) -> None:
    origin.add("/feed", Response("<rss>l0ng-t0ken</rss>"))
    made = record(origin.url("/feed").replace("://", f"://{userinfo}"), tmp_path / "feed.xml", headers=headers)
    assert made.notes == ("a secret of the request is still in the body; look before you commit",)
    assert "l0ng-t0ken" not in made.sidecar.read_text()


def test_secrets_in_the_reason_and_the_date_are_replaced_and_reported(tmp_path: Path) -> None:
    head = b"HTTP/1.1 404 No token=abc123\r\nDate: sent to hunter2222; key=abc123\r\nContent-Length: 0\r\n\r\n"
    with saying(head) as url:
        made = record(f"{url}?password=hunter2222", tmp_path / "a.xml")
    text = made.sidecar.read_text(encoding="utf-8")
    assert "abc123" not in text + made.reason
    assert "hunter2222" not in text
    reported = {(each.name, each.why) for each in made.left_out}
    assert ("reason phrase", "the parameter token in it is replaced") in reported
    assert ("Date", "the parameter key in it is replaced") in reported
    assert ("Date", "the secret of the request in it is replaced") in reported


def test_fields_that_were_left_out_are_reported(origin: FeedServer, tmp_path: Path) -> None:
    headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Link", "</feed?key=abc>; rel=self")]
    origin.add("/feed", Response("<rss/>", headers=headers))
    made = record(origin.url("/feed"), tmp_path / "feed.xml")
    assert list(summary(made)) == [
        f"{made.file}: 6 bytes",
        f"{made.sidecar}: 200 OK",
        "left out: Set-Cookie (it is a secret)",
        "changed: Link (the parameter key in it is replaced)",
        "left out: Content-Length, Date (the server adds its own)",
        "left out: Connection (it is about the connection)",
    ]


def test_a_password_that_was_sent_and_comes_back_is_reported(origin: FeedServer, tmp_path: Path) -> None:
    origin.add("/feed", Response("<rss>hunter22, and c00kie!</rss>"))
    for header in (("Authorization", "Basic YWRhOmh1bnRlcjIy"), ("Cookie", "c00kie!")):
        made = record(origin.url("/feed"), tmp_path / "a", headers=[header], force=True)
        assert made.notes == ("a secret of the request is still in the body; look before you commit",)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ada:s3cret99@h/",
        "http://ada:s3cret99@h:99999/",
        "http://ada:s3cret99@[::1/",
        "gopher://h/?token=s3cret99",
        "http://ada:s3cret99@h:0/",
        "http://ada:a@s3cret99%40h/",
        *(f"http://ada:s3cr{sign}s3cret99@h/" for sign in "/?#℀"),
        *(f"{start}ada:s3cr's3cret99@h/" for start in ("http:", "http:/", "ftp://", "http:\\\\", "", " HTTP:")),
    ],
)
def test_an_address_that_is_refused_is_reported_without_its_secrets(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give ") as caught:
        record(url, tmp_path / "a.xml")
    assert "s3cret99" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("sign", list("'\"<> \\\t,;"))
def test_a_login_in_the_url_is_not_written_whatever_is_in_it(sign: str, tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as url:
        made = record(f"{url.replace('//', f'//ada:s3cr{sign}s3cret99@')}a", tmp_path / "a.xml")
        assert made.url == f"{url}a"
    assert "s3cret99" not in made.sidecar.read_text("latin-1")
    assert "changed: URL (the password in it is replaced)" in summary(made)


def test_an_invalid_answer_is_quoted_without_the_secrets_of_the_request(tmp_path: Path) -> None:
    with saying(b"s3cret99 \x1b[31m? \r\n\r\n") as url:
        with pytest.raises(RecordingError, match="is no status line of HTTP/1") as caught:
            record(f"{url}?token=s3cret99", tmp_path / "a.xml")
        assert "s3cret99" not in str(caught.value)
        assert "\x1b" not in str(caught.value)


def test_no_secret_of_the_request_is_written_or_printed_as_the_name_of_a_field(tmp_path: Path) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nX-s3cret99: a\r\n b\r\nTransfer-Encoding: chunked\r\nno name s3cret99: c\r\n\r\n"
        b"1\r\nx\r\n0\r\nX-s3cret99: 1\r\n\r\n"
    )
    with saying(answer) as url:
        made = record(f"{url}?token=s3cret99", tmp_path / "a.xml")
    printed = "\n".join(summary(made))
    assert "s3cret99" not in printed + made.sidecar.read_text(encoding="utf-8")
    assert "left out: X-removed (a secret is in its name)" in printed
    assert "'no name removed'" in printed


def test_a_trailer_that_is_repeated_is_reported_once(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: 1\r\n" * 500 + b"\r\n"
    with saying(answer) as url:
        made = record(url, tmp_path / "a.xml")
    assert [each.name for each in made.left_out].count("X-A") == 1


def test_control_characters_of_an_answer_are_escaped_in_the_summary(tmp_path: Path) -> None:
    with saying("HTTP/1.1 200 \x1b[2J\u202e\x85\x0b\r\nContent-Length: 0\r\nX\x1b: 1\r\n\r\n".encode()) as url:
        made = record(url, tmp_path / "a.xml")
    assert visible(text := "\n".join(summary(made)), lines=True) == text
    assert r"200 \x1b[2J" in text and r"X\x1b" in text


@pytest.mark.parametrize("query", ["?token=s3cr\net9xyz", "?to\r\nken=s3cret9xyz", "?a=b&tok\ten=s3cret9xyz"])
def test_a_secret_in_an_address_that_was_copied_with_a_line_break_is_not_written(query: str, tmp_path: Path) -> None:
    with saying(b"HTTP/1.1 200 OK\r\nX-Echo: s3cret9xyz\r\nContent-Length: 2\r\n\r\nok") as url:
        made = record(f"{url}{query}", tmp_path / "a.xml")
    assert made.url.endswith("token=removed")
    assert "et9xyz" not in made.sidecar.read_text()
