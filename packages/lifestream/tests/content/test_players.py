"""The page of a film has the address of a player; other addresses have none."""

from __future__ import annotations

import pytest

from lifestream.content.players import ORIGINS, player_of

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


def test_players_have_the_origins_that_a_policy_allows() -> None:
    assert all(any(player.startswith(f"{origin}/") for origin in ORIGINS) for player in (YOUTUBE, VIMEO))
