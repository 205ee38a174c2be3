"""A feed that changes at its path: what clients get before and after, on real sockets, and its validators."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError

import pytest

from feedserver import FeedServer, Response, touched
from feedserver.feeds import Entry, Feed, LiveFeed
from rawclient import Answer, RawClient

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ONE = Entry(title="One", id="1", published=NOON)
TWO = Entry(title="Two", id="2", published=NOON + timedelta(hours=1))
FEED = Feed(title="News", entries=[ONE])


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as running:  # without a root: scripted routes only
        yield running


def get(server: FeedServer, path: str = "/feed", *headers: str) -> Answer:
    with RawClient(server) as client:
        return client.get(path, *headers)


def validators(answer: Answer) -> tuple[str, datetime]:
    return answer.headers["ETag"], parsedate_to_datetime(answer.headers["Last-Modified"])


CHANGES = [
    ("publish", lambda live: live.publish(TWO), ["Two", "One"]),
    (
        "publish an older one",
        lambda live: live.publish(Entry(title="Old", published=datetime(1999, 1, 1, tzinfo=UTC))),
        ["Old", "One"],
    ),
    ("edit", lambda live: live.edit("1", title="Uno"), ["Uno"]),
    ("withdraw", lambda live: live.withdraw("1"), []),
    ("change", lambda live: live.change(title="Olds"), ["One"]),
    ("touch", lambda live: live.touch(), ["One"]),
]


@pytest.mark.parametrize(("change", "titles"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_a_change_is_served_with_new_validators(server: FeedServer, change, titles: list[str]) -> None:  # type: ignore[no-untyped-def]
    live = server.mount("/feed", FEED)
    before = get(server)
    etag, modified = validators(before)
    assert get(server, "/feed", f"If-None-Match: {etag}").status == 304
    assert get(server, "/feed", f"If-Modified-Since: {before.headers['Last-Modified']}").status == 304

    change(live)

    after = get(server)
    new_etag, new_modified = validators(after)
    assert new_etag != etag and new_modified > modified
    assert get(server, "/feed", f"If-None-Match: {etag}").status == 200
    assert get(server, "/feed", f"If-Modified-Since: {before.headers['Last-Modified']}").status == 200
    assert [entry.title for entry in live.feed.entries] == titles
    assert after.body == live.feed.render("rss").body


def test_a_touched_feed_is_the_same_document(server: FeedServer) -> None:
    live = server.mount("/feed", FEED)
    before = get(server)
    live.touch()
    live.touch()
    after = get(server)
    assert after.body == before.body
    assert after.headers["ETag"] == touched(touched(Response(headers=before.headers))).headers["ETag"]


def test_last_modified_is_the_newest_date_and_never_goes_back() -> None:
    live = LiveFeed(FEED, clock=lambda: NOON + timedelta(days=1))
    seen = [live.response.headers["Last-Modified"]]
    live.publish(TWO)
    seen.append(live.response.headers["Last-Modified"])
    live.withdraw("2")
    seen.append(live.response.headers["Last-Modified"])
    assert seen == [
        "Sun, 01 Nov 2026 12:00:00 GMT",
        "Sun, 01 Nov 2026 13:00:00 GMT",
        "Sun, 01 Nov 2026 13:00:01 GMT",
    ]


def test_last_modified_is_not_in_the_future() -> None:
    future = Entry(title="Soon", published=NOON + timedelta(days=400))
    live = LiveFeed(Feed(entries=[future]), clock=lambda: NOON)
    assert live.response.headers["Last-Modified"] == "Sun, 01 Nov 2026 12:00:00 GMT"
    assert LiveFeed(Feed(), clock=lambda: NOON).response.headers["Last-Modified"] == "Sun, 01 Nov 2026 11:00:00 GMT"


def test_changes_within_a_second_have_different_dates() -> None:
    live = LiveFeed(Feed(entries=[Entry(id="1", published=NOON)]), clock=lambda: NOON)
    seen = [parsedate_to_datetime(live.response.headers["Last-Modified"])]
    for title in ("One", "Two"):
        live.edit("1", title=title)
        seen.append(parsedate_to_datetime(live.response.headers["Last-Modified"]))
    assert seen == [NOON + timedelta(seconds=seconds) for seconds in range(3)]


def test_a_feed_without_validators_never_answers_304(server: FeedServer) -> None:
    live = server.mount("/feed", FEED, "atom", validators=False)
    live.touch()
    answer = get(server, "/feed", "If-None-Match: *", "If-Modified-Since: Sun, 01 Nov 2037 12:00:00 GMT")
    assert answer.status == 200 and "ETag" not in answer.headers and "Last-Modified" not in answer.headers


def test_a_feed_that_moves_leaves_redirects_behind(server: FeedServer) -> None:
    live = server.mount("/feed", FEED)
    live.move("/second")
    live.move(server.url("/third?a=b"), 308)
    live.publish(TWO)

    assert [(get(server, path).status, get(server, path).headers.get("Location")) for path in ("/feed", "/second")] == [
        (301, "/second"),
        (308, server.url("/third?a=b")),
    ]
    with urllib.request.urlopen(server.url("/feed"), timeout=10) as answer:
        assert answer.url == server.url("/third?a=b") and b"<title>Two</title>" in answer.read()


def test_a_feed_that_moves_to_another_host_is_served_to_clients_of_the_proxy(server: FeedServer) -> None:
    server.mount("/feed", FEED).move("http://blog.example/feed")
    assert get(server).headers["Location"] == "http://blog.example/feed"
    assert b"<title>One</title>" in get(server, "http://blog.example/feed").body


def test_a_feed_that_moves_to_another_port_is_served_to_clients_of_the_proxy(server: FeedServer) -> None:
    url = f"{server.base_url}0/feed"  # a port that begins with the digits of the server's own
    server.mount("/feed", FEED).move(url)
    assert b"<title>One</title>" in get(server, url).body


def test_a_feed_may_move_to_a_url_without_a_path(server: FeedServer) -> None:
    live = server.mount("/feed", FEED)
    for url, path in ((server.base_url, "/"), (f"{server.base_url}?page=2", "/?page=2")):
        live.move(url)
        assert get(server, path).status == 200


@pytest.mark.parametrize(
    ("to", "status", "message"),
    [
        ("new", 301, "'new' is no place to move to; give a path such as '/new', or a whole URL"),
        ("/new", 410, "410 is no redirect; give 301 or 308"),
        ("/new", 304, "304 is no redirect; give 301 or 308"),
    ],
)
def test_an_invalid_move_is_refused(server: FeedServer, to: str, status: int, message: str) -> None:
    for live in (server.mount("/feed", FEED), LiveFeed(FEED)):
        with pytest.raises(ValueError, match=message):
            live.move(to, status)
    assert get(server).status == 200


def test_a_feed_at_several_paths_changes_everywhere(server: FeedServer) -> None:
    live = server.mount("/feed", FEED)
    live.mount(server, "/mirror")
    live.publish(TWO)
    assert all(b"<title>Two</title>" in get(server, path).body for path in ("/feed", "/mirror"))
    live.move("/new")
    assert {get(server, path).headers.get("Location") for path in ("/feed", "/mirror")} == {"/new"}


def test_a_dead_feed_is_gone_until_it_is_revived(server: FeedServer) -> None:
    live = server.mount("/feed", FEED)
    live.die()
    live.publish(TWO)
    live.touch()
    assert get(server).status == live.response.status == 410
    live.revive()
    assert b"<title>Two</title>" in get(server).body
    live.die()
    live.move("/new")
    with pytest.raises(HTTPError, match="410"):
        urllib.request.urlopen(server.url("/feed"), timeout=10)


def test_the_error_for_an_unknown_id_names_the_known_ones() -> None:
    live = LiveFeed(FEED)
    with pytest.raises(ValueError, match="no entry has the id '3'; there are '1'"):
        live.edit("3", title="Three")
    live.withdraw("1")
    with pytest.raises(ValueError, match="no entry has the id '1'; there are none at all"):
        live.withdraw("1")


def test_a_change_that_cannot_be_written_changes_nothing() -> None:
    live = LiveFeed(FEED)
    before = live.response
    with pytest.raises(ValueError, match=r"U\+0000"):
        live.edit("1", title="\x00")
    assert live.feed is FEED and live.response is before


@pytest.mark.slow
def test_many_threads_may_change_a_feed_while_clients_read_it(server: FeedServer) -> None:
    live = server.mount("/feed", Feed(title="News"))
    seen: dict[str, set[bytes]] = {}

    def publish(number: int) -> None:
        for count in range(25):
            live.publish(Entry(title=f"{number}-{count}", id=f"{number}-{count}"))
            live.touch()

    def read() -> None:
        with RawClient(server) as client:
            for _ in range(50):
                answer = client.get("/feed")
                seen.setdefault(answer.headers["ETag"], set()).add(answer.body)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    threads += [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(entry.identity for entry in live.feed.entries) == sorted(
        f"{n}-{c}" for n in range(4) for c in range(25)
    )
    assert all(len(bodies) == 1 for bodies in seen.values())
    assert get(server).body == live.response.body
    assert len(server.requests) == 3 * 50 + 1
