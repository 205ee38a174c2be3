"""The live page: the run continues when the person says so, and only items that the page showed can be ticked."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from feedserver.check.adapters import Subscription, Watched
from feedserver.check.hand_page import HandPage, Shown
from feedserver.check.scenarios.template import NEW_ITEM

FEED = Subscription(1, "http://127.0.0.1/i999/feed.xml", "I999")


@pytest.fixture
def page() -> Iterator[HandPage]:
    page = HandPage("/secret")
    yield page
    page.close()


def shown(ticked: frozenset[tuple[str, int]] | None = frozenset()) -> Shown:
    return Shown(1, 3, [FEED], [Watched(NEW_ITEM, [1, 2], lambda: 0)], ticked)


def get(page: HandPage, name: str = "") -> str:
    with urllib.request.urlopen(f"{page.url}{name}") as answer:
        return str(answer.read().decode())


def go(page: HandPage, **fields: object) -> None:
    with urllib.request.urlopen(f"{page.url}go", urlencode(fields, doseq=True).encode()) as answer:
        answer.read()


def test_only_items_that_were_shown_can_be_ticked(page: HandPage) -> None:
    page.show(shown())

    go(page, round=1, sees="yes", item=["I999:2", "I999:7", "V1:1", "nonsense"])

    assert page.ticked == frozenset({("I999", 2)})


def test_a_wait_ends_when_the_person_goes_on(page: HandPage) -> None:
    page.show(shown())
    waiting = threading.Thread(target=page.wait, daemon=True)
    waiting.start()
    waiting.join(0.01)
    assert waiting.is_alive()

    go(page, round=1, sees="yes")
    waiting.join(60)

    assert not waiting.is_alive()


def test_a_form_of_another_round_changes_nothing(page: HandPage) -> None:
    page.show(shown())

    go(page, round=0, sees="yes", item="I999:2")

    assert page.ticked is None
    assert json.loads(get(page, "state.json")) == {"round": 1, "all": 1, "waiting": ["I999"], "is_over": False}


def test_if_the_person_does_not_say_what_is_shown_nothing_is_recorded(page: HandPage) -> None:
    page.show(shown(ticked=None))

    assert 'value="no" checked' in get(page)
    go(page, round=1, sees="no", item="I999:2")

    assert page.ticked is None


def test_the_page_gives_instructions_and_keeps_the_ticks(page: HandPage) -> None:
    assert "Getting ready" in get(page)
    page.show(shown(frozenset({("I999", 1)})))

    text = get(page)

    assert "Round 2 of 3" in text and "<li>Let the reader refresh all its feeds.</li>" in text
    assert 'value="I999:1" checked' in text
    assert 'value="I999:2">' in text
    assert FEED.url in get(page, "feeds.opml")
