"""The page of a film has the address of a player; other addresses have none."""

from __future__ import annotations

import pytest

from lifestream.content.players import ORIGINS, PEERTUBE, player_at, player_of

YOUTUBE = "https://www.youtube-nocookie.com/embed/dEmO-0_1234?autoplay=1"
VIMEO = "https://player.vimeo.com/video/1234?autoplay=1&dnt=1"


@pytest.mark.parametrize(
    ("url", "player"),
    [
        ("https://www.youtube.com/watch?v=dEmO-0_1234", YOUTUBE),
        ("https://m.youtube.com/watch?list=x&v=dEmO-0_1234&t=5", YOUTUBE),
        ("http://youtu.be/dEmO-0_1234", YOUTUBE),
        ("https://www.youtube.com/shorts/dEmO-0_1234", YOUTUBE),
        ("HTTPS://WWW.YOUTUBE.COM/embed/dEmO-0_1234", YOUTUBE),
        ("https://vimeo.com/1234", VIMEO),
        ("https://player.vimeo.com/video/1234", VIMEO),
        ("https://vimeo.com/1234abc", ""),
        ("https://www.youtube.com/watch?list=x#v=dEmO-0_1234", ""),
        ("https://www.youtube.com/watch?v=short", ""),
        (f"https://www.youtube.com/watch?v={'a' * 21}", ""),
        ("https://www.youtube.com.evil.example/watch?v=dEmO-0_1234", ""),
        ("https://evil.example/?https://youtu.be/dEmO-0_1234", ""),
        ("javascript://youtu.be/dEmO-0_1234", ""),
    ],
)
def test_only_the_page_of_a_film_has_a_player(url: str, player: str) -> None:
    assert player_of(url) == player


def test_the_first_address_that_has_a_player_is_used() -> None:
    assert player_of("https://blog.example/", "https://vimeo.com/1234", "https://youtu.be/dEmO-0_1234") == VIMEO
    assert player_of() == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/playlist?list=PL0123456789",
        "https://youtu.be/dEmO-0_1234",
        "https://vimeo.com/1234",
        *(f"{site}/videos/embed/9c9de5e8-0a1e-484a-b099-e80766180a6d" for site in PEERTUBE),
        "https://w.soundcloud.com/player/?url=https%3A//soundcloud.com/a/b",
        "https://open.spotify.com/embed/track/0123456789abcdefghij",
        "https://bandcamp.com/EmbeddedPlayer/track=1/",
    ],
)
def test_a_player_has_an_origin_that_a_policy_allows(url: str) -> None:
    player = player_at(url)
    assert player is not None and player.url.startswith(tuple(f"{origin}/" for origin in ORIGINS))


@pytest.mark.parametrize(
    "host",
    [
        *("nas.local", "a.localhost", "box.lan", "video.home.arpa", "tube.localdomain", "localhost"),
        *("nas.home", "tube.corp", "tube.intranet", "tube.private"),
    ],
)
def test_no_player_is_on_a_host_of_the_readers_own_machine_or_network(host: str) -> None:
    assert player_at(f"https://{host}/videos/embed/9c9de5e8-0a1e-484a-b099-e80766180a6d") is None


def test_a_host_that_only_begins_as_a_local_one_may_have_a_player() -> None:
    assert player_at("https://tube.localnews.example/videos/embed/9c9de5e8-0a1e-484a-b099-e80766180a6d") is not None
    assert player_at("https://tube.lang/videos/embed/9c9de5e8-0a1e-484a-b099-e80766180a6d") is not None
