"""Which response answers: scripted routes, files, timelines, and the paths that lead nowhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedserver import FeedServer, FixtureWarning, Request, Response, gone, moved, touched
from feedserver.fixtures import loader
from feedserver.fixtures.document_root import Folder, host_folder, split_path, timeline_files
from feedserver.handler import watched_fixtures
from feedserver.handler.router import Missing, Routes
from feedserver.messages.headers import Headers
from feedserver.messages.pacing import Pace, parse_duration
from feedserver.messages.placeholders import fill_placeholders
from feedserver.messages.response import Auth
from rawclient import RawClient


def bodies(server: FeedServer, path: str, count: int, method: str = "GET") -> list[str]:
    with RawClient(server) as client:
        return [client.get(path, method=method).body.decode() for _ in range(count)]


def test_a_route_gives_its_responses_one_after_the_other_and_the_last_one_stays(server: FeedServer) -> None:
    server.add("/feed", Response("1"), Response("2"), lambda request: Response("3"), Response("4"))
    assert bodies(server, "/feed", 6) == ["1", "2", "3", "4", "4", "4"]


def test_head_uses_no_response_up_and_a_304_does(server: FeedServer) -> None:
    server.add("/feed", Response("1", headers={"ETag": '"1"'}), Response("2"))
    with RawClient(server) as client:
        assert client.get("/feed", method="HEAD").headers["ETag"] == '"1"'
        assert client.get("/feed", 'If-None-Match: "1"').status == 304
        assert client.get("/feed").body == b"2"


def test_a_refused_login_uses_no_response_up(server: FeedServer) -> None:
    server.add("/feed", Response("1", auth="Bearer t"), Response("2"))
    with RawClient(server) as client:
        assert client.get("/feed").status == 401
        assert client.get("/feed", "Authorization: Bearer t").body == b"1"
        assert client.get("/feed").body == b"2"


def test_a_folder_of_numbered_files_is_a_timeline(server: FeedServer, root: Path) -> None:
    timeline = root / "feed.xml"
    timeline.mkdir()
    for name, text in (("1.xml", "one"), ("2.xml", "two"), ("10.xml", "ten")):
        (timeline / name).write_text(text)
    (timeline / "3.xml.response").write_text("Status: 410\n")
    with RawClient(server) as client:
        answers = [client.get("/feed.xml") for _ in range(5)]
    assert [(a.status, a.body) for a in answers] == [
        (200, b"one"),
        (200, b"two"),
        (410, b""),
        (200, b"ten"),
        (200, b"ten"),
    ]
    assert answers[0].headers["Content-Type"] == "application/xml"


def test_a_folder_with_anything_else_in_it_is_no_timeline(server: FeedServer, root: Path) -> None:
    (root / "feed.xml").mkdir()
    (root / "feed.xml" / "1.xml").write_text("one")
    (root / "feed.xml" / "notes.txt").write_text("x")
    assert timeline_files(root / "feed.xml") == []
    with RawClient(server) as client:
        assert client.get("/feed.xml").status == 404
        assert client.get("/feed.xml/1.xml").body == b"one"


def test_a_method_a_query_and_a_host_choose_among_routes(server: FeedServer) -> None:
    server.add("/feed", Response("any"))
    server.add("/feed", Response("posted"), method="post")
    server.add("/feed?page=2", Response("second"))
    server.add("http://b.example/feed", Response("b"))
    with RawClient(server) as client:
        assert client.get("/feed").body == b"any"
        assert client.get("/feed?x=1").body == b"any"
        assert client.get("/feed?page=2").body == b"second"
        assert client.get("/feed", method="POST").body == b"posted"
        assert client.get("/feed?page=2", method="POST").body == b"second"
        assert client.get("http://B.example:80/feed").body == b"b"
        assert client.get("/f%65ed").body == b"any"


def test_a_route_of_one_method_says_so_to_the_others(root: Path) -> None:
    with FeedServer(root) as server:
        server.add("/feed", Response("x"), method="GET")
        with RawClient(server) as client:
            assert client.get("/feed", method="HEAD").status == 200
            answer = client.get("/feed", method="PUT")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET")
        with pytest.raises(AssertionError, match=r"PUT /feed: the route answers GET only"):
            server.verify()


def test_a_scripted_route_goes_before_a_file_and_a_fixture_can_be_its_answer(server: FeedServer, root: Path) -> None:
    (root / "a.xml").write_bytes(b'<!--\nHeader: ETag: "v1"\nHeader: Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT\n-->')
    v1 = server.fixture("a.xml")
    server.add("/a.xml", v1, touched(v1), touched(touched(v1)), moved("/new"), gone())
    with RawClient(server) as client:
        answers = [client.get("/a.xml") for _ in range(5)]
    assert [a.status for a in answers] == [200, 200, 200, 301, 410]
    assert [a.headers.get("ETag") for a in answers[:3]] == ['"v1"', '"v1-touched-1"', '"v1-touched-2"']
    assert answers[1].headers["Last-Modified"] == "Sun, 09 Sep 2001 01:46:41 GMT"
    assert answers[0].body == answers[1].body
    assert answers[3].headers["Location"] == "/new"


@pytest.mark.parametrize(
    ("etag", "after"),
    [('W/"a"', 'W/"a-touched-1"'), ("bare", "bare-touched-1"), ('"-touched-x"', '"-touched-x-touched-1"')],
)
def test_touching_keeps_the_shape_of_a_tag(etag: str, after: str) -> None:
    assert touched(Response(headers={"ETag": etag})).headers["ETag"] == after


def test_touching_a_response_without_validators_changes_nothing() -> None:
    response = Response("x")
    assert touched(response) == response


def test_touching_a_date_that_is_none_names_the_culprit() -> None:
    with pytest.raises(ValueError, match=r"cannot touch a.xml"):
        touched(Response(headers={"Last-Modified": "yesterday"}, source="a.xml"))


TRAVERSALS = [
    "/../secret.xml",
    "/%2e%2e/secret.xml",
    "/..%2fsecret.xml",
    "/..%5csecret.xml",
    "/a/../../secret.xml",
    "/./secret.xml",
    "//secret.xml",
    "/a//secret.xml",
    "/c:/secret.xml",
    "/secret.xml%00",
    "/%00",
    "/secret.xml.",
    "/nul",
    "/AUX.xml",
    "/%252e%252e/secret.xml",
]


@pytest.mark.parametrize("target", TRAVERSALS)
def test_no_path_leaves_the_root(server: FeedServer, root: Path, target: str) -> None:
    (root.parent / "secret.xml").write_text("secret")
    (root / "a").mkdir()
    with RawClient(server) as client:
        assert client.get(target).status == 404


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.sampled_from(["..", ".", "", "a", "%2e", "/", "\\", "\0", "é", "c:", "secret.xml"]), max_size=8))
def test_what_is_located_lies_below_the_root(root: Path, names: list[str]) -> None:
    (root.parent / "secret.xml").write_text("secret")
    (root / "a").mkdir(exist_ok=True)
    (root / "a" / "secret.xml").write_text("mine")
    found = Folder(root).locate("/" + "/".join(names))
    assert found is None or found.resolve().is_relative_to(root.resolve())


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_leads_out_of_the_root_only_where_that_is_allowed(root: Path) -> None:
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "a.xml").write_text("outside")
    (root / "link.xml").symlink_to(root.parent / "outside" / "a.xml")
    (root / "folder").symlink_to(root.parent / "outside")
    (root / "inside.xml").write_text("inside")
    (root / "near.xml").symlink_to(root / "inside.xml")
    (root / "inside2.xml").write_text("x")
    (root / "inside2.xml.response").symlink_to(root.parent / "outside" / "a.xml")
    folder = Folder(root)
    assert folder.locate("/near.xml") is not None
    assert folder.locate("/link.xml") is None
    assert folder.locate("/folder/a.xml") is None
    assert folder.locate("/inside2.xml") is None
    trusting = Folder(root, follow_links=True)
    assert trusting.locate("/link.xml") is not None
    assert trusting.locate("/folder/a.xml") is not None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_only_regular_files_are_served(server: FeedServer, root: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has nothing of the kind")
    os.mkfifo(root / "pipe.xml")
    (root / "a.xml").write_text("x")
    (root / "a.xml.response").write_text("Status: 201\n")
    with RawClient(server) as client:
        assert client.get("/pipe.xml").status == 404
        assert client.get("/a.xml.response").status == 404
        assert client.get("/a.xml").status == 201


def test_a_lone_sidecar_is_a_response_without_a_body(server: FeedServer, root: Path) -> None:
    (root / "old.xml.response").write_text("Status: 302\nHeader: Location: /new.xml\n")
    with RawClient(server) as client:
        answer = client.get("/old.xml")
    assert (answer.status, answer.headers["Location"], answer.body) == (302, "/new.xml", b"")


@pytest.mark.parametrize(
    ("host", "folder"),
    [
        ("blog.example", "blog.example"),
        ("Blog.Example.:8080", "blog.example"),
        ("user@blog.example", "blog.example"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("..", None),
        ("a/b", None),
        ("a..b", None),
        ("-a", None),
        ("", None),
        ("a\\b", None),
    ],
)
def test_a_host_is_checked_before_it_is_a_folder(host: str, folder: str | None) -> None:
    assert host_folder(host) == folder


def test_split_path_gives_names_or_nothing() -> None:
    assert split_path("/a/b.xml") == ["a", "b.xml"]
    assert split_path("/a/") == ["a", ""]
    assert split_path("/a//b") is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("2s", 2), ("1.5m", 90), ("2 h", 7200), ("1d", 86400), ("1w", 604800)]
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "ms", "-1s", "1 fortnight", "1e3s"])
def test_a_duration_without_sense_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration; write a number and a unit, such as 250ms, 2s, 1m, 2h or 1d"):
        parse_duration(text)


def test_paces_and_logins_are_read_or_refused() -> None:
    assert Pace.parse("1000 bytes every 50ms") == Pace(1000, 0.05)
    with pytest.raises(ValueError, match="is no pace; write it as '1000 bytes every 50ms'"):
        Pace.parse("fast")
    with pytest.raises(ValueError, match="never ends; send 1 byte or more"):
        Pace.parse("0 bytes every 1s")
    assert Auth.parse("basic ann:pass:word") == Auth("Basic", "ann:pass:word")
    assert Auth.parse("Bearer t") == Auth("Bearer", "t")
    for bad in ("Basic ann", "Bearer", "Digest x"):
        with pytest.raises(ValueError, match="is no way to log in; write 'Basic user:password' or 'Bearer token'"):
            Auth.parse(bad)


def test_a_status_has_three_digits() -> None:
    with pytest.raises(ValueError, match=r"status 99 cannot be sent; a status has three digits"):
        Response(status=99)


def test_placeholders_are_filled_and_other_braces_left() -> None:
    headers = Headers({"A": "{base}/x", "B": "{date}", "C": "{date-1d} {date+1.5h}", "D": "{dates} {} {base"})
    filled = fill_placeholders(headers, "http://h", 1_000_000_000)
    assert dict(filled) == {
        "A": "http://h/x",
        "B": "Sun, 09 Sep 2001 01:46:40 GMT",
        "C": "Sat, 08 Sep 2001 01:46:40 GMT Sun, 09 Sep 2001 03:16:40 GMT",
        "D": "{dates} {} {base",
    }


def test_a_request_is_taken_apart() -> None:
    request = Request("GET", "http://B.example/a%20b?x=1&x=2&y=", headers=Headers({"Host": "other"}), body=b"\xff")
    assert (request.host, request.path, request.query) == ("B.example", "/a b", "x=1&x=2&y=")
    assert request.params == {"x": ["1", "2"], "y": [""]}
    assert request.text == "ÿ"
    assert Request("GET", "http://h?x").path == "/"
    assert Request("GET", "/a", headers=Headers({"Host": "h"}), body=b"\xc3\xbc").host == "h"
    assert Request("GET", "/a", body=b"\xc3\xbc").text == "ü"


# What one server has read, the next one need not read again.


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are kept that were changed a moment ago."""
    monkeypatch.setattr(watched_fixtures, "FRESH", -3600)


