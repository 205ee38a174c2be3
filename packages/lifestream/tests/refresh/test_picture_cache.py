"""The cache of pictures on disk: it returns only fresh pictures, and its size is bounded."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from lifestream.refresh.picture_cache import FRESH, PictureCache

URL = "https://a.example/1.png"


def test_a_picture_is_kept_until_it_is_old_and_a_failure_for_an_hour(tmp_path: Path) -> None:
    cache, now = PictureCache(tmp_path / "deep" / "pictures", 10**6), time.time()
    assert cache.get(URL) is None
    cache.put(URL, b"picture")
    cache.put(URL + "?", b"")
    assert (cache.get(URL), cache.get(URL + "?")) == (b"picture", b"")
    assert cache.get(URL + "?", now + 3600 - 60) == b"" and cache.get(URL + "?", now + 3600 + 60) is None
    assert cache.get(URL, now + FRESH - 60) == b"picture" and cache.get(URL, now + FRESH + 60) is None
    cache.put(URL, b"new")
    assert cache.get(URL) == b"new"
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in tmp_path.rglob("*/??")} == {0}


def test_what_was_kept_while_the_clock_was_far_ahead_is_requested_again_and_deleted_first(tmp_path: Path) -> None:
    cache, ahead = PictureCache(tmp_path, 100_000), time.time() + FRESH + 3600
    for number, data in enumerate((bytes(40_000), b"")):
        cache.put(f"{URL}?{number}", data)
    for path in tmp_path.glob("*/*"):
        os.utime(path, (ahead, ahead))
    assert [cache.get(f"{URL}?{number}") for number in range(2)] == [None, None]
    cache.put(URL, bytes(60_000))
    cache.shrink()
    assert cache.get(URL) is not None and cache.get(f"{URL}?0", ahead) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")
def test_nobody_else_may_write_a_folder_of_the_cache_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        PictureCache(tmp_path / "deep" / "pictures", 10**6).put(URL, b"picture")
    finally:
        os.umask(before)
    modes = {path.relative_to(tmp_path).parts: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes["deep",] == 0o755 and modes["deep", "pictures"] == 0o700
    assert all(mode & 0o077 == 0 for parts, mode in modes.items() if len(parts) > 1), modes


@pytest.mark.parametrize("length", [0, 10_000])
def test_the_folder_stays_near_its_size(tmp_path: Path, length: int) -> None:
    cache = PictureCache(tmp_path, 200_000)
    others = [tmp_path / "holiday.jpg", tmp_path / "ab" / "holiday.jpg"]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    for number in range(60):
        cache.put(f"https://a.example/{number}", bytes(length))
        total = sum(path.stat().st_size + 4096 for path in tmp_path.rglob("*") if path.is_file())
        assert total <= 220_000 + length + 3 * 4096  # one more picture, and a block for it and each of the others
    assert cache.get("https://a.example/59") is not None and cache.get("https://a.example/0") is None
    assert all(path.exists() for path in others), "the cache deleted a file that is not its own"


def test_a_feed_with_many_large_pictures_pushes_out_only_its_own(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 1_000_000)
    for feed in range(1, 5):
        for number in range(3):
            cache.put(f"https://feed{feed}.example/{number}", bytes(20_000), feed)
    for number in range(100):
        cache.put(f"https://large.example/{number}", bytes(100_000), feed=9)
    kept = [cache.get(f"https://feed{feed}.example/{number}", feed=feed) for feed in range(1, 5) for number in range(3)]
    assert None not in kept
    large = [number for number in range(100) if cache.get(f"https://large.example/{number}", feed=9) is not None]
    assert large and large == [*range(100 - len(large), 100)], "the oldest pictures of the feed are deleted first"


def test_pictures_that_have_to_be_requested_again_are_deleted_before_those_of_the_largest_feed(tmp_path: Path) -> None:
    cache, old = PictureCache(tmp_path, 1_000_000), time.time() - FRESH - 60
    cache.put("https://small.example/", bytes(100_000), feed=1)
    for path in tmp_path.glob("*/*"):
        os.utime(path, (old, old))
    for number in range(9):
        cache.put(f"https://large.example/{number}", bytes(90_000), feed=2)
    cache.shrink()
    assert cache.get("https://small.example/", old, feed=1) is None
    assert None not in [cache.get(f"https://large.example/{number}", feed=2) for number in range(9)]


def test_a_picture_is_kept_only_for_the_feed_that_names_it(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 10**6)
    cache.put(URL, b"picture", feed=1)
    assert (cache.get(URL, feed=1), cache.get(URL, feed=2), cache.get(URL)) == (b"picture", None, None)


def test_a_folder_that_cannot_be_made_is_an_error_and_has_no_picture(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        PictureCache(tmp_path / "file", 10**6).put(URL, b"picture")
    assert PictureCache(tmp_path / "file", 10**6).get(URL) is None
