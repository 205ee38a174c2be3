"""What the folder of a server answers: files, timelines, responses without a body."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from feedserver import FeedServer, FixtureWarning, Response
from feedserver.fixtures import document_root
from feedserver.fixtures.document_root import Folder, timeline_files
from feedserver.handler import folder_answers
from feedserver.handler.folder_answers import FolderAnswers
from feedserver.handler.routes import HostPath
from feedserver.handler.watched_fixtures import FileStamp
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


def test_a_file_beside_a_timeline_is_passed_over_with_one_warning(server: FeedServer, root: Path) -> None:
    timeline = root / "feed.xml"
    timeline.mkdir()
    (timeline / "1.xml").write_text("one")
    beside = root / "feed.xml.response"
    beside.write_text("Status: 410\n")
    assert bodies(server, "/feed.xml", 3) == ["one"] * 3
    with pytest.warns(FixtureWarning) as warned:
        server.verify()
    assert [str(each.message) for each in warned] == [
        f"{beside}: it is ignored, since {timeline} is a timeline. "
        f"Write a file of that kind beside each file in {timeline}."
    ]
    assert bodies(server, "/feed.xml", 3) == ["one"] * 3
    server.verify()


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


def settled(path: Path) -> None:
    """Wait until a change of *path* would give it another time stamp."""
    while not FileStamp.of(str(path)).is_settled():
        pass


def test_all_spellings_of_a_host_have_one_answer(tmp_path: Path) -> None:
    (tmp_path / "example.org").mkdir()
    (tmp_path / "example.org" / "feed.xml").write_text("<rss/>")
    settled(tmp_path / "example.org" / "feed.xml")
    answers = FolderAnswers(Folder(tmp_path), [])
    notations = ["example.org", "example.org:81", "Example.ORG", "me@example.org:1", "example.org."]

    found = [answers.find(HostPath(host, "/feed.xml")) for host in notations]

    assert len({each and id(each.choice) for each in found}) == 1
    assert found[0] is not None


def test_dots_are_the_name_of_no_host(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for folder in (tmp_path, tmp_path / "root"):
        (folder / "feed.xml").write_text("<rss/>")
    assert FolderAnswers(Folder(tmp_path / "root"), []).find(HostPath("..", "/feed.xml")) is None


def test_the_memory_for_the_files_of_a_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "time.xml").mkdir()
    places = [f"/{number}.xml" for number in range(12)]
    for number, place in enumerate(places):
        for file in (tmp_path / place[1:], tmp_path / "time.xml" / f"{number}.xml"):
            file.write_bytes(b"<rss/>" + b" " * 100_000)
    settled(tmp_path / "time.xml" / "11.xml")
    monkeypatch.setattr(folder_answers, "MOST_HELD", 1_000_000)
    answers = FolderAnswers(Folder(tmp_path), [])

    def kept(asked: Iterable[str]) -> int:
        """Return the bytes that are still in use after the paths *asked* have been answered."""
        before = tracemalloc.get_traced_memory()[0]
        for path in asked:
            found = answers.find(HostPath("", path))
            assert found is not None
            found.advance()
        return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    try:
        assert kept(places) < 500_000
        assert kept(["/time.xml"] * 12) < 500_000
    finally:
        tracemalloc.stop()


def test_a_timeline_is_listed_once_until_its_folder_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = tmp_path / "feed.xml"
    timeline.mkdir()
    (timeline / "1.xml").write_text("<rss>1</rss>")
    settled(timeline / "1.xml")
    settled(timeline)
    listed: list[Path] = []

    def noted(path: Path) -> list[Path]:
        listed.append(path)
        return document_root.timeline_files(path)

    monkeypatch.setattr(folder_answers, "timeline_files", noted)
    answers = FolderAnswers(Folder(tmp_path), [])

    def body() -> object:
        found = answers.find(HostPath("", "/feed.xml"))
        assert found is not None
        found.advance()
        return found.choice.answer

    first = [body() for _ in range(3)]
    assert (len(listed), first[0] is first[2]) == (1, True)
    (timeline / "2.xml").write_text("<rss>2</rss>")
    answer = body()
    assert isinstance(answer, Response)
    assert answer.body == b"<rss>2</rss>"


def test_a_folder_is_a_timeline_only_if_all_its_names_are_numbers(tmp_path: Path) -> None:
    for name in ("1.xml", "2.xml", "two.xml"):
        (tmp_path / name).write_text("")
    assert timeline_files(tmp_path) == []
    (tmp_path / "two.xml").rename(tmp_path / "10.xml.response")
    assert [file.name for file in timeline_files(tmp_path)] == ["1.xml", "2.xml", "10.xml"]
