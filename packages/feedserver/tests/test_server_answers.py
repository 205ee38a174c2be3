"""The answers that a test gives to a server, and the fixtures that it takes from the server's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from feedserver import (
    FeedServer,
    Pattern,
    Response,
)
from rawclient import RawClient


def test_a_route_without_an_answer_is_an_error(server: FeedServer) -> None:
    with pytest.raises(ValueError, match=r"add\('/x'\) was given no response; pass at least one"):
        server.add("/x")
    with pytest.raises(TypeError, match=r"add\('/x'\) was given 'text'; pass a Response or a callable"):
        server.add("/x", "text")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.xml", "/a.xml", Path("a.xml")])
def test_a_fixture_is_found_by_name(server: FeedServer, root: Path, name: str | Path) -> None:
    (root / "a.xml").write_text("x")
    assert server.fixture(name).body == b"x"


def test_a_missing_fixture_is_named(server: FeedServer, root: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no fixture b.xml in "):
        server.fixture("b.xml")


UNPORTABLE = {
    "aux.xml": "'aux.xml' is the name of a device on Windows",
    "LPT1": "'LPT1' is the name of a device on Windows",
    "con .xml": "'con .xml' is the name of a device on Windows",
    "a:b.xml": "'a:b.xml' has a colon, which no file of Windows has in its name",
    "a\\b.xml": r"'a\\b.xml' has a backslash, which separates folders on Windows",
    "a.xml.": "'a.xml.' ends in a dot or a blank, which Windows drops",
    "a.xml ": "'a.xml ' ends in a dot or a blank, which Windows drops",
    "...": "'...' ends in a dot or a blank, which Windows drops",
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file of such a name")
@pytest.mark.parametrize("name", UNPORTABLE)
def test_a_fixture_whose_name_is_not_portable_is_reported(root: Path, name: str) -> None:
    (root / "sub").mkdir()
    for folder, path in ((root, name), (root / "sub", f"sub/{name}")):
        (folder / name).write_text("<rss/>")
        with pytest.raises(FileNotFoundError) as caught:
            FeedServer(root).fixture(path)
        message = f"there is no fixture {path} in {root}: {UNPORTABLE[name]}; give the file another name"
        assert str(caught.value) == message


def test_a_fixture_that_is_missing_is_not_called_unportable(root: Path) -> None:
    for name in ("b.xml", "../b.xml", "./b.xml"):
        with pytest.raises(FileNotFoundError, match=r"there is no fixture \S+ in \S+$"):
            FeedServer(root).fixture(name)


def test_unused_routes_are_reported_on_demand(server: FeedServer) -> None:
    server.add("used", Response())
    server.add("unused", Response(), method="POST", query={"a": "1"}, state={"on": True})
    server.add(Pattern("/<x>/y"), Response())
    with RawClient(server) as client:
        client.get("/used")
    assert server.unused_routes() == ["POST /unused with the query {'a': '1'} in the state on=True", "/<x>/y"]


def test_a_server_without_a_root_has_no_fixtures() -> None:
    with pytest.raises(FileNotFoundError, match=r"this server has no root; FeedServer\('a/folder'\) has one"):
        FeedServer().fixture("a.xml")
