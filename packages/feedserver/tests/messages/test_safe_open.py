"""A file that is served is a regular one, and inside the served folder unless links may lead out of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from feedserver import FeedServer, FixtureError, Response, VerificationError
from feedserver.fixtures import loader
from feedserver.fixtures.document_root import Folder
from feedserver.fixtures.loader import LARGEST_HELD
from feedserver.messages import safe_open
from feedserver.messages.response import FileBody
from feedserver.messages.safe_open import NotServable, create_file, open_file
from feedserver.record import record
from rawclient import RawClient

SECRET = b"Secret: of another folder"


@pytest.fixture
def outside(root: Path) -> Path:
    """Return a folder beside the root, with a file, a timeline and a sidecar in it."""
    folder = root.parent / "outside"
    (folder / "feed.xml").mkdir(parents=True)
    for name in ("1.xml", "secret", "feed.xml/1.xml"):
        (folder / name).write_bytes(SECRET)
    (folder / "a.xml.response").write_bytes(b"Status: 203\n" + SECRET)
    (folder / "large").write_bytes(SECRET * (LARGEST_HELD // len(SECRET) + 1))
    return folder


def link(at: Path, to: Path | str) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    try:
        at.symlink_to(to, target_is_directory=Path(at.parent, to).is_dir())
    except OSError as error:
        pytest.skip(f"this system makes no links: {error}")


def write(file: Path, text: str = "mine") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def ask(server: FeedServer, path: str) -> tuple[int, bytes]:
    with RawClient(server) as client:
        answer = client.get(path, "Connection: close")
    return answer.status, answer.body


def open_descriptors() -> int:
    """Return how many descriptors this process has open; 0 on a system that does not tell."""
    descriptors = Path("/proc/self/fd")
    return len(list(descriptors.iterdir())) if descriptors.is_dir() else 0


# Each function makes a link in the root that leads out of it, and returns the path to request.


def a_file(root: Path, outside: Path) -> str:
    link(root / "a.xml", outside / "secret")
    return "/a.xml"


def a_relative_link(root: Path, outside: Path) -> str:
    link(root / "b" / "a.xml", "../../outside/secret")
    return "/b/a.xml"


def a_chain_of_links(root: Path, outside: Path) -> str:
    link(root / "c.xml", outside / "secret")
    link(root / "b.xml", "c.xml")
    link(root / "a.xml", "b.xml")
    return "/a.xml"


def a_large_file(root: Path, outside: Path) -> str:
    link(root / "a.xml", outside / "large")
    return "/a.xml"


def a_folder_on_the_way(root: Path, outside: Path) -> str:
    link(root / "b" / "c", outside)
    return "/b/c/1.xml"


def a_folder_for_an_index(root: Path, outside: Path) -> str:
    (outside / "index.xml").write_bytes(SECRET)
    link(root / "b", outside)
    return "/b/"


def an_index(root: Path, outside: Path) -> str:
    link(root / "b" / "index.xml", outside / "secret")
    return "/b/"


def a_sidecar(root: Path, outside: Path) -> str:
    write(root / "a.xml")
    link(root / "a.xml.response", outside / "a.xml.response")
    return "/a.xml"


def a_lone_sidecar(root: Path, outside: Path) -> str:
    link(root / "a.xml.response", outside / "a.xml.response")
    return "/a.xml"


def a_timeline(root: Path, outside: Path) -> str:
    link(root / "feed.xml", outside / "feed.xml")
    return "/feed.xml"


def a_file_in_a_timeline(root: Path, outside: Path) -> str:
    link(root / "feed.xml" / "1.xml", outside / "secret")
    return "/feed.xml"


def a_large_file_in_a_timeline(root: Path, outside: Path) -> str:
    link(root / "feed.xml" / "1.xml", outside / "large")
    return "/feed.xml"


def a_sidecar_in_a_timeline(root: Path, outside: Path) -> str:
    write(root / "feed.xml" / "1.xml")
    link(root / "feed.xml" / "1.xml.response", outside / "a.xml.response")
    return "/feed.xml"


def a_lone_sidecar_in_a_timeline(root: Path, outside: Path) -> str:
    link(root / "feed.xml" / "1.xml.response", outside / "a.xml.response")
    return "/feed.xml"


def a_folder_in_a_timeline(root: Path, outside: Path) -> str:
    link(root / "feed.xml" / "1.xml", outside)
    return "/feed.xml"


def a_proxied_host(root: Path, outside: Path) -> str:
    link(root / "blog.example", outside)
    return "http://blog.example/1.xml"


def a_folder_whose_name_begins_like_the_root(root: Path, outside: Path) -> str:
    beside = root.parent / f"{root.name}-2"
    write(beside / "a.xml", SECRET.decode())
    link(root / "a.xml", beside / "a.xml")
    return "/a.xml"


WAYS_OUT: list[Callable[[Path, Path], str]] = [
    *(a_file, a_relative_link, a_chain_of_links, a_large_file, a_folder_on_the_way, a_folder_for_an_index, an_index),
    *(a_sidecar, a_lone_sidecar, a_timeline, a_file_in_a_timeline, a_large_file_in_a_timeline),
    *(a_sidecar_in_a_timeline, a_lone_sidecar_in_a_timeline, a_folder_in_a_timeline, a_proxied_host),
    a_folder_whose_name_begins_like_the_root,
]


SIDECARS = (a_sidecar, a_lone_sidecar, a_sidecar_in_a_timeline, a_lone_sidecar_in_a_timeline)


@pytest.mark.parametrize("walks", [True, False])
@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_no_link_leads_out_of_the_root(
    root: Path, outside: Path, way_out: Callable[[Path, Path], str], walks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_open, "WALKS", walks and safe_open.WALKS)
    path = way_out(root, outside)
    with FeedServer(root) as server:
        for _ in range(2):
            status, body = ask(server, path)
            assert status in (404, 500)
            assert b"Secret" not in body
        with pytest.raises(VerificationError) as caught:
            server.verify()
        assert "Secret" not in str(caught.value) and str(outside) not in str(caught.value)


@pytest.mark.parametrize("way_out", [way for way in WAYS_OUT if way is not a_folder_in_a_timeline])
def test_a_link_that_leads_out_is_followed_if_that_is_allowed(
    root: Path, outside: Path, way_out: Callable[[Path, Path], str]
) -> None:
    path = way_out(root, outside)
    with FeedServer(root, follow_links=True, strict=False) as server:
        status, body = ask(server, path)
    assert (status, b"Secret" in body) == ((203, False) if way_out in SIDECARS else (200, True))


def test_a_file_of_a_timeline_that_leads_out_is_named_with_the_remedy(root: Path, outside: Path) -> None:
    link(root / "feed.xml" / "1.xml", outside / "secret")
    message = (
        f"{root / 'feed.xml' / '1.xml'}: a link leads out of the folder that is served. Put the file itself there, or "
        "serve what links lead to with follow_links=True."
    )
    with FeedServer(root) as server:
        assert ask(server, "/feed.xml") == (500, f"{message}\n".encode())
        with pytest.raises(VerificationError) as caught:
            server.verify()
    assert str(caught.value) == message


def test_a_link_that_leads_out_is_not_suggested(root: Path, outside: Path) -> None:
    link(root / "feeds.xml", outside / "secret")
    write(root / "feedz.xml")
    assert Folder(root).names() == ["/feedz.xml"]
    assert sorted(Folder(root, follow_links=True).names()) == ["/feeds.xml", "/feedz.xml"]


@pytest.mark.parametrize("walks", [True, False])
def test_links_inside_the_root_are_followed_and_the_root_may_be_one(
    root: Path, walks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_open, "WALKS", walks and safe_open.WALKS)
    write(root / "real" / "1.xml", "one")
    write(root / "real" / "a.xml.response", "Status: 203\n")
    link(root / "a.xml", "real/1.xml")
    link(root / "a.xml.response", root / "real" / "a.xml.response")
    link(root / "folder", "real")
    link(root / "feed.xml" / "1.xml", "../real/1.xml")
    link(root / "deep" / "feed.xml", "../feed.xml")
    link(root.parent / "current", root)
    link(root.parent / "above", root.parent)
    for served in (root, root.parent / "current", root.parent / "above" / root.name):
        with FeedServer(served) as server:
            assert ask(server, "/a.xml") == (203, b"one")
            assert ask(server, "/folder/1.xml") == (200, b"one")
            assert ask(server, "/feed.xml") == (200, b"one")
            assert ask(server, "/deep/feed.xml") == (200, b"one")
            assert server.fixture("a.xml").status == 203


def test_a_sidecar_is_not_served_in_any_spelling(root: Path) -> None:
    write(root / "a.xml")
    write(root / "a.xml.response", "Status: 201\n")
    write(root / "b.xml.RESPONSE", "Status: 201\n")
    link(root / "c.xml", "a.xml.response")
    with FeedServer(root, strict=False) as server:
        for path in (
            "/a.xml.re%C5%BFponse",
            "/a.xml.response",
            "/a.xml.RESPONSE",
            "/a.xml.Response",
            "/b.xml.RESPONSE",
            "/c.xml",
        ):
            assert ask(server, path)[0] == 404, path


def test_a_name_that_no_file_can_have_is_a_404(root: Path) -> None:
    with FeedServer(root, strict=False) as server:
        for path in ("/" + "a" * 300, "/" + "a" * 250 + ".xml", "/a/" * 2000, "/" + "a" * 300 + "/"):
            assert ask(server, path)[0] == 404
        server.verify()


# Races: a link appears between the check and the opening.


@pytest.mark.skipif(not safe_open.WALKS, reason="this system opens no file relative to a folder")
@pytest.mark.parametrize("swapped", ["b", "b/c", "b/c/a.xml"])
def test_a_path_that_becomes_a_link_after_the_check_is_refused(
    root: Path, outside: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root / "b" / "c" / "a.xml")
    write(outside / "c" / "a.xml", SECRET.decode())
    write(outside / "a.xml", SECRET.decode())
    real_path = os.path.realpath(root / "b" / "c" / "a.xml")

    def swap(path: object) -> str:
        (root / swapped).rename(root / "moved")
        target = {"b": outside, "b/c": outside, "b/c/a.xml": outside / "a.xml"}[swapped]
        link(root / swapped, target)
        return real_path

    monkeypatch.setattr(os.path, "realpath", swap)
    with pytest.raises(NotServable, match="a link leads out of the folder"):
        open_file(root / "b" / "c" / "a.xml", str(root))


def test_a_path_that_becomes_a_link_is_refused_if_the_system_cannot_walk(
    root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root / "b" / "a.xml")
    write(outside / "a.xml", SECRET.decode())
    realpath = os.path.realpath
    looks: list[str] = []

    def swap_at_first(path: str) -> str:
        real = realpath(path)
        if not looks:
            (root / "b").rename(root / "moved")
            link(root / "b", outside)
        looks.append(real)
        return real

    monkeypatch.setattr(safe_open, "WALKS", False)
    monkeypatch.setattr(os.path, "realpath", swap_at_first)
    before = open_descriptors()
    with pytest.raises(NotServable, match="a link leads out of the folder"):
        open_file(root / "b" / "a.xml", realpath(root))
    assert len(looks) == 2
    assert open_descriptors() == before


def test_a_large_body_that_becomes_a_link_is_not_sent(root: Path, outside: Path) -> None:
    (root / "a.xml").write_bytes(b" " * (LARGEST_HELD + 1))
    with FeedServer(root) as server:
        response = server.fixture("a.xml")
        assert isinstance(response.body, FileBody)
        server.add("/large", response)
        assert ask(server, "/large")[0] == 200
        (root / "a.xml").unlink()
        link(root / "a.xml", outside / "large")
        status, body = ask(server, "/large")
        assert (status, b"Secret" in body) == (500, False)
        with pytest.raises(VerificationError, match="a link leads out of the folder that is served"):
            server.verify()


# What is no regular file


def a_pipe(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("this system has no sockets in folders")
    with socket.socket(socket.AF_UNIX) as made, chdir(path.parent):
        made.bind(path.name)  # its full path may be too long


def a_device(path: Path) -> None:
    if os.name == "nt":
        pytest.skip("this system has no devices in folders")
    link(path, "/dev/zero")


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [a_pipe, a_socket, a_device, a_folder])
@pytest.mark.parametrize("name", ["a.xml", "a.xml.response", "feed.xml/1.xml", "feed.xml/1.xml.response"])
@pytest.mark.parametrize("follow_links", [False, True])
def test_only_regular_files_are_served_and_nothing_is_waited_for(
    root: Path, make: Callable[[Path], None], name: str, follow_links: bool
) -> None:
    (root / "feed.xml").mkdir()
    if name.endswith(".response"):
        write(root / name.removesuffix(".response"))
    make(root / name)
    path = "/" + name.removesuffix(".response").removesuffix("/1.xml")
    with FeedServer(root, follow_links=follow_links, strict=False) as server:
        assert ask(server, path)[0] in (404, 500)
        server.add("/other", Response("other"))
        assert ask(server, "/other") == (200, b"other")


@pytest.mark.parametrize("make", [a_pipe, a_socket, a_device, a_folder])
def test_a_body_that_is_no_regular_file_is_reported(root: Path, make: Callable[[Path], None]) -> None:
    make(root / "x")
    with FeedServer() as server:
        server.add("/x", Response(FileBody(root / "x", 10)))
        assert ask(server, "/x") == (
            500,
            f"/x: {root / 'x'}: this is not a regular file. Put a file in its place.\n".encode(),
        )
        with pytest.raises(VerificationError, match="this is not a regular file"):
            server.verify()
    with pytest.raises(FixtureError, match="this is not a regular file"):
        loader.load(root / "x")


@pytest.mark.parametrize("walks", [True, False])
def test_a_refused_file_leaves_no_descriptor(
    root: Path, outside: Path, walks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not open_descriptors():
        pytest.skip("this system has no /proc/self/fd")
    monkeypatch.setattr(safe_open, "WALKS", walks and safe_open.WALKS)
    link(root / "b" / "a.xml", outside / "secret")
    a_pipe(root / "b" / "pipe")
    write(root / "b" / "c")
    before = open_descriptors()
    for name in ("b/a.xml", "b/pipe", "b", "b/missing", "b/c/d", "missing/a"):
        with pytest.raises(OSError):  # noqa: PT011 - which one does not matter here
            open_file(root / name, str(root))
        with pytest.raises(OSError):  # noqa: PT011
            open_file(root / name) if name != "b/a.xml" else open_file(root / "missing")
    assert open_descriptors() == before


# What `record` writes


@pytest.mark.parametrize("name", ["a.xml", "a.xml.response"])
@pytest.mark.parametrize("make", [a_pipe, a_socket, a_folder])
def test_a_recording_overwrites_regular_files_only(root: Path, name: str, make: Callable[[Path], None]) -> None:
    make(root / name)
    with FeedServer() as server:
        server.add("/x", Response("x"))
        with pytest.raises(OSError, match=r"a\.xml"):
            record(server.url("/x"), root / "a.xml", force=True)
    other = {"a.xml": "a.xml.response", "a.xml.response": "a.xml"}[name]
    assert not (root / other).exists()


def test_a_file_is_created_only_where_nothing_is(root: Path) -> None:
    write(root / "a.xml")
    link(root / "b.xml", "nowhere")
    with pytest.raises(FileExistsError):
        create_file(root / "a.xml")
    with pytest.raises(NotServable, match="this is a link"):
        create_file(root / "b.xml")
    with create_file(root / "c.xml") as file:
        file.write(b"c")
    assert [(root / name).read_text() for name in ("a.xml", "c.xml")] == ["mine", "c"]
    assert not (root / "nowhere").exists()


@pytest.mark.parametrize("name", ["a.xml", "a.xml.response"])
def test_a_recording_writes_through_no_link(root: Path, outside: Path, name: str) -> None:
    link(root / name, outside / "secret")
    with FeedServer() as server:
        server.add("/x", Response("x"))
        with pytest.raises(NotServable) as caught:
            record(server.url("/x"), root / "a.xml", force=True)
    assert str(caught.value) == f"{root / name}: this is a link. Name the file that it leads to."
    assert (outside / "secret").read_bytes() == SECRET


def test_a_recording_that_is_shorter_leaves_nothing_of_the_one_before(root: Path) -> None:
    (root / "a.xml").write_bytes(b"long" * 100)
    with FeedServer() as server:
        server.add("/x", Response("short"))
        record(server.url("/x"), root / "a.xml", force=True)
    assert (root / "a.xml").read_bytes() == b"short"
