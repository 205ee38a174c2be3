"""The values that hooks of a plugin may set in the draft of an item."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from lifestream.entry import Enclosure, Episode, Media, Person, Transcript
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.draft_checks import LONGEST_ERROR, MAX_NUMBER, MAX_TEXT, checked_draft, said_by


def test_a_sent_draft_has_tuples_and_utc_dates_and_no_card() -> None:
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    draft = ItemDraft(tags=["a"], published=noon, updated=datetime(2026, 3, 1), card={"kind": "note"})  # type: ignore[arg-type]

    sent = checked_draft(draft)

    assert (sent.tags, sent.card) == (("a",), {})
    assert sent.published == noon and sent.published.tzinfo is UTC
    assert sent.updated == datetime(2026, 3, 1, tzinfo=UTC), "a date without a zone counts as UTC"


@pytest.mark.parametrize(
    "draft",
    [
        ItemDraft(content="x" * MAX_TEXT),
        ItemDraft(enclosures=(Enclosure("u", length=MAX_NUMBER - 1), Enclosure("u", length=0))),
        ItemDraft(media=(Media(url="u"),)),
        ItemDraft(episode=Episode(transcripts=(Transcript("u", captions=True),), persons=(Person("Ada"),))),
    ],
    ids=["the longest text", "the largest number", "media", "an episode"],
)
def test_a_draft_that_can_be_sent_is_unchanged(draft: ItemDraft) -> None:
    assert checked_draft(draft) == draft


class OfAPlugin(Enclosure):
    """A plugin may return objects of subclasses."""


def test_values_of_derived_classes_are_checked_by_the_fields_of_the_base_class() -> None:
    draft = ItemDraft(enclosures=(OfAPlugin("u"),))
    assert checked_draft(draft).enclosures == (OfAPlugin("u"),)
    with pytest.raises(TypeError, match=r"^an enclosure's url is int, not str$"):
        checked_draft(ItemDraft(enclosures=(OfAPlugin(1),)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (ItemDraft(content="x" * (MAX_TEXT + 1)), "content has 8388609 characters; at most 8388608 are cleaned"),
        (ItemDraft(enclosures=(Enclosure("u", length=MAX_NUMBER),)), f"an enclosure's length is {MAX_NUMBER} or more"),
        (ItemDraft(enclosures=(Enclosure("u", length=-1),)), "an enclosure's length is negative"),
    ],
)
def test_a_value_that_cannot_be_sent_is_named(draft: ItemDraft, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{error}$"):
        checked_draft(draft)


class Silent(Exception):
    """An exception that raises SystemExit when it is converted to text."""

    def __str__(self) -> str:
        raise SystemExit(4)


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (ItemDraft(tags=None), "tags is NoneType, not tuple"),  # type: ignore[arg-type]
        (ItemDraft(tags="news"), "tags is str, not tuple"),  # type: ignore[arg-type]
        (ItemDraft(media=3), "media is int, not tuple"),  # type: ignore[arg-type]
        (ItemDraft(episode=Episode(persons=None)), "an episode's persons is NoneType, not tuple"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_list_is_named(draft: ItemDraft, error: str) -> None:
    with pytest.raises(TypeError, match=f"^{error}$"):
        checked_draft(draft)


def test_an_error_is_reported_with_its_type_and_a_message_that_is_cut() -> None:
    assert said_by(ValueError("wrong")) == "ValueError: wrong"
    assert said_by(Silent()) == "Silent: it can't say why"
    assert len(said_by(ValueError("x " * LONGEST_ERROR))) <= LONGEST_ERROR