def ask(root: Path, target: str = "/a.xml", **options: Any) -> tuple[int, bytes]:
    with FeedServer(root, strict=False, **options) as server, RawClient(server) as client:
        answer = client.get(target)
    return answer.status, answer.body


@pytest.mark.usefixtures("at_once")
def test_a_server_serves_what_an_earlier_one_has_read_without_reading_it_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.xml").write_text("one")
    assert ask(root) == (200, b"one")
    monkeypatch.setattr(loader, "read", None)  # whoever reads fails
    assert ask(root) == (200, b"one")


@pytest.mark.usefixtures("at_once")
def test_a_server_reads_anew_what_has_changed_since_an_earlier_one(root: Path) -> None:
    (root / "a.xml").write_text("one")
    assert ask(root) == (200, b"one")
    (root / "a.xml").write_text("two")
    assert ask(root) == (200, b"two")
    (root / "a.xml.response").write_text("Status: 410\n")
    assert ask(root) == (410, b"two")
    (root / "a.xml.response").unlink()
    (root / "a.xml").unlink()
    assert ask(root)[0] == 404


@pytest.mark.usefixtures("at_once")
@pytest.mark.skipif(os.name == "nt", reason="Windows tells no time of the last change")
@pytest.mark.parametrize("size", [3, 2 * 1024 * 1024], ids=["small", "large"])
def test_other_content_with_the_same_time_and_size_is_served(root: Path, size: int) -> None:
    file = root / "a.xml"
    file.write_bytes(b"a" * size)
    before = file.stat()
    with FeedServer(root) as server, RawClient(server) as client:
        kept = server.fixture("a.xml")
        server.add("/kept", kept)
        assert client.get("/a.xml").body == b"a" * size
        file.write_bytes(b"b" * size)
        while file.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of some systems ticks in milliseconds
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert client.get("/a.xml").body == b"b" * size
        answer = client.get("/kept")
        assert (answer.status, answer.body[:1]) == ((200, b"a") if size == 3 else (500, str(root).encode()[:1]))
        server.allow("has changed since it was read; read it again")
    assert ask(root) == (200, b"b" * size)


