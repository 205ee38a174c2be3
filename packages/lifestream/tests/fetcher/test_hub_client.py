"""A request to a hub: its form, how far redirects are followed, and what the answer means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from feedserver import FeedServer, Response, moved
from feedserver.faults import Close, Stall
from lifestream.fetcher.address_guard import AddressGuard
from lifestream.fetcher.hub_client import HubAnswer, HubClient, HubVerdict, hub_client
from lifestream.fetcher.session import open_session
from tls_ends import run_to_the_end

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
FORM = {"hub.mode": "subscribe", "hub.topic": "https://a.example/feed?a=1&b=2"}


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as running:
        yield running


def ask(url: str, deadline: float = 60.0) -> HubAnswer:
    async def post() -> HubAnswer:
        guard = AddressGuard((ip_network("127.0.0.0/8"),))
        async with hub_client(guard, user_agent="lifestream/1", deadline=deadline) as client:
            return await client.post(url, FORM, NOW)

    return run_to_the_end(post())


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_a_successful_status_means_that_the_request_is_accepted(server: FeedServer, status: int) -> None:
    server.add("/hub", Response(status=status))
    assert ask(server.url("/hub")) == HubAnswer(HubVerdict.ACCEPTED)
    [asked] = server.requests
    assert (asked.method, asked.body) == (
        "POST",
        b"hub.mode=subscribe&hub.topic=https%3A%2F%2Fa.example%2Ffeed%3Fa%3D1%26b%3D2",
    )
    sent = {name: asked.headers.get(name) for name in ("User-Agent", "Content-Type", "Accept-Encoding", "Connection")}
    assert list(sent.values()) == ["lifestream/1", "application/x-www-form-urlencoded", "identity", "close"]


@pytest.mark.parametrize("status", [307, 308])
def test_three_redirects_that_keep_the_method_are_followed_and_no_fourth(server: FeedServer, status: int) -> None:
    for number in range(4):
        server.add(f"/{number}", moved(f"/{number + 1}", status))
    server.add("/4", Response(status=202))
    assert ask(server.url("/1")) == HubAnswer(HubVerdict.ACCEPTED)
    assert [asked.target for asked in server.requests] == ["/1", "/2", "/3", "/4"]
    assert {asked.method for asked in server.requests} == {"POST"}
    refused = ask(server.url("/0"))
    assert refused == HubAnswer(HubVerdict.REFUSED, "more than 3 redirects, the last to /4")


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_may_change_the_method_is_not_followed(server: FeedServer, status: int) -> None:
    server.add("/hub", moved("/there", status))
    answer = ask(server.url("/hub"))
    assert answer.verdict is HubVerdict.REFUSED
    assert answer.message.split()[:4] == ["the", "hub", "answered", str(status)]
    assert len(server.requests) == 1


def test_a_redirect_of_a_hub_to_another_scheme_is_refused(server: FeedServer) -> None:
    server.add("/hub", moved("https://127.0.0.1:1/hub", 307))
    assert ask(server.url("/hub")) == HubAnswer(
        HubVerdict.REFUSED, "the hub redirects to https://127.0.0.1:1/hub, whose scheme is not http"
    )


@pytest.mark.parametrize(
    ("status", "headers", "wait", "verdict"),
    [
        (429, {"Retry-After": "60"}, 60.0, HubVerdict.BUSY),
        (503, {}, None, HubVerdict.BUSY),
        (400, {}, None, HubVerdict.REFUSED),
        (500, {"Retry-After": "5"}, 5.0, HubVerdict.REFUSED),
        (300, {}, None, HubVerdict.REFUSED),
    ],
)
def test_a_refusal_says_why_and_for_how_long(
    server: FeedServer, status: int, headers: dict[str, str], wait: float | None, verdict: HubVerdict
) -> None:
    server.add("/hub", Response(b"no \x00 such\n topic", status=status, headers=headers))
    assert ask(server.url("/hub")) == HubAnswer(verdict, f"the hub answered {status} no such topic", wait)


def test_a_long_answer_is_cut(server: FeedServer) -> None:
    server.add("/hub", Response(b"x" * 5000, status=400))
    message = ask(server.url("/hub")).message
    assert (len(message), message[:24], message[-1]) == (300, "the hub answered 400 xxx", "…")


def test_only_the_beginning_of_an_answer_is_read(server: FeedServer) -> None:
    server.add("/hub", Response(b" " * 2047 + b"ab", status=400))
    assert ask(server.url("/hub")).message == "the hub answered 400 a"


def test_a_hub_of_another_scheme_gets_no_request() -> None:
    message = "ftp://hub.example/ is not fetched: its scheme is ftp, not http or https"
    assert ask("ftp://hub.example/") == HubAnswer(HubVerdict.REFUSED, message)


def test_a_hub_at_an_address_that_is_not_public_gets_no_request() -> None:
    answer = ask("http://10.0.0.1/")
    assert answer.verdict is HubVerdict.BUSY and answer.message.startswith("10.0.0.1 is a private address")


def test_a_hub_that_does_not_answer_in_time_is_busy(server: FeedServer) -> None:
    server.add("/hub", Response(faults=[Stall(before="answer")]))
    assert ask(server.url("/hub"), deadline=0.2) == HubAnswer(HubVerdict.BUSY, "no whole answer within 0.2 s")


def test_a_hub_that_is_down_is_busy_and_not_logged(server: FeedServer, caplog: pytest.LogCaptureFixture) -> None:
    server.add("/hub", Response(faults=[Close(before="answer")]))
    message = "the server closed the connection without an answer"
    assert ask(server.url("/hub")) == HubAnswer(HubVerdict.BUSY, message)
    assert not caplog.records


@pytest.mark.parametrize("verdict", HubVerdict)
def test_only_a_busy_hub_and_a_shortage_end_the_run(verdict: HubVerdict) -> None:
    answer = HubAnswer(verdict)
    assert (answer.message, answer.wait) == ("", None)
    assert answer.ends_the_run is (verdict in {HubVerdict.BUSY, HubVerdict.SHORTAGE})


def test_a_bug_is_reported_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def post_too_late() -> HubAnswer:
        session = open_session(AddressGuard())
        await session.close()
        return await HubClient(session, "lifestream/1", 10.0, AddressGuard()).post("http://hub.example/", FORM, NOW)

    assert run_to_the_end(post_too_late()) == HubAnswer(HubVerdict.BUSY, "RuntimeError: Session is closed")
    [record] = caplog.records
    assert record.getMessage() == "asking the hub http://hub.example/ failed with an unexpected error"


def test_the_address_of_a_hub_is_requested_as_it_is_spelt(server: FeedServer) -> None:
    server.add("/hub%2Fa", Response(status=202))
    ask(server.url("/hub%2Fa?x=%7E"))
    assert [asked.target for asked in server.requests] == ["/hub%2Fa?x=%7E"]
