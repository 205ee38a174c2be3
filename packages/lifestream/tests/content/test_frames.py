"""Frames as links and cards; `reading/test_html_of_others.py` tests each player."""

from __future__ import annotations

import pytest

from lifestream.content.frames import Frames

URL = "https://site.example/"


def link(name: str, source: str, content: str = "", *, in_fallback: bool = False) -> str:
    return Frames(URL).link(name, source, content, in_fallback=in_fallback)


def test_a_frame_is_a_link_to_its_address() -> None:
    assert link("iframe", "<iframe src='/a?b&amp;c'>") == (
        '<a href="https://site.example/a?b&amp;c">https://site.example/a?b&amp;c</a>'
    )
    assert link("object", "<object data=/a title=' A\n&lt;b '>") == '<a href="https://site.example/a">A &lt;b</a>'
    assert link("embed", "<embed src=javascript:x>") == ""
    assert link("iframe", "<iframe srcdoc=x>") == ""


def test_a_link_inside_the_frame_of_a_player_is_used_only_if_the_player_has_no_page() -> None:
    inner = "<b><a href='/album'>An &amp; album</a> more"
    without_page = link("iframe", "<iframe src='https://bandcamp.com/EmbeddedPlayer/track=1/'>", inner)
    assert without_page.startswith('<a href="https://site.example/album" ')
    assert without_page.endswith(">An &amp; album</a>")
    with_page = link("iframe", "<iframe src='https://youtu.be/dEmO-0_1234'>", inner)
    assert "/album" not in with_page and with_page.endswith(">YouTube</a>")


@pytest.mark.parametrize(("before", "is_found"), [(19, True), (20, False)])
def test_the_first_twenty_tokens_in_a_frame_are_searched_for_a_link(before: int, is_found: bool) -> None:
    inner = "<br>" * before + "<a href='https://x.bandcamp.com/track/y'>Y by X</a>"
    made = link("iframe", "<iframe src='https://bandcamp.com/EmbeddedPlayer/track=1/'>", inner)
    assert ("https://x.bandcamp.com/track/y" in made) is is_found


def test_the_link_in_a_frame_must_be_safe() -> None:
    made = link("iframe", "<iframe src='https://bandcamp.com/EmbeddedPlayer/track=1/'>", "<a href=javascript:x>a</a>")
    assert made.startswith('<a href="https://bandcamp.com/EmbeddedPlayer/track=1/size=large/artwork=small/" ')


def test_a_frame_that_a_fallback_repeats_is_linked_once() -> None:
    frames = Frames(URL)
    assert frames.link("iframe", "<iframe data-src='/a'>", "", in_fallback=False)
    assert frames.link("iframe", "<iframe src='/b'>", "", in_fallback=False)
    assert not frames.link("iframe", "<iframe src='/a'>", "", in_fallback=True)
    assert frames.link("iframe", "<iframe src='/c'>", "", in_fallback=True)


def test_of_two_frames_in_a_row_with_one_address_the_first_is_linked() -> None:
    frames = Frames(URL)
    assert frames.link("object", "<object data='/a'>", "", in_fallback=False)
    assert not frames.link("embed", "<embed src='/a'>", "", in_fallback=False)
    assert frames.link("embed", "<embed src='/b'>", "", in_fallback=False)
    assert frames.link("embed", "<embed src='/a'>", "", in_fallback=False)
