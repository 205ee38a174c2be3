"""What the folder of a server answers: files, timelines, responses without a body."""

from __future__ import annotations

from pathlib import Path

from feedserver import FeedServer
from feedserver.fixtures.document_root import timeline_files
from rawclient import RawClient


def bodies(server: FeedServer, path: str, count: int, method: str = "GET") -> list[str]:
    with RawClient(server) as client:
        return [client.get(path, method=method).body.decode() for _ in range(count)]


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


def test_a_lone_sidecar_is_a_response_without_a_body(server: FeedServer, root: Path) -> None:
    (root / "old.xml.response").write_text("Status: 302\nHeader: Location: /new.xml\n")
    with RawClient(server) as client:
        answer = client.get("/old.xml")
    assert (answer.status, answer.headers["Location"], answer.body) == (302, "/new.xml", b"")
