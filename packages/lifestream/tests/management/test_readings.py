"""What `read` prints about a document, as text or as JSON: details that the command's own tests don't check."""

from __future__ import annotations

import io
import json

import pytest

from lifestream.entry import Enclosure, Media, ParsedFeed
from lifestream.management.readings import json_of, text_of
from lifestream.parser import json_feed
from lifestream.parser.strict.feeds import VERSIONS
from lifestream.plugins.base import ItemDraft
from lifestream.plugins.item_pipeline import PluginProblem, Prepared
from lifestream.plugins.reading_notes import Notes
from lifestream.refresh.documents import DocumentReading
from lifestream.refresh.reading_facts import FORMATS


def lines_of(prepared: Prepared) -> list[str]:
    return [
        " ".join(line.split()) for line in text_of(DocumentReading("feed", "", prepared), io.StringIO()).splitlines()
    ]


def test_each_format_has_a_name_for_people() -> None:
    assert {
        *json_feed.FORMATS.values(),
        *VERSIONS.values(),
        "rss20",
        "rss",
        "rss10",
        "rss090",
        "atom03",
        "atom10",
        "atom",
    } <= FORMATS.keys()


def test_files_and_media_are_reported_with_their_kinds_and_sizes() -> None:
    item = ItemDraft(
        enclosures=(Enclosure("https://a.example/1", "audio/mpeg", 1024, 3723),),
        media=(
            Media("https://a.example/2", "image/png", "https://a.example/small", description="A cat"),
            Media(player="https://a.example/player"),
        ),
    )
    lines = lines_of(Prepared(ParsedFeed(), (item,)))
    assert lines[-3:] == [
        "file audio/mpeg 1.0 KB 1:02:03 https://a.example/1",
        "media image/png A cat https://a.example/2 thumbnail https://a.example/small",
        "media player https://a.example/player",
    ]


def test_omissions_problems_and_caps_are_reported() -> None:
    notes = Notes(removed=[tuple(f"<{number}>" for number in range(30))])
    problem = PluginProblem("own", "process", "One", "ValueError: no")
    lines = lines_of(Prepared(ParsedFeed(), (ItemDraft(),), "own", 2, (problem,), capped=("capped",), notes=notes))
    assert "left out 2 by the plugin own" in lines
    assert "problem plugin own: process failed on 'One', which is left out: ValueError: no" in lines
    assert "too much capped" in lines
    assert lines[-1] == "and 10 more"


def test_text_of_a_feed_cannot_forge_a_line() -> None:
    lines = lines_of(Prepared(ParsedFeed(title="a\n  format  forged\x1b[2J[red]")))
    assert "title a\\n format forged\\x1b[2J[red]" in lines


def test_a_document_that_could_not_be_read_has_no_text() -> None:
    with pytest.raises(ValueError, match="feed could not be read: it is empty"):
        text_of(DocumentReading("feed", "", error="it is empty"), io.StringIO())
    assert json.loads(json_of(DocumentReading("feed", "", error="it is empty")))["error"] == "it is empty"
