"""The facts about a document that the tests of `read` don't cover."""

from __future__ import annotations

from datetime import UTC, datetime

from lifestream.entry import Episode, Flaw, ParsedFeed, Person, Transcript
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.item_pipeline import Prepared
from lifestream.plugins.reading_notes import Notes
from lifestream.refresh.reading_facts import MOST_SHOWN, Fact, of_document, of_item


def test_a_fact_without_a_value_is_left_out() -> None:
    assert [fact.label for fact in of_document("", Prepared(ParsedFeed()))] == ["well-formed", "read by", "items"]


def test_the_tone_shows_how_grave_a_flaw_is() -> None:
    def well_formed(flaw: Flaw | None) -> Fact:
        [fact] = [fact for fact in of_document("", Prepared(ParsedFeed(flaw=flaw))) if fact.label == "well-formed"]
        return fact

    assert well_formed(None) == Fact("well-formed", "yes", "good")
    assert well_formed(Flaw("m", 1, 2, mended=True)).tone == "doubtful"
    damaged = well_formed(Flaw("m", 1, 2, damaged=(0, 3)))
    assert damaged == Fact("well-formed", "no, from line 1, column 2: m; 2 items may be incomplete", "bad")


def test_a_date_is_shown_with_the_text_that_it_was_read_from() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    prepared = Prepared(ParsedFeed(), (ItemDraft(published=noon),), notes=Notes(dates={noon: ("noon", "words")}))
    assert of_item(prepared, 0)[0] == Fact("published", "2026-01-01 12:00:00 UTC", aside="from noon (words)")


def test_of_many_dates_that_were_not_understood_some_are_shown() -> None:
    notes = Notes(undated=[f"day {number}" for number in range(MOST_SHOWN + 5)])
    facts = of_document("", Prepared(ParsedFeed(), notes=notes))
    assert [fact for fact in facts if fact.label == "no date"] == [
        Fact("no date", f"day {number}: not understood", "doubtful") for number in range(MOST_SHOWN)
    ]
    assert Fact("", "and 5 more") in facts


def test_texts_of_the_document_reverse_no_words_of_a_fact() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    notes = Notes(undated=["\u202ea"], dates={noon: ("\u202eb", "words")})
    item = ItemDraft(published=noon, content="<p>", summary="\u202ec")
    prepared = Prepared(ParsedFeed(), (item,), notes=notes)
    shown = {text for fact in [*of_document("", prepared), *of_item(prepared, 0)] for text in (fact.value, fact.aside)}
    of_each = "\u2068\u202e{}\u202c\u2069".format
    assert shown >= {
        f"{of_each('a')}: not understood",
        f"from {of_each('b')} (words)",
        f"{of_each('c')} (3 characters of HTML)",
    }


def test_no_text_of_the_document_covers_other_facts() -> None:
    noon, pile = datetime(2026, 1, 1, 12, tzinfo=UTC), "\u0301" * 60
    notes = Notes(undated=[pile], dates={noon: (pile, "words")})
    item = ItemDraft(published=noon, guid=pile, language=pile, summary=pile)
    prepared = Prepared(ParsedFeed(generator=pile), (item,), notes=notes)
    shown = [text for fact in [*of_document("", prepared), *of_item(prepared, 0)] for text in (fact.value, fact.aside)]
    assert sum(text.count("\u0301") for text in shown) == 6 * 8


def test_an_episode_is_reported() -> None:
    episode = Episode(
        "2",
        "The sea",
        "7",
        "",
        "https://a.example/c",
        (Transcript("https://a.example/t", "text/vtt"),),
        (Person("Bo"),),
    )
    facts = of_item(Prepared(ParsedFeed(), (ItemDraft(episode=episode),)), 0)
    assert {(fact.label, fact.value) for fact in facts} >= {
        ("season", "2 The sea"),
        ("episode", "7"),
        ("chapters", "https://a.example/c"),
        ("transcript", "text/vtt  https://a.example/t"),
        ("person", "Bo (host)"),
    }
