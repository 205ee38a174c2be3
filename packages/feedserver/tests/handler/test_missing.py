"""The remedy in the message of a 404 works: it answers the very request that nothing answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver import FeedServer, Pattern, Response, moved
from rawclient import RawClient


@pytest.fixture
def folder(root: Path) -> Path:
    (root / "sub").mkdir()
    (root / "sub" / "b.xml").write_text("<rss/>")
    (root / "a.xml").write_text("<rss/>")
    return root


@pytest.fixture(params=["no root", "a root"])
def server(request: pytest.FixtureRequest, folder: Path) -> Iterator[FeedServer]:
    with FeedServer(folder if request.param == "a root" else None, strict=False) as running:
        running.add("/q?a=1&b=2", Response("q"))
        running.add("/100%25", Response("percent"))
        yield running


ASKED = [
    ("GET", "/none"),
    ("GET", "/none?a=1"),
    ("GET", "/q?b=2&a=1"),
    ("GET", "/q?a=2"),
    ("POST", "/none"),
    ("GET", "//a.xml"),
    ("GET", "/a.xml/"),
    ("GET", "/sub"),
    ("GET", "/sub/"),
    ("GET", "/sub//b.xml"),
    ("GET", "/none/"),
    ("GET", "/"),
    ("OPTIONS", "*"),
    ("GET", "/a%3Fb"),
    ("GET", "/a%23b"),
    ("GET", "/a%2541"),
    ("GET", "/a%2Fb"),
    ("GET", "/c%20d"),
    ("GET", "/%C3%BC/b"),
    ("GET", "/aux.xml"),
    ("GET", "/a.xml.response"),
    ("GET", "/../a.xml"),
    ("GET", "/a:b.xml"),
    ("GET", "http://blog.example/feed"),
    ("GET", "http://Blog.Example:8080/a%3Fb?x=1"),
    ("GET", "https://blog.example/feed"),
    ("GET", "http://odd_host/feed"),
]


@pytest.mark.parametrize(("method", "target"), ASKED)
def test_each_remedy_of_a_404_is_true(server: FeedServer, folder: Path, method: str, target: str) -> None:
    with RawClient(server) as client:
        answer = client.get(target, method=method)
        message = answer.body.decode()
        assert answer.status == 404
        assert re.match(rf"{method} .*: nothing answers\.\n", message)
        file = re.search(r"^This would answer: a file (.*), or$", message, re.MULTILINE)
        if file is not None and server.root is not None:
            made = Path(file[1])
            assert not made.exists(), "a file that exists already is no remedy"
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text("made")
            assert client.get(target, method=method).body == b"made"
            made.unlink()
        assert (file is None) == (server.root is None or target in NO_FILE or method != "GET"), message
        remedy = message.splitlines()[-1].strip()
        assert remedy.startswith("server.add('")
        eval(remedy.replace("Response(…)", "Response('done')"), {"server": server, "Response": Response})
        assert client.get(target, method=method).body == b"done"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/%3Cb%3E.xml", "/%3Cb%3E.xml"),
        ("/<b>.xml", "/%3Cb%3E.xml"),
        ("/%3Cint:b%3E%3F.xml?x=1", "/%3Cint:b%3E%3F.xml"),
        ("http://blog.example/a%20%3Cb%3E", "http://blog.example/a %3Cb%3E"),
        ("/a%3Cb", "/a<b"),
    ],
)
def test_the_remedy_for_a_path_that_looks_like_a_pattern_is_true(target: str, path: str) -> None:
    with FeedServer(strict=False) as server:
        assert message_of(server, target)[-1] == f"  server.add({path!r}, Response(…))"
        server.add(path, Response("done"))
        with RawClient(server) as client:
            assert client.get(target).body == b"done"


NO_FILE = {
    "/q?b=2&a=1",
    "//a.xml",
    "/a.xml/",
    "/sub",
    "/sub//b.xml",
    "/a%2Fb",
    "/aux.xml",
    "/a.xml.response",
    "/../a.xml",
    "/a:b.xml",
    "http://odd_host/feed",
}
"""Targets of GET for which no file is offered."""


def message_of(server: FeedServer, target: str, method: str = "GET") -> list[str]:
    with RawClient(server) as client:
        return client.get(target, method=method).body.decode().splitlines()


def test_the_fields_of_a_query_in_another_order_or_spelling_are_reported(server: FeedServer) -> None:
    assert message_of(server, "/q?b=2&a=1") == [
        "GET /q?b=2&a=1: nothing answers.",
        "The route /q?a=1&b=2 has these fields in another order or spelling. With query=…, neither matters:",
        "  server.add('/q', Response(…), query={'b': '2', 'a': '1'})",
    ]
    assert message_of(server, "/q?a=1&&b=2")[1].endswith("neither matters:")


def test_why_no_file_answers_is_reported(folder: Path) -> None:
    with FeedServer(folder, strict=False) as server:
        assert message_of(server, "/aux.xml")[-3:] == [
            "No file answers: 'aux.xml' is the name of a device on Windows.",
            "This would answer:",
            "  server.add('/aux.xml', Response(…))",
        ]
        assert f"{folder / 'sub'} is a folder; '/sub/' asks for its index, such as {folder / 'sub'}/index.xml." in (
            message_of(server, "/sub")
        )
        assert message_of(server, "/sub/")[-2] == f"This would answer: a file {folder / 'sub' / 'index.xml'}, or"
        assert f"{folder / 'a.xml'} is a file; '/a.xml' asks for it." in message_of(server, "/a.xml/")
        assert f"{folder / 'a.xml'} is a file; '/a.xml' asks for it." in message_of(server, "/a.xml/b")


def test_a_link_that_leads_out_is_not_offered_as_a_remedy(folder: Path) -> None:
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "there.xml").write_text("<rss/>")
    try:
        (folder / "out.xml").symlink_to(folder.parent / "nowhere.xml")
        (folder / "out").symlink_to(folder.parent / "outside")
        (folder / "broken.xml").symlink_to(folder / "nothing.xml")
    except OSError as error:
        pytest.skip(f"this system makes no links: {error}")
    with FeedServer(folder, strict=False) as server:
        for name in ("out.xml", "out/there.xml", "out/nothing.xml"):
            shown = message_of(server, f"/{name}")
            assert f"{folder / name} is not served: a link leads out of the root." in shown
            assert not any("a file " in line for line in shown)
        shown = message_of(server, "/broken.xml")
        assert f"{folder / 'broken.xml'} is not served: it is no regular file." in shown
        assert not any("/broken.xml" in line for line in shown if line.startswith("Near it: "))


def test_a_path_that_is_known_twice_is_named_once(folder: Path) -> None:
    with FeedServer(folder, strict=False) as server:
        for method in ("GET", "PUT"):
            server.add("/a.xml", Response(), method=method)
        server.add(Pattern("/<any>/x"), Response())
        assert "Near it: /a.xml." in message_of(server, "/a.xm")


def test_only_other_paths_that_answer_are_named_as_near(folder: Path) -> None:
    (folder / "aux.xml").write_text("<rss/>")
    with FeedServer(folder, strict=False) as server:

        def near(target: str) -> list[str]:
            return message_of(server, target)[1].removeprefix("Near it: ").removesuffix(".").split(", ")

        assert near("/aux.xml") == ["/a.xml", "/sub/b.xml"]  # aux.xml exists, but is not served
        assert near("/A.XML")[0] == "/a.xml"
        assert near("/SUB/B.Xml")[0] == "/sub/b.xml"
        server.add("http://blog.example/q.xml", Response())
        assert near("/q.xml")[0] == near("https://blog.example/q.xml")[0] == "http://blog.example/q.xml"
        server.add("/NEWS/FEED", Response())
        assert near("/news/feed")[0] == "/NEWS/FEED"


def test_a_405_through_a_proxy_names_the_host(folder: Path) -> None:
    (folder / "blog.example").mkdir()
    (folder / "blog.example" / "a.xml").write_text("<rss/>")
    with FeedServer(folder, strict=False) as server:
        assert message_of(server, "http://blog.example/a.xml", "POST")[-1] == (
            "  server.add('http://blog.example/a.xml', Response(…), method='POST')"
        )
        server.add("http://blog.example/b", Response(), method="GET")
        assert message_of(server, "http://blog.example/b", "POST")[-1] == (
            "  server.add('http://blog.example/b', Response(…), method='POST')"
        )


@pytest.mark.parametrize("target", ["/a.xml", "/routed"])
@pytest.mark.parametrize("method", ["POST", "get"])
def test_the_remedy_of_a_405_is_true(folder: Path, method: str, target: str) -> None:
    with FeedServer(folder, strict=False) as server, RawClient(server) as client:
        server.add("/routed", Response(), method="GET")
        refused = client.get(target, method=method)
        assert refused.status == 405
        remedy = refused.body.decode().splitlines()[-1].strip()
        eval(remedy.replace("Response(…)", "Response('done')"), {"server": server, "Response": Response})
        assert client.get(target, method=method).body == b"done"


def test_http_and_https_of_one_host_have_separate_routes(folder: Path) -> None:
    with FeedServer(folder, strict=False) as server, RawClient(server) as client:
        server.add("http://blog.example/feed", moved("https://blog.example/feed"))
        server.add("https://blog.example:443/feed", Response("secure"))
        assert client.get("http://blog.example:80/feed").headers["Location"] == "https://blog.example/feed"
        assert client.get("https://Blog.Example/feed").body == b"secure"
        assert client.get("https://blog.example:80/feed").status == 404
        server.assert_requested("https://blog.example/feed", count=1)
        server.assert_requested("http://blog.example/feed", count=1)
        assert "Location" not in client.get("http://blog.example/other").headers
        server.add(server.url("/own"), Response("own"))
        assert client.get(server.url("/own")).body == client.get("/own").body == b"own"
