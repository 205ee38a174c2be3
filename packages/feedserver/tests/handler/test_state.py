"""State that routes share: a route answers only in its state, and may change it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from feedserver import Auth, FeedServer, Response
from rawclient import RawClient

OLD, NEW = Response("old", headers={"ETag": '"1"'}), Response("new")


@pytest.fixture(scope="module")
def running() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as server:
        yield server


@pytest.fixture
def server(running: FeedServer, request: pytest.FixtureRequest) -> FeedServer:
    """Return the module's server, with an empty state."""
    running.state.clear()
    return running


@pytest.fixture
def client(server: FeedServer) -> Iterator[RawClient]:
    with RawClient(server) as connected:
        yield connected


def test_a_login_opens_a_feed_of_another_path(server: FeedServer, client: RawClient) -> None:
    server.add("/login", Response(status=204), method="POST", then={"session": "open"})
    server.add("/feed", Response(status=403), state={"session": None})
    server.add("/feed", NEW, state={"session": "open"})
    server.add("/logout", Response(status=204), then={"session": None})

    statuses = [
        client.get(path, method=method).status
        for path, method in [
            ("/feed", "GET"), ("/login", "POST"), ("/feed", "GET"), ("/logout", "GET"), ("/feed", "GET")
        ]
    ]  # fmt: skip
    assert statuses == [403, 204, 200, 204, 403]


def test_a_test_sets_the_state_itself_and_values_may_be_of_any_kind(server: FeedServer, client: RawClient) -> None:
    server.add("/count", OLD, state={"round": 1, "open": True}, then={"round": 2})
    server.add("/count", NEW, state={"round": 2})
    server.state.update(round=1, open=True)
    assert [client.get("/count").body for _ in range(3)] == [b"old", b"new", b"new"]
    assert server.state == {"round": 2, "open": True}


def test_a_route_of_a_state_wins_over_a_later_one_of_all_states(server: FeedServer, client: RawClient) -> None:
    server.add("/either", NEW, state={"on": True})
    server.add("/either", OLD)
    assert client.get("/either").body == b"old"
    server.state["on"] = True
    assert client.get("/either").body == b"new"


def test_of_two_routes_that_fit_equally_the_later_wins(server: FeedServer, client: RawClient) -> None:
    server.add("/two", OLD, state={"a": None})
    server.add("/two", NEW, state={"b": None})
    assert client.get("/two").body == b"new"


def test_a_route_replaces_only_the_route_of_the_same_state(server: FeedServer, client: RawClient) -> None:
    for state in (None, {"on": True}):
        server.add("/again", OLD, state=state)
    server.add("/again", NEW, state={"on": True})
    assert client.get("/again").body == b"old"
    server.state["on"] = True
    assert client.get("/again").body == b"new"


def test_a_request_that_uses_up_no_answer_changes_no_state(server: FeedServer, client: RawClient) -> None:
    server.add("/once", Response("secret", auth=Auth("Bearer", "t")), then={"seen": True})
    assert client.get("/once").status == 401
    assert client.get("/once", "Authorization: Bearer t", method="HEAD").status == 200
    assert server.state == {}
    assert client.get("/once", "Authorization: Bearer t").status == 200
    assert server.state == {"seen": True}


def test_a_head_request_for_a_callable_advances_neither_the_state_nor_the_answers(
    server: FeedServer, client: RawClient
) -> None:
    server.add("/called", lambda request: OLD, lambda request: NEW, then={"seen": True})
    assert [client.get("/called", method="HEAD").status for _ in range(2)] == [200, 200]
    assert server.state == {}
    assert [client.get("/called").body for _ in range(3)] == [b"old", b"new", b"new"]
    assert server.state == {"seen": True}


def test_a_304_and_a_callable_change_the_state(server: FeedServer, client: RawClient) -> None:
    server.add("/same", OLD, then={"asked": 1})
    server.add("/made", lambda request: NEW, then={"made": 1})
    assert client.get("/same", 'If-None-Match: "1"').status == 304
    assert client.get("/made").status == 200
    assert server.state == {"asked": 1, "made": 1}


def test_each_answer_of_a_timeline_changes_the_state(server: FeedServer, client: RawClient) -> None:
    server.add("/timeline", OLD, NEW, then={"moved": True})
    assert client.get("/timeline").body == b"old"
    assert server.state.pop("moved") is True
    assert client.get("/timeline").body == b"new"
    assert server.state == {"moved": True}


def test_the_404_names_the_states_for_which_the_routes_of_a_path_wait(server: FeedServer, client: RawClient) -> None:
    server.add("/wait", NEW, state={"session": "open"})
    server.add("/wait", NEW, state={"admin": True})
    answer = client.get("/wait")
    assert answer.status == 404
    assert answer.body.decode().splitlines() == [
        "GET /wait: nothing answers.",
        "  /wait in the state session='open': server.state has session=None.",
        "  /wait in the state admin=True: server.state has admin=None.",
    ]
    assert client.get("/wait?q=1", method="PUT").status == 404


@pytest.mark.parametrize("name", ["state", "then"])
def test_an_invalid_state_is_refused(server: FeedServer, name: str) -> None:
    with pytest.raises(TypeError) as refused:
        server.add("/feed", NEW, **{name: "open"})  # type: ignore[arg-type]
    assert str(refused.value) == f"{name} is 'open'; give a mapping, such as {{'login': 'done'}}"
    with pytest.raises(TypeError) as refused:
        server.add("/feed", NEW, **{name: {1: "open"}})  # type: ignore[arg-type]
    assert str(refused.value) == f"a name in {name} is 1; give text, such as 'login'"
