"""Which parts of an item are shown, and in which form."""

from __future__ import annotations

from typing import Any

import pytest

from lifestream.content.players import player_of
from lifestream.models import Feed, Item, Lifestream, Post, Subscription
from lifestream.web.presenters import Card, Picture, badge_of, card_of, language_of

A = "https://a.example/a.jpg"


def card(**fields: Any) -> Card:
    feed = Feed(url="https://a.example/feed")
    item = Item(feed=feed, **fields)
    return card_of(Post(item=item, subscription=Subscription(feed=feed, lifestream=Lifestream(slug="x"))))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("article", {"title": "T", "summary": "s"}),
        ("article", {"title": "T", "content": f'<p>x</p><img src="{A}">', "summary": "s"}),
        ("article", {"title": "T", "media": [{"url": A, "type": "image/jpeg"}], "summary": "s" * 290}),
        ("photo", {"title": "T", "media": [{"url": A, "type": "image/jpeg"}], "summary": "s"}),
        ("photo", {"title": "T", "enclosures": [{"url": A, "type": "image/jpeg"}]}),
        ("note", {"content": "<p>x</p>", "summary": "x"}),
        ("note", {"title": " ", "media": [{"url": A, "type": "image/jpeg"}]}),
        ("audio", {"title": "T", "enclosures": [{"url": "https://a.example/a.mp3", "type": "audio/mpeg"}]}),
        ("audio", {"enclosures": [{"url": "https://a.example/a.mp3", "type": "audio/mpeg"}]}),
        ("video", {"title": "T", "enclosures": [{"url": "https://a.example/a.mp4", "type": "video/mp4"}]}),
        ("video", {"title": "T", "media": [{"player": "https://www.youtube.com/v/abcdefghijk?version=3"}]}),
        ("video", {"title": "T", "link": "https://youtu.be/abcdefghijk"}),
    ],
)
def test_the_kind_of_a_card_follows_from_its_contents(kind: str, fields: dict[str, Any]) -> None:
    assert card(**fields).kind == kind


@pytest.mark.parametrize(
    ("title", "summary", "shown"),
    [
        ("Fog over the pier", " fog over the pier ", ""),
        ("Fog", "Fog over the pier", "Fog over the pier"),
        ("", "Fog", "Fog"),
    ],
)
def test_a_text_that_only_repeats_the_title_is_not_shown(title: str, summary: str, shown: str) -> None:
    assert card(title=title, summary=summary).summary == shown


@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ("https://lemmy.example/u/jane.doe", "jane.doe"),
        ("https://mastodon.social/@jane/", "jane"),
        ("https://a.example/user/jane", "jane"),
        ("https://a.example/authors/jane/", "jane"),
        ("https://jane.example/", "https://jane.example/"),
        ("https://lemmy.example/u/jane/posts", "https://lemmy.example/u/jane/posts"),
        ("Jane https://lemmy.example/u/jane", "Jane https://lemmy.example/u/jane"),
    ],
)
def test_an_author_that_is_the_address_of_a_profile_is_shown_by_name(author: str, shown: str) -> None:
    assert card(title="T", author=author).author == shown


def test_an_article_is_led_by_the_first_picture_of_its_content() -> None:
    pixel = '<img width="1" src="https://t.example/pixel.gif">'
    content = f'<p>{pixel}<img title="a > b" src="{A}?x=1&amp;y=2" alt="Sea"></p>'
    assert card(title="T", content=content).lead == Picture(f"{A}?x=1&y=2", "Sea")
    assert card(title="T", content=content).pictures == ()


def test_a_picture_that_is_in_the_content_is_not_shown_twice() -> None:
    media = [{"url": f"{A}?x=1&y=2", "type": "image/jpeg"}, {"url": f"{A}2", "type": "image/jpeg"}]
    content = f'<p><img src="{A}?x=1&amp;y=2"></p>'
    assert [picture.url for picture in card(title="T", content=content, media=media).pictures] == [f"{A}2"]


