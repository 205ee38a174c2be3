"""A message that is stored as a code is worded in the language of the reader."""

from __future__ import annotations

import re
from pathlib import Path

from django.utils.translation import override

import lifestream
from lifestream.message import Duration, Gap, say
from lifestream.wording import in_words, worded


def test_a_reason_is_reported_in_the_active_language() -> None:
    reason = say("feed-publishes", often=Gap(302400.0), wait=Duration(5400))
    with override("de"):
        assert worded(reason) == "der Feed veröffentlicht zweimal in der Woche: 1 Stunde 30 Minuten"
    with override("en"):
        assert worded(reason) == "the feed publishes twice a week: 1 hour 30 minutes"


def test_old_rows_keep_their_text() -> None:
    with override("de"):
        assert worded("our own interval of 1 hour") == "our own interval of 1 hour"


def test_the_words_of_a_server_reverse_no_words_of_a_message() -> None:
    refused = say("scheme-refused", url="ftp://x/\u202e", scheme="ftp")
    told = say("redirect-refused", url="https://feed.example/", reason=refused)
    with override("en"):
        assert worded(told) == (
            "https://feed.example/ redirects to what is not fetched: "
            "\u2068ftp://x/\u202e\u202c\u2069 is not fetched: its scheme is ftp, not http or https"
        )


def test_a_length_of_time_is_worded_in_the_active_language() -> None:
    with override("de"):
        assert [in_words(60), in_words(7 * 86400)] == ["60 Sekunden", "7 Tage"]


def test_no_module_with_translated_messages_takes_the_english_words_for_times() -> None:
    source = Path(lifestream.__file__).parent
    english = re.compile(r"^from lifestream\.time_words import (?:\([^)]*|.*)\b(in_words|relative)\b", re.MULTILINE)
    translated = re.compile(r"^from django\.utils\.translation import ", re.MULTILINE)
    texts = {path: path.read_text("utf-8") for path in source.rglob("*.py")}
    with_english, with_translations = (
        {path for path, text in texts.items() if pattern.search(text)} for pattern in (english, translated)
    )
    assert with_english and with_translations
    assert with_english & with_translations == set()