@pytest.mark.usefixtures("at_once")
def test_a_link_that_is_followed_for_one_server_is_not_for_another(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.xml").write_text("outside")
    try:
        (root / "a.xml").symlink_to(tmp_path / "outside.xml")
    except OSError as error:
        pytest.skip(f"this system makes no links: {error}")
    assert ask(root, follow_links=True) == (200, b"outside")
    assert ask(root)[0] == 404


@pytest.mark.usefixtures("at_once")
def test_what_is_doubtful_about_a_fixture_is_told_by_each_server(root: Path) -> None:
    (root / "a.xml").write_text("<!--\nX-Doubt: yes\nStatus: 200\n-->")
    for _ in range(2):
        with FeedServer(root) as server, RawClient(server) as client:
            client.get("/a.xml")
            with pytest.warns(FixtureWarning, match="X-Doubt"):
                server.verify()


@pytest.mark.usefixtures("at_once")
def test_each_server_counts_the_requests_of_a_fixture_for_itself(root: Path) -> None:
    (root / "a.xml").write_text("<!--\nFault: close after 0 on request 1\n-->")
    for _ in range(2):
        with FeedServer(root) as server:
            for ended in ("closed", "complete"):
                with RawClient(server) as client:
                    client.ask("/a.xml", "Connection: close")
                    client.read_to_end()
                assert server.requests[-1].path == "/a.xml"
                assert server.journal.exchanges[-1].ended == ended


def test_a_link_to_itself_and_what_cannot_be_listed_spoil_no_message(tmp_path: Path) -> None:
    (tmp_path / "loop.xml").symlink_to("loop.xml")
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    (tmp_path / "feed.xml").write_text("<rss/>")
    routes = Routes(Folder(tmp_path))
    for target in ("/fed.xml", "/loop.xml", "/one/feed.xml"):
        found = routes.find(Request("GET", target), lambda _: True)
        assert isinstance(found, Missing)
        assert "Near it: /feed.xml." in found.message or target != "/fed.xml"
