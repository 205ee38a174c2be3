"""The stored card of an item: the values that pages show, made once and in linear time."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from costs import assert_linear
from lifestream.content import item_card
from lifestream.content.item_card import (
    LONGEST_ALT,
    MOST_FILES,
    MOST_PICTURES,
    MOST_PLAYED,
    VERSION,
    File,
    ItemCard,
    Picture,
    Sound,
    addresses_in,
)
from lifestream.entry import Enclosure, Media
from lifestream.plugins import ItemDraft

A = "https://a.example/a.jpg"


def card(**fields: Any) -> ItemCard:
    return item_card.of(ItemDraft(**fields))


FULL = ItemDraft(
    title="T",
    content=f'<p>x</p><img src="{A}?a=1&amp;b=2" alt="Sea">',
    media=(Media(f"{A}1", "image/jpeg", description="Hill"), Media(f"{A}?a=1&b=2", "image/jpeg")),
    enclosures=(
        Enclosure("https://a.example/a.mp3", "audio/mpeg", 5, 3723),
        Enclosure("https://a.example/a.pdf", "application/pdf", 7),
    ),
)


def test_a_card_is_the_same_for_a_draft_and_for_the_stored_item() -> None:
    class Stored:
        title, link, summary, content = FULL.title, FULL.link, FULL.summary, FULL.content
        media = [asdict(medium) for medium in FULL.media]
        enclosures = [asdict(enclosure) for enclosure in FULL.enclosures]
        episode = None

    assert (
        item_card.of(Stored())
        == item_card.of(FULL)
        == ItemCard(
            kind="audio",
            pictures=(Picture(f"{A}1", "Hill"),),
            lead=Picture(f"{A}1", "Hill"),
            sounds=(Sound("https://a.example/a.mp3", "audio/mpeg", "1:02:03"),),
            files=(File("https://a.example/a.pdf", "a.pdf", "application/pdf", 7),),
            counts=(1, 1, 0, 1),
        )
    )


@pytest.mark.parametrize(
    "image",
    [
        '<img src="https://a.example/ken/48/1.png" width="24" height="24">',
        '<img height="99" src="https://a.example/button.png">',
        '<img src="https://s.w.org/images/core/emoji/15.0.3/72x72/1f600.png">',
        '<img width="2" src="https://a.example/pixel.gif">',
    ],
)
def test_a_small_image_or_an_emoji_does_not_stand_for_the_post(image: str) -> None:
    assert card(title="T", content=f"<p>{image} words</p>").lead is None
    assert card(title="T", content=f'<p>{image} words</p><img src="{A}">').lead == Picture(A)


@pytest.mark.parametrize("size", ['width="100" height="100"', 'width="100%"', 'height="00000000000090"', ""])
def test_an_image_that_is_not_small_stands_for_the_post(size: str) -> None:
    assert card(title="T", content=f'<img src="{A}" {size}>').lead == Picture(A)


def test_a_card_survives_being_stored() -> None:
    made = item_card.of(FULL)
    assert ItemCard.from_json(json.loads(json.dumps(made.as_json()))) == made


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1, str(VERSION), None])
def test_cards_of_other_versions_are_not_read(version: object) -> None:
    assert ItemCard.from_json({**item_card.of(FULL).as_json(), "version": version}) is None


@pytest.mark.parametrize("stored", [None, {}, [], "x", {"version": VERSION}, {"version": VERSION, "pictures": 5}])
def test_what_is_no_whole_card_is_not_read(stored: object) -> None:
    assert ItemCard.from_json(stored) is None
    assert ItemCard.from_json({**item_card.of(FULL).as_json(), "pictures": 5}) is None


def test_addresses_in_a_content_are_found_in_every_attribute_with_and_without_their_query() -> None:
    content = (
        f'<img src="{A}?w=1&amp;h=2" srcset="https://a.example/b.jpg 1x, https://a.example/c.jpg?x 2x">'
        '<a href="https://a.example/d.jpg">https://a.example/e.jpg</a>'
    )
    assert {f"{A}?w=1&h=2", A, *(f"https://a.example/{name}.jpg" for name in "bcd")} <= addresses_in(content)
    assert "https://a.example/e.jpg" not in addresses_in(content)


@pytest.mark.slow
def test_the_size_of_a_card_is_limited() -> None:
    long = "https://a.example/" + "x" * 8000
    media = tuple(Media(f"{long}{n}.jpg", "image/jpeg", f"{long}{n}", f"{long}{n}", "t" * 2000) for n in range(100))
    enclosures = tuple(Enclosure(f"{long}{n}{kind}", kind) for n in range(30) for kind in ("audio/a", "video/a", "a/b"))
    draft = ItemDraft(title="T", link=long, media=media, enclosures=enclosures, content=f'<img src="{A}">' * 30_000)
    stored = item_card.of(draft).as_json()
    assert len(json.dumps(stored)) < 400_000
    assert [len(stored[kind]) for kind in ("pictures", "sounds", "films", "files")] == [
        *(MOST_PICTURES, MOST_PLAYED, MOST_PLAYED, MOST_FILES)
    ]
    assert {len(alt) for _, alt in stored["pictures"]} == {LONGEST_ALT}
    assert len(item_card.of(draft).pictures) == 100


@pytest.mark.costly
def test_a_card_takes_linear_time() -> None:
    def draft(number: int) -> ItemDraft:
        pictures = tuple(Media(f"https://a.example/{n}.jpg", "image/jpeg") for n in range(number))
        return ItemDraft(title="T", media=pictures, content="<p><img src='x'></p>" * 40 * number)

    assert_linear(item_card.of, draft, 500)


@pytest.mark.costly
@pytest.mark.parametrize("unit", ["<img ", "<img a ", '<img a="', ' src="', ' srcset="', "<img a=", "<img\n\n"])
def test_a_card_of_uncleaned_content_takes_linear_time(unit: str) -> None:
    media = (Media(A, "image/jpeg"),)

    def draft(number: int) -> ItemDraft:
        return ItemDraft(title="T", media=media, content=unit * number)

    def without_pictures(number: int) -> ItemDraft:
        return ItemDraft(title="T", content=unit * number)

    assert_linear(item_card.of, draft, 5000)
    assert_linear(item_card.of, without_pictures, 5000)


RECORDING = {"enclosures": (Enclosure("https://a.example/a.mp3", "audio/mpeg", 5),)}


@pytest.mark.parametrize(
    ("fields", "says_all"),
    [
        ({"content": "<p>Rain on a <b>roof</b></p>", "summary": "Rain on a roof"}, True),
        ({"content": "", "summary": "Rain on a roof"}, True),
        ({"content": "<p>Rain on a roof, and thunder</p>", "summary": "Rain on a roof"}, False),
        ({"content": '<p>Rain</p><img src="https://a.example/b.jpg">', "summary": "Rain"}, False),
        ({"content": "<p>Rain</p>", "summary": "Rain", "title": "Weather"}, False),
    ],
)
def test_a_summary_says_all_of_a_recording_without_a_title_and_without_other_content(
    fields: dict[str, str], says_all: bool
) -> None:
    found = card(**fields, **RECORDING)

    assert found.kind == "audio"
    assert found.says_all is says_all
    assert ItemCard.from_json(json.loads(json.dumps(found.as_json()))) == found