def test_a_picture_that_is_named_twice_is_shown_once() -> None:
    media = [{"url": A, "type": "image/jpeg", "description": "Sea"}]
    assert card(media=media, enclosures=[{"url": A, "type": "image/jpeg"}]).pictures == (Picture(A, "Sea"),)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:image/png;base64,AA==", "//a.example/a.png", "", 7, None])
def test_an_address_that_is_not_http_is_left_out(url: object) -> None:
    entry = {"url": url, "type": "image/png", "thumbnail": url, "player": url}
    shown = card(
        media=[entry], enclosures=[entry, {**entry, "type": "audio/mpeg"}, {**entry, "type": "application/pdf"}]
    )
    assert (shown.pictures, shown.sounds, shown.files, shown.player, shown.poster) == ((), (), (), "", "")


def test_a_value_that_is_no_list_of_objects_is_ignored() -> None:
    assert card(media=["x", None, 3], enclosures=[["y"]]).kind == "note"


@pytest.mark.parametrize(
    ("seconds", "written"), [(None, ""), (0, ""), (-3, ""), (5, "0:05"), (754, "12:34"), (3723, "1:02:03"), ("7", "")]
)
def test_a_duration_is_written_as_on_a_clock(seconds: object, written: str) -> None:
    enclosure = {"url": "https://a.example/a.mp3", "type": "audio/mpeg", "duration": seconds}
    assert card(enclosures=[enclosure]).sounds[0].duration == written


def test_other_files_are_named_by_their_address() -> None:
    (file,) = card(
        enclosures=[{"url": "https://a.example/x/report.pdf?v=2", "type": "application/pdf", "length": 9}]
    ).files
    assert (file.name, file.length) == ("report.pdf", 9)


def test_only_a_short_note_is_shown_whole() -> None:
    assert card(content="<p>short</p>").whole
    assert not card(content="<p>" + "long " * 1000 + "</p>").whole
    assert not card(title="T", content="<p>short</p>").whole


@pytest.mark.parametrize(
    ("candidates", "language"),
    [(("ja",), "ja"), (("", "zh-Hant-TW"), "zh-Hant-TW"), (("english", "en"), "en"), (('en" x="',), ""), ((), "")],
)
def test_only_a_valid_language_tag_is_used(candidates: tuple[str, ...], language: str) -> None:
    assert language_of(*candidates) == language


@pytest.mark.parametrize(
    ("url", "player"),
    [
        (
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1",
        ),
        (
            "https://youtube.com/watch?a=b&v=dQw4w9WgXcQ&t=1",
            "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1",
        ),
        (
            "https://www.youtube.com/v/dQw4w9WgXcQ?version=3",
            "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1",
        ),
        ("https://m.youtube.com/shorts/dQw4w9WgXcQ", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1"),
        ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1"),
        ("https://vimeo.com/76979871", "https://player.vimeo.com/video/76979871?autoplay=1&dnt=1"),
        ("https://player.vimeo.com/video/76979871", "https://player.vimeo.com/video/76979871?autoplay=1&dnt=1"),
        ("https://vimeo.com/76979871abc", ""),
        ("https://www.youtube.com/watch?v=", ""),
        ("https://www.youtube.com/channel/UCslowrepair", ""),
        ("https://evil.example/https://youtu.be/dQw4w9WgXcQ", ""),
        ("https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ", ""),
        ("https://youtu.be/" + "x" * 40, ""),
        ('https://youtu.be/dQw4w9WgXcQ"><script>', "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1"),
    ],
)
def test_players_are_those_of_known_sites(url: str, player: str) -> None:
    assert player_of("", url) == player


def test_the_badge_of_a_renamed_site_has_another_letter_and_keeps_its_hue() -> None:
    feed = Feed(title="", domain="a.example")
    named, unnamed = Subscription(name="«été»", feed=feed), Subscription(feed=feed)
    assert (badge_of(named, feed).letter, badge_of(unnamed, feed).letter) == ("É", "A")
    assert badge_of(named, feed).hue == badge_of(unnamed, feed).hue < 12
    assert badge_of(Subscription(name="…", feed=feed), feed).letter == "·"
    assert badge_of(Subscription(name="ßz", feed=feed), feed).letter == "S"
