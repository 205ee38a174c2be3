"""`Stage`: the answers of a scenario's steps are good feeds, whose items keep their dates and are found by tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedserver.check.stage import TOKEN, Stage, token

START = datetime(2026, 11, 27, 12, tzinfo=UTC)


class FixedClock:
    """A clock that stands still; tests set *now*."""

    now = START.timestamp()

    def __call__(self) -> float:
        return self.now


def stage(clock: FixedClock, **options: object) -> Stage:
    return Stage("V1", "http://127.0.0.1:1", clock, {}, **options)  # type: ignore[arg-type]


def test_an_item_keeps_the_date_of_the_step_that_first_served_it() -> None:
    clock = FixedClock()
    at = stage(clock)
    first = at.feed_of(2, 1)
    clock.now += timedelta(days=3).total_seconds()
    second = at.feed_of(4, 3, 2, 1)

    assert [entry.published for entry in first.entries] == [START, START - timedelta(days=1)]
    later = START + timedelta(days=3)
    assert [entry.published for entry in second.entries] == [
        *(later, later - timedelta(days=1)),
        *(START, START - timedelta(days=1)),
    ]
    assert at.numbers() == [1, 2, 3, 4]


def test_an_item_is_found_by_the_token_in_its_title() -> None:
    title = str(stage(FixedClock()).entry(12).title)
    found = TOKEN.search(title.encode())

    assert token("V1", 12) in title
    assert found is not None and found.groups() == (b"v", b"1", b"12")


def test_every_address_begins_with_the_prefix() -> None:
    at = stage(FixedClock(), prefix="/secret", with_enclosures=True)
    entry = at.entry(1)

    assert at.path() == "/secret/v1/feed.xml"
    assert at.feed_of(1).link == at.url("")
    assert (entry.link, entry.enclosures[0].url) == (at.url("items/1.html"), at.url("items/1.mp3"))
    assert at.url("a") == "http://127.0.0.1:1/secret/v1/a"


def test_validators_and_headers_are_sent_as_they_are_given() -> None:
    at = stage(FixedClock())
    response = at.feed(1, etag='W/"a"', modified="yesterday", headers={"X-A": "b"})

    assert [response.headers[name] for name in ("ETag", "Last-Modified", "X-A")] == ['W/"a"', "yesterday", "b"]


def test_a_date_of_http_is_the_moved_time_plus_an_offset() -> None:
    clock = FixedClock()
    clock.now += timedelta(days=1).total_seconds()

    assert stage(clock).http_date() == "Sat, 28 Nov 2026 12:00:00 GMT"
    assert stage(clock).http_date(timedelta(hours=1)) == "Sat, 28 Nov 2026 13:00:00 GMT"


def test_a_local_file_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no folder for local files"):
        stage(FixedClock()).local_file("a.txt", b"a")

    def make(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    assert stage(FixedClock(), make_file=make).local_file("a.txt", b"a") == (tmp_path / "a.txt").as_uri()
