"""Fixtures are read once, and again when their file has changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from feedserver import FeedServer, FixtureWarning
from feedserver.fixtures import loader
from feedserver.handler import watched_fixtures
from rawclient import RawClient


@pytest.fixture
def caches_new_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be cached even if they were changed a moment ago."""
    monkeypatch.setattr(watched_fixtures, "FRESH", -3600)


def ask(root: Path, target: str = "/a.xml", **options: Any) -> tuple[int, bytes]:
    with FeedServer(root, strict=False, **options) as server, RawClient(server) as client:
        answer = client.get(target)
    return answer.status, answer.body


@pytest.mark.usefixtures("caches_new_files")
def test_a_file_that_an_earlier_server_has_read_is_not_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a.xml").write_text("one")
    assert ask(root) == (200, b"one")
    monkeypatch.setattr(loader, "read", None)  # any call would fail
    assert ask(root) == (200, b"one")


@pytest.mark.usefixtures("caches_new_files")
def test_a_file_that_has_changed_since_an_earlier_server_read_it_is_read_again(root: Path) -> None:
    (root / "a.xml").write_text("one")
    assert ask(root) == (200, b"one")
    (root / "a.xml").write_text("two")
    assert ask(root) == (200, b"two")
    (root / "a.xml.response").write_text("Status: 410\n")
    assert ask(root) == (410, b"two")
    (root / "a.xml.response").write_text("Status: 451\n")
    assert ask(root) == (451, b"two")
    (root / "a.xml.response").unlink()
    (root / "a.xml").unlink()
    assert ask(root)[0] == 404


@pytest.mark.usefixtures("caches_new_files")
@pytest.mark.skipif(os.name == "nt", reason="Windows does not report when a file's metadata changed")
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
        answer = client.get("/kept")  # a small body is held in memory, a large one is read from its file
        assert (answer.status, answer.body[:1]) == ((200, b"a") if size == 3 else (500, str(root).encode()[:1]))
        server.allow("has changed since it was read; read it again")
    assert ask(root) == (200, b"b" * size)


@pytest.mark.usefixtures("caches_new_files")
def test_a_link_is_followed_only_for_the_server_that_may_follow_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.xml").write_text("outside")
    try:
        (root / "a.xml").symlink_to(tmp_path / "outside.xml")
    except OSError as error:
        pytest.skip(f"this system makes no links: {error}")
    assert ask(root, follow_links=True) == (200, b"outside")
    assert ask(root)[0] == 404


@pytest.mark.usefixtures("caches_new_files")
def test_warnings_about_a_fixture_are_reported_by_each_server(root: Path) -> None:
    (root / "a.xml").write_text("<!--\nX-Doubt: yes\nStatus: 200\n-->")
    for _ in range(2):
        with FeedServer(root) as server, RawClient(server) as client:
            client.get("/a.xml")
            with pytest.warns(FixtureWarning, match="X-Doubt"):
                server.verify()


@pytest.mark.usefixtures("caches_new_files")
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
